package summary

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

func TestMergeTakesNothingAwayAndWritesNothingTwice(t *testing.T) {
	mine := Record{Lang: "en", Identity: Identity{Name: Name{Display: "Ada"}, Languages: []string{"en"}}, Items: []Item{
		{ID: "1", Section: section.Allergies, Term: "allergy-penicillin", Confirmed: "2025-01-01", Front: FrontAlways},
		{ID: "2", Section: section.Conditions, Text: "own words"},
	}}
	theirs := Record{Lang: "sv", Identity: Identity{Name: Name{Display: "Ada L."}, Birth: "1958-03-14", Languages: []string{"sv", "en"}}, Items: []Item{
		{ID: "9", Section: section.Allergies, Term: "allergy-penicillin", Confirmed: "2026-01-01", Source: Source{Kind: SourceClinician},
			Codings: []Coding{{System: "s", Code: "c"}}},
		{ID: "2", Section: section.Conditions, Text: "other words under a taken id"},
		{ID: "3", Section: section.Medications, Text: "new"},
	}}
	merged := Merge(mine, theirs)
	if merged.Lang != "en" || merged.Identity.Name.String() != "Ada" || merged.Identity.Birth != "1958-03-14" {
		t.Errorf("identity %+v in %s", merged.Identity, merged.Lang)
	}
	if diff := cmp.Diff([]string{"en", "sv"}, merged.Identity.Languages); diff != "" {
		t.Errorf("languages (-want +got):\n%s", diff)
	}
	if len(merged.Items) != 4 {
		t.Fatalf("%d items, want 4", len(merged.Items))
	}
	first := merged.Items[0]
	if first.ID != "1" || first.Confirmed != "2026-01-01" || first.Source.Kind != SourceClinician || len(first.Codings) != 1 || first.Front != FrontAlways {
		t.Errorf("the item that both have is %+v", first)
	}
	if merged.Items[1].Text != "own words" || merged.Items[2].Text != "other words under a taken id" || merged.Items[2].ID == "2" {
		t.Errorf("items under one id: %+v and %+v", merged.Items[1], merged.Items[2])
	}
	if diff := cmp.Diff(merged, Merge(merged, theirs)); diff != "" {
		t.Errorf("merging the same again changes something (-once +twice):\n%s", diff)
	}
}

// What a sheet needs of an item does not make another item of it.
func TestMergeTakesOverSupplyAndWhoMayCollect(t *testing.T) {
	mine := Record{Items: []Item{
		{ID: "1", Section: section.Medications, Text: "Levothyroxine", Confirmed: "2026-01-01", SupplyUntil: "2026-02-01"},
		{ID: "2", Section: section.Contacts, Name: "Ada"},
		{ID: "3", Section: section.Contacts, Name: "Ben", Collect: CollectMustNot},
	}}
	theirs := Record{Items: []Item{
		{ID: "7", Section: section.Medications, Text: "Levothyroxine", Confirmed: "2026-03-01", SupplyUntil: "2026-05-01"},
		{ID: "8", Section: section.Contacts, Name: "Ada", Collect: CollectMay, OutOfArea: true},
		{ID: "9", Section: section.Contacts, Name: "Ben", Collect: CollectMay},
	}}
	want := Record{Items: []Item{
		{ID: "1", Section: section.Medications, Text: "Levothyroxine", Confirmed: "2026-03-01", SupplyUntil: "2026-05-01"},
		{ID: "2", Section: section.Contacts, Name: "Ada", Collect: CollectMay, OutOfArea: true},
		{ID: "3", Section: section.Contacts, Name: "Ben", Collect: CollectMustNot},
	}}
	if diff := cmp.Diff(want, Merge(mine, theirs)); diff != "" {
		t.Errorf("merged record differs (-want +got):\n%s", diff)
	}
	older := Merge(mine, Record{Items: []Item{{Section: section.Medications, Text: "Levothyroxine", Confirmed: "2025-01-01", SupplyUntil: "2025-02-01"}}})
	if got := older.Items[0].SupplyUntil; got != "2026-02-01" {
		t.Errorf("an older word on the supply replaced a newer one: %s", got)
	}
}
