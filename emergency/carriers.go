package emergency

import (
	"slices"
	"strings"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
)

// The carriers: what a card can be put on. The names are part of the command line and of card.json.
const (
	CarrierWallet    = "wallet"    // ID-1 card, printed on both sides
	CarrierSheet     = "sheet"     // a row of a family's evacuation sheet
	CarrierSticker   = "sticker"   // stickers and labels: helmet, bicycle, child's car seat
	CarrierBracelet  = "bracelet"  // a strip or plate with a short address
	CarrierWallpaper = "wallpaper" // picture for the lock screen of a telephone
	CarrierVCard     = "vcard"     // the no-signal code: a contact that a plain telephone shows, unsigned and not logged
	CarrierNTAG213   = "ntag213"   // the smallest tag: a short address
	CarrierNTAG215   = "ntag215"
	CarrierNTAG216   = "ntag216"
	CarrierNTAG424   = "ntag424" // NTAG 424 DNA: an address that is another one at every tap
	CarrierSHC       = "shc"     // SMART Health Card
	CarrierSHL       = "shl"     // SMART Health Link
)

// Carriers lists them all, as help texts name them.
func Carriers() []string {
	return []string{CarrierWallet, CarrierSheet, CarrierSticker, CarrierBracelet, CarrierWallpaper, CarrierVCard, CarrierNTAG213, CarrierNTAG215,
		CarrierNTAG216, CarrierNTAG424, CarrierSHC, CarrierSHL}
}

// The bytes that the fragment of a card's address may hold (format byte, secret and envelope) where it is printed as a QR code at level M.
const (
	// WalletBytes is a QR code of version 18 at level M: at six dots a module it fills the height of an ID-1 card. Sheets and lock screens have the same room.
	WalletBytes = 440
	// StickerBytes is version 13: modules of 0.45 mm on the smallest label that has a front on it.
	StickerBytes = 270
	// serverBytes is for carriers that hold a short address alone: the front is kept at the server, sealed under the short code.
	serverBytes = 1400
)

// hasShortAddress reports whether the carrier itself has room for the short address only, so that it needs a network.
func hasShortAddress(carrier string) bool {
	return slices.Contains([]string{CarrierBracelet, CarrierVCard, CarrierNTAG213, CarrierNTAG424}, carrier)
}

// isHealthFormat reports whether the carrier speaks a public format of its own and has nothing of the front's.
func isHealthFormat(carrier string) bool { return carrier == CarrierSHC || carrier == CarrierSHL }

// room is how many bytes the fragment of an address may hold on a carrier of this house; ok is false for a carrier that there is not.
func (s *Service) room(carrier string) (bytes int, ok bool) {
	switch carrier {
	case CarrierWallet, CarrierSheet, CarrierWallpaper:
		return WalletBytes, true
	case CarrierSticker:
		return StickerBytes, true
	case CarrierNTAG215, CarrierNTAG216:
		tag, _ := TagOf(carrier)
		return min(tag.Room(s.URL, tagText(cards.ShortAddress{Base: s.URL, Code: "222222222222"})), serverBytes), true
	}
	return serverBytes, hasShortAddress(carrier) || isHealthFormat(carrier)
}

// codeSide is the printed size of a carrier's QR code with its quiet zone, in millimetres: of several, the smallest. 0 is a wallet card's, whose size follows
// from its version, and no code's.
func codeSide(carrier string) (side float64) {
	for _, label := range cards.Layouts() {
		if carrier == CarrierBracelet && label.Strip || carrier == CarrierSticker && !label.Strip && (side == 0 || label.CodeSide < side) {
			side = label.CodeSide
		}
	}
	switch carrier {
	case CarrierSheet:
		return 43
	case CarrierVCard:
		return 46
	case CarrierSHC, CarrierSHL:
		return 50
	}
	return side
}

// maxWalletVersion is the greatest whose modules are 0.45 mm and more on the 50 mm that a wallet card has for its code. Up to it a stronger level is worth the
// smaller modules: scratches decide about a card (deploy/docs/print.md).
const maxWalletVersion = 21

// maxBraceletVersion keeps the modules of a bracelet's code at 0.4 mm and more on a strip of 25 mm.
const maxBraceletVersion = 4

// Code is the carrier's QR code. A carrier that has none, or whose code is made of words (a vCard), or that does not fit into any code has the zero Matrix.
func (i Issued) Code() (cards.Matrix, error) {
	switch i.Carrier {
	case CarrierWallet:
		return cards.StrongestQR(i.Address.URL(), maxWalletVersion)
	case CarrierSheet, CarrierSticker, CarrierWallpaper:
		return cards.StrongestQR(i.Address.URL(), 0)
	case CarrierBracelet:
		return cards.StrongestQR(i.ShortAddress().URL(), maxBraceletVersion)
	case CarrierSHL:
		return cards.StrongestQR(i.Link.URI, 0)
	case CarrierSHC:
		if i.Health.Code == "" {
			return cards.Matrix{}, nil // the file is still good
		}
		level, _, err := shc.FitsQR(i.Health.Code)
		if err != nil {
			return cards.Matrix{}, err
		}
		text, err := shc.Numeric(i.Health.Code)
		if err != nil {
			return cards.Matrix{}, err
		}
		return cards.EncodeQR(text, level)
	}
	return cards.Matrix{}, nil
}

// ShortAddress leads to the card by its short code.
func (i Issued) ShortAddress() cards.ShortAddress {
	return cards.ShortAddress{Base: i.Address.Base, Code: i.ShortCode}
}

// TagOf is the kind of tag that a carrier is; ok is false for what is no tag.
func TagOf(carrier string) (tag cards.Tag, ok bool) {
	for _, tag := range cards.Tags() {
		if strings.EqualFold(tag.Name, carrier) {
			return tag, true
		}
	}
	return cards.Tag{}, false
}

// TagMessage is what a static tag holds: the address first, for telephones act on the first record, then the short code in writing where there is room for
// it. An NTAG 424 DNA has a Template instead.
func (i Issued) TagMessage() cards.Message {
	first := cards.URIRecord(i.Address.NFCURL())
	if hasShortAddress(i.Carrier) {
		first = cards.URIRecord(i.ShortAddress().URL())
	}
	message := cards.Message{first, tagText(i.ShortAddress())}
	if tag, ok := TagOf(i.Carrier); ok && message.Size() > tag.Message {
		message = message[:1]
	}
	return message
}

// tagText says in no language where the short code is typed. ICE, "in case of emergency", is known in most.
func tagText(short cards.ShortAddress) cards.Record {
	_, host, _ := strings.Cut(short.Base, "://")
	record, err := cards.TextRecord("en", "ICE "+short.Code.String()+" "+host+"/code")
	if err != nil {
		panic(err) // only for a longer language
	}
	return record
}
