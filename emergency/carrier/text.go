package carrier

import (
	"fmt"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
)

// Text says for a terminal what a card says and whether it may be believed. Control characters of a forged card come out as marks, so that no
// text can move the cursor or hide the heading. issued and expires are nil, and front too, where the card could not be read.
func (w Words) Text(lang string, status cards.Status, reason, issuer string, issued, expires *time.Time, front *summary.Front) string {
	lang = w.Catalog.Match("", lang).Code
	t := w.Catalog.Bind(lang)
	var out strings.Builder
	line := func(text string) { out.WriteString(printable(text) + "\n") }
	line(strings.ToUpper(t("card.status." + string(status))))
	if reason != "" {
		line(reason)
	}
	if front == nil {
		return out.String()
	}
	line("")
	line(joined(", ", front.Identity.Name, w.date(lang, front.Identity.Birth)))
	for _, each := range w.lines(lang, *front) {
		mark := " "
		if each.Critical {
			mark = "!"
		}
		line(fmt.Sprintf("%s %s: %s", mark, each.Label, each.Text))
	}
	line("")
	line(t("card.issuer", "issuer", issuer))
	line(t("card.issued", "date", w.date(lang, summary.DateOf(*issued))))
	line(t("card.expires", "date", w.date(lang, summary.DateOf(*expires))))
	return out.String()
}

// printable replaces what a terminal would obey by a mark that it shows.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' {
			return '\uFFFD'
		}
		return r
	}, text)
}
