package print

import (
	"math"
	"math/rand/v2"

	"github.com/locket-health/locket/cards"
)

// spread is a range from which a condition draws.
type spread struct{ low, high float64 }

func (s spread) draw(r *rand.Rand) float64 { return between(r, s.low, s.high) }

// Condition is what happens to a card, and how it is looked at.
type Condition struct {
	Name string `json:"name"`
	// Says is what it is, in a few words.
	Says string `json:"says"`
	// Scored conditions make the score; the others answer a question of their own.
	Scored bool `json:"scored"`

	distance float64 // millimetres
	tilt     spread  // degrees
	radius   float64 // millimetres
	blur     spread  // millimetres on the card
	shake    spread  // millimetres on the card
	exposure spread  // 0 is that of a good light
	noise    float64 // of 255; 0 is that of a good light
	quality  spread  // of the JPEG; 0 is that of a camera
	quiet    int     // modules
	dark     bool    // beyond the quiet zone
	damage   func(r *rand.Rand, side float64) []damage
}

// Conditions are all of them, those that make the score first.
//
// A lens with an aperture of 2.3 mm, focused 3 to 5 cm behind a card at 20 cm, makes discs of 0.3 to 0.46 mm of its points; a hand that moves by 10 to
// 18 mm a second shifts the picture by 0.35 to 0.6 mm in a thirtieth of a second. Where there is a thirtieth of the light, a telephone takes it thirty times
// as strong (ISO 3200): of white paper some 150 electrons a pixel are left, whose noise is 20 of 255, and smoothing takes a quarter of that away.
func Conditions() []Condition {
	const near, reach, arm = 120, 200, 300 // millimetres
	quiet := cards.QuietZone
	return []Condition{
		{Name: "near", Says: "12 cm away, in good light", Scored: true, distance: near, quiet: quiet},
		{Name: "20cm", Says: "20 cm away", Scored: true, distance: reach, quiet: quiet},
		{Name: "30cm", Says: "30 cm away", Scored: true, distance: arm, quiet: quiet},
		{Name: "defocus", Says: "20 cm away, the lens focused 3 to 5 cm behind the card", Scored: true, distance: reach, blur: spread{0.3, 0.46}, quiet: quiet},
		{Name: "motion", Says: "20 cm away, the hand moves by 0.35 to 0.6 mm while the shutter is open", Scored: true, distance: reach, shake: spread{0.35, 0.6}, quiet: quiet},
		{Name: "dark", Says: "20 cm away, a thirtieth of the light: noise, a slow shutter, and still dim", Scored: true, distance: reach, exposure: spread{0.5, 0.7}, noise: 15, shake: spread{0.1, 0.25}, quiet: quiet},
		{Name: "tilt", Says: "15 cm away, tilted by 45 degrees in any direction", Scored: true, distance: 150, tilt: spread{43, 47}, quiet: quiet},
		{Name: "glare", Says: "15 cm away, a lamp in the gloss, nothing to be seen for 1.8 to 3.9 mm around and up to twice as far in one direction", Scored: true, distance: 150, quiet: quiet, damage: glare},
		{Name: "scratch", Says: "15 cm away, 12 to 18 scratches over 5 x 5 cm, 0.15 to 0.5 mm wide and 2 to 6 cm long", Scored: true, distance: 150, quiet: quiet, damage: scratches},
		{Name: "stain", Says: "15 cm away, a coffee stain, 12 to 22 mm wide, with a rim", Scored: true, distance: 150, quiet: quiet, damage: stain},
		{Name: "faded", Says: "15 cm away, a third or less of the contrast left", Scored: true, distance: 150, quiet: quiet, damage: faded},
		{Name: "wrist", Says: "15 cm away, bent around 28 mm of radius", Scored: true, distance: 150, radius: 28, quiet: quiet},
		{Name: "jpeg", Says: "20 cm away, JPEG quality 10 to 20", Scored: true, distance: reach, quality: spread{10, 20}, quiet: quiet},

		{Name: "patch", Says: "12 cm away, a square of 5 % of the code torn off, anywhere", distance: near, quiet: quiet, damage: patch},
		{Name: "drops", Says: "12 cm away, 5 % of the code under drops, 0.6 to 2 mm wide", distance: near, quiet: quiet, damage: drops},
		{Name: "quiet0", Says: "12 cm away, everything beyond the code dark, no quiet zone", distance: near, quiet: 0, dark: true},
		{Name: "quiet1", Says: "the same with a quiet zone of 1 module", distance: near, quiet: 1, dark: true},
		{Name: "quiet2", Says: "the same with a quiet zone of 2 modules", distance: near, quiet: 2, dark: true},
		{Name: "quiet4", Says: "the same with a quiet zone of 4 modules", distance: near, quiet: 4, dark: true},
	}
}

// What every picture has, of whatever condition.
const (
	goodNoise   = 2.5
	goodQuality = 90
	degree      = math.Pi / 180
)

// draw draws a shot of a code of the given side. Everything is drawn in every condition and in one order, so that the same seed holds the card in the
// same way.
func (c Condition) draw(r *rand.Rand, side float64) shot {
	s := shot{
		turn:     between(r, -12, 12) * degree,
		tilt:     between(r, 0, 6) * degree,
		axis:     between(r, 0, 2*math.Pi),
		distance: c.distance * between(r, 0.96, 1.04),
		shiftX:   between(r, -3, 3),
		shiftY:   between(r, -3, 3),
		desk:     between(r, 0.1, 0.7),
		exposure: between(r, 0.8, 0.95),
		slope:    between(r, 0, 0.25),
		slopeDir: between(r, 0, 2*math.Pi),
		shakeDir: between(r, 0, math.Pi),
		noise:    goodNoise,
		quality:  goodQuality,
		radius:   c.radius,
		blur:     c.blur.draw(r),
		shake:    c.shake.draw(r),
	}
	if c.tilt != (spread{}) {
		s.tilt = c.tilt.draw(r) * degree
	}
	if c.exposure != (spread{}) {
		s.exposure = c.exposure.draw(r)
	}
	if c.noise > 0 {
		s.noise = c.noise
	}
	if c.quality != (spread{}) {
		s.quality = int(math.Round(c.quality.draw(r)))
	}
	if c.damage != nil {
		s.damages = c.damage(r, side)
	}
	return s
}
