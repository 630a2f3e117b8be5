package cards

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// Wallpaper is the carrier on a locked telephone: a picture for its lock screen, which a finder sees and scans without
// unlocking it. The code stands where neither the clock nor the buttons are.
//
// A locked screen is seen by everybody at the next table, so nothing personal is drawn: no name, no allergy. Nor could it be
// drawn well: the words of a person come in every script, and Arabic or Hindi in a picture need a shaper and fonts that a
// small program does not carry. What there is besides the code comes in capitals of our own.
type Wallpaper struct {
	// Code is the QR code of the card's address.
	Code Matrix
	// Short and Host are for a screen that is broken: what to type, and where.
	Short ShortCode
	Host  string
	// Words say what it is ("ICE - EMERGENCY CARD"), in letters A to Z, digits and the signs . - / : alone. Empty leaves them
	// out.
	Words string
}

// Screen is the size of a lock screen, in pixels.
type Screen struct{ Width, Height int }

// String is WIDTHxHEIGHT, as in the name of a file.
func (s Screen) String() string { return fmt.Sprintf("%dx%d", s.Width, s.Height) }

// Screens lists common lock screens, upright. A telephone with another one takes the picture of the next larger one, scaled.
func Screens() []Screen {
	return []Screen{
		{750, 1334},  // iPhone SE
		{1080, 2400}, // most Android telephones
		{1170, 2532}, // iPhone 12 to 14
		{1179, 2556}, // iPhone 15 and 16
		{1290, 2796}, // the same, large
		{1440, 3120}, // large Android telephones
		{1640, 2360}, // tablets
	}
}

// The colours of a wallpaper, as places in its palette: a dark and calm one for a bedside table, and white around the code.
const (
	wallpaperGround = iota
	wallpaperPaper
	wallpaperInk
	wallpaperLetters
)

// Shares of the screen.
const (
	wallpaperTop    = 3  // one part in three from the top is left to the clock
	wallpaperBottom = 6  // one part in six from the bottom is left to the buttons
	maxCodeWidth    = 84 // percent of the width, for the code with its quiet zone
	minCodeWidth    = 45 // percent of the width, for the same
	maxCodeHeight   = 78 // percent of what is left between top and bottom; the rest is for the letters
	maxTextWidth    = 90 // percent of the width
)

// PNG draws the picture. It returns ErrNoFit when the code or a text is too large for the screen, and another error for a
// text with characters that are not drawn or a screen that is none.
func (w Wallpaper) PNG(screen Screen) ([]byte, error) {
	picture, err := w.draw(screen)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("draw a wallpaper: %w", err)
	}
	return b.Bytes(), nil
}

func (w Wallpaper) draw(screen Screen) (*image.Paletted, error) {
	if screen.Width < 1 || screen.Height < 1 || screen.Width > maxPictureSide || screen.Height > maxPictureSide {
		return nil, fmt.Errorf("draw a wallpaper: no screen has %s pixels", screen)
	}
	top, bottom := screen.Height/wallpaperTop+1, screen.Height-screen.Height/wallpaperBottom-1
	side := w.Code.Modules + 2*QuietZone
	pixels := min(screen.Width*maxCodeWidth/100, (bottom-top)*maxCodeHeight/100) / side
	if pixels < 1 || side*pixels*100 < minCodeWidth*screen.Width {
		return nil, fmt.Errorf("%w (version %d on a screen of %s pixels)", ErrNoFit, w.Code.Version, screen)
	}
	lines, err := w.lines(screen.Width*maxTextWidth/100, bottom-top-side*pixels)
	if err != nil {
		return nil, err
	}
	height := side * pixels
	for _, line := range lines {
		height += line.height()
	}

	picture := image.NewPaletted(image.Rect(0, 0, screen.Width, screen.Height), color.Palette{
		wallpaperGround:  color.RGBA{0x10, 0x20, 0x2B, 0xFF},
		wallpaperPaper:   color.White,
		wallpaperInk:     color.Black,
		wallpaperLetters: color.RGBA{0xE8, 0xEE, 0xF2, 0xFF},
	})
	y := top + (bottom-top-height)/2
	w.Code.paint(picture, (screen.Width-side*pixels)/2, y, pixels)
	y += side * pixels
	for _, line := range lines {
		line.paint(picture, y)
		y += line.height()
	}
	return picture, nil
}

// paint draws the code with its quiet zone, in whole pixels a module.
func (m Matrix) paint(picture *image.Paletted, left, top, pixels int) {
	square := func(x, y, modules int) image.Rectangle {
		return image.Rect(0, 0, modules*pixels, modules*pixels).Add(image.Pt(left+x*pixels, top+y*pixels))
	}
	fill(picture, square(0, 0, m.Modules+2*QuietZone), wallpaperPaper)
	for y := range m.Modules {
		for x := range m.Modules {
			if m.At(x, y) {
				fill(picture, square(x+QuietZone, y+QuietZone, 1), wallpaperInk)
			}
		}
	}
}

func fill(picture *image.Paletted, area image.Rectangle, colour uint8) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := picture.Pix[picture.PixOffset(area.Min.X, y):][:area.Dx()]
		for x := range row {
			row[x] = colour
		}
	}
}

// wallpaperLine is a line of letters, in pixels a dot of its glyphs.
type wallpaperLine struct {
	text string
	dot  int
}

// lines sets words, short code and host below one another in the room, in pixels: the code as large as it can be, for it has
// to be read out, the others at two thirds of that at most.
func (w Wallpaper) lines(width, height int) ([]wallpaperLine, error) {
	var lines []wallpaperLine
	for _, text := range []string{w.Words, w.Short.String(), w.Host} {
		if text = strings.ToUpper(strings.TrimSpace(text)); text != "" {
			lines = append(lines, wallpaperLine{text: text})
		}
		for _, c := range text {
			if _, ok := glyph(c); !ok && c != ' ' {
				return nil, fmt.Errorf("draw a wallpaper: there is no letter for %q", c)
			}
		}
	}
	for dot := height; dot >= minDot; dot-- {
		room := height
		for i := range lines {
			lines[i].dot = dot
			if lines[i].text != w.Short.String() {
				lines[i].dot = max(minDot, min(dot*2/3, width/lines[i].dots()))
			}
			room -= lines[i].height()
			if lines[i].dots()*lines[i].dot > width {
				room = -1
			}
		}
		if room >= 0 {
			return lines, nil
		}
	}
	return nil, fmt.Errorf("%w (letters on a wallpaper)", ErrNoFit)
}

// minDot is the least size of a dot of a letter, in pixels: letters of 14 pixels are a millimetre high.
const minDot = 2

// dots is how wide the line is, in dots.
func (l wallpaperLine) dots() int { return len(l.text)*(glyphWidth+1) - 1 }

// height is that of the line with the space above it, in pixels.
func (l wallpaperLine) height() int { return (glyphHeight + wallpaperLeading) * l.dot }

// wallpaperLeading is the space above a line, in dots.
const wallpaperLeading = 5

// paint draws the line in the middle, its space above it first.
func (l wallpaperLine) paint(picture *image.Paletted, top int) {
	left := (picture.Rect.Dx() - l.dots()*l.dot) / 2
	top += wallpaperLeading * l.dot
	for i, c := range l.text {
		rows, _ := glyph(c)
		for y, row := range rows {
			for x, ink := range row {
				if ink == '#' {
					corner := image.Pt(left+(i*(glyphWidth+1)+x)*l.dot, top+y*l.dot)
					fill(picture, image.Rectangle{corner, corner.Add(image.Pt(l.dot, l.dot))}, wallpaperLetters)
				}
			}
		}
	}
}
