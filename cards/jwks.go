package cards

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Bounds of a published key set.
const (
	maxJWKS = 512 << 10 // bytes
	maxKeys = 1024
)

// jwk is a key as it is published (RFC 7517, section 4). Besides iss, which is ours, its members are registered at IANA.
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
}

// revocation is the member revoked of OpenID Federation 1.0, section 8.7.
type revocation struct {
	At     int64  `json:"revoked_at"`
	Reason string `json:"reason,omitempty"`
}

// MarshalJWKS writes the set as a JWK Set (RFC 7517, section 5), public members only.
func (s KeySet) MarshalJWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: make([]jwk, 0, len(s.keys))}
	for _, key := range s.keys {
		thumbprint, err := Thumbprint(key.Public)
		if err != nil {
			return nil, err
		}
		j := jwk{KeyType: "EC", Use: "sig", Algorithm: "ES256", Curve: "P-256", Issuer: key.Issuer}
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
		set.Keys = append(set.Keys, j)
	}
	return json.Marshal(set)
}

// ParseJWKS reads a JWK Set. Keys of other kinds than ours are passed over (RFC 7517, section 5). It returns ErrTooLong, or
// ErrKey when the set is not JSON, repeats a member, holds a private key, or has a key that contradicts itself: then nothing
// of it is trusted.
func ParseJWKS(data []byte) (KeySet, error) {
	if len(data) > maxJWKS {
		return KeySet{}, ErrTooLong
	}
	set, err := members(data)
	if err != nil {
		return KeySet{}, err
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(set["keys"], &raw); err != nil || raw == nil {
		return KeySet{}, fmt.Errorf("%w: the set has no list of keys", ErrKey)
	}
	if len(raw) > maxKeys {
		return KeySet{}, fmt.Errorf("%w (%d keys of at most %d)", ErrTooLong, len(raw), maxKeys)
	}
	keys := make([]Key, 0, len(raw))
	for _, text := range raw {
		key, ok, err := parseJWK(text)
		if err != nil {
			return KeySet{}, err
		}
		if ok {
			keys = append(keys, key)
		}
	}
	return NewKeySet(keys...)
}

// parseJWK reads one key; ok is false for a key of another kind.
func parseJWK(text []byte) (key Key, ok bool, err error) {
	member, err := members(text)
	if err != nil {
		return Key{}, false, err
	}
	// A private key in a published set is a disaster that must not go unnoticed. Every private key has a member d or, when
	// it is symmetric, k (RFC 7518, section 6).
	for _, private := range []string{"d", "k"} {
		if _, found := member[private]; found {
			return Key{}, false, fmt.Errorf("%w: it is private and must not be published; replace it at once", ErrKey)
		}
	}
	var j jwk
	for name, field := range map[string]any{
		"kty": &j.KeyType, "use": &j.Use, "alg": &j.Algorithm, "crv": &j.Curve, "kid": &j.KeyID, "x": &j.X, "y": &j.Y,
		"iss": &j.Issuer, "exp": &j.Expires, "revoked": &j.Revoked,
	} {
		if value, found := member[name]; found {
			if err := json.Unmarshal(value, field); err != nil {
				return Key{}, false, fmt.Errorf("%w: its member %s is of the wrong type", ErrKey, name)
			}
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
	x, errX := decodeBase64(j.X)
	y, errY := decodeBase64(j.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return Key{}, fmt.Errorf("%w: its coordinates are not 32 bytes in base64url", ErrKey)
	}
	point := append(append([]byte{4}, x...), y...) // uncompressed (SEC 1, section 2.3.3)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return Key{}, fmt.Errorf("%w: its point is not on the curve P-256", ErrKey)
	}
	thumbprint, err := Thumbprint(public)
	if err != nil {
		return Key{}, err
	}
	if j.KeyID != encoding.EncodeToString(thumbprint[:]) {
		return Key{}, fmt.Errorf("%w: its kid is not its thumbprint", ErrKey)
	}
	key := Key{Issuer: j.Issuer, Public: public}
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

// members reads one JSON object by exact names and refuses repeated ones. Decoding into a struct would take "KTY" for "kty"
// and the last of two values.
func members(data []byte) (map[string]json.RawMessage, error) {
	notJSON := fmt.Errorf("%w: it is not a JSON object", ErrKey)
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notJSON
	}
	object := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, notJSON
		}
		text, ok := name.(string)
		if _, repeated := object[text]; repeated || !ok {
			return nil, fmt.Errorf("%w: it repeats a member", ErrKey)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, notJSON
		}
		object[text] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, notJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notJSON
	}
	return object, nil
}
