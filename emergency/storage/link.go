package storage

import (
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const linkColumns = `card, finder, sealed, sections, attempts`

var (
	linkPut = portable(`INSERT INTO link (` + linkColumns + `) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (card) DO UPDATE SET sealed = excluded.sealed, sections = excluded.sections, attempts = excluded.attempts
		WHERE link.finder = excluded.finder`)
	linkByFinder = portable(`SELECT ` + linkColumns + ` FROM link WHERE finder = $1`)
	linkByCard   = portable(`SELECT ` + linkColumns + ` FROM link WHERE card = $1`)
)

// PutLink implements emergency.Tx. Another address for the same card is ErrInvalid.
func (t *tx) PutLink(l emergency.Link) error {
	return t.t.write(emergency.ErrInvalid, linkPut, l.Card[:], l.Finder[:], l.Sealed, int64(l.Sections), l.Attempts)
}

// Link implements emergency.Reader.
func (r reader) Link(finder emergency.Token) (emergency.Link, error) {
	var l emergency.Link
	err := r.t.one(linkByFinder, []any{finder[:]}, linkTargets(&l)...)
	return l, err
}

// LinkOf implements emergency.Reader.
func (r reader) LinkOf(card cards.ID) (emergency.Link, error) {
	var l emergency.Link
	err := r.t.one(linkByCard, []any{card[:]}, linkTargets(&l)...)
	return l, err
}

func linkTargets(l *emergency.Link) []any {
	return []any{fixed(l.Card[:]), fixed(l.Finder[:]), &l.Sealed, &l.Sections, &l.Attempts}
}
