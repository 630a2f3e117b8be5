package storage

import (
	"context"
	"database/sql/driver"
	"fmt"

	"github.com/mattn/go-sqlite3"
)

// What a commit writes is in the write-ahead log, and safe there. Copying it to the database takes as long as some ten commits, most of it waiting for the disk: so
// another goroutine does it while the writer goes on.
const (
	// checkpointPages is how many pages gather before they are copied. Many are written again and again: the longer they gather, the fewer are copied.
	checkpointPages = 4000
	// checkpointRest is how many pages may have been added meanwhile for the writer to copy them itself, so that the log can begin anew.
	checkpointRest = checkpointPages / 4
	// checkpointMost is at how many pages a commit copies them whatever happens: those of 64 MB, which are read again within a second after a crash.
	checkpointMost = 4 * checkpointPages
)

// checkpointer copies the write-ahead log to the database whenever it is asked to.
type checkpointer struct {
	connect func(context.Context) (driver.Conn, error)
	asked   chan struct{} // has room for one
	failed  chan error    // has room for one: the disk has failed
	ended   chan struct{} // closed when the goroutine has ended
}

func newCheckpointer(base connector) *checkpointer {
	base.mode, base.wrap = writing, nil
	c := &checkpointer{connect: base.Connect, asked: make(chan struct{}, 1), failed: make(chan error, 1), ended: make(chan struct{})}
	go c.run()
	return c
}

// ask asks for a checkpoint, and does not wait for it.
func (c *checkpointer) ask() {
	select {
	case c.asked <- struct{}{}:
	default: // one waits already
	}
}

func (c *checkpointer) run() {
	defer close(c.ended)
	var conn *sqlite3.SQLiteConn
	for range c.asked {
		err := func() error {
			if conn == nil { // a command seldom writes enough to need one
				opened, err := c.connect(uncancelled())
				if err != nil {
					return err
				}
				conn = opened.(*sqlite3.SQLiteConn)
			}
			_, err := checkpoint(conn, "PASSIVE")
			return err
		}()
		// A disk without room has room again; until then everything stays in the log. One whose sync failed has lost what nobody can know.
		if isIO(err) {
			c.failed <- err
			break
		}
	}
	if conn != nil {
		_ = conn.Close()
	}
}

func (c *checkpointer) close() {
	close(c.asked)
	<-c.ended
}

// written is how many pages a write-ahead log holds, and how many of them have been copied to the database.
type written struct {
	pages, copied int64
	busy          bool // it could not do all that it was to
}

// checkpoint copies pages from the write-ahead log as far as mode lets it: PASSIVE waits for nobody, TRUNCATE for everybody, NOOP only looks.
func checkpoint(conn *sqlite3.SQLiteConn, mode string) (written, error) {
	rows, err := conn.Query("PRAGMA wal_checkpoint("+mode+")", nil)
	if err != nil {
		return written{}, fmt.Errorf("storage: copy the write-ahead log: %w", err)
	}
	defer rows.Close()
	row := make([]driver.Value, 3) // busy, pages, copied
	if err := rows.Next(row); err != nil {
		return written{}, fmt.Errorf("storage: copy the write-ahead log: %w", err)
	}
	pages, _ := row[1].(int64)
	copied, _ := row[2].(int64)
	return written{pages: pages, copied: copied, busy: row[0] != int64(0)}, nil
}

// shorten keeps the write-ahead log short, between two commits.
func (w *writer) shorten() error {
	if w.conn == nil {
		return nil
	}
	return w.conn.Raw(func(raw any) error {
		conn, ok := raw.(*sqlite3.SQLiteConn)
		if !ok {
			return nil // a test stands in between
		}
		now, err := checkpoint(conn, "NOOP")
		switch rest := now.pages - now.copied; {
		case err != nil:
		case now.copied >= checkpointPages && rest <= checkpointRest:
			_, err = checkpoint(conn, "PASSIVE")
		case rest >= checkpointPages:
			w.checkpointer.ask()
		}
		if !isIO(err) {
			return nil
		}
		return err
	})
}
