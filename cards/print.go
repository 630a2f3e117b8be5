package cards

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
)

// Paper is what a card is printed on.
type Paper string

// The papers. PaperCard is a card printer, two pages of a card's size; the others are sheets to cut and fold, with marks and
// a ruler line that shows whether the printer kept the size.
const (
	PaperCard   Paper = "card"
	PaperA4     Paper = "a4"
	PaperLetter Paper = "letter"
)

// PrintOptions are those of a page. The words are the caller's.
type PrintOptions struct {
	// Paper is PaperCard when empty.
	Paper Paper
	// Nonce is the nonce of the page's content security policy for its one style element; empty leaves it out.
	Nonce string
	// Lang (BCP 47), Dir ("ltr" or "rtl") and Title are those of the document.
	Lang, Dir, Title string
	// CutWords stand on sheets, at the ruler ("Cut along the marks, fold in the middle. This line is 50 mm long.").
	CutWords string
}

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

// printTemplate is parsed once; it is never changed.
var printTemplate = template.Must(template.New("print").Parse(printHTML))

// WritePrintPage writes a page that prints the cards, both sides each: one HTML file without script and without anything
// from elsewhere, black on white whatever surrounds it, also good to look at on a screen. Lines for which there is no room
// are left out: Face.Split says which. It returns the error of w, or one for a paper that it does not know.
func WritePrintPage(w io.Writer, o PrintOptions, printed ...PrintedCard) error {
	sizes := map[Paper]string{PaperCard: "85.6mm 54mm", PaperA4: "A4", PaperLetter: "letter"}
	if o.Paper == "" {
		o.Paper = PaperCard
	}
	size, ok := sizes[o.Paper]
	if !ok {
		return fmt.Errorf("print cards: there is no paper of that name; use card, a4 or letter")
	}
	page := printPage{PrintOptions: o, Sheet: o.Paper != PaperCard}
	margin := "0"
	if page.Sheet {
		margin = "8mm"
	}
	page.Style = template.CSS("@page{size:" + size + ";margin:" + margin + "}\n" + printCSS)
	for _, card := range printed {
		page.Cards = append(page.Cards, printCard(card))
	}
	if err := printTemplate.Execute(w, page); err != nil {
		return fmt.Errorf("print cards: %w", err)
	}
	return nil
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
	Code      template.HTML
	ShortCode string
	NameClass string
	Name      string
	Printed   []Line
	Left      bool
	Heading   []string
	Foot      []string
}

func printCard(card PrintedCard) printSides {
	module := CardModule(card.Code)
	side := module * float64(card.Code.Modules+2*QuietZone)
	printed, left := card.Face.Split()
	class := map[float64]string{sizeName: "name large", sizeCritical: "name", sizeSmall: "name small"}
	size := card.Face.nameSize(side)
	return printSides{
		Face: card.Face,
		// The drawing escapes its texts itself.
		Code:      template.HTML(card.Code.SVG(Picture{ModuleMM: module, Title: card.Face.CodeTitle, Lang: card.Face.Lang})),
		ShortCode: card.Face.Code.String(),
		NameClass: class[size],
		Name:      shorten(card.Face.Name, frontTextWidth(side), size, maxNameRows),
		Printed:   printed,
		Left:      len(left) > 0,
		Heading:   card.Face.heading(),
		Foot:      card.Face.foot(),
	}
}
