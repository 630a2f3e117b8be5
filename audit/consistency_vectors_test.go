package audit_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// consistencyVector is a line of testdata/vectors/consistency.json, for verifiers in other languages. Bytes are lower-case hex.
type consistencyVector struct {
	Name    string   `json:"name"`
	OldSize int64    `json:"old_size"`
	OldRoot string   `json:"old_root"`
	NewSize int64    `json:"new_size"`
	NewRoot string   `json:"new_root"`
	Hashes  []string `json:"hashes"`
	OK      bool     `json:"ok"`
}

func consistencyVectors(t testing.TB) []consistencyVector {
	var vectors []consistencyVector
	for _, size := range []int{1, 2, 3, 7, 8, 9, 33, 257} {
		l, placed := vectorLog(t, size)
		leaves := leavesOf(placed)
		for _, old := range slices.Compact([]int{1, size / 2, size - 1, size}) {
			if old < 1 {
				continue
			}
			proof, err := l.ProveConsistency(t.Context(), int64(old))
			if err != nil {
				t.Fatal(err)
			}
			vectors = append(vectors, consistencyClasses(int64(old), int64(size), rootOf(leaves[:old]), rootOf(leaves), proof.Hashes)...)
		}
	}
	return vectors
}

// consistencyClasses returns a proof that holds and what becomes of it under every class of change.
func consistencyClasses(old, size int64, oldRoot, root tlog.Hash, hashes []tlog.Hash) []consistencyVector {
	var vectors []consistencyVector
	add := func(class string, oldSize int64, oldRoot tlog.Hash, newSize int64, newRoot tlog.Hash, hashes []tlog.Hash) {
		text := make([]string, 0, len(hashes))
		for _, h := range hashes {
			text = append(text, hex.EncodeToString(h[:]))
		}
		ok := oldSize > 0 && oldSize <= newSize && tlog.CheckTree(hashes, newSize, newRoot, oldSize, oldRoot) == nil
		if ok != (class == "holds") {
			return // the shape of a path alone does not tell every size from every other: such a change is none
		}
		vectors = append(vectors, consistencyVector{fmt.Sprintf("%d to %d: %s", old, size, class), oldSize, hex.EncodeToString(oldRoot[:]), newSize,
			hex.EncodeToString(newRoot[:]), text, ok})
	}
	flip := func(h tlog.Hash) tlog.Hash { h[0] ^= 0x80; return h }
	add("holds", old, oldRoot, size, root, hashes)
	add("no old size", 0, oldRoot, size, root, hashes)
	add("one old entry less", old-1, oldRoot, size, root, hashes)
	add("one old entry more", old+1, oldRoot, size, root, hashes)
	add("one entry less", old, oldRoot, size-1, root, hashes)
	add("one entry more", old, oldRoot, size+1, root, hashes)
	add("twice the size", old, oldRoot, 2*size, root, hashes)
	add("the other way round", size, root, old, oldRoot, hashes)
	add("the largest sizes", 1<<53-2, oldRoot, 1<<53-1, root, hashes)
	add("a flipped old root", old, flip(oldRoot), size, root, hashes)
	add("a flipped root", old, oldRoot, size, flip(root), hashes)
	add("roots swapped", old, root, size, oldRoot, hashes)
	add("the root of nothing", old, audit.State{}.Root(), size, root, hashes)
	add("no hashes", old, oldRoot, size, root, nil)
	add("a hash in front", old, oldRoot, size, root, append([]tlog.Hash{oldRoot}, hashes...))
	add("a hash behind", old, oldRoot, size, root, append(slices.Clone(hashes), root))
	add("a zero hash behind", old, oldRoot, size, root, append(slices.Clone(hashes), tlog.Hash{}))
	if len(hashes) > 0 {
		add("without the first hash", old, oldRoot, size, root, hashes[1:])
		add("without the last hash", old, oldRoot, size, root, hashes[:len(hashes)-1])
		reversed := slices.Clone(hashes)
		slices.Reverse(reversed)
		add("hashes in reverse", old, oldRoot, size, root, reversed)
	}
	for k := range hashes {
		flipped := slices.Clone(hashes)
		flipped[k] = flip(flipped[k])
		add(fmt.Sprintf("hash %d flipped", k), old, oldRoot, size, root, flipped)
	}
	return vectors
}

func TestConsistencyVectorsAreAsPublished(t *testing.T) {
	vectors := consistencyVectors(t)
	got, err := json.MarshalIndent(vectors, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", "vectors", "consistency.json")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-published +computed:\n%s", diff)
	}
	good := 0
	for _, v := range vectors {
		from := signed(t, fmt.Sprintf("%s\n%d\n%s\n", origin, v.OldSize, tlog.Hash(unhex(t, v.OldRoot))))
		p := audit.Consistency{OldSize: v.OldSize, Checkpoint: signed(t, fmt.Sprintf("%s\n%d\n%s\n", origin, v.NewSize, tlog.Hash(unhex(t, v.NewRoot))))}
		for _, h := range v.Hashes {
			p.Hashes = append(p.Hashes, tlog.Hash(unhex(t, h)))
		}
		if err := audit.VerifyConsistency(verifier(t, knownVKey), from, p); (err == nil) != v.OK {
			t.Errorf("%s: VerifyConsistency = %v, want valid %v", v.Name, err, v.OK)
		}
		if v.OK {
			good++
		}
	}
	if good < 20 || len(vectors)-good < 250 {
		t.Errorf("%d vectors that hold and %d that do not are too few", good, len(vectors)-good)
	}
}
