package storage

import "github.com/locket-health/locket/emergency"

const passkeyColumns = `id, account, sealed_record, sealed_label, created_at, used_at, cloned`

var (
	passkeyPut = portable(`INSERT INTO passkey (` + passkeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET sealed_record = excluded.sealed_record, sealed_label = excluded.sealed_label,
			created_at = excluded.created_at, used_at = excluded.used_at, cloned = excluded.cloned
		WHERE passkey.account = excluded.account`)
	passkeyDelete    = portable(`DELETE FROM passkey WHERE account = $1 AND id = $2`)
	passkeyByID      = portable(`SELECT ` + passkeyColumns + ` FROM passkey WHERE id = $1`)
	passkeysOfPerson = portable(`SELECT ` + passkeyColumns + ` FROM passkey WHERE account = $1 ORDER BY created_at, id`)
)

func passkeyTargets(p *emergency.Passkey) []any {
	return []any{&p.ID, &p.Account, &p.SealedRecord, &p.SealedLabel, when{&p.CreatedAt}, when{&p.UsedAt}, &p.Cloned}
}

// PutPasskey implements emergency.Tx.
func (t *tx) PutPasskey(p emergency.Passkey) error {
	return t.t.write(emergency.ErrInvalid, passkeyPut, p.ID, p.Account, p.SealedRecord, p.SealedLabel,
		millis(p.CreatedAt), millis(p.UsedAt), flag(p.Cloned))
}

// DeletePasskey implements emergency.Tx. A passkey of somebody else is ErrNotFound.
func (t *tx) DeletePasskey(account emergency.AccountID, credential []byte) error {
	return t.t.write(emergency.ErrNotFound, passkeyDelete, account, credential)
}

// Passkey implements emergency.Reader.
func (r reader) Passkey(credential []byte) (emergency.Passkey, error) {
	var p emergency.Passkey
	err := r.t.one(passkeyByID, []any{credential}, passkeyTargets(&p)...)
	return p, err
}

// Passkeys implements emergency.Reader.
func (r reader) Passkeys(account emergency.AccountID) ([]emergency.Passkey, error) {
	return all(r, passkeysOfPerson, passkeyTargets, account)
}
