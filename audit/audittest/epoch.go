package audittest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// EpochKey returns the signing key of an epoch that everybody knows: of the first, [Key].
func EpochKey(number int) ed25519.PrivateKey {
	seed := Key().Seed()
	seed[0] += byte(number - 1)
	return ed25519.NewKeyFromSeed(seed)
}

// EpochVKey returns the verifier key of [EpochKey].
func EpochVKey(t testing.TB, number int) string {
	t.Helper()
	vkey, err := audit.NewVKey(audit.EpochOrigin(Origin, number), EpochKey(number).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

// NewEpochLog returns a log over a store whose present epoch has this number, signed with [EpochKey], that knows the keys of all epochs before.
func NewEpochLog(t testing.TB, s audit.Store, number int, mark audit.HighWater) *audit.Log {
	t.Helper()
	c := audit.Config{
		Origin: Origin, Epoch: number, Signer: EpochKey(number), Store: s, Sealer: Sealer(), Mark: mark, Now: Epoch, Logger: slog.New(slog.DiscardHandler),
	}
	for before := 1; before < number; before++ {
		c.Keys = append(c.Keys, EpochVKey(t, before))
	}
	l, err := audit.New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return l
}

// Recovery returns the signed statement with which the epoch of this number follows the present one of a store.
func Recovery(t testing.TB, s audit.Store, number int) audit.Recovery {
	t.Helper()
	end := state(t, s)
	origin := audit.EpochOrigin(Origin, end.Epoch)
	r := audit.Recovery{
		Epoch: number, VKey: EpochVKey(t, number), Closed: audit.Checkpoint{Origin: origin, Size: end.Size, Root: end.Root()},
		Reason: "a fictional disk was lost", At: Epoch().Add(time.Hour),
	}
	signed, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.Known = signed.Note
	if err := r.Sign(origin, EpochKey(end.Epoch)); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return r
}

// Begin begins an epoch in a store.
func Begin(t testing.TB, s Store, r audit.Recovery) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx audit.Tx) error { return beginEpoch(t.Context(), tx, r) }); err != nil {
		t.Fatalf("BeginEpoch: %v", err)
	}
}

func beginEpoch(ctx context.Context, tx audit.Tx, r audit.Recovery) error {
	if err := audit.BeginEpoch(ctx, tx, r); err != nil {
		return err
	}
	_, err := audit.Append(ctx, tx, Sealer(), rand.Reader, []audit.Event{r.Event()})
	return err
}

// VerifyEpochs checks the whole log of a store whose present epoch has this number.
func VerifyEpochs(t testing.TB, s audit.Store, number int) audit.Report {
	t.Helper()
	report, err := audit.VerifyStore(t.Context(), s, NewEpochLog(t, s, number, nil).Keys(), Sealer(), nil)
	if err != nil {
		t.Fatalf("VerifyStore: %v", err)
	}
	return report
}

func testEpochs(t *testing.T, s Store) {
	ctx := t.Context()
	Add(t, s, Events(0, 7)...)
	first, err := NewLog(t, s).Publish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	Begin(t, s, Recovery(t, s, 3)) // numbers may be left out
	l := NewEpochLog(t, s, 3, nil)
	placed := Add(t, s, Events(7, 13)...)
	if p := placed[0]; p.Epoch != 3 || p.Index != 1 || p.Row != 8 || p.Seq != 2 {
		t.Errorf("an opening about patient-1 is placed at %d of epoch %d, row %d, with number %d, want 1 of epoch 3, row 8, 2", p.Index, p.Epoch, p.Row, p.Seq)
	}
	second, err := l.Publish(ctx)
	if err != nil {
		t.Fatal(err)
	}

	epochs, err := s.Epochs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := []audit.Epoch{{Number: 1, First: 0, Size: 7, Ended: Epoch().Add(time.Hour)}, {Number: 3, First: 7, Size: 7}}
	if diff := cmp.Diff(want, epochs); diff != "" {
		t.Errorf("Epochs (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		name   string
		epoch  audit.Reader
		number int
		signed audit.Signed
	}{
		{"the closed epoch", s.Epoch(1), 1, first}, {"the present epoch", s.Epoch(3), 3, second}, {"the store", s, 3, second},
	} {
		if got := state(t, c.epoch); got.Epoch != c.number || got.Size != 7 || got.First != int64(7*(c.number/3)) {
			t.Errorf("%s: LogState = epoch %d, from %d, size %d", c.name, got.Epoch, got.First, got.Size)
		}
		for i, e := range entries(t, c.epoch, 0, 100) {
			if e.Index != int64(i) || e.Epoch != c.number || e.Row != int64(i+7*(c.number/3)) || i > 6 {
				t.Errorf("%s: entry %d is at %d of epoch %d, row %d", c.name, i, e.Index, e.Epoch, e.Row)
			}
		}
		if got := entries(t, c.epoch, 7, 9); len(got) != 0 {
			t.Errorf("%s: %d entries behind its end", c.name, len(got))
		}
		root, err := tlog.TreeHash(7, tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) { return c.epoch.Hashes(ctx, ids) }))
		if err != nil || root != state(t, c.epoch).Root() {
			t.Errorf("%s: its hashes do not give its root; %v", c.name, err)
		}
		if _, err := c.epoch.Hashes(ctx, []int64{tlog.StoredHashIndex(0, 7)}); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("%s: a hash behind its end: %v, want ErrNotFound", c.name, err)
		}
		got, err := c.epoch.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.signed, got); diff != "" {
			t.Errorf("%s: Checkpoint (-want +got):\n%s", c.name, diff)
		}
	}
	testOtherEpochs(t, s, first)
	rows, err := s.SubjectEntries(ctx, "patient-1", 0, 10)
	if err != nil || len(rows) != 2 || rows[0].Epoch != 1 || rows[0].Index != 1 || rows[1].Epoch != 3 || rows[1].Index != 1 || rows[1].Seq != 2 {
		t.Errorf("the entries of patient-1 are %+v, %v", rows, err)
	}
	if report := VerifyEpochs(t, s, 3); report.Epochs != 2 || report.Size != 14 || report.Opened != 14 || report.Published != 14 {
		t.Errorf("VerifyStore = %+v", report)
	}
}

// testOtherEpochs checks what a store of epochs 1 and 3 says about others.
func testOtherEpochs(t *testing.T, s Store, first audit.Signed) {
	t.Helper()
	ctx := t.Context()
	first.Size, first.Note = 9, []byte("nine\n")
	if err := s.SaveCheckpoint(ctx, first); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("a checkpoint of a closed epoch: %v, want ErrConflict", err)
	}
	for _, number := range []int{2, 4} {
		if _, err := s.Epoch(number).LogState(ctx); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("the state of epoch %d: %v, want ErrNotFound", number, err)
		}
	}
	for _, number := range []int{1, 2, 3} {
		if err := s.Update(ctx, func(tx audit.Tx) error { return tx.BeginEpoch(ctx, number, Epoch()) }); !errors.Is(err, audit.ErrConflict) {
			t.Errorf("beginning epoch %d after epoch 3: %v, want ErrConflict", number, err)
		}
	}
}

func testEpochAtomic(t *testing.T, s Store) {
	ctx := t.Context()
	Add(t, s, Events(0, 5)...)
	r := Recovery(t, s, 2)
	fault := errors.New("fault")
	for _, at := range []Operation{BeginEpoch, InsertEntries, InsertHashes, SwapState, Commit} {
		err := s.Update(ctx, func(tx audit.Tx) error {
			if err := beginEpoch(ctx, faulty{tx, at, fault}, r); err != nil {
				return err
			}
			return fault
		})
		if !errors.Is(err, fault) {
			t.Fatalf("with a fault at %s: %v", at, err)
		}
		if got := state(t, s); got.Epoch != 1 || got.Size != 5 {
			t.Errorf("after a fault at %s the log is at %d of epoch %d", at, got.Size, got.Epoch)
		}
		Verify(t, s, 5)
	}
	Add(t, s, Event(5))
	if err := s.Update(ctx, func(tx audit.Tx) error { return beginEpoch(ctx, tx, r) }); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("with a statement about an earlier end: %v, want ErrConflict", err)
	}
	Begin(t, s, Recovery(t, s, 2))
	if got := state(t, s); got.Epoch != 2 || got.First != 6 || got.Size != 1 {
		t.Errorf("the log is at %d of epoch %d, whose first row is %d", got.Size, got.Epoch, got.First)
	}
}

func (f faulty) BeginEpoch(ctx context.Context, number int, at time.Time) error {
	if f.at == BeginEpoch {
		return f.err
	}
	return f.Tx.BeginEpoch(ctx, number, at)
}
