package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

// The versions are read from the record and the rules themselves, so that they cannot disagree with them.
const patientColumns = `patient.id, patient.sealed_name,
	COALESCE((SELECT record.version FROM record WHERE record.patient = patient.id), 0),
	COALESCE((SELECT max(rules.version) FROM rules WHERE rules.patient = patient.id), 0),
	patient.seen_seq, patient.created_at, patient.deleted_at, patient.drilled_at, patient.drill_until, patient.reminded_at, patient.confidential`

var (
	patientPut = portable(`INSERT INTO patient (id, sealed_name, seen_seq, created_at, deleted_at, drilled_at, drill_until, reminded_at, confidential)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET sealed_name = excluded.sealed_name, seen_seq = excluded.seen_seq,
			created_at = excluded.created_at, deleted_at = excluded.deleted_at, drilled_at = excluded.drilled_at, drill_until = excluded.drill_until,
			reminded_at = excluded.reminded_at, confidential = excluded.confidential`)
	patientByID  = portable(`SELECT ` + patientColumns + ` FROM patient WHERE patient.id = $1`)
	patientsKept = portable(`SELECT ` + patientColumns + ` FROM keeper JOIN patient ON patient.id = keeper.patient
		WHERE keeper.account = $1 AND patient.deleted_at = 0 ORDER BY patient.created_at, patient.id`)
	drillsDue = portable(`SELECT ` + patientColumns + ` FROM patient
		WHERE patient.deleted_at = 0 AND patient.reminder_from < $1
			AND EXISTS (SELECT 1 FROM card WHERE card.patient = patient.id AND card.revoked_at = 0)
		ORDER BY patient.reminder_from, patient.id LIMIT $2`)
)

func patientTargets(p *emergency.Patient) []any {
	return []any{&p.ID, &p.SealedName, &p.RecordVersion, &p.RulesVersion, &p.SeenSeq, when{&p.CreatedAt}, when{&p.DeletedAt},
		when{&p.DrilledAt}, when{&p.DrillUntil}, when{&p.RemindedAt}, &p.Confidential}
}

// PutPatient implements emergency.Tx. RecordVersion and RulesVersion are not written: PutRecord and PutRules move them.
func (t *tx) PutPatient(p emergency.Patient) error {
	_, err := t.t.exec(patientPut, p.ID, p.SealedName, int64(p.SeenSeq), millis(p.CreatedAt), millis(p.DeletedAt),
		millis(p.DrilledAt), millis(p.DrillUntil), millis(p.RemindedAt), int64(p.Confidential))
	return err
}

// Patient implements emergency.Reader.
func (r reader) Patient(id emergency.PatientID) (emergency.Patient, error) {
	var p emergency.Patient
	err := r.t.one(patientByID, []any{id}, patientTargets(&p)...)
	return p, err
}

// Kept implements emergency.Reader.
func (r reader) Kept(account emergency.AccountID) ([]emergency.Patient, error) {
	return all(r, patientsKept, patientTargets, account)
}

// DrillsDue implements emergency.Reader.
func (r reader) DrillsDue(before time.Time, limit int) ([]emergency.Patient, error) {
	return all(r, drillsDue, patientTargets, millis(before), limit)
}
