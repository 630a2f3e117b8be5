package cards

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // pictures from telephones
	_ "image/png"  // our own pictures
	"io"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Bounds of a picture to scan. They are checked on its header, before any pixel takes memory.
const (
	maxPicture       = 64 << 20 // bytes
	maxPictureSide   = 8192     // pixels
	maxPicturePixels = 40 << 20 // pixels
)

// ScanPNG reads the QR code in a picture, PNG or JPEG, and returns its text, which is not checked in any way. It returns
// ErrPicture when there is no such picture, ErrTooLong when it is too large, ErrNoCode when no code is found in it, or the
// error of r.
func ScanPNG(r io.Reader) (string, error) {
	file, err := io.ReadAll(io.LimitReader(r, maxPicture+1))
	if err != nil {
		return "", fmt.Errorf("read a picture: %w", err)
	}
	if len(file) > maxPicture {
		return "", ErrTooLong
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return "", ErrPicture
	}
	if config.Width > maxPictureSide || config.Height > maxPictureSide || config.Width*config.Height > maxPicturePixels {
		return "", fmt.Errorf("%w (%d x %d pixels; at most %d a side)", ErrTooLong, config.Width, config.Height, maxPictureSide)
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return "", ErrPicture
	}
	return scan(picture)
}

// scan tries in turn what helps most often: a photograph in uneven light, an even but faint one, a code drawn by a program; then the same in smaller
// sizes, for of one drawn code in twenty the decoder misses a corner, and mostly not there.
func scan(picture image.Image) (text string, err error) {
	// The decoder was translated from another language and trusts its arithmetic. The picture is a stranger's.
	defer func() {
		if recover() != nil {
			text, err = "", ErrNoCode
		}
	}()
	photograph := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	drawn := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true}
	for _, tenths := range []int{10, 8, 6, 5, 3} {
		source := gozxing.NewLuminanceSourceFromImage(smaller(picture, tenths))
		for _, attempt := range []struct {
			binarizer gozxing.Binarizer
			hints     map[gozxing.DecodeHintType]any
		}{
			{gozxing.NewHybridBinarizer(source), photograph},
			{gozxing.NewGlobalHistgramBinarizer(source), photograph},
			{gozxing.NewHybridBinarizer(source), drawn},
			{gozxing.NewGlobalHistgramBinarizer(source), drawn},
		} {
			bitmap, err := gozxing.NewBinaryBitmap(attempt.binarizer)
			if err != nil {
				continue
			}
			result, err := qrcode.NewQRCodeReader().Decode(bitmap, attempt.hints)
			if err == nil {
				return result.GetText(), nil
			}
		}
	}
	return "", ErrNoCode
}

// smaller is a picture at so many tenths of its size, in grey: each of its pixels is the one that it came from.
func smaller(picture image.Image, tenths int) image.Image {
	if tenths == 10 {
		return picture
	}
	from := picture.Bounds()
	small := image.NewGray(image.Rect(0, 0, max(from.Dx()*tenths/10, 1), max(from.Dy()*tenths/10, 1)))
	for y := range small.Rect.Dy() {
		for x := range small.Rect.Dx() {
			at := picture.At(from.Min.X+min((10*x+5)/tenths, from.Dx()-1), from.Min.Y+min((10*y+5)/tenths, from.Dy()-1))
			small.Pix[small.PixOffset(x, y)] = color.GrayModel.Convert(at).(color.Gray).Y
		}
	}
	return small
}
