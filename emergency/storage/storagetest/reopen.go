package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

func testReopened(t *testing.T, open func(t *testing.T) Store) {
	const tries = 3
	s := open(t)
	puts(t, s, household(1), func(tx emergency.Tx) error {
		tx.Append(opened(patient(1).ID))
		return errors.Join(tx.PutRecord(record(patient(1).ID, 1)), tx.PutGrant(grant(1, card(1, patient(1).ID))))
	})
	for range tries {
		puts(t, s, func(tx emergency.Tx) error { _, err := tx.CountGuess(hash("guesser"), later(1), epoch()); return err })
	}
	before := contents(t, s)
	closeStore(t, s)

	s = open(t)
	defer closeStore(t, s)
	if diff := cmp.Diff(before, contents(t, s)); diff != "" {
		t.Errorf("after (+) and before (-) closing:\n%s", diff)
	}
	shows(t, s, record(patient(1).ID, 1), func(r emergency.Reader) (emergency.SealedRecord, error) { return r.Record(patient(1).ID) })
	shows(t, s, grant(1, card(1, patient(1).ID)), func(r emergency.Reader) (emergency.Grant, error) { return r.Grant(hash("grant 1")) })
	update(t, s, func(tx emergency.Tx) error {
		got, err := tx.CountGuess(hash("guesser"), later(2), epoch())
		if got != tries+1 {
			t.Errorf("a guesser gained from the restart: counted %d, want %d", got, tries+1)
		}
		return err
	})
}

// log is everything that a store keeps of its log.
type log struct {
	State   audit.State
	Entries []audit.Entry
}

func contents(t *testing.T, s Store) (l log) {
	t.Helper()
	var err error
	if l.State, err = s.LogState(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Entries, err = s.Entries(t.Context(), 0, l.State.Size); err != nil {
		t.Fatal(err)
	}
	return l
}

// testNoLogNoData is promise 1 at this level: for every grant there is its entry, and for every entry its grant, whatever failed, after the database was
// opened again.
func testNoLogNoData(t *testing.T, open func(t *testing.T) Store) {
	const writers = 120
	own := errors.New("refused by the change")
	s := open(t)
	puts(t, s, household(1))
	holder := card(1, patient(1).ID)
	errs := together(t, s, writers, func(ctx context.Context, i int) error {
		return s.Update(ctx, func(tx emergency.Tx) error {
			g := grant(i, holder)
			e := opened(emergency.PatientID(g.ID)) // one subject a grant, so that each finds its entry
			// The row first or the entry first: neither may stay alone.
			if i%2 == 0 {
				tx.Append(e)
			}
			if i%5 == 1 {
				return own
			}
			if err := tx.PutGrant(g); err != nil {
				return err
			}
			switch i % 5 {
			case 2:
				return own
			case 3:
				panic("in the middle")
			}
			if i%2 == 1 {
				tx.Append(e)
			}
			if i%5 == 4 {
				return tx.PutGrant(grant(i, card(9, "nobody"))) // the database itself refuses
			}
			return nil
		})
	})
	closeStore(t, s)

	s = open(t)
	defer closeStore(t, s)
	kept := int64(0)
	for i, err := range errs {
		g := grant(i, holder)
		_, rowErr := read(t, s, func(r emergency.Reader) (emergency.Grant, error) { return r.Grant(g.Token) })
		entries, entryErr := s.SubjectEntries(t.Context(), string(g.ID), 0, 10)
		if entryErr != nil {
			t.Fatal(entryErr)
		}
		row := rowErr == nil
		if row != (len(entries) == 1) || row != (err == nil) || row != (i%5 == 0) {
			t.Errorf("change %d answered %v; its row: %v; its entries: %d", i, err, rowErr, len(entries))
		}
		if row {
			kept++
		}
	}
	if got := size(t, s); got != kept {
		t.Errorf("the log has %d entries for %d rows", got, kept)
	}
}
