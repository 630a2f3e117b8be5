package storage

import "github.com/locket-health/locket/emergency"

var (
	documentPut = portable(`INSERT INTO document (id, patient, created_at, sealed_info, sealed) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, sealed_info = excluded.sealed_info, sealed = excluded.sealed
		WHERE document.patient = excluded.patient`)
	documentOne     = portable(`SELECT id, patient, created_at, sealed_info, sealed FROM document WHERE patient = $1 AND id = $2`)
	documentsOfOne  = portable(`SELECT id, patient, created_at, sealed_info FROM document WHERE patient = $1 ORDER BY created_at, id`)
	documentsDelete = portable(`DELETE FROM document WHERE patient = $1`)
)

// PutDocument implements emergency.Tx. The id of another patient's document is ErrInvalid.
func (t *tx) PutDocument(d emergency.Document) error {
	return t.t.write(emergency.ErrInvalid, documentPut, d.ID, d.Patient, millis(d.CreatedAt), d.SealedInfo, d.Sealed)
}

// Document implements emergency.Reader.
func (r reader) Document(patient emergency.PatientID, id emergency.DocumentID) (emergency.Document, error) {
	var d emergency.Document
	err := r.t.one(documentOne, []any{patient, id}, &d.ID, &d.Patient, when{&d.CreatedAt}, &d.SealedInfo, &d.Sealed)
	return d, err
}

// Documents implements emergency.Reader.
func (r reader) Documents(patient emergency.PatientID) ([]emergency.Document, error) {
	return all(r, documentsOfOne, func(d *emergency.Document) []any {
		return []any{&d.ID, &d.Patient, when{&d.CreatedAt}, &d.SealedInfo}
	}, patient)
}
