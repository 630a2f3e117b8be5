package storage

import (
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const tagColumns = `card, uid, counter, seen_at`

var (
	tagPut = portable(`INSERT INTO tag (` + tagColumns + `) VALUES ($1, $2, $3, $4)
		ON CONFLICT (card) DO UPDATE SET uid = excluded.uid, counter = excluded.counter, seen_at = excluded.seen_at`)
	tagByCard = portable(`SELECT ` + tagColumns + ` FROM tag WHERE card = $1`)
)

// PutTag implements emergency.Tx.
func (t *tx) PutTag(tag emergency.Tag) error {
	_, err := t.t.exec(tagPut, tag.Card[:], token(tag.UID), tag.Counter, millis(tag.SeenAt))
	return err
}

// Tag implements emergency.Reader.
func (r reader) Tag(card cards.ID) (emergency.Tag, error) {
	var tag emergency.Tag
	err := r.t.one(tagByCard, []any{card[:]}, fixed(tag.Card[:]), fixed(tag.UID[:]), &tag.Counter, when{&tag.SeenAt})
	return tag, err
}
