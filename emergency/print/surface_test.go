package print

import (
	"testing"

	"github.com/locket-health/locket/cards"
)

func TestEveryModuleIsPrinted(t *testing.T) {
	for _, carrier := range carriers(t) {
		t.Run(carrier.Name, func(t *testing.T) {
			printed := newSurface(bare(carrier), cards.QuietZone, false)
			middle := float64(carrier.Matrix.Modules) / 2
			wrong := 0
			for y := -cards.QuietZone; y < carrier.Matrix.Modules+cards.QuietZone; y++ {
				for x := -cards.QuietZone; x < carrier.Matrix.Modules+cards.QuietZone; x++ {
					light, ok := printed.light((float64(x)+0.5-middle)*carrier.ModuleMM, (float64(y)+0.5-middle)*carrier.ModuleMM, carrier.ModuleMM/4, carrier.ModuleMM/4)
					if dark := light < (paper+ink)/2; !ok || dark != carrier.Matrix.At(x, y) {
						wrong++
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d modules are not as they should be", wrong)
			}
		})
	}
}

func TestInkSpreads(t *testing.T) {
	carrier := smallest(t)
	printed := newSurface(carrier, cards.QuietZone, false)
	// Just beyond the outer edge of the finder pattern in the corner at the top left.
	edge := -printed.side / 2
	for _, test := range []struct {
		name   string
		beyond float64 // millimetres
		want   bool
	}{
		{"inside", -0.05, true},
		{"where the ink has run", 0.02, true},
		{"further out", 0.1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			light, _ := printed.light(edge-test.beyond, edge+2*carrier.ModuleMM, 0, 0)
			if got := light < 0.8; got != test.want {
				t.Errorf("light %.2f: inked %t, want %t", light, got, test.want)
			}
		})
	}
}

func TestQuietZoneOnADarkCard(t *testing.T) {
	carrier := smallest(t)
	for _, quiet := range []int{0, 1, 4} {
		printed := newSurface(carrier, quiet, true)
		for module := range 6 {
			light, _ := printed.light(0, -printed.side/2-(float64(module)+0.5)*carrier.ModuleMM, 0.1, 0.1)
			if got, want := light > 0.5, module < quiet; got != want {
				t.Errorf("quiet zone of %d: module %d beyond the code is light: %t, want %t", quiet, module, got, want)
			}
		}
	}
}

func TestNothingIsSeenBesideTheCard(t *testing.T) {
	carrier := smallest(t)
	printed := newSurface(carrier, cards.QuietZone, false)
	for _, place := range [][2]float64{{-carrier.WidthMM * 2, 0}, {carrier.WidthMM * 2, 0}, {0, -carrier.HeightMM}, {0, carrier.HeightMM}} {
		if _, ok := printed.light(place[0], place[1], 1, 1); ok {
			t.Errorf("%v is on the card", place)
		}
	}
}
