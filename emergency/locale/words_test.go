package locale

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/static"
)

// pages are the languages that whole pages are written in.
var pages = []string{"en", "es", "fr", "de", "pt", "it", "ar", "zh", "ja", "ko", "hi", "ru", "uk", "tr"}

// all are the forms of a message by category.
func (m message) all() map[string]string {
	if m.forms == nil {
		return map[string]string{"other": m.other}
	}
	return m.forms
}

func TestEveryLanguageSaysEverything(t *testing.T) {
	catalog := load(t)
	for _, lang := range pages {
		for key, english := range catalog.words[Fallback] {
			said, found := catalog.words[lang][key]
			if !found {
				t.Errorf("%s does not say %q", lang, key)
				continue
			}
			if (len(english.all()) > 1) != (len(said.all()) > 1) && len(forms(lang)) > 1 {
				t.Errorf("%s: %q is a plural in one language only", lang, key)
			}
		}
		for key := range catalog.words[lang] {
			if !catalog.Has(key) {
				t.Errorf("%s says %q, which English does not", lang, key)
			}
		}
	}
	if len(catalog.Languages()) != len(pages) {
		t.Errorf("languages %v, want %v", catalog.Languages(), pages)
	}
}

func TestPluralFormsAreComplete(t *testing.T) {
	catalog := load(t)
	for _, lang := range pages {
		for key, said := range catalog.words[lang] {
			if len(catalog.words[Fallback][key].all()) < 2 {
				continue
			}
			if got, want := slices.Sorted(maps.Keys(said.all())), slices.Sorted(slices.Values(forms(lang))); !slices.Equal(got, want) {
				t.Errorf("%s: %q has the forms %v, want %v", lang, key, got, want)
			}
		}
	}
}

func TestPlaceholdersAreTheSame(t *testing.T) {
	catalog := load(t)
	names := func(text string) []string {
		return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(text, -1))))
	}
	for _, lang := range pages {
		for key, said := range catalog.words[lang] {
			want := names(catalog.words[Fallback][key].other)
			for category, text := range said.all() {
				if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
					t.Errorf("%s: %q is empty or has spaces around it", lang, key)
				}
				got := names(text)
				// A form for one number may say the number in words.
				if slices.Contains([]string{"zero", "one", "two"}, category) && !slices.Contains(got, "{count}") {
					got = slices.Sorted(slices.Values(append(got, "{count}")))
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %q (%s) has %v, want %v", lang, key, category, got, want)
				}
			}
		}
	}
}

func TestFilesAreSortedOneKeyALine(t *testing.T) {
	err := fs.WalkDir(static.Locales(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(static.Locales(), name)
		if err != nil {
			return err
		}
		var keys []string
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			key, value, isPair := strings.Cut(strings.TrimSuffix(line, ","), ": ")
			if !isPair {
				if line != "{" && line != "}" {
					t.Errorf("%s:%d: neither a key nor a brace: %s", name, i+1, line)
				}
				continue
			}
			var said message
			if err := json.Unmarshal([]byte(value), &said); err != nil {
				t.Errorf("%s:%d: not one whole message: %v", name, i+1, err)
			}
			keys = append(keys, strings.Trim(strings.TrimSpace(key), `"`))
		}
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			t.Errorf("%s: the keys are not sorted, or one stands twice", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// How keys stand in templates ({{.T "a.key"}}, {{call .T "a.key"}}) and in the reader's scripts (t('a.key'), t(`a.${code}`), 'reader.key').
// A key that goes on with a code, or ends in a dot to have one put behind it, is held to its beginning.
var (
	inTemplates = regexp.MustCompile(`\bT "([a-z0-9_]+\.[a-z0-9_.]+)"`)
	inScripts   = regexp.MustCompile("['`]((?:reader|glass|scan|section|reason|role|relation|source|absent|gender|severity|criticality|status|unit)\\.[a-z_.]*)(?:['`]|\\$\\{)")
)

func TestEveryKeyThatThePagesUseExists(t *testing.T) {
	catalog := load(t)
	used := map[string]bool{}
	for folder, keys := range map[string]*regexp.Regexp{"templates": inTemplates, "js": inScripts} {
		err := filepath.WalkDir(filepath.Join("..", "..", "static", folder), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, ".mjs") {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, found := range keys.FindAllSubmatch(text, -1) {
				key := string(found[1])
				used[key] = true
				if !catalog.Has(key) && !(strings.HasSuffix(key, ".") && anyKey(catalog, key)) {
					t.Errorf("%s: the key %q does not exist", path.Base(name), key)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(used) < 80 {
		t.Fatalf("only %d keys were found: the search is broken", len(used))
	}
	for key := range catalog.words[Fallback] {
		if (strings.HasPrefix(key, "reader.") || strings.HasPrefix(key, "glass.") || strings.HasPrefix(key, "scan.")) && !used[key] && !built(key) {
			t.Errorf("nothing says %q", key)
		}
	}
}

// built reports whether the reader makes the key at run time from a code.
func built(key string) bool {
	for _, prefix := range []string{"reader.state.", "glass.refused.", "reader.online.", "reader.signature.", "glass.stop.", "glass.wait.", "glass.talk.", "glass.note.", "glass.handover.", "glass.proof.", "reader.date.",
		"reader.list.", "reader.receipt.", "reader.collect.", "scan.link."} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	// What was scanned is named by its kind: scan.phone.title, scan.phone.text.
	return strings.HasPrefix(key, "scan.") && (strings.HasSuffix(key, ".title") || strings.HasSuffix(key, ".text"))
}

func anyKey(catalog *Catalog, prefix string) bool {
	for key := range catalog.words[Fallback] {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}
