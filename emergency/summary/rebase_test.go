package summary

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

func edited(changes ...func(*Record)) Record {
	r := validRecord()
	r.Items = slices.Clone(r.Items)
	for _, change := range changes {
		change(&r)
	}
	return r
}

func TestRebase(t *testing.T) {
	dose := func(detail string) func(*Record) { return func(r *Record) { r.Items[1].Detail = detail } }
	note := func(r *Record) { r.Items[1].Note = "with food" }
	without := func(r *Record) { r.Items = slices.Delete(r.Items, 1, 2) }
	with := func(id string) func(*Record) {
		return func(r *Record) {
			r.Items = append(r.Items, Item{ID: id, Section: section.BloodGroup, Text: "A"})
		}
	}
	version := func(r *Record) { r.Version++ }
	tests := []struct {
		name         string
		mine, theirs Record
		want         Record
		conflicts    []Conflict
	}{
		{"nothing changed", edited(), edited(), edited(), nil},
		{"only mine", edited(dose("x")), edited(), edited(dose("x")), nil},
		{"only theirs", edited(), edited(dose("x"), version), edited(dose("x"), version), nil},
		{"two fields of one item", edited(dose("x")), edited(note, version), edited(dose("x"), note, version), nil},
		{"the same change", edited(dose("x")), edited(dose("x")), edited(dose("x")), nil},
		{"one field, two ways", edited(dose("x")), edited(dose("y"), version), edited(dose("x"), version), []Conflict{{"m", "detail", "x", "y"}}},
		{"both add", edited(with("1")), edited(with("2")), edited(with("2"), with("1")), nil},
		{"I take away", edited(without), edited(version), edited(without, version), nil},
		{"they take away", edited(), edited(without), edited(without), nil},
		{"both take away", edited(without), edited(without), edited(without), nil},
		{"I take away what they changed", edited(without), edited(dose("y")), edited(dose("y")), []Conflict{{"m", "", nil, edited(dose("y")).Items[1]}}},
		{"they take away what I changed", edited(dose("x")), edited(without), edited(dose("x")), []Conflict{{"m", "", edited(dose("x")).Items[1], nil}}},
		{
			"identity", edited(func(r *Record) { r.Identity.Birth = "1991" }),
			edited(func(r *Record) { r.Identity.Birth = "1992"; r.Identity.Gender = "female" }),
			edited(func(r *Record) { r.Identity.Birth = "1991"; r.Identity.Gender = "female" }),
			[]Conflict{{"", "identity.birth", Date("1991"), Date("1992")}},
		},
		{
			"language", edited(func(r *Record) { r.Lang = "fr" }), edited(func(r *Record) { r.Lang = "de" }), edited(func(r *Record) { r.Lang = "fr" }),
			[]Conflict{{"", "lang", "fr", "de"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, conflicts := Rebase(validRecord(), test.mine, test.theirs)
			if diff := cmp.Diff(test.want.Sorted(), got); diff != "" {
				t.Errorf("record differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.conflicts, conflicts); diff != "" {
				t.Errorf("conflicts differ (-want +got):\n%s", diff)
			}
		})
	}
}
