package consent

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and lists stand in one another; a Consent of ours needs eight.
const maxDepth = 24

// object is a JSON object as it was read: exact names, each at most once.
type object = map[string]any

var errJSON = errors.New("consent: not JSON")

// parse reads one JSON value within the bounds. A name given twice is refused: readers differ on which one counts.
func parse(data []byte) (any, error) {
	if len(data) > MaxBytes {
		return nil, ErrTooLarge
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		return nil, errJSON
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	value, err := read(decoder, maxDepth)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return value, nil
}

func read(decoder *json.Decoder, depth int) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, errJSON // the cause may quote the text
	}
	open, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == 0 {
		return nil, ErrTooLarge
	}
	members, list := object{}, []any{}
	for decoder.More() {
		if open == '{' {
			token, err := decoder.Token()
			name, ok := token.(string)
			if _, twice := members[name]; err != nil || !ok || twice {
				return nil, errJSON
			}
			if members[name], err = read(decoder, depth-1); err != nil {
				return nil, err
			}
			continue
		}
		value, err := read(decoder, depth-1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errJSON
	}
	if open == '{' {
		return members, nil
	}
	return list, nil
}

// text is a member that is a text, "" when it is anything else or missing.
func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// objects is a member that is a list of objects. Anything else is not ok.
func objects(value any) ([]object, bool) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	var all []object
	for _, element := range list {
		o, ok := element.(object)
		if !ok {
			return nil, false
		}
		all = append(all, o)
	}
	return all, true
}

// only reports whether an object has no members but these.
func only(o object, names ...string) bool {
	known := 0
	for _, name := range names {
		if _, ok := o[name]; ok {
			known++
		}
	}
	return known == len(o)
}

// codings are the codes of a CodeableConcept.
func codings(o object) ([]coding, bool) {
	list, ok := objects(o["coding"])
	if !ok || !only(o, "coding", "text", "id") {
		return nil, false
	}
	var all []coding
	for _, c := range list {
		code, ok := codingOf(c)
		if !ok {
			return nil, false
		}
		all = append(all, code)
	}
	return all, true
}

func codingOf(o object) (coding, bool) {
	c := coding{text(o, "system"), text(o, "code")}
	return c, c.System != "" && c.Code != "" && only(o, "system", "code", "display", "version", "userSelected", "id")
}
