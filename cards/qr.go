package cards

import (
	"fmt"

	"github.com/skip2/go-qrcode"
)

// Level is how much of a QR code may be lost before it cannot be read (ISO/IEC 18004, section 6.5.1).
type Level int

// The levels. Measured on damaged wallet cards, L dies of glare and scratches and H pays for its strength with smaller
// modules: take M, or Q where it keeps the size of the modules.
const (
	LevelL Level = iota // 7 %
	LevelM              // 15 %
	LevelQ              // 25 %
	LevelH              // 30 %
)

// String is the letter of the level.
func (l Level) String() string {
	if l < LevelL || l > LevelH {
		return "unknown"
	}
	return "LMQH"[l : l+1]
}

// QuietZone is the empty margin on each side of a QR code, in modules (ISO/IEC 18004, section 6.3.8). Without it, on a dark
// surface, no decoder finds the code.
const QuietZone = 4

// maxQRText is what the greatest QR code holds: version 40 at level L, all digits. Anything longer is refused before the
// encoder begins to count.
const maxQRText = 7089

// Matrix is a QR code as modules, without its quiet zone.
type Matrix struct {
	// Version is 1 to 40; it decides Modules.
	Version int
	Level   Level
	// Modules is the length of a side: 17 + 4 * Version.
	Modules int

	dark []bool // row by row
}

// At reports whether the module in column x of row y is dark. Outside it is light: that is the quiet zone.
func (m Matrix) At(x, y int) bool {
	return x >= 0 && y >= 0 && x < m.Modules && y < m.Modules && m.dark[y*m.Modules+x]
}

// EncodeQR makes the smallest QR code for text at the level. Runs of digits take ten bits for three, which is why addresses
// on QR codes end in digits. It takes milliseconds and megabytes: make it once for a card. It returns ErrNoFit when text is
// too long for any code at that level.
func EncodeQR(text string, level Level) (m Matrix, err error) {
	levels := map[Level]qrcode.RecoveryLevel{
		LevelL: qrcode.Low, LevelM: qrcode.Medium, LevelQ: qrcode.High, LevelH: qrcode.Highest,
	}
	recovery, ok := levels[level]
	switch {
	case !ok:
		return Matrix{}, fmt.Errorf("encode a QR code: there is no level %d", int(level))
	case text == "":
		return Matrix{}, fmt.Errorf("encode a QR code: there is no text")
	case len(text) > maxQRText:
		return Matrix{}, ErrNoFit
	}
	// The encoder panics where it finds itself inconsistent. That must cost one card, not the service.
	defer func() {
		if recover() != nil {
			m, err = Matrix{}, fmt.Errorf("encode a QR code: the encoder failed")
		}
	}()
	code, err := qrcode.New(text, recovery)
	if err != nil {
		return Matrix{}, ErrNoFit
	}
	code.DisableBorder = true
	rows := code.Bitmap()
	m = Matrix{Version: code.VersionNumber, Level: level, Modules: len(rows), dark: make([]bool, 0, len(rows)*len(rows))}
	for _, row := range rows {
		m.dark = append(m.dark, row...)
	}
	return m, nil
}
