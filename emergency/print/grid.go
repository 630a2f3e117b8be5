package print

import (
	"fmt"
	"math/rand/v2"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// design is a code of the grid.
type design struct {
	carrier string
	bytes   int // of the fragment of an address; 0 is a short address
	level   cards.Level
	dots    float64 // a module on a card printer, where side is 0
	side    float64 // millimetres with the quiet zone
}

// designs are what the sizes and levels of carriers were chosen from.
var designs = [...]design{
	{emergency.CarrierWallet, 440, cards.LevelL, 0, 50},
	{emergency.CarrierWallet, 440, cards.LevelM, 6, 0},
	{emergency.CarrierWallet, 440, cards.LevelQ, 0, 50},
	{emergency.CarrierWallet, 440, cards.LevelH, 0, 50},
	{emergency.CarrierWallet, 350, cards.LevelM, 6, 0},
	{emergency.CarrierWallet, 350, cards.LevelQ, 0, 50},
	{emergency.CarrierWallet, 270, cards.LevelM, 7, 0},
	{emergency.CarrierWallet, 270, cards.LevelQ, 6, 0},
	{emergency.CarrierWallet, 270, cards.LevelH, 0, 50},
	{emergency.CarrierSticker, 270, cards.LevelM, 0, 28},
	{emergency.CarrierSticker, 270, cards.LevelM, 0, 33},
	{emergency.CarrierSticker, 270, cards.LevelM, 0, 41},
	{emergency.CarrierSticker, 270, cards.LevelM, 0, 48},
	{emergency.CarrierSticker, 200, cards.LevelM, 0, 33},
	{emergency.CarrierSticker, 200, cards.LevelQ, 0, 33},
	{emergency.CarrierBracelet, 0, cards.LevelM, 0, 20},
	{emergency.CarrierBracelet, 0, cards.LevelQ, 0, 16},
	{emergency.CarrierBracelet, 0, cards.LevelQ, 0, 20},
	{emergency.CarrierBracelet, 0, cards.LevelQ, 0, 22},
	{emergency.CarrierBracelet, 0, cards.LevelQ, 0, 25},
	{emergency.CarrierBracelet, 0, cards.LevelH, 0, 20},
}

// House is what a house prints, with as much on it as there is room for, always the same: a wallet card, a sheet, stickers, a bracelet. The floors are those
// that a release has to reach.
func House(base string) ([]Carrier, error) {
	var all []Carrier
	for _, d := range []struct {
		design
		version int // the greatest; 0 is that of level M
	}{
		{design{carrier: emergency.CarrierWallet, bytes: emergency.WalletBytes}, 21},
		{design{carrier: emergency.CarrierSheet, bytes: emergency.WalletBytes, side: 43}, 0},
		{design{carrier: emergency.CarrierSticker, bytes: emergency.StickerBytes, side: 41}, 0},
		{design{carrier: emergency.CarrierBracelet, side: 22}, 4},
	} {
		text, err := d.text(base)
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		matrix, err := cards.StrongestQR(text, d.version)
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		module := d.side / float64(matrix.Modules+2*cards.QuietZone)
		if d.side == 0 {
			module = cards.CardModule(matrix)
		}
		carrier, err := New(d.carrier, d.carrier, text, matrix, module)
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		all = append(all, carrier)
	}
	return all, nil
}

// Grid is codes of many sizes and levels, to choose from: full addresses of a house whose fragments have so many bytes, and short ones. What the bytes are
// is drawn and means nothing. Base is scheme and host, as in cards.Address.
func Grid(base string) ([]Carrier, error) {
	var all []Carrier
	for _, d := range designs {
		carrier, err := d.printed(base)
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		all = append(all, carrier)
	}
	return all, nil
}

// Small is codes of versions 3 to 7 on 20 mm with the quiet zone: the smallest print that there is. None but the first ones, which are short addresses,
// has room for a signed card.
func Small(base string) ([]Carrier, error) {
	const side = 20.0
	var all []Carrier
	for _, d := range []design{
		{emergency.CarrierBracelet, 0, cards.LevelM, 0, side},
		{emergency.CarrierBracelet, 0, cards.LevelQ, 0, side},
		{emergency.CarrierBracelet, 0, cards.LevelH, 0, side},
		{emergency.CarrierBracelet, 50, cards.LevelM, 0, side},
		{emergency.CarrierBracelet, 70, cards.LevelM, 0, side},
		{emergency.CarrierBracelet, 30, cards.LevelQ, 0, side},
	} {
		carrier, err := d.printed(base)
		if err != nil {
			return nil, fmt.Errorf("print: %w", err)
		}
		all = append(all, carrier)
	}
	return all, nil
}

// printed is the code of a design.
func (d design) printed(base string) (Carrier, error) {
	text, err := d.text(base)
	if err != nil {
		return Carrier{}, err
	}
	matrix, err := cards.EncodeQR(text, d.level)
	if err != nil {
		return Carrier{}, err
	}
	module := d.dots * mmPerInch / cardDPI
	if d.side > 0 {
		module = d.side / float64(matrix.Modules+2*cards.QuietZone)
	}
	name := fmt.Sprintf("%s, %d bytes", d.carrier, d.bytes)
	if d.bytes == 0 {
		name = d.carrier + ", short"
	}
	carrier, err := New(name, d.carrier, text, matrix, module)
	carrier.Floor = 0 // it is here to be compared
	return carrier, err
}

// text is the address that the code carries.
func (d design) text(base string) (string, error) {
	draws := rand.NewChaCha8([32]byte{})
	if d.bytes == 0 {
		code, err := cards.NewShortCode(draws)
		return cards.ShortAddress{Base: base, Code: code}.URL(), err
	}
	id, err := cards.NewID(draws)
	if err != nil {
		return "", err
	}
	secret, err := cards.NewSecret(draws)
	if err != nil {
		return "", err
	}
	envelope := make([]byte, d.bytes-1-len(secret))
	_, err = draws.Read(envelope)
	return cards.Address{Base: base, ID: id, Secret: secret, Envelope: envelope}.URL(), err
}
