package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// backupStep is how many pages of 4 KiB are copied before progress is told and ctx is looked at.
const backupStep = 1024

// Backup writes a consistent copy of the database to a new file at path, mode 0600, while the store goes on reading and writing: it is the state
// at the moment of the call. When Backup returns nil the copy was checked and is on the disk. It refuses to overwrite a file, and leaves none
// behind when it fails. progress, which may be nil, is told how many of how many pages are copied.
//
// The copy is as secret as the database: sealed, without the keys, which are kept apart.
func (s *Store) Backup(ctx context.Context, path string, progress func(done, total int)) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("storage: begin a backup: %w", err)
	}
	defer func() {
		file.Close()
		if err != nil {
			os.Remove(path)
		}
	}()
	// One read transaction holds the snapshot from first page to last: writers go on, and never make the copy start again.
	err = s.read(ctx, func(t *transaction) error {
		if _, err := (logTx{t}).LogState(ctx); err != nil {
			return err
		}
		return t.conn.Raw(func(raw any) error {
			source, ok := raw.(*sqlite3.SQLiteConn)
			if !ok {
				return errors.New("storage: backup needs a connection of its own driver")
			}
			return copyPages(ctx, source, path, progress)
		})
	})
	if err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("storage: sync the backup: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// copyPages copies the database that source sees into the file at path, and checks the copy.
func copyPages(ctx context.Context, source *sqlite3.SQLiteConn, path string, progress func(done, total int)) error {
	opened, err := (&sqlite3.SQLiteDriver{}).Open(fileName(path, "mode=rw"))
	if err != nil {
		return fmt.Errorf("storage: open the backup: %w", err)
	}
	target := opened.(*sqlite3.SQLiteConn)
	defer target.Close()
	pages, err := target.Backup("main", source, "main")
	if err != nil {
		return fmt.Errorf("storage: begin a backup: %w", err)
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			pages.Close()
			return err
		}
		if done, err = pages.Step(backupStep); err != nil {
			pages.Close()
			return fmt.Errorf("storage: copy to the backup: %w", err)
		}
		if progress != nil {
			progress(pages.PageCount()-pages.Remaining(), pages.PageCount())
		}
	}
	if err := pages.Finish(); err != nil {
		return fmt.Errorf("storage: end the backup: %w", err)
	}
	// One file, without a write-ahead log beside it.
	if _, err := target.Exec("PRAGMA journal_mode=DELETE", nil); err != nil {
		return fmt.Errorf("storage: end the backup: %w", err)
	}
	found, err := pragma(target, "integrity_check(1)")
	if err != nil {
		return fmt.Errorf("storage: check the backup: %w", err)
	}
	if found != "ok" {
		return &DamageError{Found: []string{found}}
	}
	return nil
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("storage: sync the folder of the backup: %w", err)
	}
	return nil
}

// Check reads the whole database and answers a *DamageError when pages or rows are damaged. When deep it compares the indices with their
// tables too, which takes about three times as long (2 s a GB). It says nothing about the log, which audit verifies.
func (s *Store) Check(ctx context.Context, deep bool) error {
	query := portable(`PRAGMA quick_check(10)`)
	if deep {
		query = portable(`PRAGMA integrity_check(10)`)
	}
	var found []string
	err := s.read(ctx, func(t *transaction) error {
		err := t.many(query, nil, func(rows *sql.Rows) error {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			if line != "ok" {
				found = append(found, line)
			}
			return nil
		})
		if err != nil || !deep || len(found) > 0 {
			return err
		}
		found, err = misplaced(t)
		return err
	})
	var failed sqlite3.Error
	if errors.As(err, &failed) && (failed.Code == sqlite3.ErrCorrupt || failed.Code == sqlite3.ErrNotADB) {
		found, err = append(found, failed.Error()), nil
	}
	if err == nil && len(found) > 0 {
		err = &DamageError{Found: found}
	}
	return err
}
