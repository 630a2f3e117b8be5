package cards

import (
	_ "embed"
	"html/template"
	"io"
)

// largeSide is the side of a code on a large page with its quiet zone, in millimetres: for eyes and cameras that see little.
const largeSide = 75.0

//go:embed large.html
var largeHTML string

//go:embed large.css
var largeCSS string

var largeTemplate = newPage(largeHTML)

// largePage and largeCard are what large.html shows.
type largePage struct {
	PrintOptions
	Style template.CSS
	Cards []largeCard
}

type largeCard struct {
	Face
	Drawing template.HTML
	Lines   []Line
	Foot    []string
}

// WriteLargePrint writes a page for each card in letters of 17 points and more, with a large code: everything that is on the face, over as many sheets as it
// takes. It returns the error of w, or one for a paper that is no sheet.
func WriteLargePrint(w io.Writer, o PrintOptions, printed ...PrintedCard) error {
	size, err := o.sheetSize()
	if err != nil {
		return err
	}
	o = o.printable()
	page := largePage{PrintOptions: o, Style: size.style(sheetMargin, largeCSS)}
	for _, card := range printed {
		face := card.Face.printable()
		module := largeSide / float64(card.Code.Modules+2*QuietZone)
		page.Cards = append(page.Cards, largeCard{Face: face, Drawing: face.drawing(card.Code, module), Lines: face.ordered(), Foot: append(present(face.Name), face.foot()...)})
	}
	return write(w, largeTemplate, page)
}
