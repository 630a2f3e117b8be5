package cards

import "strings"

// Terminal draws the code with its quiet zone in half blocks, two rows of modules a line. With color it sets black on white
// itself and is right on every terminal that has colours. Without, light modules are what the terminal writes with, which
// is right where that is lighter than the background; elsewhere the code is a negative, which most phones read as well.
func (m Matrix) Terminal(color bool) string {
	// Indexed by the upper module and the lower module, 1 for dark.
	blocks := [2][2]rune{{'█', '▀'}, {'▄', ' '}}
	begin, end := "", "\n"
	if color {
		blocks = [2][2]rune{{' ', '▄'}, {'▀', '█'}}
		begin, end = "\x1b[38;5;16;48;5;231m", "\x1b[0m\n"
	}
	var b strings.Builder
	for y := -QuietZone; y < m.Modules+QuietZone; y += 2 {
		b.WriteString(begin)
		for x := -QuietZone; x < m.Modules+QuietZone; x++ {
			upper, lower := 0, 0
			if m.At(x, y) {
				upper = 1
			}
			if m.At(x, y+1) {
				lower = 1
			}
			b.WriteRune(blocks[upper][lower])
		}
		b.WriteString(end)
	}
	return b.String()
}
