package storage

import "github.com/locket-health/locket/emergency"

const keeperColumns = `keeper.account, keeper.patient, keeper.role, keeper.added_at, keeper.seen_seq`

var (
	keeperPut = portable(`INSERT INTO keeper (account, patient, role, added_at, seen_seq) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, patient) DO UPDATE SET role = excluded.role, added_at = excluded.added_at, seen_seq = excluded.seen_seq`)
	keeperDelete = portable(`DELETE FROM keeper WHERE account = $1 AND patient = $2`)
	keeperIs     = portable(`SELECT count(*) FROM keeper WHERE account = $1 AND patient = $2`)
	keeperOne    = portable(`SELECT ` + keeperColumns + ` FROM keeper WHERE account = $1 AND patient = $2`)
	keepersOfOne = portable(`SELECT ` + keeperColumns + ` FROM keeper JOIN account ON account.id = keeper.account
		WHERE keeper.patient = $1 AND account.deleted_at = 0 ORDER BY account.created_at, account.id`)
)

func keeperTargets(k *emergency.Keeper) []any {
	return []any{&k.Account, &k.Patient, &k.Role, when{&k.AddedAt}, &k.SeenSeq}
}

// PutKeeper implements emergency.Tx.
func (t *tx) PutKeeper(k emergency.Keeper) error {
	_, err := t.t.exec(keeperPut, k.Account, k.Patient, k.Role, millis(k.AddedAt), int64(k.SeenSeq))
	return err
}

// DeleteKeeper implements emergency.Tx.
func (t *tx) DeleteKeeper(account emergency.AccountID, patient emergency.PatientID) error {
	return t.t.write(emergency.ErrNotFound, keeperDelete, account, patient)
}

// Keeps implements emergency.Reader.
func (r reader) Keeps(account emergency.AccountID, patient emergency.PatientID) (bool, error) {
	var n int
	err := r.t.one(keeperIs, []any{account, patient}, &n)
	return n > 0, err
}

// Keeper implements emergency.Reader.
func (r reader) Keeper(account emergency.AccountID, patient emergency.PatientID) (emergency.Keeper, error) {
	var k emergency.Keeper
	err := r.t.one(keeperOne, []any{account, patient}, keeperTargets(&k)...)
	return k, err
}

// KeepersOf implements emergency.Reader.
func (r reader) KeepersOf(patient emergency.PatientID) ([]emergency.Keeper, error) {
	return all(r, keepersOfOne, keeperTargets, patient)
}

// Keepers implements emergency.Reader.
func (r reader) Keepers(patient emergency.PatientID) ([]emergency.AccountID, error) {
	keepers, err := r.KeepersOf(patient)
	var list []emergency.AccountID
	for _, k := range keepers {
		list = append(list, k.Account)
	}
	return list, err
}
