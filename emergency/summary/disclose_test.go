package summary

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/locket-health/locket/emergency/section"
)

// TestDiscloseIsFilter: copying shows exactly what decoding, filtering and encoding shows, whatever stands in the texts.
func TestDiscloseIsFilter(t *testing.T) {
	nasty := rapid.SampledFrom([]string{"", "plain", `"`, `\`, `\"`, `"}],"hidden":false,"section":"identity"`, "<script>", "\u2028 日本 عربي", `{"hidden":true}`, `[`, `}`})
	rapid.Check(t, func(t *rapid.T) {
		record := Record{Patient: nasty.Draw(t, "patient"), Version: rapid.Int64Range(0, 9).Draw(t, "version"), Lang: nasty.Draw(t, "lang"),
			Identity: Identity{Name: Name{Display: nasty.Draw(t, "name"), Given: []string{nasty.Draw(t, "given")}}}}
		for range rapid.IntRange(0, 6).Draw(t, "items") {
			record.Items = append(record.Items, Item{ID: nasty.Draw(t, "id"), Section: section.Section(rapid.IntRange(1, 23).Draw(t, "section")),
				Text: nasty.Draw(t, "text"), Note: nasty.Draw(t, "note"), Hidden: rapid.Bool().Draw(t, "hidden"),
				Reactions: []Concept{{Text: nasty.Draw(t, "reaction")}}, Codings: []Coding{{System: nasty.Draw(t, "system"), Part: nasty.Draw(t, "part")}}})
		}
		granted := section.Set(rapid.Uint32().Draw(t, "granted"))
		plain, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		want, err := discloseByDecoding(plain, granted)
		if err != nil {
			t.Fatal(err)
		}
		got, err := discloseByCopy(plain, granted)
		if err != nil {
			t.Fatalf("a record of our own is not walked: %v\n%s", err, plain)
		}
		if got.Patient != want.Patient || got.Version != want.Version || got.Lang != want.Lang || got.Items != want.Items || !bytes.Equal(got.JSON, want.JSON) {
			t.Fatalf("copied %+v\n%s\ndecoded %+v\n%s", got, got.JSON, want, want.JSON)
		}
	})
}

// TestDiscloseNeverShowsTheFloor, not even when every bit of the grant is set.
func TestDiscloseNeverShowsTheFloor(t *testing.T) {
	plain, err := json.Marshal(Record{Items: []Item{{Section: section.PrivateNotes, Text: "floor one"}, {Section: section.Conditions, Text: "floor two", Hidden: true}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Disclose(plain, ^section.Set(0))
	if err != nil || d.Items != 0 || strings.Contains(string(d.JSON), "floor") {
		t.Errorf("shown: %s, %v", d.JSON, err)
	}
}

// FuzzDisclose holds the same of any bytes: what the copying reader takes, it takes as the decoder does, or shows less.
func FuzzDisclose(f *testing.F) {
	f.Add([]byte(`{"patient":"p","version":1,"identity":{},"items":[{"id":"1","section":"allergies"}]}`), uint32(1<<24-1))
	f.Add([]byte(`{"patient":"p","version":1,"identity":{},"items":[{"id":"1","section":"private_notes","hidden":true}]}`), uint32(1<<24-1))
	f.Add([]byte(`{"items":[{`), uint32(0))
	f.Fuzz(func(t *testing.T, plain []byte, granted uint32) {
		got, err := discloseByCopy(plain, section.Set(granted))
		if err != nil {
			return
		}
		var record Record
		if json.Unmarshal(plain, &record) != nil {
			return // sealed records are our own JSON; this one would have been refused on the way in
		}
		if again, err := json.Marshal(record); err != nil || !bytes.Equal(again, plain) {
			return // not as json.Marshal writes it
		}
		want, err := discloseByDecoding(plain, section.Set(granted))
		if err != nil || !bytes.Equal(got.JSON, want.JSON) || got.Items != want.Items {
			t.Errorf("copied %s, decoded %s, %v", got.JSON, want.JSON, err)
		}
	})
}

func BenchmarkDisclose(b *testing.B) {
	plain, err := json.Marshal(largeRecord())
	if err != nil {
		b.Fatal(err)
	}
	for name, disclose := range map[string]func([]byte, section.Set) (Disclosure, error){"copying": discloseByCopy, "decoding": discloseByDecoding} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := disclose(plain, section.Critical); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// largeRecord has as much in it as the reference patient.
func largeRecord() Record {
	record := Record{Patient: "LEg718Jgqu4Oo8O74rwulQ", Version: 3, Lang: "en", Identity: Identity{Name: Name{Family: "Example", Given: []string{"Ada"}}}}
	for i := range 18 {
		record.Items = append(record.Items, Item{ID: "VYsT9-1fWYiE2-v7Fo016A", Section: section.Section(i%12 + 2), Term: "allergy-penicillin", Detail: "5 mg twice daily",
			Status: "active", Date: "2015-03-01", Source: Source{Kind: SourceImported, Name: "Fictional clinic"}, Confirmed: "2026-09-14",
			Codings: []Coding{{System: "http://snomed.info/sct", Code: "91936005", Display: "Allergy to penicillin (finding)"}}})
	}
	return record
}
