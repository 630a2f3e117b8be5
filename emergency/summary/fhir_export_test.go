package summary

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

var exportNow = time.Date(2026, 10, 1, 9, 0, 0, 0, time.UTC)

// What was imported is exported as a valid summary, and imported again as the same record, whatever the document was like.
func TestExportRoundTripOfEveryBundle(t *testing.T) {
	for name, document := range bundles(t) {
		t.Run(name, func(t *testing.T) {
			imported, err := Import(document)
			if err != nil {
				t.Fatal(err)
			}
			if err := Validate(imported.Record); err != nil {
				t.Errorf("what was imported is not valid: %v", err)
			}
			exported, err := Export(imported.Record, ExportOptions{Now: exportNow, Author: "Locket"})
			if err != nil {
				t.Fatal(err)
			}
			noViolations(t, exported)
			again, err := Import(exported)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(imported.Record, again.Record); diff != "" {
				t.Errorf("record differs after export and import (-first +second):\n%s", diff)
			}
			for _, line := range again.NotUnderstood {
				t.Errorf("not understood of our own export: %s: %s (%s)", line.Path, line.Words, line.Why)
			}
		})
	}
}

func noViolations(t testing.TB, document []byte) {
	t.Helper()
	violations, err := CheckIPS(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		t.Errorf("not a valid IPS: %s: %s", v.Path, v.Rule)
	}
}

// Any record that is valid comes back as it was: all sections, all fields, hidden items and choices.
func TestExportRoundTripOfAnyRecord(t *testing.T) {
	catalogue, err := terms.Load()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := drawRecord(t, catalogue)
		if err := Validate(want); err != nil {
			t.Fatalf("the drawn record is not valid: %v", err)
		}
		exported, err := Export(want, ExportOptions{Now: exportNow, Author: "Author"})
		if err != nil {
			t.Fatal(err)
		}
		violations, err := CheckIPS(exported)
		if err != nil || len(violations) > 0 {
			t.Fatalf("not a valid IPS: %v, %v", violations, err)
		}
		got, err := Import(exported)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Sorted(), got.Record); diff != "" {
			t.Fatalf("record differs after export and import (-want +got):\n%s", diff)
		}
		if len(got.NotUnderstood) > 0 {
			t.Fatalf("not understood of our own export: %+v", got.NotUnderstood)
		}
	})
}

func drawRecord(t *rapid.T, catalogue *terms.Catalogue) Record {
	text := rapid.SampledFrom([]string{"", "", "plain", "<b>", "مرحبا بالعالم", "日本語", "a; b", "\"quoted\" & more", "1"})
	date := rapid.SampledFrom([]Date{"", "1931", "2026-02", "2024-02-29", "2026-10-01"})
	term := rapid.Custom(func(t *rapid.T) string {
		number := rapid.IntRange(0, catalogue.Len()).Draw(t, "number")
		found, _ := catalogue.ByNumber(number)
		return found.Key
	})
	coding := rapid.Custom(func(t *rapid.T) Coding {
		return Coding{
			System: rapid.SampledFrom([]string{"", "http://snomed.info/sct", "http://loinc.org", "http://www.whocc.no/atc", systemRoleCode, systemAbsent}).Draw(t, "system"),
			Code:   rapid.SampledFrom([]string{"91936005", "278152006", "882-1", "B01AF02", "MTH", "no-known-allergies", "x"}).Draw(t, "code"), Display: text.Draw(t, "display"),
			Part: rapid.SampledFrom([]string{"", "", PartValue, PartComponent, PartAbsent, PartDose}).Draw(t, "part"),
		}
	})
	codings := rapid.Custom(func(t *rapid.T) []Coding {
		if list := rapid.SliceOfN(coding, 0, 3).Draw(t, "codings"); len(list) > 0 {
			return list
		}
		return nil
	})
	r := Record{Lang: rapid.SampledFrom([]string{"", "en", "ar", "ja"}).Draw(t, "lang")}
	r.Identity = Identity{
		Name:  Name{Display: text.Draw(t, "display"), Family: text.Draw(t, "family")},
		Birth: date.Draw(t, "birth"), Gender: rapid.SampledFrom(genders).Draw(t, "gender"), Country: text.Draw(t, "country"), AnswersTo: text.Draw(t, "answers"),
	}
	if rapid.Bool().Draw(t, "identified") {
		r.Identity.Name.Given = []string{"Ada", "B."}
		r.Identity.Languages = []string{"ar", "fr-CA"}
		r.Identity.Identifiers = []Identifier{{System: "urn:x", Value: "7", Type: "passport"}, {Value: "8"}}
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "items") {
		item := Item{
			ID:      base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "identifier %05d", i)),
			Section: rapid.SampledFrom(section.All()).Draw(t, "section"), Term: term.Draw(t, "term"), Text: text.Draw(t, "text"), Detail: text.Draw(t, "detail"), Note: text.Draw(t, "note"),
			Severity: rapid.SampledFrom(severities).Draw(t, "severity"), Criticality: rapid.SampledFrom(criticalities).Draw(t, "criticality"),
			Status: rapid.SampledFrom([]string{"", "active", "inactive", "resolved", "completed", "final", "something else"}).Draw(t, "status"),
			Date:   date.Draw(t, "date"), Name: text.Draw(t, "name"), Phone: rapid.SampledFrom([]string{"", "+46701740605", "112"}).Draw(t, "phone"),
			Relation: rapid.SampledFrom([]string{"", "MTH", "consulate"}).Draw(t, "relation"),
			Collect:  rapid.SampledFrom(collects).Draw(t, "collect"), OutOfArea: rapid.Bool().Draw(t, "out of area"),
			SupplyUntil: rapid.SampledFrom([]Date{"", "", "2026-12-24"}).Draw(t, "supply"),
			Source:      Source{rapid.SampledFrom(kinds).Draw(t, "kind"), text.Draw(t, "source")}, Confirmed: date.Draw(t, "confirmed"), Codings: codings.Draw(t, "codings"),
			Front: rapid.SampledFrom([]string{"", FrontAlways, FrontNever}).Draw(t, "front"), Hidden: rapid.Bool().Draw(t, "hidden"),
			Absent: rapid.SampledFrom([]string{"", "", AbsentKnownNone, AbsentNoInformation}).Draw(t, "absent"),
		}
		if i%3 == 0 { // an identifier that is no UUID
			item.ID = fmt.Sprintf("item %d", i)
		}
		if item.Section == section.Child {
			item.Detail = rapid.SampledFrom([]string{"", "14.2 kg", "14,2kg", "31 lbs", "95 cm", "0 g", "007 kg", "1 kg; 2 kg"}).Draw(t, "weight")
		}
		if item.Term == "" && item.Text == "" && item.Absent == "" {
			item.Text = "said"
		}
		for range rapid.IntRange(0, 2).Draw(t, "reactions") {
			item.Reactions = append(item.Reactions, Concept{Term: term.Draw(t, "reaction"), Text: "r" + text.Draw(t, "words"), Codings: codings.Draw(t, "codings")})
		}
		r.Items = append(r.Items, item)
	}
	return r
}

// Equal records give equal bytes.
func TestExportIsStable(t *testing.T) {
	imported, err := Import(fixture(t, "adult"))
	if err != nil {
		t.Fatal(err)
	}
	first, err := Export(imported.Record, ExportOptions{Now: exportNow})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Export(imported.Record, ExportOptions{Now: exportNow})
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("two exports of one record differ: %v", err)
	}
}

func TestCheckIPSFindsWhatIsBroken(t *testing.T) {
	imported, err := Import(fixture(t, "adult"))
	if err != nil {
		t.Fatal(err)
	}
	good, err := Export(imported.Record, ExportOptions{Now: exportNow, Author: "Author"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to, path string }{
		{"no timestamp", `"timestamp":`, `"timestamq":`, "timestamp"},
		{"a collection", `"type":"document"`, `"type":"collection"`, "type"},
		{"a required section", `"code":"48765-2"`, `"code":"1-8"`, "entry[0].resource.section"},
		{"a dangling reference", `"section":[{"code":{"coding":[{"code":"48765-2","system":"http://loinc.org"}]},"entry":[{"reference":"`, `"section":[{"code":{"coding":[{"code":"48765-2","system":"http://loinc.org"}]},"entry":[{"reference":"x`, "entry[0].resource.section[0].entry[0].reference"},
		{"no date of birth", `"birthDate":`, `"birthDatf":`, "entry[1].resource.birthDate"},
		{"no status", `"clinicalStatus":`, `"clinicalStatut":`, "entry[3].resource.clinicalStatus"},
		{"no medicine", `"medicationCodeableConcept":`, `"medicationCodeableConcepu":`, "entry[9].resource.medicationCodeableConcept|medicationReference"},
		{"an empty array", `"note":[{"text":"MRI conditional"}]`, `"note":[]`, "entry[13].resource.note"},
		{"a narrative without an end", `"div":`, `"diw":`, "entry[0].resource.section[0].text"},
		{"a medicine among the allergies", `"resourceType":"AllergyIntolerance"`, `"resourceType":"MedicationStatement"`, "entry[0].resource.section[0].entry[0]"},
		{"a contact in a section", `"resourceType":"AllergyIntolerance"`, `"resourceType":"RelatedPerson"`, "entry[0].resource.section[0].entry[0]"},
		{"about nobody", `"MedicationStatement","status":"active","subject":{"reference":"`, `"MedicationStatement","status":"active","subject":{"reference":"x`, "entry[9].resource.subject"},
		{"nobody's name", `"resourceType":"Patient"`, `"name":[{"use":"usual"}],"resourceType":"Patient"`, "entry[1].resource.name"},
		{"nobody who stated it", `"who":`, `"whom":`, "entry[15].resource.agent[0].who"},
		{"two Patients", `"resourceType":"DeviceUseStatement"`, `"resourceType":"Patient"`, "entry"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			broken := bytes.Replace(good, []byte(test.from), []byte(test.to), 1)
			if bytes.Equal(broken, good) {
				t.Fatalf("the export has no %s", test.from)
			}
			violations, err := CheckIPS(broken)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range violations {
				if v.Path == test.path {
					return
				}
			}
			t.Errorf("violations %v, want one at %s", violations, test.path)
		})
	}
}
