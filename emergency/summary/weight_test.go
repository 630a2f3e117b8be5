package summary

import (
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

func TestWeight(t *testing.T) {
	tests := []struct {
		name string
		item Item
		want Weight
	}{
		{"with its day", Item{Section: section.Child, Text: "Weight", Detail: "14.2 kg", Date: "2026-05-03"}, Weight{"14.2", "kg", "2026-05-03"}},
		{"a decimal comma, no space", Item{Section: section.Child, Detail: "14,2kg"}, Weight{"14.2", "kg", ""}},
		{"newborn", Item{Section: section.Child, Detail: "3450 g"}, Weight{"3450", "g", ""}},
		{"pounds", Item{Section: section.Child, Detail: "31 lb"}, Weight{"31", "lb", ""}},
		{"coded", Item{Section: section.Child, Detail: "23 kg", Codings: []Coding{{System: systemLOINC, Code: loincBodyWeight}}}, Weight{"23", "kg", ""}},
		{"a length", Item{Section: section.Child, Detail: "95 cm"}, Weight{}},
		{"words", Item{Section: section.Child, Detail: "about 14 kg"}, Weight{}},
		{"coded as something else", Item{Section: section.Child, Detail: "1.2 kg", Codings: []Coding{{System: systemLOINC, Code: "8339-4"}}}, Weight{}},
		{"of no child", Item{Section: section.Vitals, Detail: "80 kg"}, Weight{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got, known := test.item.Weight(); got != test.want || known != (test.want != Weight{}) {
				t.Errorf("Weight = %+v, %v, want %+v", got, known, test.want)
			}
		})
	}
}

// Any hospital reads the weight as a number, with the code and the unit that the base definition of body weight wants.
func TestExportWritesAWeightAsAQuantity(t *testing.T) {
	document, err := Export(Record{Lang: "en", Items: []Item{{ID: "w", Section: section.Child, Text: "Weight", Detail: "14,2 kg", Date: "2026-05-03"}}}, ExportOptions{Now: exportNow})
	if err != nil {
		t.Fatal(err)
	}
	noViolations(t, document)
	for _, want := range []string{
		`"valueQuantity":{"code":"kg","system":"http://unitsofmeasure.org","unit":"kg","value":14.2}`, `"code":"29463-7"`, `"code":"vital-signs"`, `"effectiveDateTime":"2026-05-03"`,
	} {
		if !strings.Contains(string(document), want) {
			t.Errorf("no %s in %s", want, document)
		}
	}
}
