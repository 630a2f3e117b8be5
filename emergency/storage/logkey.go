package storage

import (
	"context"
	"database/sql"
	"time"

	"github.com/locket-health/locket/audit"
)

var (
	logKeys   = portable(`SELECT epoch, vkey, added_at, retired_at FROM log_key ORDER BY epoch, added_at, vkey`)
	logKeyPut = portable(`INSERT INTO log_key (epoch, vkey, added_at, retired_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (epoch, vkey) DO UPDATE SET retired_at = excluded.retired_at`)
)

// LogKey is a public key that signs, or has signed, checkpoints of an epoch of the log.
type LogKey struct {
	Epoch   int
	VKey    string
	Added   time.Time
	Retired time.Time // zero while it signs
}

// LogKeys returns all of them, those of an epoch in the order in which they were added.
func (s *Store) LogKeys(ctx context.Context) (keys []LogKey, err error) {
	err = s.read(ctx, func(t *transaction) error {
		return t.many(logKeys, nil, func(rows *sql.Rows) error {
			var key LogKey
			err := rows.Scan(&key.Epoch, &key.VKey, when{&key.Added}, when{&key.Retired})
			keys = append(keys, key)
			return err
		})
	})
	return keys, err
}

// PutLogKey adds a key, or retires one, and appends the events that say so in the same transaction.
func (s *Store) PutLogKey(ctx context.Context, key LogKey, events ...audit.Event) error {
	return s.update(ctx, func(t *tx) error {
		for _, event := range events {
			t.Append(event)
		}
		return t.putLogKey(key)
	})
}

func (t *tx) putLogKey(key LogKey) error {
	_, err := t.t.exec(logKeyPut, key.Epoch, key.VKey, millis(key.Added), millis(key.Retired))
	return err
}

// BeginEpoch ends the present epoch of the log and begins the one that the statement is about, with the statement as its first entry, in one transaction. It
// answers audit.ErrConflict when the log has moved since the statement was signed, and audit.ErrRecovery for one that is incomplete.
func (s *Store) BeginEpoch(ctx context.Context, statement audit.Recovery) error {
	return s.update(ctx, func(t *tx) error {
		if err := audit.BeginEpoch(ctx, logTx{t.t}, statement); err != nil {
			return err
		}
		t.Append(statement.Event())
		return t.putLogKey(LogKey{Epoch: statement.Epoch, VKey: statement.VKey, Added: statement.At})
	})
}
