package storage

import (
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

const grantColumns = `id, token, card, patient, step, sections, begins_at, until_at, ended_at, contact, organization, member, drill,
	sealed_stated`

// grantPicked is asked for only where it is given: 0 picks all.
const grantPicked = `begins_at >= $1 AND ($2 = 0 OR begins_at < $3) AND ($4 = 0 OR organization = '' AND contact = '')`

var (
	grantAdd = portable(`INSERT INTO access_grant (` + grantColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		ON CONFLICT (id) DO NOTHING`)
	grantRemove = portable(`DELETE FROM access_grant WHERE id = $1`)
	grantChange = portable(`UPDATE access_grant SET token = $1, step = $2, sections = $3, begins_at = $4, until_at = $5, ended_at = $6, sealed_stated = $7
		WHERE id = $8 AND COALESCE(card, x'') = COALESCE($9, x'') AND patient = $10`)
	grantByToken  = portable(`SELECT ` + grantColumns + ` FROM access_grant WHERE token = $1`)
	grantByID     = portable(`SELECT ` + grantColumns + ` FROM access_grant WHERE id = $1`)
	grantsAll     = portable(`SELECT ` + grantColumns + ` FROM access_grant WHERE ` + grantPicked + ` ORDER BY begins_at DESC, id LIMIT $5`)
	grantsOfHouse = portable(`SELECT ` + grantColumns + ` FROM access_grant
		WHERE ` + grantPicked + ` AND organization = $5 AND organization <> '' AND ($6 = '' OR member = $7) ORDER BY begins_at DESC, id LIMIT $8`)
	grantsOfPatient = portable(`SELECT ` + grantColumns + ` FROM patient_grant
		WHERE ` + grantPicked + ` AND ($5 = '' OR organization = $6) AND patient = $7 ORDER BY begins_at DESC, id LIMIT $8`)
	grantsForget    = portable(`UPDATE access_grant SET sealed_stated = NULL WHERE number IN (SELECT number FROM patient_grant WHERE patient = $1)`)
	grantsEndPerson = portable(`UPDATE access_grant SET ended_at = $1
		WHERE number IN (SELECT number FROM patient_grant WHERE patient = $2 AND until_at > $3 AND ended_at = 0)`)
	grantsEndCard = portable(`UPDATE access_grant SET ended_at = $1
		WHERE number IN (SELECT number FROM patient_grant
			WHERE patient = (SELECT patient FROM card WHERE id = $2) AND until_at > $3 AND ended_at = 0 AND card = $4 AND ($5 = '' OR step = $6))`)
)

// PutGrant implements emergency.Tx. The id of a grant of another card is ErrInvalid, the token of another grant ErrConflict. That its patient and card are there
// whoever opened them has read; to look for them again would cost as much as all else that is written of an opening, and Check does.
func (t *tx) PutGrant(g emergency.Grant) error {
	card := cardOrNone(g.Card)
	added, err := t.t.add(grantRemove, []any{g.ID}, grantAdd, g.ID, g.Token[:], card, g.Patient, g.Step, int64(g.Sections),
		millis(g.From), millis(g.Until), millis(g.EndedAt), g.Contact, g.Organization, g.Member, flag(g.Drill), g.SealedStated)
	if err != nil || added {
		return err
	}
	return t.t.write(emergency.ErrInvalid, grantChange, g.Token[:], g.Step, int64(g.Sections), millis(g.From), millis(g.Until), millis(g.EndedAt), g.SealedStated,
		g.ID, card, g.Patient)
}

// EndGrants implements emergency.Tx. Grants that have ended already keep their end.
func (t *tx) EndGrants(patient emergency.PatientID, at time.Time) error {
	_, err := t.t.exec(grantsEndPerson, millis(at), patient, millis(at))
	return err
}

// EndCardGrants implements emergency.Tx.
func (t *tx) EndCardGrants(card cards.ID, step string, at time.Time) error {
	_, err := t.t.exec(grantsEndCard, millis(at), card[:], millis(at), card[:], step, step)
	return err
}

func grantTargets(g *emergency.Grant) []any {
	return []any{&g.ID, fixed(g.Token[:]), fixed(g.Card[:]), &g.Patient, &g.Step, &g.Sections, when{&g.From}, when{&g.Until}, when{&g.EndedAt},
		&g.Contact, &g.Organization, &g.Member, &g.Drill, &g.SealedStated}
}

// Grant implements emergency.Reader.
func (r reader) Grant(grant emergency.Token) (emergency.Grant, error) {
	var g emergency.Grant
	err := r.t.one(grantByToken, []any{grant[:]}, grantTargets(&g)...)
	return g, err
}

// GrantByID implements emergency.Reader.
func (r reader) GrantByID(id emergency.GrantID) (emergency.Grant, error) {
	var g emergency.Grant
	err := r.t.one(grantByID, []any{id}, grantTargets(&g)...)
	return g, err
}

// Grants implements emergency.Reader.
func (r reader) Grants(f emergency.GrantFilter) ([]emergency.Grant, error) {
	picked := []any{millis(f.Since), millis(f.Until), millis(f.Until), flag(f.Unbadged)}
	switch {
	case f.Patient != "":
		return all(r, grantsOfPatient, grantTargets, append(picked, f.Organization, f.Organization, f.Patient, atMost(f.Limit))...)
	case f.Organization != "":
		return all(r, grantsOfHouse, grantTargets, append(picked, f.Organization, f.Member, f.Member, atMost(f.Limit))...)
	default:
		return all(r, grantsAll, grantTargets, append(picked, atMost(f.Limit))...)
	}
}
