package cards

import (
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/url"
	"strings"
)

// FormatVersion is the first byte of what an address carries after its #. Being 1, it also makes the decimal number
// canonical (no byte in front of it can be lost as a leading zero) and lets every base64url fragment begin with an A,
// which no number does.
const FormatVersion = 1

// Bounds of a fragment. Reading a number takes time that grows with the square of its length, so the bounds are checked
// before anything is computed. They leave later formats a little room, so that readers recognise them as later.
const (
	maxFragment     = 2100                        // bytes
	maxDigits       = 5058                        // of a number of maxFragment bytes
	maxAddress      = 8 + 259 + 3 + 22 + 1 + 5058 // scheme, host and port, /c/, id, #, digits
	fragmentHeader  = 1 + len(Secret{})           // version and secret
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

// parseShort reads BASE/c/ID. User names, queries, escapes and anything else that an address can have are refused by
// comparing with the one spelling that Short writes.
func parseShort(s string) (Address, error) {
	u, err := url.Parse(s)
	if err != nil || !validHost(u.Host) {
		return Address{}, ErrAddress
	}
	a := Address{Base: secureScheme + u.Host}
	if u.Scheme == "http" && loopback(u.Host) {
		a.Base = plainScheme + u.Host
	}
	if a.ID, err = ParseID(strings.TrimPrefix(u.Path, addressPath)); err != nil || a.Short() != s {
		return Address{}, ErrAddress
	}
	return a, nil
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
	number, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, malformed("its digits are not a number")
	}
	return number.Bytes(), nil
}
