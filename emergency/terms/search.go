package terms

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxQuery bounds what a type-ahead field may send, in bytes.
const maxQuery = 200

// indexed is a term with the folded texts that it is found by.
type indexed struct {
	number int
	texts  []string // label in the language, English label, name in the code system
}

// index prepares one language for Search. It runs once a language, when that is first searched.
func (c *Catalogue) index(lang string) []indexed {
	index := make([]indexed, 0, c.Len())
	for _, t := range c.terms[1:] {
		entry := indexed{number: t.Number}
		for _, text := range []string{c.labels[lang][t.Key].text, c.labels["en"][t.Key].text, t.Display} {
			if folded := fold(text); folded != "" && !slices.Contains(entry.texts, folded) {
				entry.texts = append(entry.texts, folded)
			}
		}
		index = append(index, entry)
	}
	return index
}

// Search finds terms while a person types. A text matches when every word of the query begins a word of it, or when it contains the
// query as it stands (scripts without spaces; three letters and more elsewhere). Case and accents do not matter. Better matches come first: the
// whole text, its beginning, the beginning of words, its inside; then the label of the language before the English one; then the priority
// of the term. An empty category means all of them; at most limit terms are returned.
func (c *Catalogue) Search(lang, query string, category Category, limit int) []Term {
	if len(query) > maxQuery {
		return nil
	}
	query = fold(query)
	if query == "" || limit <= 0 {
		return nil
	}
	index, known := c.indexes[base(lang)]
	if !known {
		index = c.indexes["en"]
	}
	words := strings.Fields(query)
	type hit struct{ number, rank int }
	var hits []hit
	for _, entry := range index() {
		if category != "" && c.terms[entry.number].Category != category {
			continue
		}
		best := -1
		for place, text := range entry.texts {
			if quality := match(text, query, words); quality >= 0 && (best < 0 || quality*4+place < best) {
				best = quality*4 + place
			}
		}
		if best >= 0 {
			hits = append(hits, hit{entry.number, best})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(a.rank-b.rank, c.terms[a.number].Priority-c.terms[b.number].Priority, a.number-b.number)
	})
	found := make([]Term, 0, min(limit, len(hits)))
	for _, h := range hits[:min(limit, len(hits))] {
		found = append(found, c.terms[h.number])
	}
	return found
}

// match returns how well a folded text answers a folded query: 0 is best, -1 not at all.
func match(text, query string, words []string) int {
	switch {
	case text == query:
		return 0
	case strings.HasPrefix(text, query):
		return 1
	case beginsWords(text, words):
		return 2
	case (unspaced(query) || utf8.RuneCountInString(query) >= 3) && strings.Contains(text, query):
		return 3
	}
	return -1
}

func beginsWords(text string, words []string) bool {
	for _, word := range words {
		if !strings.HasPrefix(text, word) && !strings.Contains(text, " "+word) {
			return false
		}
	}
	return true
}

// unspaced reports whether the query is in a script that does not part words by spaces.
func unspaced(query string) bool {
	r, _ := utf8.DecodeRuneInString(query)
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// fold makes texts comparable: compatibility decomposition (full-width letters, ligatures, Hangul syllables into letters), lower case,
// no accents, no Arabic vowel signs, and one space for each run of anything that is not a letter, a mark or a digit.
func fold(text string) string {
	var folded strings.Builder
	folded.Grow(len(text))
	space := false
	for _, r := range norm.NFKD.String(text) {
		switch {
		case r >= 0x0300 && r <= 0x036f, r >= 0x064b && r <= 0x0652, r == 0x0670, r == 0x0640:
			continue
		case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
			if space && folded.Len() > 0 {
				folded.WriteByte(' ')
			}
			space = false
			folded.WriteRune(foldLetter(r))
		default:
			space = true
		}
	}
	return folded.String()
}

// foldLetter lowers a letter, and takes the letters for one that people type for one another.
func foldLetter(r rune) rune {
	switch r = unicode.ToLower(r); r {
	case 'ı':
		return 'i'
	case 'ø':
		return 'o'
	case 'ł':
		return 'l'
	case 'ё':
		return 'е'
	case 'أ', 'إ', 'آ':
		return 'ا'
	case 'ى':
		return 'ي'
	case 'ة':
		return 'ه'
	}
	return r
}
