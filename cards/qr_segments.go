package cards

import (
	"math"
	"slices"
	"strings"

	"rsc.io/qr/coding"
)

// qrMode is how the characters of a segment are packed (ISO/IEC 18004, section 7.4). Kanji mode is left out: few readers
// agree on its characters, and UTF-8 in octets says the same to all of them.
type qrMode uint8

const (
	modeDigits   qrMode = iota // 0-9, ten bits for three
	modeCapitals               // alphanumeric: 0-9 A-Z and nine signs, eleven bits for two
	modeOctets                 // anything, eight bits each
	modes
)

const capitalSigns = " $%*+-./:"

// has reports whether the mode can write c.
func (m qrMode) has(c byte) bool {
	digit := c >= '0' && c <= '9'
	switch m {
	case modeDigits:
		return digit
	case modeCapitals:
		return digit || c >= 'A' && c <= 'Z' || strings.IndexByte(capitalSigns, c) >= 0
	}
	return true
}

// segment is text in the mode.
func (m qrMode) segment(text string) coding.Encoding {
	switch m {
	case modeDigits:
		return coding.Num(text)
	case modeCapitals:
		return coding.Alpha(text)
	}
	return coding.String(text)
}

// partText splits text into the segments that take the fewest bits in a code of version v: dynamic programming over the
// modes, one character after the other. Costs are in sixths of a bit, of which a character takes a whole number in every
// mode; a segment ends on a whole bit.
func partText(text string, v coding.Version) []coding.Encoding {
	const bit, never = 6, math.MaxInt / 2
	each := [modes]int{modeDigits: bit * 10 / 3, modeCapitals: bit * 11 / 2, modeOctets: bit * 8}
	// cost[m] is the least cost of the text so far with a segment of mode m open for the next character.
	var head, cost [modes]int
	for m := range modes {
		head[m] = bit * m.segment("").Bits(v)
	}
	cost = head
	// last[i][m] is the mode of character i on the way to cost[m] after it.
	last := make([][modes]qrMode, len(text))
	for i := range len(text) {
		for m := range modes {
			last[i][m] = m
			if m.has(text[i]) {
				cost[m] += each[m]
			} else {
				cost[m] = never
			}
		}
		closed := cost
		for from := range modes {
			whole := (closed[from] + bit - 1) / bit * bit
			for to := range modes {
				if opened := whole + head[to]; opened < cost[to] {
					cost[to], last[i][to] = opened, from
				}
			}
		}
	}
	m := modeOctets
	for other := range modes {
		if cost[other] < cost[m] {
			m = other
		}
	}
	var segments []coding.Encoding
	for i, end := len(text)-1, len(text); i >= 0; i-- {
		m = last[i][m] // the mode of character i
		if i == 0 || last[i-1][m] != m {
			segments = append(segments, m.segment(text[i:end]))
			end = i
		}
	}
	slices.Reverse(segments)
	return segments
}
