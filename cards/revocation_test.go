package cards

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRevocationID compares with `(printf locket-revocation/v1; printf 00112233445566778899aabbccddeeff | xxd -r -p) | sha256sum`.
func TestRevocationID(t *testing.T) {
	const want = "314e65ae208d199b"
	if got := RevocationID(testID()); hex.EncodeToString(got[:]) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

// randomEntries are entries of cards that nobody has.
func randomEntries(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	entries := make([]byte, 0, n*revocationSize)
	for range n {
		entries = binary.BigEndian.AppendUint64(entries, r.Uint64())
	}
	return entries
}

func entryOf(id ID) []byte {
	entry := RevocationID(id)
	return entry[:]
}

func TestRevocations(t *testing.T) {
	first, err := NewRevocations(randomEntries(1000))
	if err != nil {
		t.Fatal(err)
	}
	if first.Contains(testID()) {
		t.Error("the card is revoked before it was")
	}
	signer := testSigner(t, testIssuer, "issuer")
	later, err := first.With(slices.Concat(entryOf(testID()), entryOf(testID())))
	if err != nil {
		t.Fatal(err)
	}
	if !later.Contains(testID()) || later.Count() != 1002 || first.Count() != 1000 || first.Contains(testID()) {
		t.Errorf("%d entries, then %d", first.Count(), later.Count())
	}
	text, err := signer.SignRevocations(later.Head(testEdition()))
	if err != nil {
		t.Fatal(err)
	}
	head, err := ParseRevocationHead(text, testKeySet(t, signer.Key()))
	if diff := cmp.Diff(later.Head(testEdition()), head); err != nil || diff != "" {
		t.Errorf("head (-want +got), %v:\n%s", err, diff)
	}
	if head.Matches(first) || !head.Matches(later) {
		t.Error("the head matches another list than its own")
	}
	if before := first.Head(testEdition()); before.Matches(later) || !before.Matches(later.First(before.Count)) || later.First(before.Count).Contains(testID()) {
		t.Error("the list at the time of an earlier head is not found in a later one")
	}
	// A reader that has the first list fetches the rest.
	caughtUp, err := first.With(later.After(first.Count()))
	if err != nil || !head.Matches(caughtUp) {
		t.Errorf("caught up: %v", err)
	}
	result, err := Verifier{Keys: testKeySet(t, signer.Key()), Revoked: later.Contains}.Verify(malleate(testEnvelope(t)), testNow)
	if err != nil || result.Status != StatusRevoked || result.Reason != ReasonCardRevoked {
		t.Errorf("the twin of a revoked card: %v (%v), %v", result.Status, result.Reason, err)
	}
}

func TestRevocationsAfter(t *testing.T) {
	list, err := NewRevocations(randomEntries(3))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		n, want int
	}{{"all", 0, 24}, {"some", 2, 8}, {"none", 3, 0}, {"beyond", 4, 0}, {"negative", -1, 24}} {
		after := list.After(test.n)
		if len(after) != test.want || cap(after) != test.want {
			t.Errorf("%s: %d bytes with room for %d, want %d", test.name, len(after), cap(after), test.want)
		}
		if first := list.First(test.n); !slices.Equal(slices.Concat(first.After(0), after), list.After(0)) || first.Count() != len(first.After(0))/revocationSize {
			t.Errorf("%s: %d entries stand before them", test.name, first.Count())
		}
	}
	if _, err := NewRevocations(make([]byte, maxRevocations+revocationSize)); !errors.Is(err, ErrList) {
		t.Errorf("a list beyond bounds: %v", err)
	}
	if _, err := NewRevocations(make([]byte, 7)); !errors.Is(err, ErrList) {
		t.Errorf("half an entry: %v", err)
	}
	var empty Revocations
	if empty.Contains(testID()) || empty.Count() != 0 || len(empty.After(0)) != 0 {
		t.Error("the empty list is not empty")
	}
	if _, err := ParseRevocationHead(strings.Repeat("a", maxRevocationsHead+1), KeySet{}); !errors.Is(err, ErrList) {
		t.Errorf("a long head: %v", err)
	}
}

func TestSignRevocationsRefuses(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	foreign := testEdition()
	foreign.Issuer = otherIssuer
	for _, test := range []struct {
		name string
		head RevocationHead
		want error
	}{
		{"another issuer", RevocationHead{Edition: foreign}, ErrKey},
		{"a negative count", RevocationHead{Edition: testEdition(), Count: -1}, ErrList},
		{"no times", RevocationHead{Edition: Edition{Issuer: testIssuer}}, ErrList},
	} {
		if text, err := signer.SignRevocations(test.head); text != "" || !errors.Is(err, test.want) {
			t.Errorf("%s: %q, %v", test.name, text, err)
		}
	}
}

// FuzzRevocations: whatever the entries, exactly they are found, and in order.
func FuzzRevocations(f *testing.F) {
	f.Add([]byte{})
	f.Add(randomEntries(3))
	f.Add(bytes.Repeat([]byte{0}, 24))
	f.Add(entryOf(testID()))
	f.Fuzz(func(t *testing.T, entries []byte) {
		list, err := NewRevocations(entries)
		if err != nil {
			return
		}
		var want []uint64
		for i := 0; i < len(entries); i += revocationSize {
			want = append(want, binary.BigEndian.Uint64(entries[i:]))
		}
		slices.Sort(want)
		if !slices.Equal(want, list.sorted) {
			t.Errorf("sorted %v, want %v", list.sorted, want)
		}
		if !bytes.Equal(list.After(0), entries) {
			t.Error("the entries came out changed")
		}
	})
}

func BenchmarkRevocations(b *testing.B) {
	entries := randomEntries(1_000_000)
	list, err := NewRevocations(entries)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := NewRevocations(entries); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("digest", func(b *testing.B) {
		for b.Loop() {
			list.Head(Edition{})
		}
	})
	b.Run("contains", func(b *testing.B) {
		for b.Loop() {
			list.Contains(testID())
		}
	})
}
