package storage

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"github.com/locket-health/locket/emergency"
)

// ErrNoDatabase says that there is no database at the path and none was to be made.
var ErrNoDatabase = errors.New("storage: there is no database here; make a data directory first")

// ErrLocked says that another server works on the data directory.
var ErrLocked = errors.New("storage: another server is already running on this data directory")

// DurabilityError says that the database does not promise what the log needs, so the store was not opened.
type DurabilityError struct {
	Setting   string // "synchronous", "journal_mode" or "foreign_keys"
	Got, Want string
}

func (e *DurabilityError) Error() string {
	return fmt.Sprintf("storage: refusing to start: the database runs with %s=%s, and without %s a power cut could lose entries that were acknowledged",
		e.Setting, e.Got, e.Want)
}

// SchemaError says that the schema of the database is not the one of this program, and that the store cannot bring it there.
type SchemaError struct{ Database, Program int64 }

func (e *SchemaError) Error() string {
	if e.Database > e.Program {
		return fmt.Sprintf("storage: the database was written by a newer program (schema %d, this program knows %d): install that version again, "+
			"or restore a backup made before it", e.Database, e.Program)
	}
	return fmt.Sprintf("storage: the database is of an older program (schema %d, this program needs %d) and was opened for reading only: "+
		"start the server once to bring it up to date", e.Database, e.Program)
}

// DamageError says that the database file is damaged. Found is what the database reports, at most a few lines, without content of rows.
type DamageError struct{ Found []string }

func (e *DamageError) Error() string {
	return fmt.Sprintf("storage: the database is damaged: %q", e.Found)
}

// PanicError is what a panicking change answers. The change is undone; the store goes on.
type PanicError struct {
	Value any    // what was passed to panic; it may hold anything, so Error does not print it
	Stack []byte // where
}

func (e *PanicError) Error() string {
	if bug, ok := e.Value.(runtime.Error); ok {
		return "storage: a change panicked: " + bug.Error()
	}
	return fmt.Sprintf("storage: a change panicked with a value of type %T", e.Value)
}

// refuse returns one of the domain's refusals with its cause.
func refuse(with *emergency.Error, cause error) error {
	return &emergency.Error{Code: with.Code, Args: with.Args, Cause: cause}
}

// translate turns an error of the database into one that the domain knows.
func translate(err error) error {
	var failed sqlite3.Error
	if !errors.As(err, &failed) || failed.Code != sqlite3.ErrConstraint {
		return err
	}
	switch failed.ExtendedCode {
	case sqlite3.ErrConstraintForeignKey:
		return refuse(emergency.ErrNotFound, err) // what it refers to is not there
	case sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintRowID:
		return refuse(emergency.ErrConflict, err)
	default:
		return err
	}
}

// endsTransaction reports whether SQLite may have rolled the whole transaction back (disk full, I/O, out of memory), after which further statements
// would be committed one by one. A violated constraint, or a value that cannot be converted, leaves it as it was before the statement.
func endsTransaction(err error) bool {
	var failed sqlite3.Error
	if errors.As(err, &failed) {
		return failed.Code != sqlite3.ErrConstraint
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// isIO reports whether the disk itself failed. What was acknowledged before is safe; whether a sync that failed will ever reach the disk cannot
// be known, and a second sync that succeeds does not tell (the kernel may have dropped the pages).
func isIO(err error) bool {
	var failed sqlite3.Error
	return errors.As(err, &failed) && (failed.Code == sqlite3.ErrIoErr || failed.Code == sqlite3.ErrCorrupt)
}

// IsFull reports whether a commit failed because the disk has no room.
func IsFull(err error) bool {
	var failed sqlite3.Error
	return errors.As(err, &failed) && (failed.Code == sqlite3.ErrFull || failed.SystemErrno == syscall.ENOSPC)
}
