package summary

import (
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

// Record is everything that one person keeps for an emergency. It is a value: no method changes it.
type Record struct {
	Patient  string   `json:"patient"`         // identifier of the patient in this house; never on a card, never exported
	Version  int64    `json:"version"`         // grows by one with each saved change
	Lang     string   `json:"lang,omitempty"`  // BCP 47, the language of the holder's own words
	Identity Identity `json:"identity"`        // who the person is
	Items    []Item   `json:"items,omitempty"` // in the order of their sections; inside a section as the holder arranged them
}

// Identity says who the person is.
type Identity struct {
	Name        Name         `json:"name,omitzero"`
	Birth       Date         `json:"birth,omitempty"`
	Gender      string       `json:"gender,omitempty"`      // FHIR AdministrativeGender: male, female, other, unknown
	Languages   []string     `json:"languages,omitempty"`   // BCP 47, the best spoken first
	Country     string       `json:"country,omitempty"`     // of residence, ISO 3166-1 alpha-2 or alpha-3, or as the source wrote it
	Identifiers []Identifier `json:"identifiers,omitempty"` // numbers given by authorities; never on a card
	AnswersTo   string       `json:"answers_to,omitempty"`  // what to call the person: a nickname that a frightened child answers to
}

// Name is a person's name. Display wins where it is set: not every name has a family part.
type Name struct {
	Display string   `json:"display,omitempty"`
	Family  string   `json:"family,omitempty"`
	Given   []string `json:"given,omitempty"`
}

// Identifier is a number that some authority gave to the person.
type Identifier struct {
	System string `json:"system,omitempty"` // a URI that names the authority's numbers
	Value  string `json:"value"`
	Type   string `json:"type,omitempty"` // in words: "passport", "national health number"
}

// String returns the name as one line: the display form, else given names and family name.
func (n Name) String() string {
	if n.Display != "" {
		return n.Display
	}
	line := ""
	for _, part := range append(slices.Clone(n.Given), n.Family) {
		if part == "" {
			continue
		}
		if line != "" {
			line += " "
		}
		line += part
	}
	return line
}

// Section returns the items of one section in the holder's order.
func (r Record) Section(s section.Section) []Item {
	var items []Item
	for _, item := range r.Items {
		if item.Section == s {
			items = append(items, item)
		}
	}
	return items
}

// Item returns the item with the given identifier.
func (r Record) Item(id string) (Item, bool) {
	for _, item := range r.Items {
		if item.ID == id {
			return item, true
		}
	}
	return Item{}, false
}

// Sorted returns the record with its items in section order; the order inside a section is kept.
func (r Record) Sorted() Record {
	r.Items = slices.Clone(r.Items)
	slices.SortStableFunc(r.Items, func(a, b Item) int { return int(a.Section) - int(b.Section) })
	return r
}

// Filter returns what somebody who may see the granted sections gets to see. Items that the patient hid, and the floor, are
// never in it, whatever the set says. The identity is left out unless section.Identity is granted.
func Filter(r Record, granted section.Set) Record {
	granted &^= section.FloorSet
	filtered := Record{Patient: r.Patient, Version: r.Version, Lang: r.Lang}
	if granted.Has(section.Identity) {
		filtered.Identity = r.Identity
	}
	for _, item := range r.Items {
		if granted.Has(item.Section) && !item.Hidden {
			filtered.Items = append(filtered.Items, item)
		}
	}
	return filtered
}
