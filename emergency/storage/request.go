package storage

import (
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const requestColumns = `id, card, contact, step, patient, watch, sealed, asked_at, opens_at, vetoed_at, withdrawn_at, ends_at`

var (
	requestForget  = portable(`DELETE FROM request WHERE COALESCE(card, x'') = $1 AND contact = $2 AND step = $3 AND id <> $4 AND patient = $5`)
	requestForeign = portable(`SELECT count(*) FROM request WHERE COALESCE(card, x'') = $1 AND contact = $2 AND step = $3 AND patient <> $4`)
	requestPut     = portable(`INSERT INTO request (` + requestColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET watch = excluded.watch, sealed = excluded.sealed, asked_at = excluded.asked_at, opens_at = excluded.opens_at,
			vetoed_at = excluded.vetoed_at, withdrawn_at = excluded.withdrawn_at, ends_at = excluded.ends_at
		WHERE request.patient = excluded.patient AND COALESCE(request.card, x'') = COALESCE(excluded.card, x'')
			AND request.contact = excluded.contact AND request.step = excluded.step`)
	requestByKey      = portable(`SELECT ` + requestColumns + ` FROM request WHERE COALESCE(card, x'') = $1 AND contact = $2 AND step = $3`)
	requestByID       = portable(`SELECT ` + requestColumns + ` FROM request WHERE id = $1`)
	requestByWatch    = portable(`SELECT ` + requestColumns + ` FROM request WHERE watch = $1`)
	requestsByPatient = portable(`SELECT ` + requestColumns + ` FROM request WHERE patient = $1 AND ends_at > $2 ORDER BY ends_at, asked_at, id`)
	requestsSwept     = portable(`DELETE FROM request WHERE ends_at < $1`)
	requestsDelete    = portable(`DELETE FROM request WHERE patient = $1`)

	approvalPut = portable(`INSERT INTO approval (request, contact, at) VALUES ($1, $2, $3) ON CONFLICT (request, contact) DO NOTHING`)
	approvalsOf = portable(`SELECT request, contact, at FROM approval WHERE request = $1 ORDER BY at, contact`)
)

// PutRequest implements emergency.Tx. A key or an id of another request, or another patient's, is ErrInvalid.
func (t *tx) PutRequest(r emergency.Request) error {
	if _, err := t.t.exec(requestForget, cardKey(r.Card), r.Contact, r.Step, r.ID, r.Patient); err != nil {
		return err
	}
	var foreign int
	if err := t.t.one(requestForeign, []any{cardKey(r.Card), r.Contact, r.Step, r.Patient}, &foreign); err != nil {
		return err
	}
	if foreign > 0 {
		return emergency.ErrInvalid
	}
	return t.t.write(emergency.ErrInvalid, requestPut, r.ID, cardOrNone(r.Card), r.Contact, r.Step, r.Patient, token(r.Watch), r.Sealed,
		millis(r.AskedAt), millis(r.OpensAt), millis(r.VetoedAt), millis(r.WithdrawnAt), millis(r.EndsAt))
}

// cardKey is how the index of requests knows a card: an empty blob for none.
func cardKey(id cards.ID) []byte {
	if id == (cards.ID{}) {
		return []byte{}
	}
	return id[:]
}

// cardOrNone is how a card that may not be there is kept: NULL for none.
func cardOrNone(id cards.ID) any {
	if id == (cards.ID{}) {
		return nil
	}
	return id[:]
}

// PutApproval implements emergency.Tx.
func (t *tx) PutApproval(a emergency.Approval) error {
	_, err := t.t.exec(approvalPut, a.Request, a.Contact, millis(a.At))
	return err
}

// Request implements emergency.Reader.
func (r reader) Request(key emergency.RequestKey) (emergency.Request, error) {
	return r.request(requestByKey, cardKey(key.Card), key.Contact, key.Step)
}

// RequestByID implements emergency.Reader.
func (r reader) RequestByID(id emergency.RequestID) (emergency.Request, error) {
	return r.request(requestByID, id)
}

// RequestByWatch implements emergency.Reader.
func (r reader) RequestByWatch(watch emergency.Token) (emergency.Request, error) {
	return r.request(requestByWatch, watch[:])
}

func (r reader) request(query statement, args ...any) (emergency.Request, error) {
	var q emergency.Request
	err := r.t.one(query, args, requestTargets(&q)...)
	return q, err
}

// Requests implements emergency.Reader.
func (r reader) Requests(patient emergency.PatientID, now time.Time) ([]emergency.Request, error) {
	return all(r, requestsByPatient, requestTargets, patient, millis(now))
}

// Approvals implements emergency.Reader.
func (r reader) Approvals(request emergency.RequestID) ([]emergency.Approval, error) {
	return all(r, approvalsOf, func(a *emergency.Approval) []any { return []any{&a.Request, &a.Contact, when{&a.At}} }, request)
}

func requestTargets(q *emergency.Request) []any {
	return []any{&q.ID, fixed(q.Card[:]), &q.Contact, &q.Step, &q.Patient, fixed(q.Watch[:]), &q.Sealed, when{&q.AskedAt}, when{&q.OpensAt},
		when{&q.VetoedAt}, when{&q.WithdrawnAt}, when{&q.EndsAt}}
}
