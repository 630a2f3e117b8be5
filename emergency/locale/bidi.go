package locale

import (
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// Isolates of the Unicode bidirectional algorithm (UAX #9 section 2.2): what stands between them does not move its neighbours.
const (
	firstStrongIsolate    = "\u2068"
	popDirectionalIsolate = "\u2069"
)

// isolate wraps a value that contains letters or digits which run against the sentence, so that a Hebrew name in an English sentence, or a
// telephone number in an Arabic one, stays in one piece. A plain number is one piece by itself.
func isolate(direction, value string) string {
	if strings.Trim(value, "0123456789") == "" {
		return value
	}
	for _, r := range value {
		if against(direction, r) {
			return firstStrongIsolate + value + popDirectionalIsolate
		}
	}
	return value
}

func against(direction string, r rune) bool {
	property, _ := bidi.LookupRune(r)
	class := property.Class()
	if direction == "rtl" {
		return class == bidi.L || class == bidi.EN
	}
	return class == bidi.R || class == bidi.AL
}
