package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

const noticeColumns = `id, patient, contact, sealed, state, attempts, created_at, due_at, ended_at`

// noticesKept is how long what was sent, or given up, can still be looked at.
const noticesKept = 30 * 24 * time.Hour

var (
	noticePut = portable(`INSERT INTO notice (` + noticeColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, state = excluded.state, attempts = excluded.attempts, due_at = excluded.due_at,
			ended_at = excluded.ended_at`)
	noticeByID    = portable(`SELECT ` + noticeColumns + ` FROM notice WHERE id = $1`)
	noticesDue    = portable(`SELECT ` + noticeColumns + ` FROM notice WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT $2`)
	noticeNext    = portable(`SELECT due_at FROM notice WHERE state = 'waiting' ORDER BY due_at LIMIT 1`)
	noticesOfOne  = portable(`SELECT ` + noticeColumns + ` FROM notice WHERE patient = $1 ORDER BY created_at, id`)
	noticesDead   = portable(`SELECT ` + noticeColumns + ` FROM notice WHERE state = 'dead' ORDER BY ended_at DESC, id LIMIT $1`)
	noticesSwept  = portable(`DELETE FROM notice WHERE state IN ('sent', 'dead') AND ended_at < $1`)
	noticesForget = portable(`DELETE FROM notice WHERE patient = $1`)
)

func noticeTargets(n *emergency.Notice) []any {
	return []any{&n.ID, &n.Patient, &n.Contact, &n.Sealed, &n.State, &n.Attempts, when{&n.CreatedAt}, when{&n.DueAt}, when{&n.EndedAt}}
}

// PutNotice implements emergency.Tx.
func (t *tx) PutNotice(n emergency.Notice) error {
	_, err := t.t.exec(noticePut, n.ID, n.Patient, n.Contact, n.Sealed, n.State, n.Attempts, millis(n.CreatedAt), millis(n.DueAt), millis(n.EndedAt))
	return err
}

// Notice implements emergency.Reader.
func (r reader) Notice(id emergency.NoticeID) (n emergency.Notice, err error) {
	err = r.t.one(noticeByID, []any{id}, noticeTargets(&n)...)
	return n, err
}

// DueNotices implements emergency.Reader.
func (r reader) DueNotices(now time.Time, limit int) ([]emergency.Notice, error) {
	return all(r, noticesDue, noticeTargets, millis(now), limit)
}

// NextNotice implements emergency.Reader.
func (r reader) NextNotice() (time.Time, error) {
	var at time.Time
	err := r.t.one(noticeNext, nil, when{&at})
	return at, err
}

// Notices implements emergency.Reader.
func (r reader) Notices(patient emergency.PatientID) ([]emergency.Notice, error) {
	return all(r, noticesOfOne, noticeTargets, patient)
}

// DeadNotices implements emergency.Reader.
func (r reader) DeadNotices(limit int) ([]emergency.Notice, error) {
	return all(r, noticesDead, noticeTargets, limit)
}
