package web

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/summary"
)

// field is one question of a form, with its words already in the reader's language.
type field struct {
	ID      string // of the element; the name too, unless Name is given
	Name    string
	Kind    string // text, textarea, select, radio, checkboxes, checkbox, date, tel, combobox, code, hidden, file, password
	Label   string
	Hint    string
	Value   string
	Ticked  bool // of a checkbox
	Options []option
	Fault   string
	Auto    string // autocomplete
	Section string // combobox: whose terms it offers
	Term    string // combobox: key of the chosen term
	Lang    string // language of the value, where it is the holder's
}

// ticked is what a checkbox that was ticked sends.
const ticked = "yes"

// option is one answer that a question offers.
type option struct {
	Value, Label, Hint string
	Chosen             bool
}

// FieldName is the name under which the answer is sent.
func (f field) FieldName() string {
	if f.Name != "" {
		return f.Name
	}
	return f.ID
}

// mark puts what is wrong beside the questions that it is about.
func mark(fields []field, faults []fault) {
	for i := range fields {
		for _, f := range faults {
			if f.Field == fields[i].ID {
				fields[i].Fault = f.Text
			}
		}
	}
}

// form reads the fields of a form that was sent as application/x-www-form-urlencoded; net/url bounds how many there may be.
func (x *exchange) form() error {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return invalid("not_form", "Content-Type")
	}
	if err := x.r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return emergency.ErrTooLarge
		}
		return invalid("not_form", "")
	}
	return nil
}

// value is one answer of the form without the space around it.
func (x *exchange) value(name string) string { return strings.TrimSpace(x.r.PostForm.Get(name)) }

// faultOf finds in an error what the person at a form can put right; other errors are not for a form.
func (x *exchange) faultOf(err error) (fault, bool) {
	var refusal *emergency.Error
	if !errors.As(err, &refusal) || refusal.Code != emergency.ErrInvalid.Code {
		return fault{}, false
	}
	name, _ := refusal.Args["field"].(string)
	var record summary.Invalid
	if errors.As(err, &record) && len(record) > 0 {
		name = record[0].Path[strings.LastIndexByte(record[0].Path, '.')+1:]
		if question, asked := askedAs[name]; asked {
			name = question
		}
	}
	return fault{Field: name, Text: x.detail(refusal)}, true
}

// askedAs names the question of a form that fills a field of a record, where the two differ.
var askedAs = map[string]string{"term": "concept", "text": "concept", "display": "name"}
