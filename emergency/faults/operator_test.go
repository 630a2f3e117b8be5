//go:build linux

package faults

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// kept is what lies outside the house: the newest checkpoint, with a witness and on the patient's device, the number and leaf of the patient's last entry
// there, and the patient's receipt of an opening.
type kept struct {
	verifier audit.Verifier
	note     []byte
	size     int64
	patient  emergency.PatientID
	seq      uint64
	leaf     [32]byte
	receipt  []byte
}

// finders are those who can find out what an operator did, by what they are called in the cases below. Each returns why it cannot be, nil when nothing is found.
var finders = map[string]func(t *testing.T, h *house, k kept) error{
	// Whoever has the public key checks the database: it was signed by a key that is kept apart.
	"check": func(t *testing.T, h *house, _ kept) error {
		if got := locket(t, "audit", "verify", "--data", h.dir); got.code != 0 {
			return errors.New(got.stderr)
		}
		return nil
	},
	// The server looks at the high-water mark, on a disk that the operator of the database does not have.
	"start": func(t *testing.T, h *house, _ kept) error {
		_, err := h.running(t)
		return err
	},
	// A witness, and every device with an older checkpoint, asks for the proof that the log has only grown since.
	"witness": func(t *testing.T, h *house, k kept) error {
		house, err := h.unmarked(t).running(t)
		if err != nil {
			return err
		}
		proof, err := house.Log.ProveConsistency(t.Context(), k.size)
		if err != nil {
			return err
		}
		return audit.VerifyConsistency(k.verifier, k.note, proof)
	},
	// The patient's device asks for the entry that was the last.
	"patient": func(t *testing.T, h *house, k kept) error {
		house, err := h.unmarked(t).running(t)
		if err != nil {
			return err
		}
		entries, err := house.Store.SubjectEntries(t.Context(), string(k.patient), k.seq-1, 1)
		if err != nil {
			return err
		}
		if len(entries) != 1 || entries[0].Leaf.LeafHash() != k.leaf {
			return errors.New("the last entry is gone, or another one")
		}
		return nil
	},
}

// running opens a house, as a server does when it starts, until the test ends.
func (h *house) running(t *testing.T) (*datadir.House, error) {
	t.Helper()
	opened, err := datadir.Open(t.Context(), datadir.Options{Dir: h.dir, Now: h.now, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Cleanup(func() { opened.Store.Close() })
	}
	return opened, err
}

// unmarked is a house whose operator has the disk of the high-water mark too.
func (h *house) unmarked(t *testing.T) *house {
	t.Helper()
	copied := h.clone(t)
	if err := os.Remove(filepath.Join(copied.dir, "high-water")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return copied
}

// sql changes the database past the program, as whoever has its disk can. The guards against accidents go first.
func (h *house) sql(t *testing.T, statements string) {
	t.Helper()
	guards := "DROP TRIGGER audit_entry_kept; DROP TRIGGER audit_entry_fixed; DROP TRIGGER tlog_hash_kept; DROP TRIGGER log_state_grows; DROP TRIGGER checkpoint_history_kept;"
	if out, err := exec.Command("sqlite3", "-bail", filepath.Join(h.dir, "locket.db"), guards+statements).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// restore puts the database of another house in the place of this one's.
func (h *house) restore(t *testing.T, from *house) {
	t.Helper()
	write(t, filepath.Join(h.dir, "locket.db"), content(t, filepath.Join(from.dir, "locket.db")))
}

// A19: whatever an operator does to the log is found by somebody, each by what they have kept, and a receipt goes on proving what was.
func TestOperatorIsFoundOut(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	open := func(house *datadir.House, by string) {
		t.Helper()
		request := emergencytest.OpenRequest(issued)
		request.Name = by
		if _, err := house.Service.Open(ctx, emergency.Caller{}, request); err != nil {
			t.Fatal(err)
		}
	}
	closed := func(house *datadir.House) {
		t.Helper()
		if err := house.Close(context.WithoutCancel(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	origin := &house{dir: app.Dir, now: app.Clock.Now}
	open(app.House, "Kim")
	closed(app.House)
	old := origin.clone(t)
	app.Open(t)
	for _, by := range []string{"Lee", "Max", "Noa"} {
		open(app.House, by)
	}
	signed, err := app.Log.Publish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	history, err := app.Log.History(ctx, string(patient), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := history[len(history)-1]
	k := kept{verifier: app.Log.Verifier(), note: signed.Note, size: signed.Size, patient: patient, seq: last.Entry.Seq, leaf: last.Entry.Leaf.LeafHash()}
	if k.receipt, err = last.Receipt(); err != nil {
		t.Fatal(err)
	}
	closed(app.House)

	for _, c := range []struct {
		name string
		act  func(t *testing.T, h *house)
		by   []string // who finds it; anybody else may or may not
	}{
		{"does nothing", func(*testing.T, *house) {}, nil},
		{"edits an entry", func(t *testing.T, h *house) {
			h.sql(t, "UPDATE audit_entry SET sealed = (SELECT sealed FROM audit_entry WHERE idx = 2) WHERE idx = 3")
		}, []string{"check"}},
		{"edits a commitment", func(t *testing.T, h *house) {
			h.sql(t, "UPDATE audit_entry SET leaf = (SELECT leaf FROM audit_entry WHERE idx = 2) WHERE idx = 3")
		}, []string{"check"}},
		{"deletes an entry", func(t *testing.T, h *house) { h.sql(t, "DELETE FROM audit_entry WHERE idx = 3") }, []string{"check"}},
		{"reorders entries", func(t *testing.T, h *house) {
			h.sql(t, "UPDATE audit_entry SET idx = -1 WHERE idx = 2; UPDATE audit_entry SET idx = 2 WHERE idx = 3; UPDATE audit_entry SET idx = 3 WHERE idx = -1")
		}, []string{"check"}},
		{"truncates the log, and forgets that it was published", func(t *testing.T, h *house) {
			h.sql(t, "ATTACH '"+filepath.Join(old.dir, "locket.db")+"' AS old; DELETE FROM audit_entry WHERE idx >= (SELECT size FROM old.log_state); "+
				"DELETE FROM tlog_hash WHERE id NOT IN (SELECT id FROM old.tlog_hash); DELETE FROM checkpoint_history WHERE size > (SELECT size FROM old.log_state); "+
				"UPDATE log_state SET (size, edge) = (SELECT size, edge FROM old.log_state)")
		}, []string{"start", "witness", "patient"}},
		{"restores an old database", func(t *testing.T, h *house) { h.restore(t, old) }, []string{"start", "witness", "patient"}},
		{"restores an old database and begins another story, with the key", func(t *testing.T, h *house) {
			told := old.unmarked(t)
			house, err := told.running(t)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				open(house, "Nobody")
			}
			closed(house)
			h.restore(t, told)
		}, []string{"start", "witness", "patient"}},
		{"restores an old database and begins another story, without the key", func(t *testing.T, h *house) {
			told := old.unmarked(t)
			house, err := told.running(t)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				open(house, "Nobody")
			}
			if err := house.Store.Close(); err != nil {
				t.Fatal(err)
			}
			// The only note that covers as much is the one that says otherwise.
			told.sql(t, "ATTACH '"+filepath.Join(h.dir, "locket.db")+"' AS present; INSERT INTO checkpoint_history SELECT * FROM present.checkpoint_history WHERE size > (SELECT max(size) FROM main.checkpoint_history)")
			h.restore(t, told)
		}, []string{"check", "start", "patient"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := origin.clone(t)
			c.act(t, h)
			if c.by == nil {
				for name, find := range finders {
					if err := find(t, h.clone(t), k); err != nil {
						t.Errorf("%s finds in an honest house: %v", name, err)
					}
				}
			}
			for _, name := range c.by {
				if err := finders[name](t, h.clone(t), k); err == nil {
					t.Errorf("%s finds nothing", name)
				}
			}
		})
	}
	// F11: no server begins on a database from before cards were revoked, and what is to be done is said.
	behind := origin.clone(t)
	behind.restore(t, old)
	if got := locket(t, "serve", "--data", behind.dir, "--listen", "127.0.0.1:0"); got.code != 1 || !strings.Contains(got.stderr, "locket audit epoch") {
		t.Errorf("on an older database serve ends with %d: %s", got.code, got.stderr)
	}
	receipt, err := audit.VerifyReceipt(k.verifier, k.receipt)
	if err != nil || receipt.Payload.Event.Actor.Name != "Noa" {
		t.Errorf("the receipt of the last opening: %v", err)
	}
}
