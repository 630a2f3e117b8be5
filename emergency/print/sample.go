package print

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
)

// Size of a sheet of samples, in pixels and in pictures.
const (
	sampleSide = 150
	sampleGap  = 4
	sampleRow  = 7
	sampleGrey = 16
)

// WriteSamples writes a PNG with the code of a carrier in each condition that makes the score, in their order, seven in a row: the first pictures that Run
// takes with this seed, cut to the code and made as small as one another. It has few greys, so that it stays small.
func WriteSamples(w io.Writer, carrier Carrier, seed uint64) error {
	if err := carrier.check(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	var pictures []*image.Gray
	prints := prints{carrier: carrier}
	for _, condition := range Conditions() {
		if !condition.Scored {
			continue
		}
		picture, err := photograph(prints.of(condition), condition, seed, 0)
		if err != nil {
			return err
		}
		side := int(carrier.codeSide() * focal / condition.distance)
		pictures = append(pictures, scaled(picture, image.Rect(-side/2, -side/2, side/2, side/2), sampleSide))
	}
	rows := (len(pictures) + sampleRow - 1) / sampleRow
	sheet := image.NewPaletted(image.Rect(0, 0, sampleRow*(sampleSide+sampleGap)-sampleGap, rows*(sampleSide+sampleGap)-sampleGap), greys())
	draw.Draw(sheet, sheet.Bounds(), image.White, image.Point{}, draw.Src)
	for i, picture := range pictures {
		to := image.Rect(0, 0, sampleSide, sampleSide).Add(image.Pt(i%sampleRow, i/sampleRow).Mul(sampleSide + sampleGap))
		draw.Draw(sheet, to, picture, image.Point{}, draw.Src)
	}
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, sheet)
}

// greys are evenly spaced from black to white.
func greys() color.Palette {
	var palette color.Palette
	for i := range sampleGrey {
		palette = append(palette, color.Gray{Y: uint8(i * 255 / (sampleGrey - 1))})
	}
	return palette
}

// scaled is a part of a picture, made side pixels wide. A pixel is the mean of those that it stands for.
func scaled(picture *image.Gray, part image.Rectangle, side int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, side, side))
	edge := func(i, from, length int) (int, int) {
		first := from + i*length/side
		return first, max(from+(i+1)*length/side, first+1)
	}
	for row := range side {
		top, bottom := edge(row, part.Min.Y, part.Dy())
		for column := range side {
			left, right := edge(column, part.Min.X, part.Dx())
			total := 0
			for y := top; y < bottom; y++ {
				for x := left; x < right; x++ {
					total += int(picture.GrayAt(x, y).Y)
				}
			}
			out.Pix[row*out.Stride+column] = uint8(total / ((bottom - top) * (right - left)))
		}
	}
	return out
}
