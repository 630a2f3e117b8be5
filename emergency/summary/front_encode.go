package summary

import (
	"errors"
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
	items := make([]*FrontItem, len(f.Items))
	for i := range f.Items {
		items[i] = &f.Items[i]
	}
	bySection := func(a, b *FrontItem) int { return int(a.Section) - int(b.Section) }
	if !slices.IsSortedFunc(items, bySection) {
		slices.SortStableFunc(items, bySection)
	}
	return encodeItems(f, items)
}

// encodeItems returns the map of a front with these items, which are in the order of their sections.
func encodeItems(f Front, items []*FrontItem) ([]byte, error) {
	if len(items) > maxFrontItems {
		return nil, fmt.Errorf("%w: %d items", ErrFrontInvalid, len(items))
	}
	catalogue, err := terms.Load()
	if err != nil {
		return nil, err
	}
	e := frontEncoder{catalogue: catalogue, confirmed: usualConfirmed(items), sources: rankedSources(items), value: make([]byte, 0, maxFrontText+8)}
	pairs := byte(0)
	out := make([]byte, 1, 1024) // the first is the head of the map, which has fewer than 24 pairs
	pair := func(key section.Section, r row) {
		if r.count > 0 {
			pairs++
			out = r.appendTo(appendHead(out, majorUint, uint64(key)))
		}
	}
	pair(0, e.head(f.Lang))
	pair(section.Identity, e.identity(f.Identity))
	for len(items) > 0 {
		s, count := items[0].Section, 1
		for count < len(items) && items[count].Section == s {
			count++
		}
		if layoutOf(s).columns == nil {
			return nil, fmt.Errorf("%w: section %v", ErrFrontInvalid, s)
		}
		pairs++
		out = appendHead(appendHead(out, majorUint, uint64(s)), majorArray, uint64(count))
		for _, item := range items[:count] {
			out = e.item(out, item)
		}
		items = items[count:]
	}
	if e.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrontInvalid, e.err)
	}
	if len(out) > maxFrontInflated {
		return nil, ErrFrontTooLarge
	}
	out[0] = majorMap<<5 | pairs
	return out, nil
}

// frontEncoder writes the parts of a front. The first thing that cannot be said stays in err. Its methods append a value to out, and
// nothing where there is no value.
type frontEncoder struct {
	catalogue *terms.Catalogue
	confirmed Date
	sources   []Source
	err       error

	columns, rare, value []byte // working memory, kept from item to item
}

func (e *frontEncoder) head(lang string) row {
	var r row
	r.add(e.text(e.value[:0], lang))
	r.add(e.date(e.value[:0], e.confirmed))
	for _, source := range e.sources {
		if len(e.sources) == 1 && source == (Source{}) {
			break
		}
		kind := e.index("kind of source", kinds, source.Kind)
		if source.Name == "" {
			r.add(appendHead(e.value[:0], majorUint, kind))
			continue
		}
		r.add(e.text(appendHead(append(e.value[:0], array(2)), majorUint, kind), source.Name))
	}
	return r
}

func (e *frontEncoder) identity(id FrontIdentity) row {
	var r row
	r.add(e.text(e.value[:0], id.Name))
	r.add(e.date(e.value[:0], id.Birth))
	r.add(e.code(e.value[:0], "gender", genders, id.Gender))
	if len(id.Languages) > maxFrontList || slices.ContainsFunc(id.Languages, func(tag string) bool { return tag == "" || strings.Contains(tag, " ") }) {
		e.fail("languages")
	}
	r.add(e.text(e.value[:0], strings.Join(id.Languages, " ")))
	r.add(e.text(e.value[:0], id.Country))
	r.add(e.text(e.value[:0], id.AnswersTo))
	return r
}

func (e *frontEncoder) item(out []byte, item *FrontItem) []byte {
	if !item.speaks() {
		e.fail("an item that says nothing")
	}
	in := layoutOf(item.Section)
	r := row{encoded: e.columns[:0]}
	for _, col := range in.columns {
		e.value = e.field(e.value[:0], item, col)
		r.add(e.value)
	}
	rare, count := e.rare[:0], uint64(0)
	for _, col := range in.rare {
		if e.value = e.field(e.value[:0], item, col); len(e.value) > 0 {
			rare = append(appendHead(rare, majorUint, uint64(col)), e.value...)
			count++
		}
	}
	e.rare = rare
	if count == 0 && r.count == 1 && in.columns[0] == colConcept && r.encoded[0]>>5 != majorArray {
		out = append(out, r.encoded...)
	} else {
		if count > 0 {
			e.value = append(appendHead(e.value[:0], majorMap, count), rare...)
			r.add(e.value)
		}
		out = r.appendTo(out)
	}
	e.columns = r.encoded
	return out
}

// field appends one field of an item.
func (e *frontEncoder) field(out []byte, item *FrontItem, col column) []byte {
	switch col {
	case colSource:
		if source := slices.Index(e.sources, item.Source); source > 0 {
			return appendHead(out, majorUint, uint64(source))
		}
	case colConfirmed:
		switch {
		case item.Confirmed == e.confirmed:
		case item.Confirmed == "":
			return appendHead(out, majorUint, 0)
		default:
			return e.date(out, item.Confirmed)
		}
	case colStatus:
		return e.codeOrText(out, statuses, item.Status)
	case colFlags:
		if flags := e.index("severity", severities, item.Severity) + 4*e.index("criticality", criticalities, item.Criticality); flags != 0 {
			return appendHead(out, majorUint, flags)
		}
	case colReactions:
		return e.reactions(out, item.Reactions)
	case colAbsent:
		return e.code(out, "absence", absences, item.Absent)
	case colConcept:
		return e.concept(out, FrontConcept{item.Number, item.Term, item.Text})
	case colDetail:
		return e.text(out, item.Detail)
	case colDate:
		return e.date(out, item.Date)
	case colNote:
		return e.text(out, item.Note)
	case colName:
		return e.text(out, item.Name)
	case colPhone:
		return e.phone(out, item.Phone)
	case colRelation:
		return e.codeOrText(out, relations, item.Relation)
	case colStanding:
		standing := e.index("word on collecting", collects, item.Collect)
		if item.OutOfArea {
			standing += outOfArea
		}
		if standing != 0 {
			return appendHead(out, majorUint, standing)
		}
	}
	return out
}

// outOfArea is what the standing of a contact counts who lives out of the area.
const outOfArea = 4

// speaks reports whether the item says anything: a date or a status of nothing is not an item.
func (i *FrontItem) speaks() bool {
	return i.Number != 0 || i.Term != "" || i.Text != "" || i.Detail != "" || i.Note != "" || i.Name != "" || i.Phone != "" || i.Absent != "" || len(i.Reactions) > 0
}

func (e *frontEncoder) reactions(out []byte, list []FrontConcept) []byte {
	if len(list) > maxFrontList {
		e.fail("too many reactions")
	}
	if len(list) == 0 || len(list) == 1 && (list[0].Text == "" || list[0].Term == "" && list[0].Number == 0) {
		for _, only := range list {
			e.speak(only)
			out = e.concept(out, only)
		}
		return out
	}
	out = appendHead(out, majorArray, uint64(len(list)))
	for _, reaction := range list {
		e.speak(reaction)
		out = e.concept(out, reaction)
	}
	return out
}

func (e *frontEncoder) speak(c FrontConcept) {
	if c == (FrontConcept{}) {
		e.fail("a reaction that says nothing")
	}
}

func (e *frontEncoder) concept(out []byte, c FrontConcept) []byte {
	number := c.Number
	switch {
	case c.Term == "":
	case number == 0:
		term, known := e.catalogue.ByKey(c.Term)
		if !known {
			e.fail("a term that is not in the catalogue")
		}
		number = term.Number
	default:
		if term, known := e.catalogue.ByNumber(number); !known || term.Key != c.Term {
			e.fail("a term of another number")
		}
	}
	if number < 0 {
		e.fail("a negative number")
		number = 0
	}
	switch {
	case number == 0:
		return e.text(out, c.Text)
	case c.Text == "":
		return appendHead(out, majorUint, uint64(number))
	}
	return e.text(appendHead(append(out, array(2)), majorUint, uint64(number)), c.Text)
}

func (e *frontEncoder) text(out []byte, s string) []byte {
	if s == "" {
		return out
	}
	if len(s) > maxFrontText || !isText(s) {
		e.fail("a text that is too long, not UTF-8 or holds control characters")
	}
	return append(appendHead(out, majorText, uint64(len(s))), s...)
}

// isText reports whether a text is UTF-8 without control characters.
func isText(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f:
			return false
		case c >= utf8.RuneSelf:
			return utf8.ValidString(s[i:]) && !strings.ContainsFunc(s[i:], unicode.IsControl)
		}
	}
	return true
}

func (e *frontEncoder) date(out []byte, d Date) []byte {
	if d == "" {
		return out
	}
	year, month, day := d.Parts()
	if year == 0 {
		e.fail("a date that does not exist")
	}
	if year <= dateEpoch {
		return e.text(out, string(d))
	}
	return appendHead(out, majorUint, uint64(((year-dateEpoch)*13+month)*32+day))
}

// dateEpoch is the year from which dates are counted.
const dateEpoch = 1900

func (e *frontEncoder) phone(out []byte, phone string) []byte {
	if digits, international := strings.CutPrefix(phone, "+"); international && isE164(digits) {
		number, err := strconv.ParseUint(digits, 10, 64)
		if err == nil {
			return appendHead(out, majorUint, number)
		}
	}
	return e.text(out, phone)
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

func (e *frontEncoder) code(out []byte, what string, list []string, code string) []byte {
	if i := e.index(what, list, code); i != 0 {
		return appendHead(out, majorUint, i)
	}
	return out
}

func (e *frontEncoder) codeOrText(out []byte, list []string, code string) []byte {
	if i := slices.Index(list, code); i > 0 {
		return appendHead(out, majorUint, uint64(i))
	}
	return e.text(out, code)
}

func (e *frontEncoder) fail(why string) {
	if e.err == nil {
		e.err = errors.New(why)
	}
}

// usualConfirmed is the date that most items were confirmed on; among equals, that of the first.
func usualConfirmed(items []*FrontItem) Date {
	dates := ranked(items, func(item *FrontItem) Date { return item.Confirmed })
	if len(dates) == 0 {
		return ""
	}
	return dates[0]
}

// rankedSources lists everybody who stated an item, the most frequent first; among equals, by first appearance.
func rankedSources(items []*FrontItem) []Source {
	return ranked(items, func(item *FrontItem) Source { return item.Source })
}

func ranked[K comparable](items []*FrontItem, of func(*FrontItem) K) []K {
	var order []K
	var counts []int
	for _, item := range items {
		key := of(item)
		at := slices.Index(order, key)
		if at < 0 {
			at = len(order)
			order, counts = append(order, key), append(counts, 0)
		}
		counts[at]++
	}
	for i := range order { // sorting by insertion keeps equals in their order
		for j := i; j > 0 && counts[j] > counts[j-1]; j-- {
			counts[j], counts[j-1] = counts[j-1], counts[j]
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order
}
