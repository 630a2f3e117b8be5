package carrier

import (
	"fmt"
	"strings"

	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/verify"
)

// Text says for a terminal what was checked, what it says and whether it may be believed. Control characters of a forged card come out as marks, so that
// no text can move the cursor or hide the heading.
func (w Words) Text(lang string, result verify.Result) string {
	lang = w.Catalog.Match("", lang).Code
	t := w.Catalog.Bind(lang)
	var out strings.Builder
	line := func(text string) { out.WriteString(printable(text) + "\n") }
	line(strings.ToUpper(t("card.status." + string(result.Status))))
	for _, more := range []string{result.Reason, result.Host, result.Label} {
		if more != "" {
			line(more)
		}
	}
	if result.Contact != nil {
		line("")
		line(result.Contact.Name)
		for _, note := range append(result.Contact.Phones, result.Contact.Notes...) {
			line("  " + note)
		}
	}
	if badge := result.Badge; badge != nil {
		line("")
		line(badge.Name)
		line(badge.Organization + " (" + badge.Kind + ")")
	}
	if front := result.Summary; front != nil {
		line("")
		line(joined(", ", front.Identity.Name, w.date(lang, front.Identity.Birth)))
		for _, each := range w.lines(lang, *front) {
			mark := " "
			if each.Critical {
				mark = "!"
			}
			line(fmt.Sprintf("%s %s: %s", mark, each.Label, each.Text))
		}
	}
	line("")
	if result.Issuer != "" {
		line(t("card.issuer", "issuer", result.Issuer))
	}
	if result.Issued != nil {
		line(t("card.issued", "date", w.date(lang, summary.DateOf(*result.Issued))))
	}
	if result.Expires != nil {
		line(t("card.expires", "date", w.date(lang, summary.DateOf(*result.Expires))))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
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
