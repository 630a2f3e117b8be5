package shc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
)

// A card is signed, turned into the text of a QR code, scanned, and verified with nothing but the house's public keys.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	issuer, err := shc.NewIssuer("https://locket.example", key)
	if err != nil {
		panic(err)
	}
	now := time.Now()
	jws, err := issuer.Sign(shc.Card{
		NotBefore: now, Expires: now.AddDate(1, 0, 0), RID: "MKyCxh7p6uQ",
		Bundle: json.RawMessage(`{"resourceType":"Bundle","type":"collection","entry":[]}`),
	})
	if err != nil {
		panic(err)
	}
	text, err := shc.Numeric(jws)
	if err != nil {
		panic(err)
	}

	scanned, err := shc.Read(text)
	if err != nil {
		panic(err)
	}
	house, err := cards.NewKeySet(cards.Key{Issuer: "locket.example", Public: &key.PublicKey})
	if err != nil {
		panic(err)
	}
	keys, err := shc.HouseKeys(house)
	if err != nil {
		panic(err)
	}
	trusted, err := shc.NewKeySet(keys...)
	if err != nil {
		panic(err)
	}
	result, err := shc.Verifier{Keys: trusted}.Verify(scanned[0], now)
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Status, result.Card.Issuer, string(result.Card.Bundle))
	// Output: verified https://locket.example {"resourceType":"Bundle","type":"collection","entry":[]}
}
