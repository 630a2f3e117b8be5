package print

import (
	"math"
	"math/rand/v2"

	"github.com/locket-health/locket/cards"
)

// How much light comes back from what is on a card, as a share of what falls on it.
const (
	paper = 0.92
	ink   = 0.06
)

const (
	// pixelMM is the side of a pixel of a surface: a dot at 600 dpi.
	pixelMM = mmPerInch / officeDPI
	// dotGain is how far ink and toner spread beyond the edge of a dot, in millimetres.
	dotGain = 0.03
)

// surface is a printed card: how much light comes back from each place of it. Places are in millimetres from the middle of the code, x to the right and y
// down. It is never changed once made, so any number of goroutines may look at it.
type surface struct {
	width, height int      // in pixels
	left, top     float64  // of the card, in millimetres from the middle of the code
	side          float64  // of the code without its quiet zone
	sum           []uint64 // light of all pixels above and to the left, 255 a pixel: (width+1) x (height+1)
}

// newSurface prints a carrier with a quiet zone of so many modules. With dark, everything beyond the quiet zone is dark; otherwise there are words and a
// band, as there are on a card.
func newSurface(c Carrier, quiet int, dark bool) *surface {
	dpi := c.DPI
	if dpi == 0 {
		dpi = cardDPI
	}
	s := &surface{width: int(math.Round(c.WidthMM / pixelMM)), height: int(math.Round(c.HeightMM / pixelMM)), side: c.ModuleMM * float64(c.Matrix.Modules)}
	p := page{width: s.width, height: s.height, light: make([]uint8, s.width*s.height)}
	p.fill(0, 0, c.WidthMM, c.HeightMM, paper)

	// The code stands at the right end of a wide card, the words beside it; otherwise at the top, the words beneath.
	zone := c.codeSide()
	x, y := (c.WidthMM-zone)/2, (c.HeightMM-zone)/2
	if beside := c.WidthMM - zone; beside >= c.HeightMM-zone {
		x = c.WidthMM - zone - y
		p.words(1, 1, x-4, c.HeightMM-1)
		p.fill(x-3, 0, min(x-0.5, x-3+beside/4), c.HeightMM, ink)
	} else {
		y = x
		p.words(1, zone+y, c.WidthMM-1, c.HeightMM-1)
	}
	dot := mmPerInch / float64(dpi)
	x = math.Round((x+c.ModuleMM*cards.QuietZone)/dot) * dot
	y = math.Round((y+c.ModuleMM*cards.QuietZone)/dot) * dot
	if dark {
		margin := c.ModuleMM * float64(quiet)
		p.fill(0, 0, c.WidthMM, c.HeightMM, ink)
		p.fill(x-margin, y-margin, x+s.side+margin, y+s.side+margin, paper)
	}
	p.code(c, x, y, dot)
	p.spread(dotGain / pixelMM)

	s.left, s.top = -(x + s.side/2), -(y + s.side/2)
	s.sum = p.sums()
	return s
}

// light is the mean light of a rectangle around a place; ok is false for places beside the card.
func (s *surface) light(x, y, width, height float64) (light float64, ok bool) {
	px, py := (x-s.left)/pixelMM, (y-s.top)/pixelMM
	if px < 0 || py < 0 || px >= float64(s.width) || py >= float64(s.height) {
		return 0, false
	}
	halfX, halfY := max(width/pixelMM, 1)/2, max(height/pixelMM, 1)/2
	x0, x1 := max(px-halfX, 0), min(px+halfX, float64(s.width))
	y0, y1 := max(py-halfY, 0), min(py+halfY, float64(s.height))
	total := s.upTo(x1, y1) - s.upTo(x0, y1) - s.upTo(x1, y0) + s.upTo(x0, y0)
	return total / ((x1 - x0) * (y1 - y0)) / 255, true
}

// upTo is the light of everything above and to the left of a place between pixels. Between the corners of a pixel it is bilinear: that is exact.
func (s *surface) upTo(x, y float64) float64 {
	column, row := min(int(x), s.width-1), min(int(y), s.height-1)
	fx, fy := x-float64(column), y-float64(row)
	i := row*(s.width+1) + column
	j := i + s.width + 1
	above := float64(s.sum[i])*(1-fx) + float64(s.sum[i+1])*fx
	below := float64(s.sum[j])*(1-fx) + float64(s.sum[j+1])*fx
	return above*(1-fy) + below*fy
}

// page is a surface that is being printed.
type page struct {
	width, height int
	light         []uint8
}

// fill paints a rectangle in millimetres.
func (p page) fill(x0, y0, x1, y1, light float64) {
	left, right := bounded(x0, p.width), bounded(x1, p.width)
	value := uint8(math.Round(light * 255))
	for y := bounded(y0, p.height); y < bounded(y1, p.height); y++ {
		for x := left; x < right; x++ {
			p.light[y*p.width+x] = value
		}
	}
}

// bounded is a place in pixels, at most the size of the page.
func bounded(mm float64, size int) int {
	return min(max(int(math.Round(mm/pixelMM)), 0), size)
}

// code prints the code with its corner at x, y. A dot is dark when its middle is: so a module that is no whole number of dots comes out sometimes wider
// and sometimes narrower, as it does on paper.
func (p page) code(c Carrier, x, y, dot float64) {
	dark := uint8(math.Round(ink * 255))
	for row := bounded(y, p.height); row < bounded(y+c.ModuleMM*float64(c.Matrix.Modules), p.height); row++ {
		my := int(math.Floor((middle(row, dot) - y) / c.ModuleMM))
		for column := bounded(x, p.width); column < bounded(x+c.ModuleMM*float64(c.Matrix.Modules), p.width); column++ {
			if c.Matrix.At(int(math.Floor((middle(column, dot)-x)/c.ModuleMM)), my) {
				p.light[row*p.width+column] = dark
			}
		}
	}
}

// middle is that of the dot to which a pixel belongs, in millimetres.
func middle(pixel int, dot float64) float64 {
	return (math.Floor((float64(pixel)+0.5)*pixelMM/dot) + 0.5) * dot
}

// Letters are cells of a grid; nobody can read them, but a decoder has to pass over them.
const (
	letterMM = 1.3 // width, with the space beside it
	lineMM   = 2.6
	dotsX    = 5
	dotsY    = 7
)

// words prints rows of what looks like letters.
func (p page) words(x0, y0, x1, y1 float64) {
	letters := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same letters on every card
	cell := letterMM / (dotsX + 1)
	for y := y0; y+lineMM <= y1; y += lineMM {
		for x := x0; x+letterMM <= x1; x += letterMM {
			if letters.IntN(6) == 0 {
				continue // between words
			}
			for i := range dotsX * dotsY {
				if letters.IntN(2) == 0 {
					left, top := x+float64(i%dotsX)*cell, y+float64(i/dotsX)*cell
					p.fill(left, top, left+cell, top+cell, ink)
				}
			}
		}
	}
}

// spread lets the ink run by less than a pixel to all sides.
func (p page) spread(pixels float64) {
	printed := append([]uint8(nil), p.light...)
	at := func(x, y int) uint8 {
		return printed[min(max(y, 0), p.height-1)*p.width+min(max(x, 0), p.width-1)]
	}
	for y := range p.height {
		for x := range p.width {
			own := at(x, y)
			darkest := own
			for dy := -1; dy <= 1; dy++ {
				darkest = min(darkest, at(x-1, y+dy), at(x, y+dy), at(x+1, y+dy))
			}
			p.light[y*p.width+x] = uint8(math.Round(float64(own) + (float64(darkest)-float64(own))*pixels))
		}
	}
}

// sums is what surface keeps.
func (p page) sums() []uint64 {
	sum := make([]uint64, (p.width+1)*(p.height+1))
	for y := range p.height {
		row, above := uint64(0), sum[y*(p.width+1):]
		for x := range p.width {
			row += uint64(p.light[y*p.width+x])
			sum[(y+1)*(p.width+1)+x+1] = above[x+1] + row
		}
	}
	return sum
}
