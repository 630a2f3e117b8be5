package carrier

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// Print says how a page is printed.
type Print struct {
	Paper        cards.Paper // of the page; "" is A4, and a card printer's own for a wallet card
	Large        bool        // letters of 17 points, over as many sheets as it takes
	HighContrast bool
	Nonce        string // of the page's content security policy
	Lang         string // of the words around what is printed: titles, the ruler; "" is that of the carrier
}

// Variants are the pages of a wallet card among its files, by name.
func Variants() map[string]Print {
	return map[string]Print{"card.html": {Paper: cards.PaperCard}, "card-large.html": {Large: true}, "card-contrast.html": {Paper: cards.PaperCard, HighContrast: true}}
}

// options are those of a page, in the language of the words around what is printed.
func (w Words) options(p Print, lang, title string) cards.PrintOptions {
	if p.Lang != "" {
		lang = p.Lang
	}
	around := w.Catalog.Match("", lang)
	return cards.PrintOptions{Paper: p.Paper, Nonce: p.Nonce, HighContrast: p.HighContrast, Lang: around.Code, Dir: around.Dir, Title: title,
		CutWords: w.Catalog.T(around.Code, "page.ruler")}
}

// WalletPage writes the page that prints a wallet card. lang is that of the face, "" for the record's own.
func (w Words) WalletPage(lang string, issued emergency.Issued, code cards.Matrix, p Print) ([]byte, error) {
	face := w.Face(lang, issued)
	var page bytes.Buffer
	o := w.options(p, face.Lang, face.Title)
	printed := cards.PrintedCard{Face: face, Code: code}
	if p.Large {
		err := cards.WriteLargePrint(&page, o, printed)
		return page.Bytes(), err
	}
	o.CutWords = w.Catalog.T(o.Lang, "page.fold")
	err := cards.WritePrintPage(&page, o, printed)
	return page.Bytes(), err
}

// StickerPage writes a sheet full of stickers.
func (w Words) StickerPage(lang string, issued emergency.Issued, code cards.Matrix, p Print) ([]byte, error) {
	layout := layoutOf(cards.LayoutSticker)
	return w.labelPage(lang, issued, code, p, cards.Label{Layout: layout, Copies: layout.Copies(p.Paper)})
}

// LabelPage writes labels for a helmet, a bicycle and a child's car seat, some of each.
func (w Words) LabelPage(lang string, issued emergency.Issued, code cards.Matrix, p Print) ([]byte, error) {
	return w.labelPage(lang, issued, code, p, cards.Label{Layout: layoutOf(cards.LayoutHelmet), Copies: 2}, cards.Label{Layout: layoutOf(cards.LayoutBicycle), Copies: 2},
		cards.Label{Layout: layoutOf(cards.LayoutCarSeat), Copies: 2})
}

// BraceletPage writes strips for a bracelet.
func (w Words) BraceletPage(lang string, issued emergency.Issued, code cards.Matrix, p Print) ([]byte, error) {
	return w.labelPage(lang, issued, code, p, cards.Label{Layout: layoutOf(cards.LayoutBracelet), Copies: 4})
}

func layoutOf(name string) cards.Layout {
	for _, layout := range cards.Layouts() {
		if layout.Name == name {
			return layout
		}
	}
	return cards.Layout{}
}

// labelPage fills in the words of labels and writes them.
func (w Words) labelPage(lang string, issued emergency.Issued, code cards.Matrix, p Print, labels ...cards.Label) ([]byte, error) {
	face := w.Face(lang, issued)
	for i := range labels {
		labels[i].Face, labels[i].Code, labels[i].Heading = face, code, w.Catalog.T(face.Lang, "page.label."+labels[i].Layout.Name)
		labels[i].Lines = face.Lines // the label takes the critical ones first
	}
	var page bytes.Buffer
	o := w.options(p, face.Lang, face.Title)
	o.CutWords = w.Catalog.T(o.Lang, "page.cut")
	err := cards.WriteLabels(&page, o, labels...)
	return page.Bytes(), err
}

// NoSignalPage writes the page of a no-signal code, with the words that tell it apart from the code of a card.
func (w Words) NoSignalPage(lang string, issued emergency.Issued, contact cards.VCard, code cards.Matrix, p Print) ([]byte, error) {
	face := w.Face(lang, issued)
	t := w.Catalog.Bind(face.Lang)
	values := make([]cards.Line, 0, len(contact.Phones)+len(contact.Notes))
	for _, phone := range contact.Phones {
		values = append(values, cards.Line{Label: t("page.no_signal.phone"), Text: phone.Number, Dir: "ltr"})
	}
	for _, note := range contact.Notes {
		values = append(values, cards.Line{Text: note})
	}
	return w.instructions(face, p, cards.Instructions{Heading: t("page.no_signal.title"), Warning: t("page.no_signal.warning"), Code: code, CodeSide: contactSide,
		Steps: []string{t("page.no_signal.step.1"), t("page.no_signal.step.2")}, Values: values})
}

// TagPage says how a static tag is written and tried.
func (w Words) TagPage(lang string, issued emergency.Issued, kind cards.Tag, p Print) ([]byte, error) {
	face := w.Face(lang, issued)
	t := w.Catalog.Bind(face.Lang)
	message := issued.TagMessage()
	uri, _ := message.URI()
	short, _, _ := strings.Cut(uri, "#")
	return w.instructions(face, p, cards.Instructions{Heading: t("page.tag.title", "tag", kind.Name), Warning: t("page.tag.warning"),
		Steps: []string{t("page.tag.step.1"), t("page.tag.step.2"), t("page.tag.step.3"), t("page.tag.step.4")},
		Values: []cards.Line{
			{Label: t("page.tag.address"), Text: short + "#…", Dir: "ltr"},
			{Label: t("page.tag.room"), Text: strconv.Itoa(message.Size()) + " / " + strconv.Itoa(kind.Message), Dir: "ltr"},
		}})
}

// TagSettingsPage says how an NTAG 424 DNA is written. It holds the tag's keys.
func (w Words) TagSettingsPage(lang string, issued emergency.Issued, settings TagSettings, p Print) ([]byte, error) {
	face := w.Face(lang, issued)
	t := w.Catalog.Bind(face.Lang)
	exactly := func(label, text string) cards.Line { return cards.Line{Label: label, Text: text, Dir: "ltr"} }
	values := []cards.Line{
		exactly("URL", settings.URL),
		exactly("PICCDataOffset", strconv.Itoa(settings.PICCDataOffset)),
		exactly("SDMMACInputOffset", strconv.Itoa(settings.MACInputOffset)),
		exactly("SDMMACOffset", strconv.Itoa(settings.MACOffset)),
		exactly("ChangeFileSettings, file 2", settings.ChangeFileSettings),
	}
	for _, slot := range []string{"0", "1", "2", "3", "4"} {
		values = append(values, exactly(t("page.tag.key", "slot", slot), settings.Keys[slot]))
	}
	values = append(values, exactly(t("page.tag.file"), settings.File))
	return w.instructions(face, p, cards.Instructions{Heading: t("page.tag.title", "tag", "NTAG 424 DNA"), Warning: t("page.tag.keys"), Steps: settings.Steps,
		Values: values})
}

func (w Words) instructions(face cards.Face, p Print, notes cards.Instructions) ([]byte, error) {
	notes.Face = face
	var page bytes.Buffer
	err := cards.WriteInstructions(&page, w.options(p, face.Lang, notes.Heading), notes)
	return page.Bytes(), err
}
