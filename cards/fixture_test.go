package cards

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"
	"time"
)

// The people, keys and secrets of the tests are invented and fixed, so that vectors are the same on every run.
const (
	testIssuer  = "locket.example"
	testBase    = "https://locket.example"
	otherIssuer = "other.example"
)

var (
	testIssued  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	testExpires = time.Date(2029, 3, 1, 12, 0, 0, 0, time.UTC)
	testNow     = time.Date(2026, 6, 1, 8, 30, 0, 0, time.UTC)
)

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

func testSigner(t testing.TB, issuer, key string) *Signer {
	t.Helper()
	s, err := NewSigner(issuer, repeatable{testKey(t, key)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testKeySet(t testing.TB, keys ...Key) KeySet {
	t.Helper()
	set, err := NewKeySet(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func testID() ID { return ID(unhex("00112233445566778899aabbccddeeff")) }

func testSecret() Secret { return Secret(unhex("f0e1d2c3b4a5968778695a4b3c2d1e0f")) }

// testSummary is a map as a summary could be: {0: ["en", 1535], 1: ["Ada Example"], 3: [12, [7, "hives"]]}.
func testSummary() []byte {
	return unhex("a3" + "00" + "82" + "62656e" + "1905ff" + "01" + "81" + "6b" + hex.EncodeToString([]byte("Ada Example")) +
		"03" + "82" + "0c" + "82" + "07" + "65" + hex.EncodeToString([]byte("hives")))
}

func testCard() Card {
	return Card{Issuer: testIssuer, ID: testID(), IssuedAt: testIssued, ExpiresAt: testExpires, Summary: testSummary()}
}

func testEnvelope(t testing.TB) []byte {
	t.Helper()
	envelope, err := testSigner(t, testIssuer, "issuer").Sign(testCard())
	if err != nil {
		t.Fatal(err)
	}
	return envelope
}

func testAddress(t testing.TB) Address {
	t.Helper()
	return Address{Base: testBase, ID: testID(), Secret: testSecret(), Envelope: testEnvelope(t)}
}

// unhex is for constants of the tests.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
