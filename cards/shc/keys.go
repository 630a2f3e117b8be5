package shc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"
	"time"

	"github.com/locket-health/locket/cards"
)

// Key is one key of an issuer, as a reader trusts it.
type Key struct {
	// Issuer is the only URL for which the key may sign, as in Card.Issuer.
	Issuer string
	// ID is what cards call the key: member kid. It only finds candidates: two keys may share one.
	ID string
	// Public is on the curve P-256.
	Public *ecdsa.PublicKey
	// NotAfter and CompromisedSince are as in cards.Key.
	NotAfter, CompromisedSince time.Time
}

// HouseKeys are the keys of Locket houses as keys for SMART Health Cards: a house signs both with the same key.
func HouseKeys(set cards.KeySet) ([]Key, error) {
	var keys []Key
	for _, key := range set.Keys() {
		kid, err := keyID(key.Public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, Key{
			Issuer: "https://" + key.Issuer, ID: kid, Public: key.Public,
			NotAfter: key.NotAfter, CompromisedSince: key.CompromisedSince,
		})
	}
	return keys, nil
}

// keyID is member kid: the thumbprint (RFC 7638) in base64url.
func keyID(public *ecdsa.PublicKey) (string, error) {
	thumbprint, err := cards.Thumbprint(public)
	if err != nil {
		return "", err
	}
	return encoding.EncodeToString(thumbprint[:]), nil
}

// KeySet holds the keys that a reader trusts. The zero KeySet trusts nobody. It is never changed once made, so any number of
// goroutines may verify with it.
type KeySet struct{ byID map[string][]Key }

// NewKeySet makes a KeySet of keys. It returns cards.ErrKey for a key that is not on P-256 or has no valid issuer.
func NewKeySet(keys ...Key) (KeySet, error) {
	set := KeySet{byID: make(map[string][]Key, len(keys))}
	for _, key := range keys {
		if !validIssuer(key.Issuer) {
			return KeySet{}, fmt.Errorf("%w: its issuer is not an https address without a slash at the end", cards.ErrKey)
		}
		if key.Public == nil || key.Public.Curve != elliptic.P256() {
			return KeySet{}, fmt.Errorf("%w: it is not on the curve P-256", cards.ErrKey)
		}
		set.byID[key.ID] = append(set.byID[key.ID], key)
	}
	return set, nil
}
