//go:build ignore

// Draws the icons of the installed reader: a card with the three corners of a QR code and a keyhole. Run it in this folder:
//
//	go run draw.go
package main

import (
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
)

var (
	ground = color.RGBA{0x0b, 0x4f, 0x8f, 0xff}
	paper  = color.RGBA{0xff, 0xff, 0xff, 0xff}
)

// samples is how many points a pixel is made of in each direction, for smooth edges.
const samples = 4

func main() {
	for name, size := range map[string]int{"icon-192.png": 192, "icon-512.png": 512} {
		write(name, draw(size, 0.86))
	}
	// Launchers cut a maskable icon to a shape of their own: what matters stays within the middle four fifths.
	write("maskable-512.png", draw(512, 0.62))
}

func write(name string, picture image.Image) {
	file, err := os.Create(name)
	if err != nil {
		log.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(file, picture); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}

// draw paints the icon, its sign as wide as a part of it.
func draw(size int, part float64) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			white := 0
			for i := range samples * samples {
				at := func(pixel, sub int) float64 {
					return ((float64(pixel)+(float64(sub)+0.5)/samples)/float64(size) - 0.5) / part
				}
				if sign(at(x, i%samples), at(y, i/samples)) {
					white++
				}
			}
			picture.Set(x, y, mix(white))
		}
	}
	return picture
}

func mix(white int) color.Color {
	const all = samples * samples
	blend := func(a, b uint8) uint8 { return uint8((int(a)*(all-white) + int(b)*white) / all) }
	return color.RGBA{blend(ground.R, paper.R), blend(ground.G, paper.G), blend(ground.B, paper.B), 0xff}
}

// sign reports whether a point is white; the sign lies within -0.5 and 0.5.
func sign(x, y float64) bool {
	if !box(x, y, 0.5, 0.07) {
		return false
	}
	for _, corner := range [][2]float64{{-0.26, -0.26}, {0.26, -0.26}, {-0.26, 0.26}} {
		dx, dy := x-corner[0], y-corner[1]
		if box(dx, dy, 0.16, 0.02) {
			return box(dx, dy, 0.115, 0.01) && !box(dx, dy, 0.06, 0.01)
		}
	}
	dx, dy := x-0.26, y-0.26
	keyhole := dx*dx+(dy+0.06)*(dy+0.06) < 0.085*0.085 || dy > -0.06 && dy < 0.15 && dx*dx < (0.03+0.2*(dy+0.06))*(0.03+0.2*(dy+0.06))/2
	return !keyhole
}

// box reports whether a point lies in a square of half that width around the origin, its corners rounded.
func box(x, y, half, radius float64) bool {
	inner := half - radius
	dx, dy := max(abs(x)-inner, 0), max(abs(y)-inner, 0)
	return dx*dx+dy*dy <= radius*radius
}

func abs(v float64) float64 { return max(v, -v) }
