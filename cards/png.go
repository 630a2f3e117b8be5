package cards

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
)

const (
	// dotsPerMetre is 300 dpi, the resolution of card printers.
	dotsPerMetre = 11811
	// maxModulePixels bounds the picture: version 40 with the quiet zone has then 185 * 32 = 5,920 pixels a side.
	maxModulePixels = 32
)

// PNG draws the code, black on white, with its quiet zone, in whole pixels a module (1 to 32) and one bit a pixel. Printed
// at its own size, at 300 dots an inch, each pixel is a printer's dot: six make a module of 0.508 mm.
func (m Matrix) PNG(pixels int) ([]byte, error) {
	if pixels < 1 || pixels > maxModulePixels {
		return nil, fmt.Errorf("draw a QR code: %d pixels a module are not 1 to %d", pixels, maxModulePixels)
	}
	side := (m.Modules + 2*QuietZone) * pixels
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if m.At(x/pixels-QuietZone, y/pixels-QuietZone) {
				picture.Pix[y*picture.Stride+x] = 1
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	return withResolution(b.Bytes()), nil
}

// withResolution puts the chunk pHYs (PNG, third edition, section 11.3.4.3) behind the header, which the standard library
// does not write: without it every program guesses the size in print.
func withResolution(picture []byte) []byte {
	const header = 8 + 4 + 4 + 13 + 4 // signature; length, type, content and checksum of IHDR
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, dotsPerMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, dotsPerMetre)
	chunk = append(chunk, 1) // the unit is the metre
	out := make([]byte, 0, len(picture)+len(chunk)+8)
	out = append(out, picture[:header]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-4))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, picture[header:]...)
}
