package locale

import (
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// Isolates of the Unicode bidirectional algorithm (UAX #9 section 2.2): what stands between them does not move its neighbours.
const (
	firstStrongIsolate    = "\u2068"
	popDirectionalIsolate = "\u2069"
)

// isolate wraps a value that contains letters or digits which run against the sentence, so that a Hebrew name in an English sentence, or a
// telephone number in an Arabic one, stays in one piece.
func isolate(direction, value string) string {
	for _, r := range value {
		if against(direction, r) {
			return firstStrongIsolate + value + popDirectionalIsolate
		}
	}
	return value
}

func against(direction string, r rune) bool {
	if r < 0x590 && direction == "ltr" {
		return false
	}
	property, _ := bidi.LookupRune(r)
	switch class := property.Class(); direction {
	case "rtl":
		return class == bidi.L || class == bidi.EN && unicode.IsDigit(r)
	default:
		return class == bidi.R || class == bidi.AL
	}
}
