package terms

import (
	"slices"
	"strings"
	"testing"
)

func TestSearch(t *testing.T) {
	tests := []struct {
		name, lang, query string
		category          Category
		want              string // must be among the first five
	}{
		{"beginning", "en", "penic", Allergy, "allergy-penicillin"},
		{"word inside", "en", "pacema", Device, "device-pacemaker"},
		{"case", "en", "EPILEPSY", "", "epilepsy"},
		{"accents left out", "fr", "epilep", Condition, "epilepsy"},
		{"accents typed", "en", "épilep", Condition, "epilepsy"},
		{"two words in any order", "en", "type 1 diab", Condition, "diabetes-type-1"},
		{"full-width letters", "ja", "ＨＩＶ", "", "hiv-infection"},
		{"English in another language", "ja", "warfarin", Medication, "med-warfarin"},
		{"all categories", "es", "insulina", "", "med-insulin"},
	}
	c := catalogue(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var keys []string
			for _, term := range c.Search(test.lang, test.query, test.category, 5) {
				keys = append(keys, term.Key)
				if test.category != "" && term.Category != test.category {
					t.Errorf("%s is a %s, want only %s", term.Key, term.Category, test.category)
				}
			}
			if !slices.Contains(keys, test.want) {
				t.Errorf("Search(%q, %q) = %v, want %s among them", test.lang, test.query, keys, test.want)
			}
		})
	}
}

// Whoever types a label as it is written finds its term, in every language and script.
func TestSearchFindsEveryLabel(t *testing.T) {
	c := catalogue(t)
	for _, lang := range c.Languages() {
		for _, term := range c.All() {
			text, _ := c.Label(term.Key, lang)
			if found := c.Search(lang, text, term.Category, 10); !slices.Contains(found, term) {
				t.Errorf("Search(%s, %q) does not find %s", lang, text, term.Key)
			}
		}
	}
}

func TestSearchInsideUnspacedScripts(t *testing.T) {
	c := catalogue(t)
	text, _ := c.Label("allergy-penicillin", "ja")
	middle := string([]rune(text)[1:3])
	if len(c.Search("ja", middle, Allergy, 50)) == 0 {
		t.Errorf("nothing found for %q inside %q", middle, text)
	}
}

func TestSearchRefusesNothingAndTooMuch(t *testing.T) {
	c := catalogue(t)
	for name, query := range map[string]string{"empty": "", "signs only": "?!", "too long": strings.Repeat("a", 201), "not UTF-8": "\xff\xfe"} {
		if found := c.Search("en", query, "", 10); len(found) != 0 {
			t.Errorf("%s: %d terms", name, len(found))
		}
	}
	if found := c.Search("en", "a", "", 3); len(found) != 3 {
		t.Errorf("a limit of 3 gives %d terms", len(found))
	}
	if found := c.Search("en", "a", "", -1); len(found) != 0 {
		t.Errorf("a negative limit gives %d terms", len(found))
	}
}

func BenchmarkSearch(b *testing.B) {
	c := catalogue(b)
	c.Search("es", "a", "", 1)
	for b.Loop() {
		c.Search("es", "alergia a la pen", "", 10)
	}
}
