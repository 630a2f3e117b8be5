package summary

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

func TestImportRefuses(t *testing.T) {
	tests := []struct {
		name     string
		document []byte
		want     error
	}{
		{"nothing", nil, ErrDocumentJSON},
		{"not JSON", []byte("<Bundle/>"), ErrDocumentJSON},
		{"half a document", []byte(`{"resourceType":"Bundle","entry":[`), ErrDocumentJSON},
		{"two documents", []byte(`{"resourceType":"Bundle"}{}`), ErrDocumentJSON},
		{"not UTF-8", []byte("{\"resourceType\":\"Bundle\",\"language\":\"\xff\xfe\"}"), ErrDocumentText},
		{"50 MB", bytes.Repeat([]byte(" "), 50<<20), ErrDocumentTooLarge},
		{"deep arrays", []byte(strings.Repeat("[", 100_000)), ErrDocumentTooLarge},
		{"deep objects", []byte(`{"resourceType":"Bundle","a":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + "}"), ErrDocumentTooLarge},
		{"a million values", []byte(`{"resourceType":"Bundle","a":[` + strings.Repeat("0,", maxNodes) + "0]}"), ErrDocumentTooLarge},
		{"many entries", []byte(`{"resourceType":"Bundle","entry":[` + strings.Repeat("{},", maxEntries) + "{}]}"), ErrDocumentTooLarge},
		{"an object of many members", manyMembers(), ErrDocumentTooLarge},
		{"many names used twice", []byte(`{"resourceType":"Bundle"` + strings.Repeat(`,"a":1`, 200) + "}"), ErrDocumentJSON},
		{"an array", []byte(`[]`), ErrNotBundle},
		{"a text", []byte(`"Bundle"`), ErrNotBundle},
		{"another resource", []byte(`{"resourceType":"Patient"}`), ErrNotBundle},
		{"no type", []byte(`{"resourceType":null}`), ErrNotBundle},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Import(test.document); !errors.Is(err, test.want) {
				t.Errorf("Import = %v, want %v", err, test.want)
			}
		})
	}
}

func manyMembers() []byte {
	var members strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&members, `,"m%d":1`, i)
	}
	return []byte(`{"resourceType":"Bundle"` + members.String() + `}`)
}

// A document in which any value is of any other kind is read as far as it can be, without a panic.
func TestImportSurvivesWrongTypesEverywhere(t *testing.T) {
	for _, name := range []string{"adult", "family-ar-daughter", "reference"} {
		document := fixture(t, name)
		var root any
		if err := json.Unmarshal(document, &root); err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []any{nil, "text", 7.5, true, []any{}, map[string]any{}, []any{map[string]any{"coding": "x"}}, map[string]any{"reference": 3}} {
			for place := 0; ; place += 37 { // every thirty-seventh place: all of them take minutes
				changed, done := replaced(root, wrong, place)
				if done {
					break
				}
				data, err := json.Marshal(changed)
				if err != nil {
					t.Fatal(err)
				}
				imported, err := Import(data)
				if err != nil && !errors.Is(err, ErrNotBundle) {
					t.Fatalf("%s, value %d replaced by %v: %v", name, place, wrong, err)
				}
				if err == nil && Validate(imported.Record) != nil {
					t.Fatalf("%s, value %d replaced by %v: the record is not valid: %v", name, place, wrong, Validate(imported.Record))
				}
			}
		}
	}
}

// replaced returns a copy of a JSON value with the value at a place (counted depth first) replaced; done when there is no such place.
func replaced(value, by any, place int) (any, bool) {
	left := place
	var walk func(v any) any
	walk = func(v any) any {
		if left == 0 {
			left--
			return by
		}
		left--
		switch v := v.(type) {
		case map[string]any:
			names := make([]string, 0, len(v))
			for name := range v {
				names = append(names, name)
			}
			slices.Sort(names)
			out := map[string]any{}
			for _, name := range names {
				out[name] = walk(v[name])
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i := range v {
				out[i] = walk(v[i])
			}
			return out
		}
		return v
	}
	changed := walk(value)
	return changed, left >= 0
}

func TestImportReportsNamesUsedTwice(t *testing.T) {
	document := []byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Condition","code":{"text":"Asthma","text":"Nothing"},"code":{"text":"Gout"}}}]}`)
	imported, err := Import(document)
	if err != nil {
		t.Fatal(err)
	}
	if len(imported.Record.Items) != 1 || imported.Record.Items[0].Text != "Asthma" {
		t.Errorf("items %+v, want the first value of each name", imported.Record.Items)
	}
	told := map[string]string{}
	for _, line := range imported.NotUnderstood {
		if line.Why == WhyDuplicate {
			told[line.Path] = line.Words
		}
	}
	if told["entry[0].resource.code.text"] != "Nothing" || told["entry[0].resource.code"] != "Gout" {
		t.Errorf("told %v, want both names that are used twice", told)
	}
}

func bundleOf(resources ...string) []byte {
	var entries []string
	for _, r := range resources {
		entries = append(entries, `{"resource":`+r+`}`)
	}
	return []byte(`{"resourceType":"Bundle","type":"collection","entry":[` + strings.Join(entries, ",") + `]}`)
}

func TestImportOfOddThings(t *testing.T) {
	const snomed = `"system":"http://snomed.info/sct"`
	tests := []struct {
		name      string
		resources []string
		check     func(Imported) error
	}{
		{
			"refuted and entered in error are not true", []string{
				`{"resourceType":"AllergyIntolerance","verificationStatus":{"coding":[{"code":"refuted"}]},"code":{"text":"Penicillin"}}`,
				`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"entered-in-error"}]},"code":{"text":"Asthma"}}`,
				`{"resourceType":"Observation","status":"entered-in-error","code":{"text":"Pulse"},"valueString":"0"}`,
				`{"resourceType":"Immunization","status":"not-done","vaccineCode":{"text":"BCG"}}`,
			},
			func(im Imported) error { return want(im, 0, 4, WhyRefuted) },
		},
		{
			"a medicine that is not in the document keeps its words",
			[]string{`{"resourceType":"MedicationStatement","status":"active","medicationReference":{"reference":"Medication/9","display":"Digoxin 0.1 mg"}}`},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Medications, Text: "Digoxin 0.1 mg", Status: "active"})
			},
		},
		{
			"a medicine without words or code is reported",
			[]string{`{"resourceType":"MedicationStatement","status":"active","medicationReference":{"reference":"Medication/9"}}`},
			func(im Imported) error { return want(im, 0, 1, WhyWithoutMeaning) },
		},
		{
			"a contained medicine", []string{
				`{"resourceType":"MedicationRequest","status":"active","contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{` + snomed + `,"code":"372756006"}]}}],"medicationReference":{"reference":"#m"}}`,
			},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Medications, Term: "med-warfarin", Status: "active", Codings: []Coding{{System: "http://snomed.info/sct", Code: "372756006"}}})
			},
		},
		{
			"a medicine by relative reference", []string{
				`{"resourceType":"MedicationStatement","status":"active","medicationReference":{"reference":"Medication/m"}}`,
				`{"resourceType":"Medication","id":"m","code":{"text":"Aspirin 100"}}`,
			},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Medications, Text: "Aspirin 100", Status: "active"})
			},
		},
		{
			"a combination is not its first part", []string{
				`{"resourceType":"MedicationStatement","contained":[{"resourceType":"Medication","id":"m","ingredient":[{"itemCodeableConcept":{"text":"A"}},{"itemCodeableConcept":{"text":"B"}}]}],"medicationReference":{"reference":"#m"}}`,
			},
			func(im Imported) error { return wantItem(im, Item{Section: section.Medications, Text: "A; B"}) },
		},
		{
			"a class that is wider than the words", []string{
				`{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"G40.3","display":"Juvenile myoclonic epilepsy"}]}}`,
			},
			func(im Imported) error {
				return wantItem(im, Item{
					Section: section.Conditions, Text: "Juvenile myoclonic epilepsy",
					Codings: []Coding{{System: "http://hl7.org/fhir/sid/icd-10", Code: "G40.3", Display: "Juvenile myoclonic epilepsy"}},
				})
			},
		},
		{
			"a class without any words", []string{`{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"G40.3"}]}}`},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Conditions, Term: "epilepsy", Codings: []Coding{{System: "http://hl7.org/fhir/sid/icd-10", Code: "G40.3"}}})
			},
		},
		{
			"a sensitive condition starts behind its own door", []string{`{"resourceType":"Condition","code":{"coding":[{` + snomed + `,"code":"86406008"}]}}`},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.SexualHealth, Term: "hiv-infection", Codings: []Coding{{System: "http://snomed.info/sct", Code: "86406008"}}})
			},
		},
		{
			"no known allergies", []string{`{"resourceType":"AllergyIntolerance","code":{"coding":[{` + snomed + `,"code":"716186003"}]}}`},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Allergies, Term: "no-known-allergy", Absent: AbsentKnownNone, Codings: []Coding{{System: "http://snomed.info/sct", Code: "716186003"}}})
			},
		},
		{
			"nobody asked", []string{
				`{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips","code":"no-problem-info","display":"No information"}]}}`,
			},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Conditions, Text: "No information", Absent: AbsentNoInformation, Codings: []Coding{
					{System: "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips", Code: "no-problem-info", Display: "No information"},
				}})
			},
		},
		{
			"a second patient", []string{`{"resourceType":"Patient","name":[{"text":"One"}]}`, `{"resourceType":"Patient","name":[{"text":"Two"}]}`},
			func(im Imported) error {
				if im.Record.Identity.Name.Display != "One" {
					return fmt.Errorf("the person is %q", im.Record.Identity.Name.Display)
				}
				return want(im, 0, 1, WhyOtherPatient)
			},
		},
		{
			"a kind that no record keeps", []string{`{"resourceType":"FamilyMemberHistory","name":"Uncle Bob"}`},
			func(im Imported) error { return want(im, 0, 1, WhyKind) },
		},
		{
			"an entry without a resource", []string{`null`},
			func(im Imported) error { return want(im, 0, 1, WhyWithoutMeaning) },
		},
		{
			"blood pressure", []string{
				`{"resourceType":"Observation","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],"code":{"text":"Blood pressure"},"component":[{"code":{"text":"Systolic"},"valueQuantity":{"value":120,"unit":"mmHg"}},{"code":{"text":"Diastolic"},"valueQuantity":{"value":80,"unit":"mmHg"}}]}`,
			},
			func(im Imported) error {
				return wantItem(im, Item{Section: section.Vitals, Text: "Blood pressure", Detail: "Systolic 120 mmHg; Diastolic 80 mmHg", Status: "final"})
			},
		},
		{
			"a text longer than a record allows is cut, and said", []string{`{"resourceType":"Condition","code":{"text":"` + strings.Repeat("語", 2000) + `"}}`},
			func(im Imported) error {
				if len(im.Record.Items) != 1 || len(im.Record.Items[0].Text) != 3999 {
					return fmt.Errorf("%d items", len(im.Record.Items))
				}
				return want(im, 1, 1, WhyTooLong)
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			imported, err := Import(bundleOf(test.resources...))
			if err != nil {
				t.Fatal(err)
			}
			if err := test.check(imported); err != nil {
				t.Error(err)
			}
		})
	}
}

func want(im Imported, items, lines int, why string) error {
	told := 0
	for _, line := range im.NotUnderstood {
		if line.Why == why {
			told++
		}
	}
	if len(im.Record.Items) != items || told != lines {
		return fmt.Errorf("%d items and %d lines of %s, want %d and %d: %+v", len(im.Record.Items), told, why, items, lines, im.NotUnderstood)
	}
	return nil
}

func wantItem(im Imported, item Item) error {
	if len(im.Record.Items) != 1 {
		return fmt.Errorf("%d items", len(im.Record.Items))
	}
	got := im.Record.Items[0]
	got.ID = ""
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", item) {
		return fmt.Errorf("item %+v, want %+v", got, item)
	}
	return nil
}

func TestImportOfTenThousandMedications(t *testing.T) {
	var resources []string
	for i := range 10_000 {
		resources = append(resources, fmt.Sprintf(`{"resourceType":"MedicationStatement","status":"active","medicationCodeableConcept":{"text":"Medicine %d"},"dosage":[{"text":"1-0-1"}]}`, i))
	}
	imported, err := Import(bundleOf(resources...))
	if err != nil || len(imported.Record.Items) != 10_000 || len(imported.KeptAsText) != 10_000 {
		t.Fatalf("%d items, %v", len(imported.Record.Items), err)
	}
	exported, err := Export(imported.Record, ExportOptions{Now: exportNow})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Import(exported)
	if err != nil || len(again.Record.Items) != 10_000 {
		t.Errorf("exported and imported again: %d items, %v", len(again.Record.Items), err)
	}
}

// Script in every text stays text: it is in the record as it was written, and escaped in what we write.
func TestScriptInEveryText(t *testing.T) {
	const script = `<script>alert(1)</script>`
	var root any
	if err := json.Unmarshal(fixture(t, "adult"), &root); err != nil {
		t.Fatal(err)
	}
	var poison func(v any, name string) any
	poison = func(v any, name string) any {
		switch v := v.(type) {
		case map[string]any:
			for key := range v {
				v[key] = poison(v[key], key)
			}
			return v
		case []any:
			for i := range v {
				v[i] = poison(v[i], name)
			}
			return v
		case string:
			if slices.Contains([]string{"text", "display", "family", "given", "name", "title", "div", "value"}, name) {
				return v + script
			}
		}
		return v
	}
	document, err := json.Marshal(poison(root, ""))
	if err != nil {
		t.Fatal(err)
	}
	imported, err := Import(document)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(imported.Record.Identity.Name.Family, script) {
		t.Errorf("the family name was changed: %q", imported.Record.Identity.Name.Family)
	}
	exported, err := Export(imported.Record, ExportOptions{Now: exportNow, Author: script})
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			Resource struct {
				Section []struct{ Text struct{ Div string } }
			}
		}
	}
	if err := json.Unmarshal(exported, &bundle); err != nil {
		t.Fatal(err)
	}
	narratives := 0
	for _, s := range bundle.Entry[0].Resource.Section {
		narratives++
		if strings.Contains(s.Text.Div, "<script") || !strings.Contains(s.Text.Div, "&lt;script&gt;") && strings.Contains(s.Text.Div, "alert") {
			t.Errorf("a narrative has markup of the record in it: %s", s.Text.Div)
		}
	}
	if narratives < 3 {
		t.Errorf("only %d narratives", narratives)
	}
}

// Import is deterministic: a document read twice gives the same record, so that a second import of it changes nothing.
func TestImportTwiceGivesTheSameRecord(t *testing.T) {
	for name, document := range bundles(t) {
		first, err := Import(document)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Import(document)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := mustMarshal(t, first), mustMarshal(t, second); !bytes.Equal(a, b) {
			t.Errorf("%s: two imports differ", name)
		}
	}
}

func FuzzImport(f *testing.F) {
	for _, document := range bundles(f) {
		if len(document) < 50_000 {
			f.Add(document)
		}
	}
	f.Add(bundleOf(`{"resourceType":"Condition","code":{"text":"a","text":"b"}}`, `null`, `7`))
	f.Fuzz(func(t *testing.T, document []byte) {
		imported, err := Import(document)
		if err != nil {
			return
		}
		if err := Validate(imported.Record); err != nil {
			t.Fatalf("what was imported is not valid: %v", err)
		}
		exported, err := Export(imported.Record, ExportOptions{Now: time.Unix(0, 0)})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Import(exported)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := mustMarshal(t, imported.Record), mustMarshal(t, again.Record); !bytes.Equal(a, b) {
			t.Fatalf("record differs after export and import:\n%s\n%s", a, b)
		}
		card, err := HealthCard(imported.Record, HealthCardOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if told, err := Import(card.Bundle); err != nil || len(told.Record.Items) != len(card.Items) {
			t.Fatalf("%d items on a health card are read as %d: %v\n%s", len(card.Items), len(told.Record.Items), err, card.Bundle)
		}
	})
}

func BenchmarkImportTenThousandMedications(b *testing.B) {
	var resources []string
	for i := range 10_000 {
		resources = append(resources, fmt.Sprintf(`{"resourceType":"MedicationStatement","status":"active","medicationCodeableConcept":{"text":"Medicine %d"},"dosage":[{"text":"1-0-1"}]}`, i))
	}
	document := bundleOf(resources...)
	for b.Loop() {
		if _, err := Import(document); err != nil {
			b.Fatal(err)
		}
	}
}
