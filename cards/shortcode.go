package cards

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
)

const (
	// shortCodeAlphabet has no 0 O 1 I L U: nobody has to ask which of two look-alikes is printed, and no word appears.
	shortCodeAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	shortCodeLength   = 12
	shortCodeGroup    = 4
	// maxShortCode bounds what is read as a short code, in bytes: twelve characters, as wide as UTF-8 has them, and as many
	// separators.
	maxShortCode = 2 * shortCodeLength * 4
)

// ShortCode stands for a card on its face, to be typed or read out when the QR code is damaged: 12 characters, 58 random
// bits. It is compared and hashed as the 12 characters that it consists of.
type ShortCode string

// NewShortCode draws a code. It returns the error of rand.
func NewShortCode(rand io.Reader) (ShortCode, error) {
	// Bytes from the greatest multiple of 30 up are drawn again: with them the first letters would come more often.
	const fair = 256 / len(shortCodeAlphabet) * len(shortCodeAlphabet)
	code := make([]byte, 0, shortCodeLength)
	var draw [shortCodeLength]byte
	for len(code) < shortCodeLength {
		missing := draw[:shortCodeLength-len(code)]
		if _, err := io.ReadFull(rand, missing); err != nil {
			return "", fmt.Errorf("draw a short code: %w", err)
		}
		for _, b := range missing {
			if int(b) < fair {
				code = append(code, shortCodeAlphabet[int(b)%len(shortCodeAlphabet)])
			}
		}
	}
	return ShortCode(code), nil
}

// ParseShortCode reads a code as people type it: in capitals or not, with or without spaces and dashes of any kind, with
// full-width letters or the digits of their own script. It returns ErrTooLong, or ErrShortCode, which says what is wrong.
func ParseShortCode(s string) (ShortCode, error) {
	if len(s) > maxShortCode {
		return "", ErrTooLong
	}
	code := make([]byte, 0, shortCodeLength)
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) || r == '_' || r == '.' || r == '−' {
			continue
		}
		r = latin(r)
		if r >= 'a' && r <= 'z' { // unicode.ToUpper would make an S of the long s as well
			r -= 'a' - 'A'
		}
		switch {
		case r >= 0x80 || !strings.ContainsRune(shortCodeAlphabet, r):
			return "", fmt.Errorf("%w: character %d does not occur in codes, which have no 0, O, 1, I, L or U", ErrShortCode, len(code)+1)
		case len(code) == shortCodeLength:
			return "", fmt.Errorf("%w: it has more than %d characters", ErrShortCode, shortCodeLength)
		}
		code = append(code, byte(r))
	}
	if len(code) < shortCodeLength {
		return "", fmt.Errorf("%w: it has %d of %d characters", ErrShortCode, len(code), shortCodeLength)
	}
	return ShortCode(code), nil
}

// latin turns full-width forms and the digits of other scripts into ASCII.
func latin(r rune) rune {
	// Full-width digits and letters, and the digits of Arabic, Persian, Hindi and Bengali keyboards.
	for _, zero := range [...]rune{'\uFF10', '\u0660', '\u06F0', '\u0966', '\u09E6'} {
		if r >= zero && r <= zero+9 {
			return '0' + r - zero
		}
	}
	if r >= '\uFF21' && r <= '\uFF5A' {
		return r - '\uFF21' + 'A'
	}
	return r
}

// String is the code in groups, as it is printed: XXXX-XXXX-XXXX.
func (c ShortCode) String() string {
	var b strings.Builder
	for i := range len(c) {
		if i > 0 && i%shortCodeGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(c[i])
	}
	return b.String()
}

// LogValue hides the code: it finds the card and opens its front.
func (c ShortCode) LogValue() slog.Value { return slog.StringValue("[short code]") }
