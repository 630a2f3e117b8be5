package storage

import (
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency/storage/storagetest"
)

func TestStore(t *testing.T) {
	storagetest.Test(t, func(t *testing.T) func(t *testing.T) storagetest.Store {
		path := filepath.Join(t.TempDir(), "locket.db")
		return func(t *testing.T) storagetest.Store {
			s, err := Open(t.Context(), Config{Path: path, Create: true, Sealer: audittest.Sealer()})
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			return s
		}
	})
}
