package storage

import "github.com/locket-health/locket/emergency"

var (
	sessionPut = portable(`INSERT INTO session (token, account, created_at, seen_at, expires_at, verified_at, limited)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (token) DO UPDATE SET account = excluded.account, created_at = excluded.created_at, seen_at = excluded.seen_at,
			expires_at = excluded.expires_at, verified_at = excluded.verified_at, limited = excluded.limited`)
	sessionDelete  = portable(`DELETE FROM session WHERE token = $1`)
	sessionsDelete = portable(`DELETE FROM session WHERE account = $1 AND token <> $2`)
	sessionsSwept  = portable(`DELETE FROM session WHERE expires_at < $1`)
	sessionByToken = portable(`SELECT token, account, created_at, seen_at, expires_at, verified_at, limited FROM session WHERE token = $1`)
)

// PutSession implements emergency.Tx.
func (t *tx) PutSession(s emergency.Session) error {
	_, err := t.t.exec(sessionPut, s.Token[:], s.Account, millis(s.CreatedAt), millis(s.SeenAt), millis(s.ExpiresAt),
		millis(s.VerifiedAt), flag(s.Limited))
	return err
}

// DeleteSession implements emergency.Tx.
func (t *tx) DeleteSession(session emergency.Token) error {
	return t.t.write(emergency.ErrNotFound, sessionDelete, session[:])
}

// DeleteSessions implements emergency.Tx.
func (t *tx) DeleteSessions(account emergency.AccountID, except emergency.Token) error {
	_, err := t.t.exec(sessionsDelete, account, except[:])
	return err
}

// Session implements emergency.Reader.
func (r reader) Session(session emergency.Token) (emergency.Session, error) {
	var s emergency.Session
	err := r.t.one(sessionByToken, []any{session[:]}, fixed(s.Token[:]), &s.Account, when{&s.CreatedAt}, when{&s.SeenAt},
		when{&s.ExpiresAt}, when{&s.VerifiedAt}, &s.Limited)
	return s, err
}
