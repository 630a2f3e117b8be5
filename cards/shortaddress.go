package cards

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

const (
	shortAddressPath = "/s#"
	// maxShortAddress bounds what is read as a short address, in bytes: scheme, host and port, path, code.
	maxShortAddress = len(secureScheme) + maxHost + len(shortAddressPath) + shortCodeLength
)

// ShortAddress is for carriers too small for a front (a bracelet, the smallest tag) and for the no-signal code. It opens the
// reader page, which asks its server for the front by the code: it needs the network, and the guesses of a short code are
// slowed. As in an Address, the server learns nothing from opening it: the code stands after the #.
type ShortAddress struct {
	// Base is scheme and host, as in Address.
	Base string
	// Code is the short code of the card.
	Code ShortCode
}

// URL is BASE/s#CODE, the code without its dashes. It is the only spelling.
func (a ShortAddress) URL() string { return a.Base + shortAddressPath + string(a.Code) }

// String is the address without the code, so that no log gets it by accident. Use URL for the whole.
func (a ShortAddress) String() string { return strings.TrimSuffix(a.Base+shortAddressPath, "#") }

// Format prints String for every verb, also for %#v and %x.
func (a ShortAddress) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, a.String()) }

// LogValue is String.
func (a ShortAddress) LogValue() slog.Value { return slog.StringValue(a.String()) }

// ParseShortAddress reads what URL writes, and no other spelling: codes that people type are for ParseShortCode. It returns
// ErrTooLong, ErrAddress, or ErrShortCode when only the code is wrong.
func ParseShortAddress(s string) (ShortAddress, error) {
	if len(s) > maxShortAddress {
		return ShortAddress{}, ErrTooLong
	}
	base, rest, ok := cutBase(s)
	if !ok {
		return ShortAddress{}, ErrAddress
	}
	typed, ok := strings.CutPrefix(rest, shortAddressPath)
	if !ok {
		return ShortAddress{}, ErrAddress
	}
	code, err := ParseShortCode(typed)
	if err != nil {
		return ShortAddress{}, err
	}
	a := ShortAddress{Base: base, Code: code}
	if a.URL() != s {
		return ShortAddress{}, ErrAddress
	}
	return a, nil
}
