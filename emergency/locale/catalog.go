// Package locale chooses the reader's language and says things in it.
//
// The words live in static/locales/<language>/<room>.json, one key a line: a string with {placeholders}, or an object of plural forms by CLDR
// category. A [Catalog] is loaded once at start and read by everybody. Free text that people wrote is never translated here: it travels as it is.
//
// Numbers, dates and doses are always written in Latin digits, in every language: a dose must not depend on the digits a reader knows.
package locale

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Fallback is the language of a key that the wanted language lacks, and of a reader whose languages we do not speak.
const Fallback = "en"

// ErrCatalog is wrapped by every error of Load.
var ErrCatalog = errors.New("locale: the catalogue of words is broken")

// Catalog holds the words of every language that has them. It is immutable and safe for concurrent use.
type Catalog struct {
	languages []Lang // in the house's order, without the pseudo-languages
	words     map[string]map[string]message
	matcher   language.Matcher
}

// Load reads <language>/<room>.json from fsys (static.Locales()). All rooms of a language share one space of keys; a key that stands in two
// rooms, a language that the house does not know, an unknown plural category, or JSON that is not such a table is an error.
func Load(fsys fs.FS) (*Catalog, error) {
	files, err := fs.Glob(fsys, "*/*.json")
	if err != nil {
		return nil, err
	}
	c := &Catalog{words: map[string]map[string]message{}}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		var room map[string]message
		if err := json.Unmarshal(text, &room); err != nil {
			return nil, fmt.Errorf("%w: %s: %v", ErrCatalog, file, err)
		}
		code := path.Dir(file)
		if c.words[code] == nil {
			c.words[code] = map[string]message{}
		}
		for key, said := range room {
			if _, taken := c.words[code][key]; taken {
				return nil, fmt.Errorf("%w: %s: the key %q stands in another file too", ErrCatalog, file, key)
			}
			c.words[code][key] = said
		}
	}
	if c.words[Fallback] == nil {
		return nil, fmt.Errorf("%w: there is no %s", ErrCatalog, Fallback)
	}
	var tags []language.Tag
	for _, known := range house {
		if c.words[known.Code] != nil {
			c.languages = append(c.languages, known.Lang)
			tags = append(tags, language.Make(known.Code))
		}
	}
	if len(tags) != len(c.words) {
		return nil, fmt.Errorf("%w: a folder of %v is no language of the house", ErrCatalog, slices.Sorted(maps.Keys(c.words)))
	}
	c.matcher = language.NewMatcher(tags)
	c.words[longEnglish] = pseudo(c.words[Fallback], lengthen)
	c.words[mirroredEnglish] = pseudo(c.words[Fallback], mirror)
	return c, nil
}

// Has reports whether the fallback language knows the key, which a test makes mean every language.
func (c *Catalog) Has(key string) bool {
	_, found := c.words[Fallback][key]
	return found
}

// T says the key in a language. Args are alternating placeholder names and values, or one map[string]any; see [Catalog.Format] for the values
// and their forms. A value named "count" chooses the plural form. A key that the language lacks is said in English, and one that nobody knows
// is answered by the key itself: a page with one odd word is better than no page.
func (c *Catalog) T(lang, key string, args ...any) string {
	said, found := c.words[lang][key]
	if !found {
		lang = Fallback
		if said, found = c.words[lang][key]; !found {
			return key
		}
	}
	named := pairs(args)
	count, counted := whole(named["count"])
	return fill(said.form(lang, count, counted), func(name string) (string, bool) {
		value, given := named[name]
		if !given {
			return "", false
		}
		return isolate(directionOf(lang), c.Format(lang, value)), true
	})
}

// Bind is T for one language, as templates want it.
func (c *Catalog) Bind(lang string) func(key string, args ...any) string {
	return func(key string, args ...any) string { return c.T(lang, key, args...) }
}

func pairs(args []any) map[string]any {
	if len(args) == 1 {
		if named, ok := args[0].(map[string]any); ok {
			return named
		}
	}
	named := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			named[name] = args[i+1]
		}
	}
	return named
}

// fill replaces each {name} by its value. What has no value stays as it is, so that a mistake is seen and nothing is cut off.
func fill(text string, value func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		length := strings.IndexByte(text[open:], '}')
		if length < 0 {
			break
		}
		out.WriteString(text[:open])
		if said, given := value(text[open+1 : open+length]); given {
			out.WriteString(said)
		} else {
			out.WriteString(text[open : open+length+1])
		}
		text = text[open+length+1:]
	}
	out.WriteString(text)
	return out.String()
}

// Under returns every key with one of the prefixes and what it says in a language, without plural forms and placeholders: tables of words for codes.
func (c *Catalog) Under(lang string, prefixes ...string) map[string]string {
	words := map[string]string{}
	for key := range c.words[Fallback] {
		for _, prefix := range prefixes {
			if strings.HasPrefix(key, prefix) {
				words[key] = c.T(lang, key)
			}
		}
	}
	return words
}
