package audit_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

func TestAppendChainsTheEntriesOfASubject(t *testing.T) {
	s := audittest.NewMemory()
	about := func(subject string) audit.Event {
		e := audittest.Event(0)
		e.Subject = subject
		return e
	}
	// Two batches: a chain runs on within one and across both, and other subjects do not touch it.
	first := audittest.Add(t, s, about("a"), about("b"), about(""), about("a"))
	second := audittest.Add(t, s, about("a"), about("b"), about("a"))
	placed := append(first, second...)
	for i, c := range []struct {
		seq      uint64
		previous int // place of the subject's previous entry, -1 for none
	}{{1, -1}, {1, -1}, {0, -1}, {2, 0}, {3, 3}, {2, 1}, {4, 4}} {
		p, err := audit.ParsePayload(placed[i].Payload)
		if err != nil {
			t.Fatal(err)
		}
		var previous []byte
		if c.previous >= 0 {
			previous = placed[c.previous].Leaf[:]
		}
		if placed[i].Index != int64(i) || placed[i].Seq != c.seq || p.Seq != c.seq {
			t.Errorf("entry %d: index %d, number %d and %d in the payload, want %d", i, placed[i].Index, placed[i].Seq, p.Seq, c.seq)
		}
		if diff := cmp.Diff(previous, p.Previous); diff != "" {
			t.Errorf("entry %d: previous (-want +got):\n%s", i, diff)
		}
	}
	audittest.Verify(t, s, 7)
}

func TestAppendCommitsToWhatIsSealed(t *testing.T) {
	s := audittest.NewMemory()
	placed := audittest.Add(t, s, audittest.Events(0, 8)...)
	rows, err := s.Entries(t.Context(), 0, 8)
	if err != nil {
		t.Fatal(err)
	}
	salts := make(map[audit.Salt]bool)
	for i, p := range placed {
		e, row := audittest.Event(i), rows[i]
		if audit.Commit(p.Salt, p.Payload) != row.Leaf || p.Leaf != row.Leaf.LeafHash() {
			t.Errorf("entry %d does not commit to its salt and payload", i)
		}
		if row.Subject != e.Subject || row.Type != e.Type || !row.At.Equal(e.At) || !row.ErasedAt.IsZero() {
			t.Errorf("entry %d: row %+v", i, row)
		}
		plain, err := audittest.Sealer().Open(int64(i), row.Sealed)
		if err != nil || !bytes.HasPrefix(plain, p.Salt[:]) {
			t.Fatalf("entry %d: sealed %q, %v", i, plain, err)
		}
		if raw, ok := audit.Unpack(plain[audit.SaltSize:]); !ok || !bytes.Equal(raw, p.Payload) {
			t.Errorf("entry %d: sealed %q, %v", i, raw, ok)
		}
		salts[p.Salt] = true
	}
	if len(salts) != 8 {
		t.Errorf("%d salts for 8 entries", len(salts))
	}
}

// Logs that were begun before payloads were packed hold them as they are.
func TestAPayloadThatIsNotPackedIsOpened(t *testing.T) {
	s := audittest.NewMemory()
	placed := audittest.Add(t, s, audittest.Events(0, 8)...)
	s.Tamper(func(c *audittest.Contents) {
		for i, p := range placed[:4] {
			sealed, err := audittest.Sealer().Seal(p.Row, append(p.Salt[:], p.Payload...))
			if err != nil {
				t.Fatal(err)
			}
			c.Entries[i].Sealed = sealed
		}
	})
	if report := audittest.Verify(t, s, 8); report.Opened != 8 {
		t.Errorf("opened %d of 8", report.Opened)
	}
}

func TestAppendOfNothingTouchesNothing(t *testing.T) {
	s := audittest.NewMemory()
	s.Fault = func(op audittest.Operation) error {
		if op == audittest.Commit || op == audittest.Committed {
			return nil
		}
		return fmt.Errorf("unexpected %s", op)
	}
	if placed := audittest.Add(t, s); placed != nil {
		t.Errorf("Append of nothing = %v", placed)
	}
}

func TestAppendRefuses(t *testing.T) {
	invalid := audittest.Events(0, 3)
	invalid[2].Type = ""
	damaged := audittest.NewMemory()
	damaged.Tamper(func(c *audittest.Contents) { c.State.Size = 3 }) // an edge of two hashes is missing
	errSeal, errRandom := errors.New("seal"), errors.New("random")
	for _, c := range []struct {
		name   string
		store  *audittest.Memory
		sealer audit.Sealer
		random io.Reader
		events []audit.Event
		want   error
	}{
		{"an invalid event among others", audittest.NewMemory(), audittest.Sealer(), rand.Reader, invalid, audit.ErrInvalid},
		{"a damaged state", damaged, audittest.Sealer(), rand.Reader, audittest.Events(0, 1), audit.ErrState},
		{"a failing sealer", audittest.NewMemory(), failingSealer{errSeal}, rand.Reader, audittest.Events(0, 1), errSeal},
		{"failing randomness", audittest.NewMemory(), audittest.Sealer(), iotest.ErrReader(errRandom), audittest.Events(0, 1), errRandom},
		{"short randomness", audittest.NewMemory(), audittest.Sealer(), io.LimitReader(rand.Reader, 40), audittest.Events(0, 2), io.ErrUnexpectedEOF},
	} {
		var placed []audit.Placed
		err := c.store.Update(t.Context(), func(tx audit.Tx) (err error) {
			placed, err = audit.Append(t.Context(), tx, c.sealer, c.random, c.events)
			return err
		})
		if !errors.Is(err, c.want) || placed != nil {
			t.Errorf("%s: Append = %v, %v, want %v", c.name, placed, err, c.want)
		}
	}
	s := audittest.NewMemory()
	err := s.Update(t.Context(), func(tx audit.Tx) error {
		if _, err := audit.Append(t.Context(), nil, audittest.Sealer(), rand.Reader, audittest.Events(0, 1)); err == nil {
			t.Error("Append without a transaction returned no error")
		}
		if _, err := audit.Append(t.Context(), tx, nil, rand.Reader, audittest.Events(0, 1)); err == nil {
			t.Error("Append without a sealer returned no error")
		}
		if _, err := audit.Append(t.Context(), tx, audittest.Sealer(), nil, audittest.Events(0, 1)); err == nil {
			t.Error("Append without randomness returned no error")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

type failingSealer struct{ err error }

func (s failingSealer) Seal(int64, []byte) ([]byte, error) { return nil, s.err }
func (s failingSealer) Open(int64, []byte) ([]byte, error) { return nil, s.err }

// Promise 1, as far as this package can keep it: whatever step fails, the caller learns of it, and the log is whole.
func TestNoLogNoData(t *testing.T) {
	fault := errors.New("fault")
	for _, c := range []struct {
		at   audittest.Operation
		size int64 // of the log afterwards
	}{
		{audittest.LogState, 4},
		{audittest.LogHead, 4},
		{audittest.InsertEntries, 4},
		{audittest.InsertHashes, 4},
		{audittest.SwapState, 4},
		{audittest.Commit, 4},
		{audittest.Committed, 7}, // failed, but persisted
	} {
		s := audittest.NewMemory()
		audittest.Add(t, s, audittest.Events(0, 4)...)
		s.Fault = func(op audittest.Operation) error {
			if op == c.at {
				return fault
			}
			return nil
		}
		err := s.Update(t.Context(), func(tx audit.Tx) error {
			_, err := audit.Append(t.Context(), tx, audittest.Sealer(), rand.Reader, audittest.Events(4, 7))
			return err
		})
		if !errors.Is(err, fault) {
			t.Errorf("fault at %s: Update = %v", c.at, err)
		}
		s.Fault = nil
		audittest.Verify(t, s, c.size)
		audittest.Add(t, s, audittest.Events(7, 9)...)
		audittest.Verify(t, s, c.size+2)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			events := audittest.Events(0, batch)
			s := audittest.NewMemory()
			b.ReportAllocs()
			for n := 0; n < b.N; n += batch {
				err := s.Update(b.Context(), func(tx audit.Tx) error {
					_, err := audit.Append(b.Context(), tx, audittest.Sealer(), rand.Reader, events)
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHashAndSeal is the floor under BenchmarkAppend: salt, commitment, leaf, tree and seal of one event, and nothing else.
func BenchmarkHashAndSeal(b *testing.B) {
	payload := audit.Canonical(audittest.Event(0), 2, previous)
	sealer := audittest.Sealer()
	b.ReportAllocs()
	for b.Loop() {
		var salt audit.Salt
		if _, err := rand.Read(salt[:]); err != nil {
			b.Fatal(err)
		}
		c := audit.Commit(salt, payload)
		audit.Commitment(c).LeafHash() // the leaf
		audit.Commitment(c).LeafHash() // and on average one inner hash
		if _, err := sealer.Seal(1, append(salt[:], payload...)); err != nil {
			b.Fatal(err)
		}
	}
}
