package summary

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

func healthRecord() Record {
	return Record{
		Lang: "en", Identity: Identity{Name: Name{Family: "Example", Given: []string{"Robin"}}, Birth: "1990-01-02", Gender: "other"},
		Items: []Item{
			{ID: "dnr", Section: section.Directives, Term: "directive-do-not-resuscitate", Date: "2024-03-09"},
			{ID: "proxy", Section: section.Directives, Term: "directive-healthcare-proxy"},
			{ID: "penicillin", Section: section.Allergies, Term: "allergy-penicillin", Severity: "severe", Criticality: "high",
				Reactions: []Concept{{Term: "reaction-anaphylaxis"}, {Text: "blue spots"}}},
			{ID: "plaster", Section: section.Allergies, Text: "Adhesive plaster"},
			{ID: "asthma", Section: section.Conditions, Term: "asthma", Codings: []Coding{{System: "http://hl7.org/fhir/sid/icd-10", Code: "J45", Display: "Asthma"}}},
			{ID: "rare", Section: section.Conditions, Text: "Something rare", Codings: []Coding{{System: "http://snomed.info/sct", Code: "123456"}, {Display: "in words"}}},
			{ID: "apixaban", Section: section.Medications, Term: "med-apixaban", Detail: "5 mg twice daily", Date: "2020-05"},
			{ID: "pacemaker", Section: section.Devices, Term: "device-pacemaker"},
			{ID: "weight", Section: section.Child, Text: "Weight", Detail: "14.2 kg", Date: "2026-05-03"},
			{ID: "ada", Section: section.Contacts, Name: "Ada", Phone: "+447700900123"},
			{ID: "blood", Section: section.BloodGroup, Term: "blood-group-o-negative"},
			{ID: "hidden", Section: section.Conditions, Term: "epilepsy", Hidden: true},
			{ID: "sensitive", Section: section.MentalHealth, Term: "schizophrenia"},
		},
	}
}

func reasons(left []Left) map[string]Reason {
	told := map[string]Reason{}
	for _, l := range left {
		told[l.ItemID] = l.Reason
	}
	return told
}

func TestHealthCardTellsWhatHasACode(t *testing.T) {
	got, err := HealthCard(healthRecord(), HealthCardOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantItems := []string{"dnr", "penicillin", "asthma", "apixaban", "weight", "rare", "blood"}
	if diff := cmp.Diff(wantItems, got.Items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	wantLeft := map[string]Reason{
		"proxy": LeftTextOnly, "plaster": LeftTextOnly, "pacemaker": LeftTextOnly, "ada": LeftTextOnly, "hidden": LeftHidden, "sensitive": LeftSensitive,
		"penicillin": LeftShortened, "rare": LeftShortened, "weight": LeftShortened,
	}
	if diff := cmp.Diff(wantLeft, reasons(got.Left)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	imported, err := Import(got.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	if id := imported.Record.Identity; id.Name.String() != "Robin Example" || id.Birth != "1990-01-02" {
		t.Errorf("identity %+v", id)
	}
	terms := map[string]section.Section{}
	for _, item := range imported.Record.Items {
		terms[item.Term+item.Detail] = item.Section
	}
	wantTerms := map[string]section.Section{
		"directive-do-not-resuscitate": section.Directives, "allergy-penicillin": section.Allergies, "asthma": section.Conditions, "": section.Conditions,
		"med-apixaban5 mg twice daily": section.Medications, "14.2 kg": section.Results, "blood-group-o-negative": section.BloodGroup,
	}
	if diff := cmp.Diff(wantTerms, terms); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// A QR code has no room for what software does not need, and for names of codes least of all.
func TestHealthCardIsMinimised(t *testing.T) {
	for name, document := range bundles(t) {
		t.Run(name, func(t *testing.T) {
			imported, err := Import(document)
			if err != nil {
				t.Fatal(err)
			}
			got, err := HealthCard(imported.Record, HealthCardOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var bundle struct {
				Type  string
				Entry []struct {
					FullURL  string
					Resource struct{ ResourceType string }
				}
			}
			if err := json.Unmarshal(got.Bundle, &bundle); err != nil {
				t.Fatal(err)
			}
			if bundle.Type != "collection" || len(bundle.Entry) != len(got.Items)+1 || bundle.Entry[0].Resource.ResourceType != "Patient" {
				t.Errorf("a %s of %d entries for %d items", bundle.Type, len(bundle.Entry), len(got.Items))
			}
			kinds := []string{"Patient", "AllergyIntolerance", "Condition", "MedicationRequest", "Immunization", "Observation"}
			for i, entry := range bundle.Entry {
				if entry.FullURL != fmt.Sprintf("resource:%d", i) || !slices.Contains(kinds, entry.Resource.ResourceType) {
					t.Errorf("entry %d is %s, a %s", i, entry.FullURL, entry.Resource.ResourceType)
				}
			}
			leaves(t, got.Bundle, func(path []string, value string) {
				here, last := written(path), path[len(path)-1]
				switch {
				case slices.Contains([]string{"id", "display", "meta", "extension", "language", "note"}, last), value == "":
					t.Errorf("%s stands on a card", here)
				case last == "text" && !strings.Contains(here, "dosageInstruction") && !strings.Contains(here, "name"):
					t.Errorf("%s stands on a card", here)
				case last == "reference" && value != "resource:0":
					t.Errorf("%s leads to %s", here, value)
				}
			})
		})
	}
}

// Whatever the room, every item is on the card or said to be left, and the most important come first.
func TestHealthCardKeepsItsRoom(t *testing.T) {
	record := healthRecord()
	whole, err := HealthCard(record, HealthCardOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for limit := 100; limit <= len(whole.Bundle); limit += 50 {
		got, err := HealthCard(record, HealthCardOptions{Fits: func(bundle []byte) bool { return len(bundle) <= limit }})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Bundle) > limit && len(got.Items) > 0 {
			t.Errorf("room for %d bytes, written %d", limit, len(got.Bundle))
		}
		told := reasons(got.Left)
		for _, item := range record.Items {
			reason, left := told[item.ID]
			if on := slices.Contains(got.Items, item.ID); on == (left && reason != LeftShortened) {
				t.Errorf("room for %d bytes: %s is on the card: %v, left: %q", limit, item.ID, on, reason)
			}
		}
		inOrder := slices.DeleteFunc(slices.Clone(whole.Items), func(id string) bool { return !slices.Contains(got.Items, id) })
		if !slices.Equal(inOrder, got.Items) || limit > 700 && got.Items[0] != "dnr" {
			t.Errorf("room for %d bytes: %v are not in the order of their importance", limit, got.Items)
		}
		seen[len(got.Items)] = true
	}
	if len(seen) < 4 {
		t.Errorf("the limits tried make no difference: %v", seen)
	}
}

func TestHealthCardFollowsTheHolder(t *testing.T) {
	got, err := HealthCard(healthRecord(), HealthCardOptions{Choices: map[string]string{"asthma": FrontNever}})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(got.Items, "asthma") || reasons(got.Left)["asthma"] != LeftChoice {
		t.Errorf("items %v, left %v", got.Items, got.Left)
	}
}

// The codes on a card are those of the source, as they were written, else the catalogue's.
func TestHealthCardInventsNoCode(t *testing.T) {
	got, err := HealthCard(healthRecord(), HealthCardOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"code":"J45","system":"http://hl7.org/fhir/sid/icd-10"}`, `{"code":"123456","system":"http://snomed.info/sct"}`,
		`{"code":"304253006","system":"http://snomed.info/sct"}`, `{"code":"882-1","system":"http://loinc.org"}`,
	} {
		if !strings.Contains(string(got.Bundle), want) {
			t.Errorf("no %s in %s", want, got.Bundle)
		}
	}
}

// Where there is room, no item lacks its words, however many there are.
func TestHealthCardWithoutBoundTellsEveryDose(t *testing.T) {
	var record Record
	for i := range 3 * packTries {
		record.Items = append(record.Items, Item{ID: fmt.Sprint(i), Section: section.Medications, Term: "med-apixaban", Detail: fmt.Sprintf("%d mg", i)})
	}
	got, err := HealthCard(record, HealthCardOptions{})
	if err != nil || len(got.Left) > 0 || strings.Count(string(got.Bundle), `"dosageInstruction"`) != len(record.Items) {
		t.Errorf("left %v, %v, in %s", got.Left, err, got.Bundle)
	}
}

func BenchmarkHealthCard(b *testing.B) {
	imported, err := Import(fixture(b, "reference"))
	if err != nil {
		b.Fatal(err)
	}
	fits := func(bundle []byte) bool { return len(bundle) < 3000 }
	for b.Loop() {
		if _, err := HealthCard(imported.Record, HealthCardOptions{Fits: fits}); err != nil {
			b.Fatal(err)
		}
	}
}
