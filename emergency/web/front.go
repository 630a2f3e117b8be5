package web

import (
	"encoding/json"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// leftLine is an item that is not on the front, and why.
type leftLine struct {
	line
	Why string
}

// frontData is a front as a finder sees it, with what is not on it. The reader's own modules draw it from Draft (static/js/console/front.js); the rest
// is what a browser without scripts shows.
type frontData struct {
	Draft    string // the front as JSON
	Identity []fact
	Name     string
	Lang     string
	Lines    []line
	Left     []leftLine
	Expires  string
	Bytes    int
}

func (x *exchange) front(preview emergency.CardPreview, record summary.Record) (frontData, error) {
	front := preview.Front
	draft, err := json.Marshal(front)
	if err != nil {
		return frontData{}, err
	}
	data := frontData{Draft: string(draft), Name: front.Identity.Name, Lang: front.Lang, Expires: x.day(preview.ExpiresAt), Bytes: preview.PayloadBytes}
	add := func(key, value string, own bool) {
		if value != "" {
			data.Identity = append(data.Identity, fact{Label: x.T(key), Value: value, Own: own})
		}
	}
	add("field.identity.birth", x.date(front.Identity.Birth), false)
	add("field.identity.gender", x.coded("gender", front.Identity.Gender), false)
	add("field.identity.languages", x.languages(front.Identity.Languages), false)
	add("field.identity.country", x.country(front.Identity.Country), false)
	add("field.identity.answers_to", front.Identity.AnswersTo, true)
	for _, item := range front.Items {
		data.Lines = append(data.Lines, x.line(itemOf(item), front.Lang))
	}
	for _, left := range preview.Left {
		if item, found := record.Item(left.ItemID); found {
			data.Left = append(data.Left, leftLine{x.line(item, record.Lang), x.T("left." + string(left.Reason))})
		}
	}
	return data, nil
}

// itemOf is a line of a front as the item that it came from, as far as a front holds it.
func itemOf(f summary.FrontItem) summary.Item {
	item := summary.Item{Section: f.Section, Term: f.Term, Text: f.Text, Detail: f.Detail, Note: f.Note, Severity: f.Severity, Criticality: f.Criticality,
		Status: f.Status, Date: f.Date, Name: f.Name, Phone: f.Phone, Relation: f.Relation, Collect: f.Collect, OutOfArea: f.OutOfArea, Absent: f.Absent, Source: f.Source, Confirmed: f.Confirmed}
	for _, r := range f.Reactions {
		item.Reactions = append(item.Reactions, summary.Concept{Term: r.Term, Text: r.Text})
	}
	return item
}
