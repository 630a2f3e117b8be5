package summary

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// frontMode reads the CBOR of a front: bounded, without anything that the format does not use.
var frontMode = sync.OnceValues(func() (cbor.DecMode, error) {
	return cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
		MaxNestedLevels:  6,
		MaxArrayElements: maxFrontItems,
		MaxMapPairs:      32,
	}.DecMode()
})

// DecodeFront reads one item of CBOR that EncodeFront wrote, in this version or an earlier one. Anything else, and anything that is not in
// canonical form, is ErrFrontMalformed or ErrFrontTooLarge. A number that the catalogue does not know is no error: the item
// keeps it and has no term.
func DecodeFront(item []byte) (Front, error) {
	if len(item) > MaxFront {
		return Front{}, ErrFrontTooLarge
	}
	plain := item
	if len(item) > 0 && item[0]>>5 == majorBytes {
		var err error
		if plain, err = decompress(item); err != nil {
			return Front{}, err
		}
	}
	front, err := decodeMap(plain)
	if err != nil {
		return Front{}, fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	again, err := encodeMap(front)
	if err != nil {
		return Front{}, fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	if !bytes.Equal(again, plain) {
		return Front{}, ErrFrontMalformed
	}
	return front, nil
}

func decodeMap(plain []byte) (Front, error) {
	mode, err := frontMode()
	if err != nil {
		return Front{}, err
	}
	var parts map[uint64]any
	if err := mode.Unmarshal(plain, &parts); err != nil {
		return Front{}, err
	}
	catalogue, err := terms.Load()
	if err != nil {
		return Front{}, err
	}
	d := frontDecoder{catalogue: catalogue}
	front := d.head(d.columns(parts[0]))
	front.Identity = d.identity(d.columns(parts[1]))
	known := 0
	for _, key := range []uint64{0, 1} {
		if _, there := parts[key]; there {
			known++
		}
	}
	for s := section.Directives; s <= section.BloodGroup; s++ {
		items, there := parts[uint64(s)]
		if !there {
			continue
		}
		known++
		for _, item := range d.columns(items) {
			front.Items = append(front.Items, d.item(front, s, item))
		}
	}
	if known != len(parts) {
		d.fail("an unknown key")
	}
	if len(front.Items) > maxFrontItems {
		d.fail("too many items")
	}
	return front, d.err
}

// frontDecoder reads the parts of a front. It is lenient about form, because DecodeFront compares the bytes in the end, and
// strict about types and bounds. The first thing that is wrong stays in err.
type frontDecoder struct {
	catalogue *terms.Catalogue
	err       error
}

func (d *frontDecoder) fail(why string) {
	if d.err == nil {
		d.err = fmt.Errorf("%s", why)
	}
}

func (d *frontDecoder) head(columns []any) Front {
	front := Front{Lang: d.text(at(columns, 0)), Confirmed: d.date(at(columns, 1)), Items: []FrontItem{}}
	for i := 2; i < len(columns); i++ {
		if pair, named := columns[i].([]any); named {
			front.Sources = append(front.Sources, Source{d.code(kinds, at(pair, 0)), d.text(at(pair, 1))})
		} else {
			front.Sources = append(front.Sources, Source{Kind: d.code(kinds, columns[i])})
		}
	}
	return front
}

func (d *frontDecoder) identity(columns []any) FrontIdentity {
	id := FrontIdentity{
		Name: d.text(at(columns, 0)), Birth: d.date(at(columns, 1)), Gender: d.code(genders, at(columns, 2)),
		Country: d.text(at(columns, 4)), AnswersTo: d.text(at(columns, 5)),
	}
	if languages := d.text(at(columns, 3)); languages != "" {
		id.Languages = strings.Split(languages, " ")
	}
	return id
}

func (d *frontDecoder) item(front Front, s section.Section, encoded any) FrontItem {
	item := FrontItem{Section: s, Confirmed: front.Confirmed}
	if len(front.Sources) > 0 {
		item.Source = front.Sources[0]
	}
	values, isRow := encoded.([]any)
	if !isRow {
		d.field(front, &item, colConcept, encoded)
		return item
	}
	if last := len(values) - 1; last >= 0 {
		if rare, isMap := values[last].(map[any]any); isMap {
			values = values[:last]
			for key, value := range rare {
				col, ok := key.(uint64)
				if !ok || col >= uint64(columnCount) {
					d.fail("an unknown rare field")
					continue
				}
				d.field(front, &item, column(col), value)
			}
		}
	}
	cols := columns(s)
	if len(values) > len(cols) {
		d.fail("too many columns")
		return item
	}
	for i, value := range values {
		d.field(front, &item, cols[i], value)
	}
	return item
}

func (d *frontDecoder) field(front Front, item *FrontItem, col column, value any) {
	if value == nil {
		return
	}
	switch col {
	case colSource:
		i := d.number(value)
		if i >= uint64(len(front.Sources)) {
			d.fail("an unknown source")
			return
		}
		item.Source = front.Sources[i]
	case colConfirmed:
		item.Confirmed = d.date(value)
	case colStatus:
		item.Status = d.codeOrText(statuses, value)
	case colFlags:
		flags := d.number(value)
		item.Severity, item.Criticality = d.code(severities, flags%4), d.code(criticalities, flags/4)
	case colReactions:
		list, several := value.([]any)
		if !several {
			list = []any{value}
		}
		for _, reaction := range list {
			item.Reactions = append(item.Reactions, d.concept(reaction))
		}
	case colAbsent:
		item.Absent = d.code(absences, value)
	case colConcept:
		concept := d.concept(value)
		item.Number, item.Term, item.Text = concept.Number, concept.Term, concept.Text
	case colDetail:
		item.Detail = d.text(value)
	case colDate:
		item.Date = d.date(value)
	case colNote:
		item.Note = d.text(value)
	case colName:
		item.Name = d.text(value)
	case colPhone:
		if digits, isNumber := value.(uint64); isNumber {
			item.Phone = "+" + strconv.FormatUint(digits, 10)
		} else {
			item.Phone = d.text(value)
		}
	case colRelation:
		item.Relation = d.codeOrText(relations, value)
	}
}

func (d *frontDecoder) concept(value any) FrontConcept {
	var concept FrontConcept
	switch v := value.(type) {
	case string:
		concept.Text = v
	case uint64:
		concept.Number = d.catalogueNumber(v)
	case []any:
		concept.Number, concept.Text = d.catalogueNumber(d.number(at(v, 0))), d.text(at(v, 1))
	default:
		d.fail("not a concept")
	}
	if term, known := d.catalogue.ByNumber(concept.Number); known {
		concept.Term = term.Key
	}
	return concept
}

func (d *frontDecoder) catalogueNumber(n uint64) int {
	if n > math.MaxInt32 {
		d.fail("a number beyond any catalogue")
		return 0
	}
	return int(n)
}

// date reads a date. Numbers that are no date of the calendar fail.
func (d *frontDecoder) date(value any) Date {
	if text, isText := value.(string); isText {
		if date, err := ParseDate(text); err == nil {
			return date
		}
		d.fail("not a date")
		return ""
	}
	n := d.number(value)
	if n == 0 {
		return ""
	}
	days, months := n%32, n/32
	year, month := dateEpoch+months/13, months%13
	text := fmt.Sprintf("%04d", year)
	if month > 0 {
		text += fmt.Sprintf("-%02d", month)
	}
	if days > 0 {
		text += fmt.Sprintf("-%02d", days)
	}
	date, err := ParseDate(text)
	if err != nil {
		d.fail("not a date")
	}
	return date
}

func (d *frontDecoder) columns(value any) []any {
	list, ok := value.([]any)
	if !ok && value != nil {
		d.fail("not an array")
	}
	return list
}

func (d *frontDecoder) text(value any) string {
	text, ok := value.(string)
	if !ok && value != nil {
		d.fail("not a text")
	}
	return text
}

func (d *frontDecoder) number(value any) uint64 {
	number, ok := value.(uint64)
	if !ok && value != nil {
		d.fail("not a number")
	}
	return number
}

func (d *frontDecoder) code(list []string, value any) string {
	i := d.number(value)
	if i >= uint64(len(list)) {
		d.fail("an unknown code")
		return ""
	}
	return list[i]
}

func (d *frontDecoder) codeOrText(list []string, value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	return d.code(list, value)
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}
