package cards

import (
	_ "embed"
	"html/template"
	"io"
)

// On a sheet a code is sheetSide millimetres wide with its quiet zone, and wider when its modules would be smaller than telephones read.
const sheetSide = 43.0

// Sheet is a family's evacuation sheet: a row for each person, and above all of them what they share. A family that is parted has its members' rows on paper
// that each of them carries.
type Sheet struct {
	// Household says whose sheet it is, Printed when it was printed ("Printed on 22 November 2026").
	Household, Printed string
	// Shared is what everybody needs: where to meet, whom to call outside the area.
	Shared []Line
	// Foot says what the codes are for.
	Foot string
	// People are in the order in which they are printed.
	People []SheetPerson
}

// SheetPerson is one row.
type SheetPerson struct {
	Face Face
	Code Matrix
	// Supplies are medicines and needs, with how long what is at hand lasts.
	Supplies []Line
	// Collect and Barred are who may take a child, and who must not get it. Their headings are the caller's.
	Collect, Barred               []Line
	CollectHeading, BarredHeading string
}

//go:embed sheet.html
var sheetHTML string

//go:embed sheet.css
var sheetCSS string

var sheetTemplate = newPage(sheetHTML)

// sheetPage and sheetRow are what sheet.html shows.
type sheetPage struct {
	PrintOptions
	Sheet
	Style template.CSS
	Rows  []sheetRow
}

type sheetRow struct {
	SheetPerson
	Drawing template.HTML
	Lines   []Line
}

// SheetModule is how wide a module of a code is printed on a sheet, in millimetres.
func SheetModule(code Matrix) float64 {
	return max(sheetSide/float64(code.Modules+2*QuietZone), minModule)
}

// WriteSheet writes a sheet. A row is never parted; where there are more of them than a page holds, the next page begins with the head again. It
// returns the error of w, or one for a paper that is no sheet.
func WriteSheet(w io.Writer, o PrintOptions, sheet Sheet) error {
	size, err := o.sheetSize()
	if err != nil {
		return err
	}
	page := sheetPage{PrintOptions: o.printable(), Sheet: sheet, Style: size.style(sheetMargin, sheetCSS)}
	page.Household, page.Printed, page.Foot = printable(sheet.Household), printable(sheet.Printed), printable(sheet.Foot)
	page.Shared = printableLines(sheet.Shared)
	for _, person := range sheet.People {
		person.Face = person.Face.printable()
		person.CollectHeading, person.BarredHeading = printable(person.CollectHeading), printable(person.BarredHeading)
		person.Supplies, person.Collect, person.Barred = printableLines(person.Supplies), printableLines(person.Collect), printableLines(person.Barred)
		page.Rows = append(page.Rows, sheetRow{person, person.Face.drawing(person.Code, SheetModule(person.Code)), person.Face.ordered()})
	}
	return write(w, sheetTemplate, page)
}
