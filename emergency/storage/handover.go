package storage

import "github.com/locket-health/locket/emergency"

const handoverColumns = `finder, grant_id, sealed, attempts, ends_at`

var (
	handoverPut = portable(`INSERT INTO handover (` + handoverColumns + `) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (finder) DO UPDATE SET sealed = excluded.sealed, attempts = excluded.attempts
		WHERE handover.grant_id = excluded.grant_id`)
	handoverByFinder = portable(`SELECT ` + handoverColumns + ` FROM handover WHERE finder = $1`)
	handoversForget  = portable(`DELETE FROM handover WHERE grant_id IN (SELECT id FROM patient_grant WHERE patient = $1)`)
	handoversSwept   = portable(`DELETE FROM handover WHERE ends_at < $1`)
)

// PutHandover implements emergency.Tx. The address of another grant's handover is ErrInvalid.
func (t *tx) PutHandover(h emergency.Handover) error {
	return t.t.write(emergency.ErrInvalid, handoverPut, h.Finder[:], h.Grant, h.Sealed, h.Attempts, millis(h.EndsAt))
}

// Handover implements emergency.Reader.
func (r reader) Handover(finder emergency.Token) (emergency.Handover, error) {
	var h emergency.Handover
	err := r.t.one(handoverByFinder, []any{finder[:]}, fixed(h.Finder[:]), &h.Grant, &h.Sealed, &h.Attempts, when{&h.EndsAt})
	return h, err
}
