package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/locket-health/locket/emergency"
)

var (
	entryErase   = portable(`UPDATE audit_entry SET sealed = NULL, erased_at = $1 WHERE idx = $2 AND sealed IS NOT NULL AND erased_at = 0`)
	statedForget = portable(`UPDATE access_grant SET sealed_stated = NULL WHERE id = $1`)
	minimumRaise = portable(`UPDATE log_state SET minimum = $1 WHERE one = 1 AND minimum <= $2`)

	// The last entry of a subject stays, whatever became of it: the next one is chained to it.
	entriesPrune = portable(`DELETE FROM audit_entry WHERE idx >= $1 AND idx < $2 AND idx < (SELECT minimum FROM log_state WHERE one = 1)
		AND sealed IS NULL AND erased_at <> 0
		AND (subject IS NULL OR EXISTS (SELECT 1 FROM subject_index l WHERE l.subject = audit_entry.subject AND l.seq > audit_entry.seq))`)
)

// EraseEntry implements emergency.Tx.
func (t *tx) EraseEntry(row int64, at time.Time) error {
	return t.t.write(emergency.ErrConflict, entryErase, millis(at), row)
}

// ForgetStated implements emergency.Tx.
func (t *tx) ForgetStated(grant emergency.GrantID) error {
	_, err := t.t.exec(statedForget, grant)
	return err
}

// RaiseMinimum implements emergency.Tx.
func (t *tx) RaiseMinimum(row int64) error {
	return t.t.write(emergency.ErrConflict, minimumRaise, row, row)
}

// PruneEntries implements emergency.Tx.
func (t *tx) PruneEntries(from, to int64) (int, error) {
	if err := t.t.lag.index(t.t, t.t.lag.entries.lag(), 0); err != nil {
		return 0, err
	}
	n, err := t.t.exec(entriesPrune, from, to)
	return int(n), err
}

// A checkpoint of the write-ahead log waits for readers while writers wait for it, so it is given up soon and tried again.
const (
	scrubWait  = 50 // milliseconds
	scrubTries = 40 // with a pause between them
	scrubPause = 250 * time.Millisecond
)

// errScrub says that readers have kept the write-ahead log in use.
var errScrub = errors.New("storage: the write-ahead log is in use, as by a backup")

// Scrub implements emergency.Store: SQLite overwrites in the database what is deleted there (secure_delete), and the write-ahead log, which still holds
// how pages were before, is cut to nothing. What a file system or a disk keeps of overwritten blocks is beyond it.
func (s *Store) Scrub(ctx context.Context) error {
	if s.writer == nil {
		return refuse(emergency.ErrLogUnavailable, errReadOnly)
	}
	base := connector{path: s.path, mode: writing}
	opened, err := base.Connect(ctx)
	if err != nil {
		return err
	}
	conn := opened.(*sqlite3.SQLiteConn)
	defer conn.Close()
	if _, err := conn.Exec(fmt.Sprintf("PRAGMA busy_timeout=%d", scrubWait), nil); err != nil {
		return fmt.Errorf("storage: set up the connection: %w", err)
	}
	for range scrubTries {
		done, err := checkpoint(conn, "TRUNCATE")
		if err != nil || !done.busy {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(errScrub, ctx.Err())
		case <-time.After(scrubPause):
		}
	}
	return errScrub
}
