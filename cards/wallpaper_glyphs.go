package cards

import "strings"

// The glyphs of wallpapers: five dots wide, seven high, drawn for this package. There are capitals, digits and what stands
// in host names and short codes, nothing else: whatever needs shaping, accents or another script does not belong in a picture.
const (
	glyphWidth, glyphHeight = 5, 7
	glyphsInRow             = 10
	glyphOrder              = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-/:"

	glyphSheet = `
.###. ####. .###. ####. ##### ##### .###. #...# .###. ..###
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. ...#.
#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#.
##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#.
#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#.
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. #..#.
#...# ####. .###. ####. ##### #.... .###. #...# .###. .##..

#...# #.... #...# #...# .###. ####. .###. ####. .#### #####
#..#. #.... ##.## ##..# #...# #...# #...# #...# #.... ..#..
#.#.. #.... #.#.# ##..# #...# #...# #...# #...# #.... ..#..
##... #.... #.#.# #.#.# #...# ####. #...# ####. .###. ..#..
#.#.. #.... #...# #..## #...# #.... #.#.# #.#.. ....# ..#..
#..#. #.... #...# #..## #...# #.... #..#. #..#. ....# ..#..
#...# ##### #...# #...# .###. #.... .##.# #...# ####. ..#..

#...# #...# #...# #...# #...# ##### .###. ..#.. .###. #####
#...# #...# #...# #...# #...# ....# #...# .##.. #...# ....#
#...# #...# #...# .#.#. .#.#. ...#. #..## ..#.. ....# ...#.
#...# #...# #.#.# ..#.. ..#.. ..#.. #.#.# ..#.. ...#. ..##.
#...# .#.#. #.#.# .#.#. ..#.. .#... ##..# ..#.. ..#.. ....#
#...# .#.#. ##.## #...# ..#.. #.... #...# ..#.. .#... #...#
.###. ..#.. #...# #...# ..#.. ##### .###. .###. ##### .###.

...#. ##### .###. ##### .###. .###. ..... ..... ....# .....
..##. #.... #.... ....# #...# #...# ..... ..... ....# .....
.#.#. ####. #.... ....# #...# #...# ..... ..... ...#. ..#..
#..#. ....# ####. ...#. .###. .#### ..... ##### ..#.. .....
##### ....# #...# ..#.. #...# ....# ..... ..... .#... .....
...#. #...# #...# ..#.. #...# ....# ..... ..... #.... ..#..
...#. .###. .###. ..#.. .###. .###. ..#.. ..... #.... .....
`
)

// glyph are the rows of a character, # for a dot of ink; ok is false for a character that is not there.
func glyph(c rune) (rows [glyphHeight]string, ok bool) {
	place := strings.IndexRune(glyphOrder, c)
	if place < 0 {
		return rows, false
	}
	const width = glyphsInRow * (glyphWidth + 1) // a line of the sheet: between glyphs a space, after the last its end
	const height = glyphHeight*width + 1         // a row of glyphs, with the empty line after it
	start := 1 + place/glyphsInRow*height + place%glyphsInRow*(glyphWidth+1)
	for y := range rows {
		rows[y] = glyphSheet[start+y*width:][:glyphWidth]
	}
	return rows, true
}
