package web

import "github.com/locket-health/locket/cards"

// tagWords is what a browser writes to a tag (static/js/console/nfc.js): the address first, for telephones act on the first record.
type tagWords struct{ URL, Lang, Text string }

// tagOf reads the message of a tag.
func tagOf(message cards.Message) (tag tagWords) {
	tag.URL, _ = message.URI()
	for _, record := range message {
		if lang, text, ok := record.Text(); ok {
			tag.Lang, tag.Text = lang, text
		}
	}
	return tag
}
