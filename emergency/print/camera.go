package print

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// The camera: that of a telephone whose preview is 1920 x 1080 pixels with 11.5 pixels a millimetre at 12 cm, some 70 degrees wide.
const (
	frameWidth  = 1920
	frameHeight = 1080
	focal       = 11.5 * 120 // in pixels
	lens        = 0.6        // how far a point spreads, in pixels (standard deviation)
	margin      = 24         // pixels kept around the card
	maxSteep    = 85         // degrees of a surface turned away that the camera still sees something of
)

// shot is how a picture is taken. Lengths are in millimetres, angles in radians.
type shot struct {
	distance float64
	turn     float64 // in the plane of the card
	tilt     float64 // out of it, about an axis at angle axis
	axis     float64
	shiftX   float64 // of the card in the picture
	shiftY   float64
	radius   float64 // of what the card is wrapped around; 0 is flat
	blur     float64 // diameter of the disc that a point becomes, on the card
	shake    float64 // how far the card moves while the shutter is open
	shakeDir float64
	desk     float64 // light of what lies around
	exposure float64 // 1 takes white paper as a light grey
	slope    float64 // how much the light falls off across the card, as a share
	slopeDir float64
	noise    float64 // standard deviation, of 255
	quality  int     // of the JPEG
	damages  []damage
}

// vector is in the frame of the card: x to the right, y down, z into it.
type vector struct{ x, y, z float64 }

func (v vector) plus(w vector, times float64) vector {
	return vector{v.x + times*w.x, v.y + times*w.y, v.z + times*w.z}
}

func (v vector) dot(w vector) float64 { return v.x*w.x + v.y*w.y + v.z*w.z }

// rotated turns a vector about an axis of length one by an angle (Rodrigues).
func (v vector) rotated(axis vector, angle float64) vector {
	sin, cos := math.Sincos(angle)
	cross := vector{axis.y*v.z - axis.z*v.y, axis.z*v.x - axis.x*v.z, axis.x*v.y - axis.y*v.x}
	return vector{}.plus(v, cos).plus(cross, sin).plus(axis, axis.dot(v)*(1-cos))
}

// view is the camera in the frame of the card.
type view struct {
	eye              vector
	right, down, far vector
	radius           float64
}

func (s shot) view() view {
	sin, cos := math.Sincos(s.axis)
	turned := func(v vector) vector {
		return v.rotated(vector{0, 0, 1}, s.turn).rotated(vector{cos, sin, 0}, s.tilt)
	}
	v := view{right: turned(vector{1, 0, 0}), down: turned(vector{0, 1, 0}), far: turned(vector{0, 0, 1}), radius: s.radius}
	v.eye = vector{}.plus(v.far, -s.distance).plus(v.right, -s.shiftX).plus(v.down, -s.shiftY)
	return v
}

// place is what the camera sees at x, y pixels from the middle of its picture, in millimetres on the card; ok is false where it sees no card.
func (v view) place(x, y float64) (px, py float64, ok bool) {
	ray := v.far.plus(v.right, x/focal).plus(v.down, y/focal)
	if v.radius == 0 {
		if ray.z <= 0 {
			return 0, 0, false
		}
		at := v.eye.plus(ray, -v.eye.z/ray.z)
		return at.x, at.y, true
	}
	// A cylinder upright in the frame of the card touches it in the line x = 0, z = 0.
	ez := v.eye.z - v.radius
	a, b, c := ray.x*ray.x+ray.z*ray.z, v.eye.x*ray.x+ez*ray.z, v.eye.x*v.eye.x+ez*ez-v.radius*v.radius
	root := b*b - a*c
	if root < 0 {
		return 0, 0, false
	}
	at := v.eye.plus(ray, (-b-math.Sqrt(root))/a)
	angle := math.Atan2(at.x, v.radius-at.z)
	if math.Abs(angle) > maxSteep*math.Pi/180 {
		return 0, 0, false
	}
	return angle * v.radius, at.y, true
}

// pixel is where the camera sees a place of the card, in pixels from the middle of its picture.
func (v view) pixel(x, y float64) (px, py float64) {
	at := vector{x, y, 0}
	if v.radius > 0 {
		limit := maxSteep * math.Pi / 180
		sin, cos := math.Sincos(min(max(x/v.radius, -limit), limit))
		at = vector{v.radius * sin, y, v.radius * (1 - cos)}
	}
	ray := at.plus(v.eye, -1)
	depth := max(ray.dot(v.far), 1)
	return focal * ray.dot(v.right) / depth, focal * ray.dot(v.down) / depth
}

// frame is the part of the picture with the card in it, in pixels from the middle.
func (v view) frame(s *surface) image.Rectangle {
	width, height := float64(s.width)*pixelMM, float64(s.height)*pixelMM
	minX, minY, maxX, maxY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, across := range []float64{0, 0.25, 0.5, 0.75, 1} {
		for _, down := range []float64{0, 0.5, 1} {
			x, y := v.pixel(s.left+across*width, s.top+down*height)
			minX, minY, maxX, maxY = min(minX, x), min(minY, y), max(maxX, x), max(maxY, y)
		}
	}
	return image.Rect(int(minX)-margin, int(minY)-margin, int(maxX)+margin, int(maxY)+margin).
		Intersect(image.Rect(-frameWidth/2, -frameHeight/2, frameWidth/2, frameHeight/2))
}

// take takes a picture, in which 0, 0 is the pixel in the middle of the code. The draws are those of the noise.
func (s shot) take(card *surface, noise *rand.Rand) (*image.Gray, error) {
	v := s.view()
	frame := v.frame(card)
	p := newPlane(frame.Dx(), frame.Dy())
	s.expose(p, v, frame.Min, card)
	p = p.convolved(point(lens))
	if s.blur > 0 {
		p = p.convolved(disc(s.blur * focal / s.distance / 2))
	}
	if s.shake > 0 {
		p = p.convolved(streak(s.shake*focal/s.distance, s.shakeDir))
	}
	picture, err := compressed(p.developed(s.noise, noise), s.quality)
	if err != nil {
		return nil, err
	}
	x, y := v.pixel(0, 0)
	picture.Rect = picture.Rect.Add(frame.Min).Sub(image.Pt(int(x), int(y)))
	return picture, nil
}

// seen is a place that the camera sees.
type seen struct {
	x, y float64
	ok   bool
}

// expose gathers the light for every pixel. How much of the card a pixel sees follows from what its neighbours to the right and below see.
func (s shot) expose(p plane, v view, corner image.Point, card *surface) {
	sin, cos := math.Sincos(s.slopeDir)
	below := v.row(corner.X, corner.Y, p.width+1)
	for y := range p.height {
		row := below
		below = v.row(corner.X, corner.Y+y+1, p.width+1)
		for x := range p.width {
			light := s.desk
			if at, right, down := row[x], row[x+1], below[x]; at.ok && right.ok && down.ok {
				width, height := math.Hypot(right.x-at.x, down.x-at.x), math.Hypot(right.y-at.y, down.y-at.y)
				if reflected, on := card.light(at.x, at.y, width, height); on {
					light = reflected
					for _, damage := range s.damages {
						light = damage(at.x, at.y, (width+height)/2, light)
					}
				}
			}
			px, py := float64(corner.X+x), float64(corner.Y+y)
			p.light[y*p.width+x] = light * s.exposure * (1 + s.slope*(px*cos+py*sin)/(frameHeight/2))
		}
	}
}

// row is what the camera sees in a row of so many pixels.
func (v view) row(x, y, pixels int) []seen {
	places := make([]seen, pixels)
	for i := range places {
		places[i].x, places[i].y, places[i].ok = v.place(float64(x+i), float64(y))
	}
	return places
}

// compressed is what a JPEG leaves of a picture.
func compressed(picture *image.Gray, quality int) (*image.Gray, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	decoded, err := jpeg.Decode(&b)
	if err != nil {
		return nil, err
	}
	return decoded.(*image.Gray), nil // of a picture without colours the decoder makes nothing else
}
