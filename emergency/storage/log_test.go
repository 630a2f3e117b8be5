package storage

import (
	"context"
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
