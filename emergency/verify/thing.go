// Package verify reads whatever people hold of a card (an address, a picture, the content of a tag, a file for hospital software) and checks it with the keys
// that its user trusts. It needs no server and no network, and nothing of the house but its leaves: years later it still does.
package verify

import (
	"bytes"
	"errors"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/cards/sun"
)

// Kind is what something is. The texts never change.
type Kind string

// The kinds of things.
const (
	KindCard         Kind = "card"          // a front in its address
	KindShortAddress Kind = "short_address" // a short code in its address: a bracelet, a small tag
	KindHealthCard   Kind = "health_card"   // SMART Health Card
	KindHealthLink   Kind = "health_link"   // SMART Health Link
	KindContact      Kind = "contact"       // the contact of a no-signal code
	KindBadge        Kind = "badge"         // of a responder, shown on a telephone
)

// MaxThing bounds what is read, in bytes: a photograph.
const MaxThing = 64 << 20

// ErrUnknown is returned for what is none of the kinds. The error says what was tried last.
var ErrUnknown = errors.New("neither an address nor a picture nor the content of a tag nor a file of a card; scan or copy the original again")

// Thing is what was read, unchecked.
type Thing struct {
	Kind    Kind
	Address cards.Address      // of a card
	Short   cards.ShortAddress // of a short address
	Health  string             // a SMART Health Card, as a JWS
	Link    shl.Link
	Contact cards.VCard
	Badge   string // as a JWS
}

var pictures = [][]byte{[]byte("\x89PNG"), []byte("\xff\xd8\xff")}

// Read finds out what it was given. The content of a file is as good as the text that a scanner prints. It returns ErrUnknown, or the error of what it
// seems to be.
func Read(content []byte) (Thing, error) {
	for _, magic := range pictures {
		if bytes.HasPrefix(content, magic) {
			text, err := cards.ScanPNG(bytes.NewReader(content))
			if err != nil {
				return Thing{}, err
			}
			return readText(text)
		}
	}
	if thing, err := readText(string(content)); !errors.Is(err, ErrUnknown) {
		return thing, err
	}
	if message, err := cards.ParseNDEF(content); err == nil {
		return readMessage(message)
	}
	if len(content) > 2 { // the file of a Type 4 tag: its length goes before it
		if message, err := cards.ParseNDEF(content[2:]); err == nil {
			return readMessage(message)
		}
	}
	message, err := cards.ParseType2(content)
	if err != nil {
		return Thing{}, ErrUnknown
	}
	return readMessage(message)
}

func readMessage(message cards.Message) (Thing, error) {
	uri, ok := message.URI()
	if !ok {
		return Thing{}, cards.ErrAddress
	}
	return readText(uri)
}

func readText(text string) (Thing, error) {
	if len(text) > maxText {
		return Thing{}, ErrUnknown
	}
	text = strings.TrimSpace(text)
	if badge, is := cards.ParseBadgeAddress(text); is {
		return Thing{Kind: KindBadge, Badge: badge}, nil
	}
	switch lower := strings.ToLower(text[:min(len(text), 16)]); {
	case strings.HasPrefix(lower, shl.Scheme), strings.Contains(text[:min(len(text), maxViewer)], "#"+shl.Scheme):
		link, err := shl.Parse(text)
		return Thing{Kind: KindHealthLink, Link: link}, err
	case strings.HasPrefix(lower, shc.QRPrefix), strings.HasPrefix(lower, "{"), strings.HasPrefix(lower, "ey"):
		credentials, err := shc.Read(text)
		if err != nil {
			return Thing{}, err
		}
		return Thing{Kind: KindHealthCard, Health: credentials[0]}, nil
	case strings.HasPrefix(lower, "begin:vcard"):
		contact, err := cards.ParseVCard(text)
		return Thing{Kind: KindContact, Contact: contact}, err
	case strings.HasPrefix(lower, "http://"), strings.HasPrefix(lower, "https://"):
		return readAddress(text)
	}
	return Thing{}, ErrUnknown
}

// Bounds of a text, and of the address of a viewer before a link, in bytes.
const (
	maxText   = 1 << 20
	maxViewer = 512
)

func readAddress(text string) (Thing, error) {
	if short, err := cards.ParseShortAddress(text); err == nil {
		return Thing{Kind: KindShortAddress, Short: short}, nil
	}
	if tapped, err := sun.ParseAddress(text); err == nil {
		if tapped.Card.Envelope == nil {
			return Thing{Kind: KindShortAddress, Short: tapped.Short}, nil
		}
		return Thing{Kind: KindCard, Address: tapped.Card}, nil
	}
	address, err := cards.ParseAddress(text)
	return Thing{Kind: KindCard, Address: address}, err
}
