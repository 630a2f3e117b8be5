package notify

import (
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
)

// Words puts letters into the language of whoever gets them.
type Words struct {
	Catalog *locale.Catalog
}

// message is a letter in words.
func (w Words) message(letter emergency.Letter, to string) Message {
	lang := w.Catalog.Match("", letter.Lang).Code
	t := w.Catalog.Bind(lang)
	m := Message{ID: string(letter.ID), Kind: letter.Kind, To: to, Lang: lang, Link: letter.Link, At: letter.At,
		Subject: t("notice."+letter.Kind+".subject", "who", letter.Initials),
		Text:    t("notice."+letter.Kind+".text", "who", letter.Initials)}
	if letter.Drill {
		m.Subject = t("notice.drill.subject", "subject", m.Subject)
		m.Text = t("notice.drill.text") + "\n\n" + m.Text
	}
	if letter.Link != "" {
		m.Text += "\n\n" + t("notice.link") + "\n" + letter.Link
	}
	return m
}
