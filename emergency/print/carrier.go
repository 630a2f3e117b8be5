package print

import (
	"fmt"
	"math"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// Carrier is a code as it is printed.
type Carrier struct {
	Name string `json:"name"`
	// Text is what the code says: anything else that is read is wrong.
	Text   string       `json:"-"`
	Matrix cards.Matrix `json:"-"`
	// ModuleMM is the side of a module, in millimetres.
	ModuleMM float64 `json:"module_mm"`
	// WidthMM and HeightMM are those of the card or label around the code.
	WidthMM  float64 `json:"width_mm"`
	HeightMM float64 `json:"height_mm"`
	// DPI is the resolution of the printer: 300 (card printers; 0 is the same) or 600 (most others).
	DPI int `json:"dpi"`
	// Floor is the least score that is good enough, 0 to 100; 0 asks for none.
	Floor float64 `json:"floor,omitempty"`
}

// The least scores of what a house hands out.
const (
	WalletFloor   = 80
	BraceletFloor = 85
)

// Bounds of what is printed, in millimetres. A picture of more would not fit the arithmetic of surface.
const (
	maxWidth  = 200.0
	maxHeight = 120.0
	minModule = 0.1
)

const (
	mmPerInch  = 25.4
	cardDPI    = 300
	officeDPI  = 600
	cardWidth  = 85.6 // ID-1 (ISO/IEC 7810), in millimetres
	cardHeight = 54.0
)

// sizes are the card or label around the code of a carrier, in millimetres, and what prints it. Sides of 0 are 4 mm more than the code.
var sizes = map[string]struct {
	width, height float64
	dpi           int
	floor         float64
}{
	emergency.CarrierWallet:   {cardWidth, cardHeight, cardDPI, WalletFloor},
	emergency.CarrierSheet:    {180, 55, officeDPI, 0},
	emergency.CarrierSticker:  {80, 0, officeDPI, 0},
	emergency.CarrierBracelet: {180, 0, officeDPI, BraceletFloor},
	emergency.CarrierVCard:    {cardWidth, cardHeight, officeDPI, 0},
	emergency.CarrierSHC:      {0, 0, officeDPI, 0},
	emergency.CarrierSHL:      {0, 0, officeDPI, 0},
}

// Printed is the code of an issued card as its carrier is printed. It returns an error for a carrier that is not printed, or whose code is made of words.
func Printed(issued emergency.Issued) (Carrier, error) {
	matrix, err := issued.Code()
	if err != nil {
		return Carrier{}, err
	}
	text := issued.Address.URL()
	switch issued.Carrier {
	case emergency.CarrierBracelet:
		text = issued.ShortAddress().URL()
	case emergency.CarrierSHL:
		text = issued.Link.URI
	case emergency.CarrierWallet, emergency.CarrierSheet, emergency.CarrierSticker:
	default:
		return Carrier{}, fmt.Errorf("the carrier %q has no code that is printed by itself", issued.Carrier)
	}
	return New(issued.Carrier, issued.Carrier, text, matrix, issued.ModuleMM)
}

// New is a code printed as a carrier of ours (emergency.CarrierWallet, ...) prints it, under a name of its own.
func New(name, carrier, text string, matrix cards.Matrix, moduleMM float64) (Carrier, error) {
	size, ok := sizes[carrier]
	if !ok {
		return Carrier{}, fmt.Errorf("the carrier %q is not printed", carrier)
	}
	side := moduleMM*float64(matrix.Modules+2*cards.QuietZone) + 4
	for _, length := range []*float64{&size.width, &size.height} {
		if *length == 0 {
			*length = side
		}
	}
	c := Carrier{Name: name, Text: text, Matrix: matrix, ModuleMM: moduleMM, WidthMM: size.width, HeightMM: size.height, DPI: size.dpi, Floor: size.floor}
	return c, c.check()
}

// check reports what cannot be printed.
func (c Carrier) check() error {
	switch {
	case c.Text == "" || c.Matrix.Modules == 0:
		return fmt.Errorf("%s: there is no code", c.Name)
	case !(c.ModuleMM >= minModule):
		return fmt.Errorf("%s: modules of %g mm are too small to print", c.Name, c.ModuleMM)
	case !(c.WidthMM <= maxWidth && c.HeightMM <= maxHeight):
		return fmt.Errorf("%s: %g x %g mm are more than %g x %g", c.Name, c.WidthMM, c.HeightMM, maxWidth, maxHeight)
	case c.codeSide() > math.Min(c.WidthMM, c.HeightMM)+1e-6:
		return fmt.Errorf("%s: a code of %.1f mm does not fit %g x %g mm", c.Name, c.codeSide(), c.WidthMM, c.HeightMM)
	case c.DPI != 0 && c.DPI != cardDPI && c.DPI != officeDPI:
		return fmt.Errorf("%s: %d dots an inch are neither %d nor %d", c.Name, c.DPI, cardDPI, officeDPI)
	case c.Floor < 0 || c.Floor > 100:
		return fmt.Errorf("%s: a floor of %g is not 0 to 100", c.Name, c.Floor)
	}
	return nil
}

// codeSide is the side of the code with its quiet zone, in millimetres.
func (c Carrier) codeSide() float64 {
	return c.ModuleMM * float64(c.Matrix.Modules+2*cards.QuietZone)
}
