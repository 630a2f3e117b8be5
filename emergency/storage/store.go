// Package storage keeps everything in SQL. It is the only place where SQL is written, and it never sees a name, a record or a secret: what is
// personal is ciphertext before it gets here.
//
// The store is SQLite in one file, with a write-ahead log that is synced at every commit. One goroutine writes: it takes the changes that wait,
// runs each in one transaction so that it can be undone alone, appends all their entries to the log at once, and answers when the commit is on the disk
// (group commit). Many connections read, each on its own snapshot. The conformance suite in storagetest says what a store promises.
package storage

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// Config says where the database is and what its log needs.
type Config struct {
	// Path is the database file. SQLite keeps two more beside it while it is open, with -wal and -shm after the name.
	Path string
	// Create makes the file (mode 0600) and its directory (0700) when they are not there. Otherwise Open answers ErrNoDatabase: a server that is
	// started on the wrong directory must not begin an empty log.
	Create bool
	// ReadOnly opens for View, proofs and checks only; Update answers ErrLogUnavailable. The schema must be up to date.
	ReadOnly bool
	// Sealer seals the salts and payloads of the log. It may be nil when ReadOnly.
	Sealer audit.Sealer
	// Rand is where salts come from; nil is crypto/rand.Reader.
	Rand io.Reader
	// Readers is the number of reading connections, each with up to 2 MB of cache; 0 is 4.
	Readers int
	// Patience is how long an Update waits for a place in a full queue before it answers ErrBusy; 0 is 3 seconds.
	Patience time.Duration
	// Deadline is how long an Update is waited for in all before it answers ErrLogUnavailable, or ErrBusy when it had not begun; half as long when that is how
	// long one commit has been under way, because then the disk hangs. What had begun may still be kept: nobody is told that it was. 0 waits for as long as it
	// takes.
	Deadline time.Duration
	// Observe, if not nil, is told of every commit, by the goroutine that writes: it must be quick.
	Observe func(Commit)

	quiet time.Duration // after which indices catch up, if not indexQuiet; tests set it
	most  int64         // rows that an index may lack, if not indexLag; tests set it
}

// Commit is what Config.Observe is told.
type Commit struct {
	Changes int           // changes that shared the commit
	Undone  int           // of these, the ones that failed alone and were undone
	Entries int           // entries appended to the log
	Took    time.Duration // from taking the first change to the answer
	Err     error         // why nothing of it was kept; nil when it was
}

// What a zero Config means.
const (
	defaultReaders  = 4
	defaultPatience = 3 * time.Second
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	path    string
	writer  *writer // nil when opened for reading only
	readers *sql.DB
}

var (
	_ emergency.Store = (*Store)(nil)
	_ audit.Store     = (*Store)(nil)
)

// Open opens the database, brings its schema up to date and makes sure that it keeps what it acknowledges. It answers ErrNoDatabase, a
// *DurabilityError or a *SchemaError.
func Open(ctx context.Context, config Config) (*Store, error) {
	return open(ctx, config, connector{path: config.Path})
}

// open is Open with the connector that tests weaken or watch.
func open(ctx context.Context, config Config, base connector) (_ *Store, err error) {
	if config.Sealer == nil && !config.ReadOnly {
		return nil, errors.New("storage: Config.Sealer is nil: nothing is written without a log")
	}
	if base.path, err = filepath.Abs(config.Path); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	if err := prepare(base.path, config); err != nil {
		return nil, err
	}
	s := &Store{path: base.path}
	defer func() {
		if err != nil {
			s.close()
		}
	}()

	var writes *sql.DB
	if !config.ReadOnly {
		writes = pool(base, writing, 1)
		if err := migrate(ctx, writes, base.path); err != nil {
			writes.Close()
			return nil, err
		}
		if s.writer, err = newWriter(writes, base, config); err != nil {
			writes.Close()
			return nil, err
		}
	}
	kind, count := reading, config.Readers
	if config.ReadOnly {
		kind = foreign
	}
	if count <= 0 {
		count = defaultReaders
	}
	s.readers = pool(base, kind, count)
	if err := s.readers.PingContext(ctx); err != nil {
		return nil, err
	}
	if config.ReadOnly {
		provider, err := schema(s.readers)
		if err != nil {
			return nil, err
		}
		if err := checkSchema(ctx, provider, true); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// pool returns a pool of connections that stay open: each carries its prepared statements.
func pool(base connector, m mode, size int) *sql.DB {
	base.mode = m
	db := sql.OpenDB(&base)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// prepare makes the file if it may, and keeps other users of the machine out of it: SQLite makes its other files with the mode of this one.
func prepare(path string, config Config) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Mode().Perm()&0o077 != 0 && !config.ReadOnly:
		return os.Chmod(path, 0o600)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("storage: %w", err)
	case !config.Create || config.ReadOnly:
		return fmt.Errorf("%w: %s", ErrNoDatabase, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("storage: make the data directory: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("storage: make the database: %w", err)
	}
	return file.Close()
}

// Path returns the absolute path of the database file.
func (s *Store) Path() string { return s.path }

// Close lets the changes that wait run to their end, refuses new ones with ErrBusy and closes the database.
func (s *Store) Close() error { return s.close() }

func (s *Store) close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	return errors.Join(errs...)
}

// View implements emergency.Store. A caller whose ctx ends while all connections are taken gets ErrBusy.
func (s *Store) View(ctx context.Context, read func(emergency.Reader) error) error {
	return s.read(ctx, func(t *transaction) error { return read(reader{t}) })
}

// read runs fn on a snapshot of its own.
func (s *Store) read(ctx context.Context, fn func(*transaction) error) error {
	conn, err := s.readers.Conn(ctx)
	if err != nil {
		return refuse(emergency.ErrBusy, err)
	}
	defer conn.Close()
	t := &transaction{conn: conn}
	if err := t.control("BEGIN"); err != nil {
		return err
	}
	defer func() {
		t.err = errEnded
		if _, err := conn.ExecContext(uncancelled(), "ROLLBACK"); err != nil {
			discard(conn)
		}
	}()
	return fn(t)
}

// discard closes a connection for good instead of giving it back to its pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// Update implements emergency.Store. change runs on another goroutine, one at a time for the whole store: it must do no slow work, must not call
// Update, and must not use what it captured together with the caller, who waits.
//
// Besides the errors of change it answers ErrBusy when the store is closing, is overloaded, or when ctx ended before change began (then nothing
// happened); and ErrLogUnavailable when nothing was kept because the log could not be written, or when it is not known whether it was.
func (s *Store) Update(ctx context.Context, change func(emergency.Tx) error) error {
	return s.update(ctx, func(t *tx) error { return change(t) })
}

func (s *Store) update(ctx context.Context, change func(*tx) error) error {
	if s.writer == nil {
		return refuse(emergency.ErrLogUnavailable, errReadOnly)
	}
	return s.writer.do(ctx, change)
}

var errReadOnly = errors.New("storage: opened for reading only")

// Failed is closed once the disk has failed in a way after which nothing more can be written safely. Reading goes on; the server should end, so that
// a human looks at the disk.
func (s *Store) Failed() <-chan struct{} {
	if s.writer == nil {
		return nil
	}
	return s.writer.broken
}

// Blocked is for how long the changes that are under way have been; 0 when there are none. A disk that hangs answers nothing, and so fails nothing.
func (s *Store) Blocked() time.Duration {
	if s.writer == nil {
		return 0
	}
	began := s.writer.began.Load()
	if began == nil {
		return 0
	}
	return time.Since(*began)
}

// random is where salts come from.
func (c Config) random() io.Reader {
	if c.Rand == nil {
		return rand.Reader
	}
	return c.Rand
}
