package audittest

import (
	"slices"
	"testing"

	"github.com/locket-health/locket/audit"
)

// Erase erases entries of the first epoch as a house does: what they say goes, and an entry about the same subject says so.
func Erase(t testing.TB, m *Memory, ground audit.Ground, indices ...int64) {
	t.Helper()
	l := NewLog(t, m)
	for _, index := range indices {
		found, err := l.Erasable(t.Context(), 1, index)
		if err != nil {
			t.Fatalf("Erasable(%d): %v", index, err)
		}
		said := found.Erased
		said.Ground = ground
		at := Event(int(index)).At.AddDate(1, 0, 0)
		m.Tamper(func(c *Contents) {
			row, _ := c.find(found.Entry.Row)
			c.Entries[row].Sealed, c.Entries[row].ErasedAt = nil, at
		})
		Add(t, m, audit.Event{Type: audit.EntryErased, At: at, Subject: found.Entry.Subject, Actor: audit.Actor{Kind: audit.ByServer}, Details: said.Details()})
	}
}

// Prune takes the rows of erased entries of the first epoch below an index away, after an entry that says so.
func Prune(t testing.TB, m *Memory, below int64) {
	t.Helper()
	said := audit.Pruning{Row: below, Epoch: 1, Index: below}
	Add(t, m, audit.Event{Type: audit.LogPruned, At: Epoch(), Actor: audit.Actor{Kind: audit.ByOperator}, Details: said.Details()})
	m.Tamper(func(c *Contents) {
		c.Minimum = max(c.Minimum, below)
		c.Entries = slices.DeleteFunc(c.Entries, func(e audit.Entry) bool { return e.Row < below && !e.ErasedAt.IsZero() })
	})
}

// find is the place of a row among the entries.
func (c *Contents) find(row int64) (int, bool) {
	return slices.BinarySearchFunc(c.Entries, row, func(e audit.Entry, row int64) int { return int(e.Row - row) })
}
