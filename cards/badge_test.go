package cards

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// badgeVector is one published case: what a reader must say of a badge.
type badgeVector struct {
	Name  string `json:"name"`
	About string `json:"about"`
	JWS   string `json:"jws"`
	// JWKS are the keys that the reader trusts.
	JWKS json.RawMessage `json:"jwks"`
	// Now is the time by the reader's clock, in seconds since 1970.
	Now int64 `json:"now"`

	Status Status `json:"status"`
	Reason Reason `json:"reason,omitempty"`
	// Badge is there when its signature holds.
	Badge *vectorBadge `json:"badge,omitempty"`
}

type vectorBadge struct {
	Issuer       string `json:"iss"`
	Organization string `json:"org"`
	Name         string `json:"org_name"`
	Kind         string `json:"kind"`
	Country      string `json:"country"`
	Bearer       string `json:"name"`
	ID           string `json:"jti"`
	Issued       int64  `json:"iat"`
	Expires      int64  `json:"exp"`
}

func testBadge() Badge {
	made := testNow.Add(-time.Minute)
	return Badge{ID: testID(), Issuer: testIssuer, Organization: "0123456789abcdefABCDEF", OrganizationName: "Ambulance North", Kind: "ems", Country: "SE",
		Name: "Kim Medic", IssuedAt: made, ExpiresAt: made.Add(15 * time.Minute)}
}

// TestBadgeVectors reads every published badge, and checks that the published files are the ones that this source makes.
func TestBadgeVectors(t *testing.T) {
	dir := filepath.Join("testdata", "vectors", "badges")
	made := make(map[string]bool)
	for _, v := range makeBadgeVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if made[v.Name] {
				t.Fatal("two vectors have this name")
			}
			made[v.Name] = true
			trusted, err := ParseJWKS(v.JWKS)
			if err != nil {
				t.Fatal(err)
			}
			got := badgeVector{Name: v.Name, About: v.About, JWS: v.JWS, JWKS: v.JWKS, Now: v.Now}
			var badge Badge
			badge, got.Status, got.Reason, err = VerifyBadge(v.JWS, trusted, time.Unix(v.Now, 0))
			if (err != nil) != (got.Status == StatusUnreadable) || err != nil && !errors.Is(err, ErrBadge) && !errors.Is(err, ErrTooLong) {
				t.Errorf("status %s with the error %v", got.Status, err)
			}
			if badge != (Badge{}) {
				got.Badge = &vectorBadge{badge.Issuer, badge.Organization, badge.OrganizationName, badge.Kind, badge.Country, badge.Name, badge.ID.String(),
					badge.IssuedAt.Unix(), badge.ExpiresAt.Unix()}
			}
			if got.Status != v.Status {
				t.Errorf("status %s (%s), want %s", got.Status, got.Reason, v.Status)
			}
			published(t, dir, v.Name, got)
		})
	}
	noOther(t, dir, made)
}

// makeBadgeVectors lists the cases. Each that is refused is signed as it stands where that is possible, so that nothing but one thing is wrong.
func makeBadgeVectors(t *testing.T) []badgeVector {
	t.Helper()
	house := testSigner(t, testIssuer, "issuer")
	trusted := jwksOf(t, testKeySet(t, house.Key()))
	var vectors []badgeVector
	add := func(v badgeVector) {
		if v.JWKS == nil {
			v.JWKS = trusted
		}
		if v.Now == 0 {
			v.Now = testNow.Unix()
		}
		vectors = append(vectors, v)
	}
	sign := func(change func(*Badge)) string {
		badge := testBadge()
		change(&badge)
		// Signed as the Signer does, by a key whose signature is the same each time.
		text, err := house.SignBadge(badge)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := sign(func(*Badge) {})
	parts := strings.Split(good, ".")
	decoded, err := encoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	payload, header := string(decoded), jwsHeader(t, "issuer", BadgeType, "")

	add(badgeVector{Name: "good", About: "a crew of an ambulance service", JWS: good, Status: StatusVerified})
	add(badgeVector{Name: "good-no-country", About: "an organization without a country", JWS: sign(func(b *Badge) { b.Country = "" }), Status: StatusVerified})
	add(badgeVector{Name: "good-long", About: "twelve hours are the longest that a badge may count", JWS: sign(func(b *Badge) { b.ExpiresAt = b.IssuedAt.Add(MaxBadgeLife) }),
		Status: StatusVerified})
	add(badgeVector{Name: "good-last-second", About: "one second before it ends", JWS: good, Now: testBadge().ExpiresAt.Unix() - 1, Status: StatusVerified})
	add(badgeVector{Name: "good-clock-behind", About: "the reader's clock is two minutes behind", JWS: good, Now: testBadge().IssuedAt.Add(-BadgeSkew).Unix(), Status: StatusVerified})
	add(badgeVector{Name: "good-letters", About: "a name in other letters", JWS: sign(func(b *Badge) { b.Name = "كيم" }), Status: StatusVerified})
	add(badgeVector{Name: "expired", About: "it has ended", JWS: good, Now: testBadge().ExpiresAt.Unix(), Status: StatusExpired})
	add(badgeVector{Name: "not-yet", About: "made more than two minutes after now", JWS: good, Now: testBadge().IssuedAt.Add(-BadgeSkew).Unix() - 1, Status: StatusNotYetValid})
	add(badgeVector{Name: "key-unknown", About: "signed by a key that nobody trusts", JWS: good, JWKS: jwksOf(t, testKeySet(t, testSigner(t, otherIssuer, "other").Key())),
		Status: StatusUnknownIssuer})
	add(badgeVector{Name: "key-nobody", About: "a reader that trusts nobody", JWS: good, JWKS: jwksOf(t, KeySet{}), Status: StatusUnknownIssuer})
	add(badgeVector{Name: "key-retired", About: "made after its key was retired", JWS: good,
		JWKS: jwksOf(t, testKeySet(t, func() Key { k := house.Key(); k.NotAfter = testIssued; return k }())), Status: StatusUnknownIssuer})
	add(badgeVector{Name: "key-compromised", About: "somebody else has the key", JWS: good,
		JWKS: jwksOf(t, testKeySet(t, func() Key { k := house.Key(); k.CompromisedSince = testNow; return k }())), Status: StatusRevoked})
	add(badgeVector{Name: "key-foreign", About: "a trusted key of another issuer speaks for the house", JWS: rawJWS(t, "other", jwsHeader(t, "other", BadgeType, ""), payload),
		JWKS: jwksOf(t, testKeySet(t, house.Key(), testSigner(t, otherIssuer, "other").Key())), Status: StatusTampered})
	add(badgeVector{Name: "key-named-wrongly", About: "the header names one key, another has signed", JWS: rawJWS(t, "next", header, payload), Status: StatusTampered})
	add(badgeVector{Name: "payload-changed", About: "another kind of organization", Status: StatusTampered,
		JWS: parts[0] + "." + encoding.EncodeToString([]byte(strings.Replace(payload, `"ems"`, `"hospital"`, 1))) + "." + parts[2]})
	add(badgeVector{Name: "signature-zero", About: "r and s are zero", JWS: parts[0] + "." + parts[1] + "." + encoding.EncodeToString(make([]byte, signatureSize)), Status: StatusTampered})

	refused := func(name, about, jws string) {
		add(badgeVector{Name: name, About: about, JWS: jws, Status: StatusUnreadable})
	}
	claimed := func(name, about, old, new string) {
		changed := strings.Replace(payload, old, new, 1)
		if changed == payload {
			t.Fatalf("%s: the payload has no %s", name, old)
		}
		refused(name, about, rawJWS(t, "issuer", header, changed))
	}
	refused("form-empty", "nothing", "")
	refused("form-parts", "four parts", good+".")
	refused("form-padding", "base64 with padding", good+"==")
	refused("form-long", "longer than any badge", strings.Repeat("A", MaxBadge+1))
	refused("header-typ", "a trust list", rawJWS(t, "issuer", jwsHeader(t, "issuer", TrustListType, ""), payload))
	refused("header-typ-jwt", "any token", rawJWS(t, "issuer", jwsHeader(t, "issuer", "JWT", ""), payload))
	refused("header-alg-none", "no algorithm", rawJWS(t, "issuer", strings.Replace(header, "ES256", "none", 1), payload))
	refused("header-crit", "a header that must be understood", rawJWS(t, "issuer", jwsHeader(t, "issuer", BadgeType, `,"crit":["exp"],"exp":1`), payload))
	refused("header-jwk", "a key of its own", rawJWS(t, "issuer", jwsHeader(t, "issuer", BadgeType, `,"jwk":{"kty":"EC"}`), payload))
	claimed("claim-version", "version 2", `{"v":1,`, `{"v":2,`)
	claimed("claim-more", "a claim that no badge has", `{"v":1,`, `{"v":1,"admin":true,`)
	claimed("claim-missing", "no name", `,"name":"Kim Medic"`, ``)
	claimed("claim-null", "null for the country", `"country":"SE"`, `"country":null`)
	claimed("claim-twice", "the kind twice", `"kind":"ems"`, `"kind":"shelter","kind":"ems"`)
	claimed("claim-issuer", "the issuer is a URL", `"iss":"locket.example"`, `"iss":"https://locket.example"`)
	claimed("claim-organization", "an organization of another house in its name", `"org":"0123`, `"org":"other.example/0123`)
	claimed("claim-kind", "a kind in capitals", `"ems"`, `"EMS"`)
	claimed("claim-country", "a country by its name", `"SE"`, `"Sweden"`)
	claimed("claim-name-turned", "a name that turns the words around it", `Kim Medic`, `Kim\u202eMedic`)
	claimed("claim-name-empty", "nobody", `Kim Medic`, ``)
	claimed("claim-jti-short", "an identifier of 120 bits", `"jti":"`+testID().String(), `"jti":"`+testID().String()[:20])
	claimed("claim-life", "counts for a second more than twelve hours", `"exp":1780303440`, `"exp":1780345741`)
	claimed("claim-exp-text", "the end is a text", `"exp":1780303440`, `"exp":"1780303440"`)
	claimed("claim-exp-float", "an end with a fraction", `"exp":1780303440`, `"exp":1780303440.5`)
	claimed("claim-exp-before-iat", "ends when it is made", `"exp":1780303440`, `"exp":1780302540`)
	refused("payload-array", "a payload that is no object", rawJWS(t, "issuer", header, `[]`))
	refused("payload-trailing", "something after the payload", rawJWS(t, "issuer", header, payload+"{}"))
	slices.SortFunc(vectors, func(a, b badgeVector) int { return strings.Compare(a.Name, b.Name) })
	return vectors
}

// TestSignBadgeSignsNothingThatNobodyTakes: names are cleaned, and what is no badge is not signed.
func TestSignBadgeSignsNothingThatNobodyTakes(t *testing.T) {
	house := testSigner(t, testIssuer, "issuer")
	turned := testBadge()
	turned.Name = "Kim\u202e\n Medic "
	text, err := house.SignBadge(turned)
	if err != nil {
		t.Fatal(err)
	}
	if badge, _, _, _ := VerifyBadge(text, testKeySet(t, house.Key()), testNow); badge.Name != "Kim Medic" {
		t.Errorf("the name is %q", badge.Name)
	}
	for name, change := range map[string]func(*Badge){
		"for longer than any":  func(b *Badge) { b.ExpiresAt = b.IssuedAt.Add(MaxBadgeLife + time.Second) },
		"of another issuer":    func(b *Badge) { b.Issuer = otherIssuer },
		"of no kind":           func(b *Badge) { b.Kind = "" },
		"of no organization":   func(b *Badge) { b.Organization = "" },
		"of a whole sentence":  func(b *Badge) { b.Kind = "ambulance service" },
		"that ends before now": func(b *Badge) { b.ExpiresAt = b.IssuedAt },
	} {
		badge := testBadge()
		change(&badge)
		if _, err := house.SignBadge(badge); !errors.Is(err, ErrBadge) && !errors.Is(err, ErrKey) {
			t.Errorf("a badge %s: %v", name, err)
		}
	}
}

func TestBadgeAddress(t *testing.T) {
	text, err := testSigner(t, testIssuer, "issuer").SignBadge(testBadge())
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		BadgeAddress(testBase, text): true, BadgeAddress("https://other.example", text): true, text: true,
		"": false, testBase + "/c#" + text: false, "http://locket.example/b#" + text: false, "https://user@locket.example/b#" + text: false,
		testBase + "/b?x=1#" + text: false, strings.Repeat("A", 5000): false, "eyJhbGciOiJFUzI1NiJ9.e30.AA": false,
	} {
		got, is := ParseBadgeAddress(address)
		if is != want || is && got != text {
			t.Errorf("%.60s: %v, want %v", address, is, want)
		}
	}
}

// FuzzVerifyBadge: whatever is not signed by the house is not believed.
func FuzzVerifyBadge(f *testing.F) {
	house := testSigner(f, testIssuer, "issuer")
	text, err := house.SignBadge(testBadge())
	if err != nil {
		f.Fatal(err)
	}
	set, err := NewKeySet(house.Key())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(BadgeAddress(testBase, text))
	f.Add("e30.e30.AA")
	want, _, _, _ := VerifyBadge(text, set, testNow)
	f.Fuzz(func(t *testing.T, text string) {
		if inside, is := ParseBadgeAddress(text); is {
			text = inside
		}
		if badge, status, _, _ := VerifyBadge(text, set, testNow); status == StatusVerified && badge != want {
			t.Errorf("a badge that nobody signed is believed: %+v", badge)
		}
	})
}
