package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// wrong is the entry that damage is done to: somewhere in the middle, in no corner of a tile.
const wrong = 54_321

// TestAnIntactLogHolds: what others wrote reads all of the log and finds every entry under the signed checkpoint.
func TestAnIntactLogHolds(t *testing.T) {
	t.Parallel()
	log := copied(t, original).serve(t)
	vkey := get(t, log+"/vkey")
	for _, verifier := range []string{"tessera", "torchwood"} {
		t.Run(verifier, func(t *testing.T) {
			v := ask(verifier, log, vkey)
			v.holds(t)
			if want := map[string]string{"tessera": fmt.Sprintf("%d bundles", (entries+255)/256), "torchwood": fmt.Sprintf("%d entries", entries)}[verifier]; !strings.Contains(v.said, want) {
				t.Errorf("it should have read %s, and says:\n%s", want, v.said)
			}
		})
	}
}

// TestALogHoldsAfterErasures: words that were erased take nothing from the tree.
func TestALogHoldsAfterErasures(t *testing.T) {
	t.Parallel()
	const erased = 100
	h := copied(t, original)
	var indices []int
	for i := range erased {
		indices = append(indices, i*entries/erased)
	}
	h.erase(t, indices...)
	if n := h.query(t, "SELECT count(*) FROM audit_entry WHERE sealed IS NULL"); n != fmt.Sprint(erased) {
		t.Fatalf("%s entries were erased, not %d", n, erased)
	}
	log := h.serve(t)
	vkey := get(t, log+"/vkey")
	t.Run("tessera", func(t *testing.T) { ask("tessera", log, vkey).holds(t) })
	t.Run("torchwood", func(t *testing.T) {
		v := ask("torchwood", log, vkey)
		v.holds(t)
		if want := fmt.Sprintf("%d entries", entries+erased); !strings.Contains(v.said, want) { // each erasure is an entry itself
			t.Errorf("it should have read %s, and says:\n%s", want, v.said)
		}
	})
	t.Run("locket", func(t *testing.T) {
		if said := must(t, locket, "audit", "fsck", "--data", h.dir); !strings.Contains(said, fmt.Sprintf("%d erased", erased)) {
			t.Errorf("it says:\n%s", said)
		}
	})
}

// TestAPrunedLogHoldsFromItsMinimumOn: below the minimum nothing is served, and what is above holds as before. Tessera's fsck cannot begin there.
func TestAPrunedLogHoldsFromItsMinimumOn(t *testing.T) {
	t.Parallel()
	const minimum = 512
	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	h.longer(t, 2*minimum)
	var indices []int
	for i := range minimum {
		indices = append(indices, i)
	}
	h.erase(t, indices...)
	must(t, locket, "audit", "prune", "--data", h.dir, "--below", fmt.Sprint(minimum), "--yes")
	log := h.serve(t)
	vkey := get(t, log+"/vkey")
	ask("torchwood", log, vkey).fails(t, "tile/entries/00[01]: unexpected status code 410")
	if said := get(t, log+"/policy"); !strings.HasPrefix(said, fmt.Sprintf("minimum %d\n", minimum)) {
		t.Errorf("the policy says:\n%s", said)
	}
	ask("torchwood", log, vkey, fmt.Sprint(minimum)).holds(t)
	must(t, locket, "audit", "fsck", "--data", h.dir)
}

// TestDamageIsFound: whoever owns the machine changes the database, beyond its guards, and what others wrote finds it from outside.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name               string
		sql                func(t *testing.T, h *house) string
		tessera, torchwood string // what each finds
	}{
		{"a flipped byte of an entry", func(t *testing.T, h *house) string { return flipped(t, h, "audit_entry", "leaf", "idx", wrong) },
			"tile/0/212: log has", "hash mismatch for entry 54321"},
		{"a flipped byte of a tile", func(t *testing.T, h *house) string {
			return flipped(t, h, "tlog_hash", "h", "id", tlog.StoredHashIndex(8, wrong>>8))
		}, "tile/1/000: log has", "inconsistent tile"},
		{"a deleted row", func(*testing.T, *house) string {
			return fmt.Sprintf("DELETE FROM audit_entry WHERE idx = %d;", wrong)
		}, `entries/212"\): 500`, "entries/212: the server answers 500"},
		{"a deleted row, and the rest moved up", func(*testing.T, *house) string {
			return fmt.Sprintf("DELETE FROM audit_entry WHERE idx = %d; UPDATE audit_entry SET idx = -idx WHERE idx > %[1]d; UPDATE audit_entry SET idx = -idx - 1 WHERE idx < 0;", wrong)
		}, "tiles are wrong|tile/0/212: log has", "hash mismatch for entry 54321"},
		{"swapped rows", func(*testing.T, *house) string {
			return fmt.Sprintf("UPDATE audit_entry SET idx = -1 WHERE idx = %d; UPDATE audit_entry SET idx = %[1]d WHERE idx = %d; UPDATE audit_entry SET idx = %[2]d WHERE idx = -1;", wrong, wrong+1)
		}, "tile/0/212: log has", "hash mismatch for entry 54321"},
		{"a cut tail", func(*testing.T, *house) string {
			return fmt.Sprintf("DELETE FROM audit_entry WHERE idx >= %d; DELETE FROM tlog_hash WHERE id >= %d;", entries-300, tlog.StoredHashIndex(0, entries-300))
		}, `entries/(389|390\.p/160)"\): 500`, `\.p/\d+: the server answers 500`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := copied(t, original)
			log := h.serve(t)
			vkey := get(t, log+"/vkey")
			h.damage(t, c.sql(t, h))
			t.Run("tessera", func(t *testing.T) { ask("tessera", log, vkey).fails(t, c.tessera) })
			t.Run("torchwood", func(t *testing.T) { ask("torchwood", log, vkey).fails(t, c.torchwood) })
		})
	}
}

// flipped is the SQL that changes one bit of a value.
func flipped(t *testing.T, h *house, table, column, key string, row int64) string {
	t.Helper()
	value, err := hex.DecodeString(h.query(t, fmt.Sprintf("SELECT hex(%s) FROM %s WHERE %s = %d", column, table, key, row)))
	if err != nil || len(value) < 20 {
		t.Fatalf("%s %d of %s is not there", column, row, table)
	}
	value[len(value)-1] ^= 1
	return fmt.Sprintf("UPDATE %s SET %s = x'%x' WHERE %s = %d;", table, column, value, key, row)
}

// TestAnotherKeyIsRefused: a log signed by another key than the one that is known is not that log.
func TestAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	log := copied(t, original).serve(t)
	name, _, _ := strings.Cut(get(t, log+"/vkey"), "+")
	_, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("tessera", func(t *testing.T) { ask("tessera", log, vkey).fails(t, "checkpoint") })
	t.Run("torchwood", func(t *testing.T) { ask("torchwood", log, vkey).fails(t, "checkpoint") })
}

// TestOnlyTheHouseSeesAnInteriorHash: a hash of the tree that stands in no tile is not served, and nobody outside can see that it is wrong. The house's own
// check must: a proof would not hold.
func TestOnlyTheHouseSeesAnInteriorHash(t *testing.T) {
	t.Parallel()
	h := copied(t, original)
	log := h.serve(t)
	vkey := get(t, log+"/vkey")
	h.damage(t, flipped(t, h, "tlog_hash", "h", "id", tlog.StoredHashIndex(3, wrong>>3)))
	t.Run("tessera", func(t *testing.T) { ask("tessera", log, vkey).holds(t) })
	t.Run("locket", func(t *testing.T) {
		out, ok := program(locket, "audit", "fsck", "--data", h.dir)
		verdict{ok, out}.fails(t, fmt.Sprintf("entry %d: the stored hash of level 3", wrong|7))
	})
}
