package cards

import (
	_ "embed"
	"html/template"
	"io"
)

// Instructions is a page that goes with a carrier which is not only printed: how a tag is written, what a second code is for.
type Instructions struct {
	// Face gives the language, and the name that stands above.
	Face Face
	// Heading is what the page is about; Warning stands in a frame under it.
	Heading, Warning string
	// Code is printed CodeSide millimetres wide with its quiet zone; a zero Matrix leaves it out.
	Code     Matrix
	CodeSide float64
	// Steps are what to do, in their order.
	Steps []string
	// Values are what is to be typed or compared, exactly as it stands.
	Values []Line
}

//go:embed notes.html
var notesHTML string

//go:embed notes.css
var notesCSS string

var notesTemplate = newPage(notesHTML)

// notesPage is what notes.html shows.
type notesPage struct {
	PrintOptions
	Instructions
	Style   template.CSS
	Drawing template.HTML
}

// WriteInstructions writes such a page. It returns the error of w, or one for a paper that is no sheet.
func WriteInstructions(w io.Writer, o PrintOptions, notes Instructions) error {
	size, err := o.sheetSize()
	if err != nil {
		return err
	}
	notes.Face, notes.Heading, notes.Warning, notes.Values = notes.Face.printable(), printable(notes.Heading), printable(notes.Warning), printableLines(notes.Values)
	steps := make([]string, len(notes.Steps))
	for i, step := range notes.Steps {
		steps[i] = printable(step)
	}
	notes.Steps = steps
	page := notesPage{PrintOptions: o.printable(), Instructions: notes, Style: size.style(2*sheetMargin, notesCSS)}
	if notes.Code.Modules > 0 {
		page.Drawing = notes.Face.drawing(notes.Code, notes.CodeSide/float64(notes.Code.Modules+2*QuietZone))
	}
	return write(w, notesTemplate, page)
}
