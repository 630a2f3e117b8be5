package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

func config(s audit.Store) audit.Config {
	return audit.Config{
		Origin: origin, Signer: audittest.Key(), Store: s, Sealer: audittest.Sealer(), Now: audittest.Epoch, Logger: slog.New(slog.DiscardHandler),
	}
}

func publish(t testing.TB, l *audit.Log) audit.Signed {
	t.Helper()
	signed, err := l.Publish(t.Context())
	if err != nil {
		t.Fatalf("Publish: %v", err)
	}
	return signed
}

func TestNewRefusesMissingParts(t *testing.T) {
	for name, edit := range map[string]func(*audit.Config){
		"origin": func(c *audit.Config) { c.Origin = "" },
		"signer": func(c *audit.Config) { c.Signer = nil },
		"store":  func(c *audit.Config) { c.Store = nil },
		"sealer": func(c *audit.Config) { c.Sealer = nil },
		"clock":  func(c *audit.Config) { c.Now = nil },
		"logger": func(c *audit.Config) { c.Logger = nil },
	} {
		c := config(audittest.NewMemory())
		edit(&c)
		if _, err := audit.New(c); err == nil {
			t.Errorf("New without %s returned no error", name)
		}
	}
}

func TestPublishIsIdempotent(t *testing.T) {
	s := audittest.NewMemory()
	cfg := config(s)
	now := audittest.Epoch()
	cfg.Now = func() time.Time { return now }
	l, err := audit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	audittest.Add(t, s, audittest.Events(0, 3)...)
	first := publish(t, l)
	now = now.Add(time.Hour)
	if diff := cmp.Diff(first, publish(t, l)); diff != "" {
		t.Errorf("Publish without new entries (-first +second):\n%s", diff)
	}
	audittest.Add(t, s, audittest.Event(3))
	second := publish(t, l)
	if second.Size != 4 || !second.At.Equal(now) {
		t.Errorf("Publish = size %d at %v", second.Size, second.At)
	}
	got, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, got); diff != "" {
		t.Errorf("Checkpoint (-published +got):\n%s", diff)
	}
}

func TestPublishRefusesToSign(t *testing.T) {
	now := audittest.Epoch()
	flip := func(h tlog.Hash) tlog.Hash { h[0] ^= 1; return h }
	for _, c := range []struct {
		name string
		edit func(c *audittest.Contents)
		want error
		what string
	}{
		{"a log that lost its tail", func(c *audittest.Contents) {
			c.State = audit.State{Epoch: 1, Size: 4, Edge: []tlog.Hash{c.Hashes[tlog.StoredHashIndex(2, 0)]}}
			c.Entries = c.Entries[:4]
		}, audit.ErrFork, "entry 4: it was published"},
		{"another edge at a larger size", func(c *audittest.Contents) { c.State.Edge[1] = flip(c.State.Edge[1]) }, audit.ErrFork, "the edge"},
		{"a state that cannot be", func(c *audittest.Contents) { c.State.Edge = c.State.Edge[:1] }, audit.ErrFork, "the state of the log is damaged"},
		{"a new entry that was changed", func(c *audittest.Contents) { c.Entries[7].Leaf[20] ^= 1 }, audit.ErrFork, "entry 7"},
		{"a new entry that is gone", func(c *audittest.Contents) { c.Entries = append(c.Entries[:7:7], c.Entries[8:]...) }, audit.ErrFork, "entry 7"},
		{"a new hash that was changed", func(c *audittest.Contents) {
			id := tlog.StoredHashIndex(0, 8)
			c.Hashes[id] = flip(c.Hashes[id])
		}, audit.ErrFork, "entry 8"},
		{"a published hash that was changed", func(c *audittest.Contents) {
			id := tlog.StoredHashIndex(2, 0)
			c.Hashes[id] = flip(c.Hashes[id])
		}, audit.ErrFork, "not those that were published"},
		{"a published hash that is gone", func(c *audittest.Contents) { delete(c.Hashes, tlog.StoredHashIndex(2, 0)) }, audit.ErrFork, "are gone"},
		{"a checkpoint that was changed", func(c *audittest.Contents) { c.Checkpoints[0].Note[30] ^= 1 }, audit.ErrFork, "checkpoint"},
		{"a checkpoint under another size", func(c *audittest.Contents) { c.Checkpoints[0].Size = 5 }, audit.ErrFork, "another size"},
		{"a clock that went back", func(c *audittest.Contents) { c.Checkpoints[0].At = now.Add(time.Millisecond) }, audit.ErrClock, ""},
	} {
		s := audittest.NewMemory()
		l := audittest.NewLog(t, s)
		audittest.Add(t, s, audittest.Events(0, 6)...)
		published := publish(t, l)
		audittest.Add(t, s, audittest.Events(6, 9)...)
		s.Tamper(c.edit)
		_, err := l.Publish(t.Context())
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: Publish = %v, want %v and %q", c.name, err, c.want, c.what)
		}
		s.Tamper(func(kept *audittest.Contents) {
			if len(kept.Checkpoints) != 1 || kept.Checkpoints[0].Size > published.Size {
				t.Errorf("%s: something was published", c.name)
			}
		})
	}
}

func TestPublishRefusesAnotherTreeOfTheSameSize(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, 6)...)
	published := publish(t, l)
	other := audittest.NewMemory()
	audittest.Add(t, other, audittest.Events(0, 6)...)
	if err := other.SaveCheckpoint(t.Context(), published); err != nil {
		t.Fatal(err)
	}
	if _, err := audittest.NewLog(t, other).Publish(t.Context()); !errors.Is(err, audit.ErrFork) {
		t.Errorf("Publish = %v, want ErrFork", err)
	}
}

func TestPublishRefusesTheLogOfAnotherKey(t *testing.T) {
	s := audittest.NewMemory()
	publish(t, audittest.NewLog(t, s))
	c := config(s)
	c.Signer = rfc8032(t)
	l, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context()); !errors.Is(err, audit.ErrFork) {
		t.Errorf("Publish = %v, want ErrFork", err)
	}
}

func TestPublishFailsWithTheStore(t *testing.T) {
	fault := errors.New("fault")
	for _, at := range []audittest.Operation{audittest.LogState, audittest.SaveCheckpoint} {
		s := audittest.NewMemory()
		l := audittest.NewLog(t, s)
		audittest.Add(t, s, audittest.Events(0, 3)...)
		s.Fault = func(op audittest.Operation) error {
			if op == at {
				return fault
			}
			return nil
		}
		if _, err := l.Publish(t.Context()); !errors.Is(err, fault) || errors.Is(err, audit.ErrFork) {
			t.Errorf("fault at %s: Publish = %v", at, err)
		}
		if _, err := l.Checkpoint(t.Context()); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("fault at %s: Checkpoint = %v, want ErrNotFound", at, err)
		}
	}
}

// racing lets another process append and publish just before a checkpoint is saved.
type racing struct {
	*audittest.Memory
	other func()
}

func (r *racing) SaveCheckpoint(ctx context.Context, signed audit.Signed) error {
	if other := r.other; other != nil {
		r.other = nil
		other()
	}
	return r.Memory.SaveCheckpoint(ctx, signed)
}

func TestPublishGivesWayToAnotherProcess(t *testing.T) {
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Events(0, 3)...)
	r := &racing{Memory: s, other: func() {
		audittest.Add(t, s, audittest.Events(3, 5)...)
		publish(t, audittest.NewLog(t, s))
	}}
	if got := publish(t, audittest.NewLog(t, r)); got.Size != 5 {
		t.Errorf("Publish = size %d, want the other's 5", got.Size)
	}
	if got := audittest.Verify(t, s, 5); got.Published != 5 {
		t.Errorf("%d published, want 5", got.Published)
	}
}

func TestPublishEndsWhenConflictsDoNot(t *testing.T) {
	s := audittest.NewMemory()
	s.Fault = func(op audittest.Operation) error {
		if op == audittest.SaveCheckpoint {
			return audit.ErrConflict
		}
		return nil
	}
	if _, err := audittest.NewLog(t, s).Publish(t.Context()); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("Publish = %v, want ErrConflict", err)
	}
}

func TestNothingIsServedBeforeItIsPublished(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, 3)...)
	check := func(when string, index int64, tile string) {
		t.Helper()
		if _, err := l.Prove(t.Context(), index); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("%s: Prove(%d) = %v, want ErrNotFound", when, index, err)
		}
		if _, err := l.Tile(t.Context(), tile); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("%s: Tile(%s) = %v, want ErrNotFound", when, tile, err)
		}
	}
	check("before the first checkpoint", 0, "tile/0/000.p/1")
	publish(t, l)
	audittest.Add(t, s, audittest.Events(3, 5)...)
	check("beyond the checkpoint", 3, "tile/entries/000.p/4")
	check("beyond the log", 5, "tile/0/000.p/6")
	check("before the log", -1, "tile/1/000.p/1")
	if _, err := l.Prove(t.Context(), 2); err != nil {
		t.Errorf("Prove of a published entry: %v", err)
	}
}

func TestDamageIsNotServed(t *testing.T) {
	damaged := func(edit func(*audittest.Contents)) *audit.Log {
		s := audittest.NewMemory()
		l := audittest.NewLog(t, s)
		audittest.Add(t, s, audittest.Events(0, 12)...)
		publish(t, l)
		s.Tamper(edit)
		return l
	}
	for _, c := range []struct {
		name string
		log  *audit.Log
		ask  func(*audit.Log) error
	}{
		{"a proof over a changed hash", damaged(func(c *audittest.Contents) { c.Hashes[0] = tlog.Hash{} }), func(l *audit.Log) error {
			_, err := l.Prove(t.Context(), 1)
			return err
		}},
		{"a proof over a missing hash", damaged(func(c *audittest.Contents) { delete(c.Hashes, 0) }), func(l *audit.Log) error {
			_, err := l.Prove(t.Context(), 1)
			return err
		}},
		{"a proof of a missing entry", damaged(func(c *audittest.Contents) { c.Entries = c.Entries[1:] }), func(l *audit.Log) error {
			_, err := l.Prove(t.Context(), 0)
			return err
		}},
		{"a tile with a missing hash", damaged(func(c *audittest.Contents) { delete(c.Hashes, 0) }), func(l *audit.Log) error {
			_, err := l.Tile(t.Context(), "tile/0/000.p/12")
			return err
		}},
		{"a bundle with a missing entry", damaged(func(c *audittest.Contents) { c.Entries = c.Entries[1:] }), func(l *audit.Log) error {
			_, err := l.Tile(t.Context(), "tile/entries/000.p/12")
			return err
		}},
		{"a history with a gap", damaged(func(c *audittest.Contents) { c.Entries = c.Entries[1:] }), func(l *audit.Log) error {
			_, err := l.History(t.Context(), "patient-0", 0, 10)
			return err
		}},
		{"a history with a changed payload", damaged(func(c *audittest.Contents) { c.Entries[0].Sealed[40] ^= 1 }), func(l *audit.Log) error {
			_, err := l.History(t.Context(), "patient-0", 0, 10)
			return err
		}},
	} {
		var verify *audit.VerifyError
		if err := c.ask(c.log); !errors.As(err, &verify) {
			t.Errorf("%s: %v, want a VerifyError", c.name, err)
		}
	}
}

func TestHistory(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	var placed []audit.Placed
	for i := range 4 { // patient-1 has entries 1, 7, 13, 19
		if i == 3 {
			publish(t, l)
		}
		placed = append(placed, audittest.Add(t, s, audittest.Events(6*i, 6*i+6)...)...)
	}
	erased := audittest.Epoch().Add(time.Hour)
	s.Tamper(func(c *audittest.Contents) { c.Entries[7].Sealed, c.Entries[7].ErasedAt = nil, erased })

	history, err := l.History(t.Context(), "patient-1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != 4 {
		t.Fatalf("%d entries, want 4", len(history))
	}
	for i, h := range history {
		p := placed[6*i+1]
		if h.Entry.Index != p.Index || h.Entry.Seq != uint64(i+1) || h.Entry.Sealed != nil {
			t.Errorf("entry %d: %+v", i, h.Entry)
		}
		if i == 1 { // erased: proved, and says nothing
			if h.Raw != nil || h.Salt != (audit.Salt{}) || h.Payload.Type != "" || !h.Entry.ErasedAt.Equal(erased) {
				t.Errorf("the erased entry still says %q", h.Raw)
			}
		} else {
			if string(h.Raw) != string(p.Payload) || h.Salt != p.Salt {
				t.Errorf("entry %d: payload %s", i, h.Raw)
			}
			if diff := cmp.Diff(audittest.Event(6*i+1), h.Payload.Event); diff != "" {
				t.Errorf("entry %d: event (-want +got):\n%s", i, diff)
			}
		}
		if i == 3 {
			if h.Proof != nil {
				t.Error("the last entry is proved before it is published")
			}
			continue
		}
		if h.Proof == nil {
			t.Fatalf("entry %d has no proof", i)
		}
		if err := audit.VerifyProof(l.Verifier(), h.Entry.Leaf, *h.Proof); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	if part, err := l.History(t.Context(), "patient-1", 1, 2); err != nil || len(part) != 2 || part[0].Entry.Seq != 2 {
		t.Errorf("History after 1 = %d entries, %v", len(part), err)
	}
	if none, err := l.History(t.Context(), "patient-none", 0, 2); err != nil || len(none) != 0 {
		t.Errorf("History of nobody = %v, %v", none, err)
	}
	if _, err := l.History(t.Context(), "", 0, 2); err == nil {
		t.Error("History without a subject returned no error")
	}
	if _, err := l.History(t.Context(), "patient-1", 0, 0); err == nil {
		t.Error("History without a limit returned no error")
	}
}

func TestHistoryBeforeTheFirstCheckpoint(t *testing.T) {
	s := audittest.NewMemory()
	audittest.Add(t, s, audittest.Events(0, 2)...)
	history, err := audittest.NewLog(t, s).History(t.Context(), "patient-1", 0, 5)
	if err != nil || len(history) != 1 || history[0].Proof != nil || history[0].Raw == nil {
		t.Errorf("History = %v, %v", history, err)
	}
}
