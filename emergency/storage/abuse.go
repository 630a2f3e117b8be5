package storage

import (
	"time"

	"github.com/locket-health/locket/emergency"
)

const (
	// talliesKept is how long it is remembered how often was guessed from where.
	talliesKept = 2 * 24 * time.Hour
	// talliesAtOnce bounds how many networks are counted by themselves in one window: nobody can grow the database by guessing from everywhere at once.
	talliesAtOnce = 300
)

var (
	tallyAdd = portable(`UPDATE guess_tally SET tries = CASE WHEN tries + $1 < 0 THEN 0 ELSE tries + $2 END WHERE began_at = $3 AND kind = $4 AND network = $5`)
	tallyNew = portable(`INSERT INTO guess_tally (began_at, kind, network, sealed, tries) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (began_at, kind, network) DO UPDATE SET tries = guess_tally.tries + excluded.tries`)
	tallyRows    = portable(`SELECT count(*) FROM guess_tally WHERE began_at = $1`)
	guessTallies = portable(`SELECT kind, began_at, network, sealed, tries FROM guess_tally WHERE began_at >= $1 ORDER BY tries DESC, began_at, kind, network LIMIT $2`)
	talliesSwept = portable(`DELETE FROM guess_tally WHERE began_at < $1`)

	// Days are those of UTC. What was opened in a drill says nothing about anybody's habits. The length is asked for so that the time picks the rows.
	grantTallies = portable(`SELECT organization, member, begins_at / 86400000 * 86400000 AS day, count(*), count(DISTINCT patient) FROM access_grant
		WHERE begins_at >= $1 AND length(organization) > 0 AND drill = 0 GROUP BY organization, member, day ORDER BY organization, member, day`)
)

// TallyGuess implements emergency.Tx.
func (t *tx) TallyGuess(g emergency.GuessTally) error {
	began := millis(g.Began)
	changed, err := t.t.exec(tallyAdd, g.Tries, g.Tries, began, g.Kind, g.Network[:])
	if err != nil || changed > 0 || g.Tries <= 0 {
		return err
	}
	var rows int
	if err := t.t.one(tallyRows, []any{began}, &rows); err != nil {
		return err
	}
	if rows >= talliesAtOnce {
		g.Network, g.Sealed = emergency.Token{}, nil
	}
	_, err = t.t.exec(tallyNew, began, g.Kind, g.Network[:], g.Sealed, g.Tries)
	return err
}

// GuessTallies implements emergency.Reader.
func (r reader) GuessTallies(since time.Time, limit int) ([]emergency.GuessTally, error) {
	return all(r, guessTallies, func(g *emergency.GuessTally) []any {
		return []any{&g.Kind, when{&g.Began}, fixed(g.Network[:]), &g.Sealed, &g.Tries}
	}, millis(since), atMost(limit))
}

// GrantTallies implements emergency.Reader.
func (r reader) GrantTallies(since time.Time) ([]emergency.GrantTally, error) {
	return all(r, grantTallies, func(g *emergency.GrantTally) []any {
		return []any{&g.Organization, &g.Member, when{&g.Day}, &g.Openings, &g.Patients}
	}, millis(since))
}
