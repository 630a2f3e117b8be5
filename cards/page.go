package cards

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strconv"
)

// Paper is what is printed on.
type Paper string

// The papers. PaperCard is a card printer, two pages of a card's size; the others are sheets, with a ruler line that shows
// whether the printer kept the size.
const (
	PaperCard   Paper = "card"
	PaperA4     Paper = "a4"
	PaperLetter Paper = "letter"
)

// PrintOptions are those of a page. The words are the caller's.
type PrintOptions struct {
	// Paper is PaperCard for cards when empty, and PaperA4 for anything else.
	Paper Paper
	// Nonce is the nonce of the page's content security policy for its one style element; empty leaves it out.
	Nonce string
	// Lang (BCP 47), Dir ("ltr" or "rtl") and Title are those of the document.
	Lang, Dir, Title string
	// HighContrast prints for eyes that see little: everything bold and a little larger, with rules and borders.
	HighContrast bool
	// CutWords stand on sheets, at the ruler ("Cut along the marks, fold in the middle. This line is 50 mm long.").
	CutWords string
}

// errPaper: a paper that this page cannot be printed on.
var errPaper = errors.New("there is no paper of that name; use card, a4 or letter for a card, a4 or letter for anything else")

// paperSize is that of a paper, in millimetres, and its name in a style sheet.
type paperSize struct {
	css           string
	width, height float64
}

var paperSizes = map[Paper]paperSize{
	PaperCard:   {"85.6mm 54mm", cardWidth, cardHeight},
	PaperA4:     {"A4", 210, 297},
	PaperLetter: {"letter", 215.9, 279.4},
}

// sheetMargin is what every printer leaves empty around a sheet, in millimetres.
const sheetMargin = 8.0

// sheetSize is the size of a sheet within its margins. It returns errPaper for a card.
func (o PrintOptions) sheetSize() (paperSize, error) {
	if o.Paper == "" {
		o.Paper = PaperA4
	}
	size, ok := paperSizes[o.Paper]
	if !ok || o.Paper == PaperCard {
		return paperSize{}, errPaper
	}
	size.width -= 2 * sheetMargin
	size.height -= 2 * sheetMargin
	return size, nil
}

// style is the style sheet of a page: its size and margin, and the rules.
func (s paperSize) style(margin float64, rules string) template.CSS {
	return template.CSS("@page{size:" + s.css + ";margin:" + mm(margin) + "}\n" + pageCSS + rules)
}

// mm writes a length for a style sheet.
func mm(length float64) string {
	if length == 0 {
		return "0"
	}
	return strconv.FormatFloat(length, 'f', -1, 64) + "mm"
}

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// newPage reads the template of a page: page.html around its own main part. It is called once for each, when the program
// starts; what it returns is never changed.
func newPage(main string) *template.Template {
	return template.Must(template.Must(template.New("page").Parse(pageHTML)).Parse(main))
}

// write fills in a page. It returns the error of w.
func write(w io.Writer, t *template.Template, page any) error {
	if err := t.Execute(w, page); err != nil {
		return fmt.Errorf("print a page: %w", err)
	}
	return nil
}

// drawing is a code for a page, with modules as large as given in millimetres.
func (f Face) drawing(code Matrix, module float64) template.HTML {
	// The drawing escapes its texts itself.
	return template.HTML(code.SVG(Picture{ModuleMM: module, Title: f.CodeTitle, Lang: f.Lang}))
}
