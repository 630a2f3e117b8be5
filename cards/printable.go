package cards

import (
	"slices"
	"strings"
	"unicode"
)

// What explicit formatting characters do (Unicode Standard Annex 9, section 2).
const (
	firstEmbedding, lastEmbedding = '\u202A', '\u202E' // embeddings, overrides and what ends them
	firstIsolate, lastIsolate     = '\u2066', '\u2068' // what begins an isolate
	endOfIsolate                  = '\u2069'
)

// printable is text that stays in its place: it may look strange, as names do, but nothing in it turns around or hides what
// stands beside it. Control characters and line breaks become spaces, embeddings and overrides of the direction go, and
// isolates end where the text ends.
func printable(text string) string {
	if strings.IndexFunc(text, restless) < 0 {
		return text
	}
	var b strings.Builder
	open := 0
	for _, r := range text { // a byte that is not UTF-8 comes as U+FFFD
		switch {
		case r >= firstEmbedding && r <= lastEmbedding:
			continue
		case r >= firstIsolate && r <= lastIsolate:
			open++
		case r == endOfIsolate && open == 0:
			continue
		case r == endOfIsolate:
			open--
		case restless(r):
			r = ' '
		}
		b.WriteRune(r)
	}
	for range open {
		b.WriteRune(endOfIsolate)
	}
	return b.String()
}

// restless reports whether a character needs a look: controls, line breaks, formatting of the direction, broken UTF-8.
func restless(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= firstEmbedding && r <= lastEmbedding ||
		r >= firstIsolate && r <= endOfIsolate
}

// printable are the options with words that stay in their place.
func (o PrintOptions) printable() PrintOptions {
	o.Title, o.CutWords = printable(o.Title), printable(o.CutWords)
	return o
}

// printable is the face with words that stay in their place.
func (f Face) printable() Face {
	for _, text := range []*string{&f.Title, &f.Name, &f.Born, &f.More, &f.CodeWords, &f.Host, &f.Issuer, &f.Expires, &f.CodeTitle} {
		*text = printable(*text)
	}
	f.Lines, f.Scan = printableLines(f.Lines), slices.Clone(f.Scan)
	for i := range f.Scan {
		f.Scan[i].Text = printable(f.Scan[i].Text)
	}
	return f
}

// printableLines are lines with words that stay in their place.
func printableLines(lines []Line) []Line {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Label, lines[i].Text = printable(lines[i].Label), printable(lines[i].Text)
	}
	return lines
}
