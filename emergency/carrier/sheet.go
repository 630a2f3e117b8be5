package carrier

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// SheetOptions are those of a family's evacuation sheet.
type SheetOptions struct {
	Options
	Print
	Household string // whose sheet it is; "" is the names of the first two
	Meeting   string // where they meet when they are parted, in their own words
}

// Sheet writes the sheet of people who belong together. Its language is that of the first of them unless the options say otherwise.
func (w Words) Sheet(people []Made, o SheetOptions) ([]byte, error) {
	lang := o.Options.Lang
	if lang == "" && len(people) > 0 {
		lang = people[0].Issued.Front.Lang
	}
	lang = w.Catalog.Match("", lang).Code
	t := w.Catalog.Bind(lang)
	sheet := cards.Sheet{Household: o.Household, Printed: t("page.sheet.printed", "date", w.date(lang, summary.DateOf(o.Now))), Foot: t("page.sheet.foot")}
	var names []string
	for _, made := range people {
		code, err := made.Issued.Code()
		if err != nil {
			return nil, err
		}
		person := cards.SheetPerson{Face: w.Face(lang, made.Issued), Code: code, Supplies: w.supplies(lang, made.Record, o.Now),
			CollectHeading: t("page.sheet.collect"), BarredHeading: t("page.sheet.barred")}
		person.Collect, person.Barred = w.collectors(lang, made.Record)
		sheet.People = append(sheet.People, person)
		names = append(names, w.isolate(lang, made.Record.Identity.Name.String()))
	}
	if sheet.Household == "" {
		sheet.Household = w.Catalog.List(lang, names[:min(len(names), 2)])
		if len(names) > 2 {
			sheet.Household += " +" + w.Catalog.Format(lang, len(names)-2)
		}
	}
	if o.Meeting != "" {
		sheet.Shared = append(sheet.Shared, cards.Line{Label: t("page.sheet.meeting"), Text: o.Meeting, Critical: true})
	}
	sheet.Shared = append(sheet.Shared, w.outOfArea(lang, people)...)
	var page bytes.Buffer
	err := cards.WriteSheet(&page, w.options(o.Print, lang, t("page.sheet.title")), sheet)
	return page.Bytes(), err
}

// supplies are the medicines of a record with how long what is at hand lasts, and the weight of a child with its date: what a shelter asks first.
func (w Words) supplies(lang string, record summary.Record, now time.Time) []cards.Line {
	t := w.Catalog.Bind(lang)
	var lines []cards.Line
	for _, item := range record.Sorted().Items {
		if item.Hidden {
			continue
		}
		if weight, known := item.Weight(); known {
			text := w.isolate(lang, weight.Value+" "+weight.Unit)
			if weight.On != "" {
				text = t("page.sheet.weighed", "weight", text, "date", w.date(lang, weight.On))
			}
			lines = append(lines, cards.Line{Label: t("page.sheet.weight"), Text: text})
		}
		days, known := item.DaysLeft(now)
		if !known || item.Section != section.Medications {
			continue
		}
		name := w.concept(lang, 0, item.Term, item.Text)
		text := t("page.sheet.days", "count", max(days, 0), "date", w.date(lang, item.SupplyUntil))
		lines = append(lines, cards.Line{Label: name, Text: text, Critical: days <= 7})
	}
	return lines
}

// collectors are who may take a child, and who must not get it.
func (w Words) collectors(lang string, record summary.Record) (may, mustNot []cards.Line) {
	for _, item := range record.Section(section.Contacts) {
		line := cards.Line{Text: w.contactWords(lang, item)}
		switch {
		case item.Hidden:
		case item.Collect == summary.CollectMay:
			may = append(may, line)
		case item.Collect == summary.CollectMustNot:
			mustNot = append(mustNot, line)
		}
	}
	return may, mustNot
}

// outOfArea are the people to call who live far away, each once.
func (w Words) outOfArea(lang string, people []Made) []cards.Line {
	var lines []cards.Line
	var said []string
	for _, made := range people {
		for _, item := range made.Record.Section(section.Contacts) {
			words := w.contactWords(lang, item)
			if !item.OutOfArea || item.Hidden || slices.Contains(said, item.Phone+words) {
				continue
			}
			said = append(said, item.Phone+words)
			lines = append(lines, cards.Line{Label: w.Catalog.T(lang, "page.sheet.out_of_area"), Text: words, Critical: true})
		}
	}
	return lines
}

// contactWords are name, relation and number of a contact.
func (w Words) contactWords(lang string, item summary.Item) string {
	return strings.TrimSpace(w.item(lang, summary.FrontItem{Section: section.Contacts, Name: item.Name, Relation: item.Relation, Phone: item.Phone}))
}
