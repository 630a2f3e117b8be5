package shl_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
)

// A house makes and signs a link and seals a file for it. A reader learns who made the link before it asks for anything there, and
// opens the file with the key in the link.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	link, err := shl.New(rand.Reader, "https://locket.example/shl/")
	if err != nil {
		panic(err)
	}
	now := time.Now()
	link.Flag, link.Label, link.Expires = "P", "Emergency summary", now.AddDate(1, 0, 0)
	if link, err = link.Sign(key); err != nil {
		panic(err)
	}
	text, err := link.Encode("https://locket.example/#")
	if err != nil {
		panic(err)
	}
	sealed, err := shl.Encrypt(link.Key, shl.TypeFHIR, []byte(`{"resourceType":"Bundle"}`), rand.Reader)
	if err != nil {
		panic(err)
	}

	scanned, err := shl.Parse(text)
	if err != nil {
		panic(err)
	}
	house, err := cards.NewKeySet(cards.Key{Issuer: "locket.example", Public: &key.PublicKey})
	if err != nil {
		panic(err)
	}
	status, _ := scanned.Verify(house, now)
	contentType, file, err := shl.Decrypt(scanned.Key, sealed)
	if err != nil {
		panic(err)
	}
	fmt.Println(scanned, status, contentType, string(file))
	// Output: SMART Health Link to locket.example verified application/fhir+json {"resourceType":"Bundle"}
}
