// Package carrier turns an issued card into what people carry: the words of its face, and the files of each carrier.
package carrier

import (
	"errors"
	"strings"
	"unicode"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/terms"
)

// Words puts cards into words.
type Words struct {
	Catalog *locale.Catalog
	Terms   *terms.Catalogue
	Demo    bool // every card says so
}

// item is one line of a front in plain words: the label of the term in the given language, the holder's own words as they stand, and what else there is.
func (w Words) item(lang string, item summary.FrontItem) string {
	t := w.Catalog.Bind(lang)
	if item.Section == section.Contacts {
		relation := item.Relation
		if key := "relation." + relation; relation != "" && w.Catalog.Has(key) {
			relation = t(key)
		}
		name := item.Name
		if relation != "" {
			name = t("card.with_note", "text", name, "note", relation)
		}
		return joined(" ", w.isolate(lang, name), w.isolate(lang, item.Phone), w.isolate(lang, item.Note))
	}
	var parts []string
	parts = append(parts, w.concept(lang, item.Number, item.Term, item.Text))
	if item.Absent != "" && parts[0] == "" {
		parts[0] = t("absent." + item.Absent)
	}
	for _, reaction := range item.Reactions {
		parts = append(parts, w.concept(lang, reaction.Number, reaction.Term, reaction.Text))
	}
	if item.Severity != "" {
		parts = append(parts, t("severity."+item.Severity))
	}
	parts = append(parts, item.Detail, item.Note)
	if item.Date != "" && dated.Has(item.Section) {
		parts = append(parts, w.date(lang, item.Date))
	}
	for i := range parts {
		parts[i] = w.isolate(lang, parts[i])
	}
	return w.chain(lang, "card.parts", parts...)
}

// isolate keeps a text of the other direction together in a line: without it "23 kg" before a date in an Arabic line reads "kg, 2 23", and the plus of a
// telephone number moves to its end. A text that the line cannot disturb stays as it is.
func (w Words) isolate(lang, text string) string {
	against := func(r rune) bool { return unicode.In(r, unicode.Arabic, unicode.Hebrew) }
	if w.Catalog.Match("", lang).Dir == "rtl" {
		against = func(r rune) bool { return unicode.IsDigit(r) || unicode.Is(unicode.Latin, r) }
	}
	const firstStrong, end = "\u2068", "\u2069"
	if strings.ContainsFunc(text, against) {
		return firstStrong + text + end
	}
	return text
}

// dated are the sections whose dates a finder needs on paper: when a wish was signed, a child was weighed, a device was put in.
var dated = section.SetOf(section.Directives, section.Devices, section.Child, section.Pregnancy, section.Immunizations, section.Vitals, section.Results)

func (w Words) concept(lang string, number int, term, text string) string {
	label := ""
	if term != "" {
		label, _ = w.Terms.Label(term, lang)
	}
	switch {
	case label == "" && text == "" && number != 0:
		return w.Catalog.T(lang, "card.unknown_term", "number", number)
	case label == "":
		return text
	case text == "" || strings.EqualFold(label, text):
		return label
	}
	return w.Catalog.T(lang, "card.with_note", "text", label, "note", text)
}

// urgent reports whether a finder must read the item first: wishes about treatment, severe allergies, and whatever the catalogue calls life-critical.
func (w Words) urgent(item summary.FrontItem) bool {
	switch item.Section {
	case section.Directives:
		return true
	case section.BloodGroup:
		return false // nobody transfuses from a card
	case section.Allergies:
		return item.Severity == "severe" || item.Criticality == "high"
	}
	term, ok := w.Terms.ByKey(item.Term)
	return ok && term.Priority == 1
}

func (w Words) date(lang string, date summary.Date) string {
	year, month, day := date.Parts()
	return w.Catalog.Date(lang, locale.Date{Year: year, Month: month, Day: day})
}

// Explain says an error of the domain in English, for the command line: what happened and why.
func (w Words) Explain(err error) error {
	var refusal *emergency.Error
	if !errors.As(err, &refusal) || !w.Catalog.Has("error."+refusal.Code) {
		return err
	}
	words := w.Catalog.T("en", "error."+refusal.Code, refusal.Args)
	if refusal.Cause != nil {
		words += " (" + refusal.Cause.Error() + ")"
	}
	return errors.New(words)
}

// chain puts texts one after another as a language does, by a key that joins two of them.
func (w Words) chain(lang, key string, parts ...string) string {
	chained := ""
	for _, part := range parts {
		switch {
		case part == "":
		case chained == "":
			chained = part
		default:
			chained = w.Catalog.T(lang, key, "first", chained, "next", part)
		}
	}
	return chained
}

func joined(separator string, parts ...string) string {
	var said []string
	for _, part := range parts {
		if part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, separator)
}
