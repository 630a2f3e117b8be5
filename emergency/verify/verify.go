package verify

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency/summary"
)

// Result is what is said of a thing, in the form that the command line prints. Its fields are stable; those that do not apply are left out.
type Result struct {
	Status  cards.Status   `json:"status"`
	Reason  string         `json:"reason,omitempty"`
	Kind    Kind           `json:"kind,omitempty"`
	ID      string         `json:"id,omitempty"`
	Issuer  string         `json:"issuer,omitempty"`
	Key     string         `json:"key,omitempty"`
	Issued  *time.Time     `json:"issued,omitempty"`
	Expires *time.Time     `json:"expires,omitempty"`
	Summary *summary.Front `json:"summary,omitempty"` // of a card

	Host    string          `json:"host,omitempty"`   // of a link or a short address: where it leads
	Label   string          `json:"label,omitempty"`  // of a link
	Flag    string          `json:"flag,omitempty"`   // of a link
	Bundle  json.RawMessage `json:"bundle,omitempty"` // of a SMART Health Card
	Contact *Contact        `json:"contact,omitempty"`
	Badge   *Badge          `json:"badge,omitempty"`
	Lists   *Lists          `json:"lists,omitempty"` // that the check rests on
}

// Contact is what the contact of a no-signal code says.
type Contact struct {
	Name   string   `json:"name"`
	Phones []string `json:"phones,omitempty"`
	Notes  []string `json:"notes,omitempty"`
}

// Badge is what a badge says of its bearer.
type Badge struct {
	Organization string `json:"organization"` // its name
	Kind         string `json:"kind"`
	Country      string `json:"country,omitempty"`
	Name         string `json:"name"` // of the bearer
}

// Verifier is what its user trusts and knows.
type Verifier struct {
	Keys    cards.KeySet
	Revoked cards.RevokedFunc // nil when nothing is known of revocations
	// RevokedIssuer is whose cards Revoked knows, "" for all: one issuer's list says nothing of another's cards.
	RevokedIssuer string
	Health        shc.RevokedFunc // likewise, for SMART Health Cards: it tells them apart by their keys
	// Find gives the address of a card by its short address, when the house itself is at hand; nil when not.
	Find func(cards.ShortAddress) (cards.Address, error)
}

// Check says of what was read whether to believe it.
func (v Verifier) Check(content []byte, now time.Time) Result {
	thing, err := Read(content)
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error(), Kind: thing.Kind}
	}
	switch thing.Kind {
	case KindHealthCard:
		return v.healthCard(thing.Health, now)
	case KindHealthLink:
		return v.healthLink(thing, now)
	case KindContact:
		said := &Contact{Name: thing.Contact.Name, Notes: thing.Contact.Notes}
		for _, phone := range thing.Contact.Phones {
			said.Phones = append(said.Phones, phone.Number)
		}
		return Result{Status: cards.StatusUnsigned, Kind: thing.Kind, Contact: said}
	case KindShortAddress:
		return v.shortAddress(thing.Short, now)
	case KindBadge:
		return v.badge(thing.Badge, now)
	}
	return v.card(thing.Address, now)
}

func (v Verifier) card(address cards.Address, now time.Time) Result {
	checked, err := cards.Verify(address.Envelope, v.Keys, now)
	if err == nil && v.Revoked != nil && (v.RevokedIssuer == "" || v.RevokedIssuer == checked.Card.Issuer) {
		checked, err = cards.Verifier{Keys: v.Keys, Revoked: v.Revoked}.Verify(address.Envelope, now)
	}
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error(), Kind: KindCard}
	}
	issued, expires := checked.Card.IssuedAt, checked.Card.ExpiresAt
	result := Result{Status: checked.Status, Reason: string(checked.Reason), Kind: KindCard, ID: checked.Card.ID.String(), Issuer: checked.Card.Issuer,
		Key: checked.KeyID.String(), Issued: &issued, Expires: &expires}
	front, err := summary.DecodeFront(checked.Card.Summary)
	if err != nil {
		if result.Status == cards.StatusVerified {
			result.Status = cards.StatusUnreadable
		}
		result.Reason = err.Error()
		return result
	}
	result.Summary = &front
	return result
}

// badge says whether the house that a badge names has made it. Whether it was taken back since, only the house knows.
func (v Verifier) badge(text string, now time.Time) Result {
	badge, status, reason, err := cards.VerifyBadge(text, v.Keys, now)
	if err != nil {
		return Result{Status: status, Reason: err.Error(), Kind: KindBadge}
	}
	result := Result{Status: status, Reason: string(reason), Kind: KindBadge}
	if badge != (cards.Badge{}) {
		result.ID, result.Issuer, result.Issued, result.Expires = badge.ID.String(), badge.Issuer, &badge.IssuedAt, &badge.ExpiresAt
		result.Badge = &Badge{Organization: badge.OrganizationName, Kind: badge.Kind, Country: badge.Country, Name: badge.Name}
	}
	return result
}

func (v Verifier) shortAddress(short cards.ShortAddress, now time.Time) Result {
	elsewhere := Result{Status: cards.StatusElsewhere, Kind: KindShortAddress, Host: hostOf(short.Base)}
	if v.Find == nil {
		return elsewhere
	}
	address, err := v.Find(short)
	if err != nil {
		elsewhere.Reason = err.Error()
		return elsewhere
	}
	return v.card(address, now)
}

func (v Verifier) healthCard(jws string, now time.Time) Result {
	keys, err := shc.HouseKeys(v.Keys)
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error(), Kind: KindHealthCard}
	}
	set, err := shc.NewKeySet(keys...)
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error(), Kind: KindHealthCard}
	}
	checked, err := shc.Verifier{Keys: set, Revoked: v.Health}.Verify(jws, now)
	if err != nil {
		return Result{Status: cards.StatusUnreadable, Reason: err.Error(), Kind: KindHealthCard}
	}
	result := Result{Status: checked.Status, Reason: string(checked.Reason), Kind: KindHealthCard, ID: checked.Card.RID, Issuer: checked.Card.Issuer,
		Key: checked.KeyID, Issued: &checked.Card.NotBefore, Bundle: checked.Card.Bundle}
	if !checked.Card.Expires.IsZero() {
		result.Expires = &checked.Card.Expires
	}
	return result
}

// healthLink says who made a link. What is behind it, nobody knows who has not opened it.
func (v Verifier) healthLink(thing Thing, now time.Time) Result {
	status, reason := thing.Link.Verify(v.Keys, now)
	result := Result{Status: status, Reason: string(reason), Kind: KindHealthLink, Host: thing.Link.Host(), Label: thing.Link.Label, Flag: thing.Link.Flag}
	if !thing.Link.Expires.IsZero() {
		result.Expires = &thing.Link.Expires
	}
	if status == cards.StatusVerified {
		result.Issuer = thing.Link.Host()
	}
	return result
}

// hostOf is the host of scheme and host.
func hostOf(base string) string {
	_, host, _ := strings.Cut(base, "://")
	return host
}
