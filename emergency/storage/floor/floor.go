// Package floor is the plainest durable store that the benchmarks can stand beside: rows that are read by their key, and rows that are
// appended, on SQLite with the settings of package storage, one writer that group-commits and several readers. It has no log, no tree, no
// checks and no seals; nothing that Locket keeps as safely can cost less.
package floor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver of every store of the house
)

const readers = 4

// ErrClosed is the answer of a closed store.
var ErrClosed = errors.New("floor: closed")

// Store is an open floor. It is safe for concurrent use.
type Store struct {
	writes, reads *sql.DB
	insert, read  *sql.Stmt
	group         *group[[]byte]
}

// Open makes an empty floor in a database file that is not there yet.
func Open(ctx context.Context, path string, batching Batching) (_ *Store, err error) {
	s := &Store{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if s.writes, err = pool(path, 1, "rwc", "immediate"); err != nil {
		return nil, err
	}
	if _, err = s.writes.ExecContext(ctx, `CREATE TABLE kept (id BLOB PRIMARY KEY, bytes BLOB) STRICT;
		CREATE TABLE appended (idx INTEGER PRIMARY KEY, bytes BLOB) STRICT`); err != nil {
		return nil, fmt.Errorf("floor: make the tables: %w", err)
	}
	if s.reads, err = pool(path, readers, "rw", "deferred"); err != nil {
		return nil, err
	}
	if s.insert, err = s.writes.PrepareContext(ctx, `INSERT INTO appended (bytes) VALUES (?)`); err != nil {
		return nil, fmt.Errorf("floor: prepare: %w", err)
	}
	if s.read, err = s.reads.PrepareContext(ctx, `SELECT bytes FROM kept WHERE id = ?`); err != nil {
		return nil, fmt.Errorf("floor: prepare: %w", err)
	}
	s.group = newGroup(batching, s.commit)
	return s, nil
}

// pool opens connections with the settings of package storage.
func pool(path string, size int, mode, lock string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	settings := url.Values{"mode": {mode}, "_txlock": {lock}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"}, "_busy_timeout": {"5000"},
		"_foreign_keys": {"on"}, "_secure_delete": {"on"}}
	name := url.URL{Scheme: "file", OmitHost: true, Path: full, RawQuery: settings.Encode()}
	db, err := sql.Open("sqlite3", name.String())
	if err != nil {
		return nil, fmt.Errorf("floor: open: %w", err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

// Keep stores rows under their keys, all in one commit.
func (s *Store) Keep(ctx context.Context, rows map[[16]byte][]byte) error {
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("floor: keep: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	for key, row := range rows {
		if _, err := tx.ExecContext(ctx, `INSERT INTO kept (id, bytes) VALUES (?, ?)`, key[:], row); err != nil {
			return fmt.Errorf("floor: keep: %w", err)
		}
	}
	return tx.Commit()
}

// Read returns the row under a key; the error wraps sql.ErrNoRows when there is none.
func (s *Store) Read(key [16]byte) ([]byte, error) {
	var row []byte
	if err := s.read.QueryRow(key[:]).Scan(&row); err != nil {
		return nil, fmt.Errorf("floor: read: %w", err)
	}
	return row, nil
}

// Append adds a row and returns when it is on the disk. Rows that wait at the same moment share a commit.
func (s *Store) Append(row []byte) error { return s.group.append(row) }

// Rows counts the appended rows.
func (s *Store) Rows(ctx context.Context) (n int64, err error) {
	err = s.reads.QueryRowContext(ctx, `SELECT count(*) FROM appended`).Scan(&n)
	return n, err
}

func (s *Store) commit(rows [][]byte) error {
	tx, err := s.writes.Begin()
	if err != nil {
		return fmt.Errorf("floor: append: %w", err)
	}
	insert := tx.Stmt(s.insert)
	for _, row := range rows {
		if _, err := insert.Exec(row); err != nil {
			return errors.Join(fmt.Errorf("floor: append: %w", err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("floor: append: %w", err)
	}
	return nil
}

// Close commits what waits and closes the database.
func (s *Store) Close() error {
	if s.group.close() {
		return nil
	}
	return s.release()
}

func (s *Store) release() error {
	var errs []error
	for _, statement := range []*sql.Stmt{s.insert, s.read} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	for _, db := range []*sql.DB{s.reads, s.writes} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
