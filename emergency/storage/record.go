package storage

import "github.com/locket-health/locket/emergency"

var (
	recordBegin  = portable(`INSERT INTO record (patient, version, sealed, updated_at) VALUES ($1, $2, $3, $4)`)
	recordGrow   = portable(`UPDATE record SET version = $1, sealed = $2, updated_at = $3 WHERE patient = $4 AND version = $5`)
	recordReseal = portable(`UPDATE record SET sealed = $1, updated_at = $2 WHERE patient = $3 AND version = $4`)
	recordOfOne  = portable(`SELECT patient, version, sealed, updated_at FROM record WHERE patient = $1`)
	recordDelete = portable(`DELETE FROM record WHERE patient = $1`)
)

// PutRecord implements emergency.Tx.
func (t *tx) PutRecord(r emergency.SealedRecord) error {
	if r.Version == 1 {
		_, err := t.t.exec(recordBegin, r.Patient, r.Version, r.Sealed, millis(r.UpdatedAt))
		return err
	}
	return t.t.write(emergency.ErrConflict, recordGrow, r.Version, r.Sealed, millis(r.UpdatedAt), r.Patient, r.Version-1)
}

// ReplaceSealing implements emergency.Tx.
func (t *tx) ReplaceSealing(r emergency.SealedRecord) error {
	return t.t.write(emergency.ErrConflict, recordReseal, r.Sealed, millis(r.UpdatedAt), r.Patient, r.Version)
}

// DeleteRecord implements emergency.Tx. A patient without a record is no error.
func (t *tx) DeleteRecord(patient emergency.PatientID) error {
	for _, query := range []statement{recordDelete, documentsDelete, rulesDelete, pendingDelete, requestsDelete, invitationsForget, invitationsForgetContact,
		contactsForget, noticesForget, messagesForget, reviewsForget, grantsForget, handoversForget} {
		if _, err := t.t.exec(query, patient); err != nil {
			return err
		}
	}
	return nil
}

// Record implements emergency.Reader.
func (r reader) Record(patient emergency.PatientID) (emergency.SealedRecord, error) {
	var s emergency.SealedRecord
	err := r.t.one(recordOfOne, []any{patient}, &s.Patient, &s.Version, &s.Sealed, when{&s.UpdatedAt})
	return s, err
}
