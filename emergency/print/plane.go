package print

import (
	"image"
	"math"
	"math/rand/v2"
)

// plane is light that has not yet become a picture; 1 is as bright as the camera can tell.
type plane struct {
	width, height int
	light         []float64
}

func newPlane(width, height int) plane {
	return plane{width, height, make([]float64, width*height)}
}

// tap is a pixel of a kernel: how far away, and how much of its light arrives. The shares of a kernel add up to one.
type tap struct {
	dx, dy int
	share  float64
}

// point is what a lens makes of a point (a Gaussian), within two pixels.
func point(deviation float64) []tap {
	return kernel(2, func(x, y float64) float64 { return math.Exp(-(x*x + y*y) / (2 * deviation * deviation)) })
}

// disc is what a lens out of focus makes of a point.
func disc(radius float64) []tap {
	return kernel(int(math.Ceil(radius)), func(x, y float64) float64 { return min(max(radius+0.5-math.Hypot(x, y), 0), 1) })
}

// streak is what a shaking hand makes of a point: a line of the given length through it.
func streak(length, angle float64) []tap {
	sin, cos := math.Sincos(angle)
	return kernel(int(math.Ceil(length/2)), func(x, y float64) float64 {
		along, across := math.Abs(x*cos+y*sin), math.Abs(y*cos-x*sin)
		return min(max(length/2+0.5-along, 0), 1) * max(1-across, 0)
	})
}

// kernel takes the taps up to reach pixels away.
func kernel(reach int, share func(x, y float64) float64) []tap {
	var taps []tap
	total := 0.0
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			if s := share(float64(dx), float64(dy)); s > 1e-4 {
				taps = append(taps, tap{dx, dy, s})
				total += s
			}
		}
	}
	for i := range taps {
		taps[i].share /= total
	}
	return taps
}

// convolved spreads the light by a kernel. Beyond the edge it is as at the edge.
func (p plane) convolved(taps []tap) plane {
	out := newPlane(p.width, p.height)
	for _, t := range taps {
		for y := range p.height {
			from := p.light[min(max(y+t.dy, 0), p.height-1)*p.width:][:p.width]
			to := out.light[y*p.width:][:p.width]
			first, last := min(max(-t.dx, 0), p.width), max(min(p.width-t.dx, p.width), 0)
			for x := range to[:first] {
				to[x] += t.share * from[0]
			}
			for x := first; x < last; x++ {
				to[x] += t.share * from[x+t.dx]
			}
			for x := max(first, last); x < p.width; x++ {
				to[x] += t.share * from[p.width-1]
			}
		}
	}
	return out
}

// developed makes the picture, with noise of the given standard deviation. Light beyond what the camera can tell is lost.
func (p plane) developed(deviation float64, noise *rand.Rand) *image.Gray {
	picture := image.NewGray(image.Rect(0, 0, p.width, p.height))
	for i, light := range p.light {
		picture.Pix[i] = uint8(math.Round(min(max(light*255+deviation*noise.NormFloat64(), 0), 255)))
	}
	return picture
}
