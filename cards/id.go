package cards

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// encoding is base64url without padding (RFC 4648, section 5). Strict, because the lenient decoder accepts several texts
// for the same bytes: stray bits in the last character. Line breaks, which it skips as well, are refused by decodeBase64.
var encoding = base64.RawURLEncoding.Strict()

// decodeBase64 decodes the one base64url text of its bytes.
func decodeBase64(s string) ([]byte, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodedLen(len(b)) != len(s) {
		return nil, malformed("a part in base64url is damaged")
	}
	return b, nil
}

// ID names a card: 128 random bits, public, part of every address of the card.
type ID [16]byte

// NewID draws an ID. It returns the error of rand.
func NewID(rand io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return ID{}, fmt.Errorf("draw a card id: %w", err)
	}
	return id, nil
}

// ParseID reads the 22 characters of [ID.String], and nothing else: no padding, no other text of the same bytes. The error
// is an [ErrMalformed].
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != encoding.EncodedLen(len(id)) {
		return ID{}, malformed("a card id has 22 characters")
	}
	b, err := decodeBase64(s)
	if err != nil {
		return ID{}, err
	}
	return ID(b), nil
}

// String is the ID in base64url, 22 characters.
func (id ID) String() string { return encoding.EncodeToString(id[:]) }

// MarshalText is String.
func (id ID) MarshalText() ([]byte, error) { return encoding.AppendEncode(nil, id[:]), nil }

// UnmarshalText is ParseID.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Secret is what having the card proves: 128 random bits in the fragment of its address, which no browser sends. It opens
// the card's copy of the record, so nothing prints it: only Bytes gives it away.
type Secret [16]byte

const redacted = "[secret]"

// NewSecret draws a Secret. It returns the error of rand.
func NewSecret(rand io.Reader) (Secret, error) {
	var s Secret
	if _, err := io.ReadFull(rand, s[:]); err != nil {
		return Secret{}, fmt.Errorf("draw a card secret: %w", err)
	}
	return s, nil
}

// Bytes returns a copy of the 16 bytes.
func (s Secret) Bytes() []byte { return s[:] }

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool { return subtle.ConstantTimeCompare(s[:], other[:]) == 1 }

// String hides the secret.
func (s Secret) String() string { return redacted }

// Format hides the secret from every verb, also from %#v, %x and %d.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
