package audit_test

import (
	"slices"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// A history goes on over entries of which nothing is left, because a later one speaks for each; a row that may not be gone is damage.
func TestAHistoryGoesOnOverPrunedEntries(t *testing.T) {
	s, l := published(t, 40)
	whole, err := l.History(t.Context(), "patient-1", 0, 100)
	if err != nil || len(whole) < 4 {
		t.Fatalf("%d entries, %v", len(whole), err)
	}
	gone := whole[1].Entry
	s.Tamper(func(c *audittest.Contents) {
		c.Entries = slices.DeleteFunc(c.Entries, func(e audit.Entry) bool { return e.Index == gone.Index })
	})
	if _, err := l.History(t.Context(), "patient-1", 0, 100); !failsAt(err, whole[2].Entry.Index) {
		t.Errorf("a row that is missing although nothing was pruned: %v", err)
	}

	s, l = published(t, 40)
	if whole, err = l.History(t.Context(), "patient-1", 0, 100); err != nil {
		t.Fatal(err)
	}
	gone = whole[1].Entry
	audittest.Erase(t, s, audit.OnAge, gone.Index)
	publish(t, l)
	audittest.Prune(t, s, gone.Index+1)
	rest, err := l.History(t.Context(), "patient-1", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var spoken audit.Erased
	for _, p := range rest {
		if p.Entry.Seq == gone.Seq {
			t.Error("the entry is there still")
		}
		if p.Payload.Type == audit.EntryErased {
			if spoken, err = audit.ParseErased(p.Payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(rest) != len(whole) || spoken.Seq != gone.Seq || spoken.Leaf != gone.Leaf.LeafHash() {
		t.Errorf("%d entries of %d and the one that says so, which is about number %d, not %d", len(rest), len(whole), spoken.Seq, gone.Seq)
	}
}
