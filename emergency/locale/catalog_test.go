package locale

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/locket-health/locket/static"
)

func load(t testing.TB) *Catalog {
	t.Helper()
	catalog, err := Load(static.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

// small is a catalogue of our own, so that tests of the machinery do not depend on the words of the day.
func small(t *testing.T) *Catalog {
	t.Helper()
	catalog, err := Load(fstest.MapFS{
		"en/a.json": {Data: []byte(`{"hello":"Hello, {name}!","cards":{"one":"{count} card","other":"{count} cards"},"only":"Only here",
			"for":"For {time}.","unit.hour":{"one":"{count} hour","other":"{count} hours"},"unit.day":{"one":"{count} day","other":"{count} days"},
			"unit.minute":{"one":"{count} minute","other":"{count} minutes"},"unit.moment":"{date}, {time} {zone}","list":"Opened: {sections}.",
			"section.allergies":"Allergies","section.needs":"Needs"}`)},
		"ru/a.json": {Data: []byte(`{"cards":{"one":"{count} карта","few":"{count} карты","many":"{count} карт","other":"{count} карты"}}`)},
		"ar/a.json": {Data: []byte(`{"hello":"مرحبًا {name}","cards":{"zero":"لا بطاقات","one":"بطاقة واحدة","two":"بطاقتان","few":"{count} بطاقات","many":"{count} بطاقة","other":"{count} بطاقة"},
			"section.allergies":"الحساسية","section.needs":"الاحتياجات","list":"{sections}"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func TestT(t *testing.T) {
	catalog := small(t)
	for _, test := range []struct {
		name, lang, key string
		args            []any
		want            string
	}{
		{"a value", "en", "hello", []any{"name", "Ada"}, "Hello, Ada!"},
		{"a map of values", "en", "hello", []any{map[string]any{"name": "Ada"}}, "Hello, Ada!"},
		{"a missing value is seen", "en", "hello", nil, "Hello, {name}!"},
		{"a value is not read again", "en", "hello", []any{"name", "{name}"}, "Hello, {name}!"},
		{"markup stays text", "en", "hello", []any{"name", "<b>"}, "Hello, <b>!"},
		{"an Arabic name in English", "en", "hello", []any{"name", "سلمى"}, "Hello, \u2068سلمى\u2069!"},
		{"a Latin name in Arabic", "ar", "hello", []any{"name", "Ada"}, "مرحبًا \u2068Ada\u2069"},
		{"an Arabic name in Arabic", "ar", "hello", []any{"name", "سلمى"}, "مرحبًا سلمى"},
		{"a number in Arabic", "ar", "cards", []any{"count", 4}, "4 بطاقات"},
		{"one", "en", "cards", []any{"count", 1}, "1 card"},
		{"a JSON number", "en", "cards", []any{"count", float64(2)}, "2 cards"},
		{"few in Russian", "ru", "cards", []any{"count", 3}, "3 карты"},
		{"many in Russian", "ru", "cards", []any{"count", 11}, "11 карт"},
		{"two in Arabic", "ar", "cards", []any{"count", 2}, "بطاقتان"},
		{"the English of a missing key", "ru", "only", nil, "Only here"},
		{"the plural of the English of a missing key", "ru", "for", []any{"time", Duration{21, "hour"}}, "For 21 hours."},
		{"a key that nobody knows", "en", "no.such.key", nil, "no.such.key"},
		{"a duration", "en", "for", []any{"time", 90 * time.Minute}, "For 90 minutes."},
		{"a duration in days", "en", "for", []any{"time", 48 * time.Hour}, "For 2 days."},
		{"a duration as JSON", "en", "for", []any{"time", map[string]any{"count": 4.0, "unit": "hour"}}, "For 4 hours."},
		{"keys as values", "en", "list", []any{"sections", []Key{"section.allergies", "section.needs"}}, "Opened: Allergies and Needs."},
		{"keys in another language", "ar", "list", []any{"sections", []Key{"section.allergies", "section.needs"}}, "الحساسية والاحتياجات"},
		{"a moment", "en", "for", []any{"time", time.Date(2026, 8, 6, 14, 3, 0, 0, time.UTC)}, "For 6 August 2026, 14:03 UTC."},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := catalog.T(test.lang, test.key, test.args...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLoadRefusesABrokenCatalogue(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no English":             {"es/a.json": {Data: []byte(`{}`)}},
		"no JSON":                {"en/a.json": {Data: []byte(`{"a":`)}},
		"a number":               {"en/a.json": {Data: []byte(`{"a":1}`)}},
		"no other form":          {"en/a.json": {Data: []byte(`{"a":{"one":"x"}}`)}},
		"an unknown category":    {"en/a.json": {Data: []byte(`{"a":{"one":"x","other":"y","several":"z"}}`)}},
		"a brace left open":      {"en/a.json": {Data: []byte(`{"a":"{name"}`)}},
		"one key in two files":   {"en/a.json": {Data: []byte(`{"a":"x"}`)}, "en/b.json": {Data: []byte(`{"a":"x"}`)}},
		"a language of no house": {"en/a.json": {Data: []byte(`{}`)}, "xx/a.json": {Data: []byte(`{}`)}},
	} {
		if _, err := Load(files); err == nil {
			t.Errorf("%s: Load says nothing", name)
		}
	}
}

func TestMatch(t *testing.T) {
	catalog := load(t)
	for _, test := range []struct{ name, accept, override, want string }{
		{"nothing said", "", "", "en"},
		{"plain", "es", "", "es"},
		{"region", "ar-EG", "", "ar"},
		{"weights", "xx, ja;q=0.8, en;q=0.5", "", "ja"},
		{"the override wins", "es", "ja", "ja"},
		{"an override that we do not speak", "es", "tlh", "es"},
		{"nothing that we speak", "tlh", "", "en"},
		{"nonsense", ";;;q==,\x00", "\"><script>", "en"},
		{"endless", strings.Repeat("es,", 10_000), "", "en"},
		{"pseudo, long", "es", "en-XA", "en-XA"},
		{"pseudo, mirrored", "es", "ar-XB", "ar-XB"},
		{"pseudo only by name", "en-XA", "", "en"},
	} {
		if got := catalog.Match(test.accept, test.override); got.Code != test.want {
			t.Errorf("%s: %s, want %s", test.name, got.Code, test.want)
		}
	}
	if got := catalog.Match("", "ar"); got.Dir != "rtl" || got.Name != "العربية" {
		t.Errorf("Arabic is %+v", got)
	}
}

func TestPluralFollowsCLDR(t *testing.T) {
	for _, test := range []struct {
		langs string
		want  map[int]string
	}{
		{"en es de it tr", map[int]string{0: "other", 1: "one", 2: "other", 11: "other", 101: "other"}},
		{"fr pt hi", map[int]string{0: "one", 1: "one", 2: "other"}},
		{"ja zh ko", map[int]string{0: "other", 1: "other", 2: "other"}},
		{"ru uk", map[int]string{0: "many", 1: "one", 2: "few", 4: "few", 5: "many", 11: "many", 12: "many", 21: "one", 22: "few", 111: "many", 121: "one"}},
		{"ar", map[int]string{0: "zero", 1: "one", 2: "two", 3: "few", 10: "few", 11: "many", 99: "many", 100: "other", 102: "other", 103: "few", 111: "many"}},
	} {
		for lang := range strings.FieldsSeq(test.langs) {
			for n, want := range test.want {
				if got := plural(lang, n); got != want {
					t.Errorf("%s: %d is %s, want %s", lang, n, got, want)
				}
			}
		}
	}
}

func TestDatesAsFarAsTheyAreKnown(t *testing.T) {
	catalog := load(t)
	for _, test := range []struct {
		lang string
		date Date
		want string
	}{
		{"en", Date{2018, 8, 6}, "6 August 2018"},
		{"en", Date{2018, 8, 0}, "August 2018"},
		{"en", Date{2018, 0, 0}, "2018"},
		{"en", Date{}, ""},
		{"en", Date{2018, 13, 1}, "2018"},
		{"es", Date{2018, 8, 6}, "6 de agosto de 2018"},
		{"ar", Date{2018, 8, 6}, "6 أغسطس 2018"},
		{"ja", Date{2018, 8, 6}, "2018年8月6日"},
		{"ja", Date{2018, 8, 0}, "2018年8月"},
		{"ru", Date{2018, 8, 6}, "6 августа 2018 г."},
		{"ru", Date{2018, 8, 0}, "август 2018 г."},
		{"en-XA", Date{2018, 8, 6}, "6 August 2018"},
	} {
		if got := catalog.Date(test.lang, test.date); got != test.want {
			t.Errorf("%s %+v: %q, want %q", test.lang, test.date, got, test.want)
		}
	}
}

func TestPseudoLanguages(t *testing.T) {
	catalog := small(t)
	if got, want := catalog.T("en-XA", "hello", "name", "Ada"), "[Ĥéļļö, Ada!·····]"; got != want {
		t.Errorf("long: %q, want %q", got, want)
	}
	if got, want := catalog.T("ar-XB", "only"), "\u202eOnly here\u202c"; got != want {
		t.Errorf("mirrored: %q, want %q", got, want)
	}
}

func TestConcurrentUse(t *testing.T) {
	catalog := load(t)
	var wait sync.WaitGroup
	for _, lang := range []string{"en", "es", "ar", "ja", "en-XA"} {
		wait.Go(func() {
			say := catalog.Bind(lang)
			want := say("unit.hour", "count", 4)
			for range 200 {
				if got := say("unit.hour", "count", 4); got != want {
					t.Errorf("%s: %q, want %q", lang, got, want)
				}
				catalog.Match("es;q=0.5, ja", "")
			}
		})
	}
	wait.Wait()
}

func FuzzMatch(f *testing.F) {
	f.Add("es, en;q=0.5", "ar")
	f.Add("*", "en-XA")
	f.Add(";q=9,,-", "\xff")
	catalog := load(f)
	f.Fuzz(func(t *testing.T, accept, override string) {
		if got := catalog.Match(accept, override); got.Code == "" || got.Dir == "" || got.Name == "" {
			t.Errorf("no language for %q, %q", accept, override)
		}
	})
}
