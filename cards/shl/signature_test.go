package shl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
)

// TestSignedText is the contract with other readers, spelled out: they check the same bytes.
func TestSignedText(t *testing.T) {
	l := testSigned(t)
	const want = "locket-shlink/v1\n" +
		"https://locket.example/shl/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n" +
		"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\n" +
		"1811808000\n" +
		"P\n" +
		testLabel
	if got := string(l.signed()); got != want {
		t.Fatalf("signed %q\nwant   %q", got, want)
	}
	public := &testPrivate(t, "issuer").PublicKey
	id, err := cards.Key{Public: public}.ID()
	if err != nil || string(l.Signature[:8]) != string(id[:]) {
		t.Errorf("key id %x, %v, want %x", l.Signature[:8], err, id)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(l.Signature[8:40]), new(big.Int).SetBytes(l.Signature[40:])})
	if err != nil {
		t.Fatal(err)
	}
	if digest := sha256.Sum256([]byte(want)); !ecdsa.VerifyASN1(public, digest[:], der) {
		t.Error("the signature is not over that text")
	}
}

func TestVerify(t *testing.T) {
	trusted := testTrusted(t, testHost, "issuer")
	stolen, retired := trusted, trusted
	stolen.CompromisedSince = testNow
	retired.NotAfter = testNow.AddDate(-1, 0, 0)
	changed := func(change func(*Link)) func(Link) Link {
		return func(l Link) Link {
			l.Signature = append([]byte(nil), l.Signature...)
			change(&l)
			return l
		}
	}
	for _, test := range []struct {
		name   string
		change func(Link) Link
		keys   []cards.Key
		now    time.Time
		status cards.Status
		reason cards.Reason
	}{
		{"good", nil, []cards.Key{trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"a retired key", nil, []cards.Key{retired}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"the key of two houses", nil, []cards.Key{testTrusted(t, "other.example", "issuer"), trusted}, testNow, cards.StatusVerified, cards.ReasonNone},
		{"not signed", changed(func(l *Link) { l.Signature = nil }), []cards.Key{trusted}, testNow, cards.StatusUnknownIssuer, ReasonUnsigned},
		{"half a signature", changed(func(l *Link) { l.Signature = l.Signature[:40] }), []cards.Key{trusted}, testNow,
			cards.StatusUnknownIssuer, ReasonUnsigned},
		{"nobody trusted", nil, nil, testNow, cards.StatusUnknownIssuer, cards.ReasonNoKey},
		{"another key trusted", nil, []cards.Key{testTrusted(t, testHost, "other")}, testNow, cards.StatusUnknownIssuer, cards.ReasonNoKey},
		{"another house trusted", nil, []cards.Key{testTrusted(t, "other.example", "issuer")}, testNow,
			cards.StatusTampered, cards.ReasonIssuerMismatch},
		{"compromised key", nil, []cards.Key{stolen}, testNow, cards.StatusRevoked, cards.ReasonKeyCompromised},
		{"last moment", nil, []cards.Key{trusted}, testExpires.Add(-1), cards.StatusVerified, cards.ReasonNone},
		{"expired", nil, []cards.Key{trusted}, testExpires, cards.StatusExpired, cards.ReasonPastExpiry},
		{"another host", changed(func(l *Link) { l.URL = strings.Replace(l.URL, "locket", "l0cket", 1) }), []cards.Key{trusted}, testNow,
			cards.StatusTampered, cards.ReasonSignature},
		{"another key", changed(func(l *Link) { l.Key[0] ^= 1 }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"another expiry", changed(func(l *Link) { l.Expires = l.Expires.Add(time.Second) }), []cards.Key{trusted}, testNow,
			cards.StatusTampered, cards.ReasonSignature},
		{"no expiry", changed(func(l *Link) { l.Expires = time.Time{} }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"another flag", changed(func(l *Link) { l.Flag = "L" }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"another label", changed(func(l *Link) { l.Label += "!" }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"r zero", changed(func(l *Link) { clear(l.Signature[8:40]) }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
		{"s zero", changed(func(l *Link) { clear(l.Signature[40:]) }), []cards.Key{trusted}, testNow, cards.StatusTampered, cards.ReasonSignature},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := testSigned(t)
			if test.change != nil {
				l = test.change(l)
			}
			if status, reason := l.Verify(testKeys(t, test.keys...), test.now); status != test.status || reason != test.reason {
				t.Errorf("got %s %s, want %s %s", status, reason, test.status, test.reason)
			}
		})
	}
}

// TestSignatureTravels: what was signed is verified after it was written and read.
func TestSignatureTravels(t *testing.T) {
	l, err := Parse(testText(t, testSigned(t)))
	if err != nil {
		t.Fatal(err)
	}
	if status, reason := l.Verify(testKeys(t, testTrusted(t, testHost, "issuer")), testNow); status != cards.StatusVerified {
		t.Errorf("got %s %s", status, reason)
	}
}

func TestSignRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := repeatable{testPrivate(t, "issuer")}
	for _, test := range []struct {
		name   string
		change func(*Link)
		key    crypto.Signer
		want   error
	}{
		{"no expiry", func(l *Link) { l.Expires = time.Time{} }, good, ErrMalformed},
		{"two lines", func(l *Link) { l.Label = "a\nb" }, good, ErrMalformed},
		{"a flag that is not known", func(l *Link) { l.Flag = "X" }, good, ErrMalformed},
		{"P-384", func(*Link) {}, p384, cards.ErrKey},
		{"Ed25519", func(*Link) {}, edwards, cards.ErrKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := testLink(t)
			test.change(&l)
			if _, err := l.Sign(test.key); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
