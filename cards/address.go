package cards

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"math/bits"
	"slices"
	"strings"
)

// FormatVersion is the first byte of what an address carries after its #. Being 1, it also makes the decimal number
// canonical (no byte in front of it can be lost as a leading zero) and lets every base64url fragment begin with an A,
// which no number does.
const FormatVersion = 1

// Bounds of a fragment. Reading a number takes time that grows with the square of its length, so the bounds are checked
// before anything is computed. They leave later formats a little room, so that readers recognise them as later.
const (
	maxFragment     = 2100                            // bytes
	maxDigits       = 5058                            // of a number of maxFragment bytes
	maxHost         = 253 + 6                         // name, colon and port
	maxAddress      = 8 + maxHost + 3 + 22 + 1 + 5058 // scheme, host and port, /c/, id, #, digits
	fragmentHeader  = 1 + len(Secret{})               // version and secret
	addressPath     = "/c/"
	secureScheme    = "https://"
	plainScheme     = "http://"
	base64MaxLength = (maxFragment*8 + 5) / 6
)

// Address is where a card is found, and the card itself: what the QR code and the tag hold. Only Base and ID ever reach a
// server: browsers keep the part after # to themselves (RFC 9110, section 7.1).
type Address struct {
	// Base is scheme and host, "https://locket.example". Only this very machine may do with http.
	Base string
	// ID is the card's, as in the envelope.
	ID ID
	// Secret opens what is kept behind the glass.
	Secret Secret
	// Envelope is the signed card.
	Envelope []byte
}

// Short is BASE/c/ID: the address without the card and its secret, which may be shown and logged.
func (a Address) Short() string { return a.Base + addressPath + a.ID.String() }

// URL is BASE/c/ID#DIGITS, the form for QR codes: digits are packed three to ten bits, so the code is about three versions
// smaller than with base64url. The digits are the big-endian number of the bytes version, secret, envelope.
func (a Address) URL() string {
	return a.Short() + "#" + new(big.Int).SetBytes(a.fragment()).String()
}

// NFCURL is BASE/c/ID#BASE64URL, the form for tags, which store bytes. Both forms carry the same bytes.
func (a Address) NFCURL() string { return a.Short() + "#" + encoding.EncodeToString(a.fragment()) }

// String is Short, so that no log gets the card or its secret by accident. Use URL or NFCURL for the whole.
func (a Address) String() string { return a.Short() }

// Format prints Short for every verb, also for %#v and %x.
func (a Address) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.Short()) }

// LogValue is Short.
func (a Address) LogValue() slog.Value { return slog.StringValue(a.Short()) }

func (a Address) fragment() []byte {
	b := make([]byte, 0, fragmentHeader+len(a.Envelope))
	b = append(b, FormatVersion)
	b = append(b, a.Secret[:]...)
	return append(b, a.Envelope...)
}

// ParseAddress reads the address of a card in either form, and in no other spelling than URL and NFCURL write. The card in
// it is decoded but not verified: see Verify. It returns ErrTooLong, ErrAddress, ErrNoFront, ErrMalformed, ErrNewerFormat,
// or ErrMismatch when path and fragment name different cards.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxAddress {
		return Address{}, ErrTooLong
	}
	short, fragment, _ := strings.Cut(s, "#")
	a, err := parseShort(short)
	if err != nil {
		return Address{}, err
	}
	if fragment == "" {
		return Address{}, ErrNoFront
	}
	if a.Secret, a.Envelope, err = ParseFragment(fragment); err != nil {
		return Address{}, err
	}
	card, err := open(a.Envelope)
	if err != nil {
		return Address{}, err
	}
	if card.card.ID != a.ID {
		return Address{}, ErrMismatch
	}
	return a, nil
}

// parseShort reads BASE/c/ID in the one spelling that Short writes: no user name, no query, no escape.
func parseShort(s string) (Address, error) {
	base, path, ok := cutBase(s)
	if !ok {
		return Address{}, ErrAddress
	}
	text, ok := strings.CutPrefix(path, addressPath)
	if !ok {
		return Address{}, ErrAddress
	}
	id, err := ParseID(text)
	if err != nil {
		return Address{}, ErrAddress
	}
	return Address{Base: base, ID: id}, nil
}

// cutBase parts an address into its base, which is checked, and what follows, which begins with a slash and is not.
func cutBase(s string) (base, path string, ok bool) {
	scheme := secureScheme
	if strings.HasPrefix(s, plainScheme) {
		scheme = plainScheme
	}
	rest, ok := strings.CutPrefix(s, scheme)
	slash := strings.IndexByte(rest, '/')
	if !ok || slash < 0 {
		return "", "", false
	}
	// A valid host has none of the characters that give an address another meaning: @ ? # % and the backslash.
	host := rest[:slash]
	if !validHost(host) || scheme == plainScheme && !loopback(host) {
		return "", "", false
	}
	return s[:len(scheme)+slash], rest[slash:], true
}

// ParseFragment reads what stands after the # of an address, digits or base64url, and returns the secret and the envelope,
// which is not yet decoded. It returns ErrTooLong, ErrMalformed or ErrNewerFormat.
func ParseFragment(s string) (Secret, []byte, error) {
	b, err := fragmentBytes(s)
	if err != nil {
		return Secret{}, nil, err
	}
	if len(b) <= fragmentHeader || b[0] == 0 {
		return Secret{}, nil, malformed("the address is cut short")
	}
	if b[0] != FormatVersion {
		return Secret{}, nil, ErrNewerFormat
	}
	return Secret(b[1:fragmentHeader]), b[fragmentHeader:], nil
}

func fragmentBytes(s string) ([]byte, error) {
	if s == "" {
		return nil, ErrNoFront
	}
	if strings.Trim(s, "0123456789") != "" {
		if len(s) > base64MaxLength {
			return nil, ErrTooLong
		}
		return decodeBase64(s)
	}
	if len(s) > maxDigits {
		return nil, ErrTooLong
	}
	if s[0] == '0' {
		return nil, malformed("its number begins with a zero")
	}
	return numberBytes(s), nil
}

// numberBytes is the big-endian number that the digits write, without zeros in front. Like big.Int.SetString it takes time
// that grows with the square of the length, but a tenth of it: scanning a card waits for this.
func numberBytes(digits string) []byte {
	words := make([]uint64, 0, len(digits)/19+1) // least significant first; 19 digits fit into a word
	for len(digits) > 0 {
		n := (len(digits)-1)%19 + 1 // so that all groups but the first are whole
		scale, carry := uint64(1), uint64(0)
		for _, digit := range []byte(digits[:n]) {
			scale, carry = scale*10, carry*10+uint64(digit-'0')
		}
		for i, word := range words {
			high, low := bits.Mul64(word, scale)
			low, over := bits.Add64(low, carry, 0)
			words[i], carry = low, high+over
		}
		if carry > 0 {
			words = append(words, carry)
		}
		digits = digits[n:]
	}
	b := make([]byte, 0, 8*len(words))
	for _, word := range slices.Backward(words) {
		b = binary.BigEndian.AppendUint64(b, word)
	}
	return bytes.TrimLeft(b, "\x00")
}
