package storage

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func TestBackupWhileWriting(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	const before = 300
	for n := range before {
		if err := open1(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	steps, during := 0, 0
	err := s.Backup(t.Context(), path, func(done, total int) {
		steps++
		if done < 1 || done > total {
			t.Errorf("progress: %d of %d pages", done, total)
		}
		// Writers go on in the middle of a backup, and do not get into it.
		if err := open1(t.Context(), s, before+during); err != nil {
			t.Errorf("a writer beside the backup: %v", err)
		}
		during++
	})
	if err != nil {
		t.Fatalf("Backup: %v", err)
	}
	if steps == 0 {
		t.Error("no progress was told")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup has mode %v, %v; want 0600", info.Mode(), err)
	}
	if beside, _ := filepath.Glob(path + "-*"); len(beside) > 0 {
		t.Errorf("the backup needs files beside it: %v", beside)
	}

	copied := openTest(t, Config{Path: path})
	if size := verifies(t, copied); size != before {
		t.Errorf("the backup has %d entries, want %d", size, before)
	}
	for n := range before {
		if !has(t, copied, n) {
			t.Errorf("opening %d is not in the backup", n)
		}
	}
	if has(t, copied, before) {
		t.Error("the backup holds what was written after it began")
	}
	if err := open1(t.Context(), copied, before+1000); err != nil {
		t.Errorf("the backup cannot be worked with: %v", err)
	}
	if size := verifies(t, s); size != int64(before+during) {
		t.Errorf("the log has %d entries, want %d", size, before+during)
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	s := openTest(t, Config{})
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("got %v, want os.ErrExist", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "precious" {
		t.Error("the file was overwritten")
	}
	if err := s.Backup(t.Context(), s.Path(), nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("onto itself: got %v, want os.ErrExist", err)
	}
}

func TestAbandonedBackupLeavesNothing(t *testing.T) {
	s := openTest(t, Config{})
	ctx, cancel := context.WithCancel(t.Context())
	path := filepath.Join(t.TempDir(), "backup.db")
	// Enough for more than one step.
	err := s.Update(t.Context(), func(tx emergency.Tx) error {
		return tx.PutPatient(emergency.Patient{ID: "patient", SealedName: make([]byte, 6<<20)})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Backup(ctx, path, func(int, int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	path := withCard(t)
	s := openTest(t, Config{Path: path})
	for n := range 50 {
		if err := open1(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, deep := range []bool{false, true} {
		sound := openTest(t, Config{Path: path, ReadOnly: true})
		if err := sound.Check(t.Context(), deep); err != nil {
			t.Errorf("sound, deep %v: %v", deep, err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range rootPages(t, path, "access_grant", "audit_entry", "subject_index") {
		copy(content[(page-1)*4096:], "damaged!")
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := openTest(t, Config{Path: path, ReadOnly: true})
	for _, deep := range []bool{false, true} {
		var found *DamageError
		if err := damaged.Check(t.Context(), deep); !errors.As(err, &found) || len(found.Found) == 0 {
			t.Errorf("damaged, deep %v: got %v, want a *DamageError", deep, err)
		}
	}
}

// rootPages returns the numbers of the pages at which tables and indexes begin. The first page is 1.
func rootPages(t *testing.T, path string, names ...string) []int {
	t.Helper()
	db, err := sql.Open("sqlite3", fileName(path, "mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages := make([]int, len(names))
	for i, name := range names {
		if err := db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = ?`, name).Scan(&pages[i]); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return pages
}
