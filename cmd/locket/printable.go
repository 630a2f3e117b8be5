package main

import (
	"strings"
	"unicode"
)

// printable replaces by a mark what a terminal would obey instead of showing it: the names of files and the words of documents are other people's.
// Lines stay lines.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r >= '\u202a' && r <= '\u202e' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// oneLine is printable for what must not look like a line of ours.
func oneLine(text string) string {
	return strings.ReplaceAll(printable(text), "\n", string(unicode.ReplacementChar))
}
