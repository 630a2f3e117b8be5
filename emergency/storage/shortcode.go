package storage

import (
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

var (
	shortCodePut = portable(`INSERT INTO short_code (finder, card, sealed) VALUES ($1, $2, $3)
		ON CONFLICT (finder) DO UPDATE SET sealed = excluded.sealed WHERE short_code.card = excluded.card`)
	shortCodeByFinder = portable(`SELECT finder, card, sealed FROM short_code WHERE finder = $1`)
	shortCodeDelete   = portable(`DELETE FROM short_code WHERE card = $1`)
)

// PutShortCode implements emergency.Tx. A finder that leads to another card already is ErrConflict: draw another code.
func (t *tx) PutShortCode(c emergency.ShortCode) error {
	return t.t.write(emergency.ErrConflict, shortCodePut, c.Finder[:], c.Card[:], c.Sealed)
}

// DeleteShortCode implements emergency.Tx. A card without one is no error.
func (t *tx) DeleteShortCode(card cards.ID) error {
	_, err := t.t.exec(shortCodeDelete, card[:])
	return err
}

// ShortCode implements emergency.Reader.
func (r reader) ShortCode(finder emergency.Token) (emergency.ShortCode, error) {
	var c emergency.ShortCode
	err := r.t.one(shortCodeByFinder, []any{finder[:]}, fixed(c.Finder[:]), fixed(c.Card[:]), &c.Sealed)
	return c, err
}
