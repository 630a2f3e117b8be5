package storage

import (
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const cardColumns = `card.id, card.patient, card.carrier, card.key_id, card.issued_at, card.expires_at, card.revoked_at, card.verifier,
	card.recipient, card.tag, card.sealed_address, card.sealed_label`

// decidingColumns are the latest rules and the record, empty where a patient has none yet.
const decidingColumns = `COALESCE(rules.patient, ''), COALESCE(rules.version, 0), rules.sealed, rules.sealed_approval, COALESCE(rules.approved_at, 0),
	COALESCE(record.patient, ''), COALESCE(record.version, 0), record.sealed, COALESCE(record.updated_at, 0)`

var (
	cardPut = portable(`INSERT INTO card (id, patient, carrier, key_id, issued_at, expires_at, revoked_at, verifier, recipient, tag,
			sealed_address, sealed_label)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET carrier = excluded.carrier, key_id = excluded.key_id, issued_at = excluded.issued_at,
			expires_at = excluded.expires_at, revoked_at = excluded.revoked_at, verifier = excluded.verifier,
			recipient = excluded.recipient, tag = excluded.tag, sealed_address = excluded.sealed_address,
			sealed_label = excluded.sealed_label
		WHERE card.patient = excluded.patient`)
	cardByID   = portable(`SELECT ` + cardColumns + ` FROM card WHERE card.id = $1`)
	cardOwner  = portable(`SELECT card.patient FROM card WHERE card.id = $1`)
	cardsOfOne = portable(`SELECT ` + cardColumns + ` FROM card WHERE card.patient = $1 ORDER BY card.issued_at, card.id`)

	// One statement, because it is on the way of every opening: four would take twice as long.
	openingOfCard = portable(`SELECT ` + cardColumns + `, ` + patientColumns + `, ` + decidingColumns + `
		FROM card
		JOIN patient ON patient.id = card.patient
		LEFT JOIN rules ON rules.patient = card.patient
			AND rules.version = (SELECT max(latest.version) FROM rules AS latest WHERE latest.patient = card.patient)
		LEFT JOIN record ON record.patient = card.patient
		WHERE card.id = $1`)
	openingOfPatient = portable(`SELECT ` + patientColumns + `, ` + decidingColumns + `
		FROM patient
		LEFT JOIN rules ON rules.patient = patient.id
			AND rules.version = (SELECT max(latest.version) FROM rules AS latest WHERE latest.patient = patient.id)
		LEFT JOIN record ON record.patient = patient.id
		WHERE patient.id = $1`)
)

func cardTargets(c *emergency.Card) []any {
	return []any{fixed(c.ID[:]), &c.Patient, &c.Carrier, fixed(c.Key[:]), when{&c.IssuedAt}, when{&c.ExpiresAt}, when{&c.RevokedAt},
		fixed(c.Verifier[:]), &c.Recipient, fixed(c.Tag[:]), &c.SealedAddress, &c.SealedLabel}
}

// decidingTargets are a patient and what decidingColumns hold.
func decidingTargets(o *emergency.Opening) []any {
	targets := append(patientTargets(&o.Patient), rulesTargets(&o.Rules)...)
	return append(targets, &o.Record.Patient, &o.Record.Version, &o.Record.Sealed, when{&o.Record.UpdatedAt})
}

// PutCard implements emergency.Tx. The id of another patient's card is ErrInvalid.
func (t *tx) PutCard(c emergency.Card) error {
	return t.t.write(emergency.ErrInvalid, cardPut, c.ID[:], c.Patient, c.Carrier, c.Key[:], millis(c.IssuedAt), millis(c.ExpiresAt),
		millis(c.RevokedAt), c.Verifier[:], c.Recipient, c.Tag[:], c.SealedAddress, c.SealedLabel)
}

// Card implements emergency.Reader.
func (r reader) Card(id cards.ID) (emergency.Card, error) {
	var c emergency.Card
	err := r.t.one(cardByID, []any{id[:]}, cardTargets(&c)...)
	return c, err
}

// PatientOf implements emergency.Reader.
func (r reader) PatientOf(id cards.ID) (emergency.PatientID, error) {
	var patient emergency.PatientID
	err := r.t.one(cardOwner, []any{id[:]}, &patient)
	return patient, err
}

// Cards implements emergency.Reader.
func (r reader) Cards(patient emergency.PatientID) ([]emergency.Card, error) {
	return all(r, cardsOfOne, cardTargets, patient)
}

// Opening implements emergency.Reader.
func (r reader) Opening(id cards.ID) (emergency.Opening, error) {
	var o emergency.Opening
	err := r.t.one(openingOfCard, []any{id[:]}, append(cardTargets(&o.Card), decidingTargets(&o)...)...)
	return o, err
}

// OpeningOf implements emergency.Reader.
func (r reader) OpeningOf(patient emergency.PatientID) (emergency.Opening, error) {
	var o emergency.Opening
	err := r.t.one(openingOfPatient, []any{patient}, decidingTargets(&o)...)
	return o, err
}
