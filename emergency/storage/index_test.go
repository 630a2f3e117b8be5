package storage

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/emergency"
)

// behindBy reads how many entries and grants the indices lack.
func behindBy(t *testing.T, s *Store) (entries, grants int64) {
	t.Helper()
	var now lag
	err := s.read(t.Context(), func(x *transaction) error {
		return x.one(indexState, nil, &now.entries.from, &now.entries.to, &now.grants.from, &now.grants.to)
	})
	if err != nil {
		t.Fatal(err)
	}
	return now.entries.lag(), now.grants.lag()
}

// together lets n callers ask for a change at the same moment, so that their changes share one commit.
func together(t *testing.T, s *Store, n int, ask func(i int)) {
	t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	held := errors.New("held")
	all.Go(func() { // holds the writer until everybody waits, and keeps nothing: a change alone would let the indices catch up
		if err := s.Update(t.Context(), func(emergency.Tx) error {
			close(entered)
			<-release
			return held
		}); !errors.Is(err, held) {
			t.Error(err)
		}
	})
	<-entered
	for i := range n {
		all.Go(func() { ask(i) })
	}
	for len(s.writer.queue) < n {
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	close(release)
	all.Wait()
}

// crowd lets n callers write together what each writes.
func crowd(t *testing.T, s *Store, n int, change func(i int, tx emergency.Tx) error) {
	t.Helper()
	together(t, s, n, func(i int) {
		if err := s.Update(t.Context(), func(tx emergency.Tx) error { return change(i, tx) }); err != nil {
			t.Error(err)
		}
	})
}

// opened is opening number i: a grant of the one patient, and an entry about one of ten subjects.
func opened(i int, tx emergency.Tx) error {
	event := audittest.Event(0)
	event.Subject = fmt.Sprintf("subject-%d", i%10)
	tx.Append(event)
	return tx.PutGrant(numbered(i))
}

// found is everything that the two views say, in their order.
func found(t *testing.T, s *Store) (all []string) {
	t.Helper()
	for subject := range 10 {
		name := fmt.Sprintf("subject-%d", subject)
		entries, err := s.SubjectEntries(t.Context(), name, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if e.Seq != uint64(i+1) || e.Subject != name {
				t.Fatalf("entry %d of %s is number %d of %s", i+1, name, e.Seq, e.Subject)
			}
			all = append(all, fmt.Sprintf("%s %d: row %d", e.Subject, e.Seq, e.Row))
		}
	}
	err := s.View(t.Context(), func(r emergency.Reader) error {
		last, lastErr := r.LastEntry("subject-3")
		unseen, unseenErr := r.Unseen("subject-3", 4, []audit.Type{audittest.Event(0).Type})
		near, nearErr := r.EntriesNear("subject-3", audittest.Event(0).Type, audittest.Epoch(), 2)
		all = append(all, fmt.Sprint("last ", last), fmt.Sprint("unseen ", unseen), fmt.Sprint("near ", near))
		grants, grantErr := r.Grants(emergency.GrantFilter{Patient: numbered(0).Patient})
		for _, g := range grants {
			all = append(all, string(g.ID))
		}
		return errors.Join(lastErr, unseenErr, nearErr, grantErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What the indices lack is read all the same, by whoever opens the file, until a commit without a crowd puts it where it belongs.
func TestWhatIsNotIndexedYetIsRead(t *testing.T) {
	const many = 200
	path := withCard(t)
	never := Config{Path: path, Sealer: audittest.Sealer(), quiet: time.Hour}
	s, err := Open(t.Context(), never)
	if err != nil {
		t.Fatal(err)
	}
	crowd(t, s, many, opened)
	if entries, grants := behindBy(t, s); entries != many || grants != many {
		t.Errorf("after a crowd the indices lack %d entries and %d grants, want %d of each", entries, grants, many)
	}
	all := found(t, s)
	if want := 2*many + 3; len(all) != want || !slices.Contains(all, fmt.Sprint("last ", many/10)) || !slices.Contains(all, fmt.Sprint("unseen ", many/10-4)) {
		t.Fatalf("%d things are found, want %d: %q", len(all), want, all)
	}
	if some, err := s.SubjectEntries(t.Context(), "subject-3", 5, 3); err != nil || len(some) != 3 || some[0].Seq != 6 {
		t.Errorf("three entries after the fifth: %v, %v", some, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if reader := openTest(t, Config{Path: path, ReadOnly: true}); !slices.Equal(found(t, reader), all) {
		t.Error("who only reads finds something else")
	}

	s = openTest(t, never)
	if err := s.Update(t.Context(), func(tx emergency.Tx) error { tx.Append(audittest.Event(0)); return nil }); err != nil {
		t.Fatal(err)
	}
	if entries, grants := behindBy(t, s); entries != 0 || grants != 0 {
		t.Errorf("after a change alone the indices lack %d entries and %d grants", entries, grants)
	}
	if !slices.Equal(found(t, s), all) {
		t.Error("once it is in the indices, something else is found")
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
	// Grants of the patient end, whichever of the two ways they are found.
	crowd(t, s, many, func(i int, tx emergency.Tx) error { return opened(many+i, tx) })
	if err := s.Update(t.Context(), func(tx emergency.Tx) error { return tx.EndCardGrants(numbered(0).Card, "critical", audittest.Epoch()) }); err != nil {
		t.Fatal(err)
	}
	err = s.View(t.Context(), func(r emergency.Reader) error {
		grants, err := r.Grants(emergency.GrantFilter{Patient: numbered(0).Patient})
		if len(grants) != 2*many || slices.ContainsFunc(grants, func(g emergency.Grant) bool { return g.EndedAt.IsZero() }) {
			t.Errorf("of %d grants some go on", len(grants))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// Once nobody comes for a while the indices catch up by themselves.
func TestIndicesCatchUpWhenItIsQuiet(t *testing.T) {
	s := openTest(t, Config{Path: withCard(t), quiet: time.Millisecond})
	crowd(t, s, 200, opened)
	for {
		entries, grants := behindBy(t, s)
		if entries+grants == 0 {
			break
		}
		if err := t.Context().Err(); err != nil {
			t.Fatalf("the indices lack %d entries and %d grants: %v", entries, grants, err)
		}
	}
	if all := found(t, s); len(all) != 403 {
		t.Errorf("%d things are found, want 403", len(all))
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// However long a crowd lasts, walking what the indices lack stays short.
func TestIndicesNeverLagFar(t *testing.T) {
	const each = indexStep/indexBusy + 1
	const most = each*indexBusy + 1 // a crowd's entries and one more
	s := openTest(t, Config{Path: withCard(t), quiet: time.Hour, most: most})
	crowds := func(first int) {
		crowd(t, s, indexBusy, func(i int, tx emergency.Tx) error {
			for n := range each {
				event := audittest.Event(0)
				event.Subject = fmt.Sprint("subject-", (i*each+n)%1000)
				tx.Append(event)
			}
			return tx.PutGrant(numbered(first + i))
		})
	}
	crowds(0)
	if entries, grants := behindBy(t, s); entries != indexBusy*each || grants != indexBusy {
		t.Errorf("the indices lack %d entries and %d grants, want %d and %d", entries, grants, indexBusy*each, indexBusy)
	}
	crowds(indexBusy)
	if entries, grants := behindBy(t, s); entries != 0 || grants != 2*indexBusy {
		t.Errorf("the indices lack %d entries and %d grants, want 0 and %d", entries, grants, 2*indexBusy)
	}
}

// Two programs that append to one log in turn chain to one another, and each finds what the other wrote.
func TestTwoProgramsShareTheIndices(t *testing.T) {
	path := withCard(t)
	both := []*Store{openTest(t, Config{Path: path, quiet: time.Hour}), openTest(t, Config{Path: path, quiet: time.Hour})}
	for round := range 4 {
		if round%2 == 0 {
			crowd(t, both[round/2], indexBusy, func(i int, tx emergency.Tx) error { return opened(round*indexBusy+i, tx) })
		} else if err := both[(round+1)/2%2].Update(t.Context(), func(tx emergency.Tx) error { return opened(round*indexBusy, tx) }); err != nil {
			t.Fatal(err)
		}
		if one, other := found(t, both[0]), found(t, both[1]); !slices.Equal(one, other) {
			t.Errorf("round %d: one finds %q, the other %q", round, one, other)
		}
	}
	if err := both[0].Check(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// A change that is undone takes with it what it did to the indices, and nothing of those that share its commit.
func TestAnUndoneChangeLeavesTheIndices(t *testing.T) {
	s := openTest(t, Config{Path: withCard(t), quiet: time.Hour})
	crowd(t, s, indexBusy, opened)
	failed := errors.New("no")
	together(t, s, 2, func(i int) {
		err := s.Update(t.Context(), func(tx emergency.Tx) error {
			if i == 1 {
				return opened(indexBusy+1, tx)
			}
			_, err := tx.PruneEntries(0, 1)
			return errors.Join(err, failed)
		})
		if i == 0 != errors.Is(err, failed) {
			t.Errorf("change %d: %v", i, err)
		}
	})
	if entries, _ := behindBy(t, s); entries != 0 {
		t.Errorf("the index lacks %d entries", entries)
	}
	if all := found(t, s); len(all) != 2*(indexBusy+1)+3 {
		t.Errorf("%d things are found", len(all))
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// Whom the writer remembers it forgets only when the indices know them: else an entry would follow none, or the wrong one.
func TestWhoIsForgottenIsIndexed(t *testing.T) {
	const most = 3 * indexBusy // also how many subjects are remembered
	s := openTest(t, Config{Path: withCard(t), quiet: time.Hour, most: most})
	about := func(n int) func(emergency.Tx) error {
		return func(tx emergency.Tx) error {
			event := audittest.Event(0)
			event.Subject = fmt.Sprint("subject-", n)
			tx.Append(event)
			return nil
		}
	}
	for n := range most - 1 {
		if err := s.Update(t.Context(), about(n)); err != nil {
			t.Fatal(err)
		}
	}
	crowd(t, s, indexBusy, func(i int, tx emergency.Tx) error { return about(most + i)(tx) })
	failed := errors.New("no")
	together(t, s, indexBusy, func(i int) {
		err := s.Update(t.Context(), func(tx emergency.Tx) error {
			if i > 0 {
				return about(most + i)(tx)
			}
			_, err := tx.PruneEntries(0, 1) // lets the indices catch up, and is undone
			return errors.Join(err, failed)
		})
		if i == 0 != errors.Is(err, failed) {
			t.Errorf("change %d: %v", i, err)
		}
	})
	verifies(t, s)
	for i := 1; i < indexBusy; i++ {
		entries, err := s.SubjectEntries(t.Context(), fmt.Sprint("subject-", most+i), 0, 10)
		if err != nil || len(entries) != 2 || entries[1].Seq != 2 {
			t.Errorf("subject %d has %d entries whose last is not the second, %v", most+i, len(entries), err)
		}
	}
}

// An entry or a grant that somebody takes out of an index is missed.
func TestCheckFindsWhatIsHidden(t *testing.T) {
	path := withCard(t)
	s := openTest(t, Config{Path: path})
	for i := range 20 {
		if err := s.Update(t.Context(), func(tx emergency.Tx) error { return opened(i, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), `DELETE FROM subject_index WHERE subject = 'subject-3' AND seq = 2`); err == nil ||
		!strings.Contains(err.Error(), "cannot be hidden") {
		t.Errorf("an entry is hidden by accident: %v", err)
	}
	for _, c := range []struct {
		command string
		damaged bool
	}{
		{`DROP TRIGGER subject_index_kept`, false},
		{`DELETE FROM subject_index WHERE subject = 'subject-3' AND seq = 2`, true}, {`INSERT INTO subject_index VALUES ('subject-3', 2, 13)`, false},
		{`DELETE FROM patient_index WHERE number = 4`, true}, {`INSERT INTO patient_index VALUES ('patient', 4)`, false},
		{`UPDATE index_state SET grants = 900`, true}, {`UPDATE index_state SET grants = 21`, false},
		{`UPDATE access_grant SET card = zeroblob(16) WHERE number = 5`, true}, {`UPDATE access_grant SET card = NULL WHERE number = 5`, false},
	} {
		if _, err := s.writer.conn.ExecContext(t.Context(), c.command); err != nil {
			t.Fatalf("%s: %v", c.command, err)
		}
		err := s.Check(t.Context(), true)
		var damage *DamageError
		if c.damaged != errors.As(err, &damage) {
			t.Errorf("after %s: %v", c.command, err)
		}
	}
	// Beyond its end an index is of no use, and the next commit says so.
	if _, err := s.writer.conn.ExecContext(t.Context(), `UPDATE index_state SET entries = 900`); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(t.Context(), func(tx emergency.Tx) error { return opened(20, tx) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// What a transaction that failed would have appended is nobody's last entry, even where another program has appended as much instead.
func TestWhatFailedIsForgotten(t *testing.T) {
	path := withCard(t)
	one, other := openTest(t, Config{Path: path}), openTest(t, Config{Path: path})
	lost := errors.New("the answer was lost")
	real := one.writer.commit
	one.writer.commit = func(*transaction) error {
		one.writer.commit = real
		return lost
	}
	add := func(s *Store) error {
		return s.Update(t.Context(), func(tx emergency.Tx) error { tx.Append(audittest.Event(0)); return nil })
	}
	if err := add(one); !errors.Is(err, lost) {
		t.Fatalf("got %v, want what the commit said", err)
	}
	if err := errors.Join(add(other), add(one)); err != nil {
		t.Fatal(err)
	}
	if size := verifies(t, one); size != 2 {
		t.Errorf("the log has %d entries, want 2", size)
	}
}
