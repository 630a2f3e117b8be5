package summary

import (
	"reflect"

	"github.com/locket-health/locket/emergency/section"
)

// What FHIR has no member for travels in one extension, urlItem, with one nested extension a field. It is only written for fields that would
// not come back without it, so that most resources have none; "without" names a field that FHIR made us fill and the record has empty.
const (
	urlItem    = "https://locket.health/fhir/StructureDefinition/emergency-item"
	urlSilence = "https://locket.health/fhir/StructureDefinition/nothing-recorded" // an empty section that no item stands for
	urlAdded   = "https://locket.health/fhir/StructureDefinition/added-coding"     // a code that we put beside those of the source
)

// residueTexts has the text fields of an item by their names in the extension.
var residueTexts = []struct {
	name  string
	field func(*Item) *string
}{
	{"id", func(i *Item) *string { return &i.ID }},
	{"term", func(i *Item) *string { return &i.Term }},
	{"text", func(i *Item) *string { return &i.Text }},
	{"detail", func(i *Item) *string { return &i.Detail }},
	{"note", func(i *Item) *string { return &i.Note }},
	{"severity", func(i *Item) *string { return &i.Severity }},
	{"criticality", func(i *Item) *string { return &i.Criticality }},
	{"status", func(i *Item) *string { return &i.Status }},
	{"date", func(i *Item) *string { return (*string)(&i.Date) }},
	{"name", func(i *Item) *string { return &i.Name }},
	{"phone", func(i *Item) *string { return &i.Phone }},
	{"relation", func(i *Item) *string { return &i.Relation }},
	{"collect", func(i *Item) *string { return &i.Collect }},
	{"supply-until", func(i *Item) *string { return (*string)(&i.SupplyUntil) }},
	{"source", func(i *Item) *string { return &i.Source.Name }},
	{"source-kind", func(i *Item) *string { return &i.Source.Kind }},
	{"confirmed", func(i *Item) *string { return (*string)(&i.Confirmed) }},
	{"front", func(i *Item) *string { return &i.Front }},
	{"absent", func(i *Item) *string { return &i.Absent }},
}

// residue returns what must be said beside a resource that is read as got, so that it is read as want. nil when nothing must.
func residue(want, got Item) object {
	var nested []object
	add := func(name, kind string, value any) { nested = append(nested, object{"url": name, kind: value}) }
	if want.Section != got.Section {
		add("section", "valueCode", want.Section.String())
	}
	for _, text := range residueTexts {
		switch mine := *text.field(&want); {
		case mine == *text.field(&got):
		case mine == "":
			add("without", "valueCode", text.name)
		default:
			add(text.name, "valueString", mine)
		}
	}
	if want.Hidden {
		add("hidden", "valueBoolean", true)
	}
	if want.OutOfArea {
		add("out-of-area", "valueBoolean", true)
	}
	if !reflect.DeepEqual(want.Codings, got.Codings) {
		nested = append(nested, residueCodings(want.Codings)...)
		if len(want.Codings) == 0 {
			add("without", "valueCode", "codings")
		}
	}
	if !reflect.DeepEqual(want.Reactions, got.Reactions) {
		for _, reaction := range want.Reactions {
			parts := residueCodings(reaction.Codings)
			for name, text := range map[string]string{"term": reaction.Term, "text": reaction.Text} {
				if text != "" {
					parts = append(parts, object{"url": name, "valueString": text})
				}
			}
			nested = append(nested, object{"url": "reaction", "extension": sortedByURL(parts)})
		}
		if len(want.Reactions) == 0 {
			add("without", "valueCode", "reactions")
		}
	}
	if len(nested) == 0 {
		return nil
	}
	return object{"url": urlItem, "extension": nested}
}

func residueCodings(codings []Coding) []object {
	var list []object
	for _, coding := range codings {
		value := object{}
		putText(value, "system", coding.System)
		putText(value, "code", coding.Code)
		putText(value, "display", coding.Display)
		parts := []object{{"url": "coding", "valueCoding": value}}
		if coding.Part != "" {
			parts = append(parts, object{"url": "part", "valueCode": coding.Part})
		}
		list = append(list, object{"url": "coding", "extension": parts})
	}
	return list
}

// withResidue reads the extension of an item, if n has it.
func (im *importer) withResidue(item Item, n *node) Item {
	for _, extension := range n.get("extension").list() {
		if extension.get("url").str() != urlItem {
			continue
		}
		extension.use()
		var codings []Coding
		var reactions []Concept
		for _, nested := range extension.get("extension").list() {
			name, text := nested.get("url").str(), nested.get("valueString").str()+nested.get("valueCode").str()
			switch name {
			case "section":
				if s, known := section.Parse(text); known {
					item.Section = s
				}
			case "hidden":
				item.Hidden = nested.get("valueBoolean").str() == "true"
			case "out-of-area":
				item.OutOfArea = nested.get("valueBoolean").str() == "true"
			case "coding":
				codings = append(codings, codingIn(nested))
			case "reaction":
				reactions = append(reactions, im.reactionIn(nested))
			case "without":
				item.clear(text)
			default:
				im.setText(&item, name, text)
			}
		}
		if codings != nil {
			item.Codings = codings
		}
		if reactions != nil {
			item.Reactions = reactions
		}
	}
	return item
}

// setText sets a field from the extension, where it is a value that a record may have.
func (im *importer) setText(item *Item, name, text string) {
	for _, field := range residueTexts {
		if field.name != name {
			continue
		}
		before := *item
		*field.field(item) = text
		_, knownTerm := im.catalogue.ByKey(item.Term)
		if item.ID == "" || im.taken[item.ID] || len(item.ID) > maxShort || item.Term != "" && !knownTerm || !item.Date.Valid() || !item.Confirmed.Valid() ||
			known(severities, item.Severity) != item.Severity || known(criticalities, item.Criticality) != item.Criticality ||
			known(kinds, item.Source.Kind) != item.Source.Kind || known(absences, item.Absent) != item.Absent ||
			known(collects, item.Collect) != item.Collect || item.SupplyUntil != "" && !item.SupplyUntil.whole() ||
			item.Front != "" && item.Front != FrontAlways && item.Front != FrontNever {
			*item = before
		}
	}
}

func (item *Item) clear(name string) {
	switch name {
	case "id":
	case "codings":
		item.Codings = nil
	case "reactions":
		item.Reactions = nil
	default:
		for _, field := range residueTexts {
			if field.name == name {
				*field.field(item) = ""
			}
		}
	}
}

func codingIn(nested *node) Coding {
	var coding Coding
	for _, part := range nested.get("extension").list() {
		if part.get("url").str() == "part" {
			coding.Part = cut(part.get("valueCode").str(), maxShort)
			continue
		}
		value := part.get("valueCoding")
		coding.System, coding.Code, coding.Display = value.get("system").str(), value.get("code").str(), value.get("display").str()
	}
	return coding
}

func (im *importer) reactionIn(nested *node) Concept {
	var c Concept
	for _, part := range nested.get("extension").list() {
		switch part.get("url").str() {
		case "term":
			if _, known := im.catalogue.ByKey(part.get("valueString").str()); known {
				c.Term = part.get("valueString").str()
			}
		case "text":
			c.Text = part.get("valueString").str()
		case "coding":
			c.Codings = append(c.Codings, codingIn(part))
		}
	}
	return c
}

// addedByUs reports whether a code was put beside those of the source on export.
func addedByUs(coding *node) bool {
	for _, extension := range coding.get("extension").list() {
		if extension.get("url").str() == urlAdded {
			extension.use()
			return true
		}
	}
	return false
}

// added marks a code as ours.
func added(coding object) object {
	coding["extension"] = []object{{"url": urlAdded, "valueBoolean": true}}
	return coding
}

func sortedByURL(list []object) []object {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && list[j]["url"].(string) < list[j-1]["url"].(string); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}
