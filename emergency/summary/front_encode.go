package summary

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// EncodeFront returns the front as one item of CBOR: the map, or its compressed form where that is smaller. The order of items of
// one section is kept. It fails with ErrFrontInvalid on what the format cannot say and with ErrFrontTooLarge beyond MaxFront bytes.
func EncodeFront(f Front) ([]byte, error) {
	plain, err := encodeMap(f)
	if err != nil {
		return nil, err
	}
	item := compress(plain)
	if len(item) > MaxFront {
		return nil, ErrFrontTooLarge
	}
	return item, nil
}

// encodeMap returns the canonical map of the front.
func encodeMap(f Front) ([]byte, error) {
	if len(f.Items) > maxFrontItems {
		return nil, fmt.Errorf("%w: %d items", ErrFrontInvalid, len(f.Items))
	}
	f.Items = slices.Clone(f.Items)
	slices.SortStableFunc(f.Items, func(a, b FrontItem) int { return int(a.Section) - int(b.Section) })
	e := frontEncoder{confirmed: usualConfirmed(f.Items), sources: rankedSources(f.Items)}
	var err error
	if e.catalogue, err = terms.Load(); err != nil {
		return nil, err
	}
	head, identity := e.head(f.Lang), e.identity(f.Identity)
	sections := [section.BloodGroup + 1][]byte{}
	counts := [section.BloodGroup + 1]int{}
	for i, item := range f.Items {
		if columns(item.Section) == nil {
			return nil, fmt.Errorf("%w: section %v", ErrFrontInvalid, item.Section)
		}
		sections[item.Section] = e.item(sections[item.Section], item)
		counts[item.Section]++
		if e.err != nil {
			return nil, fmt.Errorf("%w: item %d: %w", ErrFrontInvalid, i, e.err)
		}
	}
	if e.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrontInvalid, e.err)
	}
	pairs := 0
	var body []byte
	pair := func(key section.Section, count int, columns []byte) {
		if count == 0 {
			return
		}
		pairs++
		body = appendHead(body, majorUint, uint64(key))
		body = appendHead(body, majorArray, uint64(count))
		body = append(body, columns...)
	}
	pair(0, head.len(), head.bytes())
	pair(section.Identity, identity.len(), identity.bytes())
	for s := section.Directives; s <= section.BloodGroup; s++ {
		pair(s, counts[s], sections[s])
	}
	out := append(appendHead(make([]byte, 0, len(body)+3), majorMap, uint64(pairs)), body...)
	if len(out) > maxFrontInflated {
		return nil, ErrFrontTooLarge
	}
	return out, nil
}

// frontEncoder writes the parts of a front. The first thing that cannot be said stays in err.
type frontEncoder struct {
	catalogue *terms.Catalogue
	confirmed Date
	sources   []Source
	err       error
}

func (e *frontEncoder) head(lang string) *row {
	var r row
	r.add(e.text(lang))
	r.add(e.date(e.confirmed))
	for _, source := range e.sources {
		if len(e.sources) == 1 && source == (Source{}) {
			break
		}
		kind := e.index("kind of source", kinds, source.Kind)
		if source.Name == "" {
			r.add(appendHead(nil, majorUint, kind))
			continue
		}
		r.add(append(appendHead([]byte{array(2)}, majorUint, kind), e.text(source.Name)...))
	}
	return &r
}

func (e *frontEncoder) identity(id FrontIdentity) *row {
	var r row
	r.add(e.text(id.Name))
	r.add(e.date(id.Birth))
	r.add(e.code("gender", genders, id.Gender))
	if len(id.Languages) > maxFrontList || slices.ContainsFunc(id.Languages, func(tag string) bool { return tag == "" || strings.Contains(tag, " ") }) {
		e.fail("languages")
	}
	r.add(e.text(strings.Join(id.Languages, " ")))
	r.add(e.text(id.Country))
	r.add(e.text(id.AnswersTo))
	return &r
}

func (e *frontEncoder) item(out []byte, item FrontItem) []byte {
	var fields [columnCount][]byte
	if !item.speaks() {
		e.fail("an item that says nothing")
	}
	if source := slices.Index(e.sources, item.Source); source > 0 {
		fields[colSource] = appendHead(nil, majorUint, uint64(source))
	}
	if item.Confirmed != e.confirmed {
		if fields[colConfirmed] = e.date(item.Confirmed); item.Confirmed == "" {
			fields[colConfirmed] = appendHead(nil, majorUint, 0)
		}
	}
	fields[colStatus] = e.codeOrText(statuses, item.Status)
	flags := e.index("severity", severities, item.Severity) + 4*e.index("criticality", criticalities, item.Criticality)
	if flags != 0 {
		fields[colFlags] = appendHead(nil, majorUint, flags)
	}
	fields[colReactions] = e.reactions(item.Reactions)
	fields[colAbsent] = e.code("absence", absences, item.Absent)
	fields[colConcept] = e.concept(FrontConcept{item.Number, item.Term, item.Text})
	fields[colDetail] = e.text(item.Detail)
	fields[colDate] = e.date(item.Date)
	fields[colNote] = e.text(item.Note)
	fields[colName] = e.text(item.Name)
	fields[colPhone] = e.phone(item.Phone)
	fields[colRelation] = e.codeOrText(relations, item.Relation)

	var r row
	for _, col := range columns(item.Section) {
		r.add(fields[col])
		fields[col] = nil
	}
	var rare []byte
	count := uint64(0)
	for col, value := range fields {
		if value != nil {
			rare = append(appendHead(rare, majorUint, uint64(col)), value...)
			count++
		}
	}
	if count > 0 {
		r.add(append(appendHead(nil, majorMap, count), rare...))
	} else if bytes := r.bytes(); r.len() == 1 && columns(item.Section)[0] == colConcept && bytes[0]>>5 != majorArray {
		return append(out, bytes...)
	}
	return append(appendHead(out, majorArray, uint64(r.len())), r.bytes()...)
}

// speaks reports whether the item says anything: a date or a status of nothing is not an item.
func (i FrontItem) speaks() bool {
	return i.Number != 0 || i.Term != "" || i.Text != "" || i.Detail != "" || i.Note != "" || i.Name != "" || i.Phone != "" || i.Absent != "" || len(i.Reactions) > 0
}

func (e *frontEncoder) reactions(list []FrontConcept) []byte {
	if len(list) > maxFrontList {
		e.fail("too many reactions")
	}
	switch len(list) {
	case 0:
		return nil
	case 1:
		if one := e.concept(list[0]); one != nil && one[0]>>5 != majorArray {
			return one
		}
	}
	out := appendHead(nil, majorArray, uint64(len(list)))
	for _, reaction := range list {
		concept := e.concept(reaction)
		if concept == nil {
			e.fail("a reaction that says nothing")
		}
		out = append(out, concept...)
	}
	return out
}

func (e *frontEncoder) concept(c FrontConcept) []byte {
	number := c.Number
	if c.Term != "" {
		term, known := e.catalogue.ByKey(c.Term)
		if !known || number != 0 && number != term.Number {
			e.fail("a term that is not in the catalogue")
		}
		number = term.Number
	}
	if number < 0 {
		e.fail("a negative number")
		number = 0
	}
	switch {
	case number == 0:
		return e.text(c.Text)
	case c.Text == "":
		return appendHead(nil, majorUint, uint64(number))
	}
	return append(appendHead([]byte{array(2)}, majorUint, uint64(number)), e.text(c.Text)...)
}

// text returns a text, nil for none.
func (e *frontEncoder) text(s string) []byte {
	if s == "" {
		return nil
	}
	if len(s) > maxFrontText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		e.fail("a text that is too long, not UTF-8 or holds control characters")
	}
	return append(appendHead(make([]byte, 0, len(s)+3), majorText, uint64(len(s))), s...)
}

func (e *frontEncoder) date(d Date) []byte {
	if d == "" {
		return nil
	}
	year, month, day := d.Parts()
	if year == 0 {
		e.fail("a date that does not exist")
	}
	if year <= dateEpoch {
		return e.text(string(d))
	}
	return appendHead(nil, majorUint, uint64(((year-dateEpoch)*13+month)*32+day))
}

// dateEpoch is the year from which dates are counted.
const dateEpoch = 1900

func (e *frontEncoder) phone(phone string) []byte {
	if digits, international := strings.CutPrefix(phone, "+"); international && isE164(digits) {
		number, err := strconv.ParseUint(digits, 10, 64)
		if err == nil {
			return appendHead(nil, majorUint, number)
		}
	}
	return e.text(phone)
}

func isE164(digits string) bool {
	if len(digits) < 8 || len(digits) > 15 || digits[0] == '0' {
		return false
	}
	return !strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
}

// index returns the number of a code in a closed list.
func (e *frontEncoder) index(what string, list []string, code string) uint64 {
	i := slices.Index(list, code)
	if i < 0 {
		e.fail("an unknown " + what)
		return 0
	}
	return uint64(i)
}

func (e *frontEncoder) code(what string, list []string, code string) []byte {
	if i := e.index(what, list, code); i != 0 {
		return appendHead(nil, majorUint, i)
	}
	return nil
}

func (e *frontEncoder) codeOrText(list []string, code string) []byte {
	if i := slices.Index(list, code); i > 0 {
		return appendHead(nil, majorUint, uint64(i))
	}
	return e.text(code)
}

func (e *frontEncoder) fail(why string) {
	if e.err == nil {
		e.err = fmt.Errorf("%s", why)
	}
}

// usualConfirmed is the date that most items were confirmed on; among equals, that of the first.
func usualConfirmed(items []FrontItem) Date {
	dates := ranked(items, func(item FrontItem) Date { return item.Confirmed })
	if len(dates) == 0 {
		return ""
	}
	return dates[0]
}

// rankedSources lists everybody who stated an item, the most frequent first; among equals, by first appearance.
func rankedSources(items []FrontItem) []Source {
	return ranked(items, func(item FrontItem) Source { return item.Source })
}

func ranked[K comparable](items []FrontItem, of func(FrontItem) K) []K {
	var order []K
	counts := map[K]int{}
	for _, item := range items {
		key := of(item)
		if counts[key]++; counts[key] == 1 {
			order = append(order, key)
		}
	}
	slices.SortStableFunc(order, func(a, b K) int { return counts[b] - counts[a] })
	return order
}
