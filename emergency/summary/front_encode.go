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
	if len(f.Items) > maxFrontItems {
		return nil, fmt.Errorf("%w: %d items", ErrFrontInvalid, len(f.Items))
	}
	catalogue, err := terms.Load()
	if err != nil {
		return nil, err
	}
	items := f.Items
	if inOrder := func(a, b FrontItem) int { return int(a.Section) - int(b.Section) }; !slices.IsSortedFunc(items, inOrder) {
		items = slices.Clone(items)
		slices.SortStableFunc(items, inOrder)
	}
	e := frontEncoder{catalogue: catalogue, confirmed: usualConfirmed(items), sources: rankedSources(items)}
	pairs := uint64(0)
	body := make([]byte, 0, 1024)
	pair := func(key section.Section, r row) {
		if r.count > 0 {
			pairs++
			body = r.appendTo(appendHead(body, majorUint, uint64(key)))
		}
	}
	pair(0, e.head(f.Lang))
	pair(section.Identity, e.identity(f.Identity))
	for len(items) > 0 {
		s, count := items[0].Section, 1
		for count < len(items) && items[count].Section == s {
			count++
		}
		if columns(s) == nil {
			return nil, fmt.Errorf("%w: section %v", ErrFrontInvalid, s)
		}
		pairs++
		body = appendHead(appendHead(body, majorUint, uint64(s)), majorArray, uint64(count))
		for i := range items[:count] {
			body = e.item(body, &items[i])
		}
		items = items[count:]
	}
	if e.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrontInvalid, e.err)
	}
	if len(body) >= maxFrontInflated {
		return nil, ErrFrontTooLarge
	}
	return append(appendHead(make([]byte, 0, len(body)+1), majorMap, pairs), body...), nil
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
	r.add(e.text(nil, lang))
	r.add(e.date(nil, e.confirmed))
	for _, source := range e.sources {
		if len(e.sources) == 1 && source == (Source{}) {
			break
		}
		kind := e.index("kind of source", kinds, source.Kind)
		if source.Name == "" {
			r.add(appendHead(nil, majorUint, kind))
			continue
		}
		r.add(e.text(appendHead([]byte{array(2)}, majorUint, kind), source.Name))
	}
	return r
}

func (e *frontEncoder) identity(id FrontIdentity) row {
	var r row
	r.add(e.text(nil, id.Name))
	r.add(e.date(nil, id.Birth))
	r.add(e.code(nil, "gender", genders, id.Gender))
	if len(id.Languages) > maxFrontList || slices.ContainsFunc(id.Languages, func(tag string) bool { return tag == "" || strings.Contains(tag, " ") }) {
		e.fail("languages")
	}
	r.add(e.text(nil, strings.Join(id.Languages, " ")))
	r.add(e.text(nil, id.Country))
	r.add(e.text(nil, id.AnswersTo))
	return r
}

func (e *frontEncoder) item(out []byte, item *FrontItem) []byte {
	if !item.speaks() {
		e.fail("an item that says nothing")
	}
	inColumns := columns(item.Section)
	r := row{encoded: e.columns[:0]}
	for _, col := range inColumns {
		e.value = e.field(e.value[:0], item, col)
		r.add(e.value)
	}
	rare, count := e.rare[:0], uint64(0)
	for col := range columnCount {
		if slices.Contains(inColumns, col) {
			continue
		}
		if e.value = e.field(e.value[:0], item, col); len(e.value) > 0 {
			rare = append(appendHead(rare, majorUint, uint64(col)), e.value...)
			count++
		}
	}
	e.rare = rare
	if count == 0 && r.count == 1 && inColumns[0] == colConcept && r.encoded[0]>>5 != majorArray {
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
	}
	return out
}

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
	if len(s) > maxFrontText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		e.fail("a text that is too long, not UTF-8 or holds control characters")
	}
	return append(appendHead(out, majorText, uint64(len(s))), s...)
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
func usualConfirmed(items []FrontItem) Date {
	dates := ranked(items, func(item *FrontItem) Date { return item.Confirmed })
	if len(dates) == 0 {
		return ""
	}
	return dates[0]
}

// rankedSources lists everybody who stated an item, the most frequent first; among equals, by first appearance.
func rankedSources(items []FrontItem) []Source {
	return ranked(items, func(item *FrontItem) Source { return item.Source })
}

func ranked[K comparable](items []FrontItem, of func(*FrontItem) K) []K {
	type counted struct {
		key   K
		count int
	}
	var all []counted
	for i := range items {
		key := of(&items[i])
		at := slices.IndexFunc(all, func(c counted) bool { return c.key == key })
		if at < 0 {
			at = len(all)
			all = append(all, counted{key: key})
		}
		all[at].count++
	}
	slices.SortStableFunc(all, func(a, b counted) int { return b.count - a.count })
	var order []K
	for _, c := range all {
		order = append(order, c.key)
	}
	return order
}
