package terms

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

func catalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The first 451 numbers were given with the first cards. New terms are appended; the digest of these rows never changes.
func TestNumbersAreNeverChanged(t *testing.T) {
	data, err := files.ReadFile("catalogue/numbers.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfterN(string(data), "\n", 453)
	if len(lines) < 453 {
		t.Fatalf("numbers.csv has %d lines: a number was taken away", len(lines))
	}
	sum := sha256.Sum256([]byte(strings.Join(lines[:452], "")))
	const want = "6c73c5ce1413b263c433fe2b4a5f1d0a3bf96458ae1f70e408da930b6946a3f4"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the first 451 numbers have the digest %s, want %s: old cards would be read wrongly", got, want)
	}
}

func TestEveryTermIsWhole(t *testing.T) {
	c := catalogue(t)
	if c.Len() != 451 || len(c.Languages()) != 14 {
		t.Fatalf("%d terms in %d languages, want 451 in 14", c.Len(), len(c.Languages()))
	}
	for _, term := range c.All() {
		if term.Category == "" || term.Priority < 1 || term.Priority > 3 || !term.Section().Valid() {
			t.Errorf("%s: category %q, priority %d, section %v", term.Key, term.Category, term.Priority, term.Section())
		}
		if back, ok := c.ByKey(term.Key); !ok || back != term {
			t.Errorf("ByKey(%s) = %v, %v", term.Key, back, ok)
		}
		if back, ok := c.ByNumber(term.Number); !ok || back != term {
			t.Errorf("ByNumber(%d) = %v, %v", term.Number, back, ok)
		}
		for _, lang := range c.Languages() {
			if text, provenance := c.Label(term.Key, lang); text == "" || provenance != Official && provenance != Drafted {
				t.Errorf("%s in %s: label %q, provenance %q", term.Key, lang, text, provenance)
			}
		}
	}
	for _, number := range []int{-1, 0, 452} {
		if term, ok := c.ByNumber(number); ok {
			t.Errorf("ByNumber(%d) = %v, want none", number, term)
		}
	}
	if _, ok := c.ByKey("no-such-term"); ok {
		t.Error("ByKey finds a term that does not exist")
	}
}

// Numbers below 24 take one byte on a card and numbers below 256 two: the life-critical terms are among them.
func TestLifeCriticalTermsHaveShortNumbers(t *testing.T) {
	for _, term := range catalogue(t).All() {
		if term.Priority == 1 && term.Number > 255 {
			t.Errorf("%s is life-critical and has the number %d", term.Key, term.Number)
		}
	}
}

// Every code of the product's copy is the code of the shared catalogue, where that stands beside the checkout.
func TestCopyAgreesWithSharedCatalogue(t *testing.T) {
	for _, name := range []string{"terms.csv", "labels.csv", "alt_codes.csv"} {
		ours, err := files.ReadFile("catalogue/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := csv.NewReader(strings.NewReader(string(ours))).ReadAll(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		shared, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "terms", name))
		if err == nil && string(shared) != string(ours) {
			t.Errorf("%s differs from the shared catalogue", name)
		}
	}
}

func TestMatch(t *testing.T) {
	tests := []struct {
		name, system, code string
		key                string
		quality            Quality
	}{
		{"own code", "http://snomed.info/sct", "91936005", "allergy-penicillin", Exact},
		{"https", "https://snomed.info/sct", "91936005", "allergy-penicillin", Exact},
		{"trailing slash", "http://snomed.info/sct/", "91936005", "allergy-penicillin", Exact},
		{"edition", "http://snomed.info/sct/900000000000207008/version/20240101", "91936005", "allergy-penicillin", Exact},
		{"oid", "urn:oid:2.16.840.1.113883.6.96", "91936005", "allergy-penicillin", Exact},
		{"version after a bar", "http://snomed.info/sct|2024", "91936005", "allergy-penicillin", Exact},
		{"spaces around", " http://snomed.info/sct ", " 91936005 ", "allergy-penicillin", Exact},
		{"alternative code", "http://www.nlm.nih.gov/research/umls/rxnorm", "1364430", "med-apixaban", Alt},
		{"ATC class of the term", "http://www.whocc.no/atc", "B01AF02", "med-apixaban", Class},
		{"ATC code below a class", "http://www.whocc.no/atc", "A10AE04", "med-insulin", Wider},
		{"ATC group without a term", "http://www.whocc.no/atc", "C10AA05", "", 0},
		{"ICD-10 class", "http://hl7.org/fhir/sid/icd-10", "G40", "epilepsy", Class},
		{"ICD-10-CM below a class", "http://hl7.org/fhir/sid/icd-10-cm", "I25.10", "coronary-heart-disease", Wider},
		{"lower case", "http://hl7.org/fhir/sid/icd-10", "g40.3", "epilepsy", Wider},
		{"class of several terms", "http://hl7.org/fhir/sid/icd-10", "G71.0", "", 0},
		{"unknown code", "http://snomed.info/sct", "1", "", 0},
		{"right code, wrong system", "http://loinc.org", "91936005", "", 0},
		{"empty", "", "", "", 0},
	}
	c := catalogue(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			term, quality, ok := c.Match(test.system, test.code)
			if term.Key != test.key || ok != (test.key != "") || ok && quality != test.quality {
				t.Errorf("Match(%q, %q) = %q, %d, %v, want %q, %d", test.system, test.code, term.Key, quality, ok, test.key, test.quality)
			}
		})
	}
}

func TestEveryCodeFindsItsTerm(t *testing.T) {
	c := catalogue(t)
	for _, term := range c.All() {
		if term.Local() {
			continue
		}
		if found, quality, ok := c.Match(term.System, term.Code); !ok || found != term || quality != Exact {
			t.Errorf("Match(%s, %s) = %s, %d, want %s exactly", term.System, term.Code, found.Key, quality, term.Key)
		}
	}
}

func TestSensitiveTermsStartBehindTheirOwnDoor(t *testing.T) {
	c := catalogue(t)
	for key, want := range map[string]section.Section{
		"hiv-infection": section.SexualHealth, "schizophrenia": section.MentalHealth,
		"alcohol-dependence": section.SubstanceUse, "epilepsy": section.Conditions, "med-insulin": section.Medications,
	} {
		term, ok := c.ByKey(key)
		if !ok || term.Section() != want {
			t.Errorf("%s starts in %v, want %v", key, term.Section(), want)
		}
	}
}

func TestLabelFallsBackToEnglish(t *testing.T) {
	c := catalogue(t)
	english, _ := c.Label("asthma", "en")
	tests := []struct{ lang, want string }{{"en-GB", english}, {"tlh", english}, {"", english}}
	for _, test := range tests {
		if got, _ := c.Label("asthma", test.lang); got != test.want {
			t.Errorf("Label(asthma, %q) = %q, want %q", test.lang, got, test.want)
		}
	}
	brazil, _ := c.Label("asthma", "pt-BR")
	if portuguese, _ := c.Label("asthma", "pt"); brazil != portuguese || brazil == english {
		t.Errorf("Label(asthma, pt-BR) = %q, want the Portuguese %q", brazil, portuguese)
	}
	if got, _ := c.Label("no-such-term", "en"); got != "" {
		t.Errorf("the label of an unknown term is %q", got)
	}
}

func TestLabelsJSON(t *testing.T) {
	c := catalogue(t)
	for _, lang := range c.Languages() {
		data, err := c.LabelsJSON(lang)
		if err != nil {
			t.Fatal(err)
		}
		var got labelsJSON
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if got.Version != 1 || got.Lang != lang || len(got.Labels) != c.Len()+1 || len(got.Drafted) != c.Len()+1 {
			t.Fatalf("%s: version %d, lang %s, %d labels, %d flags", lang, got.Version, got.Lang, len(got.Labels), len(got.Drafted))
		}
		for number := 1; number <= c.Len(); number++ {
			term, _ := c.ByNumber(number)
			text, provenance := c.Label(term.Key, lang)
			if got.Labels[number] != text || (got.Drafted[number] == '1') != (provenance == Drafted) {
				t.Errorf("%s, %s: %q drafted %c, want %q %s", lang, term.Key, got.Labels[number], got.Drafted[number], text, provenance)
			}
		}
		if again, _ := c.LabelsJSON(lang); string(again) != string(data) {
			t.Errorf("%s: the bytes are not stable", lang)
		}
	}
	if data, err := c.LabelsJSON("tlh"); err != nil || !strings.Contains(string(data), `"lang":"en"`) {
		t.Errorf("an unknown language does not give the English labels: %v", err)
	}
}
