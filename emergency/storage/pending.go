package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

const pendingColumns = `patient, base, sealed, sealed_approval, approved_at, effective_at`

var (
	pendingPut = portable(`INSERT INTO pending_rules (` + pendingColumns + `) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (patient) DO UPDATE SET base = excluded.base, sealed = excluded.sealed, sealed_approval = excluded.sealed_approval,
			approved_at = excluded.approved_at, effective_at = excluded.effective_at`)
	pendingOfOne  = portable(`SELECT ` + pendingColumns + ` FROM pending_rules WHERE patient = $1`)
	pendingDue    = portable(`SELECT ` + pendingColumns + ` FROM pending_rules WHERE effective_at <= $1 ORDER BY effective_at, patient`)
	pendingDelete = portable(`DELETE FROM pending_rules WHERE patient = $1`)
)

func pendingTargets(p *emergency.PendingRules) []any {
	return []any{&p.Patient, &p.Base, &p.Sealed, &p.SealedApproval, when{&p.ApprovedAt}, when{&p.EffectiveAt}}
}

// PutPendingRules implements emergency.Tx.
func (t *tx) PutPendingRules(p emergency.PendingRules) error {
	_, err := t.t.exec(pendingPut, p.Patient, p.Base, p.Sealed, p.SealedApproval, millis(p.ApprovedAt), millis(p.EffectiveAt))
	return err
}

// DeletePendingRules implements emergency.Tx.
func (t *tx) DeletePendingRules(patient emergency.PatientID) error {
	return t.t.write(emergency.ErrNotFound, pendingDelete, patient)
}

// PendingRules implements emergency.Reader.
func (r reader) PendingRules(patient emergency.PatientID) (emergency.PendingRules, error) {
	var p emergency.PendingRules
	err := r.t.one(pendingOfOne, []any{patient}, pendingTargets(&p)...)
	return p, err
}

// DuePendingRules implements emergency.Reader.
func (r reader) DuePendingRules(now time.Time) ([]emergency.PendingRules, error) {
	return all(r, pendingDue, pendingTargets, millis(now))
}
