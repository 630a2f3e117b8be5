package vault

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

const (
	x25519Type  = "X25519"
	x25519Label = "age-encryption.org/v1/X25519"
	fileKeySize = 16
)

// scalar is an X25519 identity of age (https://age-encryption.org/v1, "The X25519 recipient type") whose private key is at hand. age makes its own
// from a text only, and multiplies four times from there to a file key; this one does twice, and every opening waits for it.
type scalar struct {
	private *ecdh.PrivateKey
	public  []byte // its public half, 32 bytes
}

var errStanza = errors.New("vault: a malformed X25519 stanza")

// Unwrap takes the file key from the stanza that opens, as age.X25519Identity does.
func (s scalar) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, stanza := range stanzas {
		fileKey, err := s.unwrap(stanza)
		if errors.Is(err, age.ErrIncorrectIdentity) {
			continue
		}
		return fileKey, err
	}
	return nil, age.ErrIncorrectIdentity
}

func (s scalar) unwrap(stanza *age.Stanza) ([]byte, error) {
	if stanza.Type != x25519Type {
		return nil, age.ErrIncorrectIdentity
	}
	if len(stanza.Args) != 1 || len(stanza.Body) != fileKeySize+chacha20poly1305.Overhead {
		return nil, errStanza
	}
	share, err := base64.RawStdEncoding.Strict().DecodeString(stanza.Args[0])
	if err != nil {
		return nil, errStanza
	}
	public, err := ecdh.X25519().NewPublicKey(share)
	if err != nil {
		return nil, errStanza
	}
	shared, err := s.private.ECDH(public)
	if err != nil {
		return nil, errStanza // a share of low order
	}
	wrapping, err := hkdf.Key(sha256.New, shared, slices.Concat(share, s.public), x25519Label, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(wrapping)
	if err != nil {
		return nil, err
	}
	fileKey, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), stanza.Body, nil)
	if err != nil {
		return nil, age.ErrIncorrectIdentity
	}
	return fileKey, nil
}

// String is the secret text form.
func (s scalar) String() string { return encodeBech32(secretPrefix, s.private.Bytes()) }
