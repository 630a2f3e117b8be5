package cards_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
)

// A card is signed, put into an address, scanned, and verified with nothing but the issuer's public keys.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	signer, err := cards.NewSigner("locket.example", key)
	if err != nil {
		panic(err)
	}
	id, err := cards.NewID(rand.Reader)
	if err != nil {
		panic(err)
	}
	secret, err := cards.NewSecret(rand.Reader)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	envelope, err := signer.Sign(cards.Card{
		ID: id, IssuedAt: now, ExpiresAt: now.AddDate(3, 0, 0),
		Summary: []byte{0xa1, 0x00, 0x62, 'e', 'n'}, // {0: "en"}
	})
	if err != nil {
		panic(err)
	}
	address := cards.Address{Base: "https://locket.example", ID: id, Secret: secret, Envelope: envelope}

	scanned, err := cards.ParseAddress(address.URL())
	if err != nil {
		panic(err)
	}
	keys, err := cards.NewKeySet(signer.Key())
	if err != nil {
		panic(err)
	}
	result, err := cards.Verify(scanned.Envelope, keys, now)
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Status, result.Card.Issuer, scanned.Secret)
	// Output: verified locket.example [secret]
}
