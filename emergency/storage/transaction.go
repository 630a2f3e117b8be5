package storage

import (
	"context"
	"database/sql"
	"errors"

	"github.com/locket-health/locket/emergency"
)

var (
	errEnded  = errors.New("storage: used after its transaction ended")
	errColumn = errors.New("storage: a column holds what it cannot")
)

// transaction is one open transaction on one connection. It is used by one goroutine at a time.
type transaction struct {
	conn *sql.Conn
	err  error // sticky: no statement runs after one that may have ended the transaction

	lag      *lag                 // of the writer; nil for readers
	undo     undo                 // of the change under way
	prepared map[string]*sql.Stmt // of control, for what runs so often that parsing it each time counts
}

// uncancelled is the context of every statement: a cancelled caller must not interrupt a transaction that others share, and a context that
// cannot be cancelled spares the driver a goroutine a statement.
func uncancelled() context.Context { return context.Background() }

// control runs BEGIN, SAVEPOINT and the like.
func (t *transaction) control(command string) error {
	if t.err != nil {
		return t.err
	}
	var err error
	if statement := t.prepared[command]; statement != nil {
		_, err = statement.ExecContext(uncancelled())
	} else {
		_, err = t.conn.ExecContext(uncancelled(), command)
	}
	t.err = err
	return err
}

// exec runs a statement and returns how many rows it changed.
func (t *transaction) exec(query statement, args ...any) (int64, error) {
	t.guard()
	return t.run(query, args...)
}

func (t *transaction) run(query statement, args ...any) (int64, error) {
	if t.err != nil {
		return 0, t.err
	}
	result, err := t.conn.ExecContext(uncancelled(), string(query), args...)
	if err != nil {
		return 0, t.failed(err)
	}
	return result.RowsAffected()
}

// write runs a statement that changes exactly one row, or answers missing.
func (t *transaction) write(missing error, query statement, args ...any) error {
	n, err := t.exec(query, args...)
	if err == nil && n != 1 {
		return missing
	}
	return err
}

// one reads a row into targets, or answers ErrNotFound.
func (t *transaction) one(query statement, args []any, targets ...any) error {
	if !query.reads() {
		t.guard()
	}
	if t.err != nil {
		return t.err
	}
	err := t.conn.QueryRowContext(uncancelled(), string(query), args...).Scan(targets...)
	if errors.Is(err, sql.ErrNoRows) {
		return emergency.ErrNotFound
	}
	return t.failed(err)
}

// many reads rows: scan is called for each.
func (t *transaction) many(query statement, args []any, scan func(*sql.Rows) error) error {
	if !query.reads() {
		t.guard()
	}
	if t.err != nil {
		return t.err
	}
	rows, err := t.conn.QueryContext(uncancelled(), string(query), args...)
	if err != nil {
		return t.failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return t.failed(rows.Err())
}

func (t *transaction) failed(err error) error {
	if err == nil {
		return nil
	}
	if endsTransaction(err) {
		t.err = err
	}
	return translate(err)
}
