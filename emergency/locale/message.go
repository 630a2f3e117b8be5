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

// message is what one key says: one text, or one a plural category. There are tens of thousands of them, and few have plural forms.
type message struct {
	other string            // the form that every language falls back to
	forms map[string]string // by category, other among them; nil without plural forms
}

// UnmarshalJSON reads a string or an object of plural forms. The form "other" must be there.
func (m *message) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		*m = message{other: text}
		return check(text)
	}
	var forms map[string]string
	if err := json.Unmarshal(data, &forms); err != nil {
		return errors.New("a message is a string or an object of plural forms")
	}
	other, found := forms["other"]
	if !found {
		return errors.New(`the plural form "other" is missing`)
	}
	*m = message{other, forms}
	for category, text := range forms {
		if !slices.Contains(categories, category) {
			return fmt.Errorf("%q is no plural category", category)
		}
		if err := check(text); err != nil {
			return err
		}
	}
	return nil
}

func check(text string) error {
	if strings.ContainsAny(placeholder.ReplaceAllLiteralString(text, ""), "{}") {
		return fmt.Errorf("a brace of %q belongs to no placeholder", text)
	}
	return nil
}

func (m message) form(lang string, count int, counted bool) string {
	if counted && m.forms != nil {
		if text, found := m.forms[plural(lang, count)]; found {
			return text
		}
	}
	return m.other
}

// changed is the message with every form changed.
func (m message) changed(change func(string) string) message {
	now := message{other: change(m.other)}
	if m.forms != nil {
		now.forms = make(map[string]string, len(m.forms))
		for category, text := range m.forms {
			now.forms[category] = change(text)
		}
	}
	return now
}
