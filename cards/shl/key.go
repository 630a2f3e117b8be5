package shl

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
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

// Key opens the files of one link: 256 random bits, for the whole life of the link. Nothing prints it: only Link.Encode and
// Bytes give it away.
type Key [32]byte

const redacted = "[key]"

// NewKey draws a Key. It returns the error of rand.
func NewKey(rand io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(rand, k[:]); err != nil {
		return Key{}, fmt.Errorf("draw the key of a link: %w", err)
	}
	return k, nil
}

// parseKey reads the 43 characters of a key in a link.
func parseKey(s string) (Key, error) {
	b, err := decodeBase64(s)
	if err != nil || len(b) != len(Key{}) {
		return Key{}, malformed("its key is not 32 bytes in base64url")
	}
	return Key(b), nil
}

// Bytes returns a copy of the 32 bytes.
func (k Key) Bytes() []byte { return k[:] }

// String hides the key.
func (k Key) String() string { return redacted }

// Format hides the key from every verb, also from %#v, %x and %d.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key from JSON and its like.
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
