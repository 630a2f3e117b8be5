package sun

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Key is an AES-128 key of a tag. Nothing prints it but Hex.
type Key [16]byte

const redacted = "[key]"

// Hex is the key in 32 upper-case digits, as programs that write tags take it. It belongs on paper for the one who writes the
// tag, and nowhere else.
func (k Key) Hex() string { return strings.ToUpper(hex.EncodeToString(k[:])) }

// String hides the key.
func (k Key) String() string { return redacted }

// Format hides the key from every verb, also from %#v, %x and %d.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key from JSON and its like.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// cipher is AES with the key.
func (k Key) cipher() cipher.Block {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for a key of another length
	}
	return block
}
