package shc

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/locket-health/locket/cards"
)

// The people and keys of the tests are invented and fixed.
const testIssuer = "https://locket.example"

var (
	testIssued  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	testExpires = time.Date(2029, 3, 1, 12, 0, 0, 0, time.UTC)
	testNow     = time.Date(2026, 6, 1, 8, 30, 0, 0, time.UTC)
)

// testBundle is minimised as for a QR code.
const testBundle = `{"resourceType":"Bundle","type":"collection","entry":[` +
	`{"fullUrl":"resource:0","resource":{"resourceType":"Patient","name":[{"family":"Example","given":["Ada"]}],"birthDate":"1957-05-04"}},` +
	`{"fullUrl":"resource:1","resource":{"resourceType":"AllergyIntolerance","patient":{"reference":"resource:0"},` +
	`"code":{"coding":[{"system":"http://snomed.info/sct","code":"91936005"}]}}}]}`

// testKey is the private key that a name stands for.
func testKey(t testing.TB, name string) *ecdsa.PrivateKey {
	t.Helper()
	scalar := sha256.Sum256([]byte("locket test key: " + name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// repeatable signs as RFC 6979 says, without randomness.
type repeatable struct{ *ecdsa.PrivateKey }

func (k repeatable) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.PrivateKey.Sign(nil, digest, opts)
}

func testIssuerOf(t testing.TB, url, key string) *Issuer {
	t.Helper()
	i, err := NewIssuer(url, repeatable{testKey(t, key)})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func testCard() Card {
	return Card{
		Issuer: testIssuer, NotBefore: testIssued, Expires: testExpires, RID: "MKyCxh7p6uQ",
		FHIRVersion: FHIRVersion, Bundle: json.RawMessage(testBundle),
	}
}

func testJWS(t testing.TB) string {
	t.Helper()
	jws, err := testIssuerOf(t, testIssuer, "issuer").Sign(testCard())
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

// testTrusted is a key of issuer as a reader trusts it.
func testTrusted(t testing.TB, issuer, name string) Key {
	t.Helper()
	public := &testKey(t, name).PublicKey
	kid, err := keyID(public)
	if err != nil {
		t.Fatal(err)
	}
	return Key{Issuer: issuer, ID: kid, Public: public}
}

func testKeys(t testing.TB, keys ...Key) KeySet {
	t.Helper()
	set, err := NewKeySet(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// testKID is the kid of the key "issuer".
func testKID(t testing.TB) string { return testTrusted(t, testIssuer, "issuer").ID }

// testHeader is the header of a card by the key "issuer".
func testHeader(t testing.TB) string {
	return `{"alg":"ES256","zip":"DEF","kid":"` + testKID(t) + `"}`
}

// testClaims are claims with nothing but what has to be there, and what more is added to them and to vc.
func testClaims(more, moreVC string) string {
	return `{"iss":"` + testIssuer + `","nbf":1772366400` + more + `,"vc":{"type":["` + HealthCardType + `"]` + moreVC +
		`,"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":{"resourceType":"Bundle"}}}}`
}

// pack deflates.
func pack(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// forge signs any header and payload with the key of a name.
func forge(t testing.TB, key, header string, payload []byte) string {
	t.Helper()
	text := encoding.EncodeToString([]byte(header)) + "." + encoding.EncodeToString(payload)
	signature, err := cryptosigner.Opaque(repeatable{testKey(t, key)}).SignPayload([]byte(text), jose.ES256)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encoding.EncodeToString(signature)
}

// cutSignature parts what is signed from the signature.
func cutSignature(t testing.TB, jws string) (signed string, signature []byte) {
	t.Helper()
	i := strings.LastIndexByte(jws, '.')
	signature, err := decodeBase64(jws[i+1:])
	if err != nil {
		t.Fatal(err)
	}
	return jws[:i], signature
}

// twin is the other signature of the same card: (r, n-s).
func twin(t testing.TB, jws string) string {
	t.Helper()
	signed, signature := cutSignature(t, jws)
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	return signed + "." + encoding.EncodeToString(signature)
}

// testHouse is the house's own key set with the key "issuer".
func testHouse(t testing.TB, change func(*cards.Key)) cards.KeySet {
	t.Helper()
	key := cards.Key{Issuer: "locket.example", Public: &testKey(t, "issuer").PublicKey}
	if change != nil {
		change(&key)
	}
	set, err := cards.NewKeySet(key)
	if err != nil {
		t.Fatal(err)
	}
	return set
}
