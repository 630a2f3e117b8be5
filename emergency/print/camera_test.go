package print

import (
	"bytes"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/cards"
)

func TestViewAndBack(t *testing.T) {
	for _, test := range []struct {
		name string
		shot shot
	}{
		{"straight", shot{distance: 120}},
		{"turned", shot{distance: 200, turn: 0.3, shiftX: 4, shiftY: -2}},
		{"tilted", shot{distance: 150, tilt: 45 * degree, axis: 1}},
		{"around a wrist", shot{distance: 150, radius: 28, tilt: 0.1, turn: -0.2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := test.shot.view()
			for _, place := range [][2]float64{{0, 0}, {10, 5}, {-12, 7}, {3, -9}} {
				x, y, ok := v.place(v.pixel(place[0], place[1]))
				if !ok || math.Hypot(x-place[0], y-place[1]) > 1e-6 {
					t.Errorf("%v came back as %g, %g (%t)", place, x, y, ok)
				}
			}
		})
	}
}

func TestPixelsAMillimetre(t *testing.T) {
	v := shot{distance: 120}.view()
	left, _ := v.pixel(-0.5, 0)
	right, _ := v.pixel(0.5, 0)
	if got := right - left; math.Abs(got-11.5) > 1e-9 {
		t.Errorf("%g pixels a millimetre at 12 cm, want 11.5", got)
	}
}

func TestAWristHidesItsBack(t *testing.T) {
	v := shot{distance: 150, radius: 28}.view()
	if _, _, ok := v.place(focal*40/150.0, 0); ok {
		t.Error("40 mm beside the middle of a wrist of 28 mm something of the card is seen")
	}
}

func TestKernelsKeepTheLight(t *testing.T) {
	for _, test := range []struct {
		name string
		taps []tap
		wide bool
	}{
		{"point", point(lens), true},
		{"disc", disc(2.3), true},
		{"disc of less than a pixel", disc(0.2), false},
		{"streak", streak(4, 0.7), true},
		{"streak of nothing", streak(0, 0), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			total := 0.0
			for _, tap := range test.taps {
				total += tap.share
			}
			if math.Abs(total-1) > 1e-9 {
				t.Errorf("the shares add up to %g", total)
			}
			if got := len(test.taps) > 1; got != test.wide {
				t.Errorf("%d taps", len(test.taps))
			}
		})
	}
}

func TestPicturesComeOutTheSameAgain(t *testing.T) {
	carrier := smallest(t)
	prints := prints{carrier: carrier}
	for _, condition := range Conditions() {
		t.Run(condition.Name, func(t *testing.T) {
			var pictures [3][]byte
			for i, number := range []int{0, 0, 1} {
				picture, err := photograph(prints.of(condition), condition, 1, number)
				if err != nil {
					t.Fatal(err)
				}
				if size := picture.Bounds().Size(); size.X > frameWidth || size.Y > frameHeight || size.X < 100 || size.Y < 100 {
					t.Errorf("a picture of %v", size)
				}
				pictures[i] = picture.Pix
			}
			if !bytes.Equal(pictures[0], pictures[1]) {
				t.Error("the same picture came out in two ways")
			}
			if bytes.Equal(pictures[0], pictures[2]) {
				t.Error("two pictures are the same")
			}
		})
	}
}

// TestACleanPrintIsRead holds that nothing but damage keeps a code from being read.
func TestACleanPrintIsRead(t *testing.T) {
	decoder := ours(t)
	for _, carrier := range carriers(t) {
		t.Run(carrier.Name, func(t *testing.T) {
			printed := newSurface(bare(carrier), cards.QuietZone, false)
			file := filepath.Join(t.TempDir(), "clean.pgm")
			read := ""
			for _, distance := range []float64{110, 80, 140} { // our decoder is choosy
				clean := shot{distance: distance, exposure: 1, desk: 0.5, quality: 95}
				picture, err := clean.take(printed, rand.New(rand.NewPCG(1, 1)))
				if err != nil {
					t.Fatal(err)
				}
				if err := writePGM(file, picture); err != nil {
					t.Fatal(err)
				}
				if read = decoder.read([]string{file})[0]; read != "" {
					break
				}
			}
			if read != carrier.Text {
				t.Errorf("read %q", read)
			}
		})
	}
}

func BenchmarkPhotograph(b *testing.B) {
	prints := prints{carrier: carriers(b)[0]}
	for _, condition := range Conditions() {
		b.Run(condition.Name, func(b *testing.B) {
			printed := prints.of(condition)
			for i := 0; b.Loop(); i++ {
				if _, err := photograph(printed, condition, 1, i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
