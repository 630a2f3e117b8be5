package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// mode says what a connection is for.
type mode int

const (
	writing mode = iota // the one connection that changes anything
	reading             // refuses changes
	foreign             // reads a database that may not be changed at all
)

// connector opens connections with the settings that the log rests on, and refuses one that did not take them.
type connector struct {
	path string
	mode mode
	// lower weakens a setting after it was made, and wrap stands between the store and the driver. Tests set them.
	lower string
	wrap  func(*sqlite3.SQLiteConn) driver.Conn
}

// walLimit is the size in bytes to which the write-ahead log is cut back after a burst.
const walLimit = 64 << 20

// writerCache is how many KB of pages the writer keeps: those that a few commits touch. With fewer, pages are written before their commit and read again after.
const writerCache = 8192

// name returns the data source name. Transactions of the writer lock at once: one that reads first and locks later gets SQLITE_BUSY without
// waiting when somebody else wrote in between.
func (c *connector) name() string {
	settings := url.Values{
		"mode":             {"rw"},
		"_busy_timeout":    {"5000"},
		"_foreign_keys":    {"on"},
		"_secure_delete":   {"on"},
		"_synchronous":     {"FULL"},
		"_stmt_cache_size": {"128"},
	}
	switch c.mode {
	case writing:
		settings.Set("_journal_mode", "WAL")
		settings.Set("_txlock", "immediate")
	case reading:
		settings.Set("_journal_mode", "WAL")
		settings.Set("_query_only", "on")
	case foreign:
		settings.Set("mode", "ro")
		settings.Set("_query_only", "on")
	}
	return fileName(c.path, settings.Encode())
}

// fileName returns the URI by which SQLite opens a file, whatever characters its path has.
func fileName(path, settings string) string {
	file := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: settings}
	return file.String()
}

// Driver is part of driver.Connector.
func (c *connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

// Connect is part of driver.Connector.
func (c *connector) Connect(context.Context) (driver.Conn, error) {
	opened, err := (&sqlite3.SQLiteDriver{}).Open(c.name())
	if err != nil {
		return nil, fmt.Errorf("storage: open %s: %w", c.path, err)
	}
	conn := opened.(*sqlite3.SQLiteConn)
	if err := c.settle(conn); err != nil {
		conn.Close()
		return nil, err
	}
	if c.wrap != nil {
		return c.wrap(conn), nil
	}
	return conn, nil
}

func (c *connector) settle(conn *sqlite3.SQLiteConn) error {
	commands := c.lower
	if c.mode == writing {
		commands = fmt.Sprintf("PRAGMA journal_size_limit=%d; PRAGMA wal_autocheckpoint=%d; PRAGMA cache_size=-%d;", walLimit, checkpointMost, writerCache) + commands
	}
	if commands != "" {
		if _, err := conn.Exec(commands, nil); err != nil {
			return fmt.Errorf("storage: set up the connection: %w", err)
		}
	}
	return verify(conn, c.mode)
}

// verify reads back what the connection runs with: a misspelt or ignored setting must not cost an entry.
func verify(conn *sqlite3.SQLiteConn, m mode) error {
	checks := []struct {
		setting, want string
		holds         func(string) bool
	}{
		{"journal_mode", "wal", func(got string) bool { return got == "wal" || m == foreign }},
		{"synchronous", "2 (FULL)", func(got string) bool { return got == "2" || got == "3" }},
		{"foreign_keys", "1", func(got string) bool { return got == "1" }},
	}
	for _, check := range checks {
		got, err := pragma(conn, check.setting)
		if err != nil {
			return fmt.Errorf("storage: read the setting %s: %w", check.setting, err)
		}
		if !check.holds(strings.ToLower(got)) {
			return &DurabilityError{Setting: check.setting, Got: got, Want: check.want}
		}
	}
	return nil
}

// pragma reads a setting as text.
func pragma(conn *sqlite3.SQLiteConn, name string) (string, error) {
	rows, err := conn.Query("PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		if err == io.EOF {
			return "", nil
		}
		return "", err
	}
	return fmt.Sprint(value[0]), nil
}

// outside reports whether a connection is in no transaction.
func outside(conn *sql.Conn) (bool, error) {
	ended := false
	err := conn.Raw(func(raw any) error {
		c, ok := raw.(interface{ AutoCommit() bool })
		ended = ok && c.AutoCommit()
		return nil
	})
	return ended, err
}
