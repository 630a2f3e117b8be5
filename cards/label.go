package cards

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
)

// Layout is a kind of label with its true size.
type Layout struct {
	// Name is stable: it stands in addresses.
	Name string
	// Width and Height are those of the label, CodeSide that of its code with the quiet zone, in millimetres.
	Width, Height, CodeSide float64
	// Below puts the words under the code; else they stand beside it, and on a strip on both sides of it.
	Below, Strip bool
	// Clasp is what stays empty at both ends of a strip, for a buckle or glue, in millimetres.
	Clasp float64
}

// The layouts.
const (
	LayoutSticker  = "sticker"
	LayoutHelmet   = "helmet"
	LayoutBicycle  = "bicycle"
	LayoutCarSeat  = "carseat"
	LayoutBracelet = "bracelet"
)

// Layouts lists them. A code of 69 modules (version 13), with which stickers are filled, has modules of 0.45 mm and more on each of them; a bracelet takes
// a short address, whose 33 modules (version 4) are 0.54 mm wide.
func Layouts() []Layout {
	return []Layout{
		{Name: LayoutSticker, Width: 45, Height: 55, CodeSide: 41, Below: true},
		{Name: LayoutHelmet, Width: 80, Height: 38, CodeSide: 35},
		{Name: LayoutBicycle, Width: 110, Height: 38, CodeSide: 35},
		{Name: LayoutCarSeat, Width: 90, Height: 56, CodeSide: 48},
		{Name: LayoutBracelet, Width: 180, Height: 24, CodeSide: 22, Strip: true, Clasp: 25},
	}
}

// Module is how wide a module of a code is on the label, in millimetres.
func (l Layout) Module(code Matrix) float64 { return l.CodeSide / float64(code.Modules+2*QuietZone) }

// Label is one thing to cut out.
type Label struct {
	Layout Layout
	Face   Face
	Code   Matrix
	// Heading says what the label is for ("Child in this seat: scan").
	Heading string
	// Lines stand beside the code, the critical ones first; where there is no room for all of them three dots say so, before where to go for
	// more. Below a code there is room for none. See PrintOptions.SplitLabel.
	Lines []Line
	// Copies is how often it is printed; 0 is once.
	Copies int
}

//go:embed label.html
var labelHTML string

//go:embed label.css
var labelCSS string

var labelTemplate = newPage(labelHTML)

// labelPage and labelBox are what label.html shows.
type labelPage struct {
	PrintOptions
	Style  template.CSS
	Labels []labelBox
}

type labelBox struct {
	Label
	Class   string
	Name    string
	Small   bool
	Drawing template.HTML
	Printed []Line
	More    bool
}

// WriteLabels writes a sheet of labels to cut out, each in its true size with marks at its corners. It returns the error of w, one for a paper that is no
// sheet, and ErrNoFit for a code whose modules would be smaller than telephones read: it is never made smaller in silence.
func WriteLabels(w io.Writer, o PrintOptions, labels ...Label) error {
	size, err := o.sheetSize()
	if err != nil {
		return err
	}
	o = o.printable()
	page := labelPage{PrintOptions: o, Style: size.style(sheetMargin, labelCSS+layoutRules())}
	for _, label := range labels {
		if module := label.Layout.Module(label.Code); module < minModuleSevere-rounding {
			return fmt.Errorf("%w (a module would be %.2f mm on a %s; %.2f is the least)", ErrNoFit, module, label.Layout.Name, minModuleSevere)
		}
		box := o.labelBox(label)
		for range max(label.Copies, 1) {
			page.Labels = append(page.Labels, box)
		}
	}
	return write(w, labelTemplate, page)
}

func (o PrintOptions) labelBox(label Label) labelBox {
	layout := label.Layout
	label.Face, label.Heading, label.Lines = label.Face.printable(), printable(label.Heading), printableLines(label.Lines)
	printed, left := o.SplitLabel(label)
	box := labelBox{Label: label, Class: layout.class(), Small: label.titleSize() < titlePoints, Drawing: label.Face.drawing(label.Code, layout.Module(label.Code)),
		Printed: printed, More: len(left) > 0 && !layout.Below}
	if layout.Strip {
		width, room := layout.words()
		row := namePoints * point * leading(label.Face.Lang)
		box.Name = shorten(label.Face.Name, width, namePoints, max(1, int((room-label.titleHeight(width))/row)))
	}
	return box
}

// The measures of a label, in millimetres, and its sizes, in points. label.css has the same ones.
const (
	// labelGap is between labels, for their marks.
	labelGap     = 7.0
	labelPadding = 1.5
	// tightPadding is above and below what has no height to spare: strips, and words under a code.
	tightPadding = 1.0
	stripGap     = 4.0
	wordsGap     = 0.5
	labelIndent  = 1.8 // of the bar before critical lines

	labelPoints = 7.0
	titlePoints = 8.0
	smallPoints = 6.5 // of a heading that has little room, of where to go, and of the mark of a demonstration
	namePoints  = 9.0
	whereRow    = smallPoints * point * 1.2 // Latin letters and digits, whatever the language
	codeRow     = 8 * point * 1.2
	demoRow     = whereRow + 0.4
	demoWidth   = 11.0

	moreMark = "… " // stands before where to go when there are more lines than room
)

// words is the room for words, in millimetres: on a strip that of each side of the code.
func (l Layout) words() (width, height float64) {
	switch {
	case l.Strip:
		return (l.Width-2*l.Clasp-l.CodeSide)/2 - stripGap, l.Height - 2*tightPadding
	case l.Below:
		return l.Width - 2*labelPadding, l.Height - 2*tightPadding - l.CodeSide
	}
	return l.Width - 3*labelPadding - l.CodeSide, l.Height - 2*labelPadding
}

// class is that of the layout in the style sheet.
func (l Layout) class() string {
	switch {
	case l.Strip:
		return l.Name + " strip"
	case l.Below:
		return l.Name + " below"
	}
	return l.Name
}

// SplitLabel parts the lines of a label into those that are printed, in print order, and those for which there is no room. It estimates on the
// safe side.
func (o PrintOptions) SplitLabel(l Label) (printed, left []Line) {
	lines := Face{Lines: l.Lines}.ordered()
	if l.Layout.Below {
		return nil, lines
	}
	width, room := l.Layout.words()
	if !l.Layout.Strip {
		room -= l.titleHeight(width)
	}
	room -= whereRow*float64(rows(width, smallPoints, span{text: moreMark + l.Face.Host, weight: bold})) + codeRow + 2*wordsGap
	beside := column{lang: l.Face.Lang, width: width, indent: labelIndent, line: labelPoints, critical: labelPoints, weight: typeOf(o.HighContrast).weight, gap: 0.4}
	n := beside.fit(lines, room)
	return lines[:n], lines[n:]
}

// titleSize is that of the heading in points: smaller where it would take two rows under a code.
func (l Label) titleSize() float64 {
	if !l.Layout.Below {
		return titlePoints
	}
	width, _ := l.Layout.words()
	if l.Face.Demo {
		width -= demoWidth
	}
	if rows(width, titlePoints, span{text: l.Heading, weight: bold}) > 1 {
		return smallPoints
	}
	return titlePoints
}

// titleHeight is what heading and mark take above other words.
func (l Label) titleHeight(width float64) float64 {
	taken := height(width, titlePoints, l.Face.Lang, span{text: l.Heading, weight: bold}) + wordsGap
	if l.Face.Demo {
		taken += demoRow + wordsGap
	}
	return taken
}

// layoutRules are the sizes of the layouts as rules of a style sheet.
func layoutRules() string {
	rules := ""
	for _, l := range Layouts() {
		rules += fmt.Sprintf(".%s{inline-size:%s;block-size:%s}\n", l.Name, mm(l.Width), mm(l.Height))
		if l.Strip {
			rules += fmt.Sprintf(".%s{padding-inline:%s}\n", l.Name, mm(l.Clasp))
		}
	}
	return rules
}

// Copies is how many labels of a layout a sheet of paper has room for, beside their marks; 0 for a paper that is no sheet.
func (l Layout) Copies(paper Paper) int {
	size, err := PrintOptions{Paper: paper}.sheetSize()
	if err != nil {
		return 0
	}
	const ruler = 14 // millimetres at the head of the page
	columns := math.Floor(size.width / (l.Width + labelGap))
	rows := math.Floor((size.height - ruler) / (l.Height + labelGap))
	return int(columns * rows)
}
