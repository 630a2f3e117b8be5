package storage

import "github.com/locket-health/locket/emergency"

var (
	ceremonyPut = portable(`INSERT INTO ceremony (token, purpose, account, session, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (token) DO UPDATE SET purpose = excluded.purpose, account = excluded.account, session = excluded.session,
			sealed = excluded.sealed, expires_at = excluded.expires_at`)
	ceremonyTake = portable(`DELETE FROM ceremony WHERE token = $1
		RETURNING token, purpose, account, session, sealed, expires_at`)
	ceremonyByToken  = portable(`SELECT token, purpose, account, session, sealed, expires_at FROM ceremony WHERE token = $1`)
	ceremoniesOfOne  = portable(`DELETE FROM ceremony WHERE account = $1`)
	ceremoniesOfKind = portable(`DELETE FROM ceremony WHERE account = $1 AND purpose = $2`)
	ceremoniesSwept  = portable(`DELETE FROM ceremony WHERE expires_at < $1`)
)

// PutCeremony implements emergency.Tx.
func (t *tx) PutCeremony(c emergency.Ceremony) error {
	_, err := t.t.exec(ceremonyPut, c.Token[:], c.Purpose, c.Account, token(c.Session), c.Sealed, millis(c.ExpiresAt))
	return err
}

// TakeCeremony implements emergency.Tx.
func (t *tx) TakeCeremony(ceremony emergency.Token) (emergency.Ceremony, error) {
	var c emergency.Ceremony
	err := t.t.one(ceremonyTake, []any{ceremony[:]}, fixed(c.Token[:]), &c.Purpose, &c.Account, fixed(c.Session[:]), &c.Sealed, when{&c.ExpiresAt})
	return c, err
}

// Ceremony implements emergency.Reader.
func (r reader) Ceremony(ceremony emergency.Token) (emergency.Ceremony, error) {
	var c emergency.Ceremony
	err := r.t.one(ceremonyByToken, []any{ceremony[:]}, fixed(c.Token[:]), &c.Purpose, &c.Account, fixed(c.Session[:]), &c.Sealed, when{&c.ExpiresAt})
	return c, err
}

// DeleteCeremonies implements emergency.Tx.
func (t *tx) DeleteCeremonies(account emergency.AccountID, purpose string) error {
	if purpose == "" {
		_, err := t.t.exec(ceremoniesOfOne, account)
		return err
	}
	_, err := t.t.exec(ceremoniesOfKind, account, purpose)
	return err
}
