package web

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/terms"
)

// line is an item as a page shows it.
type line struct {
	ID, Tag string
	Title   string // label of the term, or the holder's words
	Own     bool   // Title is the holder's words: as written, not translated
	Words   string // the holder's words beside a label
	Drafted bool   // the label was checked by no clinician
	Lang    string // of the holder's words, "" when not known
	Facts   []fact
	Stated  string // who stated it, and when it was last confirmed
	Hidden  bool
}

// fact is one thing said about an item. Own marks the holder's words.
type fact struct {
	Label, Value string
	Own          bool
}

// line puts an item into the reader's words.
func (x *exchange) line(item summary.Item, lang string) line {
	l := line{ID: item.ID, Tag: emergency.ItemTag(item), Lang: lang, Hidden: item.Hidden}
	label, provenance := x.Terms.Label(item.Term, x.lang.Code)
	switch {
	case label != "":
		l.Title, l.Words, l.Drafted = label, item.Text, provenance == terms.Drafted
	case item.Text != "":
		l.Title, l.Own = item.Text, true
	case item.Name != "":
		l.Title, l.Own = item.Name, true
	case item.Absent != "":
		l.Title = x.T("absent." + item.Absent)
	case item.Detail != "":
		l.Title, l.Own = item.Detail, true
	case item.Note != "":
		l.Title, l.Own = item.Note, true
	default:
		l.Title = x.T("console.item.empty")
	}
	add := func(name, value string, own bool) {
		if value != "" && !(own && value == l.Title) {
			l.Facts = append(l.Facts, fact{x.shownLabel(item.Section, name), value, own})
		}
	}
	add("name", item.Name, true)
	add("relation", x.coded("relation", item.Relation), !x.Catalog.Has("relation."+item.Relation))
	add("phone", item.Phone, false)
	add("collect", x.coded("reader.collect", item.Collect), false)
	if item.OutOfArea {
		add("out_of_area", x.T("console.yes"), false)
	}
	add("detail", item.Detail, true)
	add("reactions", x.concepts(item.Reactions), false)
	add("severity", x.coded("severity", item.Severity), false)
	add("criticality", x.coded("criticality", item.Criticality), false)
	if !slices.Contains([]string{"active", "completed", "final"}, item.Status) { // the usual ones say nothing
		add("status", x.coded("status", item.Status), false)
	}
	add("date", x.date(item.Date), false)
	add("supply_until", x.supply(item), false)
	add("note", item.Note, true)
	l.Stated = x.stated(item)
	return l
}

// supply says how long a medicine lasts, "" where that is not known.
func (x *exchange) supply(item summary.Item) string {
	days, known := item.DaysLeft(x.Now())
	key := "console.supply.left"
	switch {
	case !known:
		return ""
	case days == 0:
		key = "console.supply.today"
	case days < 0:
		key = "console.supply.ended"
	}
	return x.T(key, "date", x.date(item.SupplyUntil), "count", days)
}

// stated says who stated an item and when it was last confirmed, "" when nothing is known of either.
func (x *exchange) stated(item summary.Item) string {
	who, when := item.Source.Name, x.date(item.Confirmed)
	if kind := item.Source.Kind; kind != "" && who != "" {
		who = x.T("console.beside", "first", who, "second", x.T("source."+kind))
	} else if kind != "" {
		who = x.T("source." + kind)
	}
	if who != "" {
		who = x.T("console.item.stated_by", "who", who)
	}
	if when != "" {
		when = x.T("console.item.confirmed", "date", when)
	}
	return x.chain("console.sentences", who, when)
}

// coded is a code in words; one that has no words is shown as it is.
func (x *exchange) coded(kind, code string) string {
	key := kind + "." + code
	if code == "" || !x.Catalog.Has(key) {
		return code
	}
	return x.T(key)
}

func (x *exchange) date(d summary.Date) string {
	year, month, day := d.Parts()
	return x.Catalog.Date(x.lang.Code, locale.Date{Year: year, Month: month, Day: day})
}

func (x *exchange) concepts(list []summary.Concept) string {
	var words []string
	for _, c := range list {
		label, _ := x.Terms.Label(c.Term, x.lang.Code)
		switch {
		case label != "" && c.Text != "" && c.Text != label:
			words = append(words, x.T("console.beside", "first", label, "second", c.Text))
		case label != "":
			words = append(words, label)
		case c.Text != "":
			words = append(words, c.Text)
		}
	}
	return x.Catalog.List(x.lang.Code, words)
}

// shownLabel is what a field is called where it is shown, not asked: "Dose" for the detail of a medicine.
func (x *exchange) shownLabel(s section.Section, name string) string {
	if key := "shown." + s.String() + "." + name; x.Catalog.Has(key) {
		return x.T(key)
	}
	return x.T("shown." + name)
}

// fieldLabel is what a field is called in a section: "Dose and how often" for the detail of a medicine.
func (x *exchange) fieldLabel(s section.Section, f itemField) string {
	if key := "field." + s.String() + "." + string(f); x.Catalog.Has(key) {
		return x.T(key)
	}
	return x.T("field." + string(f))
}

// fieldHint is the example below it, "" if there is none.
func (x *exchange) fieldHint(s section.Section, f itemField) string {
	for _, key := range []string{"hint." + s.String() + "." + string(f), "hint." + string(f)} {
		if x.Catalog.Has(key) {
			return x.T(key)
		}
	}
	return ""
}

// itemFields are the questions about an item, filled in with what it says.
func (x *exchange) itemFields(item summary.Item, lang string) []field {
	form := sectionForms[item.Section]
	var fields []field
	for _, name := range form.fields {
		f := field{ID: string(name), Kind: "text", Label: x.fieldLabel(item.Section, name), Hint: x.fieldHint(item.Section, name), Lang: lang}
		switch name {
		case fieldConcept:
			f.Value, f.Term, f.Section = item.Text, item.Term, item.Section.String()
			if label, _ := x.Terms.Label(item.Term, x.lang.Code); label != "" {
				f.Value, f.Lang = label, ""
			}
			if form.category != "" {
				f.Kind = "combobox"
				f.Options = x.termOptions(form.category)
			}
		case fieldWords:
			if item.Term != "" {
				f.Value = item.Text
			}
		case fieldName:
			f.Value = item.Name
		case fieldRelation:
			f.Value = x.coded("relation", item.Relation)
		case fieldPhone:
			f.Kind, f.Value, f.Lang = "tel", item.Phone, ""
		case fieldDetail:
			f.Value = item.Detail
		case fieldReactions:
			f.Kind, f.Section, f.Value, f.Lang = "combobox", string(terms.Reaction), x.concepts(item.Reactions), ""
			f.Options = x.termOptions(terms.Reaction)
		case fieldSeverity:
			f.Kind, f.Options = "select", x.choices("severity", severities, item.Severity)
		case fieldCriticality:
			f.Kind, f.Options = "select", x.choices("criticality", criticalities, item.Criticality)
		case fieldStatus:
			f.Kind, f.Options = "select", x.choices("status", form.statuses, item.Status)
		case fieldDate:
			f.Kind, f.Value, f.Lang = "date", string(item.Date), ""
		case fieldSupply:
			f.Kind, f.Value, f.Lang = "date", string(item.SupplyUntil), ""
		case fieldCollect:
			f.Kind, f.Options = "select", x.choices("reader.collect", collects, item.Collect)
		case fieldOutOfArea:
			f.Kind, f.Ticked = "checkbox", item.OutOfArea
		case fieldNote:
			f.Kind, f.Value = "textarea", item.Note
		}
		fields = append(fields, f)
	}
	return fields
}

// choices are the codes of a list in words, with the present one chosen. A present code that the list lacks is offered too, so that saving an
// imported item changes nothing that was not touched.
func (x *exchange) choices(kind string, codes []string, present string) []option {
	if present != "" && !slices.Contains(codes, present) {
		codes = append(slices.Clone(codes), present)
	}
	var options []option
	for _, code := range codes {
		label := x.coded(kind, code)
		if code == "" {
			label = x.T("console.not_said")
		}
		options = append(options, option{Value: code, Label: label, Chosen: code == present})
	}
	return options
}

// maxOffered is how many terms a list for browsers without scripts holds at most.
const maxOffered = 400

// termOptions are the labels of a category, for browsers without scripts.
func (x *exchange) termOptions(category terms.Category) []option {
	var options []option
	for _, term := range x.Terms.All() {
		if term.Category == category && len(options) < maxOffered {
			label, _ := x.Terms.Label(term.Key, x.lang.Code)
			options = append(options, option{Value: label})
		}
	}
	return options
}

// readItem reads an item from a form. What the form does not ask about is kept from the item as it was.
func (x *exchange) readItem(was summary.Item) (summary.Item, []fault) {
	item := was
	form := sectionForms[item.Section]
	var faults []fault
	for _, name := range form.fields {
		value := x.value(string(name))
		switch name {
		case fieldConcept:
			item.Term, item.Text = x.term(form.category, x.value("term"), value)
		case fieldWords:
			item.Text = joined(item, value)
		case fieldName:
			item.Name = value
		case fieldRelation:
			item.Relation = x.relation(value, was.Relation)
		case fieldPhone:
			item.Phone = value
		case fieldDetail:
			item.Detail = value
		case fieldReactions:
			if value != x.concepts(was.Reactions) { // untouched reactions keep their codes
				item.Reactions = x.readReactions(value)
			}
		case fieldSeverity:
			item.Severity = value
		case fieldCriticality:
			item.Criticality = value
		case fieldStatus:
			item.Status = value
		case fieldDate:
			item.Date = summary.Date(value)
			if !item.Date.Valid() {
				faults = append(faults, fault{"date", x.T("record.date")})
			}
		case fieldSupply:
			item.SupplyUntil = summary.Date(value)
		case fieldCollect:
			item.Collect = value
		case fieldOutOfArea:
			item.OutOfArea = value == ticked
		case fieldNote:
			item.Note = strings.ReplaceAll(value, "\r\n", "\n")
		}
	}
	item.Hidden = x.value("hidden") == "yes"
	if item.Term == "" && item.Text == "" && item.Name == "" && item.Note == "" && item.Detail == "" {
		faults = append(faults, fault{string(form.fields[0]), x.T("record.empty")})
	}
	return item, faults
}

// joined puts the holder's own words where they belong: beside a coded term, or behind the words that no term was found for.
func joined(item summary.Item, words string) string {
	switch {
	case item.Term != "", item.Text == "":
		return words
	case words == "" || words == item.Text:
		return item.Text
	default:
		return item.Text + " – " + words
	}
}

// term finds what was typed or chosen in the catalogue. A key counts only while the text is still that term's label: whoever changes the text
// means the text. Without a key, a text that is exactly a label means its term.
func (x *exchange) term(category terms.Category, key, text string) (term, words string) {
	if text == "" || category == "" {
		return "", text
	}
	if label, _ := x.Terms.Label(key, x.lang.Code); label != "" && label == text {
		return key, ""
	}
	for _, found := range x.Terms.Search(x.lang.Code, text, category, 5) {
		if label, _ := x.Terms.Label(found.Key, x.lang.Code); strings.EqualFold(label, text) {
			return found.Key, ""
		}
	}
	return "", text
}

// readReactions reads reactions parted by semicolons.
func (x *exchange) readReactions(text string) []summary.Concept {
	var list []summary.Concept
	for part := range strings.SplitSeq(text, ";") {
		if part = strings.TrimSpace(part); part != "" {
			term, words := x.term(terms.Reaction, "", part)
			list = append(list, summary.Concept{Term: term, Text: words})
		}
	}
	return list
}

// relation keeps the code when its words were left as they are, and reads words otherwise.
func (x *exchange) relation(text, was string) string {
	if text == x.coded("relation", was) {
		return was
	}
	return text
}
