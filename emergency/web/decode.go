package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/locket-health/locket/emergency"
)

// maxDepth bounds the nesting of a JSON body. The deepest that anybody sends, a passkey's response inside a request, has four levels.
const maxDepth = 24

// invalid makes a refusal of the input. Reason is a key of the locales without its prefix ("invalid."), field the place that is wrong.
func invalid(reason, field string) error {
	return &emergency.Error{Code: emergency.ErrInvalid.Code, Args: map[string]any{"reason": reason, "field": field}}
}

// decodeJSON reads a request's body into a struct and refuses whatever two parsers could read in two ways: unknown, repeated or differently
// cased names, trailing data, deep nesting, another type of content. encoding/json alone would take the last of {"role":"a","ROLE":"b"}.
func decodeJSON(r *http.Request, into any) error {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return invalid("not_json", "Content-Type")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return unread(err)
	}
	if err := strict(body, names(into)); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return invalid("wrong_type", wrong.Field)
		}
		return invalid("not_json", "")
	}
	return nil
}

// unread says why a body could not be read.
func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return emergency.ErrTooLarge
	}
	return invalid("cut_short", "")
}

// names are the JSON names of the fields of the struct that into points to.
func names(into any) map[string]bool {
	kind := reflect.TypeOf(into).Elem()
	known := make(map[string]bool, kind.NumField())
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		known[name] = true
	}
	return known
}

// strict walks the tokens of one JSON object: known names only at its top, no name twice in any object, bounded depth, nothing behind it.
func strict(body []byte, known map[string]bool) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool // names seen in each open object; nil for a list
	name := false              // the next token is a name
	for {
		token, err := decoder.Token()
		if err != nil {
			return invalid("not_json", "")
		}
		switch delim, _ := token.(json.Delim); {
		case delim == '{':
			open = append(open, map[string]bool{})
		case delim == '[':
			open = append(open, nil)
		case delim == '}' || delim == ']':
			open = open[:len(open)-1]
		case name:
			key := fmt.Sprint(token)
			seen := open[len(open)-1]
			if seen[key] {
				return invalid("twice", key)
			}
			if len(open) == 1 && !known[key] {
				return invalid("unknown_name", key)
			}
			seen[key] = true
			name = false
			continue
		case len(open) == 0:
			return invalid("not_object", "")
		}
		if len(open) > maxDepth {
			return invalid("too_deep", "")
		}
		if len(open) == 0 {
			return nothingBehind(decoder)
		}
		if open[0] == nil {
			return invalid("not_object", "")
		}
		name = open[len(open)-1] != nil
	}
}

func nothingBehind(decoder *json.Decoder) error {
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return invalid("trailing", "")
	}
	return nil
}
