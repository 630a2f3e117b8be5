package shl

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"io"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
)

// The keys and links of the tests are invented and fixed.
const (
	testHost  = "locket.example"
	testBase  = "https://locket.example/shl/"
	testLabel = "Emergency summary of Ada Example"
)

var (
	testNow     = time.Date(2026, 6, 1, 8, 30, 0, 0, time.UTC)
	testExpires = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
)

// testPrivate is the private key that a name stands for.
func testPrivate(t testing.TB, name string) *ecdsa.PrivateKey {
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

// counting stands for randomness: the bytes 0, 1, 2 and so on.
func counting() io.Reader {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return bytes.NewReader(b)
}

func testLink(t testing.TB) Link {
	t.Helper()
	l, err := New(counting(), testBase)
	if err != nil {
		t.Fatal(err)
	}
	l.Flag, l.Label, l.Expires = "P", testLabel, testExpires
	return l
}

func testSigned(t testing.TB) Link {
	t.Helper()
	l, err := testLink(t).Sign(repeatable{testPrivate(t, "issuer")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func testText(t testing.TB, l Link) string {
	t.Helper()
	text, err := l.Encode("")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// testTrusted is a key of the house at host.
func testTrusted(t testing.TB, host, name string) cards.Key {
	t.Helper()
	return cards.Key{Issuer: host, Public: &testPrivate(t, name).PublicKey}
}

func testKeys(t testing.TB, keys ...cards.Key) cards.KeySet {
	t.Helper()
	set, err := cards.NewKeySet(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// fields are those of a link for cmp, which would print a Link by its Format.
func fields(l Link) map[string]any {
	return map[string]any{
		"url": l.URL, "key": encoding.EncodeToString(l.Key[:]), "exp": l.Expires, "flag": l.Flag, "label": l.Label,
		"sig": string(l.Signature),
	}
}
