package locale

import "strings"

// accents gives letters a mark that is missing from every real text of ours, but leaves them readable.
var accents = strings.NewReplacer(
	"a", "á", "b", "ƀ", "c", "ç", "d", "ð", "e", "é", "f", "ƒ", "g", "ĝ", "h", "ĥ", "i", "î", "k", "ķ", "l", "ļ", "n", "ñ", "o", "ö", "r", "ŕ",
	"s", "š", "t", "ţ", "u", "û", "w", "ŵ", "y", "ý", "z", "ž", "A", "Á", "B", "Ɓ", "C", "Ç", "D", "Ð", "E", "É", "G", "Ĝ", "H", "Ĥ", "I", "Î",
	"L", "Ļ", "N", "Ñ", "O", "Ö", "R", "Ŕ", "S", "Š", "T", "Ţ", "U", "Û", "W", "Ŵ", "Y", "Ý")

func pseudo(words map[string]message, change func(string) string) map[string]message {
	changed := make(map[string]message, len(words))
	for key, english := range words {
		changed[key] = english.changed(change)
	}
	return changed
}

// lengthen brackets a text and makes it about 40 % longer, as German is. A bracket that is missing on a page was cut off; a word without
// accents was never in the catalogue.
func lengthen(text string) string {
	var out strings.Builder
	out.WriteByte('[')
	for rest := text; rest != ""; {
		words, placeholder := rest, ""
		if open := strings.IndexByte(rest, '{'); open >= 0 {
			end := open + strings.IndexByte(rest[open:], '}') + 1
			words, placeholder = rest[:open], rest[open:end]
		}
		out.WriteString(accents.Replace(words) + placeholder)
		rest = rest[len(words)+len(placeholder):]
	}
	out.WriteString(strings.Repeat("·", len(text)*2/5) + "]")
	return out.String()
}

// mirror makes English run from right to left (RIGHT-TO-LEFT OVERRIDE and its end), so that somebody who reads no Arabic sees a mirrored page.
func mirror(text string) string { return "\u202e" + text + "\u202c" }
