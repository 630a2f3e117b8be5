package storagetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// size returns the number of entries in the log.
func size(t *testing.T, s Store) int64 {
	t.Helper()
	state, err := s.LogState(t.Context())
	if err != nil {
		t.Fatalf("LogState: %v", err)
	}
	return state.Size
}

func testUnseen(t *testing.T, s Store) {
	p, other := patient(1).ID, patient(2).ID
	scanned := opened(p)
	scanned.Type = audit.CardScanned
	puts(t, s, func(tx emergency.Tx) error {
		for _, e := range []audit.Event{opened(p), scanned, opened(other), opened(p), scanned, scanned} {
			tx.Append(e)
		}
		return nil
	})
	for _, c := range []struct {
		name  string
		after uint64
		types []audit.Type
		want  int
	}{
		{"openings", 0, []audit.Type{audit.GlassOpened}, 2},
		{"openings after the first entry", 1, []audit.Type{audit.GlassOpened}, 1},
		{"both kinds", 0, []audit.Type{audit.GlassOpened, audit.CardScanned}, 5},
		{"a kind named twice", 0, []audit.Type{audit.GlassOpened, audit.GlassOpened}, 2},
		{"a kind that there is none of", 0, []audit.Type{audit.CardRevoked}, 0},
		{"no kind", 0, nil, 0},
		{"after the last entry", 5, []audit.Type{audit.GlassOpened, audit.CardScanned}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			shows(t, s, c.want, func(r emergency.Reader) (int, error) { return r.Unseen(p, c.after, c.types) })
		})
	}
}

func testOwnWrites(t *testing.T, s Store) {
	update(t, s, func(tx emergency.Tx) error {
		if _, err := tx.Account(account(1).ID); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("before: got %v, want ErrNotFound", err)
		}
		if err := tx.PutAccount(account(1)); err != nil {
			return err
		}
		got, err := tx.Account(account(1).ID)
		equal(t, got, account(1))
		return err
	})
}

// together runs changes so that as many as can share a commit: a first change holds the writer until all the others are on their way.
func together(t *testing.T, s Store, n int, run func(ctx context.Context, i int) error) []error {
	t.Helper()
	holding, release, held := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		held <- s.Update(t.Context(), func(emergency.Tx) error {
			close(holding)
			<-release
			return nil
		})
	}()
	<-holding
	coming := make(chan struct{}, n)
	go func() {
		for range n {
			<-coming
		}
		close(release)
	}()
	errs := inParallel(t.Context(), n, func(ctx context.Context, i int) error {
		coming <- struct{}{}
		return run(ctx, i)
	})
	if err := <-held; err != nil {
		t.Errorf("the first change: %v", err)
	}
	return errs
}

// testNeighbours runs 30 changes, of which every third is spoilt after it wrote its rows and its entry, and checks that these left nothing.
func testNeighbours(t *testing.T, s Store, spoil func(tx emergency.Tx) error, check func(err error) bool) {
	errs := together(t, s, 30, func(ctx context.Context, i int) error {
		return s.Update(ctx, func(tx emergency.Tx) error {
			tx.Append(opened(patient(i).ID))
			if err := household(i)(tx); err != nil {
				return err
			}
			if i%3 == 0 {
				return spoil(tx)
			}
			return nil
		})
	})
	for i, err := range errs {
		_, missing := read(t, s, func(r emergency.Reader) (emergency.Account, error) { return r.Account(account(i).ID) })
		entries, readErr := s.SubjectEntries(t.Context(), string(patient(i).ID), 0, 10)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if i%3 == 0 {
			if !check(err) || !errors.Is(missing, emergency.ErrNotFound) || len(entries) != 0 {
				t.Errorf("spoilt change %d: error %v, its row %v, its entries %d", i, err, missing, len(entries))
			}
		} else if err != nil || missing != nil || len(entries) != 1 {
			t.Errorf("sound change %d: error %v, its row %v, its entries %d", i, err, missing, len(entries))
		}
	}
	if got := size(t, s); got != 20 {
		t.Errorf("the log has %d entries, want 20", got)
	}
}

func testUndone(t *testing.T, s Store) {
	own := errors.New("an error of the change's own")
	testNeighbours(t, s, func(emergency.Tx) error { return own }, func(err error) bool { return errors.Is(err, own) })
}

func testPanic(t *testing.T, s Store) {
	testNeighbours(t, s, func(emergency.Tx) error { panic("out of the blue") }, func(err error) bool { return err != nil })
}

func testInvalidEvent(t *testing.T, s Store) {
	spoil := func(tx emergency.Tx) error {
		tx.Append(audit.Event{Type: "not a type", At: epoch()})
		return nil
	}
	testNeighbours(t, s, spoil, func(err error) bool { return errors.Is(err, audit.ErrInvalid) })
}

func testPlaced(t *testing.T, s Store) {
	p := patient(1).ID
	var places []*audit.Placed
	update(t, s, func(tx emergency.Tx) error {
		for range 3 {
			places = append(places, tx.Append(opened(p)))
		}
		return nil
	})
	entries, err := s.Entries(t.Context(), 0, 10)
	if err != nil || len(entries) != 3 {
		t.Fatalf("Entries: got %d, %v; want 3", len(entries), err)
	}
	for i, place := range places {
		if place.Index != int64(i) || place.Seq != uint64(i)+1 || place.Leaf != entries[i].Leaf.LeafHash() ||
			place.Leaf != audit.Commit(place.Salt, place.Payload).LeafHash() {
			t.Errorf("entry %d was said to be at %d with number %d, or with another leaf", i, place.Index, place.Seq)
		}
	}
}

func testWriters(t *testing.T, s Store) {
	const writers = 256
	puts(t, s, household(1))
	places := make([]*audit.Placed, writers)
	for i, err := range together(t, s, writers, func(ctx context.Context, i int) error {
		return s.Update(ctx, func(tx emergency.Tx) error {
			places[i] = tx.Append(opened(patient(i % 7).ID))
			return tx.PutGrant(grant(i, card(1, patient(1).ID)))
		})
	}) {
		if err != nil {
			t.Fatalf("writer %d: %v", i, err)
		}
	}
	slices.SortFunc(places, func(a, b *audit.Placed) int { return int(a.Index - b.Index) })
	for i, place := range places {
		if place.Index != int64(i) {
			t.Fatalf("entry %d was said to be at %d: the indexes have a gap or a double", i, place.Index)
		}
	}
	if got := size(t, s); got != writers {
		t.Errorf("the log has %d entries, want %d", got, writers)
	}
}

func testSnapshot(t *testing.T, s Store) {
	err := s.View(t.Context(), func(r emergency.Reader) error {
		if _, err := r.Account(account(1).ID); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("before: got %v, want ErrNotFound", err)
		}
		update(t, s, func(tx emergency.Tx) error { return tx.PutAccount(account(1)) })
		if _, err := r.Account(account(1).ID); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("in the same view: got %v, want ErrNotFound", err)
		}
		return nil
	})
	if err != nil {
		t.Errorf("View: %v", err)
	}
	shows(t, s, account(1), func(r emergency.Reader) (emergency.Account, error) { return r.Account(account(1).ID) })
}

func testCancelledBefore(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, func(tx emergency.Tx) error {
		t.Error("the change ran")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	update(t, s, func(tx emergency.Tx) error { return tx.PutAccount(account(1)) })
}

func testCancelledAfter(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx emergency.Tx) error {
		cancel()
		tx.Append(opened(patient(1).ID))
		return household(1)(tx)
	})
	// Whether the caller waited to the end is its own affair; the change is kept either way, once the next one is.
	if err != nil && !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("got %v, want nil or ErrLogUnavailable", err)
	}
	update(t, s, func(tx emergency.Tx) error { return tx.PutAccount(account(2)) })
	shows(t, s, account(1), func(r emergency.Reader) (emergency.Account, error) { return r.Account(account(1).ID) })
	if got := size(t, s); got != 1 {
		t.Errorf("the log has %d entries, want 1", got)
	}
}

func testEnded(t *testing.T, s Store) {
	var tx emergency.Tx
	var r emergency.Reader
	update(t, s, func(given emergency.Tx) error { tx = given; return nil })
	if err := tx.PutAccount(account(1)); err == nil {
		t.Error("a transaction wrote after its end")
	}
	if err := s.View(t.Context(), func(given emergency.Reader) error { r = given; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Account(account(1).ID); err == nil || errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a reader read after its end: %v", err)
	}
}

func testClosed(t *testing.T, open func(t *testing.T) Store) {
	s := open(t)
	closeStore(t, s)
	if err := s.Update(t.Context(), func(emergency.Tx) error { return nil }); !errors.Is(err, emergency.ErrBusy) {
		t.Errorf("Update: got %v, want ErrBusy", err)
	}
	if err := s.View(t.Context(), func(emergency.Reader) error { return nil }); !errors.Is(err, emergency.ErrBusy) {
		t.Errorf("View: got %v, want ErrBusy", err)
	}
	closeStore(t, s)
}
