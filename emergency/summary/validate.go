package summary

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/locket-health/locket/emergency/terms"
)

// Bounds of a record.
const (
	MaxRecord   = 32 << 20 // bytes of its JSON form
	maxItems    = 20_000
	maxWords    = 4_000 // bytes of one text
	maxShort    = 300   // bytes of a name, a code, an identifier
	maxConcepts = 64    // reactions of an item
	maxCodings  = 64    // codes of an item or a reaction
	maxIdentity = 32    // languages, given names, identifiers
	maxErrors   = 50    // told at once
)

// ErrRecordMalformed is returned for bytes that are not the JSON form of a record.
var ErrRecordMalformed = errors.New("summary: not the JSON form of a record")

// FieldError says what is wrong with one field, in a form that the caller puts into words.
type FieldError struct {
	Path       string         `json:"path"`           // as in the JSON form: items[3].reactions[0].text
	MessageKey string         `json:"message"`        // of the locale files: "record.too_long"
	Args       map[string]any `json:"args,omitempty"` // of the message; never what the person wrote
}

// Invalid is the error of a record that breaks its rules.
type Invalid []FieldError

// Error names the fields, not what stands in them.
func (e Invalid) Error() string {
	paths := make([]string, len(e))
	for i, field := range e {
		paths[i] = field.Path + " (" + field.MessageKey + ")"
	}
	return "summary: the record is not valid: " + strings.Join(paths, ", ")
}

// ParseRecord reads the JSON form of a record, strictly: UTF-8, within bounds, every name known and written exactly so and only once, and
// valid as Validate says.
func ParseRecord(data []byte) (Record, error) {
	if len(data) > MaxRecord {
		return Record{}, ErrDocumentTooLarge
	}
	if !utf8.Valid(data) {
		return Record{}, ErrDocumentText
	}
	if err := exactNames(data); err != nil {
		return Record{}, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var r Record
	if err := decoder.Decode(&r); err != nil {
		return Record{}, ErrRecordMalformed
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Record{}, ErrRecordMalformed
	}
	if err := Validate(r); err != nil {
		return Record{}, err
	}
	return r, nil
}

// exactNames refuses names that are used twice in an object, and names in another case: encoding/json would take both.
func exactNames(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	type level struct {
		names map[string]bool // nil in an array
		value bool            // the next token of an object is a value
	}
	var levels []level
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return ErrRecordMalformed
		}
		delim, isDelim := token.(json.Delim)
		if isDelim && (delim == '}' || delim == ']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if n := len(levels) - 1; n >= 0 && levels[n].names != nil {
			if top := &levels[n]; top.value {
				top.value = false
			} else {
				name, _ := token.(string)
				if top.names[name] || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
					return ErrRecordMalformed
				}
				top.names[name], top.value = true, true
				continue
			}
		}
		if !isDelim {
			continue
		}
		if len(levels) == maxDepth {
			return ErrDocumentTooLarge
		}
		next := level{}
		if delim == '{' {
			next.names = map[string]bool{}
		}
		levels = append(levels, next)
	}
}

// Validate checks a record. The error is of type Invalid and names up to fifty fields.
func Validate(r Record) error {
	catalogue, err := terms.Load()
	if err != nil {
		return err
	}
	v := validator{catalogue: catalogue}
	v.short("patient", r.Patient)
	v.short("lang", r.Lang)
	v.identity(r.Identity)
	if len(r.Items) > maxItems {
		v.fail("items", "record.too_many", map[string]any{"max": maxItems})
		return v.errs
	}
	seen := make(map[string]bool, len(r.Items))
	for i, item := range r.Items {
		path := fmt.Sprintf("items[%d]", i)
		v.item(path, item)
		if item.ID == "" || seen[item.ID] {
			v.fail(path+".id", "record.id", nil)
		}
		seen[item.ID] = true
		if len(v.errs) >= maxErrors {
			break
		}
	}
	if len(v.errs) > 0 {
		return v.errs
	}
	return nil
}

type validator struct {
	catalogue *terms.Catalogue
	errs      Invalid
}

func (v *validator) fail(path, key string, args map[string]any) {
	if len(v.errs) < maxErrors {
		v.errs = append(v.errs, FieldError{path, key, args})
	}
}

func (v *validator) identity(id Identity) {
	v.short("identity.name.display", id.Name.Display)
	v.short("identity.name.family", id.Name.Family)
	v.shorts("identity.name.given", id.Name.Given)
	v.date("identity.birth", id.Birth)
	v.oneOf("identity.gender", id.Gender, genders)
	v.shorts("identity.languages", id.Languages)
	v.short("identity.country", id.Country)
	v.short("identity.answers_to", id.AnswersTo)
	if len(id.Identifiers) > maxIdentity {
		v.fail("identity.identifiers", "record.too_many", map[string]any{"max": maxIdentity})
		return
	}
	for i, identifier := range id.Identifiers {
		path := fmt.Sprintf("identity.identifiers[%d]", i)
		v.short(path+".system", identifier.System)
		v.short(path+".value", identifier.Value)
		v.short(path+".type", identifier.Type)
	}
}

func (v *validator) item(path string, item Item) {
	if !item.Section.Valid() {
		v.fail(path+".section", "record.section", nil)
	}
	v.short(path+".id", item.ID)
	v.term(path+".term", item.Term)
	v.words(path+".text", item.Text)
	v.words(path+".detail", item.Detail)
	v.words(path+".note", item.Note)
	v.oneOf(path+".severity", item.Severity, severities)
	v.oneOf(path+".criticality", item.Criticality, criticalities)
	v.short(path+".status", item.Status)
	v.date(path+".date", item.Date)
	if item.SupplyUntil != "" && !item.SupplyUntil.whole() {
		v.fail(path+".supply_until", "record.date", nil)
	}
	v.short(path+".name", item.Name)
	v.short(path+".phone", item.Phone)
	v.short(path+".relation", item.Relation)
	v.oneOf(path+".collect", item.Collect, collects)
	v.oneOf(path+".source.kind", item.Source.Kind, kinds)
	v.short(path+".source.name", item.Source.Name)
	v.date(path+".confirmed", item.Confirmed)
	v.oneOf(path+".front", item.Front, []string{"", FrontAlways, FrontNever})
	v.oneOf(path+".absent", item.Absent, absences)
	v.codings(path, item.Codings)
	if len(item.Reactions) > maxConcepts {
		v.fail(path+".reactions", "record.too_many", map[string]any{"max": maxConcepts})
		return
	}
	for i, reaction := range item.Reactions {
		at := fmt.Sprintf("%s.reactions[%d]", path, i)
		v.term(at+".term", reaction.Term)
		v.words(at+".text", reaction.Text)
		v.codings(at, reaction.Codings)
		if reaction.Term == "" && reaction.Text == "" && len(reaction.Codings) == 0 {
			v.fail(at, "record.empty", nil)
		}
	}
	if item.Term == "" && item.Text == "" && item.Detail == "" && item.Note == "" && item.Name == "" && item.Phone == "" &&
		item.Absent == "" && len(item.Codings) == 0 && len(item.Reactions) == 0 {
		v.fail(path, "record.empty", nil)
	}
}

func (v *validator) codings(path string, codings []Coding) {
	if len(codings) > maxCodings {
		v.fail(path+".codings", "record.too_many", map[string]any{"max": maxCodings})
		return
	}
	for i, coding := range codings {
		at := fmt.Sprintf("%s.codings[%d]", path, i)
		v.words(at+".system", coding.System)
		v.words(at+".code", coding.Code)
		v.words(at+".display", coding.Display)
		v.short(at+".part", coding.Part)
	}
}

func (v *validator) words(path, text string) { v.text(path, text, maxWords) }
func (v *validator) short(path, text string) { v.text(path, text, maxShort) }

func (v *validator) text(path, text string, limit int) {
	switch {
	case len(text) > limit:
		v.fail(path, "record.too_long", map[string]any{"max": limit})
	case !utf8.ValidString(text):
		v.fail(path, "record.not_text", nil)
	}
}

func (v *validator) shorts(path string, texts []string) {
	if len(texts) > maxIdentity {
		v.fail(path, "record.too_many", map[string]any{"max": maxIdentity})
		return
	}
	for i, text := range texts {
		v.short(fmt.Sprintf("%s[%d]", path, i), text)
	}
}

func (v *validator) term(path, key string) {
	if key == "" {
		return
	}
	if _, known := v.catalogue.ByKey(key); !known {
		v.fail(path, "record.term", nil)
	}
}

func (v *validator) date(path string, d Date) {
	if !d.Valid() {
		v.fail(path, "record.date", nil)
	}
}

func (v *validator) oneOf(path, code string, list []string) {
	if !slices.Contains(list, code) {
		v.fail(path, "record.code", nil)
	}
}
