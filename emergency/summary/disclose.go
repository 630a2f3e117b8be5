package summary

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/locket-health/locket/emergency/section"
)

// Disclosure is what of a record is shown to somebody, as JSON: the same bytes that json.Marshal writes for the filtered record, without its patient and
// its version.
type Disclosure struct {
	Patient string          // whose record it was made from
	Version int64           // and which version
	Lang    string          // of the holder's words
	Items   int             // how many items are shown
	JSON    json.RawMessage // the record that is shown
}

// Record decodes what is shown.
func (d Disclosure) Record() (Record, error) {
	var record Record
	if d.JSON == nil {
		return record, nil
	}
	return record, json.Unmarshal(d.JSON, &record)
}

// Disclose filters a record in the JSON form that json.Marshal gave it, as Filter does, by copying what is shown: a responder waits for it, and reading
// a record into memory to write most of it out again would be half of the work. What it cannot walk it decodes.
func Disclose(plain []byte, granted section.Set) (Disclosure, error) {
	if d, err := discloseByCopy(plain, granted); err == nil {
		return d, nil
	}
	return discloseByDecoding(plain, granted)
}

func discloseByDecoding(plain []byte, granted section.Set) (Disclosure, error) {
	var record Record
	if err := json.Unmarshal(plain, &record); err != nil {
		return Disclosure{}, err
	}
	shown := Filter(record, granted)
	shown.Patient, shown.Version = "", 0
	text, err := json.Marshal(shown)
	return Disclosure{Patient: record.Patient, Version: record.Version, Lang: record.Lang, Items: len(shown.Items), JSON: text}, err
}

var errWalk = errors.New("summary: not the JSON that a record is written in")

func discloseByCopy(plain []byte, granted section.Set) (Disclosure, error) {
	granted &^= section.FloorSet
	var d Disclosure
	var patient, version, lang, identity, items []byte
	w := walker{text: plain}
	err := w.object(func(name []byte) (err error) {
		switch string(name) {
		case "patient":
			patient, err = w.value()
		case "version":
			version, err = w.value()
		case "lang":
			lang, err = w.value()
		case "identity":
			identity, err = w.value()
		case "items":
			if items != nil {
				return errWalk
			}
			items = make([]byte, 0, len(plain))
			d.Items, err = w.items(&items, granted)
		default:
			return errWalk
		}
		return err
	})
	if err != nil || w.at != len(plain) || identity == nil {
		return d, errWalk
	}
	for _, field := range []struct {
		value []byte
		into  any
	}{{patient, &d.Patient}, {version, &d.Version}, {lang, &d.Lang}} {
		if field.value != nil && json.Unmarshal(field.value, field.into) != nil {
			return d, errWalk
		}
	}
	out := make([]byte, 0, len(identity)+len(items)+64)
	out = append(out, `{"patient":"","version":0`...)
	if lang != nil {
		out = append(append(out, `,"lang":`...), lang...)
	}
	out = append(out, `,"identity":`...)
	if granted.Has(section.Identity) {
		out = append(out, identity...)
	} else {
		out = append(out, '{', '}')
	}
	if d.Items > 0 {
		out = append(append(append(out, `,"items":[`...), items...), ']')
	}
	d.JSON = append(out, '}')
	return d, nil
}

// items copies the items that may be shown, with commas between, and counts them.
func (w *walker) items(shown *[]byte, granted section.Set) (count int, err error) {
	err = w.list('[', ']', func() error {
		start := w.at
		show, err := w.shows(granted)
		if err != nil || !show {
			return err
		}
		if count++; count > 1 {
			*shown = append(*shown, ',')
		}
		*shown = append(*shown, w.text[start:w.at]...)
		return nil
	})
	return count, err
}

// shows passes over an item and reports whether it may be shown: its section is granted and the patient has not moved it to the floor.
func (w *walker) shows(granted section.Set) (bool, error) {
	var in, hidden []byte
	err := w.object(func(name []byte) error {
		value, err := w.value()
		switch string(name) {
		case "section":
			if in != nil {
				return errWalk
			}
			in = value
		case "hidden":
			hidden = value
		}
		return err
	})
	if err != nil || len(in) < 2 {
		return false, errWalk
	}
	s, known := section.Parse(string(in[1 : len(in)-1]))
	if !known {
		return false, errWalk
	}
	return granted.Has(s) && (hidden == nil || string(hidden) == "false"), nil
}

// walker walks JSON without white space, as json.Marshal writes it. It looks no deeper than it is asked to.
type walker struct {
	text []byte
	at   int
}

// object passes over the object that begins here. It calls member with each name; member passes over the value. A name with an escape in it is none of
// a record's.
func (w *walker) object(member func(name []byte) error) error {
	return w.list('{', '}', func() error {
		start := w.at
		if !w.str() || !w.is(':') {
			return errWalk
		}
		return member(w.text[start+1 : w.at-2])
	})
}

// list passes over what stands between open and end, with commas between.
func (w *walker) list(open, end byte, one func() error) error {
	if !w.is(open) {
		return errWalk
	}
	if w.is(end) {
		return nil
	}
	for {
		if err := one(); err != nil {
			return err
		}
		switch {
		case w.is(','):
		case w.is(end):
			return nil
		default:
			return errWalk
		}
	}
}

// is passes over one character, if it is the next one.
func (w *walker) is(c byte) bool {
	if w.at < len(w.text) && w.text[w.at] == c {
		w.at++
		return true
	}
	return false
}

// value passes over one value and returns its text.
func (w *walker) value() ([]byte, error) {
	start, depth := w.at, 0
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case '"':
			if !w.str() {
				return nil, errWalk
			}
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 {
				return w.scalar(start)
			}
			depth--
			w.at++
		case ',', ':':
			if depth == 0 {
				return w.scalar(start)
			}
			w.at++
			continue
		default: // inside a number or a word
			w.at++
			continue
		}
		if depth == 0 {
			return w.text[start:w.at], nil
		}
	}
	return w.scalar(start)
}

// scalar ends a number or a word where the next thing begins.
func (w *walker) scalar(start int) ([]byte, error) {
	if w.at == start {
		return nil, errWalk
	}
	return w.text[start:w.at], nil
}

// str passes over a string.
func (w *walker) str() bool {
	if !w.is('"') {
		return false
	}
	for {
		end := bytes.IndexByte(w.text[w.at:], '"')
		if end < 0 {
			return false
		}
		w.at += end + 1
		escapes := 0
		for at := w.at - 2; at >= 0 && w.text[at] == '\\'; at-- {
			escapes++
		}
		if escapes%2 == 0 {
			return true
		}
	}
}
