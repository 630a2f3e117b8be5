package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// marked returns a log on a store with a high-water mark elsewhere.
func marked(t testing.TB, s audit.Store, m audit.HighWater) *audit.Log {
	t.Helper()
	c := config(s)
	c.Mark = m
	l, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func kept(t testing.TB, m *audittest.Mark) string {
	t.Helper()
	note, err := m.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(note)
}

func TestTheMarkIsMovedBeforeACheckpointIsSaved(t *testing.T) {
	s, m := audittest.NewMemory(), &audittest.Mark{}
	l := marked(t, s, m)
	audittest.Add(t, s, audittest.Events(0, 3)...)
	fault := errors.New("fault")
	s.Fault = func(op audittest.Operation) error {
		if op == audittest.SaveCheckpoint {
			return fault
		}
		return nil
	}
	if _, err := l.Publish(t.Context()); !errors.Is(err, fault) {
		t.Fatalf("Publish = %v, want the fault", err)
	}
	moved := kept(t, m)
	if !strings.Contains(moved, "\n3\n") {
		t.Fatalf("the mark is %q, want a checkpoint of 3 entries", moved)
	}
	s.Fault = nil
	if got := publish(t, l); string(got.Note) != moved {
		t.Errorf("after the power is back Publish = %q, want what was signed before", got.Note)
	}

	audittest.Add(t, s, audittest.Events(3, 5)...)
	m.Fault = func() error { return fault }
	if _, err := l.Publish(t.Context()); !errors.Is(err, fault) {
		t.Fatalf("Publish = %v, want the fault of the mark", err)
	}
	if got, err := l.Checkpoint(t.Context()); err != nil || got.Size != 3 {
		t.Errorf("a checkpoint of %d entries was saved although the mark could not be moved; %v", got.Size, err)
	}
}

// A19, F11: whoever sets the database back, by hand or by restoring a backup, cannot go on under the same name while the mark lies elsewhere.
func TestAStoreThatWasSetBackIsNotSigned(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(t *testing.T, back *audittest.Memory, m *audittest.Mark)
		want error
	}{
		{"a restored backup", func(*testing.T, *audittest.Memory, *audittest.Mark) {}, audit.ErrRolledBack},
		{"a restored backup that has grown, not as far", func(t *testing.T, back *audittest.Memory, _ *audittest.Mark) {
			audittest.Add(t, back, audittest.Events(6, 8)...)
		}, audit.ErrRolledBack},
		{"a restored backup that has grown as far", func(t *testing.T, back *audittest.Memory, _ *audittest.Mark) {
			audittest.Add(t, back, audittest.Events(6, 9)...)
		}, audit.ErrFork},
		{"a restored backup that has grown further", func(t *testing.T, back *audittest.Memory, _ *audittest.Mark) {
			audittest.Add(t, back, audittest.Events(6, 40)...)
		}, audit.ErrFork},
		{"a restored backup that was published before the mark was there", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			audittest.Add(t, back, audittest.Events(6, 40)...)
			publish(t, audittest.NewLog(t, back))
		}, audit.ErrFork},
		{"a mark of a later epoch", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set(sealedNote(t, audit.EpochOrigin(origin, 2), 1))
		}, audit.ErrRolledBack},
		{"a mark of another tree", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set(sealedNote(t, origin, 6))
		}, audit.ErrFork},
		{"a mark of an earlier, other tree", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set(sealedNote(t, origin, 2))
		}, audit.ErrFork},
		{"a mark that is cut", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set([]byte(kept(t, m))[:40])
		}, audit.ErrMark},
		{"a mark signed by nobody", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set(bytes.Replace([]byte(kept(t, m)), []byte("\n9\n"), []byte("\n6\n"), 1))
		}, audit.ErrMark},
		{"a mark of another log", func(t *testing.T, back *audittest.Memory, m *audittest.Mark) {
			m.Set(sealedNote(t, "other.example/audit/log", 6))
		}, audit.ErrMark},
	} {
		s, m := audittest.NewMemory(), &audittest.Mark{}
		l := marked(t, s, m)
		audittest.Add(t, s, audittest.Events(0, 6)...)
		publish(t, l)
		back := s.Clone()
		audittest.Add(t, s, audittest.Events(6, 9)...)
		publish(t, l)
		c.edit(t, back, m)

		before, was := kept(t, m), checkpoint(t, back)
		// The keys of a later epoch are known to whoever has the newest copy of them.
		cfg := config(back)
		cfg.Mark, cfg.Keys = m, []string{vkeyOf(t, audit.EpochOrigin(origin, 2), audittest.Key())}
		again, err := audit.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Check(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: Check = %v, want %v", c.name, err, c.want)
		}
		if _, err := again.Publish(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%s: Publish = %v, want %v", c.name, err, c.want)
		}
		if kept(t, m) != before || !bytes.Equal(checkpoint(t, back).Note, was.Note) {
			t.Errorf("%s: something was signed", c.name)
		}
	}
}

// sealedNote is a checkpoint of a tree that is not this log's, signed with its key.
func sealedNote(t testing.TB, name string, size int64) []byte {
	t.Helper()
	text := fmt.Sprintf("%s\n%d\n%s=\n", name, size, strings.Repeat("A", 43))
	return []byte(text + "\n" + sign(t, text, name, audittest.Key()))
}

func checkpoint(t testing.TB, s audit.Reader) audit.Signed {
	t.Helper()
	signed, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAMarkThatIsMissingOrBehindIsCaughtUp(t *testing.T) {
	var said bytes.Buffer
	s, m := audittest.NewMemory(), &audittest.Mark{}
	cfg := config(s)
	cfg.Mark, cfg.Logger = m, slog.New(slog.NewTextHandler(&said, nil))
	l, err := audit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	audittest.Add(t, s, audittest.Events(0, 3)...)
	first := publish(t, l)
	if said.Len() > 0 {
		t.Errorf("the first publication warns: %s", said.String())
	}
	m.Set(nil)
	if publish(t, l); kept(t, m) != string(first.Note) || !strings.Contains(said.String(), "begun anew") {
		t.Errorf("the missing mark is %q now; it was said: %s", kept(t, m), said.String())
	}
	audittest.Add(t, s, audittest.Events(3, 5)...)
	second := publish(t, l)
	m.Set(first.Note)
	if publish(t, l); kept(t, m) != string(second.Note) {
		t.Errorf("the mark that was behind is %q now", kept(t, m))
	}
	if err := l.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
}

func TestCheckRehashesTheEndOfWhatWasPublished(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, 600)...)
	publish(t, l)
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(*audittest.Contents){
		"the last entry was changed":      func(c *audittest.Contents) { c.Entries[599].Leaf[30] ^= 1 },
		"an entry near the end is gone":   func(c *audittest.Contents) { c.Entries = append(c.Entries[:400:400], c.Entries[401:]...) },
		"a hash below the edge was moved": func(c *audittest.Contents) { c.Hashes[800], c.Hashes[801] = c.Hashes[801], c.Hashes[800] },
	} {
		damaged := s.Clone()
		damaged.Tamper(edit)
		if err := audittest.NewLog(t, damaged).Check(t.Context()); !errors.Is(err, audit.ErrFork) {
			t.Errorf("%s: Check = %v, want ErrFork", name, err)
		}
	}
}

// Commands publish beside a server: whoever of them is last, the mark and the store name one growing log.
func TestSeveralProcessesPublishOneLog(t *testing.T) {
	const processes, rounds = 4, 25
	s, m := audittest.NewMemory(), &audittest.Mark{}
	var mu sync.Mutex
	seen := make(map[int64]string)
	var group sync.WaitGroup
	for p := range processes {
		group.Go(func() {
			l := marked(t, s, m)
			for i := range rounds {
				audittest.Add(t, s, audittest.Event(p*rounds+i))
				signed, err := l.Publish(t.Context())
				if errors.Is(err, audit.ErrConflict) {
					continue // the others were quicker, again and again
				}
				if err != nil {
					t.Errorf("process %d: %v", p, err)
					return
				}
				mu.Lock()
				if was, ok := seen[signed.Size]; ok && was != string(signed.Note) {
					t.Errorf("two checkpoints of %d entries", signed.Size)
				}
				seen[signed.Size] = string(signed.Note)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	last := publish(t, marked(t, s, m))
	if kept(t, m) != string(last.Note) {
		t.Errorf("the mark is not the last checkpoint")
	}
	if got := audittest.Verify(t, s, processes*rounds); got.Published != processes*rounds {
		t.Errorf("%d published, want %d", got.Published, processes*rounds)
	}
}
