package summary

import (
	"html"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Words are the words of a narrative in the reader's language. What is "" is written in English.
type Words struct {
	Dose        string // "dose"
	Reactions   string // "reactions"
	Severity    string // "severity"
	Criticality string // "risk"
	Status      string // "status"
	Since       string // "since", before the date of a condition, an allergy, a medicine, a device
	On          string // "on", before the date of anything else
	SupplyUntil string // "supply until"
	Phone       string // "telephone"
	Relation    string // "relation"
	Collect     string // "may collect the child"
	MustNot     string // "must not collect the child"
	OutOfArea   string // "lives out of the area"
	StatedBy    string // "stated by"
	Confirmed   string // "last confirmed"
	KnownNone   string // "none known"
	NotAsked    string // "no information"
	Silence     string // "nothing recorded": of a section about which the record says nothing at all

	// Codes has words for the codes of a record by kind and code, as in the locale files: "severity.severe", "status.resolved", "source.clinician",
	// "relation.MTH". A code without words is written as it is.
	Codes  map[string]string
	Date   func(Date) string      // how a date is written; nil means as it is kept: 2026-05-03
	Moment func(time.Time) string // how a moment is written; nil means 2026-05-03 04:05 UTC
}

// inEnglish fills in what is missing.
func (w Words) inEnglish() Words {
	for _, word := range []struct {
		word    *string
		english string
	}{
		{&w.Dose, "dose"}, {&w.Reactions, "reactions"}, {&w.Severity, "severity"}, {&w.Criticality, "risk"}, {&w.Status, "status"}, {&w.Since, "since"},
		{&w.On, "on"}, {&w.SupplyUntil, "supply until"}, {&w.Phone, "telephone"}, {&w.Relation, "relation"}, {&w.Collect, "may collect the child"},
		{&w.MustNot, "must not collect the child"}, {&w.OutOfArea, "lives out of the area"}, {&w.StatedBy, "stated by"}, {&w.Confirmed, "last confirmed"},
		{&w.KnownNone, "none known"}, {&w.NotAsked, "no information"}, {&w.Silence, "nothing recorded"},
	} {
		if *word.word == "" {
			*word.word = word.english
		}
	}
	if w.Date == nil {
		w.Date = func(d Date) string { return string(d) }
	}
	if w.Moment == nil {
		w.Moment = func(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }
	}
	return w
}

// code is a code in words.
func (w Words) code(kind, code string) string {
	if words := w.Codes[kind+"."+code]; words != "" {
		return words
	}
	return code
}

// narrator writes the items of a record for people, as XHTML without script or style (FHIR R4 Narrative). Labels and words are in the reader's
// language; what the holder wrote stands between marks of its own language and direction.
type narrator struct {
	exporter *exporter
	words    Words
	lang     string // the reader's
	own      string // the holder's
	out      strings.Builder
}

// narrative says the items of a section.
func (ex *exporter) narrative(s ipsSection, items []Item) object {
	n := narrator{exporter: ex, words: ex.options.Words.inEnglish(), lang: ex.options.Lang, own: ex.record.Lang}
	n.open(ex.title(s.code, s.title))
	if len(items) == 0 {
		n.out.WriteString(`<p>` + escaped(n.words.Silence) + `</p>`)
	} else {
		n.list(items)
	}
	return n.close()
}

func (n *narrator) open(title string) {
	n.out.WriteString(`<div xmlns="http://www.w3.org/1999/xhtml"` + langOf(n.lang) + `><p>` + escaped(title) + `</p>`)
}

func (n *narrator) close() object {
	n.out.WriteString(`</div>`)
	return object{"status": "generated", "div": n.out.String()}
}

func (n *narrator) list(items []Item) {
	n.out.WriteString(`<ul>`)
	for _, item := range items {
		n.out.WriteString(`<li>` + strings.Join(n.line(item), "; ") + `</li>`)
	}
	n.out.WriteString(`</ul>`)
}

// line says an item in its parts, each of them safe XHTML.
func (n *narrator) line(item Item) []string {
	w := n.words
	var parts []string
	say := func(word, markup string) {
		switch {
		case markup == "":
		case word == "":
			parts = append(parts, markup)
		default:
			parts = append(parts, escaped(word)+": "+markup)
		}
	}
	say("", n.concept(item.Term, item.Text))
	say("", n.written(item.Name))
	switch item.Absent {
	case AbsentKnownNone:
		say("", escaped(w.KnownNone))
	case AbsentNoInformation:
		say("", escaped(w.NotAsked))
	}
	detail := ""
	if item.Section == section.Medications {
		detail = w.Dose
	}
	say(detail, n.written(item.Detail))
	var reactions []string
	for _, reaction := range item.Reactions {
		if said := n.concept(reaction.Term, reaction.Text); said != "" {
			reactions = append(reactions, said)
		}
	}
	say(w.Reactions, strings.Join(reactions, ", "))
	say(w.Severity, escaped(w.code("severity", item.Severity)))
	say(w.Criticality, escaped(w.code("criticality", item.Criticality)))
	say(w.Status, escaped(w.code("status", notable(item.Status))))
	say(dateWord(w, item.Section), escaped(n.date(item.Date)))
	say(w.SupplyUntil, escaped(n.date(item.SupplyUntil)))
	say(w.Phone, n.number(item.Phone))
	say(w.Relation, escaped(w.code("relation", item.Relation)))
	switch item.Collect {
	case CollectMay:
		say("", escaped(w.Collect))
	case CollectMustNot:
		say("", escaped(w.MustNot))
	}
	if item.OutOfArea {
		say("", escaped(w.OutOfArea))
	}
	say("", n.written(item.Note))
	if len(parts) == 0 {
		parts = append(parts, escaped(n.exporter.words(item)))
	}
	say(w.StatedBy, n.source(item.Source))
	say(w.Confirmed, escaped(n.date(item.Confirmed)))
	return parts
}

// dateWord stands before the date of an item.
func dateWord(w Words, s section.Section) string {
	switch s {
	case section.Allergies, section.Conditions, section.Baseline, section.Medications, section.Devices, section.Pregnancy, section.Needs,
		section.MentalHealth, section.SexualHealth, section.SubstanceUse, section.OtherSensitive:
		return w.Since
	}
	return w.On
}

func (n *narrator) date(d Date) string {
	if d == "" {
		return ""
	}
	return n.words.Date(d)
}

// source says who stated an item.
func (n *narrator) source(source Source) string {
	kind := ""
	if source.Kind != "" {
		kind = escaped(n.words.code("source", source.Kind))
	}
	switch {
	case source.Name == "":
		return kind
	case kind == "":
		return n.written(source.Name)
	}
	return n.written(source.Name) + " (" + kind + ")"
}

// concept is the label of a term in the reader's language, with the words beside it where they say more.
func (n *narrator) concept(key, text string) string {
	label, _ := n.exporter.catalogue.Label(key, n.lang)
	switch {
	case label == "" || strings.EqualFold(label, text):
		return n.written(text)
	case text == "":
		return escaped(label)
	}
	return escaped(label) + " (" + n.written(text) + ")"
}

// written marks what somebody wrote in the language of the record.
func (n *narrator) written(text string) string {
	if cleaned(text) == "" {
		return ""
	}
	if n.own == n.lang {
		return escaped(text)
	}
	return `<span` + langOf(n.own) + `>` + escaped(text) + `</span>`
}

// number keeps a telephone number in its own order in every script.
func (n *narrator) number(phone string) string {
	if phone == "" {
		return ""
	}
	return `<span dir="ltr">` + escaped(phone) + `</span>`
}

// langOf is the attributes of an element in a language (BCP 47), none where it is not known.
func langOf(lang string) string {
	if lang == "" {
		return ""
	}
	direction := "ltr"
	switch base, _, _ := strings.Cut(strings.ToLower(lang), "-"); base {
	case "ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi":
		direction = "rtl"
	}
	return ` lang="` + escaped(lang) + `" dir="` + direction + `"`
}

// escaped makes text safe in XHTML: no markup, and no characters that XML does not have.
func escaped(text string) string { return html.EscapeString(cleaned(text)) }

// patientNarrative says who the person is and whom to call: contacts stand in no section of the Composition.
func (ex *exporter) patientNarrative() object {
	n := narrator{exporter: ex, words: ex.options.Words.inEnglish(), lang: ex.options.Lang, own: ex.record.Lang}
	name := ex.record.Identity.Name.String()
	if name == "" {
		name = "-"
	}
	n.open(joined(name, n.date(ex.record.Identity.Birth)))
	if contacts := ex.record.Section(section.Contacts); len(contacts) > 0 {
		n.list(contacts)
	}
	return n.close()
}
