package vault

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// A copy sealed for a short code is a version (1 byte), the cost of argon2id (memory in KiB, 4 bytes big-endian; passes, 1 byte;
// threads, 1 byte), a salt (16 bytes), a nonce (24 bytes), the ciphertext and its tag (16 bytes). Everything before the
// ciphertext is authenticated with it.
const (
	codeVersion  = 1
	codeSaltSize = 16
	codeHeader   = 1 + 4 + 1 + 1 + codeSaltSize + chacha20poly1305.NonceSizeX

	finderPurpose = "short code"
	codeLabel     = "locket/vault/code/v1"
)

// codeCost is what a guess costs whoever has stolen everything (RFC 9106; 19 MiB and two passes are OWASP's recommendation).
type codeCost struct {
	memory          uint32 // KiB
	passes, threads uint8
}

var (
	sealCost = codeCost{memory: 19 << 10, passes: 2, threads: 1}
	// Headers are read from storage: one that was forged must not be able to ask for more than this.
	maxCost = codeCost{memory: 64 << 10, passes: 4, threads: 4}
)

func (c codeCost) allowed() bool {
	return c.passes >= 1 && c.passes <= maxCost.passes && c.threads >= 1 && c.threads <= maxCost.threads &&
		c.memory >= 8*uint32(c.threads) && c.memory <= maxCost.memory
}

// CodeFinder is what the database finds a short code by: a keyed hash, under the pepper of DataKey.Pepper. The code is in its one
// canonical form.
func CodeFinder(code string, pepper []byte) [32]byte {
	return keyedHash(pepper, finderPurpose, []byte(code))
}

// SealCode encrypts what a short code opens, and returns what to find it by. It waits for its turn at the gate; the error is that
// of the context.
func SealCode(ctx context.Context, gate *Gate, code string, pepper, plaintext []byte) (finder [32]byte, sealed []byte, err error) {
	header := make([]byte, codeHeader, codeHeader+len(plaintext)+chacha20poly1305.Overhead)
	header[0] = codeVersion
	binary.BigEndian.PutUint32(header[1:], sealCost.memory)
	header[5], header[6] = sealCost.passes, sealCost.threads
	if _, err := rand.Read(header[7:]); err != nil {
		return finder, nil, err
	}
	aead, err := codeCipher(ctx, gate, code, pepper, header)
	if err != nil {
		return finder, nil, err
	}
	return CodeFinder(code, pepper), aead.Seal(header, codeNonce(header), plaintext, header), nil
}

// OpenCode decrypts what SealCode has sealed. Each call costs some 35 ms of a core, so the caller counts the guess first. The error
// is ErrSealed, or that of the context.
func OpenCode(ctx context.Context, gate *Gate, code string, pepper, sealed []byte) ([]byte, error) {
	if len(sealed) < codeHeader+chacha20poly1305.Overhead || sealed[0] != codeVersion {
		return nil, ErrSealed
	}
	header := sealed[:codeHeader]
	aead, err := codeCipher(ctx, gate, code, pepper, header)
	if err != nil {
		return nil, err
	}
	plaintext, err := aead.Open(nil, codeNonce(header), sealed[codeHeader:], header)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

func codeNonce(header []byte) []byte { return header[codeHeader-chacha20poly1305.NonceSizeX:] }

// codeCipher makes the key that a header asks for: argon2id of the code, then HKDF with the pepper, so that neither a stolen
// database nor a stolen pepper is enough to try codes.
func codeCipher(ctx context.Context, gate *Gate, code string, pepper, header []byte) (cipher.AEAD, error) {
	cost := codeCost{memory: binary.BigEndian.Uint32(header[1:]), passes: header[5], threads: header[6]}
	if !cost.allowed() {
		return nil, ErrSealed
	}
	if err := gate.enter(ctx); err != nil {
		return nil, err
	}
	defer gate.leave()
	slow := argon2.IDKey([]byte(code), header[7:7+codeSaltSize], uint32(cost.passes), cost.memory, cost.threads, 32)
	key, err := hkdf.Key(sha256.New, slow, pepper, codeLabel, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.NewX(key)
}
