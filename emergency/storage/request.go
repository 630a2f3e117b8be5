package storage

import (
	"database/sql"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const requestColumns = `card, step, patient, asked_at, opens_at, vetoed_at, ends_at`

var (
	requestPut = portable(`INSERT INTO request (` + requestColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (card, step) DO UPDATE SET asked_at = excluded.asked_at, opens_at = excluded.opens_at, vetoed_at = excluded.vetoed_at,
			ends_at = excluded.ends_at
		WHERE request.patient = excluded.patient`)
	requestByCard     = portable(`SELECT ` + requestColumns + ` FROM request WHERE card = $1 AND step = $2`)
	requestsByPatient = portable(`SELECT ` + requestColumns + ` FROM request WHERE patient = $1 AND ends_at > $2 ORDER BY ends_at, card, step`)
	requestsSwept     = portable(`DELETE FROM request WHERE ends_at < $1`)
)

// PutRequest implements emergency.Tx. A card of another patient is ErrInvalid.
func (t *tx) PutRequest(r emergency.Request) error {
	return t.t.write(emergency.ErrInvalid, requestPut, r.Card[:], r.Step, r.Patient, millis(r.AskedAt), millis(r.OpensAt), millis(r.VetoedAt), millis(r.EndsAt))
}

// Request implements emergency.Reader.
func (r reader) Request(card cards.ID, step string) (emergency.Request, error) {
	var q emergency.Request
	err := r.t.one(requestByCard, []any{card[:], step}, requestTargets(&q)...)
	return q, err
}

// Requests implements emergency.Reader.
func (r reader) Requests(patient emergency.PatientID, now time.Time) ([]emergency.Request, error) {
	var list []emergency.Request
	err := r.t.many(requestsByPatient, []any{patient, millis(now)}, func(rows *sql.Rows) error {
		var q emergency.Request
		if err := rows.Scan(requestTargets(&q)...); err != nil {
			return err
		}
		list = append(list, q)
		return nil
	})
	return list, err
}

func requestTargets(q *emergency.Request) []any {
	return []any{fixed(q.Card[:]), &q.Step, &q.Patient, when{&q.AskedAt}, when{&q.OpensAt}, when{&q.VetoedAt}, when{&q.EndsAt}}
}
