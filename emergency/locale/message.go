package locale

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// placeholder is what a message may hold in braces.
var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// message is what one key says: one text under the category "other", or one a plural category.
type message map[string]string

// UnmarshalJSON reads a string or an object of plural forms. The form "other" must be there: it is what every language falls back to.
func (m *message) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*m = message{"other": text}
		return m.check()
	}
	var forms map[string]string
	if err := json.Unmarshal(data, &forms); err != nil {
		return errors.New("a message is a string or an object of plural forms")
	}
	*m = forms
	return m.check()
}

func (m message) check() error {
	if _, found := m["other"]; !found {
		return errors.New(`the plural form "other" is missing`)
	}
	for category, text := range m {
		if !slices.Contains(categories, category) {
			return fmt.Errorf("%q is no plural category", category)
		}
		if strings.ContainsAny(placeholder.ReplaceAllLiteralString(text, ""), "{}") {
			return fmt.Errorf("a brace of %q belongs to no placeholder", text)
		}
	}
	return nil
}

func (m message) form(lang string, count int, counted bool) string {
	if counted && len(m) > 1 {
		if text, found := m[plural(lang, count)]; found {
			return text
		}
	}
	return m["other"]
}
