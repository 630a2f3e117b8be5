package cards

import (
	"slices"
	"strings"
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

// The measures of the printed card, in millimetres. print.css has the same ones.
const (
	cardWidth, cardHeight = 85.6, 54.0 // ID-1 (ISO/IEC 7810)
	maxCodeSide           = 50.0       // of the QR code with its quiet zone
	frontPadding          = 2.0
	frontGap              = 1.0
	backPadding           = 3.0
	backWidth             = cardWidth - 2*backPadding
	criticalIndent        = 2.0 // of the bar before critical lines
	lineGap               = 0.4
)

// cardType are the sizes in points of the words on a card, and their weight. print.css has the same ones.
type cardType struct {
	small, line, critical, name float64
	weight                      float64 // of the words that are not bold in any case
	rule                        float64 // millimetres that parting lines take
}

// typeOf is the type of a card. In high contrast everything is bold, a little larger, and parted by rules.
func typeOf(highContrast bool) cardType {
	if highContrast {
		return cardType{small: 7, line: 7.5, critical: 8, name: 10, weight: bold, rule: 0.6}
	}
	return cardType{small: 6.5, line: 7, critical: 7.5, name: 9.5, weight: regular}
}

// Split parts the lines into those that are printed on the back of a card, in print order, and those for which there is no
// room. It estimates on the safe side, so that nothing is ever cut off in print: tell the holder what is left.
func (f Face) Split() (printed, left []Line) { return PrintOptions{}.Split(f) }

// Fit is how many lines Split prints.
func Fit(f Face) int {
	printed, _ := f.Split()
	return len(printed)
}

// Split is that of the face when it is printed so: in high contrast there is room for fewer lines.
func (o PrintOptions) Split(f Face) (printed, left []Line) {
	size, lines := typeOf(o.HighContrast), f.ordered()
	room := f.backRoom(size)
	back := column{lang: f.Lang, width: backWidth, indent: criticalIndent, line: size.line, critical: size.critical, weight: size.weight, gap: lineGap + size.rule}
	n := back.fit(lines, room)
	if n < len(lines) && f.More != "" {
		n = back.fit(lines, room-lineGap-height(backWidth, size.line, f.Lang, span{text: f.More, weight: bold}))
	}
	return lines[:n], lines[n:]
}

// ordered are the lines in print order, the critical ones first.
func (f Face) ordered() []Line {
	lines := make([]Line, 0, len(f.Lines))
	for _, critical := range []bool{true, false} {
		for _, line := range f.Lines {
			if line.Critical == critical {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// backRoom is the height in millimetres that the lines have on the back, between heading and foot.
func (f Face) backRoom(size cardType) float64 {
	const rules = 2.0
	heading, foot := strings.Join(f.heading(size), separator), strings.Join(f.foot(), separator)
	return cardHeight - 2*backPadding - rules - height(backWidth, size.line, f.Lang, span{text: heading, weight: bold}) -
		height(backWidth, size.small, f.Lang, span{text: foot, weight: size.weight})
}

// heading is the first row of the back, so that it can be told whose it is by itself. A long name must not take the room
// of what matters more; it stands on the front.
func (f Face) heading(size cardType) []string {
	name := shorten(f.Name, backWidth, size.line, 1)
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

// spans are the words of a line: a bold label, and the text in a weight.
func (l Line) spans(weight float64) []span {
	text := span{text: l.Text, weight: weight, lang: l.Lang}
	if l.Label == "" {
		return []span{text}
	}
	return []span{{text: l.Label + ": ", weight: bold}, text}
}

// frontTextWidth is the width in millimetres of the words beside a QR code.
func frontTextWidth(codeSide float64) float64 {
	return cardWidth - 2*frontPadding - frontGap - codeSide
}

// maxNameRows bounds a name on the front, so that the short code always has room.
const maxNameRows = 5

// nameSize is the greatest size in points at which the name takes no more than two rows, or the smallest size.
func (f Face) nameSize(size cardType, codeSide float64) float64 {
	for _, points := range []float64{size.name, size.critical} {
		if rows(frontTextWidth(codeSide), points, span{text: f.Name, weight: bold}) <= 2 {
			return points
		}
	}
	return size.small
}
