package cards

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Face is what is printed in plain words beside and behind the QR code, for eyes alone: no network, no telephone. Every word
// comes from the caller; this package knows no language and no medicine.
type Face struct {
	// Lang (BCP 47) and Dir ("ltr" or "rtl") are those of the words below that have none of their own.
	Lang, Dir string
	// Title says what this is ("Emergency card").
	Title string
	// Name is whom the card is about, Born a line about their birth ("Born 4 May 1957").
	Name, Born string
	// Lines are the back of the card. Critical ones are printed first, each kind in the order given.
	Lines []Line
	// More stands under the lines when not all of them fit ("More: scan the code").
	More string
	// Scan tells a finder what to do with the code ("In an emergency, scan this"), in the languages of the places where
	// the holder goes, the most useful first. Beside a wallet card's code there is room for four or five; the style hides
	// what is too much, sentence by sentence, since all of them say the same.
	Scan []Phrase
	// Code is for a damaged QR code, CodeWords says so ("Damaged? Type this at"), Host is where.
	Code            ShortCode
	CodeWords, Host string
	// Issuer ("Issued by locket.example") and Expires ("Valid until 1 March 2029") stand at the foot of the back.
	Issuer, Expires string
	// CodeTitle names the QR code to a screen reader ("QR code of the emergency card").
	CodeTitle string
	// Demo marks both sides as not real.
	Demo bool
}

// Line is one thing to know about the person.
type Line struct {
	// Label is what kind of thing it is ("Allergies"), in the language of the face; it may be empty.
	Label string
	// Text is in the language Lang; empty means that of the face. Its direction is Dir, or that of its first strong letter.
	Text, Lang, Dir string
	// Critical lines stand first and in bold.
	Critical bool
}

// Phrase is a sentence in its own language.
type Phrase struct{ Text, Lang, Dir string }

// The measures of the printed card, in millimetres and points. print.css has the same ones.
const (
	cardWidth, cardHeight = 85.6, 54.0 // ID-1 (ISO/IEC 7810)
	maxCodeSide           = 50.0       // of the QR code with its quiet zone
	frontPadding          = 2.0
	frontGap              = 1.0
	backPadding           = 3.0
	criticalIndent        = 2.0 // of the bar before critical lines
	lineGap               = 0.4
	point                 = 25.4 / 72
	leading               = 1.2

	sizeSmall    = 6.5
	sizeLine     = 7.0
	sizeCritical = 7.5
	sizeName     = 9.5

	regular = 1.0
	bold    = 1.07 // how much wider bold letters are
)

// Split parts the lines into those that are printed on the back, in print order, and those for which there is no room. It
// estimates on the safe side, so that nothing is ever cut off in print: tell the holder what is left.
func (f Face) Split() (printed, left []Line) {
	lines := make([]Line, 0, len(f.Lines))
	for _, critical := range []bool{true, false} {
		for _, line := range f.Lines {
			if line.Critical == critical {
				lines = append(lines, line)
			}
		}
	}
	n := fitBack(lines, f.backRoom())
	if n < len(lines) && f.More != "" {
		n = fitBack(lines, f.backRoom()-lineGap-height(f.More, cardWidth-2*backPadding, sizeLine, bold))
	}
	return lines[:n], lines[n:]
}

// Fit is how many lines Split prints.
func Fit(f Face) int {
	printed, _ := f.Split()
	return len(printed)
}

// backRoom is the height in millimetres that the lines have on the back, between heading and foot.
func (f Face) backRoom() float64 {
	const width, rules = cardWidth - 2*backPadding, 2.0
	heading, foot := strings.Join(f.heading(), separator), strings.Join(f.foot(), separator)
	return cardHeight - 2*backPadding - rules - height(heading, width, sizeLine, bold) - height(foot, width, sizeSmall, regular)
}

// heading is the first row of the back, so that it can be told whose it is by itself. A long name must not take the room
// of what matters more; it stands on the front.
func (f Face) heading() []string {
	name := shorten(f.Name, cardWidth-2*backPadding, sizeLine, 1)
	if f.Demo {
		return present(name, f.Born, demoMark)
	}
	return present(name, f.Born)
}

// foot is the last row of the back.
func (f Face) foot() []string { return present(f.Issuer, f.Expires) }

func present(parts ...string) []string {
	return slices.DeleteFunc(parts, func(part string) bool { return part == "" })
}

const (
	separator = " · "
	// demoMark is the same in every language: it is meant for those who look for it.
	demoMark = "DEMO"
)

func fitBack(lines []Line, room float64) int {
	for i, line := range lines {
		room -= line.height() + lineGap
		if room < 0 {
			return i
		}
	}
	return len(lines)
}

// height is what the line takes on the back, in millimetres.
func (l Line) height() float64 {
	var label span
	if l.Label != "" {
		label = span{l.Label + ": ", bold}
	}
	if l.Critical {
		return float64(rows(cardWidth-2*backPadding-criticalIndent, sizeCritical, label, span{l.Text, bold})) * rowHeight(sizeCritical)
	}
	return float64(rows(cardWidth-2*backPadding, sizeLine, label, span{l.Text, regular})) * rowHeight(sizeLine)
}

// frontTextWidth is the width in millimetres of the words beside a QR code.
func frontTextWidth(codeSide float64) float64 {
	return cardWidth - 2*frontPadding - frontGap - codeSide
}

// maxNameRows bounds a name on the front, so that the short code always has room.
const maxNameRows = 5

// nameSize is the greatest size in points at which the name takes no more than two rows, or the smallest size.
func (f Face) nameSize(codeSide float64) float64 {
	for _, size := range []float64{sizeName, sizeCritical} {
		if rows(frontTextWidth(codeSide), size, span{f.Name, bold}) <= 2 {
			return size
		}
	}
	return sizeSmall
}

// shorten ends text that would take more than most rows in an ellipsis, so that everybody sees that it goes on. The text is
// bold.
func shorten(text string, width, size float64, most int) string {
	if rows(width, size, span{text, bold}) <= most {
		return text
	}
	runes := []rune(text)
	fit := sort.Search(len(runes), func(n int) bool {
		return rows(width, size, span{string(runes[:n+1]) + "…", bold}) > most
	})
	return strings.TrimSpace(string(runes[:fit])) + "…"
}

// height is what text takes, in millimetres, when it is set in a column of width millimetres.
func height(text string, width, size, weight float64) float64 {
	return float64(rows(width, size, span{text, weight})) * rowHeight(size)
}

func rowHeight(size float64) float64 { return size * point * leading }

// span is text in one weight.
type span struct {
	text   string
	weight float64
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
					bare -= width - em
					w -= width - em
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
	case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Thai, unicode.Devanagari, unicode.Bengali):
		return 0.8
	}
	return 1.05
}
