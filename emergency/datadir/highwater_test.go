package datadir

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/locket-health/locket/audit"
)

func TestTheMarkIsComparedAndMovedAtOnce(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "high-water")
	m := highWaterOf("", path)
	if note, err := m.Load(ctx); err != nil || note != nil {
		t.Fatalf("Load of nothing = %q, %v", note, err)
	}
	for _, c := range []struct {
		name      string
		old, note []byte
		want      error
	}{
		{"something in the place of what is not there", []byte("zero"), []byte("one"), audit.ErrConflict},
		{"the first", nil, []byte("one"), nil},
		{"the first again", nil, []byte("two"), audit.ErrConflict},
		{"in the place of something else", []byte("two"), []byte("three"), audit.ErrConflict},
		{"the next", []byte("one"), []byte("two"), nil},
	} {
		before, _ := m.Load(ctx)
		if err := m.Swap(ctx, c.old, c.note); !errors.Is(err, c.want) {
			t.Errorf("%s: Swap = %v, want %v", c.name, err, c.want)
		}
		want := c.note
		if c.want != nil {
			want = before
		}
		if got, err := m.Load(ctx); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the mark is %q, %v, want %q", c.name, got, err, want)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if note, err := m.Load(ctx); err != nil || note == nil {
		t.Errorf("an empty file is taken for no mark at all: %v", err)
	}
	if err := m.Swap(ctx, nil, []byte("one")); !errors.Is(err, audit.ErrConflict) {
		t.Errorf("in the place of an empty file: %v, want ErrConflict", err)
	}
	if err := os.WriteFile(path, make([]byte, 2*maxHighWater), 0o600); err != nil {
		t.Fatal(err)
	}
	if note, err := m.Load(ctx); err != nil || len(note) != maxHighWater+1 {
		t.Errorf("Load of a large file = %d bytes, %v", len(note), err)
	}
	if err := highWaterOf("", filepath.Join(t.TempDir(), "no", "mark")).Swap(ctx, nil, []byte("one")); err == nil {
		t.Error("a mark was moved in a folder that is not there")
	}
}

// Each of many takers moves the mark from what it has read; every move was seen by nobody else.
func TestTheMarkHasOneMoverAtATime(t *testing.T) {
	const movers, moves = 6, 15
	path := filepath.Join(t.TempDir(), "high-water")
	var mu sync.Mutex
	from := make(map[string]bool)
	var group sync.WaitGroup
	for i := range movers {
		group.Go(func() {
			m := highWaterOf("", path) // as another process: nothing is shared but the files
			for done := 0; done < moves; {
				old, err := m.Load(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				err = m.Swap(t.Context(), old, fmt.Appendf(nil, "%d of %d", done, i))
				if errors.Is(err, audit.ErrConflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				done++
				mu.Lock()
				if from[string(old)] {
					t.Errorf("the mark was moved from %q twice", old)
				}
				from[string(old)] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if len(from) != movers*moves {
		t.Errorf("%d moves, want %d", len(from), movers*moves)
	}
}

func FuzzParseLogKeys(f *testing.F) {
	const origin = "card.example.org/audit/log"
	keys, err := NewKeys(zeros{})
	if err != nil {
		f.Fatal(err)
	}
	var lines string
	for epoch := range 3 {
		vkey, err := vkeyOf(origin, epoch+1, keys.Log)
		if err != nil {
			f.Fatal(err)
		}
		lines += vkey + "\n"
	}
	f.Add([]byte(lines))
	f.Add([]byte(lines + lines + "\r\n\n"))
	f.Add([]byte("card.example.org/audit/log+00000000+AAAA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		ring, err := parseLogKeys(origin, text)
		if err != nil {
			return
		}
		again := []byte{}
		for _, vkey := range ring.VKeys() {
			again = append(again, vkey+"\n"...)
		}
		same, err := parseLogKeys(origin, again)
		if err != nil || fmt.Sprint(same.VKeys()) != fmt.Sprint(ring.VKeys()) {
			t.Errorf("written again it is read as %v, %v, want %v", same.VKeys(), err, ring.VKeys())
		}
	})
}

// zeros is randomness worth nothing.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
