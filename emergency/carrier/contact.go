package carrier

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// contactSide is how wide a no-signal code of the greatest version is printed with its quiet zone, in millimetres.
const contactSide = 46.0

// NoSignal makes the contact of a no-signal code from a card: the numbers to call, what is to be known, the most important first, each thing in a line of its
// own, and the short address, which opens the card where there is a network. What has no room is returned, in words, numbers too. A telephone shows it with
// no network, to anybody, and nothing logs that: it is a second code, and the patient's choice. It returns cards.ErrNoFit for a name that is too long.
func (w Words) NoSignal(lang string, issued emergency.Issued) (contact cards.VCard, left []string, err error) {
	if lang == "" {
		lang = issued.Front.Lang
	}
	lang = w.Catalog.Match("", lang).Code
	contact = cards.VCard{Name: issued.Front.Identity.Name, Address: issued.ShortAddress()}
	for _, item := range issued.Front.Items {
		if phone := phoneOf(item); item.Section == section.Contacts && !slices.Contains(contact.Phones, phone) {
			contact.Phones = append(contact.Phones, phone)
		}
	}
	fitted, over, err := contact.Fit(0, cards.LevelM)
	if err != nil {
		return contact, nil, err
	}
	left = over.Notes // numbers that cannot be dialled
	var notes [2][]string
	for _, item := range issued.Front.Items {
		if item.Section == section.Contacts {
			if slices.Contains(over.Phones, phoneOf(item)) {
				left = append(left, plain(w.item(lang, item)))
				continue
			}
			item.Phone = ""
		}
		at := 1
		if w.urgent(item) {
			at = 0
		}
		notes[at] = append(notes[at], plain(w.item(lang, item)))
	}
	// A thing that is too long does not keep a shorter one behind it from getting in, as on a front.
	for _, note := range append(notes[0], notes[1]...) {
		more := fitted
		more.Notes = append(slices.Clip(fitted.Notes), note)
		tried, over, err := more.Fit(0, cards.LevelM)
		if err != nil || len(over.Notes) > 0 {
			left = append(left, note)
			continue
		}
		fitted = tried
	}
	return fitted, left, nil
}

// phoneOf is the number of a contact, as it stands on a front.
func phoneOf(item summary.FrontItem) cards.Phone {
	return cards.Phone{Number: item.Phone, Who: item.Name}
}

// plain is a line without the marks that keep directions apart on paper: they take room, and telephones do without.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u2068' || r == '\u2069' {
			return -1
		}
		return r
	}, text)
}

// contact are the files of a no-signal code.
func (w Words) contact(made Made, o Options, report *Report) ([]File, error) {
	contact, left, err := w.NoSignal(o.Lang, made.Issued)
	if err != nil {
		return nil, err
	}
	code, err := cards.StrongestQR(contact.Text(), 0)
	if err != nil {
		return nil, err
	}
	report.printed(code, contactSide)
	report.OnFront, report.LeftOut = []Shown{}, []LeftOut{}
	for _, note := range contact.Notes {
		report.OnFront = append(report.OnFront, Shown{Words: note})
	}
	for _, note := range left {
		report.LeftOut = append(report.LeftOut, LeftOut{Words: note, Reason: summary.LeftNoRoom})
	}
	picture, err := code.PNG(pixels)
	if err != nil {
		return nil, err
	}
	page, err := w.NoSignalPage(o.Lang, made.Issued, contact, code, Print{})
	if err != nil {
		return nil, err
	}
	return []File{
		{"card.vcf", []byte(contact.Text())},
		{"card.svg", code.SVG(cards.Picture{ModuleMM: report.ModuleMM, Title: w.Catalog.T("en", "page.no_signal.title")})},
		{"card.png", picture},
		{"card.html", page},
	}, nil
}
