package web

import (
	"crypto/rand"
	"slices"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
)

// pagesOf lists the pages that a card is printed on, by its carrier. "" is both sides of a wallet card.
var pagesOf = map[string][]string{
	emergency.CarrierWallet:   {"", "large", "contrast"},
	emergency.CarrierSticker:  {"stickers", "labels"},
	emergency.CarrierBracelet: {"bracelet"},
	emergency.CarrierVCard:    {"no_signal"},
	emergency.CarrierNTAG213:  {"tag"},
	emergency.CarrierNTAG215:  {"tag"},
	emergency.CarrierNTAG216:  {"tag"},
	emergency.CarrierNTAG424:  {"settings"},
}

// papersOf are what a page is printed on, the usual one first. A card printer prints both sides of a wallet card.
func papersOf(page string) []cards.Paper {
	papers := []cards.Paper{cards.PaperA4, cards.PaperLetter}
	if page == "" {
		papers = append(papers, cards.PaperCard)
	}
	return papers
}

// printCard serves a card as a page that a browser prints to scale. The printed words are in the record's language, those around them in the reader's.
func (s *Server) printCard(x *exchange) error {
	query := x.r.URL.Query()
	name, paper := query.Get("page"), cards.Paper(query.Get("paper"))
	if paper == "" {
		paper = cards.PaperA4
	}
	_, issued, err := x.issued()
	if err != nil {
		return err
	}
	if !slices.Contains(pagesOf[issued.Carrier], name) || !slices.Contains(papersOf(name), paper) {
		return notFound
	}
	print := carrier.Print{Paper: paper, Nonce: rand.Text(), Lang: x.lang.Code}
	page, err := s.cardPage(issued, name, print)
	if err != nil {
		return err
	}
	return x.printed(page, print.Nonce)
}

// cardPage writes one of the pages of a card.
func (s *Server) cardPage(issued emergency.Issued, name string, print carrier.Print) ([]byte, error) {
	code, err := issued.Code()
	if err != nil {
		return nil, err
	}
	switch name {
	case "labels":
		return s.Words.LabelPage("", issued, code, print)
	case "stickers":
		return s.Words.StickerPage("", issued, code, print)
	case "bracelet":
		return s.Words.BraceletPage("", issued, code, print)
	case "no_signal":
		contact, _, err := s.Words.NoSignal("", issued)
		if err != nil {
			return nil, err
		}
		if code, err = cards.StrongestQR(contact.Text(), 0); err != nil {
			return nil, err
		}
		return s.Words.NoSignalPage("", issued, contact, code, print)
	case "tag":
		kind, _ := emergency.TagOf(issued.Carrier)
		return s.Words.TagPage(print.Lang, issued, kind, print)
	case "settings":
		return s.Words.TagSettingsPage(print.Lang, issued, carrier.Settings(*issued.Tag), print)
	}
	print.Large, print.HighContrast = name == "large", name == "contrast"
	return s.Words.WalletPage("", issued, code, print)
}

// printed answers a page that a browser prints to scale.
func (x *exchange) printed(page []byte, nonce string) error {
	x.w.Header().Set("Content-Security-Policy", printPolicy(nonce))
	return x.bytes("text/html; charset=utf-8", page)
}
