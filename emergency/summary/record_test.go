package summary

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency/section"
)

func validRecord() Record {
	return Record{
		Patient: "p", Version: 3, Lang: "en",
		Identity: Identity{Name: Name{Display: "Robin Example"}, Birth: "1990-01", Gender: "other", Languages: []string{"en", "cy"}},
		Items: []Item{
			{
				ID: "a", Section: section.Allergies, Term: "allergy-penicillin", Severity: "severe", Criticality: "high", Date: "2001",
				Reactions: []Concept{{Term: "reaction-anaphylaxis"}}, Source: Source{SourceSelf, "Robin"}, Confirmed: "2026-01-01",
				Codings: []Coding{{System: "http://snomed.info/sct", Code: "91936005"}},
			},
			{ID: "m", Section: section.Medications, Text: "Something", Detail: "1-0-1", Front: FrontNever, SupplyUntil: "2026-12-24"},
			{ID: "c", Section: section.Contacts, Name: "Ada", Phone: "+447700900123", Collect: CollectMay, OutOfArea: true},
		},
	}
}

func TestRecordJSONRoundTrip(t *testing.T) {
	want := validRecord()
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record differs (-want +got):\n%s", diff)
	}
}

func TestTenThousandMedicationsSurvive(t *testing.T) {
	want := Record{Patient: "p"}
	for i := range 10_000 {
		want.Items = append(want.Items, Item{ID: fmt.Sprint(i), Section: section.Medications, Text: fmt.Sprintf("Medicine %d", i)})
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseRecord(data)
	if err != nil || len(got.Items) != 10_000 || !cmp.Equal(want, got) {
		t.Errorf("%d items, %v", len(got.Items), err)
	}
}

func TestParseRecordRefuses(t *testing.T) {
	tests := []struct {
		name, data string
		want       error
	}{
		{"nothing", ``, ErrRecordMalformed},
		{"array", `[]`, ErrRecordMalformed},
		{"unknown name", `{"patient":"p","secret":1}`, ErrRecordMalformed},
		{"unknown name in an item", `{"patient":"p","items":[{"id":"1","section":"allergies","text":"a","admin":true}]}`, ErrRecordMalformed},
		{"name in another case", `{"Patient":"p"}`, ErrRecordMalformed},
		{"name with a folded letter", `{"itemſ":[]}`, ErrRecordMalformed},
		{"name twice", `{"patient":"p","patient":"q"}`, ErrRecordMalformed},
		{"name twice, deep", `{"patient":"p","identity":{"name":{"family":"a","family":"b"}}}`, ErrRecordMalformed},
		{"something after it", `{"patient":"p"} {}`, ErrRecordMalformed},
		{"wrong type", `{"patient":7}`, ErrRecordMalformed},
		{"unknown section", `{"patient":"p","items":[{"id":"1","section":"everything","text":"a"}]}`, ErrRecordMalformed},
		{"not UTF-8", "{\"patient\":\"\xff\"}", ErrDocumentText},
		{"deep", `{"items":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, ErrDocumentTooLarge},
		{"huge", `{"patient":"` + strings.Repeat("x", MaxRecord) + `"}`, ErrDocumentTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if r, err := ParseRecord([]byte(test.data)); !errors.Is(err, test.want) {
				t.Errorf("ParseRecord = %+v, %v, want %v", r, err, test.want)
			}
		})
	}
}

func TestValidateNamesTheField(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Record)
		path   string
		key    string
	}{
		{"section", func(r *Record) { r.Items[1].Section = 99 }, "items[1].section", "record.section"},
		{"no identifier", func(r *Record) { r.Items[1].ID = "" }, "items[1].id", "record.id"},
		{"identifier twice", func(r *Record) { r.Items[1].ID = "a" }, "items[1].id", "record.id"},
		{"unknown term", func(r *Record) { r.Items[0].Term = "nope" }, "items[0].term", "record.term"},
		{"unknown reaction", func(r *Record) { r.Items[0].Reactions[0].Term = "nope" }, "items[0].reactions[0].term", "record.term"},
		{"long text", func(r *Record) { r.Items[1].Text = strings.Repeat("x", 4001) }, "items[1].text", "record.too_long"},
		{"long name", func(r *Record) { r.Identity.Name.Family = strings.Repeat("x", 301) }, "identity.name.family", "record.too_long"},
		{"not text", func(r *Record) { r.Items[1].Note = "\xff" }, "items[1].note", "record.not_text"},
		{"date", func(r *Record) { r.Items[0].Date = "2023-02-29" }, "items[0].date", "record.date"},
		{"birth", func(r *Record) { r.Identity.Birth = "yesterday" }, "identity.birth", "record.date"},
		{"gender", func(r *Record) { r.Identity.Gender = "F" }, "identity.gender", "record.code"},
		{"severity", func(r *Record) { r.Items[0].Severity = "bad" }, "items[0].severity", "record.code"},
		{"source", func(r *Record) { r.Items[0].Source.Kind = "rumour" }, "items[0].source.kind", "record.code"},
		{"supply until some day of a month", func(r *Record) { r.Items[1].SupplyUntil = "2026-10" }, "items[1].supply_until", "record.date"},
		{"who may collect", func(r *Record) { r.Items[2].Collect = "perhaps" }, "items[2].collect", "record.code"},
		{"choice", func(r *Record) { r.Items[0].Front = "maybe" }, "items[0].front", "record.code"},
		{"says nothing", func(r *Record) { r.Items[1] = Item{ID: "m", Section: section.Medications, Status: "active"} }, "items[1]", "record.empty"},
		{"many items", func(r *Record) { r.Items = make([]Item, maxItems+1) }, "items", "record.too_many"},
		{"many languages", func(r *Record) { r.Identity.Languages = make([]string, 33) }, "identity.languages", "record.too_many"},
		{"many codings", func(r *Record) { r.Items[0].Codings = make([]Coding, 65) }, "items[0].codings", "record.too_many"},
	}
	if err := Validate(validRecord()); err != nil {
		t.Fatalf("the valid record: %v", err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := validRecord()
			test.change(&r)
			var invalid Invalid
			if err := Validate(r); !errors.As(err, &invalid) || invalid[0].Path != test.path || invalid[0].MessageKey != test.key {
				t.Errorf("Validate = %v, want %s at %s", err, test.key, test.path)
			}
		})
	}
	r := validRecord()
	r.Items[1].Text = "PRIVATE WORDS \xff"
	if err := Validate(r); err == nil || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("the error repeats what the person wrote: %v", err)
	}
}

func TestFilterKeepsHiddenAndFloorBack(t *testing.T) {
	r := validRecord()
	r.Items = append(r.Items,
		Item{ID: "h", Section: section.Conditions, Text: "hidden", Hidden: true},
		Item{ID: "f", Section: section.PrivateNotes, Text: "floor"},
		Item{ID: "s", Section: section.MentalHealth, Text: "sensitive"})
	everything := section.SetOf(section.All()...)
	tests := []struct {
		name string
		set  section.Set
		want string
	}{
		{"everything", everything, "amcs"},
		{"ordinary", section.OrdinarySet, "amc"},
		{"one section", section.SetOf(section.Allergies), "a"},
		{"the floor", section.FloorSet, ""},
		{"nothing", 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			filtered, ids := Filter(r, test.set), ""
			for _, item := range filtered.Items {
				ids += item.ID
			}
			if ids != test.want {
				t.Errorf("items %q, want %q", ids, test.want)
			}
			if named := filtered.Identity.Name.String() != ""; named != test.set.Has(section.Identity) {
				t.Errorf("identity shown: %v", named)
			}
		})
	}
}

func TestNewItemID(t *testing.T) {
	id, err := NewItemID(bytes.NewReader(make([]byte, 16)))
	if err != nil || id != "AAAAAAAAQACAAAAAAAAAAA" {
		t.Errorf("NewItemID of zeros = %q, %v", id, err)
	}
	if _, err := NewItemID(strings.NewReader("short")); err == nil {
		t.Error("no error when randomness ends")
	}
}

func TestDate(t *testing.T) {
	for _, good := range []string{"0001", "1999", "2026-02", "2024-02-29"} {
		if d, err := ParseDate(good); err != nil || string(d) != good || !d.Valid() {
			t.Errorf("ParseDate(%q) = %q, %v", good, d, err)
		}
	}
	for _, bad := range []string{"", "0000", "99", "2026-13", "2026-00", "2023-02-29", "2026-1-1", "2026-01-01T00:00:00Z", "abcd"} {
		if d, err := ParseDate(bad); err == nil {
			t.Errorf("ParseDate(%q) = %q without an error", bad, d)
		}
	}
	if y, m, d := Date("2024-02").Parts(); y != 2024 || m != 2 || d != 0 {
		t.Errorf("Parts = %d, %d, %d", y, m, d)
	}
	if y, _, _ := Date("nonsense").Parts(); y != 0 {
		t.Errorf("Parts of nonsense = %d", y)
	}
}

func FuzzParseRecord(f *testing.F) {
	data, err := json.Marshal(validRecord())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"patient":"p","items":[{"id":"1","section":"blood_group","text":"A"}]}`))
	f.Add([]byte(`{"Patient":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseRecord(again)
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if !bytes.Equal(mustMarshal(t, back), again) {
			t.Fatal("two readings differ")
		}
	})
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
