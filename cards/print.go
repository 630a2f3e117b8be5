package cards

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
)

// PrintedCard is one card of a page.
type PrintedCard struct {
	Face Face
	Code Matrix
}

// Resolution of card printers, in dots an inch, and the least number of dots a module that reads well on a card.
const (
	printerDPI = 300
	moduleDots = 6
)

// CardModule is the side in millimetres of a module of the code on a printed card: as many whole dots as 50 mm hold, six at
// least; a code too large for six is shrunk to 50 mm (see Warnings).
func CardModule(m Matrix) float64 {
	side := float64(m.Modules + 2*QuietZone)
	dots := math.Floor(maxCodeSide / side / 25.4 * printerDPI)
	if dots < moduleDots {
		return maxCodeSide / side
	}
	return dots * 25.4 / printerDPI
}

//go:embed print.html
var printHTML string

//go:embed print.css
var printCSS string

var printTemplate = newPage(printHTML)

// WritePrintPage writes a page that prints the cards, both sides each: one HTML file without script and without anything
// from elsewhere, black on white whatever surrounds it, also good to look at on a screen. Lines for which there is no room
// are left out: PrintOptions.Split says which. It returns the error of w, or one for a paper that it does not know.
func WritePrintPage(w io.Writer, o PrintOptions, printed ...PrintedCard) error {
	if o.Paper == "" {
		o.Paper = PaperCard
	}
	size, ok := paperSizes[o.Paper]
	if !ok {
		return fmt.Errorf("print cards: %w", errPaper)
	}
	o = o.printable()
	page := printPage{PrintOptions: o, Sheet: o.Paper != PaperCard}
	margin := 0.0
	if page.Sheet {
		margin = sheetMargin
	}
	page.Style = size.style(margin, printCSS)
	for _, card := range printed {
		page.Cards = append(page.Cards, o.printCard(card))
	}
	return write(w, printTemplate, page)
}

// printPage and printSides are what print.html shows.
type printPage struct {
	PrintOptions
	Sheet bool
	Style template.CSS
	Cards []printSides
}

type printSides struct {
	Face
	Drawing   template.HTML
	NameClass string
	Name      string
	Printed   []Line
	Left      bool
	Heading   []string
	Foot      []string
}

func (o PrintOptions) printCard(card PrintedCard) printSides {
	face, module := card.Face.printable(), CardModule(card.Code)
	side := module * float64(card.Code.Modules+2*QuietZone)
	printed, left := o.Split(face)
	size := typeOf(o.HighContrast)
	points := face.nameSize(size, side)
	class := map[float64]string{size.name: "name large", size.critical: "name", size.small: "name small"}
	return printSides{
		Face:      face,
		Drawing:   face.drawing(card.Code, module),
		NameClass: class[points],
		Name:      shorten(face.Name, frontTextWidth(side), points, maxNameRows),
		Printed:   printed,
		Left:      len(left) > 0,
		Heading:   face.heading(size),
		Foot:      face.foot(),
	}
}
