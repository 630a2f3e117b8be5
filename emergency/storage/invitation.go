package storage

import "github.com/locket-health/locket/emergency"

const invitationColumns = `token, purpose, target, by_account, sealed, created_at, expires_at`

var (
	invitationPut = portable(`INSERT INTO invitation (` + invitationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (token) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`)
	invitationTake    = portable(`DELETE FROM invitation WHERE token = $1 RETURNING ` + invitationColumns)
	invitationByToken = portable(`SELECT ` + invitationColumns + ` FROM invitation WHERE token = $1`)
	invitationsFor    = portable(`SELECT ` + invitationColumns + ` FROM invitation WHERE target = $1 AND purpose = $2 ORDER BY created_at, token`)
	invitationsDelete = portable(`DELETE FROM invitation WHERE target = $1 AND purpose = $2`)
	// Those to whom a patient's record was offered, and those of the patient's contacts.
	invitationsForget        = portable(`DELETE FROM invitation WHERE target = $1`)
	invitationsForgetContact = portable(`DELETE FROM invitation WHERE target IN (SELECT id FROM contact WHERE patient = $1)`)
	invitationsSwept         = portable(`DELETE FROM invitation WHERE expires_at < $1`)
)

func invitationTargets(i *emergency.Invitation) []any {
	return []any{fixed(i.Token[:]), &i.Purpose, &i.Target, &i.By, &i.Sealed, when{&i.CreatedAt}, when{&i.ExpiresAt}}
}

// PutInvitation implements emergency.Tx.
func (t *tx) PutInvitation(i emergency.Invitation) error {
	_, err := t.t.exec(invitationPut, i.Token[:], i.Purpose, i.Target, i.By, i.Sealed, millis(i.CreatedAt), millis(i.ExpiresAt))
	return err
}

// TakeInvitation implements emergency.Tx.
func (t *tx) TakeInvitation(token emergency.Token) (emergency.Invitation, error) {
	var i emergency.Invitation
	err := t.t.one(invitationTake, []any{token[:]}, invitationTargets(&i)...)
	return i, err
}

// DeleteInvitations implements emergency.Tx.
func (t *tx) DeleteInvitations(purpose, target string) error {
	_, err := t.t.exec(invitationsDelete, target, purpose)
	return err
}

// Invitation implements emergency.Reader.
func (r reader) Invitation(token emergency.Token) (emergency.Invitation, error) {
	var i emergency.Invitation
	err := r.t.one(invitationByToken, []any{token[:]}, invitationTargets(&i)...)
	return i, err
}

// Invitations implements emergency.Reader.
func (r reader) Invitations(purpose, target string) ([]emergency.Invitation, error) {
	return all(r, invitationsFor, invitationTargets, target, purpose)
}
