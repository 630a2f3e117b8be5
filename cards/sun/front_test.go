package sun_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
)

// testFront is the smallest card that can be signed.
func testFront(t *testing.T) cards.Address {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte("a signing key of a test, 32 byte"))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cards.NewSigner("locket.example", key)
	if err != nil {
		t.Fatal(err)
	}
	issued := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	envelope, err := signer.Sign(cards.Card{ID: testCard(), IssuedAt: issued, ExpiresAt: issued.AddDate(3, 0, 0), Summary: []byte{0xa0}})
	if err != nil {
		t.Fatal(err)
	}
	return cards.Address{Base: testBase, ID: testCard(), Envelope: envelope}
}
