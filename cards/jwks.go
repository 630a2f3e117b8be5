package cards

import (
	"encoding/json"
	"fmt"
	"time"
)

// Bounds of a published key set.
const (
	maxJWKS = 512 << 10 // bytes
	maxKeys = 1024
)

// jwk is a key as it is published (RFC 7517, section 4). Besides iss, which is ours, and crlVersion, its members are registered
// at IANA.
type jwk struct {
	KeyType   string      `json:"kty"`
	Use       string      `json:"use"`
	Algorithm string      `json:"alg"`
	Curve     string      `json:"crv"`
	KeyID     string      `json:"kid"` // the whole thumbprint, of which cards carry the first 8 bytes
	X         string      `json:"x"`
	Y         string      `json:"y"`
	Issuer    string      `json:"iss"`               // the only host for which the key signs
	Expires   int64       `json:"exp,omitempty"`     // Key.NotAfter, seconds since 1970
	Revoked   *revocation `json:"revoked,omitempty"` // Key.CompromisedSince
	// CRLVersion is the number of the key's revocation list (SMART Health Cards 1.0.0, section "Revocation").
	CRLVersion int64 `json:"crlVersion,omitempty"`
}

// revocation is the member revoked of OpenID Federation 1.0, section 8.7.
type revocation struct {
	At     int64  `json:"revoked_at"`
	Reason string `json:"reason,omitempty"`
}

// UnmarshalJSON reads the object by exact names, as those around it.
func (r *revocation) UnmarshalJSON(data []byte) error {
	_, err := readObject(data, map[string]any{"revoked_at": &r.At, "reason": &r.Reason})
	return err
}

// MarshalJWKS writes the set as a JWK Set (RFC 7517, section 5), public members only.
func (s KeySet) MarshalJWKS() ([]byte, error) {
	keys, err := publish(s.keys)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Keys []jwk `json:"keys"`
	}{keys})
}

// publish gives the keys as they are published. The list is never nil, which JSON would write as null.
func publish(keys []Key) ([]jwk, error) {
	published := make([]jwk, 0, len(keys))
	for _, key := range keys {
		thumbprint, err := Thumbprint(key.Public)
		if err != nil {
			return nil, err
		}
		j := jwk{KeyType: "EC", Use: "sig", Algorithm: "ES256", Curve: "P-256", Issuer: key.Issuer, CRLVersion: key.CRLVersion}
		j.KeyID = encoding.EncodeToString(thumbprint[:])
		if j.X, j.Y, err = coordinates(key.Public); err != nil {
			return nil, err
		}
		if !key.NotAfter.IsZero() {
			j.Expires = key.NotAfter.Unix()
		}
		if !key.CompromisedSince.IsZero() {
			j.Revoked = &revocation{At: key.CompromisedSince.Unix(), Reason: "compromised"}
		}
		published = append(published, j)
	}
	return published, nil
}

// ParseJWKS reads a JWK Set. Keys of other kinds than ours are passed over (RFC 7517, section 5). It returns ErrTooLong, or
// ErrKey when the set is not JSON, repeats a member, holds a private key, or has a key that contradicts itself: then nothing
// of it is trusted.
func ParseJWKS(data []byte) (KeySet, error) {
	if len(data) > maxJWKS {
		return KeySet{}, ErrTooLong
	}
	var raw []json.RawMessage
	if _, err := readObject(data, map[string]any{"keys": &raw}); err != nil {
		return KeySet{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	keys, err := parseKeys(raw)
	if err != nil {
		return KeySet{}, err
	}
	return NewKeySet(keys...)
}

// parseKeys reads the keys of a set. A list without any is an empty list, not a missing one.
func parseKeys(raw []json.RawMessage) ([]Key, error) {
	if raw == nil {
		return nil, fmt.Errorf("%w: the set has no list of keys", ErrKey)
	}
	if len(raw) > maxKeys {
		return nil, fmt.Errorf("%w (%d keys of at most %d)", ErrTooLong, len(raw), maxKeys)
	}
	keys := make([]Key, 0, len(raw))
	for _, text := range raw {
		key, ok, err := parseJWK(text)
		if err != nil {
			return nil, err
		}
		if ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// parseJWK reads one key; ok is false for a key of another kind.
func parseJWK(text []byte) (key Key, ok bool, err error) {
	var j jwk
	member, err := readObject(text, map[string]any{
		"kty": &j.KeyType, "use": &j.Use, "alg": &j.Algorithm, "crv": &j.Curve, "kid": &j.KeyID, "x": &j.X, "y": &j.Y,
		"iss": &j.Issuer, "exp": &j.Expires, "revoked": &j.Revoked, "crlVersion": &j.CRLVersion,
	})
	if err != nil {
		return Key{}, false, fmt.Errorf("%w: %w", ErrKey, err)
	}
	// A private key in a published set is a disaster that must not go unnoticed. Every private key has a member d or, when
	// it is symmetric, k (RFC 7518, section 6).
	for _, private := range []string{"d", "k"} {
		if _, found := member[private]; found {
			return Key{}, false, fmt.Errorf("%w: it is private and must not be published; replace it at once", ErrKey)
		}
	}
	// Members use and alg may be missing; sets in the field leave them out.
	if j.KeyType != "EC" || j.Curve != "P-256" || (j.Use != "" && j.Use != "sig") || (j.Algorithm != "" && j.Algorithm != "ES256") {
		return Key{}, false, nil
	}
	key, err = j.key()
	return key, err == nil, err
}

func (j jwk) key() (Key, error) {
	public, err := publicKey(j.X, j.Y)
	if err != nil {
		return Key{}, err
	}
	thumbprint, err := Thumbprint(public)
	if err != nil {
		return Key{}, err
	}
	if j.KeyID != encoding.EncodeToString(thumbprint[:]) {
		return Key{}, fmt.Errorf("%w: its kid is not its thumbprint", ErrKey)
	}
	key := Key{Issuer: j.Issuer, Public: public, CRLVersion: j.CRLVersion}
	if j.CRLVersion < 0 {
		return Key{}, fmt.Errorf("%w: the number of its revocation list is negative", ErrKey)
	}
	if j.Expires < 0 || j.Expires > maxTime || j.Revoked != nil && (j.Revoked.At <= 0 || j.Revoked.At > maxTime) {
		return Key{}, fmt.Errorf("%w: one of its times is out of range", ErrKey)
	}
	if j.Expires != 0 {
		key.NotAfter = time.Unix(j.Expires, 0).UTC()
	}
	if j.Revoked != nil { // whatever the reason: a key that was taken back verifies nothing
		key.CompromisedSince = time.Unix(j.Revoked.At, 0).UTC()
	}
	return key, nil
}
