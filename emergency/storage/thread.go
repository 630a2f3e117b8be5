package storage

import "github.com/locket-health/locket/emergency"

var (
	messageAdd = portable(`INSERT INTO message (grant_id, number, sender, sealed, at)
		VALUES ($1, (SELECT COALESCE(max(number), 0) + 1 FROM message WHERE grant_id = $2), $3, $4, $5) RETURNING number`)
	messagesOf     = portable(`SELECT grant_id, number, sender, sealed, at FROM message WHERE grant_id = $1 AND number > $2 ORDER BY number`)
	messagesForget = portable(`UPDATE message SET sealed = NULL WHERE grant_id IN (SELECT id FROM patient_grant WHERE patient = $1)`)
)

// AddMessage implements emergency.Tx.
func (t *tx) AddMessage(m emergency.Message) (int, error) {
	var number int
	err := t.t.one(messageAdd, []any{m.Grant, m.Grant, m.Sender, m.Sealed, millis(m.At)}, &number)
	return number, err
}

// Messages implements emergency.Reader.
func (r reader) Messages(grant emergency.GrantID, after int) ([]emergency.Message, error) {
	return all(r, messagesOf, func(m *emergency.Message) []any { return []any{&m.Grant, &m.Number, &m.Sender, &m.Sealed, when{&m.At}} }, grant, after)
}
