package cards

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/veraison/go-cose"
)

// KeyID is what a card says about the key that signed it: the first 8 bytes of the key's thumbprint, COSE header kid. It
// only finds candidates: two keys may share one.
type KeyID [8]byte

// String is the KeyID in base64url, 11 characters.
func (id KeyID) String() string { return encoding.EncodeToString(id[:]) }

// Thumbprint is the SHA-256 thumbprint of a P-256 key (RFC 7638). It returns ErrKey for any other key.
func Thumbprint(public *ecdsa.PublicKey) ([sha256.Size]byte, error) {
	x, y, err := coordinates(public)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	// The members in the order and without the spaces that section 3 of the RFC asks for.
	return sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"}`)), nil
}

// coordinates are the members x and y of the key as a JWK (RFC 7518, section 6.2.1).
func coordinates(public *ecdsa.PublicKey) (x, y string, err error) {
	if public == nil || public.Curve != elliptic.P256() {
		return "", "", fmt.Errorf("%w: it is not on the curve P-256", ErrKey)
	}
	point, err := public.Bytes()
	if err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrKey, err)
	}
	return encoding.EncodeToString(point[1:33]), encoding.EncodeToString(point[33:]), nil
}

// publicKey is the key with these members x and y. It returns ErrKey.
func publicKey(x, y string) (*ecdsa.PublicKey, error) {
	point := []byte{4} // uncompressed (SEC 1, section 2.3.3)
	for _, coordinate := range []string{x, y} {
		b, err := decodeBase64(coordinate)
		if err != nil || len(b) != 32 {
			return nil, fmt.Errorf("%w: its coordinates are not 32 bytes in base64url", ErrKey)
		}
		point = append(point, b...)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("%w: its point is not on the curve P-256", ErrKey)
	}
	return public, nil
}

// Key is one key of an issuer, as readers trust it.
type Key struct {
	// Issuer is the only issuer for which the key may sign: a valid signature under another name is no signature.
	Issuer string
	// Public is on the curve P-256.
	Public *ecdsa.PublicKey
	// NotAfter, when not zero, is the last second at which the key signed. A retired key stays in the set, so that cards
	// issued before go on verifying.
	NotAfter time.Time
	// CompromisedSince, when not zero, says that somebody else may hold the private key, and since when, for people. No card
	// of that key verifies any more, whatever its date: who can sign can date back.
	CompromisedSince time.Time
	// CRLVersion is the number of the revocation list for health cards of this key (ctr of crl/KID.json, from 1 on); 0 when
	// there is none.
	CRLVersion int64
}

// ID returns the KeyID. It returns ErrKey for a key that is not on P-256.
func (k Key) ID() (KeyID, error) {
	thumbprint, err := Thumbprint(k.Public)
	if err != nil {
		return KeyID{}, err
	}
	return KeyID(thumbprint[:8]), nil
}

// KeySet holds the keys of the issuers that a reader trusts. The zero KeySet trusts nobody. It is never changed once made,
// so any number of goroutines may verify with it.
type KeySet struct {
	keys []Key
	byID map[KeyID][]Key
}

// NewKeySet makes a KeySet of keys. It returns ErrKey for a key that is not on P-256 or has no valid issuer.
func NewKeySet(keys ...Key) (KeySet, error) {
	set := KeySet{keys: append([]Key(nil), keys...), byID: make(map[KeyID][]Key, len(keys))}
	for _, key := range keys {
		if !validHost(key.Issuer) {
			return KeySet{}, fmt.Errorf("%w: its issuer is not a host name", ErrKey)
		}
		id, err := key.ID()
		if err != nil {
			return KeySet{}, err
		}
		set.byID[id] = append(set.byID[id], key)
	}
	return set, nil
}

// With returns the union with other sets, the keys of s first. A key that two of them hold under the same issuer is there
// once, with the earlier of its two ends: what one source has withdrawn, another cannot bring back.
func (s KeySet) With(others ...KeySet) KeySet {
	type name struct {
		issuer string
		point  [64]byte
	}
	place := make(map[name]int)
	var union []Key
	for _, set := range append([]KeySet{s}, others...) {
		for _, key := range set.keys {
			point := must(key.Public.Bytes()) // a set has no other keys than those on P-256
			name := name{key.Issuer, [64]byte(point[1:])}
			if i, found := place[name]; found {
				union[i] = graver(union[i], key)
				continue
			}
			place[name] = len(union)
			union = append(union, key)
		}
	}
	return must(NewKeySet(union...)) // which every key has passed before
}

// graver is a key as two sources know it.
func graver(a, b Key) Key {
	a.NotAfter = earlier(a.NotAfter, b.NotAfter)
	a.CompromisedSince = earlier(a.CompromisedSince, b.CompromisedSince)
	a.CRLVersion = max(a.CRLVersion, b.CRLVersion)
	return a
}

// earlier is the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Keys returns the keys in the order in which they were given.
func (s KeySet) Keys() []Key { return append([]Key(nil), s.keys...) }

// Signer signs the cards of one issuer. Any number of goroutines may use it.
type Signer struct {
	key Key
	id  KeyID
	// thumbprint is the whole of which id is the beginning.
	thumbprint [sha256.Size]byte
	es256      es256
	headers    cose.Headers // the same for every card, and never written to
}

// NewSigner makes the Signer of issuer, a host with an optional port. The key may live in a file, an HSM or elsewhere; it
// returns ErrKey when it is not on P-256 or the issuer is no host.
func NewSigner(issuer string, key crypto.Signer) (*Signer, error) {
	public, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: it is not an ECDSA key", ErrKey)
	}
	if !validHost(issuer) {
		return nil, fmt.Errorf("%w: its issuer is not a host name", ErrKey)
	}
	s := &Signer{key: Key{Issuer: issuer, Public: public}, es256: es256{key}}
	var err error
	if s.thumbprint, err = Thumbprint(public); err != nil {
		return nil, err
	}
	s.id = KeyID(s.thumbprint[:keyIDSize])
	if s.headers, err = headers(s.id); err != nil {
		return nil, err
	}
	return s, nil
}

// Key is the public key under the issuer's name: what belongs in the published key set.
func (s *Signer) Key() Key { return s.key }

// KeyID is what the cards of this Signer name as their key.
func (s *Signer) KeyID() KeyID { return s.id }
