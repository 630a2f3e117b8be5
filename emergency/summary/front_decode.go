package summary

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// DecodeFront reads one item of CBOR that EncodeFront wrote, in this version or an earlier one. Anything else, and anything that is not in
// canonical form, is ErrFrontMalformed or ErrFrontTooLarge. A number that the catalogue does not know is no error: the item
// keeps it and has no term. Characters that would turn the direction of the text around them are left out of what is returned.
func DecodeFront(item []byte) (Front, error) {
	front, plain, err := decodeFront(item)
	if err == nil && hasDirections(plain) {
		front.settle()
	}
	return front, err
}

// decodeFront returns what the bytes say, to the letter, and the map that they are.
func decodeFront(item []byte) (Front, string, error) {
	if len(item) > MaxFront {
		return Front{}, "", ErrFrontTooLarge
	}
	plain := string(item)
	if len(item) > 0 && item[0]>>5 == majorBytes {
		var err error
		if plain, err = decompress(item); err != nil {
			return Front{}, "", err
		}
	}
	front, err := decodeMap(plain)
	if err != nil {
		return Front{}, "", fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	again, err := encodeMap(front)
	if err != nil {
		return Front{}, "", fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	if string(again) != plain {
		return Front{}, "", ErrFrontMalformed
	}
	return front, plain, nil
}

func decodeMap(plain string) (Front, error) {
	catalogue, err := terms.Load()
	if err != nil {
		return Front{}, err
	}
	d := frontDecoder{cborReader: cborReader{left: plain}, catalogue: catalogue}
	d.front.Items = make([]FrontItem, 0, countItems(d.cborReader))
	before := -1
	for range d.pairs(int(section.BloodGroup) + 1) {
		key := int(min(d.uint(), uint64(section.PrivateNotes)))
		if key <= before || key > int(section.BloodGroup) {
			d.fail("a key that is unknown or out of order")
			break
		}
		before = key
		switch section.Section(key) {
		case 0:
			d.head()
		case section.Identity:
			d.identity()
		default:
			d.items(section.Section(key))
		}
	}
	if d.left != "" {
		d.fail("bytes after the end of the map")
	}
	if d.wrong != "" {
		return Front{}, errors.New(d.wrong)
	}
	return d.front, nil
}

// countItems returns how many items a map has, so that there is room for them at once: no more than a front may have.
func countItems(r cborReader) int {
	count := 0
	for range r.pairs(int(section.BloodGroup) + 1) {
		if r.uint() <= uint64(section.Identity) {
			r.skip(1)
			continue
		}
		n := r.array(maxFrontItems)
		r.skip(uint64(n))
		count += n
	}
	return min(count, maxFrontItems)
}

// frontDecoder reads the parts of a front. It is lenient about form, because DecodeFront compares the bytes in the end, and strict about types and
// bounds.
type frontDecoder struct {
	cborReader
	catalogue *terms.Catalogue
	front     Front

	dated  uint64 // the last date read as a number, and what it means: most dates of a front are the same
	dating Date
}

func (d *frontDecoder) head() {
	for i := range d.array(2 + maxFrontItems) {
		switch {
		case d.null():
		case i == 0:
			d.front.Lang = d.text()
		case i == 1:
			d.front.Confirmed = d.date()
		default:
			d.front.Sources = append(d.front.Sources, d.source())
		}
	}
}

func (d *frontDecoder) source() Source {
	if d.next() != majorArray {
		return Source{Kind: d.code(kinds)}
	}
	if d.array(2) != 2 {
		d.fail("not a source")
	}
	return Source{d.code(kinds), d.text()}
}

func (d *frontDecoder) identity() {
	id := &d.front.Identity
	for i := range d.array(6) {
		if d.null() {
			continue
		}
		switch i {
		case 0:
			id.Name = d.text()
		case 1:
			id.Birth = d.date()
		case 2:
			id.Gender = d.code(genders)
		case 3:
			id.Languages = strings.SplitN(d.text(), " ", maxFrontList+1)
		case 4:
			id.Country = d.text()
		case 5:
			id.AnswersTo = d.text()
		}
	}
}

func (d *frontDecoder) items(s section.Section) {
	for range d.array(maxFrontItems - len(d.front.Items)) {
		d.front.Items = append(d.front.Items, FrontItem{Section: s, Confirmed: d.front.Confirmed})
		item := &d.front.Items[len(d.front.Items)-1]
		if len(d.front.Sources) > 0 {
			item.Source = d.front.Sources[0]
		}
		d.item(item)
	}
}

func (d *frontDecoder) item(item *FrontItem) {
	if d.next() != majorArray {
		d.field(item, colConcept)
		return
	}
	inColumns := layoutOf(item.Section).columns
	for i := range d.array(len(inColumns) + 1) {
		switch {
		case i == len(inColumns):
			d.rare(item)
		case !d.null():
			d.field(item, inColumns[i])
		}
	}
}

func (d *frontDecoder) rare(item *FrontItem) {
	for range d.pairs(int(columnCount)) {
		col := d.uint()
		if col >= uint64(columnCount) {
			d.fail("an unknown rare field")
			return
		}
		d.field(item, column(col))
	}
}

func (d *frontDecoder) field(item *FrontItem, col column) {
	switch col {
	case colSource:
		i := d.uint()
		if i >= uint64(len(d.front.Sources)) {
			d.fail("an unknown source")
			return
		}
		item.Source = d.front.Sources[i]
	case colConfirmed:
		item.Confirmed = d.date()
	case colStatus:
		item.Status = d.codeOrText(statuses)
	case colFlags:
		flags := d.uint()
		item.Severity, item.Criticality = d.listed(severities, flags%4), d.listed(criticalities, flags/4)
	case colReactions:
		d.reactions(item)
	case colAbsent:
		item.Absent = d.code(absences)
	case colConcept:
		concept := d.concept()
		item.Number, item.Term, item.Text = concept.Number, concept.Term, concept.Text
	case colDetail:
		item.Detail = d.text()
	case colDate:
		item.Date = d.date()
	case colNote:
		item.Note = d.text()
	case colName:
		item.Name = d.text()
	case colPhone:
		item.Phone = d.phone()
	case colRelation:
		item.Relation = d.codeOrText(relations)
	case colStanding:
		standing := d.uint()
		if standing >= 2*outOfArea {
			d.fail("an unknown standing")
			return
		}
		item.Collect, item.OutOfArea = d.listed(collects, standing%outOfArea), standing >= outOfArea
	}
}

func (d *frontDecoder) reactions(item *FrontItem) {
	count := 1
	if d.next() == majorArray {
		count = d.array(maxFrontList)
	}
	item.Reactions = make([]FrontConcept, 0, count)
	for range count {
		item.Reactions = append(item.Reactions, d.concept())
	}
}

func (d *frontDecoder) concept() FrontConcept {
	var concept FrontConcept
	switch d.next() {
	case majorText:
		concept.Text = d.text()
		return concept
	case majorArray:
		if d.array(2) != 2 {
			d.fail("not a concept")
		}
		concept.Number, concept.Text = d.catalogueNumber(), d.text()
	default:
		concept.Number = d.catalogueNumber()
	}
	if term, known := d.catalogue.ByNumber(concept.Number); known {
		concept.Term = term.Key
	}
	return concept
}

func (d *frontDecoder) catalogueNumber() int {
	n := d.uint()
	if n > 1<<31-1 {
		d.fail("a number beyond any catalogue")
		return 0
	}
	return int(n)
}

func (d *frontDecoder) phone() string {
	if d.next() == majorText {
		return d.text()
	}
	return string(strconv.AppendUint(append(make([]byte, 0, 24), '+'), d.uint(), 10))
}

// date reads a date. Numbers that are no date of the calendar fail.
func (d *frontDecoder) date() Date {
	if d.next() == majorText {
		date, err := ParseDate(d.text())
		if err != nil {
			d.fail("not a date")
		}
		return date
	}
	n := d.uint()
	switch {
	case n == 0:
		return ""
	case n == d.dated:
		return d.dating
	case n > 10_000*13*32:
		d.fail("not a date")
		return ""
	}
	months := int(n / 32)
	date := dateOf(dateEpoch+months/13, months%13, int(n%32))
	if date == "" {
		d.fail("not a date")
		return ""
	}
	d.dated, d.dating = n, date
	return date
}

func (d *frontDecoder) code(list []string) string { return d.listed(list, d.uint()) }

// listed returns the code of a number.
func (d *frontDecoder) listed(list []string, i uint64) string {
	if i >= uint64(len(list)) {
		d.fail("an unknown code")
		return ""
	}
	return list[i]
}

func (d *frontDecoder) codeOrText(list []string) string {
	if d.next() == majorText {
		return d.text()
	}
	return d.code(list)
}
