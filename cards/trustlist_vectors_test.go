package cards

import (
	"crypto"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// listVector is one published case: what a reader must say of a signed list.
type listVector struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// List is the kind of list that the reader asked for: "trust" or "revocations".
	List string `json:"list"`
	JWS  string `json:"jws"`
	// JWKS are the keys that the reader trusts already.
	JWKS json.RawMessage `json:"jwks"`
	// EntriesHex are the entries beside the head of a revocation list.
	EntriesHex string `json:"entries_hex,omitempty"`
	// Now is the time by the reader's clock, in seconds since 1970.
	Now int64 `json:"now"`

	// Error is empty for a list that is accepted, else list, signer or entries.
	Error   string         `json:"error,omitempty"`
	Age     Age            `json:"age,omitempty"`
	Issuer  string         `json:"issuer,omitempty"`
	Issued  int64          `json:"issued,omitempty"`
	Expires int64          `json:"expires,omitempty"`
	Issuers []vectorIssuer `json:"issuers,omitempty"`
	// Revoked tells, of the ids of some cards, which are in the list.
	Revoked map[string]bool `json:"revoked,omitempty"`
}

type vectorIssuer struct {
	Host string   `json:"iss"`
	Name string   `json:"name"`
	URL  string   `json:"url"`
	Keys []string `json:"keys"` // key ids
}

const (
	listTrust       = "trust"
	listRevocations = "revocations"
)

// read is what a reader does with a list; it fills in the second half of the vector.
func (v listVector) read(t *testing.T) listVector {
	t.Helper()
	got := listVector{Name: v.Name, About: v.About, List: v.List, JWS: v.JWS, JWKS: v.JWKS, EntriesHex: v.EntriesHex, Now: v.Now}
	trusted, err := ParseJWKS(v.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	edition, err := Edition{}, error(nil)
	if v.List == listTrust {
		list, failed := ParseTrustList(v.JWS, trusted)
		edition, err = list.Edition, failed
		for _, issuer := range list.Issuers {
			said := vectorIssuer{Host: issuer.Host, Name: issuer.Name, URL: issuer.URL, Keys: []string{}}
			for _, key := range issuer.Keys {
				id, err := key.ID()
				if err != nil {
					t.Fatal(err)
				}
				said.Keys = append(said.Keys, id.String())
			}
			got.Issuers = append(got.Issuers, said)
		}
	} else {
		head, failed := ParseRevocationHead(v.JWS, trusted)
		edition, err = head.Edition, failed
		if err == nil {
			entries, failed := NewRevocations(unhex(v.EntriesHex))
			if failed != nil || !head.Matches(entries) {
				got.Error = "entries"
				return got
			}
			got.Revoked = make(map[string]bool)
			for _, id := range vectorCards() {
				got.Revoked[id.String()] = entries.Contains(id)
			}
		}
	}
	switch {
	case errors.Is(err, ErrListSigner):
		got.Error = "signer"
	case errors.Is(err, ErrList):
		got.Error = "list"
	case err != nil:
		t.Fatalf("neither error of a list: %v", err)
	default:
		got.Age, got.Issuer = edition.Age(time.Unix(v.Now, 0)), edition.Issuer
		got.Issued, got.Expires = edition.IssuedAt.Unix(), edition.ExpiresAt.Unix()
	}
	return got
}

// TestListVectors reads every published list, and checks that the published files are the ones that this source makes.
func TestListVectors(t *testing.T) {
	dir := filepath.Join("testdata", "vectors", "lists")
	made := make(map[string]bool)
	for _, v := range makeListVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if made[v.Name] {
				t.Fatal("two vectors have this name")
			}
			made[v.Name] = true
			got := v.read(t)
			if got.Error != v.Error || v.Error == "" && got.Age != v.Age {
				t.Errorf("error %q, age %q, want %q, %q", got.Error, got.Age, v.Error, v.Age)
			}
			published(t, dir, v.Name, got)
		})
	}
	noOther(t, dir, made)
}

// vectorCards are the cards of the revocation vectors; the last is not revoked.
func vectorCards() []ID {
	return []ID{testID(), ID(unhex("ffeeddccbbaa99887766554433221100")), ID(unhex("0102030405060708090a0b0c0d0e0f10"))}
}

func testEdition() Edition {
	return Edition{Issuer: testIssuer, IssuedAt: testNow.Add(-time.Hour), ExpiresAt: testNow.Add(-time.Hour).Add(TrustListLife)}
}

// testTrustList is a house with a present, a next and a retired key, and a foreign issuer with one.
func testTrustList(t testing.TB) TrustList {
	t.Helper()
	retired := testSigner(t, testIssuer, "retired").Key()
	retired.NotAfter = testIssued
	return TrustList{Edition: testEdition(), Issuers: []Issuer{
		{Host: testIssuer, Name: "Example Clinic", URL: testBase,
			Keys: []Key{testSigner(t, testIssuer, "issuer").Key(), testSigner(t, testIssuer, "next").Key(), retired}},
		{Host: otherIssuer, Name: "Ospedale dell’Esempio", URL: "https://" + otherIssuer,
			Keys: []Key{testSigner(t, otherIssuer, "other").Key()}},
	}}
}

// rawJWS signs any header and payload with the key of the fixture, as an issuer that has lost its way would.
func rawJWS(t testing.TB, key, header, payload string) string {
	t.Helper()
	content := encoding.EncodeToString([]byte(header)) + "." + encoding.EncodeToString([]byte(payload))
	signature, err := es256{repeatable{testKey(t, key)}}.Sign(nil, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return content + "." + encoding.EncodeToString(signature)
}

// jwsHeader is the header of a list of the kind, signed by the key that a name stands for, with members added.
func jwsHeader(t testing.TB, key, typ, more string) string {
	t.Helper()
	thumbprint, err := Thumbprint(&testKey(t, key).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return `{"alg":"ES256","kid":"` + encoding.EncodeToString(thumbprint[:]) + `","typ":"` + typ + `"` + more + `}`
}

// makeListVectors lists the cases. Each that is refused is signed as it stands, so that nothing but one thing is wrong.
func makeListVectors(t *testing.T) []listVector {
	t.Helper()
	house := testSigner(t, testIssuer, "issuer")
	trusted := jwksOf(t, testKeySet(t, house.Key()))
	var vectors []listVector
	add := func(v listVector) {
		if v.JWKS == nil {
			v.JWKS = trusted
		}
		if v.Now == 0 {
			v.Now = testNow.Unix()
		}
		if v.Age == "" {
			v.Age = AgeFresh
		}
		if v.List == "" {
			v.List = listTrust
		}
		vectors = append(vectors, v)
	}
	sign := func(signer *Signer, change func(*TrustList)) string {
		list := testTrustList(t)
		change(&list)
		text, err := signer.SignTrustList(list)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := sign(house, func(*TrustList) {})
	parts := strings.Split(good, ".")
	part := func(i int) []byte {
		b, err := encoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	payload := string(part(1))
	header := jwsHeader(t, "issuer", TrustListType, "")

	// Trust lists that are used.
	add(listVector{Name: "trust-good", About: "the house with three keys, and a foreign issuer", JWS: good})
	add(listVector{Name: "trust-good-last-second", About: "one second before it is too old", JWS: good,
		Now: testEdition().ExpiresAt.Unix() - 1})
	add(listVector{Name: "trust-too-old", About: "used, and said to be too old", JWS: good,
		Now: testEdition().ExpiresAt.Unix(), Age: AgeTooOld})
	add(listVector{Name: "trust-not-yet", About: "issued more than ten minutes after now", JWS: good,
		Now: testEdition().IssuedAt.Add(-ClockSkew).Unix() - 1, Age: AgeNotYet})
	add(listVector{Name: "trust-good-next-key", About: "signed by the key that the list before had announced",
		JWS: sign(testSigner(t, testIssuer, "next"), func(*TrustList) {}), JWKS: jwksOf(t, testKeySet(t, testTrustList(t).Issuers[0].Keys...))})
	add(listVector{Name: "trust-good-withdrawn-key", About: "says that a foreign key was compromised", JWS: sign(house, func(l *TrustList) {
		l.Issuers[1].Keys[0].CompromisedSince = testIssued
	})})
	add(listVector{Name: "trust-good-malleated", About: "(r, n-s) verifies too", JWS: parts[0] + "." + parts[1] + "." + func() string {
		signature := part(2)
		half := signature[32:]
		new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(half)).FillBytes(half)
		return encoding.EncodeToString(signature)
	}()})
	add(listVector{Name: "trust-good-members", About: "members that no reader of this version knows are passed over",
		JWS: rawJWS(t, "issuer", header, strings.Replace(payload, `{"v":1,`, `{"v":1,"notice":["later"],`, 1))})
	add(listVector{Name: "trust-good-header-order", About: "the members of the header in another order", JWS: func() string {
		kid, _, _ := strings.Cut(strings.TrimPrefix(header, `{"alg":"ES256",`), ",")
		return rawJWS(t, "issuer", `{"typ":"`+TrustListType+`","alg":"ES256",`+kid+`}`, payload)
	}()})
	add(listVector{Name: "trust-good-name-cleaned", About: "control and direction characters in a name are dropped",
		JWS: rawJWS(t, "issuer", header, strings.Replace(payload, "Example Clinic", `\u202eExample\u0007\n  Clinic\u2066\ufeff`, 1))})
	add(listVector{Name: "trust-good-name-empty", About: "an issuer without a name is called by its host",
		JWS: rawJWS(t, "issuer", header, strings.Replace(payload, "Example Clinic", `\u200f `, 1))})

	// Trust lists that are not: the one before stays.
	refused := func(name, about, failure, jws string) {
		add(listVector{Name: name, About: about, JWS: jws, Error: failure})
	}
	headed := func(name, about, header string) { refused(name, about, "list", rawJWS(t, "issuer", header, payload)) }
	claimed := func(name, about, old, new string) {
		changed := strings.Replace(payload, old, new, 1)
		if changed == payload {
			t.Fatalf("%s: the payload has no %s", name, old)
		}
		refused(name, about, "list", rawJWS(t, "issuer", header, changed))
	}
	flipped := part(2)
	flipped[63] ^= 1
	refused("trust-signature", "one bit of the signature is another", "signer", parts[0]+"."+parts[1]+"."+encoding.EncodeToString(flipped))
	refused("trust-signature-payload", "one name is another", "signer",
		parts[0]+"."+encoding.EncodeToString([]byte(strings.Replace(payload, "Example", "Exemple", 1)))+"."+parts[2])
	refused("trust-signature-zero", "r and s are zero", "signer", parts[0]+"."+parts[1]+"."+encoding.EncodeToString(make([]byte, 64)))
	refused("trust-signature-none", "no signature", "signer", parts[0]+"."+parts[1]+".")
	refused("trust-signature-der", "the signature in ASN.1", "signer", func() string {
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		der, err := repeatable{testKey(t, "issuer")}.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return parts[0] + "." + parts[1] + "." + encoding.EncodeToString(der)
	}())
	refused("trust-signer-unknown", "signed by a key of the house that nobody has announced", "signer",
		sign(testSigner(t, testIssuer, "another"), func(l *TrustList) {
			l.Issuers[0].Keys = append(l.Issuers[0].Keys, testSigner(t, testIssuer, "another").Key())
		}))
	add(listVector{Name: "trust-signer-foreign", About: "a trusted key of another issuer signs in the name of the house", Error: "signer",
		JWS:  rawJWS(t, "other", jwsHeader(t, "other", TrustListType, ""), payload),
		JWKS: jwksOf(t, testKeySet(t, house.Key(), testSigner(t, otherIssuer, "other").Key()))})
	add(listVector{Name: "trust-signer-kid", About: "the header names one key, another has signed", Error: "signer",
		JWS:  rawJWS(t, "next", header, payload),
		JWKS: jwksOf(t, testKeySet(t, house.Key(), testSigner(t, testIssuer, "next").Key()))})
	add(listVector{Name: "trust-signer-compromised", About: "the key that signed is in other hands", Error: "signer", JWS: good,
		JWKS: jwksOf(t, testKeySet(t, func() Key { k := house.Key(); k.CompromisedSince = testNow; return k }()))})
	add(listVector{Name: "trust-signer-retired", About: "issued after the key that signed was retired", Error: "signer", JWS: good,
		JWKS: jwksOf(t, testKeySet(t, func() Key { k := house.Key(); k.NotAfter = testIssued; return k }()))})
	add(listVector{Name: "trust-signer-nobody", About: "a reader that trusts nobody", Error: "signer", JWS: good, JWKS: jwksOf(t, KeySet{})})
	headed("trust-header-typ", "a revocation list", jwsHeader(t, "issuer", RevocationListType, ""))
	headed("trust-header-typ-missing", "no typ", strings.Replace(header, `,"typ":"`+TrustListType+`"`, "", 1))
	headed("trust-header-typ-case", "another spelling of the typ", strings.Replace(header, "locket-trust+jws", "Locket-Trust+JWS", 1))
	headed("trust-header-alg-none", "no algorithm", strings.Replace(header, "ES256", "none", 1))
	refused("trust-header-alg-hs256", "the public key as the secret of a symmetric algorithm", "list", func() string {
		point, err := house.Key().Public.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		content := encoding.EncodeToString([]byte(strings.Replace(header, "ES256", "HS256", 1))) + "." + parts[1]
		mac := hmac.New(sha256.New, point)
		mac.Write([]byte(content))
		return content + "." + encoding.EncodeToString(mac.Sum(nil))
	}())
	headed("trust-header-alg-es384", "another algorithm", strings.Replace(header, "ES256", "ES384", 1))
	headed("trust-header-crit", "a header that must be understood", jwsHeader(t, "issuer", TrustListType, `,"crit":["exp"],"exp":1`))
	headed("trust-header-b64", "a payload that is not in base64url", jwsHeader(t, "issuer", TrustListType, `,"crit":["b64"],"b64":false`))
	headed("trust-header-jku", "an address of keys", jwsHeader(t, "issuer", TrustListType, `,"jku":"https://evil.example/jwks.json"`))
	headed("trust-header-jwk", "a key of its own", jwsHeader(t, "issuer", TrustListType, `,"jwk":{"kty":"EC"}`))
	headed("trust-header-twice", "the algorithm twice", strings.Replace(header, `{`, `{"alg":"none",`, 1))
	headed("trust-header-kid-missing", "no kid", `{"alg":"ES256","typ":"`+TrustListType+`"}`)
	headed("trust-header-kid-path", "a kid that is a path", `{"alg":"ES256","kid":"../../dev/null","typ":"`+TrustListType+`"}`)
	headed("trust-header-array", "a header that is a list", `["ES256"]`)
	refused("trust-form-parts", "four parts", "list", good+".")
	refused("trust-form-padding", "base64 with padding", "list", good+"==")
	refused("trust-form-line-break", "a line break", "list", parts[0]+"."+parts[1][:40]+"\n"+parts[1][40:]+"."+parts[2])
	refused("trust-form-json", "the JSON form of a JWS", "list",
		`{"protected":"`+parts[0]+`","payload":"`+parts[1]+`","signature":"`+parts[2]+`"}`)
	refused("trust-form-empty", "nothing", "list", "")
	claimed("trust-version", "version 2", `{"v":1,`, `{"v":2,`)
	claimed("trust-version-missing", "no version", `{"v":1,`, `{`)
	claimed("trust-member-twice", "a second list of issuers", `"issuers":[`, `"issuers":[],"issuers":[`)
	claimed("trust-member-case", "a member in capitals", `"issuers"`, `"Issuers"`)
	claimed("trust-issuer-url", "the issuer is a URL", `"iss":"locket.example"`, `"iss":"https://locket.example"`)
	claimed("trust-issuer-other", "the list is another's", `"iss":"locket.example"`, `"iss":"other.example"`)
	claimed("trust-issuer-without-itself", "the house is not in its own list", `{"iss":"locket.example"`, `{"iss":"locket2.example"`)
	claimed("trust-issuer-twice", "two issuers of one host", `{"iss":"other.example"`, `{"iss":"locket.example"`)
	claimed("trust-issuer-member-twice", "a name twice", `"name":"Example Clinic"`, `"name":"A","name":"Example Clinic"`)
	claimed("trust-issuer-address", "the address of an issuer leads elsewhere", `"url":"https://other.example"`, `"url":"https://evil.example"`)
	claimed("trust-issuer-address-http", "the address of an issuer is not secure", `"url":"https://other.example"`, `"url":"http://other.example"`)
	claimed("trust-issuers-empty", "no issuers", payload[strings.Index(payload, `"issuers"`):], `"issuers":[]}`)
	claimed("trust-issuers-null", "null for issuers", payload[strings.Index(payload, `"issuers"`):], `"issuers":null}`)
	claimed("trust-key-issuer", "a key of the house that signs for another", `"iss":"locket.example"}`, `"iss":"other.example"}`)
	claimed("trust-key-private", "a private key", `"kty":"EC"`, `"kty":"EC","d":"AQAB"`)
	claimed("trust-key-kid", "a key whose kid is not its thumbprint", `"kid":"h`, `"kid":"i`)
	claimed("trust-iat-missing", "no time of issue", `"iat":`, `"at":`)
	claimed("trust-iat-text", "the time of issue is a text", `"iat":1780299000`, `"iat":"1780299000"`)
	claimed("trust-exp-before-iat", "too old when it is issued", `"exp":1782891000`, `"exp":1780299000`)
	claimed("trust-exp-far", "never too old", `"exp":1782891000`, `"exp":253402300799`)
	claimed("trust-exp-float", "a time with a fraction", `"exp":1782891000`, `"exp":1782891000.5`)
	refused("trust-payload-text", "a payload that is no object", "list", rawJWS(t, "issuer", header, `"locket"`))
	refused("trust-payload-trailing", "something after the payload", "list", rawJWS(t, "issuer", header, payload+"{}"))

	// Revocation lists.
	var entries []byte
	for _, id := range vectorCards()[:2] {
		entry := RevocationID(id)
		entries = append(entries, entry[:]...)
	}
	edition := testEdition()
	edition.ExpiresAt = edition.IssuedAt.Add(RevocationListLife)
	signHead := func(entries []byte) string {
		list, err := NewRevocations(entries)
		if err != nil {
			t.Fatal(err)
		}
		text, err := house.SignRevocations(list.Head(edition))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	head := signHead(entries)
	headPayload := func() string {
		b, err := encoding.DecodeString(strings.Split(head, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}()
	revocations := func(v listVector) {
		v.List = listRevocations
		if v.JWS == "" {
			v.JWS = head
		}
		add(v)
	}
	headHeader := jwsHeader(t, "issuer", RevocationListType, "")
	whole := hex.EncodeToString(entries)
	revocations(listVector{Name: "revocations-good", About: "two cards are revoked, a third is not", EntriesHex: whole})
	revocations(listVector{Name: "revocations-good-empty", About: "nothing is revoked", JWS: signHead(nil)})
	revocations(listVector{Name: "revocations-too-old", About: "used, and said to be too old", EntriesHex: whole,
		Now: edition.ExpiresAt.Unix(), Age: AgeTooOld})
	revocations(listVector{Name: "revocations-missing", About: "the last entry is missing", EntriesHex: whole[:16], Error: "entries"})
	revocations(listVector{Name: "revocations-more", About: "one entry too many", EntriesHex: whole + whole[:16], Error: "entries"})
	revocations(listVector{Name: "revocations-order", About: "the entries in another order", EntriesHex: whole[16:] + whole[:16], Error: "entries"})
	revocations(listVector{Name: "revocations-cut", About: "the last entry is cut short", EntriesHex: whole[:30], Error: "entries"})
	revocations(listVector{Name: "revocations-another", About: "one bit of an entry is another", Error: "entries",
		EntriesHex: hex.EncodeToString(append([]byte{entries[0] ^ 1}, entries[1:]...))})
	revocations(listVector{Name: "revocations-typ", About: "a trust list", EntriesHex: whole, JWS: good, Error: "list"})
	revocations(listVector{Name: "revocations-signer", About: "signed by a key that nobody trusts", EntriesHex: whole, Error: "signer",
		JWS: rawJWS(t, "another", jwsHeader(t, "another", RevocationListType, ""), headPayload)})
	for name, change := range map[string][2]string{
		"revocations-count-missing":  {`"count":2,`, ``},
		"revocations-count-negative": {`"count":2,`, `"count":-2,`},
		"revocations-count-huge":     {`"count":2,`, `"count":99999999,`},
		"revocations-digest-short":   {`"sha256":"`, `"sha256":"AQAB","x":"`},
		"revocations-member-twice":   {`"count":2,`, `"count":0,"count":2,`},
	} {
		changed := strings.Replace(headPayload, change[0], change[1], 1)
		revocations(listVector{Name: name, About: change[1] + " for " + change[0], EntriesHex: whole, Error: "list",
			JWS: rawJWS(t, "issuer", headHeader, changed)})
	}
	slices.SortFunc(vectors, func(a, b listVector) int { return strings.Compare(a.Name, b.Name) })
	return vectors
}
