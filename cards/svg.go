package cards

import (
	"bytes"
	"encoding/xml"
	"math"
	"math/bits"
	"strconv"
)

// Picture says how a QR code is drawn.
type Picture struct {
	// ModuleMM is the side of a module in millimetres; 0 leaves the size to the page.
	ModuleMM float64
	// Title and Description are read out by screen readers, in the language Lang (BCP 47).
	Title, Description, Lang string
}

// SVG draws the code, black on white, with its quiet zone. The picture has one path, no style, no script and no identifiers,
// so that it can stand in a page any number of times under any content security policy, and no XML declaration, so that
// it can stand in HTML.
func (m Matrix) SVG(p Picture) []byte {
	side := m.Modules + 2*QuietZone
	number := strconv.AppendInt
	var b bytes.Buffer
	b.Grow(1024 + 4*m.Modules*m.Modules) // two modules make a run of some sixteen characters, on the average, and half are light
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 `)
	b.Write(number(nil, int64(side), 10))
	b.WriteByte(' ')
	b.Write(number(nil, int64(side), 10))
	if p.ModuleMM > 0 {
		size := strconv.FormatFloat(math.Round(float64(side)*p.ModuleMM*1000)/1000, 'f', -1, 64)
		b.WriteString(`" width="` + size + `mm" height="` + size + `mm`)
	}
	if p.Lang != "" {
		b.WriteString(`" lang="`)
		escape(&b, p.Lang)
	}
	b.WriteString(`" shape-rendering="crispEdges">`)
	if p.Title != "" {
		b.WriteString("<title>")
		escape(&b, p.Title)
		b.WriteString("</title>")
	}
	if p.Description != "" {
		b.WriteString("<desc>")
		escape(&b, p.Description)
		b.WriteString("</desc>")
	}
	b.WriteString(`<path fill="#fff" d="M0 0h`)
	b.Write(number(nil, int64(side), 10))
	b.WriteByte('v')
	b.Write(number(nil, int64(side), 10))
	b.WriteString(`H0z"/><path d="`)
	b.Write(m.appendRuns(b.AvailableBuffer()))
	b.WriteString(`"/></svg>`)
	return b.Bytes()
}

// appendRuns adds a rectangle for each run of dark modules in a row.
func (m Matrix) appendRuns(path []byte) []byte {
	for y := range m.Modules {
		row := m.dark.row(y)
		edges := row.xor(row.behind(1)) // the columns in which a run begins, and those after its end
		start := -1
		for i, word := range [rowWords]uint64{edges.a, edges.b, edges.c} {
			for ; word != 0; word &= word - 1 {
				x := 64*i + bits.TrailingZeros64(word)
				if start < 0 {
					start = x
					continue
				}
				run := int64(x - start)
				path = strconv.AppendInt(append(path, 'M'), int64(start+QuietZone), 10)
				path = strconv.AppendInt(append(path, ' '), int64(y+QuietZone), 10)
				path = strconv.AppendInt(append(path, 'h'), run, 10)
				path = strconv.AppendInt(append(path, "v1h-"...), run, 10)
				path = append(path, 'z')
				start = -1
			}
		}
	}
	return path
}

// escape writes text for an element or a quoted attribute. Characters that XML cannot have become U+FFFD.
func escape(b *bytes.Buffer, text string) {
	_ = xml.EscapeText(b, []byte(text)) // the buffer does not fail
}
