package carrier

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// Face puts a front into the words that are printed on the card, in a language; "" is the language of the record, where we have it.
func (w Words) Face(lang string, issued emergency.Issued) cards.Face {
	if lang == "" {
		lang = issued.Front.Lang
	}
	chosen := w.Catalog.Match("", lang)
	lang = chosen.Code
	t := w.Catalog.Bind(lang)
	who := issued.Front.Identity
	_, host, _ := strings.Cut(issued.Address.Base, "://")
	face := cards.Face{
		Lang: lang, Dir: chosen.Dir, Title: t("card.title"), Name: who.Name, Lines: w.lines(lang, issued.Front), More: t("card.more"),
		Scan: w.scan(lang, who.Languages), Code: issued.ShortCode, CodeWords: t("card.damaged"), Host: host + "/code",
		Issuer:    t("card.issuer", "issuer", host),
		CodeTitle: t("card.code_title"), Demo: w.Demo,
	}
	if who.Birth != "" {
		face.Born = t("card.born", "date", w.date(lang, who.Birth))
	}
	face.Expires = t("card.expires", "date", w.date(lang, summary.DateOf(issued.ExpiresAt)))
	return face
}

// lines are one line a section, and one more for what of it is urgent. Contacts are always urgent: somebody has to be called.
func (w Words) lines(lang string, front summary.Front) []cards.Line {
	var lines []cards.Line
	if who := front.Identity; who.AnswersTo != "" || len(who.Languages) > 0 {
		text := w.chain(lang, "card.parts", w.isolate(lang, who.AnswersTo), w.languages(lang, who.Languages))
		lines = append(lines, cards.Line{Label: w.Catalog.T(lang, "card.answers_to"), Text: text})
	}
	for _, s := range section.All() {
		var said [2][]string
		for _, item := range front.Items {
			if item.Section != s {
				continue
			}
			at := 0
			if w.urgent(item) || s == section.Contacts {
				at = 1
			}
			said[at] = append(said[at], w.item(lang, item))
		}
		for _, at := range []int{1, 0} {
			if len(said[at]) > 0 {
				label := w.Catalog.T(lang, "section."+s.String())
				lines = append(lines, cards.Line{Label: label, Text: w.chain(lang, "card.items", said[at]...), Critical: at == 1})
			}
		}
	}
	return lines
}

// languages names languages in the language of the face.
func (w Words) languages(lang string, tags []string) string {
	names := display.Languages(language.Make(lang))
	var said []string
	for _, tag := range tags {
		name := names.Name(language.Make(tag))
		if name == "" {
			name = tag
		}
		said = append(said, name)
	}
	return w.Catalog.List(lang, said)
}

// scan says what to do with the code: in the face's language, in English, in the holder's languages, and in the others that we have.
func (w Words) scan(lang string, holder []string) []cards.Phrase {
	order := append([]string{lang, "en"}, holder...)
	for _, known := range w.Catalog.Languages() {
		order = append(order, known.Code)
	}
	var phrases []cards.Phrase
	var done []string
	for _, code := range order {
		known := w.Catalog.Match("", code)
		if slices.Contains(done, known.Code) || code != known.Code && !strings.HasPrefix(code, known.Code+"-") {
			continue // said already, or a language that we have no words of
		}
		done = append(done, known.Code)
		phrases = append(phrases, cards.Phrase{Text: w.Catalog.T(known.Code, "card.scan"), Lang: known.Code, Dir: known.Dir})
	}
	return phrases
}
