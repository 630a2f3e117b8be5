package sun

import (
	"strings"

	"github.com/locket-health/locket/cards"
)

// maxAddress bounds what is read as the address of a tap, in bytes: more than a tag can hold.
const maxAddress = 512

// Address is what a tap opens.
type Address struct {
	// Message is what the tag put in.
	Message Message
	// ID is the card's.
	ID cards.ID
	// Card is the card itself, when the tag holds its front; its Envelope is nil when not.
	Card cards.Address
	// Short is the short address of the card, when the tag holds its short code; its Code is empty when not.
	Short cards.ShortAddress
}

// ParseAddress reads BASE/c/ID?p=PICC&c=MAC#FRAGMENT in the one spelling that a Template of this package gives. It returns
// ErrLRP and ErrMessage, and for what stands around the query the errors of cards.ParseAddress and cards.ParseShortAddress.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxAddress {
		return Address{}, ErrMessage
	}
	page, rest, found := strings.Cut(s, piccQuery)
	query, fragment, ended := strings.Cut(rest, "#")
	p, c, both := strings.Cut(query, macQuery)
	if !found || !ended || !both {
		return Address{}, ErrMessage
	}
	var a Address
	var err error
	if a.Message, err = Parse(p, c); err != nil {
		return Address{}, err
	}
	if code, err := cards.ParseShortCode(fragment); err != nil || string(code) != fragment {
		a.Card, err = cards.ParseAddress(page + "#" + fragment)
		a.ID = a.Card.ID
		return a, err
	}
	base, id, _ := strings.Cut(page, "/c/")
	if a.ID, err = cards.ParseID(id); err != nil {
		return Address{}, cards.ErrAddress
	}
	a.Short, err = cards.ParseShortAddress(cards.ShortAddress{Base: base, Code: cards.ShortCode(fragment)}.URL())
	return a, err
}
