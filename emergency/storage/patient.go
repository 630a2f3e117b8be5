package storage

import (
	"database/sql"

	"github.com/locket-health/locket/emergency"
)

// The versions are read from the record and the rules themselves, so that they cannot disagree with them.
const patientColumns = `patient.id, patient.sealed_name,
	COALESCE((SELECT record.version FROM record WHERE record.patient = patient.id), 0),
	COALESCE((SELECT max(rules.version) FROM rules WHERE rules.patient = patient.id), 0),
	patient.seen_seq, patient.created_at, patient.deleted_at`

var (
	patientPut = portable(`INSERT INTO patient (id, sealed_name, seen_seq, created_at, deleted_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET sealed_name = excluded.sealed_name, seen_seq = excluded.seen_seq,
			created_at = excluded.created_at, deleted_at = excluded.deleted_at`)
	patientByID  = portable(`SELECT ` + patientColumns + ` FROM patient WHERE patient.id = $1`)
	patientsKept = portable(`SELECT ` + patientColumns + ` FROM keeper JOIN patient ON patient.id = keeper.patient
		WHERE keeper.account = $1 AND patient.deleted_at = 0 ORDER BY patient.created_at, patient.id`)

	keeperPut    = portable(`INSERT INTO keeper (account, patient) VALUES ($1, $2) ON CONFLICT (account, patient) DO NOTHING`)
	keeperIs     = portable(`SELECT count(*) FROM keeper WHERE account = $1 AND patient = $2`)
	keepersOfOne = portable(`SELECT account.id FROM keeper JOIN account ON account.id = keeper.account
		WHERE keeper.patient = $1 AND account.deleted_at = 0 ORDER BY account.created_at, account.id`)
)

func patientTargets(p *emergency.Patient) []any {
	return []any{&p.ID, &p.SealedName, &p.RecordVersion, &p.RulesVersion, &p.SeenSeq, when{&p.CreatedAt}, when{&p.DeletedAt}}
}

// PutPatient implements emergency.Tx. RecordVersion and RulesVersion are not written: PutRecord and PutRules move them.
func (t *tx) PutPatient(p emergency.Patient) error {
	_, err := t.t.exec(patientPut, p.ID, p.SealedName, int64(p.SeenSeq), millis(p.CreatedAt), millis(p.DeletedAt))
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
	var list []emergency.Patient
	err := r.t.many(patientsKept, []any{account}, func(rows *sql.Rows) error {
		var p emergency.Patient
		if err := rows.Scan(patientTargets(&p)...); err != nil {
			return err
		}
		list = append(list, p)
		return nil
	})
	return list, err
}

// PutKeeper implements emergency.Tx.
func (t *tx) PutKeeper(account emergency.AccountID, patient emergency.PatientID) error {
	_, err := t.t.exec(keeperPut, account, patient)
	return err
}

// Keeps implements emergency.Reader.
func (r reader) Keeps(account emergency.AccountID, patient emergency.PatientID) (bool, error) {
	var n int
	err := r.t.one(keeperIs, []any{account, patient}, &n)
	return n > 0, err
}

// Keepers implements emergency.Reader.
func (r reader) Keepers(patient emergency.PatientID) ([]emergency.AccountID, error) {
	var list []emergency.AccountID
	err := r.t.many(keepersOfOne, []any{patient}, func(rows *sql.Rows) error {
		var id emergency.AccountID
		if err := rows.Scan(&id); err != nil {
			return err
		}
		list = append(list, id)
		return nil
	})
	return list, err
}
