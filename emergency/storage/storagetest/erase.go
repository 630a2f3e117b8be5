package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// logged appends so many entries about two patients in turn, and about nobody at every third place.
func logged(t *testing.T, s Store, n int) {
	t.Helper()
	update(t, s, func(tx emergency.Tx) error {
		for i := range n {
			event := audit.Event{Type: audit.GlassOpened, At: later(i), Actor: audit.Actor{Kind: audit.ByServer}, Subject: []string{"patient-1", "patient-2", ""}[i%3]}
			tx.Append(event)
		}
		return nil
	})
}

func rows(t *testing.T, s Store) []audit.Entry {
	t.Helper()
	entries, err := s.Entries(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// What an erased entry keeps is its place and number, its leaf, the pseudonym, what kind of thing happened and when.
func testErase(t *testing.T, s Store) {
	logged(t, s, 9)
	before := rows(t, s)
	update(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.EraseEntry(3, later(60)), tx.EraseEntry(5, later(60)))
	})
	want := before
	for _, i := range []int{3, 5} {
		want[i].Sealed, want[i].ErasedAt = nil, later(60)
	}
	if diff := cmp.Diff(want, rows(t, s)); diff != "" {
		t.Errorf("after erasing: got (+), want (-):\n%s", diff)
	}
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.EraseEntry(3, later(61)) })
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.EraseEntry(70, later(61)) })

	boom := errors.New("boom")
	refused(t, s, boom, func(tx emergency.Tx) error { return errors.Join(tx.EraseEntry(4, later(61)), boom) })
	if diff := cmp.Diff(want, rows(t, s)); diff != "" {
		t.Errorf("after what was refused: got (+), want (-):\n%s", diff)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Errorf("Scrub: %v", err)
	}
}

func testForgetStated(t *testing.T, s Store) {
	bystander, badged, _, _, _ := grants()
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutGrant(bystander), tx.PutGrant(badged), tx.ForgetStated(badged.ID), tx.ForgetStated("nobody's"))
	})
	badged.SealedStated = nil
	for _, g := range []emergency.Grant{bystander, badged} {
		shows(t, s, g, func(r emergency.Reader) (emergency.Grant, error) { return r.GrantByID(g.ID) })
	}
}

func testPrune(t *testing.T, s Store) {
	logged(t, s, 12)
	update(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.EraseEntry(0, later(60)), tx.EraseEntry(2, later(60)), tx.EraseEntry(7, later(60)), tx.EraseEntry(10, later(60)))
	})
	prune := func(from, to int64, want int) {
		t.Helper()
		update(t, s, func(tx emergency.Tx) error {
			n, err := tx.PruneEntries(from, to)
			if err == nil && n != want {
				t.Errorf("rows %d to %d: %d are gone, want %d", from, to, n, want)
			}
			return err
		})
	}
	minimum := func() int64 {
		t.Helper()
		state, err := s.LogState(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return state.Minimum
	}
	prune(0, 12, 0) // nothing is below a minimum of 0
	update(t, s, func(tx emergency.Tx) error { return tx.RaiseMinimum(8) })
	if got := minimum(); got != 8 {
		t.Errorf("the minimum is %d, want 8", got)
	}
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.RaiseMinimum(7) })
	update(t, s, func(tx emergency.Tx) error { return tx.RaiseMinimum(8) })
	prune(0, 2, 1)
	prune(0, 12, 2)
	update(t, s, func(tx emergency.Tx) error { return tx.RaiseMinimum(100) })
	if got := minimum(); got != 12 {
		t.Errorf("the minimum is %d, want the size of 12", got)
	}
	prune(0, 12, 0) // 10 is the last of patient-2: the next one is chained to it
	var left []int64
	for _, e := range rows(t, s) {
		left = append(left, e.Index)
	}
	if diff := cmp.Diff([]int64{1, 3, 4, 5, 6, 8, 9, 10, 11}, left); diff != "" {
		t.Errorf("rows that are left: got (+), want (-):\n%s", diff)
	}
	logged(t, s, 3)
	if entries, err := s.SubjectEntries(context.Background(), "patient-2", 0, 10); err != nil || len(entries) != 4 || entries[3].Seq != 5 {
		t.Errorf("the chain of a subject does not go on: %v, %v", entries, err)
	}
}
