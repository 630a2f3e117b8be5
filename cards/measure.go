package cards

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are set by the browser, which alone has the fonts. What is here foretells how much room they take, always a little too
// much, so that nothing is ever cut off in print and the holder can be told beforehand what is left out.

const (
	point   = 25.4 / 72 // in millimetres
	regular = 1.0
	bold    = 1.07 // how much wider bold letters are
)

// shorten ends text that would take more than most rows in an ellipsis, so that everybody sees that it goes on. The text is
// bold.
func shorten(text string, width, size float64, most int) string {
	if rows(width, size, span{text: text, weight: bold}) <= most {
		return text
	}
	runes := []rune(text)
	fit := sort.Search(len(runes), func(n int) bool {
		return rows(width, size, span{string(runes[:n+1]) + "…", bold, ""}) > most
	})
	return strings.TrimSpace(string(runes[:fit])) + "…"
}

// height is what spans take one after the other in a column of width millimetres at size points, in millimetres. lang is the
// language of the column.
func height(width, size float64, lang string, spans ...span) float64 {
	lead := leading(lang)
	for _, span := range spans {
		lead = max(lead, leading(span.lang))
	}
	return float64(rows(width, size, spans...)) * size * point * lead
}

// tallScripts are the languages whose letters need more room between the rows, for the marks above and below them. page.css
// has the same ones.
var tallScripts = [...]string{"ar", "bn", "fa", "hi", "mr", "ne", "ps", "th", "ur"}

// leading is the height of a row as a multiple of the size of its letters.
func leading(lang string) float64 {
	primary, _, _ := strings.Cut(lang, "-")
	if slices.Contains(tallScripts[:], strings.ToLower(primary)) {
		return 1.5
	}
	return 1.2
}

// span is text in one weight. An empty language is that of the column.
type span struct {
	text   string
	weight float64
	lang   string
}

// column is where lines stand one under the other.
type column struct {
	lang           string
	width, indent  float64 // millimetres; the indent is that of critical lines
	line, critical float64 // sizes in points
	weight         float64 // of the words that are not bold in any case
	gap            float64 // millimetres under each line
}

// fit is how many lines there is room for, in millimetres of height. Lines are printed whole or not at all.
func (c column) fit(lines []Line, room float64) int {
	for i, line := range lines {
		if line.Critical {
			room -= height(c.width-c.indent, c.critical, c.lang, line.spans(bold)...)
		} else {
			room -= height(c.width, c.line, c.lang, line.spans(c.weight)...)
		}
		if room -= c.gap; room < 0 {
			return i
		}
	}
	return len(lines)
}

// rows counts the rows that spans take one after the other in a column of width millimetres at size points, on the safe side.
func rows(width, size float64, spans ...span) int {
	n, used := 0, width // the first word begins the first row
	for _, span := range spans {
		em := size * point * span.weight
		for _, word := range words(span.text) {
			w := 0.0
			for _, r := range word {
				w += advance(r) * em
			}
			bare := w
			if strings.HasSuffix(word, " ") { // a space at the end of a row hangs over
				bare -= advance(' ') * em
			}
			if used+bare > width {
				n++
				used = 0
				for bare > width { // a word wider than the column is broken
					n++
					bare -= max(width-em, em)
					w -= max(width-em, em)
				}
			}
			used += w
		}
	}
	return n
}

// words parts text where a row may end: after spaces, and around every character of the scripts that have no spaces.
func words(text string) []string {
	var out []string
	start := 0
	for i, r := range text {
		if i > start && ideographic(r) {
			out = append(out, text[start:i])
			start = i
		}
		if unicode.IsSpace(r) && r != '\u00A0' || ideographic(r) {
			end := i + utf8.RuneLen(r)
			out = append(out, text[start:end])
			start = end
		}
	}
	if start < len(text) {
		out = append(out, text[start:])
	}
	return out
}

func ideographic(r rune) bool {
	return r >= 0x3000 && r <= 0x303F || r >= 0xFF00 && r <= 0xFFEF ||
		unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// advance is the width of a character in ems. For Latin letters it is that of Noto Sans, the widest of the faces that
// print.css names; for other scripts it need not be right, it must not be too small.
func advance(r rune) float64 {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.IsSpace(r), strings.ContainsRune("ijl'|.,:;", r):
		return 0.29
	case strings.ContainsRune("Ifrt!()[]-", r):
		return 0.41
	case strings.ContainsRune("cksvxyz", r):
		return 0.54
	case strings.ContainsRune("mwMW@%", r):
		return 0.95
	case r >= '0' && r <= '9':
		return 0.58
	case r < 0x250: // Latin with its accents
		if unicode.IsUpper(r) {
			return 0.77
		}
		return 0.62
	case unicode.In(r, unicode.Arabic, unicode.Hebrew):
		return 0.66
	case unicode.In(r, unicode.Cyrillic):
		switch {
		case strings.ContainsRune("жмфшщыюЖМФШЩЫЮДд", r):
			return 0.95
		case unicode.IsUpper(r):
			return 0.8
		}
		return 0.67
	case unicode.In(r, unicode.Greek, unicode.Thai, unicode.Devanagari, unicode.Bengali):
		return 0.8
	}
	return 1.05
}
