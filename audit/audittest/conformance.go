package audittest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// TestStore checks that a store keeps the promises of [audit.Tx], [audit.Reader] and [audit.Store]. open returns a new, empty store
// and cleans up after itself by t.Cleanup.
func TestStore(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"a new store is empty", testEmpty},
		{"what was appended is read back", testReadBack},
		{"an append is kept whole or not at all", testAtomic},
		{"the error of a transaction comes back as it is", testUpdateError},
		{"a cancelled transaction keeps nothing", testCancelled},
		{"only one of two appends to the same end wins", testCompareAndSwap},
		{"an entry or hash is never written twice", testWriteOnce},
		{"subjects have their own heads", testHeads},
		{"entries come in order", testEntries},
		{"entries of a subject come in order", testSubjectEntries},
		{"hashes come in the order asked for", testHashes},
		{"checkpoints never shrink", testCheckpoints},
		{"what witnesses say is kept", testWitnesses},
		{"a large batch is kept", testLargeBatch},
		{"batches of every size make one log", testBatches},
		{"concurrent appends take turns", testConcurrentAppends},
		{"readers see whole appends", testConcurrentReaders},
		{"epochs follow one another", testEpochs},
		{"an epoch begins whole or not at all", testEpochAtomic},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// Add appends events to a store in one transaction of their own.
func Add(t testing.TB, s Store, events ...audit.Event) []audit.Placed {
	t.Helper()
	var placed []audit.Placed
	err := s.Update(t.Context(), func(tx audit.Tx) (err error) {
		placed, err = audit.Append(t.Context(), tx, Sealer(), rand.Reader, events)
		return err
	})
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	return placed
}

// Key returns a signing key that everybody knows.
func Key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("fixture seed, worth no protection"[:ed25519.SeedSize]))
}

// Origin is the name of the log of [NewLog].
const Origin = "locket.example/audit/log"

// NewLog returns a log over a store, signed with [Key], whose clock stands at [Epoch].
func NewLog(t testing.TB, s audit.Store) *audit.Log {
	t.Helper()
	l, err := audit.New(audit.Config{
		Origin: Origin, Signer: Key(), Store: s, Sealer: Sealer(), Now: Epoch, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return l
}

// Verify checks the whole log of a store and that it holds so many entries.
func Verify(t testing.TB, s audit.Store, size int64) audit.Report {
	t.Helper()
	report, err := audit.VerifyStore(t.Context(), s, NewLog(t, s).Keys(), Sealer(), nil)
	if err != nil {
		t.Fatalf("VerifyStore: %v", err)
	}
	if report.Size != size {
		t.Fatalf("the log holds %d entries, want %d", report.Size, size)
	}
	return report
}

func state(t testing.TB, s audit.Reader) audit.State {
	t.Helper()
	state, err := s.LogState(t.Context())
	if err != nil {
		t.Fatalf("LogState: %v", err)
	}
	return state
}

func entries(t testing.TB, s audit.Reader, from, to int64) []audit.Entry {
	t.Helper()
	entries, err := s.Entries(t.Context(), from, to)
	if err != nil {
		t.Fatalf("Entries(%d, %d): %v", from, to, err)
	}
	return entries
}

func head(t testing.TB, s Store, subject string) audit.Head {
	t.Helper()
	var head audit.Head
	err := s.Update(t.Context(), func(tx audit.Tx) (err error) {
		head, err = tx.LogHead(t.Context(), subject)
		return err
	})
	if err != nil {
		t.Fatalf("LogHead: %v", err)
	}
	return head
}

func indices(entries []audit.Entry) []int64 {
	list := make([]int64, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.Index)
	}
	return list
}

func testEmpty(t *testing.T, s Store) {
	if got := state(t, s); got.Epoch != 1 || got.First != 0 || got.Size != 0 || len(got.Edge) != 0 {
		t.Errorf("LogState = %+v, want the empty State of epoch 1", got)
	}
	if got := entries(t, s, 0, 10); len(got) != 0 {
		t.Errorf("Entries = %v, want none", got)
	}
	if got := head(t, s, "patient-0"); got != (audit.Head{}) {
		t.Errorf("LogHead = %v, want the zero Head", got)
	}
	if got, err := s.SubjectEntries(t.Context(), "patient-0", 0, 10); err != nil || len(got) != 0 {
		t.Errorf("SubjectEntries = %v, %v, want none", got, err)
	}
	if got, err := s.Hashes(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("Hashes of no numbers = %v, %v, want none", got, err)
	}
	if _, err := s.Hashes(t.Context(), []int64{0}); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("Hashes = %v, want ErrNotFound", err)
	}
	if got, err := s.Checkpoint(t.Context()); err != nil || got.Note != nil {
		t.Errorf("Checkpoint = %v, %v, want the zero Signed", got, err)
	}
	Verify(t, s, 0)
}

func testReadBack(t *testing.T, s Store) {
	ctx := t.Context()
	want := []audit.Entry{
		{Index: 0, Epoch: 1, Row: 0, Leaf: audit.Commitment{0: 1, 47: 0xff}, Subject: "patient-0", Seq: 1, Type: audit.CardScanned, At: Epoch().Add(time.Millisecond), Sealed: []byte{0, 1, 0xff, 0}},
		{Index: 1, Epoch: 1, Row: 1, Leaf: audit.Commitment{1: 2}, Type: audit.KeyMade, At: Epoch(), Sealed: bytes.Repeat([]byte{0xa5}, audit.MaxPayload+100)},
		{Index: 2, Epoch: 1, Row: 2, Leaf: audit.Commitment{2: 3}, Subject: "patient-0", Seq: 2, Type: audit.Type("some.later.type"), At: Epoch().Add(-time.Hour), Sealed: []byte{7}},
	}
	wantState := audit.State{Epoch: 1, Size: 3, Edge: []tlog.Hash{{1, 31: 9}, {2}}}
	wantHashes := []tlog.Hash{{1}, {2}, {3}, {4}}
	err := s.Update(ctx, func(tx audit.Tx) error {
		return errors.Join(tx.InsertEntries(ctx, want), tx.InsertHashes(ctx, 0, wantHashes), tx.SwapState(ctx, 0, wantState))
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, entries(t, s, 0, 3)); diff != "" {
		t.Errorf("Entries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantState, state(t, s)); diff != "" {
		t.Errorf("LogState (-want +got):\n%s", diff)
	}
	got, err := s.Hashes(ctx, []int64{0, 1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantHashes, got); diff != "" {
		t.Errorf("Hashes (-want +got):\n%s", diff)
	}
	if got, want := head(t, s, "patient-0"), (audit.Head{Seq: 2, Leaf: want[2].Leaf.LeafHash()}); got != want {
		t.Errorf("LogHead = %v, want %v", got, want)
	}
}

func testAtomic(t *testing.T, s Store) {
	ctx := t.Context()
	Add(t, s, Events(0, 5)...)
	fault := errors.New("fault")
	for _, at := range []Operation{InsertEntries, InsertHashes, SwapState, Commit} {
		err := s.Update(ctx, func(tx audit.Tx) error {
			if _, err := audit.Append(ctx, faulty{tx, at, fault}, Sealer(), rand.Reader, Events(5, 9)); err != nil {
				return err
			}
			return fault
		})
		if !errors.Is(err, fault) {
			t.Fatalf("Update with a fault at %s: %v", at, err)
		}
		if got := len(entries(t, s, 0, 100)); got != 5 {
			t.Errorf("after a fault at %s the log has %d rows, want 5", at, got)
		}
		if _, err := s.Hashes(ctx, []int64{tlog.StoredHashIndex(0, 5)}); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("after a fault at %s a hash was kept: %v", at, err)
		}
		Verify(t, s, 5)
	}
	Add(t, s, Events(5, 9)...)
	Verify(t, s, 9)
}

// faulty fails in place of one operation.
type faulty struct {
	audit.Tx
	at  Operation
	err error
}

func (f faulty) InsertEntries(ctx context.Context, entries []audit.Entry) error {
	if f.at == InsertEntries {
		return f.err
	}
	return f.Tx.InsertEntries(ctx, entries)
}

func (f faulty) InsertHashes(ctx context.Context, firstID int64, hashes []tlog.Hash) error {
	if f.at == InsertHashes {
		return f.err
	}
	return f.Tx.InsertHashes(ctx, firstID, hashes)
}

func (f faulty) SwapState(ctx context.Context, oldSize int64, state audit.State) error {
	if f.at == SwapState {
		return f.err
	}
	return f.Tx.SwapState(ctx, oldSize, state)
}

func testUpdateError(t *testing.T, s Store) {
	want := errors.New("of the caller")
	if got := s.Update(t.Context(), func(audit.Tx) error { return want }); !errors.Is(got, want) {
		t.Errorf("Update = %v, want %v", got, want)
	}
}

func testCancelled(t *testing.T, s Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Update(ctx, func(tx audit.Tx) error {
		_, err := audit.Append(ctx, tx, Sealer(), rand.Reader, Events(0, 3))
		return err
	})
	if err == nil {
		t.Error("a cancelled Update returned no error")
	}
	Verify(t, s, 0)
}

func testCompareAndSwap(t *testing.T, s Store) {
	ctx := t.Context()
	Add(t, s, Events(0, 3)...)
	before := state(t, s)
	for _, oldSize := range []int64{0, 2, 4} {
		err := s.Update(ctx, func(tx audit.Tx) error {
			return tx.SwapState(ctx, oldSize, audit.State{Epoch: 1, Size: oldSize + 1, Edge: make([]tlog.Hash, bits.OnesCount64(uint64(oldSize+1)))})
		})
		if !errors.Is(err, audit.ErrConflict) {
			t.Errorf("SwapState from %d in a log of 3 = %v, want ErrConflict", oldSize, err)
		}
	}
	if diff := cmp.Diff(before, state(t, s)); diff != "" {
		t.Errorf("LogState after refused swaps (-want +got):\n%s", diff)
	}
}

func testWriteOnce(t *testing.T, s Store) {
	ctx := t.Context()
	Add(t, s, Events(0, 3)...)
	again := entries(t, s, 1, 2)
	if err := s.Update(ctx, func(tx audit.Tx) error { return tx.InsertEntries(ctx, again) }); err == nil {
		t.Error("InsertEntries wrote an index twice")
	}
	if err := s.Update(ctx, func(tx audit.Tx) error { return tx.InsertHashes(ctx, 1, []tlog.Hash{{1}}) }); err == nil {
		t.Error("InsertHashes wrote a number twice")
	}
	Verify(t, s, 3)
}

func testHeads(t *testing.T, s Store) {
	want := make(map[string]audit.Head)
	for i := range 4 {
		for j, p := range Add(t, s, Events(12*i, 12*i+12)...) {
			if subject := Event(12*i + j).Subject; subject != "" {
				want[subject] = audit.Head{Seq: p.Seq, Leaf: p.Leaf}
			}
		}
	}
	for subject, want := range want {
		if got := head(t, s, subject); got != want || got.Seq != 8 {
			t.Errorf("LogHead(%s) = %v, want %v", subject, got, want)
		}
	}
	if got := head(t, s, "patient-none"); got != (audit.Head{}) {
		t.Errorf("LogHead of an unknown subject = %v", got)
	}
}

func testEntries(t *testing.T, s Store) {
	Add(t, s, Events(0, 7)...)
	for _, c := range []struct {
		name     string
		from, to int64
		want     []int64
	}{
		{"all", 0, 7, []int64{0, 1, 2, 3, 4, 5, 6}},
		{"a part", 2, 5, []int64{2, 3, 4}},
		{"nothing", 3, 3, []int64{}},
		{"over the end", 5, 100, []int64{5, 6}},
		{"beyond the end", 7, 100, []int64{}},
	} {
		if diff := cmp.Diff(c.want, indices(entries(t, s, c.from, c.to))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func testSubjectEntries(t *testing.T, s Store) {
	for i := range 5 { // patient-1 has entries 1, 7, 13, 19, 25
		Add(t, s, Events(6*i, 6*i+6)...)
	}
	for _, c := range []struct {
		name    string
		subject string
		after   uint64
		limit   int
		want    []int64
	}{
		{"all", "patient-1", 0, 100, []int64{1, 7, 13, 19, 25}},
		{"the first", "patient-1", 0, 2, []int64{1, 7}},
		{"after a number", "patient-1", 2, 2, []int64{13, 19}},
		{"after the last", "patient-1", 5, 2, []int64{}},
		{"of nobody", "patient-none", 0, 2, []int64{}},
	} {
		got, err := s.SubjectEntries(t.Context(), c.subject, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, indices(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		for i, e := range got {
			if e.Seq != c.after+1+uint64(i) || e.Subject != c.subject {
				t.Errorf("%s: entry %d has subject %q, number %d", c.name, e.Index, e.Subject, e.Seq)
			}
		}
	}
}

func testHashes(t *testing.T, s Store) {
	const size = 1500
	Add(t, s, Events(0, size)...)
	all := tlog.StoredHashIndex(0, size)
	run := make([]int64, all)
	for i := range run {
		run[i] = int64(i)
	}
	stored, err := s.Hashes(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		ids  []int64
	}{
		{"one", []int64{17}},
		{"falling", []int64{90, 3, 2, 0}},
		{"spread", []int64{5, 700, 6, 2900}},
		{"the same twice", []int64{8, 9, 8}},
		{"a run in the middle", run[500:1700]},
		{"the last", []int64{all - 1}},
	} {
		got, err := s.Hashes(t.Context(), c.ids)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, id := range c.ids {
			if i >= len(got) || got[i] != stored[id] {
				t.Errorf("%s: hash %d is not in place %d", c.name, id, i)
				break
			}
		}
	}
	for _, c := range []struct {
		name string
		ids  []int64
	}{
		{"one beyond the end", []int64{0, all}},
		{"only beyond the end", []int64{all + 5}},
		{"a run over the end", append(run[all-3:all:all], all, all+1)},
	} {
		if _, err := s.Hashes(t.Context(), c.ids); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", c.name, err)
		}
	}
}

func testCheckpoints(t *testing.T, s Store) {
	at := Epoch()
	five := audit.Signed{Epoch: 1, Size: 5, At: at, Note: []byte("five\n")}
	nine := audit.Signed{Epoch: 1, Size: 9, At: at.Add(time.Minute), Note: []byte("nine\n\n— \x00\n")}
	for _, c := range []struct {
		name string
		save audit.Signed
		err  error
		want audit.Signed
	}{
		{"an empty log's", audit.Signed{Epoch: 1, Size: 0, At: at, Note: []byte("zero\n")}, nil, audit.Signed{Epoch: 1, Size: 0, At: at, Note: []byte("zero\n")}},
		{"a larger", five, nil, five},
		{"the same again, later", audit.Signed{Epoch: 1, Size: 5, At: at.Add(time.Hour), Note: five.Note}, nil, five},
		{"another of the same size", audit.Signed{Epoch: 1, Size: 5, At: at, Note: []byte("fork\n")}, audit.ErrConflict, five},
		{"a smaller", audit.Signed{Epoch: 1, Size: 4, At: at.Add(time.Hour), Note: []byte("four\n")}, audit.ErrConflict, five},
		{"a larger again", nine, nil, nine},
		{"an old one again", five, audit.ErrConflict, nine},
		{"one of another epoch", audit.Signed{Epoch: 2, Size: 12, At: at.Add(time.Hour), Note: []byte("twelve\n")}, audit.ErrConflict, nine},
	} {
		if err := s.SaveCheckpoint(t.Context(), c.save); !errors.Is(err, c.err) {
			t.Errorf("%s: SaveCheckpoint = %v, want %v", c.name, err, c.err)
		}
		got, err := s.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: Checkpoint (-want +got):\n%s", c.name, diff)
		}
	}
	for _, c := range []struct {
		epoch int
		size  int64
		limit int
		want  []audit.Signed
	}{{1, 0, 9, []audit.Signed{five, nine}}, {1, 4, 1, []audit.Signed{five}}, {1, 5, 1, []audit.Signed{nine}}, {1, 9, 1, nil}, {0, 99, 0, nil}} {
		got, err := s.Checkpoints(t.Context(), c.epoch, c.size, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Checkpoints after %d of epoch %d (-want +got):\n%s", c.size, c.epoch, diff)
		}
	}
}

func testLargeBatch(t *testing.T, s Store) {
	placed := Add(t, s, Events(0, 5000)...)
	if got := placed[4999].Index; got != 4999 {
		t.Errorf("the last of 5000 events has index %d", got)
	}
	if got := Verify(t, s, 5000); got.Opened != 5000 {
		t.Errorf("%d payloads opened, want 5000", got.Opened)
	}
}

func testBatches(t *testing.T, s Store) {
	l := NewLog(t, s)
	size := 0
	for batch := 1; batch <= 33; batch++ {
		Add(t, s, Events(size, size+batch)...)
		size += batch
		if _, err := l.Publish(t.Context()); err != nil {
			t.Fatalf("Publish at %d: %v", size, err)
		}
	}
	if got := Verify(t, s, int64(size)); got.Published != int64(size) {
		t.Errorf("%d entries published, want %d", got.Published, size)
	}
}

func testConcurrentAppends(t *testing.T, s Store) {
	const writers, appends, batch = 8, 12, 3
	ctx := t.Context()
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range appends {
				err := audit.ErrConflict
				for errors.Is(err, audit.ErrConflict) {
					err = s.Update(ctx, func(tx audit.Tx) error {
						first := (w*appends + i) * batch
						_, err := audit.Append(ctx, tx, Sealer(), rand.Reader, Events(first, first+batch))
						return err
					})
				}
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	group.Wait()
	Verify(t, s, writers*appends*batch)
}

func testConcurrentReaders(t *testing.T, s Store) {
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 3 {
		group.Go(func() {
			var last int64
			for {
				seen, err := seeWhole(t.Context(), s)
				if err != nil {
					t.Error(err)
					return
				}
				if seen < last {
					t.Errorf("the log shrank from %d to %d", last, seen)
					return
				}
				last = seen
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 40 {
		Add(t, s, Events(7*i, 7*i+7)...)
	}
	close(done)
	group.Wait()
}

// seeWhole checks that what the state speaks of is there to be read, and returns the size.
func seeWhole(ctx context.Context, s audit.Reader) (int64, error) {
	state, err := s.LogState(ctx)
	if err != nil {
		return 0, err
	}
	if state.Size%7 != 0 {
		return 0, fmt.Errorf("a part of a batch is visible: size %d", state.Size)
	}
	root, err := tlog.TreeHash(state.Size, tlog.HashReaderFunc(func(ids []int64) ([]tlog.Hash, error) { return s.Hashes(ctx, ids) }))
	if err != nil {
		return 0, err
	}
	if root != state.Root() {
		return 0, fmt.Errorf("state and hashes disagree at size %d", state.Size)
	}
	rows, err := s.Entries(ctx, max(0, state.Size-7), state.Size)
	if err != nil {
		return 0, err
	}
	if len(rows) != int(min(7, state.Size)) {
		return 0, fmt.Errorf("%d rows before size %d, want 7", len(rows), state.Size)
	}
	return state.Size, nil
}
