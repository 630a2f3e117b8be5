package shc

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
)

func TestVerify(t *testing.T) {
	trusted := testTrusted(t, testIssuer, "issuer")
	good := testJWS(t)
	signed, signature := cutSignature(t, good)
	signature[5] ^= 1
	other := testTrusted(t, testIssuer, "other")
	other.ID = trusted.ID
	retired, stolen, elsewhere := trusted, trusted, trusted
	retired.NotAfter = testIssued.Add(-time.Second)
	stolen.CompromisedSince = testNow
	elsewhere.Issuer = "https://other.example"
	justInTime := trusted
	justInTime.NotAfter = testIssued

	for _, test := range []struct {
		name   string
		jws    string
		keys   []Key
		now    time.Time
		status cards.Status
		reason cards.Reason
	}{
		{"good", good, []Key{trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"the twin of its signature", twin(t, good), []Key{trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"two keys with one kid", good, []Key{other, trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"the key of two issuers", good, []Key{elsewhere, trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"signed in the key's last second", good, []Key{justInTime}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"no keys", good, nil, testNow, cards.StatusUnknownIssuer, cards.ReasonNoKey},
		{"another key", good, []Key{testTrusted(t, testIssuer, "other")}, testNow, cards.StatusUnknownIssuer, cards.ReasonNoKey},
		{"no kid", forge(t, "issuer", `{"alg":"ES256","zip":"DEF"}`, pack(t, testClaims("", ""))), []Key{trusted}, testNow,
			cards.StatusUnknownIssuer, cards.ReasonNoKey},
		{"another key with the kid", good, []Key{other}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"signature changed", signed + "." + encoding.EncodeToString(signature), []Key{trusted}, testNow,
			cards.StatusTampered, cards.ReasonSignature},
		{"signed by another issuer", good, []Key{elsewhere}, testNow, cards.StatusTampered, cards.ReasonIssuerMismatch},
		{"retired key", good, []Key{retired}, testNow, cards.StatusUnknownIssuer, cards.ReasonKeyRetired},
		{"compromised key", good, []Key{stolen}, testNow, cards.StatusRevoked, cards.ReasonKeyCompromised},
		{"not yet", good, []Key{trusted}, testIssued.Add(-cards.ClockSkew - 1), cards.StatusNotYetValid, cards.ReasonIssuedInFuture},
		{"a clock that is slow", good, []Key{trusted}, testIssued.Add(-cards.ClockSkew), cards.StatusVerified, cards.ReasonNone},
		{"last moment", good, []Key{trusted}, testExpires.Add(-1), cards.StatusVerified, cards.ReasonNone},
		{"expired", good, []Key{trusted}, testExpires, cards.StatusExpired, cards.ReasonPastExpiry},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := Verifier{Keys: testKeys(t, test.keys...)}.Verify(test.jws, test.now)
			if err != nil || result.Status != test.status || result.Reason != test.reason {
				t.Errorf("got %s %s, %v, want %s %s", result.Status, result.Reason, err, test.status, test.reason)
			}
			if len(result.Card.Bundle) == 0 {
				t.Error("what it says is not shown")
			}
		})
	}
}

func TestVerifyGives(t *testing.T) {
	result, err := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}.Verify(testJWS(t), testNow)
	if err != nil {
		t.Fatal(err)
	}
	want := testCard()
	want.Types = []string{}
	if diff := cmp.Diff(fields(want), fields(result.Card)); diff != "" {
		t.Errorf("card (-want +got):\n%s", diff)
	}
	if result.KeyID != testKID(t) {
		t.Errorf("kid %s, want %s", result.KeyID, testKID(t))
	}
}

// TestReadsTheField: the shapes of HL7's own examples, and what a reader must pass over.
func TestReadsTheField(t *testing.T) {
	header := testHeader(t)
	verifier := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}
	for _, test := range []struct {
		name, header, claims string
		nbf, exp             time.Time
	}{
		{"nothing but what has to be there", header, testClaims("", ""), testIssued, time.Time{}},
		{"fractional times", header,
			strings.Replace(testClaims(`,"exp":1807060800.5`, ""), `"nbf":1772366400`, `"nbf":1772366400.763`, 1),
			testIssued.Add(763 * time.Millisecond), time.Unix(1807060800, 5e8).UTC()},
		{"times with an exponent", header, testClaims(`,"exp":1.8e9`, ""), testIssued, time.Unix(1800000000, 0).UTC()},
		{"exp null", header, testClaims(`,"exp":null`, ""), testIssued, time.Time{}},
		{"members that are not known", header, testClaims(`,"jti":"x","aud":["y"]`, `,"@context":["z"]`), testIssued, time.Time{}},
		{"no FHIR version", header, strings.Replace(testClaims("", ""), `"fhirVersion":"4.0.1",`, "", 1), testIssued, time.Time{}},
		{"more types", header, strings.Replace(testClaims("", ""), `["https`, `["VerifiableCredential","https`, 1), testIssued, time.Time{}},
		{"spaces", " " + header + "\n", " " + testClaims("", "") + "\n", testIssued, time.Time{}},
		{"typ and x5c in the header", strings.Replace(header, `{`, `{"typ":"JWT","x5c":["AA=="],`, 1), testClaims("", ""), testIssued, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := verifier.Verify(forge(t, "issuer", test.header, pack(t, test.claims)), testNow)
			if err != nil || result.Status != cards.StatusVerified {
				t.Fatal(result.Status, result.Reason, err)
			}
			if !result.Card.NotBefore.Equal(test.nbf) || !result.Card.Expires.Equal(test.exp) {
				t.Errorf("nbf %v, exp %v, want %v, %v", result.Card.NotBefore, result.Card.Expires, test.nbf, test.exp)
			}
		})
	}
}

// TestIgnoresKeysInTheHeader: a card cannot bring the key by which it is verified.
func TestIgnoresKeysInTheHeader(t *testing.T) {
	keys, err := HouseKeys(testHouse(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	attacker := testKey(t, "attacker")
	x, y := coordinates(t, &attacker.PublicKey)
	for name, member := range map[string]string{
		"jwk": `"jwk":{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `"}`,
		"jku": `"jku":"https://attacker.example/jwks.json"`,
		"x5u": `"x5u":"https://attacker.example/chain.pem"`,
	} {
		t.Run(name, func(t *testing.T) {
			header := strings.Replace(testHeader(t), `{`, `{`+member+`,`, 1)
			result, err := Verifier{Keys: testKeys(t, keys...)}.Verify(forge(t, "attacker", header, pack(t, testClaims("", ""))), testNow)
			if err != nil || result.Status != cards.StatusTampered {
				t.Errorf("got %s, %v", result.Status, err)
			}
		})
	}
}

// unreadable are texts that are no card, all signed by the right key where they are signed at all.
func unreadable(t testing.TB) map[string]string {
	header, claims := testHeader(t), pack(t, testClaims("", ""))
	good := forge(t, "issuer", header, claims)
	parts := strings.Split(good, ".")
	h, p := parts[0], parts[1]
	zero := strings.Repeat("\x00", 32)
	one := strings.Repeat("\x00", 31) + "\x01"
	b64 := func(s string) string { return encoding.EncodeToString([]byte(s)) }
	point, err := testKey(t, "issuer").PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, point)
	hs256 := b64(strings.Replace(header, "ES256", "HS256", 1)) + "." + p
	mac.Write([]byte(hs256))
	claim := func(old, new string) string {
		text := testClaims("", "")
		if !strings.Contains(text, old) {
			t.Fatalf("no %s in the claims", old)
		}
		return forge(t, "issuer", header, pack(t, strings.Replace(text, old, new, 1)))
	}
	head := func(old, new string) string {
		if !strings.Contains(header, old) {
			t.Fatalf("no %s in the header", old)
		}
		return forge(t, "issuer", strings.Replace(header, old, new, 1), claims)
	}
	return map[string]string{
		"nothing":                 "",
		"two parts":               h + "." + p,
		"four parts":              good + ".AA",
		"empty parts":             "..",
		"alg none":                b64(strings.Replace(header, "ES256", "none", 1)) + "." + p + ".",
		"alg none with signature": head("ES256", "none"),
		"alg HS256, public key":   hs256 + "." + encoding.EncodeToString(mac.Sum(nil)),
		"alg ES384":               head("ES256", "ES384"),
		"alg es256":               head("ES256", "es256"),
		"alg twice":               head(`{`, `{"alg":"none",`),
		"ALG":                     head(`"alg"`, `"ALG"`),
		"crit":                    head(`{`, `{"crit":["exp"],`),
		"crit null":               head(`{`, `{"crit":null,`),
		"b64 false":               head(`{`, `{"b64":false,"crit":["b64"],`),
		"zip unknown":             head(`"DEF"`, `"GZIP"`),
		"no zip":                  forge(t, "issuer", `{"alg":"ES256","kid":"`+testKID(t)+`"}`, []byte(testClaims("", ""))),
		"header not an object":    forge(t, "issuer", `["ES256"]`, claims),
		"header too long":         head(`{`, `{"x5c":["`+strings.Repeat("A", maxHeader)+`"],`),
		"kid a number":            head(`"`+testKID(t)+`"`, `1`),
		"no signature":            h + "." + p + ".",
		"signature short":         h + "." + p + "." + b64(zero + one)[:80],
		"signature DER":           h + "." + p + "." + b64("\x30\x06\x02\x01\x01\x02\x01\x01"),
		"r zero":                  h + "." + p + "." + b64(zero+one),
		"s zero":                  h + "." + p + "." + b64(one+zero),
		"padded":                  good + "=",
		"stray bits":              good[:len(good)-1] + string(good[len(good)-1]+1),
		"line break":              h + ".\n" + p + "." + parts[2],
		"space in front":          " " + good,
		"not packed":              forge(t, "issuer", header, []byte(testClaims("", ""))),
		"zlib":                    forge(t, "issuer", header, append([]byte{0x78, 0xda}, claims...)),
		"packed cut short":        forge(t, "issuer", header, claims[:len(claims)-9]),
		"something after":         forge(t, "issuer", header, append(append([]byte{}, claims...), 0)),
		"not JSON":                forge(t, "issuer", header, pack(t, "hello")),
		"not an object":           forge(t, "issuer", header, pack(t, "[]")),
		"two objects":             forge(t, "issuer", header, pack(t, testClaims("", "")+"{}")),
		"not UTF-8":               claim("Bundle", "\xff"),
		"nested deep":             claim(`{"resourceType":"Bundle"}`, `{"a":`+strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth)+`}`),
		"nested very deep":        claim(`{"resourceType":"Bundle"}`, `{"a":`+strings.Repeat("[", 1<<20)+strings.Repeat("]", 1<<20)+`}`),
		"iss twice":               claim(`{"iss"`, `{"iss":"https://other.example","iss"`),
		"iss twice, escaped":      claim(`{"iss"`, `{"\u0069ss":"https://other.example","iss"`),
		"fhirBundle twice":        claim(`"fhirBundle"`, `"fhirBundle":{},"fhirBundle"`),
		"a member of it twice":    claim(`{"resourceType"`, `{"resourceType":"Bundle","resourceType"`),
		"ISS":                     claim(`"iss"`, `"ISS"`),
		"no iss":                  claim(`"iss"`, `"issuer"`),
		"iss a number":            claim(`"https://locket.example"`, `1`),
		"iss with a slash":        claim(`.example"`, `.example/"`),
		"iss http":                claim(`"https:`, `"http:`),
		"no nbf":                  claim(`"nbf"`, `"iat"`),
		"nbf zero":                claim(`1772366400`, `0`),
		"nbf negative":            claim(`1772366400`, `-1`),
		"nbf a text":              claim(`1772366400`, `"yesterday"`),
		"nbf in milliseconds":     claim(`1772366400`, `1772366400000`),
		"nbf endless":             claim(`1772366400`, `1e999999999`),
		"exp too far":             claim(`1772366400`, `1772366400,"exp":253402300800`),
		"exp false":               claim(`1772366400`, `1772366400,"exp":false`),
		"rid too long":            claim(`"vc":{`, `"vc":{"rid":"`+strings.Repeat("a", 25)+`",`),
		"rid of another alphabet": claim(`"vc":{`, `"vc":{"rid":"a.1",`),
		"another type":            claim(`#health-card`, `#other`),
		"no vc":                   claim(`"vc"`, `"vp"`),
		"no Bundle":               claim(`"fhirBundle"`, `"bundle"`),
		"Bundle null":             claim(`{"resourceType":"Bundle"}`, `null`),
		"Bundle an array":         claim(`{"resourceType":"Bundle"}`, `[]`),
		"Bundle a text":           claim(`{"resourceType":"Bundle"}`, `"{}"`),
	}
}

func TestUnreadable(t *testing.T) {
	verifier := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}
	for name, jws := range unreadable(t) {
		t.Run(name, func(t *testing.T) {
			result, err := verifier.Verify(jws, testNow)
			if result.Status != cards.StatusUnreadable || result.Reason != cards.ReasonMalformed || !errors.Is(err, ErrMalformed) {
				t.Errorf("got %s %s, %v", result.Status, result.Reason, err)
			}
			if len(result.Card.Bundle) != 0 {
				t.Error("it is shown all the same")
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	verifier := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}
	for name, jws := range map[string]string{
		"text": strings.Repeat("a", maxJWS+1),
		"zip bomb": forge(t, "issuer", testHeader(t),
			pack(t, strings.Replace(testClaims("", ""), `"resourceType"`, strings.Repeat(" ", maxPayload)+`"resourceType"`, 1))),
		"not even JSON": forge(t, "issuer", testHeader(t), pack(t, strings.Repeat("[", 2*maxPayload))),
	} {
		t.Run(name, func(t *testing.T) {
			result, err := verifier.Verify(jws, testNow)
			if result.Status != cards.StatusUnreadable || result.Reason != cards.ReasonTooLong || !errors.Is(err, ErrTooLong) {
				t.Errorf("got %s %s, %v", result.Status, result.Reason, err)
			}
		})
	}
}

// TestRevoked: a card is revoked by its rid, whatever its bytes.
func TestRevoked(t *testing.T) {
	good, rid := testJWS(t), testCard().RID
	trusted := testTrusted(t, testIssuer, "issuer")
	list := func(kid string, revocations ...Revocation) RevokedFunc {
		return Revocations(RevocationList{KeyID: kid, Counter: 1, Revocations: revocations})
	}
	for _, test := range []struct {
		name    string
		jws     string
		revoked RevokedFunc
		want    cards.Status
	}{
		{"nothing known", good, nil, cards.StatusVerified},
		{"listed", good, list(trusted.ID, Revocation{RID: rid}), cards.StatusRevoked},
		{"the twin of its signature", twin(t, good), list(trusted.ID, Revocation{RID: rid}), cards.StatusRevoked},
		{"another card", good, list(trusted.ID, Revocation{RID: "other"}), cards.StatusVerified},
		{"another key", good, list("other", Revocation{RID: rid}), cards.StatusVerified},
		{"cards issued before", good, list(trusted.ID, Revocation{RID: rid, Before: testIssued.Add(time.Second)}), cards.StatusRevoked},
		{"issued at that second", good, list(trusted.ID, Revocation{RID: rid, Before: testIssued}), cards.StatusVerified},
		{"both", good, list(trusted.ID, Revocation{RID: rid}, Revocation{RID: rid, Before: testIssued}), cards.StatusRevoked},
		{"both, turned round", good, list(trusted.ID, Revocation{RID: rid, Before: testIssued}, Revocation{RID: rid}), cards.StatusRevoked},
		{"two times", good, list(trusted.ID, Revocation{RID: rid, Before: testNow}, Revocation{RID: rid, Before: testIssued}), cards.StatusRevoked},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := Verifier{Keys: testKeys(t, trusted), Revoked: test.revoked}.Verify(test.jws, testExpires.Add(-1))
			if err != nil || result.Status != test.want {
				t.Errorf("got %s, %v, want %s", result.Status, err, test.want)
			}
		})
	}
}

// TestNoRIDIsNeverAsked: a card without a rid is none of those in a list.
func TestNoRIDIsNeverAsked(t *testing.T) {
	card := testCard()
	card.RID = ""
	jws, err := testIssuerOf(t, testIssuer, "issuer").Sign(card)
	if err != nil {
		t.Fatal(err)
	}
	result, err := Verifier{
		Keys:    testKeys(t, testTrusted(t, testIssuer, "issuer")),
		Revoked: func(_, rid string, _ time.Time) bool { t.Errorf("asked about %q", rid); return true },
	}.Verify(jws, testNow)
	if err != nil || result.Status != cards.StatusVerified {
		t.Errorf("got %s, %v", result.Status, err)
	}
}

// TestErrorsQuoteNothing: an error's text must not carry a patient's words into a log.
func TestErrorsQuoteNothing(t *testing.T) {
	for _, claims := range []string{
		`{"iss":"hush","hush":1,"hush":2}`, `{"iss":{"hush":1}}`, `{"nbf":"hush"}`, `hush`, testClaims(`,"exp":"hush"`, ""),
	} {
		_, err := Verifier{}.Verify(forge(t, "issuer", testHeader(t), pack(t, claims)), testNow)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", claims, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(testJWS(f))
	f.Add(testHeader(f))
	for _, jws := range unreadable(f) {
		if len(jws) < 4<<10 {
			f.Add(jws)
		}
	}
	trusted := testTrusted(f, testIssuer, "issuer")
	verifier := Verifier{Keys: testKeys(f, trusted)}
	f.Fuzz(func(t *testing.T, jws string) {
		result, err := verifier.Verify(jws, testNow)
		if (err != nil) != (result.Status == cards.StatusUnreadable) {
			t.Fatal(result.Status, err)
		}
		if err != nil {
			return
		}
		if result.Status == cards.StatusVerified {
			foreign(t, jws, trusted.Public) // which fails where another implementation finds it unsigned
		}
		if text, err := Numeric(jws); err != nil {
			t.Errorf("it has no QR text: %v", err)
		} else if again, err := ParseNumeric(text); err != nil || again != jws {
			t.Errorf("its QR text reads as another: %v", err)
		}
	})
}

// FuzzClaims: claims from a signed card are read without harm, and what is read can be written and read again.
func FuzzClaims(f *testing.F) {
	for _, claims := range []string{testClaims("", ""), testClaims(`,"exp":1.5`, `,"rid":"a"`), testBundle, `{"a":{"b":[1,{"c":null}]}}`} {
		f.Add([]byte(claims))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		card, err := parseClaims(data)
		if err != nil {
			return
		}
		again, err := card.marshal()
		if err != nil {
			if card.NotBefore.Unix() <= 0 || (!card.Expires.IsZero() && card.Expires.Unix() <= 0) {
				return // within the first second
			}
			t.Fatal(err)
		}
		read, err := parseClaims(again)
		if err != nil {
			t.Fatal(err)
		}
		var before, after any
		if json.Unmarshal(card.Bundle, &before) != nil || json.Unmarshal(read.Bundle, &after) != nil {
			return // a number that has no float
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("Bundle (-read +written):\n%s", diff)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	jws := testJWS(b)
	verifier := Verifier{Keys: testKeys(b, testTrusted(b, testIssuer, "issuer"))}
	b.ReportAllocs()
	for b.Loop() {
		if result, _ := verifier.Verify(jws, testNow); result.Status != cards.StatusVerified {
			b.Fatal(result.Status)
		}
	}
}

// BenchmarkVerifyBare is the floor under BenchmarkVerify.
func BenchmarkVerifyBare(b *testing.B) {
	m, err := parseJWS(testJWS(b))
	if err != nil {
		b.Fatal(err)
	}
	public := &testKey(b, "issuer").PublicKey
	b.ReportAllocs()
	for b.Loop() {
		if !m.signedBy(public) {
			b.Fatal("not signed")
		}
	}
}

func coordinates(t testing.TB, public *ecdsa.PublicKey) (x, y string) {
	t.Helper()
	point, err := public.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return encoding.EncodeToString(point[1:33]), encoding.EncodeToString(point[33:])
}
