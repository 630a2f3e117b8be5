package web

import (
	"bytes"
	"crypto/rand"

	"github.com/locket-health/locket/cards"
)

// papers are what a card is printed on, by the name in the address.
var papers = map[string]cards.Paper{"": cards.PaperA4, "a4": cards.PaperA4, "letter": cards.PaperLetter, "card": cards.PaperCard}

// printCard serves both sides of a card as a page that a browser prints to scale. The printed words are in the record's language, those around
// them in the reader's.
func (s *Server) printCard(x *exchange) error {
	paper, known := papers[x.r.URL.Query().Get("paper")]
	if !known {
		return notFound
	}
	_, issued, err := x.issued()
	if err != nil {
		return err
	}
	matrix, err := cards.EncodeQR(issued.Address.URL(), cards.LevelM)
	if err != nil {
		return err
	}
	nonce := rand.Text()
	var page bytes.Buffer
	err = cards.WritePrintPage(&page, cards.PrintOptions{Paper: paper, Nonce: nonce, Lang: x.lang.Code, Dir: x.lang.Dir,
		Title: x.T("console.card.title"), CutWords: x.T("console.print.cut")}, cards.PrintedCard{Face: s.Face("", issued), Code: matrix})
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Security-Policy", printPolicy(nonce))
	return x.bytes("text/html; charset=utf-8", page.Bytes())
}
