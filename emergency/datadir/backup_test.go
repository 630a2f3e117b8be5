package datadir_test

import (
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/datadir"
)

func backup(t *testing.T, dir string) (out string) {
	t.Helper()
	out = filepath.Join(t.TempDir(), "backup")
	if _, err := datadir.Backup(t.Context(), dir, "", out, nil); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAContradictedHouseIsBackedUp: a witness who says that the log is another one stops its publication, and no backup.
func TestAContradictedHouseIsBackedUp(t *testing.T) {
	dir := newHouse(t)
	issue(t, dir)
	house, err := datadir.Open(t.Context(), datadir.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	said := audit.Testimony{Witness: "w.example+00000000+AAAA", Epoch: 1, Size: 7, AskedAt: time.Now(), Alarm: audit.AlarmFork}
	if err := errors.Join(house.Store.Testify(t.Context(), said, nil, nil), house.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	published := size(t, dir)
	entries, err := datadir.Backup(t.Context(), dir, "", filepath.Join(t.TempDir(), "backup"), nil)
	if err != nil || entries != published {
		t.Errorf("%d entries are in the backup (%v), want the %d that were published", entries, err, published)
	}
}

// restore makes a house of a backup and of the keys as they are now.
func restore(t *testing.T, in, keys string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "restored")
	if _, err := datadir.Restore(t.Context(), in, datadir.KeyDir(keys, ""), datadir.Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestKeysOutliveAnOlderBackup: a house that is restored knows what became of its keys after the backup.
func TestKeysOutliveAnOlderBackup(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, dir string, key cards.Key)
		want cards.Status
	}{
		{"retired", func(t *testing.T, dir string, _ cards.Key) { rotate(t, dir, true) }, cards.StatusVerified},
		{"withdrawn", func(t *testing.T, dir string, key cards.Key) { withdraw(t, dir, key) }, cards.StatusRevoked},
		{"retired, then withdrawn", func(t *testing.T, dir string, key cards.Key) {
			rotate(t, dir, true)
			withdraw(t, dir, key)
		}, cards.StatusRevoked},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := newHouse(t)
			old := issue(t, dir)
			out := backup(t, dir)
			c.end(t, dir, ownKeys(t, dir)[0])
			says(t, dir, old, c.want)
			restored := restore(t, out, dir)
			says(t, restored, old, c.want)
			says(t, restored, issue(t, restored), cards.StatusVerified)
			before := size(t, restored)
			if after := size(t, restored); after != before {
				t.Errorf("opening it again makes %d entries", after-before)
			}
			// And so does a copy of the copy.
			says(t, restore(t, out, restored), old, c.want)
		})
	}
}

// size is the number of entries in the log of a house that was opened and closed.
func size(t *testing.T, dir string) int64 {
	t.Helper()
	house, err := datadir.Open(t.Context(), datadir.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	state, err := house.Store.LogState(t.Context())
	if err := errors.Join(err, house.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	return state.Size
}

func TestANextKeyOutlivesAnOlderBackup(t *testing.T) {
	dir := newHouse(t)
	out := backup(t, dir)
	first := rotate(t, dir, false)
	restored := restore(t, out, dir)
	if _, err := datadir.Rotate(t.Context(), restored, "", rand.Reader, time.Now, false); !errors.Is(err, datadir.ErrTooSoon) {
		t.Errorf("the second step at once: %v, want ErrTooSoon", err)
	}
	// It waits as long as it would have without the restore.
	later := func() time.Time { return first.From }
	second, err := datadir.Rotate(t.Context(), restored, "", rand.Reader, later, false)
	if err != nil || !second.Next.Public.Equal(first.Next.Public) {
		t.Errorf("the second step: %+v, %v", second, err)
	}
}

// TestAnOldCopyOfTheKeysIsRestored: the house comes back, and says that it needs another key before it signs.
func TestAnOldCopyOfTheKeysIsRestored(t *testing.T) {
	dir := newHouse(t)
	old := issue(t, dir)
	putBack := keep(t, dir, "issuer.pem")
	withdraw(t, dir, ownKeys(t, dir)[0])
	putBack()
	restored := restore(t, backup(t, dir), dir)
	if _, err := datadir.Open(t.Context(), datadir.Options{Dir: restored}); !errors.Is(err, datadir.ErrRetired) {
		t.Errorf("opening: %v, want ErrRetired", err)
	}
	rotate(t, restored, true)
	says(t, restored, old, cards.StatusRevoked)
	says(t, restored, issue(t, restored), cards.StatusVerified)
}
