package audit_test

import (
	"crypto"
	"crypto/ed25519"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// TestWhoWasAwayLearnsTheNextKeys lets three keys of one epoch sign one after another, each beside the one before for a time, and asks for what leads from the first
// to the last.
func TestWhoWasAwayLearnsTheNextKeys(t *testing.T) {
	t.Parallel()
	s := audittest.NewMemory()
	vkeys := make([]string, 4)
	for i := range vkeys {
		var err error
		if vkeys[i], err = audit.NewVKey(origin, audittest.EpochKey(i+1).Public().(ed25519.PublicKey)); err != nil {
			t.Fatal(err)
		}
	}
	entries := 0
	// sign publishes a few checkpoints by keys, and returns how all keys until then have followed one another.
	sign := func(keys ...int) []audit.Succession {
		t.Helper()
		c := config(s)
		c.Signer, c.Keys = audittest.EpochKey(keys[0]+1), vkeys[:keys[len(keys)-1]+1]
		if len(keys) > 1 {
			c.Next = crypto.Signer(audittest.EpochKey(keys[1] + 1))
		}
		l, err := audit.New(c)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			audittest.Add(t, s, audittest.Events(entries, entries+5)...)
			entries += 5
			publish(t, l)
		}
		list, err := l.Successions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, keys := range [][]int{{0}, {0, 1}} {
		if got := sign(keys...); len(got) != 0 {
			t.Errorf("while the first key signs: %d successions", len(got))
		}
	}
	both := int64(entries)
	sign(1)
	if got := sign(1, 2); len(got) != 1 || got[0].VKey != vkeys[1] {
		t.Errorf("while the second key signs: %+v", got)
	}
	sign(2)
	got := sign(3) // a key that took the place of another without having signed beside it
	if len(got) != 2 || got[0].VKey != vkeys[1] || got[1].VKey != vkeys[2] {
		t.Fatalf("after all of them: %+v", got)
	}
	for i, said := range got {
		for _, vkey := range []string{vkeys[i], vkeys[i+1]} {
			v, err := audit.ParseVKey(vkey)
			if err != nil {
				t.Fatal(err)
			}
			c, err := audit.OpenCheckpoint(v, said.Note)
			if err != nil {
				t.Errorf("succession %d does not open by %s: %v", i, vkey, err)
			}
			if i == 0 && c.Size != both {
				t.Errorf("the first succession is of %d entries, want the last that both have signed, of %d", c.Size, both)
			}
		}
	}
}
