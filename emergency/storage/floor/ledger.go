package floor

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Ledger is the floor of the log: the rows that a decision and its entry write, in the house's own tables with all their indices and triggers, by prepared statements in shared
// commits. Nothing is chained, sealed, hashed or signed, and the end of the log stays where it was: such a database verifies no more. It is safe for concurrent
// use.
type Ledger struct {
	db                    *sql.DB
	grant, receipt, entry *sql.Stmt
	next                  int64 // number of the next row
	indexed               int64 // rows below it are in the indices
	group                 *group[Decision]
}

// Decision is what one decision writes: an entry, and a grant or that a report was received.
type Decision struct {
	Receipt       []byte // of a report, new; nil for a grant, which the rest is of
	Grant         string // its id, new
	Token, Card   []byte // of the grant; the card is there
	Patient, Step string // the patient is there
	From, Until   int64  // milliseconds
	Stated        []byte // sealed, of the grant
	Leaf, Sealed  []byte // of the entry, of the sizes that the house's have
	Type          string
}

// OpenLedger opens a database of the house to which nobody else writes.
func OpenLedger(ctx context.Context, path string, batching Batching) (_ *Ledger, err error) {
	l := &Ledger{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.release())
		}
	}()
	if l.db, err = pool(path, 1, "rw", "immediate"); err != nil {
		return nil, err
	}
	if err = l.db.QueryRowContext(ctx, `SELECT coalesce(max(idx) + 1, 0) FROM audit_entry`).Scan(&l.next); err != nil {
		return nil, fmt.Errorf("floor: read the end: %w", err)
	}
	l.indexed = l.next
	if l.grant, err = l.db.PrepareContext(ctx, `INSERT INTO access_grant (id, token, card, patient, step, sections, begins_at, until_at, ended_at, contact, organization, member,
		drill, sealed_stated) VALUES (?, ?, ?, ?, ?, 1, ?, ?, 0, '', '', '', 0, ?)`); err != nil {
		return nil, fmt.Errorf("floor: prepare: %w", err)
	}
	if l.receipt, err = l.db.PrepareContext(ctx, `INSERT INTO receipt (hash, ends_at) VALUES (?, ?)`); err != nil {
		return nil, fmt.Errorf("floor: prepare: %w", err)
	}
	if l.entry, err = l.db.PrepareContext(ctx, `INSERT INTO audit_entry (idx, leaf, subject, seq, type, at, sealed, erased_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`); err != nil {
		return nil, fmt.Errorf("floor: prepare: %w", err)
	}
	l.group = newGroup(batching, l.commit)
	return l, nil
}

// Append adds the rows of a decision and returns when they are on the disk. Those that wait at the same moment share a commit.
func (l *Ledger) Append(o Decision) error { return l.group.append(o) }

// Rows counts the entries.
func (l *Ledger) Rows(ctx context.Context) (n int64, err error) {
	err = l.db.QueryRowContext(ctx, `SELECT count(*) FROM audit_entry`).Scan(&n)
	return n, err
}

func (l *Ledger) commit(decisions []Decision) error {
	tx, err := l.db.Begin()
	if err != nil {
		return fmt.Errorf("floor: append: %w", err)
	}
	grant, receipt, entry := tx.Stmt(l.grant), tx.Stmt(l.receipt), tx.Stmt(l.entry)
	for i, o := range decisions {
		var err error
		if o.Receipt != nil {
			_, err = receipt.Exec(o.Receipt, o.Until)
		} else {
			_, err = grant.Exec(o.Grant, o.Token, o.Card, o.Patient, o.Step, o.From, o.Until, o.Stated)
		}
		if err == nil {
			n := l.next + int64(i)
			_, err = entry.Exec(n, o.Leaf, o.Patient, n+1, o.Type, o.From, o.Sealed) // any number that no other entry of the patient has
		}
		if err != nil {
			return errors.Join(fmt.Errorf("floor: append: %w", err), tx.Rollback())
		}
	}
	next, indexed := l.next+int64(len(decisions)), l.indexed
	if next-indexed >= indexLag {
		if err := index(tx, indexed, next); err != nil {
			return errors.Join(err, tx.Rollback())
		}
		indexed = next
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("floor: append: %w", err)
	}
	l.next, l.indexed = next, indexed
	return nil
}

// indexLag is how many rows the indices may lack, as in package storage.
const indexLag = 65_536

// index lets the indices take in rows of the log, and all grants that they lack.
func index(tx *sql.Tx, from, to int64) error {
	for _, command := range []string{
		fmt.Sprintf(`INSERT INTO subject_index SELECT subject, seq, idx FROM audit_entry WHERE idx >= %d AND idx < %d AND subject IS NOT NULL ORDER BY subject, seq`, from, to),
		`INSERT INTO patient_index SELECT patient, number FROM access_grant WHERE number >= (SELECT grants FROM index_state) ORDER BY patient, number`,
		fmt.Sprintf(`UPDATE index_state SET entries = %d, grants = (SELECT COALESCE(max(number), 0) + 1 FROM access_grant)`, to),
	} {
		if _, err := tx.Exec(command); err != nil {
			return fmt.Errorf("floor: index: %w", err)
		}
	}
	return nil
}

// Close commits what waits and closes the database.
func (l *Ledger) Close() error {
	if l.group.close() {
		return nil
	}
	return l.release()
}

func (l *Ledger) release() error {
	var errs []error
	for _, statement := range []*sql.Stmt{l.grant, l.receipt, l.entry} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	if l.db != nil {
		errs = append(errs, l.db.Close())
	}
	return errors.Join(errs...)
}
