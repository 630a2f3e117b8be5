package storage

import "github.com/locket-health/locket/emergency"

const accountColumns = `id, sealed_profile, created_at, deleted_at, recovery, recovery_at, lang, cooling_until`

var (
	accountPut = portable(`INSERT INTO account (` + accountColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET sealed_profile = excluded.sealed_profile, created_at = excluded.created_at,
			deleted_at = excluded.deleted_at, recovery = excluded.recovery, recovery_at = excluded.recovery_at, lang = excluded.lang,
			cooling_until = excluded.cooling_until`)
	accountByID       = portable(`SELECT ` + accountColumns + ` FROM account WHERE id = $1`)
	accountByRecovery = portable(`SELECT ` + accountColumns + ` FROM account WHERE recovery = $1 AND deleted_at = 0`)
)

// PutAccount implements emergency.Tx.
func (t *tx) PutAccount(a emergency.Account) error {
	_, err := t.t.exec(accountPut, a.ID, a.SealedProfile, millis(a.CreatedAt), millis(a.DeletedAt), token(a.Recovery), millis(a.RecoveryAt), a.Lang, millis(a.CoolingUntil))
	return err
}

func accountTargets(a *emergency.Account) []any {
	return []any{&a.ID, &a.SealedProfile, when{&a.CreatedAt}, when{&a.DeletedAt}, fixed(a.Recovery[:]), when{&a.RecoveryAt}, &a.Lang, when{&a.CoolingUntil}}
}

// Account implements emergency.Reader.
func (r reader) Account(id emergency.AccountID) (emergency.Account, error) {
	var a emergency.Account
	err := r.t.one(accountByID, []any{id}, accountTargets(&a)...)
	return a, err
}

// AccountByRecovery implements emergency.Reader. No recovery code is kept as NULL, which nothing finds.
func (r reader) AccountByRecovery(code emergency.Token) (emergency.Account, error) {
	var a emergency.Account
	err := r.t.one(accountByRecovery, []any{code[:]}, accountTargets(&a)...)
	return a, err
}
