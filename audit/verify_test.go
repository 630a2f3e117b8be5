package audit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// published returns a store with so many entries, all published, and its log.
func published(t testing.TB, size int) (*audittest.Memory, *audit.Log) {
	t.Helper()
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, size)...)
	publish(t, l)
	return s, l
}

// fetch returns what VerifyRemote reads a log with, when it is served at hand.
func fetch(l *audit.Log) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, path string) ([]byte, error) {
		if path == "checkpoint" {
			signed, err := l.Checkpoint(ctx)
			return signed.Note, err
		}
		return l.Tile(ctx, path)
	}
}

func verifyStore(t testing.TB, s audit.Store, v audit.Verifier) error {
	t.Helper()
	keys, err := audit.NewKeyring(v.Name(), v.String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = audit.VerifyStore(t.Context(), s, keys, audittest.Sealer(), nil)
	return err
}

// failsAt reports whether err says that the entry with this index fails.
func failsAt(err error, index int64) bool {
	var verify *audit.VerifyError
	return errors.As(err, &verify) && verify.Index == index
}

// Promise 7: every entry can be proved, by what the log serves and without its store.
func TestEveryEntryCanBeProvedBySomebodyElse(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	for size := int64(0); size <= 300; size++ {
		if size > 0 {
			audittest.Add(t, s, audittest.Event(int(size)))
		}
		publish(t, l)
		report, err := audit.VerifyRemote(t.Context(), fetch(l), l.Verifier(), nil)
		if err != nil || report.Size != size {
			t.Fatalf("VerifyRemote at size %d = %d entries, %v", size, report.Size, err)
		}
		state, err := s.LogState(t.Context())
		if err != nil || state.Root() != report.Root {
			t.Fatalf("root at size %d: %v, %v", size, state.Root(), report.Root)
		}
		if size > 0 {
			if _, err := l.Prove(t.Context(), size/2); err != nil {
				t.Errorf("Prove(%d) at size %d: %v", size/2, size, err)
			}
		}
	}
	audittest.Verify(t, s, 300)
}

// Promise 7, second half: also after personal data was erased.
func TestEveryEntryCanBeProvedAfterErasure(t *testing.T) {
	s, l := published(t, 40)
	before, err := s.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	published := before.Root()
	for i := range int64(13) {
		audittest.Erase(t, s, audit.OnRequest, 3*i)
	}
	signed, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := audit.OpenCheckpoint(l.Verifier(), signed.Note); err != nil || c.Root != published {
		t.Errorf("the published root is %v, %v, want %v as before", c.Root, err, published)
	}
	if report := audittest.Verify(t, s, 53); report.Erased != 13 || report.Opened != 40 {
		t.Errorf("report = %+v", report)
	}
	if _, err := audit.VerifyRemote(t.Context(), fetch(l), l.Verifier(), nil); err != nil {
		t.Errorf("VerifyRemote: %v", err)
	}
	for i := range int64(40) {
		rows, err := s.Entries(t.Context(), i, i+1)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := l.Prove(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyProof(l.Verifier(), rows[0].Leaf, proof); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	audittest.Add(t, s, audittest.Events(40, 50)...) // chains go on over erased entries
	audittest.Verify(t, s, 63)
}

func TestReport(t *testing.T) {
	s, l := published(t, 12)
	audittest.Add(t, s, audittest.Events(12, 20)...)
	var done []string
	report, err := audit.VerifyStore(t.Context(), s, l.Keys(), nil, func(n, total int64) {
		done = append(done, fmt.Sprintf("%d/%d", n, total))
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Size != 20 || report.Published != 12 || report.Opened != 0 || report.Erased != 0 || report.Subjects != 5 {
		t.Errorf("report = %+v", report)
	}
	if got := strings.Join(done, " "); got != "12/20 20/20" {
		t.Errorf("progress = %s", got)
	}
}

// Whatever single byte of a row, a hash, the state or the checkpoint is changed, verification finds it.
func TestEveryFlippedByteIsFound(t *testing.T) {
	const size = 7
	clean, l := published(t, size)
	flips := 0
	found := func(what string, edit func(c *audittest.Contents)) {
		t.Helper()
		s := clean.Clone()
		s.Tamper(edit)
		var verify *audit.VerifyError
		if err := verifyStore(t, s, l.Verifier()); !errors.As(err, &verify) {
			t.Errorf("a flip in %s: %v, want a VerifyError", what, err)
		}
		flips++
	}
	flip := func(b []byte, i int) []byte {
		b = slices.Clone(b)
		b[i] ^= 1 << (i % 8)
		return b
	}
	rows, err := clean.Entries(t.Context(), 0, size)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for b := range row.Leaf {
			found(fmt.Sprintf("the commitment of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Leaf[b] ^= 1 << (b % 8) })
		}
		for b := range row.Sealed {
			found(fmt.Sprintf("the payload of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Sealed = flip(row.Sealed, b) })
		}
		for b := range row.Subject {
			found(fmt.Sprintf("the subject of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Subject = string(flip([]byte(row.Subject), b)) })
		}
		for b := range row.Type {
			found(fmt.Sprintf("the type of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Type = audit.Type(flip([]byte(row.Type), b)) })
		}
		found(fmt.Sprintf("the number of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Seq ^= 1 })
		found(fmt.Sprintf("the index of entry %d", i), func(c *audittest.Contents) { c.Entries[i].Index ^= 1 })
		found(fmt.Sprintf("the time of entry %d", i), func(c *audittest.Contents) { c.Entries[i].At = row.At.Add(time.Millisecond) })
	}
	for id := range tlog.StoredHashIndex(0, size) {
		for b := range tlog.HashSize {
			found(fmt.Sprintf("hash %d", id), func(c *audittest.Contents) {
				h := c.Hashes[id]
				h[b] ^= 1 << (b % 8)
				c.Hashes[id] = h
			})
		}
	}
	found("the size", func(c *audittest.Contents) { c.State.Size ^= 1 })
	for n := range 3 {
		for b := range tlog.HashSize {
			found(fmt.Sprintf("edge %d", n), func(c *audittest.Contents) { c.State.Edge[n][b] ^= 1 << (b % 8) })
		}
	}
	signed, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for b := range signed.Note {
		for bit := range 8 {
			found(fmt.Sprintf("byte %d of the checkpoint", b), func(c *audittest.Contents) {
				note := slices.Clone(signed.Note)
				note[b] ^= 1 << bit
				c.Checkpoints[0].Note = note
			})
		}
	}
	if flips < 4000 {
		t.Errorf("only %d flips were tried", flips)
	}
}

func TestVerifyStoreNamesWhatFails(t *testing.T) {
	seal := func(e *audit.Entry, salt audit.Salt, payload []byte) {
		e.Leaf = audit.Commit(salt, payload)
		sealed, err := audittest.Sealer().Seal(e.Index, append(salt[:], payload...))
		if err != nil {
			t.Fatal(err)
		}
		e.Sealed = sealed
	}
	// regrow gives the contents the tree of their changed entries, as an operator who forges the log would.
	regrow := func(c *audittest.Contents) {
		var leaves []tlog.Hash
		for i := range c.Entries {
			leaves = append(leaves, c.Entries[i].Leaf.LeafHash())
		}
		c.Hashes = make(map[int64]tlog.Hash)
		for level := 0; 1<<level <= len(leaves); level++ {
			for n := 0; (n+1)<<level <= len(leaves); n++ {
				c.Hashes[tlog.StoredHashIndex(level, int64(n))] = rootOf(leaves[n<<level : (n+1)<<level])
			}
		}
		c.State = audit.State{Epoch: 1, Size: int64(len(leaves))}
		for start, rest := 0, len(leaves); rest > 0; {
			k := 1
			for 2*k <= rest {
				k *= 2
			}
			c.State.Edge = append(c.State.Edge, rootOf(leaves[start:start+k]))
			start, rest = start+k, rest-k
		}
	}
	const size = 20 // 15 of them published; patient-1 has entries 1, 7, 13, 19
	for _, c := range []struct {
		name  string
		edit  func(c *audittest.Contents)
		index int64
		what  string
	}{
		{"a deleted row", func(c *audittest.Contents) { c.Entries = slices.Delete(c.Entries, 5, 6) }, 5, "missing"},
		{"a deleted last row", func(c *audittest.Contents) { c.Entries = c.Entries[:19] }, 19, "missing"},
		{"swapped rows", func(c *audittest.Contents) {
			c.Entries[5], c.Entries[6] = c.Entries[6], c.Entries[5]
			c.Entries[5].Index, c.Entries[6].Index = 5, 6
			c.Entries[5].Row, c.Entries[6].Row = 5, 6
		}, 5, "does not open"},
		{"swapped commitments", func(c *audittest.Contents) {
			c.Entries[5].Leaf, c.Entries[6].Leaf = c.Entries[6].Leaf, c.Entries[5].Leaf
		}, 5, "commitment"},
		{"a payload of another entry", func(c *audittest.Contents) { c.Entries[5].Sealed = c.Entries[11].Sealed }, 5, "does not open"},
		{"a payload that vanished", func(c *audittest.Contents) { c.Entries[5].Sealed = nil }, 5, "gone"},
		{"an erased entry with a payload", func(c *audittest.Contents) { c.Entries[5].ErasedAt = audittest.Epoch() }, 5, "erased"},
		{"a commitment of a later version", func(c *audittest.Contents) { c.Entries[5].Leaf[14] = '2' }, 5, "version"},
		{"a forged unpublished tail", func(c *audittest.Contents) {
			seal(&c.Entries[19], audit.Salt{}, audit.Canonical(audittest.Event(19), 4, previous))
			regrow(c)
		}, 19, "previous entry"},
		{"a forged number in an unpublished tail", func(c *audittest.Contents) {
			seal(&c.Entries[19], audit.Salt{}, audit.Canonical(audittest.Event(19), 3, previous))
			c.Entries[19].Seq = 3
			regrow(c)
		}, 19, "number 3"},
		{"a payload that is no event", func(c *audittest.Contents) {
			seal(&c.Entries[19], audit.Salt{}, []byte(`{}`))
			regrow(c)
		}, 19, "canonical"},
		{"a payload without room for a salt", func(c *audittest.Contents) {
			sealed, err := audittest.Sealer().Seal(5, []byte("short"))
			if err != nil {
				t.Fatal(err)
			}
			c.Entries[5].Sealed = sealed
		}, 5, "does not open"},
		{"a column that differs from the payload", func(c *audittest.Contents) { c.Entries[5].Type = audit.CardScanned }, 5, "columns"},
		{"an entry about nobody with a number", func(c *audittest.Contents) {
			c.Entries[5].Sealed, c.Entries[5].ErasedAt, c.Entries[5].Type, c.Entries[5].Seq = nil, audittest.Epoch(), audit.AccountSignedIn, 1
		}, 5, "no patient"},
		{"an erased entry that lost its number", func(c *audittest.Contents) {
			c.Entries[7].Sealed, c.Entries[7].ErasedAt, c.Entries[7].Seq = nil, audittest.Epoch(), 0
		}, 7, "number 0"},
		{"a forged published entry", func(c *audittest.Contents) {
			seal(&c.Entries[5], audit.Salt{}, audit.Canonical(audittest.Event(5), 0, nil))
			regrow(c)
		}, -1, "signed checkpoint"},
		{"a changed leaf hash", func(c *audittest.Contents) { c.Hashes[tlog.StoredHashIndex(0, 9)] = tlog.Hash{} }, 9, "level 0"},
		{"a changed inner hash", func(c *audittest.Contents) { c.Hashes[tlog.StoredHashIndex(2, 1)] = tlog.Hash{} }, 7, "level 2"},
		{"a deleted leaf hash", func(c *audittest.Contents) { delete(c.Hashes, tlog.StoredHashIndex(0, 9)) }, 9, "level 0"},
		{"a deleted inner hash", func(c *audittest.Contents) { delete(c.Hashes, tlog.StoredHashIndex(3, 1)) }, 15, "level 3"},
		{"a cut tail", func(c *audittest.Contents) {
			c.Entries = c.Entries[:14]
			regrow(c)
		}, 14, "covers 15 entries, the log holds 14"},
		{"a state that was set back", func(c *audittest.Contents) {
			rows := c.Entries
			c.Entries = c.Entries[:16]
			regrow(c)
			c.Entries = rows
		}, 16, "beyond the end"},
		{"another edge", func(c *audittest.Contents) { c.State.Edge[0] = tlog.Hash{} }, -1, "edge"},
		{"a state that cannot be", func(c *audittest.Contents) { c.State.Edge = nil }, -1, "state"},
		{"a size that no log has", func(c *audittest.Contents) {
			c.State = audit.State{Epoch: 1, Size: 1 << 62, Edge: make([]tlog.Hash, 1)}
		}, -1, "state"},
		{"a negative size", func(c *audittest.Contents) { c.State.Size = -1 }, -1, "state"},
		{"a checkpoint under another size", func(c *audittest.Contents) { c.Checkpoints[0].Size = 14 }, -1, "another size"},
	} {
		s, l := published(t, 15)
		audittest.Add(t, s, audittest.Events(15, size)...)
		if err := verifyStore(t, s, l.Verifier()); err != nil {
			t.Fatal(err)
		}
		s.Tamper(c.edit)
		err := verifyStore(t, s, l.Verifier())
		if !failsAt(err, c.index) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: VerifyStore = %v, want entry %d and %q", c.name, err, c.index, c.what)
		}
	}
}

func TestVerifyFailsWithAnotherKey(t *testing.T) {
	s, l := published(t, 9)
	other := verifier(t, vkeyOf(t, origin, rfc8032(t)))
	renamed := verifier(t, vkeyOf(t, "other.example/log", audittest.Key()))
	for name, v := range map[string]audit.Verifier{"another key": other, "another log": renamed} {
		if err := verifyStore(t, s, v); !failsAt(err, -1) {
			t.Errorf("%s: VerifyStore = %v", name, err)
		}
		if _, err := audit.VerifyRemote(t.Context(), fetch(l), v, nil); !failsAt(err, -1) {
			t.Errorf("%s: VerifyRemote = %v", name, err)
		}
	}
}

// failing is a store of which one method fails.
type failing struct {
	audit.Store
	entries, hashes error
}

func (f failing) Epoch(int) audit.Reader { return f }

func (f failing) Entries(ctx context.Context, from, to int64) ([]audit.Entry, error) {
	if f.entries != nil {
		return nil, f.entries
	}
	return f.Store.Entries(ctx, from, to)
}

func (f failing) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	if f.hashes != nil {
		return nil, f.hashes
	}
	return f.Store.Hashes(ctx, ids)
}

func TestAFailingStoreIsNoDamage(t *testing.T) {
	s, l := published(t, 9)
	fault := errors.New("fault")
	for name, r := range map[string]audit.Store{"entries": failing{s, fault, nil}, "hashes": failing{s, nil, fault}} {
		err := verifyStore(t, r, l.Verifier())
		var verify *audit.VerifyError
		if !errors.Is(err, fault) || errors.As(err, &verify) {
			t.Errorf("failing %s: VerifyStore = %v, want the fault alone", name, err)
		}
	}
}

// growing appends in the middle of a verification.
type growing struct {
	audit.Store
	grow func()
}

func (g *growing) Epoch(int) audit.Reader { return g }

func (g *growing) Entries(ctx context.Context, from, to int64) ([]audit.Entry, error) {
	if grow := g.grow; grow != nil {
		g.grow = nil
		grow()
	}
	return g.Store.Entries(ctx, from, to)
}

func TestVerifyStoreWhileTheLogGrows(t *testing.T) {
	s, l := published(t, 9)
	g := &growing{s, func() { audittest.Add(t, s, audittest.Events(9, 20)...) }}
	report, err := audit.VerifyStore(t.Context(), g, l.Keys(), audittest.Sealer(), nil)
	if err != nil || report.Size != 9 {
		t.Errorf("VerifyStore = %d entries, %v, want the 9 at its start", report.Size, err)
	}
}

// Whatever single byte a server changes in what it serves, verification from outside finds it.
func TestEveryFlippedServedByteIsFound(t *testing.T) {
	const size = 259 // a full tile and a partial one, on two levels
	_, l := published(t, size)
	served := make(map[string][]byte)
	record := func(ctx context.Context, path string) ([]byte, error) {
		data, err := fetch(l)(ctx, path)
		served[path] = data
		return data, err
	}
	if _, err := audit.VerifyRemote(t.Context(), record, l.Verifier(), nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"checkpoint", "tile/0/000", "tile/0/001.p/3", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/3"} {
		data, ok := served[path]
		if !ok {
			t.Fatalf("%s was not read", path)
		}
		step := max(1, len(data)/150) | 1 // every byte of what is small, and of what is large an odd sample
		for i := 0; i < len(data); i += step {
			flipped := slices.Clone(data)
			flipped[i] ^= 1 << (i % 8)
			lie := func(_ context.Context, p string) ([]byte, error) {
				if p == path {
					return flipped, nil
				}
				return served[p], nil
			}
			var verify *audit.VerifyError
			if _, err := audit.VerifyRemote(t.Context(), lie, l.Verifier(), nil); !errors.As(err, &verify) {
				t.Errorf("byte %d of %s: %v, want a VerifyError", i, path, err)
			}
		}
		for name, short := range map[string][]byte{"cut": data[:len(data)-1], "empty": nil, "longer": append(slices.Clone(data), 'x')} {
			lie := func(_ context.Context, p string) ([]byte, error) {
				if p == path {
					return short, nil
				}
				return served[p], nil
			}
			var verify *audit.VerifyError
			if _, err := audit.VerifyRemote(t.Context(), lie, l.Verifier(), nil); !errors.As(err, &verify) {
				t.Errorf("%s %s: %v, want a VerifyError", path, name, err)
			}
		}
	}
}

func TestVerifyRemoteNamesTheEntry(t *testing.T) {
	_, l := published(t, 600)
	for _, c := range []struct {
		path   string
		offset int
		index  int64
	}{
		{"tile/entries/001", 50*7 + 2, 263},      // the label of an entry
		{"tile/0/001", 32 * 7, 263},              // a leaf hash
		{"tile/1/000.p/2", 32, 256},              // the hash of a full tile
		{"tile/entries/002.p/88", 0, 512},        // the frame of a bundle
		{"tile/0/002.p/88", 32*87 + 31, 599},     // the last leaf hash
		{"tile/entries/001", 50*7 + 2 + 47, 263}, // the commitment of an entry
	} {
		lie := func(ctx context.Context, path string) ([]byte, error) {
			data, err := fetch(l)(ctx, path)
			if path == c.path {
				data[c.offset] ^= 1
			}
			return data, err
		}
		if _, err := audit.VerifyRemote(t.Context(), lie, l.Verifier(), nil); !failsAt(err, c.index) {
			t.Errorf("%s at %d: VerifyRemote = %v, want entry %d", c.path, c.offset, err, c.index)
		}
	}
}

// A server that answers with one whole log and with the checkpoint of another is found by the root alone.
func TestVerifyRemoteFindsAnotherLog(t *testing.T) {
	_, l := published(t, 300)
	_, other := published(t, 300)
	lie := func(ctx context.Context, path string) ([]byte, error) {
		if path == "checkpoint" {
			return fetch(l)(ctx, path)
		}
		return fetch(other)(ctx, path)
	}
	if _, err := audit.VerifyRemote(t.Context(), lie, l.Verifier(), nil); !failsAt(err, -1) {
		t.Errorf("VerifyRemote = %v, want the log as a whole to fail", err)
	}
}

func TestVerifyRemoteFindsAForeignEntry(t *testing.T) {
	foreign := audit.Commit(counting(), []byte("{}"))
	foreign[14] = '2' // of a version to come
	leaf := foreign.LeafHash()
	served := map[string][]byte{
		"checkpoint":           signed(t, fmt.Sprintf("%s\n1\n%s\n", origin, leaf)),
		"tile/entries/000.p/1": append([]byte{0, audit.CommitmentSize}, foreign[:]...),
		"tile/0/000.p/1":       leaf[:],
	}
	fetch := func(_ context.Context, path string) ([]byte, error) { return served[path], nil }
	if _, err := audit.VerifyRemote(t.Context(), fetch, verifier(t, knownVKey), nil); !failsAt(err, 0) {
		t.Errorf("VerifyRemote = %v, want entry 0 to fail", err)
	}
}

func TestVerifyRemoteReturnsTheErrorsOfFetch(t *testing.T) {
	_, l := published(t, 300)
	fault := errors.New("fault")
	for _, failing := range []string{"checkpoint", "tile/entries/001.p/44", "tile/0/000", "tile/1/000.p/1"} {
		fetch := func(ctx context.Context, path string) ([]byte, error) {
			if path == failing {
				return nil, fault
			}
			return fetch(l)(ctx, path)
		}
		if _, err := audit.VerifyRemote(t.Context(), fetch, l.Verifier(), nil); !errors.Is(err, fault) {
			t.Errorf("failing %s: VerifyRemote = %v", failing, err)
		}
	}
}

// BenchmarkVerifyStore tells the time of one entry: everything recomputed and every payload opened.
func BenchmarkVerifyStore(b *testing.B) {
	const size = 20_000
	s, l := published(b, size)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += size {
		if err := verifyStore(b, s, l.Verifier()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyRemote tells the time of one entry of a log that is served at hand.
func BenchmarkVerifyRemote(b *testing.B) {
	const size = 20_000
	_, l := published(b, size)
	b.ResetTimer()
	for n := 0; n < b.N; n += size {
		if _, err := audit.VerifyRemote(b.Context(), fetch(l), l.Verifier(), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProve tells the time of one proof, checked before it leaves.
func BenchmarkProve(b *testing.B) {
	const size = 20_000
	_, l := published(b, size)
	for b.Loop() {
		if _, err := l.Prove(b.Context(), size/3); err != nil {
			b.Fatal(err)
		}
	}
}

// Entries are opened together, many at once, and what does not hold is named in the order of the log.
func TestTheFirstEntryThatFailsIsNamed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	const size = 2500 // more than is read at a time
	s, l := published(t, size)
	for _, first := range []int64{1, 700, 1023, 1024, 2300} {
		damaged := s.Clone()
		damaged.Tamper(func(c *audittest.Contents) {
			for _, i := range []int64{2499, 2400, first} {
				c.Entries[i].Sealed = slices.Clone(c.Entries[i].Sealed)
				c.Entries[i].Sealed[0] ^= 1
			}
		})
		if err := verifyStore(t, damaged, l.Verifier()); !failsAt(err, first) {
			t.Errorf("got %v, want entry %d", err, first)
		}
	}
	if report := audittest.Verify(t, s, size); report.Opened != size {
		t.Errorf("opened %d of %d", report.Opened, size)
	}
}
