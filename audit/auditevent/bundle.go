package auditevent

import (
	"io"
	"time"
)

// Bundle writes resources as a Bundle of type collection, one after another: none is kept.
type Bundle struct {
	w     io.Writer
	begun bool
	err   error
}

// NewBundle begins a Bundle that was made at a time.
func NewBundle(w io.Writer, at time.Time) *Bundle {
	b := &Bundle{w: w}
	b.write(`{"resourceType":"Bundle","type":"collection","timestamp":"` + instant(at) + `"`)
	return b
}

func (b *Bundle) write(text string) {
	if b.err == nil {
		_, b.err = io.WriteString(b.w, text)
	}
}

// Add writes a resource and returns the first error of the writer.
func (b *Bundle) Add(r Resource) error {
	before := `,"entry":[`
	if b.begun {
		before = ","
	}
	b.begun = true
	b.write(before + "\n" + `{"fullUrl":"` + r.URN + `","resource":`)
	b.write(string(r.JSON))
	b.write("}")
	return b.err
}

// Close ends the Bundle. A Bundle of nothing has no list: FHIR knows no empty ones.
func (b *Bundle) Close() error {
	if b.begun {
		b.write("\n]")
	}
	b.write("}\n")
	return b.err
}
