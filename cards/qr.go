package cards

import (
	"errors"
	"fmt"

	"rsc.io/qr/coding"
)

// Level is how much of a QR code may be lost before it cannot be read (ISO/IEC 18004, section 6.5.1).
type Level int

// The levels. Measured on damaged wallet cards, L dies of glare and scratches and H pays for its strength with smaller
// modules: see deploy/docs/print.md, and take what StrongestQR finds.
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

	dark bitmap
}

// At reports whether the module in column x of row y is dark. Outside it is light: that is the quiet zone.
func (m Matrix) At(x, y int) bool {
	return x >= 0 && y >= 0 && x < m.Modules && y < m.Modules && m.dark.at(x, y)
}

// EncodeQR makes the smallest QR code for text at the level. Runs of digits take ten bits for three, which is why addresses
// on QR codes end in digits; the text is parted into digits, capitals and octets so that no parting is shorter. Octets are
// UTF-8, as every telephone takes them. It returns ErrNoFit when text is too long for any code at that level.
//
// It takes a tenth of a millisecond, so that a shelter can issue cards by the thousand: package rsc.io/qr/coding lays out the
// code and computes the check words, this package parts the text and chooses the mask. All paths go this way, the terminal
// too; github.com/skip2/go-qrcode, which takes forty times as long, is what the tests hold sizes and modules against.
func EncodeQR(text string, level Level) (Matrix, error) {
	f, err := fitQR(text, level)
	if err != nil {
		return Matrix{}, err
	}
	return f.matrix(), nil
}

// StrongestQR makes a QR code for text at the highest level that needs no more than maxVersion, M at least. With maxVersion
// 0 the code is as large as at level M and no larger, so that the strength costs nothing: the modules stay as wide, and no
// room in the code is left empty. It returns ErrNoFit when level M needs a greater version.
func StrongestQR(text string, maxVersion int) (Matrix, error) {
	best, err := fitQR(text, LevelM)
	if err != nil {
		return Matrix{}, err
	}
	if maxVersion == 0 {
		maxVersion = int(best.version)
	}
	if int(best.version) > maxVersion {
		return Matrix{}, fmt.Errorf("%w (version %d of at most %d)", ErrNoFit, best.version, maxVersion)
	}
	for _, level := range []Level{LevelQ, LevelH} {
		if f, err := fitQR(text, level); err == nil && int(f.version) <= maxVersion {
			best = f
		}
	}
	return best.matrix(), nil
}

// fittedQR is text parted for the smallest code that holds it.
type fittedQR struct {
	version  coding.Version
	level    Level
	segments []coding.Encoding
}

// fitQR finds the smallest version for text at the level.
func fitQR(text string, level Level) (fittedQR, error) {
	switch {
	case level < LevelL || level > LevelH:
		return fittedQR{}, fmt.Errorf("encode a QR code: there is no level %d", int(level))
	case text == "":
		return fittedQR{}, errors.New("encode a QR code: there is no text")
	case len(text) > maxQRText:
		return fittedQR{}, ErrNoFit
	}
	// Within each of these ranges the lengths of segments are written alike (ISO/IEC 18004, table 3): one parting is enough.
	for _, versions := range [...][2]coding.Version{{1, 9}, {10, 26}, {27, 40}} {
		first, last := versions[0], versions[1]
		room := 8 * last.DataBytes(coding.Level(level))
		if len(text)*10/3 > room { // not even digits alone would fit
			continue
		}
		segments := partText(text, last)
		bits := 0
		for _, s := range segments {
			bits += s.Bits(last)
		}
		for v := first; v <= last; v++ {
			if bits <= 8*v.DataBytes(coding.Level(level)) {
				return fittedQR{v, level, segments}, nil
			}
		}
	}
	return fittedQR{}, ErrNoFit
}

// matrix draws the code with the mask that the standard prefers.
func (f fittedQR) matrix() Matrix {
	var words coding.Bits
	for _, s := range f.segments {
		s.Encode(&words, f.version)
	}
	words.AddCheckBytes(f.version, coding.Level(f.level))
	l := qrLayouts[f.version][f.level]()
	return Matrix{Version: int(f.version), Level: f.level, Modules: l.modules, dark: l.best(l.place(words.Bytes()))}
}
