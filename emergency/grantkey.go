package emergency

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"time"
)

// What a grant is known by begins with the time at which the grant does, in milliseconds. Grants are written faster than anything else, and keys that come in
// the order of time lie side by side in an index, while those that come in none each touch a page of it. The time is no secret: the grant itself tells it.
const (
	grantTime    = 6  // bytes
	grantChance  = 10 // random bytes of an identifier, which is as long as every other
	secretChance = 26 // random bytes of a secret
)

// DrawGrant draws from rand what a grant that begins at a time is known by: its identifier, the secret that its bearer shows, and the hash of the secret,
// which is what is stored.
func DrawGrant(rand io.Reader, begins time.Time) (id GrantID, secret string, hash Token, err error) {
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(begins.UnixMilli()))
	var drawn [grantChance + secretChance]byte
	if _, err := io.ReadFull(rand, drawn[:]); err != nil {
		return "", "", Token{}, err
	}
	name := append(at[8-grantTime:len(at):len(at)], drawn[:grantChance]...)
	raw := append(at[8-grantTime:len(at):len(at)], drawn[grantChance:]...)
	return GrantID(base64.RawURLEncoding.EncodeToString(name)), base64.RawURLEncoding.EncodeToString(raw), grantToken(raw), nil
}

// grantToken is a secret's hash with the secret's time at its front: 208 bits of the hash of 208 random bits.
func grantToken(raw []byte) (t Token) {
	sum := sha256.Sum256(raw)
	copy(t[copy(t[:], raw[:grantTime]):], sum[:])
	return t
}

// hashGrant hashes a bearer's secret as DrawGrant did. What is not such a secret hashes to nothing that is stored.
func hashGrant(secret string) Token {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != grantTime+secretChance {
		return Token{}
	}
	return grantToken(raw)
}
