package audit_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

func leavesOf(placed []audit.Placed) []tlog.Hash {
	leaves := make([]tlog.Hash, 0, len(placed))
	for _, p := range placed {
		leaves = append(leaves, p.Leaf)
	}
	return leaves
}

func TestEveryEntryCanBeProvedAtEverySize(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	var placed []audit.Placed
	for size := 1; size <= 70; size++ {
		placed = append(placed, audittest.Add(t, s, audittest.Event(size-1))...)
		if _, err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		leaves := leavesOf(placed)
		for i, p := range placed {
			proof, err := l.Prove(t.Context(), int64(i))
			if err != nil {
				t.Fatalf("Prove(%d) at size %d: %v", i, size, err)
			}
			if err := audit.VerifyProof(l.Verifier(), audit.Commit(p.Salt, p.Payload), proof); err != nil {
				t.Errorf("entry %d at size %d: %v", i, size, err)
			}
			if want := pathOf(i, leaves); !slices.Equal(proof.Hashes, want) {
				t.Errorf("entry %d at size %d: path %v, want %v", i, size, proof.Hashes, want)
			}
			if !included(p.Leaf, int64(i), int64(size), rootOf(leaves), proof.Hashes) {
				t.Errorf("entry %d at size %d: another verifier refuses the proof", i, size)
			}
		}
	}
}

func TestConsistencyBetweenAllSizes(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	var leaves []tlog.Hash
	var notes [][]byte
	for size := range 16 {
		published, err := l.Publish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		notes = append(notes, published.Note)
		for from := range size + 1 {
			p, err := l.ProveConsistency(t.Context(), int64(from))
			if err != nil {
				t.Fatalf("ProveConsistency(%d) at size %d: %v", from, size, err)
			}
			var want []tlog.Hash
			if from > 0 {
				want = consistencyOf(from, leaves, true)
			}
			if !slices.Equal(p.Hashes, want) {
				t.Errorf("from %d to %d: %v, want %v", from, size, p.Hashes, want)
			}
			if err := audit.VerifyConsistency(l.Verifier(), notes[from], p); err != nil {
				t.Errorf("from %d to %d: %v", from, size, err)
			}
			for other := range size + 1 {
				if other == from {
					continue
				}
				if err := audit.VerifyConsistency(l.Verifier(), notes[other], p); !errors.Is(err, audit.ErrProof) {
					t.Errorf("from %d to %d: accepted for the checkpoint of size %d: %v", from, size, other, err)
				}
			}
			for i := range p.Hashes {
				flipped := p
				flipped.Hashes = slices.Clone(p.Hashes)
				flipped.Hashes[i][31] ^= 1
				if err := audit.VerifyConsistency(l.Verifier(), notes[from], flipped); !errors.Is(err, audit.ErrProof) {
					t.Errorf("from %d to %d: accepted with hash %d flipped: %v", from, size, i, err)
				}
			}
			longer := p
			longer.Hashes = append(slices.Clone(p.Hashes), tlog.Hash{})
			if err := audit.VerifyConsistency(l.Verifier(), notes[from], longer); !errors.Is(err, audit.ErrProof) {
				t.Errorf("from %d to %d: accepted with one hash more: %v", from, size, err)
			}
		}
		leaves = append(leaves, leavesOf(audittest.Add(t, s, audittest.Event(size)))...)
	}
	if _, err := l.ProveConsistency(t.Context(), 16); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("ProveConsistency beyond the published size = %v, want ErrNotFound", err)
	}
}

func TestConsistencyRefusesAFork(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, 5)...)
	older, err := l.Publish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := audittest.NewMemory()
	fork := audittest.NewLog(t, other)
	audittest.Add(t, other, audittest.Events(0, 9)...) // other salts, another tree
	if _, err := fork.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := fork.ProveConsistency(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyConsistency(l.Verifier(), older.Note, p); !errors.Is(err, audit.ErrProof) {
		t.Errorf("VerifyConsistency of a fork = %v, want ErrProof", err)
	}
}

func proofAt(t testing.TB, size, index int) (audit.Verifier, audit.Commitment, audit.Proof) {
	t.Helper()
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	p := audittest.Add(t, s, audittest.Events(0, size)...)[index]
	if _, err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	proof, err := l.Prove(t.Context(), int64(index))
	if err != nil {
		t.Fatal(err)
	}
	return l.Verifier(), audit.Commit(p.Salt, p.Payload), proof
}

func TestVerifyProofRefuses(t *testing.T) {
	v, entry, proof := proofAt(t, 11, 6)
	if err := audit.VerifyProof(v, entry, proof); err != nil {
		t.Fatal(err)
	}
	foreign := verifier(t, vkeyOf(t, origin, rfc8032(t)))
	for _, c := range []struct {
		name string
		edit func(v *audit.Verifier, entry *audit.Commitment, p *audit.Proof)
	}{
		{"another entry", func(_ *audit.Verifier, entry *audit.Commitment, _ *audit.Proof) { entry[47] ^= 1 }},
		{"another index", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Index = 7 }},
		{"a negative index", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Index = -1 }},
		{"an index beyond the end", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Index = 11 }},
		{"another size", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Size = 12 }},
		{"no hashes", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Hashes = nil }},
		{"one hash less", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Hashes = p.Hashes[1:] }},
		{"one hash more", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Hashes = append(p.Hashes, tlog.Hash{}) }},
		{"hashes in another order", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { slices.Reverse(p.Hashes) }},
		{"another key", func(v *audit.Verifier, _ *audit.Commitment, _ *audit.Proof) { *v = foreign }},
		{"no checkpoint", func(_ *audit.Verifier, _ *audit.Commitment, p *audit.Proof) { p.Checkpoint = nil }},
	} {
		v, entry, p := v, entry, proof
		p.Hashes = slices.Clone(proof.Hashes)
		c.edit(&v, &entry, &p)
		if err := audit.VerifyProof(v, entry, p); !errors.Is(err, audit.ErrProof) && !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: VerifyProof = %v, want an error", c.name, err)
		}
	}
}

func TestProofText(t *testing.T) {
	v, entry, proof := proofAt(t, 11, 6)
	for _, extra := range [][]byte{nil, []byte("out of band"), bytes.Repeat([]byte{7}, 64<<10)} {
		proof.Extra = extra
		text, err := proof.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		back, err := audit.ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(proof, back); diff != "" {
			t.Errorf("(-written +read):\n%s", diff)
		}
		if err := audit.VerifyProof(v, entry, back); err != nil {
			t.Error(err)
		}
	}
	proof.Extra = bytes.Repeat([]byte{7}, 64<<10+1)
	if _, err := proof.MarshalText(); !errors.Is(err, audit.ErrProof) {
		t.Errorf("MarshalText with too much extra = %v, want ErrProof", err)
	}
}

// vectorProof is the receipt for the one entry of the known checkpoint: no hashes.
const vectorProof = "c2sp.org/tlog-proof@v1\nindex 0\n\n" + knownCheckpoint

func TestParseProofVector(t *testing.T) {
	p, err := audit.ParseProof([]byte(vectorProof))
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyProof(verifier(t, knownVKey), audit.Commit(counting(), []byte("{}")), p); err != nil {
		t.Error(err)
	}
	if text, err := p.MarshalText(); err != nil || string(text) != vectorProof {
		t.Errorf("MarshalText = %q, %v", text, err)
	}
}

func TestParseProofRefuses(t *testing.T) {
	const hash = "Fxpjg4wsyBrOCHD4k29wRuJffImvqZtIkaIaARTtZhA=\n"
	edit := func(old, new string) string { return strings.Replace(vectorProof, old, new, 1) }
	for _, c := range []struct{ name, text string }{
		{"nothing", ""},
		{"another version", edit("@v1", "@v2")},
		{"no header", strings.TrimPrefix(vectorProof, "c2sp.org/tlog-proof@v1\n")},
		{"no index", edit("index 0\n", "")},
		{"a negative index", edit("index 0", "index -0")},
		{"a leading zero", edit("index 0", "index 00")},
		{"an index beyond the size", edit("index 0", "index 1")},
		{"an index that overflows", edit("index 0", "index 18446744073709551616")},
		{"empty extra data", edit("index", "extra \nindex")},
		{"extra data twice", edit("index", "extra AA==\nextra AA==\nindex")},
		{"extra data behind the index", edit("index 0\n", "index 0\nextra AA==\n")},
		{"extra data with loose bits", edit("index", "extra AB==\nindex")},
		{"a hash with loose bits", edit("index 0\n", "index 0\n"+strings.Replace(hash, "hA=", "hB=", 1))},
		{"a short hash", edit("index 0\n", "index 0\nFxpj\n")},
		{"too many hashes", edit("index 0\n", "index 0\n"+strings.Repeat(hash, 64))},
		{"no checkpoint", "c2sp.org/tlog-proof@v1\nindex 0\n\n"},
		{"carriage returns", strings.ReplaceAll(vectorProof, "\n", "\r\n")},
		{"a size that stalls tree arithmetic", edit("\n1\n", "\n9223372036854775807\n")},
		{"too long", vectorProof + strings.Repeat("x", 200<<10)},
	} {
		if _, err := audit.ParseProof([]byte(c.text)); !errors.Is(err, audit.ErrProof) && !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: ParseProof = %v, want an error", c.name, err)
		}
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(vectorProof))
	_, _, proof := proofAt(f, 11, 6)
	proof.Extra = []byte("x")
	text, err := proof.MarshalText()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := audit.ParseProof(data)
		if err != nil {
			return
		}
		back, err := p.MarshalText()
		if err != nil || !bytes.Equal(back, data) {
			t.Errorf("parsed %q, written again %q, %v", data, back, err)
		}
		// Forged or not, verifying it ends, and ends with a refusal unless it is the known entry.
		if audit.VerifyProof(verifier(t, knownVKey), audit.Commitment{}, p) == nil {
			t.Errorf("a proof of nothing verified: %q", data)
		}
	})
}
