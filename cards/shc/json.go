package shc

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	exact "github.com/go-jose/go-jose/v4/json"
)

// maxDepth bounds how deep JSON may nest. Patient summaries in the field nest twelve deep.
const maxDepth = 100

// decode reads one JSON value into v by exact names. Two readers must never take different things from a signed text, so
// members that are repeated, at any depth, are refused: of two values some readers take the first and some the last. The
// standard decoder would also take "ISS" for "iss".
func decode(data []byte, v any) error {
	if err := checkJSON(data); err != nil {
		return err
	}
	if exact.Unmarshal(data, v) != nil { // its error would quote the value
		return malformed("a member is of the wrong type")
	}
	return nil
}

// checkJSON reports whether data is one JSON value in UTF-8, not nested too deep, that repeats no member of any object.
func checkJSON(data []byte) error {
	if !json.Valid(data) || !utf8.Valid(data) {
		return malformed("it is not JSON")
	}
	var open []map[string]bool // the objects and arrays whose end is still to come: the names of an object so far, nil for an array
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			open = append(open, make(map[string]bool))
		case '[':
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			text := data[i : i+stringLength(data[i:])]
			i += len(text) - 1
			if !bytes.HasPrefix(bytes.TrimLeft(data[i+1:], " \t\r\n"), []byte(":")) {
				continue // a value
			}
			name, names := unquote(text), open[len(open)-1]
			if names[name] {
				return malformed("it repeats a member")
			}
			names[name] = true
		}
		if len(open) > maxDepth {
			return malformed("it is nested too deep")
		}
	}
	return nil
}

// stringLength is the length of the string with which valid JSON begins, with its quotes.
func stringLength(data []byte) int {
	n := 1
	for ; data[n] != '"'; n++ {
		if data[n] == '\\' {
			n++
		}
	}
	return n + 1
}

// unquote is the text of a valid string: "\u0069ss" is another spelling of "iss".
func unquote(text []byte) string {
	if !bytes.ContainsRune(text, '\\') {
		return string(text[1 : len(text)-1])
	}
	var s string
	_ = json.Unmarshal(text, &s) // cannot fail: it is a valid string
	return s
}
