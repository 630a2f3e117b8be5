package summary

import (
	"strings"
	"unicode/utf8"

	"github.com/locket-health/locket/emergency/terms"
)

// The URIs of the code systems that FHIR itself uses here.
const (
	systemSNOMED          = "http://snomed.info/sct"
	systemLOINC           = "http://loinc.org"
	systemAllergyStatus   = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
	systemConditionStatus = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	systemRoleCode        = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
	systemEmpty           = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
	systemAbsent          = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
	systemUCUM            = "http://unitsofmeasure.org"
	systemLanguage        = "urn:ietf:bcp:47"
	urlAbsentReason       = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
	separatorOfParts      = "; "
)

// concept reads a CodeableConcept: every code is kept, the best one names the term, and the words are those of the source. Where the
// source gives none, the name of the code stands for them, unless a term says it already.
func (im *importer) concept(n *node, part string) Concept {
	var c Concept
	if n != nil && n.kind == textNode {
		c.Text = n.take()
		return c
	}
	c.Text = n.get("text").take()
	best := terms.Quality(0)
	display := ""
	for _, coding := range n.get("coding").list() {
		found := Coding{coding.get("system").take(), coding.get("code").take(), coding.get("display").take(), part}
		if found.System == "" && found.Code == "" && found.Display == "" {
			continue
		}
		if display == "" {
			display = found.Display
		}
		if term, quality, ok := im.catalogue.Match(found.System, found.Code); ok && (best == 0 || quality < best) {
			best, c.Term = quality, term.Key
		}
		if !addedByUs(coding) {
			c.Codings = append(c.Codings, found)
		}
	}
	saysMore := c.Text != "" || display != ""
	if best == terms.Wider && saysMore {
		c.Term = ""
	}
	if c.Text == "" && (c.Term == "" || best >= terms.Class) {
		if c.Text = display; display == "" && c.Term == "" && len(c.Codings) > 0 {
			c.Text = c.Codings[0].Code
		}
	}
	return c
}

// set copies a concept into the item that it names.
func (item *Item) set(c Concept) {
	item.Term, item.Text = c.Term, c.Text
	item.Codings = append(item.Codings, c.Codings...)
}

// codeIn returns the code of a code, a Coding or a CodeableConcept, without making use of it.
func codeIn(n *node) string {
	if text := n.str(); text != "" {
		return text
	}
	for _, coding := range n.get("coding").list() {
		if code := coding.get("code").str(); code != "" {
			return code
		}
	}
	if code := n.get("code").str(); code != "" {
		return code
	}
	return strings.ToLower(n.get("text").str())
}

// code returns it and makes use of all of it.
func code(n *node) string {
	text := codeIn(n)
	if text != "" {
		n.use()
	}
	return text
}

// dateIn returns the day, month or year that begins a FHIR date, dateTime or instant; "" for anything else.
func dateIn(text string) Date {
	if day, _, timed := strings.Cut(text, "T"); timed {
		text = day
	}
	d, err := ParseDate(text)
	if err != nil {
		return ""
	}
	return d
}

// date reads the first of the members that is a date.
func (n *node) date(names ...string) Date {
	for _, name := range names {
		member := n.get(name)
		if d := dateIn(member.str()); d != "" {
			member.used = true
			return d
		}
		if start := member.get("start"); start != nil {
			if d := dateIn(start.str()); d != "" {
				start.used = true
				return d
			}
		}
	}
	return ""
}

// notes reads Annotations into one text.
func notes(n *node) string {
	var texts []string
	for _, note := range n.list() {
		text := note.get("text")
		if text == nil && note.kind == textNode {
			text = note
		}
		if said := text.take(); said != "" {
			texts = append(texts, said)
		}
	}
	return strings.Join(texts, separatorOfParts)
}

// joined puts texts that are there into one.
func joined(texts ...string) string {
	var there []string
	for _, text := range texts {
		if text != "" {
			there = append(there, text)
		}
	}
	return strings.Join(there, separatorOfParts)
}

// quantity reads "< 5 mg"; the unit in words wins over its code.
func quantity(n *node) string {
	value := n.get("value").take()
	if value == "" {
		return ""
	}
	if comparator := n.get("comparator").take(); comparator != "" {
		value = comparator + " " + value
	}
	unit := n.get("unit").take()
	if unit == "" {
		unit = n.get("code").str()
	}
	n.get("code").take()
	if unit != "" && unit != "1" {
		value += " " + unit
	}
	return value
}

// sourceOf reads who stated something and makes use of it.
func (im *importer) sourceOf(reference *node, from *resource) Source {
	source := im.peekSource(reference, from)
	if reference != nil && reference.kind == objectNode {
		reference.get("type").take()
		if source.Kind != SourceSelf {
			reference.get("display").take()
		}
	}
	return source
}

// peekSource reads who stated something. A person whom the document describes is named as it describes them.
func (im *importer) peekSource(reference *node, from *resource) Source {
	if reference == nil || reference.kind != objectNode {
		return Source{}
	}
	name := reference.get("display").str()
	kind := reference.get("type").str()
	if kind == "" {
		kind, _, _ = strings.Cut(reference.get("reference").str(), "/")
	}
	if r := im.resolve(reference, from); r != nil {
		kind = r.kind
		if name == "" {
			name = im.nameOf(r, 0)
		}
	}
	switch kind {
	case "Patient":
		return Source{Kind: SourceSelf}
	case "RelatedPerson":
		return Source{SourceGuardian, name}
	case "Practitioner", "PractitionerRole":
		return Source{SourceClinician, name}
	case "Organization":
		return Source{SourceOrganization, name}
	}
	if name == "" {
		return Source{}
	}
	return Source{SourceImported, name}
}

// nameOf names a person, an organization or a program. A role is named by whoever has it.
func (im *importer) nameOf(r *resource, depth int) string {
	if name := r.get("name"); name != nil {
		if name.kind == textNode {
			return name.str()
		}
		if list := name.list(); len(list) > 0 {
			return humanName(list[0]).String()
		}
	}
	for _, role := range []string{"practitioner", "organization"} {
		reference := r.get(role)
		if display := reference.get("display").str(); display != "" {
			return display
		}
		if to := im.resolve(reference, r); to != nil && depth < 2 {
			return im.nameOf(to, depth+1)
		}
	}
	if list := r.get("deviceName").list(); len(list) > 0 {
		return list[0].get("name").str()
	}
	return ""
}

// humanName reads a HumanName without making use of it.
func humanName(n *node) Name {
	name := Name{Display: n.get("text").str(), Family: n.get("family").str()}
	for _, given := range n.get("given").list() {
		if text := given.str(); text != "" {
			name.Given = append(name.Given, text)
		}
	}
	return name
}

// cut shortens a text to a number of bytes, between two letters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

func displays(codings []Coding) string {
	var texts []string
	for _, coding := range codings {
		texts = append(texts, strings.TrimSpace(coding.Display+" "+coding.Code))
	}
	return joined(texts...)
}

// takeOneOf takes a code where it is one of a list.
func takeOneOf(n *node, list []string) string {
	if text := n.str(); text != "" && known(list, text) == text {
		return n.take()
	}
	return ""
}

// takeCode makes use of a code where it is the one that needs no words.
func takeCode(n *node, ordinary string) {
	if codeIn(n) == ordinary {
		n.use()
	}
}

// stated reads who stated an item and when: the first of the references that names somebody.
func (im *importer) stated(item *Item, r *resource, date string, references ...string) {
	if date != "" {
		item.Confirmed = r.date(date)
	}
	for _, name := range references {
		for _, reference := range r.get(name).list() {
			if item.Source == (Source{}) {
				item.Source = im.sourceOf(reference, r)
			}
		}
	}
}

// takeRepeated makes use of words beside a reference that only repeat what it points to.
func takeRepeated(n *node, c Concept) {
	repeats := strings.EqualFold(n.str(), c.Text)
	for _, coding := range c.Codings {
		repeats = repeats || strings.EqualFold(n.str(), coding.Display)
	}
	if repeats {
		n.take()
	}
}
