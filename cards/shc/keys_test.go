package shc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/locket-health/locket/cards"
)

// TestHouseKeys: a reader that trusts a house's fronts reads its SMART Health Cards with the same keys.
func TestHouseKeys(t *testing.T) {
	stolen := testHouse(t, func(k *cards.Key) { k.CompromisedSince = testNow })
	moved := testHouse(t, func(k *cards.Key) { k.Issuer = "other.example:8443" })
	retired := testHouse(t, func(k *cards.Key) { k.NotAfter = testIssued.Add(-1) })
	for _, test := range []struct {
		name   string
		set    cards.KeySet
		status cards.Status
	}{
		{"its own", testHouse(t, nil), cards.StatusVerified},
		{"compromised", stolen, cards.StatusRevoked},
		{"retired", retired, cards.StatusUnknownIssuer},
		{"of another house", moved, cards.StatusTampered},
		{"none", cards.KeySet{}, cards.StatusUnknownIssuer},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys, err := HouseKeys(test.set)
			if err != nil {
				t.Fatal(err)
			}
			result, err := Verifier{Keys: testKeys(t, keys...)}.Verify(testJWS(t), testNow)
			if err != nil || result.Status != test.status {
				t.Errorf("got %s %s, %v, want %s", result.Status, result.Reason, err, test.status)
			}
		})
	}
}

func TestNewKeySetRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]Key{
		"no key":       {Issuer: testIssuer},
		"P-384":        {Issuer: testIssuer, Public: &p384.PublicKey},
		"no issuer":    {Public: &testKey(t, "issuer").PublicKey},
		"issuer HOST":  {Issuer: "locket.example", Public: &testKey(t, "issuer").PublicKey},
		"issuer slash": {Issuer: testIssuer + "/", Public: &testKey(t, "issuer").PublicKey},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewKeySet(key); !errors.Is(err, cards.ErrKey) {
				t.Errorf("got %v", err)
			}
		})
	}
}
