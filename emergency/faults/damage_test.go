//go:build linux

package faults

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// F6: where a page of the database cannot be read, or is not there, an opening is the whole record or none of it, and the refusal says nothing of either.
func TestUnreadablePages(t *testing.T) {
	t.Parallel()
	origin := newHouse(t, "")
	c := listed(t, origin.issue(t, household()))[0]
	first := origin.serve(t)
	whole, got, err := first.open(c)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%v, status %d", err, got.status)
	}
	if code := first.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	random := rand.New(rand.NewPCG(uint64(number(t, "LOCKET_FAULT_SEED", 1)), 6))
	failed := 0
	for _, fault := range []string{"error=EIO", "retval=0"} {
		for range number(t, "LOCKET_FAULT_ROUNDS", 1) {
			n := 1 + random.IntN(12)
			h := origin.clone(t)
			s := h.serve(t)
			stop := s.strace(t, "pread64", fault, fmt.Sprint(n))
			var answers []opened
			for range 4 {
				o, got, err := s.open(c)
				switch {
				case err != nil:
					s.gone(t)
				case got.status == http.StatusOK:
					answers = append(answers, o)
					if !bytes.Equal(o.Record, whole.Record) {
						t.Errorf("%s at read %d: a record that is not the whole one was let out", fault, n)
					}
				case got.status < 500 || strings.Contains(string(got.body), `"record"`):
					t.Errorf("%s at read %d: a refusal is %d %s", fault, n, got.status, got.body)
				default:
					failed++
				}
			}
			stop()
			logged(t, h.entries(t), answers)
			h.goesOn(t, c)
		}
	}
	if failed == 0 {
		t.Error("nothing was refused: the test shows nothing")
	}
}

// flip turns one bit of the database where a blob stands, as a disk does that says nothing of it.
func (h *house) flip(t *testing.T, query string) {
	t.Helper()
	path := filepath.Join(h.dir, "locket.db")
	out, err := exec.Command("sqlite3", "-bail", path, query).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	stored, err := hex.DecodeString(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	file := content(t, path)
	if bytes.Count(file, stored) != 1 {
		t.Fatalf("what was to be bent is in the file %d times", bytes.Count(file, stored))
	}
	file[bytes.Index(file, stored)] ^= 4
	write(t, path, file)
}

// F9: a bit that flips in a record or in an entry is found when it is read, and by the check, which names the entry. Everybody else goes on.
func TestFlippedBit(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	bent, sound := anna.Patient(t, "adult"), ben.Patient(t, "adult")
	lost, other := anna.Issue(t, bent), ben.Issue(t, sound)
	history, err := app.Log.History(t.Context(), string(bent), 0, 2)
	if err != nil || len(history) != 2 {
		t.Fatalf("%d entries, %v", len(history), err)
	}
	index := history[1].Entry.Index
	if err := app.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := &house{dir: app.Dir, now: app.Clock.Now}
	h.flip(t, fmt.Sprintf("SELECT hex(substr(sealed, -40, 16)) FROM record WHERE patient = '%s'", bent))
	h.flip(t, fmt.Sprintf("SELECT hex(substr(sealed, -40, 16)) FROM audit_entry WHERE idx = %d", index))

	app.Open(t)
	if _, err := app.Service.Open(t.Context(), emergency.Caller{}, emergencytest.OpenRequest(lost)); err == nil {
		t.Error("a record with a flipped bit opens")
	}
	if _, err := app.Service.History(t.Context(), anna.Caller(t), bent, 0, 500); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("entry %d", index)) {
		t.Errorf("an entry with a flipped bit is read as %v, want an error that names entry %d", err, index)
	}
	if _, err := app.Service.Open(t.Context(), emergency.Caller{}, emergencytest.OpenRequest(other)); err != nil {
		t.Errorf("another card: %v", err)
	}
	if _, err := app.Service.History(t.Context(), ben.Caller(t), sound, 0, 500); err != nil {
		t.Errorf("another patient: %v", err)
	}
	if got := locket(t, "audit", "verify", "--data", h.dir); got.code != 1 || !strings.Contains(got.stderr, fmt.Sprintf("entry %d", index)) {
		t.Errorf("the check: exit %d, %s; want 1 and entry %d", got.code, got.stderr, index)
	}
}
