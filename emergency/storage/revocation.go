package storage

import (
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

var (
	revocationPut    = portable(`INSERT INTO revocation (card) VALUES ($1) ON CONFLICT (card) DO NOTHING`)
	revocationsAfter = portable(`SELECT r.card, c.carrier, c.key_id, c.revoked_at FROM revocation r JOIN card c ON c.id = r.card
		WHERE r.seq > $1 ORDER BY r.seq LIMIT $2`)
)

// PutRevocation implements emergency.Tx.
func (t *tx) PutRevocation(card cards.ID) error {
	_, err := t.t.exec(revocationPut, card[:])
	return err
}

// Revocations implements emergency.Reader. Lines are never deleted, so their numbers have no gaps.
func (r reader) Revocations(n, limit int) ([]emergency.Revocation, error) {
	return all(r, revocationsAfter, func(v *emergency.Revocation) []any {
		return []any{fixed(v.Card[:]), &v.Carrier, fixed(v.Key[:]), when{&v.At}}
	}, n, limit)
}
