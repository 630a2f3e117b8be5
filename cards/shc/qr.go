package shc

import (
	"strings"

	"github.com/locket-health/locket/cards"
)

// QRPrefix begins the text of a QR code. A QR code has it in a byte segment and the digits behind it in a numeric segment; some
// readers find nothing in a code with a single segment.
const QRPrefix = "shc:/"

// MaxQRVersion is the largest QR code that the specification allows: 105 modules, to be printed 40 mm wide.
const MaxQRVersion = 22

// The characters of a JWS, from '-' to 'z', are written as two digits each: the character less '-'.
const (
	firstCharacter = '-'
	lastCharacter  = 'z'
)

// Numeric is the text of the QR code of a JWS: QRPrefix and two digits a character. It returns ErrMalformed for what is no
// compact JWS.
func Numeric(jws string) (string, error) {
	if len(jws) > maxJWS {
		return "", ErrTooLong
	}
	if !isJWS(jws) {
		return "", malformed("it is not a signed text in three parts")
	}
	text := make([]byte, 0, len(QRPrefix)+2*len(jws))
	text = append(text, QRPrefix...)
	for _, c := range []byte(jws) {
		n := c - firstCharacter
		text = append(text, '0'+n/10, '0'+n%10)
	}
	return string(text), nil
}

// ParseNumeric reads the text of a QR code and returns the JWS, which is not verified. Some telephones write the scheme in
// capitals. It returns ErrTooLong, ErrChunked or ErrMalformed.
func ParseNumeric(text string) (string, error) {
	if len(text) > len(QRPrefix)+2*maxJWS {
		return "", ErrTooLong
	}
	digits, ok := cutPrefixFold(text, QRPrefix)
	switch {
	case !ok:
		return "", malformed("it does not begin with " + QRPrefix)
	case strings.Contains(digits, "/"):
		return "", ErrChunked
	case len(digits)%2 != 0:
		return "", malformed("its digits are not pairs")
	}
	jws := make([]byte, 0, len(digits)/2)
	for i := 0; i < len(digits); i += 2 {
		tens, units := digits[i]-'0', digits[i+1]-'0'
		if tens > 9 || units > 9 || tens*10+units > lastCharacter-firstCharacter {
			return "", malformed("a pair of its digits is no character")
		}
		jws = append(jws, tens*10+units+firstCharacter)
	}
	if !isJWS(string(jws)) {
		return "", malformed("it is not a signed text in three parts")
	}
	return string(jws), nil
}

// FitsQR says which level of error correction to take for the QR code of a JWS, and the version that it will have: level M,
// or L when there is no room for M, or a stronger one that makes the code no larger. It returns a *FitError, which is a
// cards.ErrNoFit, when even level L has no room, and ErrMalformed for what is no JWS.
func FitsQR(jws string) (level cards.Level, version int, err error) {
	if !isJWS(jws) {
		return 0, 0, malformed("it is not a signed text in three parts")
	}
	for _, level = range []cards.Level{cards.LevelM, cards.LevelL} {
		if version = versionFor(len(jws), level); version != 0 {
			break
		}
	}
	if version == 0 {
		return 0, 0, &FitError{Length: len(jws), Limit: capacity(MaxQRVersion, cards.LevelL)}
	}
	for level < cards.LevelH && versionFor(len(jws), level+1) == version {
		level++
	}
	return level, version, nil
}

// versionFor is the smallest version that holds a JWS of length characters, or 0.
func versionFor(length int, level cards.Level) int {
	for version := 1; version <= MaxQRVersion; version++ {
		if length <= capacity(version, level) {
			return version
		}
	}
	return 0
}

// capacity is the length of the longest JWS in a QR code of the version and level, in characters.
func capacity(version int, level cards.Level) int {
	byteCount, digitCount := 8, 10 // bits of a segment's length (ISO/IEC 18004, table 3)
	if version >= 10 {
		byteCount, digitCount = 16, 12
	}
	const mode = 4 // bits that say what a segment holds
	bits := dataCodewords[version-1][level]*8 - (mode + byteCount + len(QRPrefix)*8) - (mode + digitCount)
	return max(0, bits*3/20) // three digits take ten bits, a character two digits
}

// dataCodewords is what a QR code holds besides its error correction, in bytes, by version and by level L, M, Q, H (ISO/IEC
// 18004, table 7).
var dataCodewords = [MaxQRVersion][4]int{
	{19, 16, 13, 9},
	{34, 28, 22, 16},
	{55, 44, 34, 26},
	{80, 64, 48, 36},
	{108, 86, 62, 46},
	{136, 108, 76, 60},
	{156, 124, 88, 66},
	{194, 154, 110, 86},
	{232, 182, 132, 100},
	{274, 216, 154, 122},
	{324, 254, 180, 140},
	{370, 290, 206, 158},
	{428, 334, 244, 180},
	{461, 365, 261, 197},
	{523, 415, 295, 223},
	{589, 453, 325, 253},
	{647, 507, 367, 283},
	{721, 563, 397, 313},
	{795, 627, 445, 341},
	{861, 669, 485, 385},
	{932, 714, 512, 406},
	{1006, 782, 568, 442},
}

// isJWS reports whether s has the form of a compact JWS: three parts of base64url, none of them empty.
func isJWS(s string) bool {
	parts := 0
	for part := range strings.SplitSeq(s, ".") {
		if parts++; parts > 3 || part == "" || !isBase64Alphabet(part) {
			return false
		}
	}
	return parts == 3
}

func cutPrefixFold(s, prefix string) (after string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}
