package summary

import (
	"slices"
	"strings"
	"unicode"
)

// Text that a person wrote may hold characters that say which way it runs (Unicode 15, UAX #9). Embeddings and isolates that are closed where they were
// opened stay: without them a dose stands the wrong way round in an Arabic line. What turns letters round, and what runs on into the text behind it,
// could make a page say what nobody wrote, and is taken out of what leaves this package for a card and of what comes from one.
const (
	embeddings    = "\u202a\u202b" // left to right, right to left
	pop           = '\u202c'       // ends an embedding
	overrides     = "\u202d\u202e"
	isolates      = "\u2066\u2067\u2068" // left to right, right to left, by the first letter
	popIsolate    = '\u2069'
	allDirections = embeddings + "\u202c" + overrides + isolates + "\u2069"
)

// settled returns a text without directions that reach beyond it or turn letters round.
func settled(text string) string {
	if isSettled(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(allDirections, r) {
			return -1
		}
		return r
	}, text)
}

// isSettled reports whether every direction in a text ends inside it, in the order of its opening, and none is an override.
func isSettled(text string) bool {
	if !hasDirections(text) {
		return true
	}
	var open []rune // the characters that end what is open
	for _, r := range text {
		switch {
		case strings.ContainsRune(overrides, r):
			return false
		case strings.ContainsRune(embeddings, r):
			open = append(open, pop)
		case strings.ContainsRune(isolates, r):
			open = append(open, popIsolate)
		case r == pop || r == popIsolate:
			if len(open) == 0 || open[len(open)-1] != r {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}

// hasDirections reports whether a text may hold a direction: all of them begin with this byte in UTF-8.
func hasDirections(text string) bool { return strings.IndexByte(text, '\xe2') >= 0 }

// settle takes such directions out of every text of a front.
func (f *Front) settle() {
	for _, text := range []*string{&f.Lang, &f.Identity.Name, &f.Identity.Country, &f.Identity.AnswersTo} {
		*text = settled(*text)
	}
	for i := range f.Identity.Languages {
		f.Identity.Languages[i] = settled(f.Identity.Languages[i])
	}
	for i := range f.Sources {
		f.Sources[i].Name = settled(f.Sources[i].Name)
	}
	for i := range f.Items {
		item := &f.Items[i]
		for _, text := range []*string{&item.Text, &item.Detail, &item.Note, &item.Status, &item.Name, &item.Phone, &item.Relation, &item.Source.Name} {
			*text = settled(*text)
		}
		for j := range item.Reactions {
			item.Reactions[j].Text = settled(item.Reactions[j].Text)
		}
	}
}

// Settle returns a record as it may be saved and stand on a page; whoever takes what people type calls it before Validate. No text of it has a direction
// that reaches beyond it or turns letters round, which is how telephone numbers come out of many address books, and names stand on one line. Codes are
// left as they were met.
func Settle(r Record) Record {
	r.Identity = settledIdentity(r.Identity)
	r.Items = slices.Clone(r.Items)
	for i := range r.Items {
		r.Items[i].settle()
	}
	return r
}

func settledIdentity(id Identity) Identity {
	for _, name := range []*string{&id.Name.Display, &id.Name.Family, &id.AnswersTo, &id.Country} {
		*name = onOneLine(*name)
	}
	id.Name.Given = slices.Clone(id.Name.Given)
	for i := range id.Name.Given {
		id.Name.Given[i] = onOneLine(id.Name.Given[i])
	}
	return id
}

// settle never writes into a list that another copy of the item has.
func (item *Item) settle() {
	for _, name := range []*string{&item.Name, &item.Phone, &item.Relation, &item.Source.Name} {
		*name = onOneLine(*name)
	}
	for _, text := range []*string{&item.Text, &item.Detail, &item.Note, &item.Status} {
		*text = settled(*text)
	}
	item.Reactions = slices.Clone(item.Reactions)
	for i := range item.Reactions {
		item.Reactions[i].Text = settled(item.Reactions[i].Text)
	}
}

// onOneLine settles a name and makes a space of each control character.
func onOneLine(name string) string {
	if isName(name) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, settled(name))
}

// isName reports whether a text can be the name of somebody: it stands on one line and does not turn what stands behind it round.
func isName(text string) bool {
	return isSettled(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
