package summary

import (
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
	var head struct{ patient, version, lang, identity, items []byte }
	w := walker{text: plain}
	err := w.object(func(name string, value []byte) error {
		switch name {
		case "patient":
			head.patient = value
		case "version":
			head.version = value
		case "lang":
			head.lang = value
		case "identity":
			head.identity = value
		case "items":
			head.items = value
		default:
			return errWalk
		}
		return nil
	})
	if err != nil || w.at != len(plain) || head.identity == nil {
		return d, errWalk
	}
	for _, field := range []struct {
		value []byte
		into  any
	}{{head.patient, &d.Patient}, {head.version, &d.Version}, {head.lang, &d.Lang}} {
		if field.value != nil {
			if err := json.Unmarshal(field.value, field.into); err != nil {
				return d, errWalk
			}
		}
	}
	out := make([]byte, 0, len(plain))
	out = append(out, `{"patient":"","version":0`...)
	if head.lang != nil {
		out = append(append(out, `,"lang":`...), head.lang...)
	}
	out = append(out, `,"identity":`...)
	if granted.Has(section.Identity) {
		out = append(out, head.identity...)
	} else {
		out = append(out, '{', '}')
	}
	if head.items != nil {
		items := walker{text: head.items}
		err = items.array(func(item []byte) error {
			shown, err := shows(item, granted)
			if err != nil || !shown {
				return err
			}
			if d.Items++; d.Items == 1 {
				out = append(out, `,"items":[`...)
			} else {
				out = append(out, ',')
			}
			out = append(out, item...)
			return nil
		})
		if err != nil || items.at != len(head.items) {
			return d, errWalk
		}
		if d.Items > 0 {
			out = append(out, ']')
		}
	}
	d.JSON = append(out, '}')
	return d, nil
}

// shows reports whether an item may be shown: its section is granted and the patient has not moved it to the floor.
func shows(item []byte, granted section.Set) (bool, error) {
	var in, hidden []byte
	w := walker{text: item}
	err := w.object(func(name string, value []byte) error {
		switch name {
		case "section":
			if in != nil {
				return errWalk
			}
			in = value
		case "hidden":
			hidden = value
		}
		return nil
	})
	if err != nil || w.at != len(item) || len(in) < 2 {
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

// object calls each with the members of the object that begins here. A name with an escape in it is none of a record's.
func (w *walker) object(each func(name string, value []byte) error) error {
	return w.list('{', '}', func() error {
		name, err := w.value()
		if err != nil || len(name) < 2 || name[0] != '"' || !w.is(':') {
			return errWalk
		}
		value, err := w.value()
		if err != nil {
			return err
		}
		return each(string(name[1:len(name)-1]), value)
	})
}

// array calls each with the elements of the array that begins here.
func (w *walker) array(each func(value []byte) error) error {
	return w.list('[', ']', func() error {
		value, err := w.value()
		if err != nil {
			return err
		}
		return each(value)
	})
}

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
		switch c := w.text[w.at]; c {
		case '"':
			if !w.str() {
				return nil, errWalk
			}
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth--; depth < 0 {
				return w.scalar(start)
			}
			w.at++
		case ',', ':':
			if depth == 0 {
				return w.scalar(start)
			}
			w.at++
		default:
			w.at++
			continue // inside a number or a word
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
	for w.at++; w.at < len(w.text); w.at++ {
		switch w.text[w.at] {
		case '\\':
			w.at++
		case '"':
			w.at++
			return true
		}
	}
	return false
}
