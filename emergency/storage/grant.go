package storage

import (
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const grantColumns = `id, token, card, patient, step, sections, begins_at, until_at, ended_at`

var (
	grantPut = portable(`INSERT INTO access_grant (` + grantColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET token = excluded.token, step = excluded.step, sections = excluded.sections,
			begins_at = excluded.begins_at, until_at = excluded.until_at, ended_at = excluded.ended_at
		WHERE access_grant.card = excluded.card AND access_grant.patient = excluded.patient`)
	grantByToken    = portable(`SELECT ` + grantColumns + ` FROM access_grant WHERE token = $1`)
	grantsEndPerson = portable(`UPDATE access_grant SET ended_at = $1 WHERE patient = $2 AND until_at > $3 AND ended_at = 0`)
	grantsEndCard   = portable(`UPDATE access_grant SET ended_at = $1 WHERE card = $2 AND until_at > $3 AND ended_at = 0`)
	grantsEndStep   = portable(`UPDATE access_grant SET ended_at = $1 WHERE card = $2 AND until_at > $3 AND ended_at = 0 AND step = $4`)
)

// PutGrant implements emergency.Tx. The id of a grant of another card is ErrInvalid, the token of another grant ErrConflict.
func (t *tx) PutGrant(g emergency.Grant) error {
	return t.t.write(emergency.ErrInvalid, grantPut, g.ID, g.Token[:], g.Card[:], g.Patient, g.Step, int64(g.Sections),
		millis(g.From), millis(g.Until), millis(g.EndedAt))
}

// EndGrants implements emergency.Tx. Grants that have ended already keep their end.
func (t *tx) EndGrants(patient emergency.PatientID, at time.Time) error {
	_, err := t.t.exec(grantsEndPerson, millis(at), patient, millis(at))
	return err
}

// EndCardGrants implements emergency.Tx.
func (t *tx) EndCardGrants(card cards.ID, step string, at time.Time) error {
	if step != "" {
		_, err := t.t.exec(grantsEndStep, millis(at), card[:], millis(at), step)
		return err
	}
	_, err := t.t.exec(grantsEndCard, millis(at), card[:], millis(at))
	return err
}

// Grant implements emergency.Reader.
func (r reader) Grant(grant emergency.Token) (emergency.Grant, error) {
	var g emergency.Grant
	err := r.t.one(grantByToken, []any{grant[:]}, &g.ID, fixed(g.Token[:]), fixed(g.Card[:]), &g.Patient, &g.Step, &g.Sections,
		when{&g.From}, when{&g.Until}, when{&g.EndedAt})
	return g, err
}
