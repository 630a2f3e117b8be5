package audit_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

// The vectors of testdata/vectors are for verifiers in other languages. Bytes are lower-case hex, texts are themselves.
//
//	commitment.json  [{name, salt, payload (text), entry (48 bytes), leaf (leaf hash)}]
//	inclusion.json   [{name, leaf (the 48-byte entry, not its hash), index, size, root, hashes (from the sibling upwards), ok}]
//	checkpoint.json  {vkey, note (text), origin, size, root, proof (text, c2sp.org/tlog-proof@v1), entry (the one that it proves)}
type (
	commitmentVector struct {
		Name    string `json:"name"`
		Salt    string `json:"salt"`
		Payload string `json:"payload"`
		Entry   string `json:"entry"`
		Leaf    string `json:"leaf"`
	}
	inclusionVector struct {
		Name   string   `json:"name"`
		Leaf   string   `json:"leaf"`
		Index  int64    `json:"index"`
		Size   int64    `json:"size"`
		Root   string   `json:"root"`
		Hashes []string `json:"hashes"`
		OK     bool     `json:"ok"`
	}
	checkpointVector struct {
		VKey   string `json:"vkey"`
		Note   string `json:"note"`
		Origin string `json:"origin"`
		Size   int64  `json:"size"`
		Root   string `json:"root"`
		Proof  string `json:"proof"`
		Entry  string `json:"entry"`
	}
)

// random is the same in every run.
func random() *rand.ChaCha8 {
	return rand.NewChaCha8([32]byte([]byte("locket audit vectors, version 1.")))
}

// vectorLog returns entries of fixtures under salts that are the same in every run.
func vectorLog(t testing.TB, size int) (*audit.Log, []audit.Placed) {
	t.Helper()
	s := audittest.NewMemory()
	cfg := config(s)
	cfg.Signer = rfc8032(t)
	l, err := audit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var placed []audit.Placed
	err = s.Update(t.Context(), func(tx audit.Tx) (err error) {
		placed, err = audit.Append(t.Context(), tx, audittest.Sealer(), random(), audittest.Events(0, size))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	publish(t, l)
	return l, placed
}

func entryOf(p audit.Placed) string {
	entry := audit.Commit(p.Salt, p.Payload)
	return hex.EncodeToString(entry[:])
}

func commitmentVectors(t testing.TB) []commitmentVector {
	var vectors []commitmentVector
	add := func(name string, salt audit.Salt, payload string) {
		entry := audit.Commit(salt, []byte(payload))
		leaf := entry.LeafHash()
		vectors = append(vectors, commitmentVector{name, hex.EncodeToString(salt[:]), payload, hex.EncodeToString(entry[:]), hex.EncodeToString(leaf[:])})
	}
	add("an empty object under a counting salt", counting(), "{}")
	add("no payload", audit.Salt{}, "")
	_, placed := vectorLog(t, 8)
	for i, p := range placed {
		add(fmt.Sprintf("the payload of entry %d", i), p.Salt, string(p.Payload))
	}
	arabic := audittest.Event(0)
	arabic.Actor.Name, arabic.ReasonText = "نور مثال", `救急 "意識なし" \ 👩‍⚕️`
	add("several scripts", counting(), string(audit.Canonical(arabic, 1, nil)))
	add("the largest event", counting(), string(audit.Canonical(largest(), 1<<53-1, previous)))
	return vectors
}

func inclusionVectors(t testing.TB) []inclusionVector {
	var vectors []inclusionVector
	for _, size := range []int{1, 2, 3, 5, 7, 8, 9, 33, 257} {
		l, placed := vectorLog(t, size)
		root := rootOf(leavesOf(placed))
		for _, index := range slices.Compact([]int{0, size / 2, size - 1}) {
			proof, err := l.Prove(t.Context(), int64(index))
			if err != nil {
				t.Fatal(err)
			}
			vectors = append(vectors, inclusionClasses(t, size, placed[index], root, proof.Hashes)...)
		}
	}
	return vectors
}

// inclusionClasses returns a proof that holds and what becomes of it under every class of change.
func inclusionClasses(t testing.TB, count int, p audit.Placed, root tlog.Hash, hashes []tlog.Hash) []inclusionVector {
	var vectors []inclusionVector
	add := func(class string, leaf string, index, size int64, root tlog.Hash, hashes []tlog.Hash) {
		text := make([]string, 0, len(hashes))
		for _, h := range hashes {
			text = append(text, hex.EncodeToString(h[:]))
		}
		raw, err := hex.DecodeString(leaf)
		if err != nil {
			t.Fatal(err)
		}
		ok := included(tlog.RecordHash(raw), index, size, root, hashes)
		if ok != (class == "holds") {
			// The shape of a path alone does not tell every size from every other: such a change is none.
			return
		}
		name := fmt.Sprintf("entry %d of %d: %s", p.Index, count, class)
		vectors = append(vectors, inclusionVector{name, leaf, index, size, hex.EncodeToString(root[:]), text, ok})
	}
	flip := func(h tlog.Hash) tlog.Hash { h[31] ^= 1; return h }
	leaf, i, n := entryOf(p), p.Index, int64(count)
	add("holds", leaf, i, n, root, hashes)
	add("the index before", leaf, i-1, n, root, hashes)
	add("the index after", leaf, i+1, n, root, hashes)
	add("the index is the size", leaf, n, n, root, hashes)
	add("the last index that can be", leaf, 1<<53-1, n, root, hashes)
	add("one size less", leaf, i, n-1, root, hashes)
	add("one size more", leaf, i, n+1, root, hashes)
	add("twice the size", leaf, i, 2*n, root, hashes)
	add("no size", leaf, i, 0, root, hashes)
	add("a flipped root", leaf, i, n, flip(root), hashes)
	add("the root of nothing", leaf, i, n, audit.State{}.Root(), hashes)
	add("another entry", entryOf(audit.Placed{Salt: p.Salt, Payload: []byte("{}")}), i, n, root, hashes)
	add("the leaf hash in place of the entry", hex.EncodeToString(p.Leaf[:]), i, n, root, hashes)
	add("no hashes", leaf, i, n, root, nil)
	add("a hash in front", leaf, i, n, root, append([]tlog.Hash{p.Leaf}, hashes...))
	add("a hash behind", leaf, i, n, root, append(slices.Clone(hashes), root))
	add("a zero hash behind", leaf, i, n, root, append(slices.Clone(hashes), tlog.Hash{}))
	if len(hashes) > 0 {
		add("without the first hash", leaf, i, n, root, hashes[1:])
		add("without the last hash", leaf, i, n, root, hashes[:len(hashes)-1])
		reversed := slices.Clone(hashes)
		slices.Reverse(reversed)
		add("hashes in reverse", leaf, i, n, root, reversed)
	}
	for k := range hashes {
		flipped := slices.Clone(hashes)
		flipped[k] = flip(flipped[k])
		add(fmt.Sprintf("hash %d flipped", k), leaf, i, n, root, flipped)
	}
	return vectors
}

func checkpointVectorOf(t testing.TB) checkpointVector {
	l, placed := vectorLog(t, 11)
	signed, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proof, err := l.Prove(t.Context(), 6)
	if err != nil {
		t.Fatal(err)
	}
	text, err := proof.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	root := rootOf(leavesOf(placed))
	return checkpointVector{l.VKey(), string(signed.Note), origin, signed.Size, hex.EncodeToString(root[:]), string(text), entryOf(placed[6])}
}

// The published vectors never change: verifiers in other languages rest on them.
func TestVectorsAreAsPublished(t *testing.T) {
	for name, vectors := range map[string]any{
		"commitment.json": commitmentVectors(t),
		"inclusion.json":  inclusionVectors(t),
		"checkpoint.json": checkpointVectorOf(t),
	} {
		got, err := json.MarshalIndent(vectors, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		path := filepath.Join("testdata", "vectors", name)
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
			t.Errorf("%s (-published +computed):\n%s", name, diff)
		}
	}
}

func readVectors(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInclusionVectors(t *testing.T) {
	var vectors []inclusionVector
	readVectors(t, "inclusion.json", &vectors)
	good := 0
	for _, c := range vectors {
		p := audit.Proof{Index: c.Index, Size: c.Size}
		for _, h := range c.Hashes {
			p.Hashes = append(p.Hashes, tlog.Hash(unhex(t, h)))
		}
		p.Checkpoint = signed(t, fmt.Sprintf("%s\n%d\n%s\n", origin, c.Size, tlog.Hash(unhex(t, c.Root))))
		leaf := unhex(t, c.Leaf)
		if len(leaf) != audit.CommitmentSize { // it cannot even be given to VerifyProof
			if c.OK {
				t.Errorf("%s: an entry of %d bytes", c.Name, len(leaf))
			}
			continue
		}
		if err := audit.VerifyProof(verifier(t, knownVKey), audit.Commitment(leaf), p); (err == nil) != c.OK {
			t.Errorf("%s: VerifyProof = %v, want valid %v", c.Name, err, c.OK)
		}
		if c.OK {
			good++
		}
	}
	if good < 20 || len(vectors)-good < 300 {
		t.Errorf("%d vectors that hold and %d that do not are too few", good, len(vectors)-good)
	}
}

func TestCheckpointVectorVerifies(t *testing.T) {
	var c checkpointVector
	readVectors(t, "checkpoint.json", &c)
	p, err := audit.ParseProof([]byte(c.Proof))
	if err != nil {
		t.Fatal(err)
	}
	if string(p.Checkpoint) != c.Note {
		t.Errorf("the proof carries another checkpoint")
	}
	if err := audit.VerifyProof(verifier(t, c.VKey), audit.Commitment(unhex(t, c.Entry)), p); err != nil {
		t.Error(err)
	}
}
