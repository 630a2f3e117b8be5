package print

import (
	"math"
	"math/rand/v2"
)

// damage changes the light that comes from a place of a card, in millimetres from the middle of the code; pixel is how many millimetres the camera sees
// as one. It is a function of the place alone, so any number of goroutines may ask it.
type damage func(x, y, pixel, light float64) float64

// between draws a number from a range.
func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// place draws a place on a code of the given side: the same share of it on a large code and on a small one.
func place(r *rand.Rand, side, within float64) (x, y float64) {
	return between(r, -within, within) * side, between(r, -within, within) * side
}

// glare is a lamp in a glossy card. A lamp of 4 to 6 cm, 1 to 1.5 m away, is 1.8 to 3.9 mm around in a card at 15 cm; the gloss draws it out in one
// direction, and around it there is a halo. Where it is brightest nothing else is seen.
func glare(r *rand.Rand, side float64) []damage {
	cx, cy := place(r, side, 0.5)
	radius, stretch, angle := between(r, 1.8, 3.9), between(r, 1, 2), between(r, 0, math.Pi)
	sin, cos := math.Sincos(angle)
	return []damage{func(x, y, _, light float64) float64 {
		dx, dy := x-cx, y-cy
		along, across := (dx*cos+dy*sin)/stretch, dy*cos-dx*sin
		return light + 1.6*math.Exp(-(along*along+across*across)/(2*radius*radius))
	}}
}

// scratches are lines 0.15 to 0.5 mm wide and 20 to 60 mm long, from which the print is gone. They cross a square of 50 mm: a small code meets fewer of
// them than a large one does.
func scratches(r *rand.Rand, _ float64) []damage {
	const square = 50.0
	var all []damage
	for range 12 + r.IntN(7) {
		cx, cy := place(r, square, 0.5)
		half, width := between(r, 10, 30), between(r, 0.15, 0.5)
		sin, cos := math.Sincos(between(r, 0, math.Pi))
		all = append(all, func(x, y, pixel, light float64) float64 {
			dx, dy := x-cx, y-cy
			if math.Abs(dx*cos+dy*sin) > half {
				return light
			}
			covered := (width/2-math.Abs(dy*cos-dx*sin))/pixel + 0.5
			covered = min(max(covered, 0), 1, width/pixel)
			return light + (0.78-light)*covered
		})
	}
	return all
}

// stain is coffee: 6 to 11 mm around, uneven, with a dark rim.
func stain(r *rand.Rand, side float64) []damage {
	const rim = 0.8 // millimetres
	cx, cy := place(r, side, 0.4)
	radius, through, edge := between(r, 6, 11), between(r, 0.4, 0.6), between(r, 0.3, 0.45)
	lobes, turn := float64(3+r.IntN(4)), between(r, 0, 2*math.Pi)
	return []damage{func(x, y, _, light float64) float64 {
		dx, dy := x-cx, y-cy
		inside := radius*(1+0.18*math.Sin(lobes*math.Atan2(dy, dx)+turn)) - math.Hypot(dx, dy)
		switch {
		case inside <= 0:
			return light
		case inside < rim:
			return light * edge
		}
		return light * through
	}}
}

// faded is a card after years in the sun: the ink is nearly as light as the paper, unevenly.
func faded(r *rand.Rand, side float64) []damage {
	dark, white := between(r, 0.5, 0.62), between(r, 0.78, 0.84)
	slope, angle := between(r, 0, 0.06), between(r, 0, 2*math.Pi)
	sin, cos := math.Sincos(angle)
	return []damage{func(x, y, _, light float64) float64 {
		return dark + (light-ink)/(paper-ink)*(white-dark) + slope*(x*cos+y*sin)/side
	}}
}

// lostShare is how much of a code is gone in the conditions that ask for it (row A22 of the faults that a house has to stand).
const lostShare = 0.05

// patch is a square of 5 % of the code that is torn off, anywhere on it.
func patch(r *rand.Rand, side float64) []damage {
	half := math.Sqrt(lostShare) * side / 2
	cx, cy := between(r, half-side/2, side/2-half), between(r, half-side/2, side/2-half)
	return []damage{func(x, y, _, light float64) float64 {
		if max(math.Abs(x-cx), math.Abs(y-cy)) < half {
			return paper
		}
		return light
	}}
}

// drops are 0.6 to 2 mm wide, half of them light and half dark, and cover 5 % of the code.
func drops(r *rand.Rand, side float64) []damage {
	var all []damage
	for covered := 0.0; covered < lostShare*side*side; {
		radius := between(r, 0.3, 1)
		cx, cy := between(r, radius-side/2, side/2-radius), between(r, radius-side/2, side/2-radius)
		color := ink
		if r.IntN(2) == 0 {
			color = paper
		}
		covered += math.Pi * radius * radius
		all = append(all, func(x, y, _, light float64) float64 {
			if math.Hypot(x-cx, y-cy) < radius {
				return color
			}
			return light
		})
	}
	return all
}
