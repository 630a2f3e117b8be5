package storage

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// logStore shows a Store to the suite of the audit log.
type logStore struct{ *Store }

func (s logStore) Update(ctx context.Context, fn func(audit.Tx) error) error {
	return s.update(ctx, func(t *tx) error { return fn(logTx{t.t}) })
}

func TestLogStore(t *testing.T) {
	audittest.TestStore(t, func(t *testing.T) audittest.Store { return logStore{openTest(t, Config{})} })
}

// openTest opens a new database that closes with the test.
func openTest(t testing.TB, config Config) *Store {
	t.Helper()
	if config.Path == "" {
		config.Path = filepath.Join(t.TempDir(), "data", "locket.db")
		config.Create = true
	}
	if config.Sealer == nil && !config.ReadOnly {
		config.Sealer = audittest.Sealer()
	}
	s, err := Open(t.Context(), config)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// Hashes are read end to end: bytes that went over from one row to the next must not pass for whole ones.
func TestAHashOfAnotherLengthIsRefused(t *testing.T) {
	s := openTest(t, Config{})
	audittest.Add(t, logStore{s}, audittest.Events(0, 4)...)
	if hashes, err := s.Hashes(t.Context(), []int64{0, 1, 2, 5}); err != nil || len(hashes) != 4 {
		t.Fatalf("whole ones: %d, %v", len(hashes), err)
	}
	if _, err := s.Hashes(t.Context(), []int64{5, 6, 7}); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("one of three that is not there: %v", err)
	}
	if _, err := s.Hashes(t.Context(), []int64{2, 9}); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	execute(t, s.Path(), `DROP TRIGGER tlog_hash_fixed; PRAGMA ignore_check_constraints = on;
		UPDATE tlog_hash SET h = CAST(h || (SELECT substr(h, 1, 1) FROM tlog_hash WHERE id = 2) AS BLOB) WHERE id = 1;
		UPDATE tlog_hash SET h = substr(h, 2) WHERE id = 2`)
	if hashes, err := s.Hashes(t.Context(), []int64{0, 1, 2, 3}); err == nil {
		t.Errorf("got %d", len(hashes))
	}
}
