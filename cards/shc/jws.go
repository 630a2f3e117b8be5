package shc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"

	exact "github.com/go-jose/go-jose/v4/json"
)

const (
	// maxJWS is the greatest length of a card as text. The largest patient summaries in the field pack into 50,000 characters;
	// the rest is for pictures and letters inside a Bundle.
	maxJWS = 1 << 20
	// maxHeader bounds the protected header, in characters, which may hold a chain of certificates.
	maxHeader = 16 << 10
	// signatureSize is that of r and s side by side, 32 bytes each, big-endian (RFC 7518, section 3.4).
	signatureSize = 64
)

// encoding is base64url without padding. Strict, because the lenient decoder takes several texts for the same bytes.
var encoding = base64.RawURLEncoding.Strict()

// decodeBase64 decodes the one base64url text of its bytes, which has no line breaks.
func decodeBase64(s string) ([]byte, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodedLen(len(b)) != len(s) {
		return nil, malformed("a part in base64url is damaged")
	}
	return b, nil
}

// message is a JWS in its parts. Nothing of it is verified.
type message struct {
	kid       string
	packed    []byte
	digest    [sha256.Size]byte // of what is signed
	signature []byte
}

// parseJWS parts a compact JWS (RFC 7515, section 7.1). The algorithm, the packing and where the key comes from are not the
// card's to choose: ES256, deflate, and a key that the reader already has. So members jwk, jku, x5u and x5c are never looked at.
func parseJWS(jws string) (message, error) {
	if len(jws) > maxJWS {
		return message{}, ErrTooLong
	}
	if !isJWS(jws) {
		return message{}, malformed("it is not a signed text in three parts")
	}
	parts := strings.Split(jws, ".")
	if len(parts[0]) > maxHeader {
		return message{}, malformed("its header is too long")
	}
	m := message{digest: sha256.Sum256([]byte(parts[0] + "." + parts[1]))}
	var err error
	if m.kid, err = parseHeader(parts[0]); err != nil {
		return message{}, err
	}
	if m.packed, err = decodeBase64(parts[1]); err != nil {
		return message{}, err
	}
	if m.signature, err = decodeBase64(parts[2]); err != nil {
		return message{}, err
	}
	var zero [signatureSize / 2]byte
	if len(m.signature) != signatureSize || bytes.Equal(m.signature[:32], zero[:]) || bytes.Equal(m.signature[32:], zero[:]) {
		return message{}, malformed("its signature is none")
	}
	return m, nil
}

// parseHeader reads the protected header and returns the kid, which may be empty.
func parseHeader(text string) (kid string, err error) {
	data, err := decodeBase64(text)
	if err != nil {
		return "", err
	}
	var header struct {
		Algorithm   string           `json:"alg"`
		Compression string           `json:"zip"`
		KeyID       string           `json:"kid"`
		Critical    exact.RawMessage `json:"crit"`
	}
	if err := decode(data, &header); err != nil {
		return "", err
	}
	switch {
	case header.Algorithm != "ES256":
		return "", malformed("it is not signed with ES256")
	case header.Compression != "DEF":
		return "", malformed("it is not packed with deflate")
	case header.Critical != nil: // RFC 7515, section 4.1.11: we know no extension
		return "", malformed("it asks for an extension that is not known here")
	}
	return header.KeyID, nil
}

// signedBy reports whether the message was signed by the key.
func (m message) signedBy(key *ecdsa.PublicKey) bool {
	r, s := new(big.Int).SetBytes(m.signature[:32]), new(big.Int).SetBytes(m.signature[32:])
	return ecdsa.Verify(key, m.digest[:], r, s)
}
