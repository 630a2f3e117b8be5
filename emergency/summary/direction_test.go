package summary

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

func TestSettled(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "Robin Example", "Robin Example"},
		{"other signs that begin with the same byte", "5 – 10 mg “daily”…", "5 – 10 mg “daily”…"},
		{"isolate that ends", "جرعة \u20665 mg\u2069 يوميا", "جرعة \u20665 mg\u2069 يوميا"},
		{"embedding that ends", "\u202bسلمى\u202c", "\u202bسلمى\u202c"},
		{"one inside the other", "\u2068a\u202ab\u202cc\u2069", "\u2068a\u202ab\u202cc\u2069"},
		{"marks of one letter", "a\u200eb\u200f", "a\u200eb\u200f"},
		{"override, although it ends", "Robin \u202egnoL\u202c", "Robin gnoL"},
		{"override to the left", "\u202dx\u202c", "x"},
		{"isolate without an end", "Robin\u2067", "Robin"},
		{"end without a beginning", "Robin\u2069 Example", "Robin Example"},
		{"embedding without an end", "\u202aRobin", "Robin"},
		{"crossed", "\u2066a\u202bb\u2069c\u202c", "abc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := settled(test.text)
			if got != test.want || !isSettled(got) {
				t.Errorf("settled(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

const turned = "a\u202egnol\u2066"

// turnedFront has letters turned round, and directions without an end, in every text.
func turnedFront() Front {
	return Front{
		Lang: turned, Identity: FrontIdentity{Name: turned, Country: turned, AnswersTo: turned, Languages: []string{turned}},
		Items: []FrontItem{{
			Section: section.Contacts, Text: turned, Detail: turned, Note: turned, Status: turned, Name: turned, Phone: turned, Relation: turned,
			Reactions: []FrontConcept{{Text: turned}}, Source: Source{SourceSelf, turned},
		}},
	}
}

// No front turns the text of the page round that shows it, whoever made it; what else it says stays.
func TestNoDirectionLeavesAFront(t *testing.T) {
	item, err := EncodeFront(turnedFront())
	if err != nil {
		t.Fatal(err)
	}
	front, err := DecodeFront(item)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(front)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(text), allDirections) || front.Identity.Name != "agnol" || front.Items[0].Reactions[0].Text != "agnol" {
		t.Errorf("decoded: %+q", text)
	}
}

// Nor does a record of ours get such a text onto a card or into a narrative.
func TestNoDirectionLeavesARecord(t *testing.T) {
	item := Item{ID: "1", Section: section.Contacts, Text: turned, Detail: turned, Note: turned, Name: turned, Phone: turned, Relation: turned,
		Source: Source{SourceSelf, turned}, Reactions: []Concept{{Text: turned}}}
	record := Record{Identity: Identity{Name: Name{Display: turned}, AnswersTo: turned, Country: turned, Languages: []string{turned}}, Items: []Item{item}}
	packed, err := Pack(record, PackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	exact, _, err := decodeFront(packed.Encoded)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{"front": packed.Front, "encoded front": exact} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(text), allDirections) {
			t.Errorf("%s: %+q", name, text)
		}
	}
	document, err := Export(record, ExportOptions{Now: exportNow})
	if err != nil {
		t.Fatal(err)
	}
	for code, text := range narratives(t, document) {
		if strings.ContainsAny(text, allDirections) {
			t.Errorf("narrative of %s: %+q", code, text)
		}
	}
}

// What Settle returns is valid where only characters were wrong, and what was settled keeps its bytes; the record that was given is not changed.
func TestSettle(t *testing.T) {
	record := validRecord()
	if diff := cmp.Diff(record, Settle(record)); diff != "" {
		t.Errorf("a settled record is changed (-before +after):\n%s", diff)
	}
	record.Identity.Name = Name{Display: turned, Family: turned, Given: []string{turned, "b\nin"}}
	record.Items[2].Name, record.Items[2].Phone = "Ada\u2067", "\u202d+44 7700 900123\u202c"
	record.Items[0].Reactions[0].Text = turned
	before := slices.Clone(record.Identity.Name.Given)
	got := Settle(record)
	if err := Validate(got); err != nil {
		t.Error(err)
	}
	if name := got.Identity.Name.Given[1]; name != "b in" || got.Items[2].Name != "Ada" || got.Items[2].Phone != "+44 7700 900123" || got.Items[0].Reactions[0].Text != "agnol" {
		t.Errorf("settled: %+v", got)
	}
	if !slices.Equal(before, record.Identity.Name.Given) || record.Items[0].Reactions[0].Text != turned {
		t.Error("Settle writes into the record that it was given")
	}
}

func TestImportSettles(t *testing.T) {
	document := `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","name":[{"text":"Robin\u202e","family":"a\nb"}],
		"contact":[{"name":{"text":"Ada\u2067"},"telecom":[{"value":"\u202a112"}]}]}},
		{"resource":{"resourceType":"Condition","code":{"text":"Asthma\u202c"},"note":[{"text":"x\u202ey"}]}}]}`
	imported, err := Import([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := Validate(imported.Record); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(imported.Record)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(text), allDirections) {
		t.Errorf("imported: %+q", text)
	}
}
