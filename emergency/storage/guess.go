package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

var (
	// A window is as long as the one that the guess is counted in, and begins with its first guess.
	guessCount = portable(`INSERT INTO guess (finder, tries, began_at, ends_at) VALUES ($1, 1, $2, $3)
		ON CONFLICT (finder) DO UPDATE SET
			tries    = CASE WHEN guess.began_at >= $4 THEN guess.tries + 1 ELSE 1 END,
			began_at = CASE WHEN guess.began_at >= $5 THEN guess.began_at ELSE excluded.began_at END,
			ends_at  = CASE WHEN guess.began_at >= $6 THEN guess.ends_at ELSE excluded.ends_at END
		RETURNING tries`)
	guessForgive = portable(`UPDATE guess SET tries = tries - 1 WHERE finder = $1 AND tries > 0`)
	guessesSwept = portable(`DELETE FROM guess WHERE ends_at < $1`)
)

// CountGuess implements emergency.Tx.
func (t *tx) CountGuess(key emergency.Token, now, since time.Time) (int, error) {
	var tries int
	ends := now.Add(now.Sub(since))
	err := t.t.one(guessCount, []any{key[:], millis(now), millis(ends), millis(since), millis(since), millis(since)}, &tries)
	return tries, err
}

// ForgiveGuess implements emergency.Tx. A guess that is not counted any more is no error.
func (t *tx) ForgiveGuess(key emergency.Token) error {
	_, err := t.t.exec(guessForgive, key[:])
	return err
}
