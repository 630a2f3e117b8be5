package datadir_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/storage"
)

// opened opens a data directory until the test, or what is deferred before it, closes it.
func opened(t *testing.T, o datadir.Options) *datadir.House {
	t.Helper()
	house, err := datadir.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return house
}

func closed(t *testing.T, house *datadir.House) {
	t.Helper()
	if err := house.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// grow makes entries about one more patient and publishes them.
func grow(t *testing.T, o datadir.Options) emergency.PatientID {
	t.Helper()
	house := opened(t, o)
	defer closed(t, house)
	issued, _, err := house.Service.IssueFromDocument(t.Context(), emergency.Caller{Operator: true}, emergencytest.Load("adult").Bundle, "adult.json", emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	return issued.Patient
}

// look reads the whole history of a patient, which is itself an entry, publishes that and reads again. It checks the numbers and the proof of each entry by the
// key of its epoch, and the whole log, and returns the history without the last entry, that of the second reading.
func look(t *testing.T, o datadir.Options, patient emergency.PatientID) emergency.HistoryView {
	t.Helper()
	house := opened(t, o)
	defer closed(t, house)
	caller := emergency.Caller{Operator: true}
	if _, err := house.Service.History(t.Context(), caller, patient, 0, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := house.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	view, err := house.Service.History(t.Context(), caller, patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := datadir.LogKeys(t.Context(), house.Store, o.Dir, o.Keys)
	if err != nil {
		t.Fatal(err)
	}
	view.Entries = view.Entries[:len(view.Entries)-1]
	for i, e := range view.Entries {
		if e.Seq != uint64(i)+1 || e.Proof == nil {
			t.Fatalf("entry %d has number %d, proof %v", i, e.Seq, e.Proof)
		}
		if epoch, _, err := keys.OpenCheckpoint(e.Proof.Checkpoint); err != nil || epoch != e.Epoch {
			t.Errorf("entry %d of epoch %d is proved by epoch %d, %v", e.Index, e.Epoch, epoch, err)
		}
	}
	if _, err := audit.VerifyStore(t.Context(), house.Store, keys, emergency.LogSealer(house.Keys.Data), nil); err != nil {
		t.Errorf("the log does not hold: %v", err)
	}
	return view
}

func epochs(t *testing.T, o datadir.Options) []int {
	t.Helper()
	house := opened(t, o)
	defer closed(t, house)
	all, err := house.Log.Epochs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var numbers []int
	for _, e := range all {
		numbers = append(numbers, e.Number)
	}
	return numbers
}

// copied is a data directory as it lies there, files and all.
func copied(t *testing.T, dir string) datadir.Options {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"issuer.pem", "log.pem", "identity.txt", "data.key"} {
		if err := os.Chmod(filepath.Join(to, "keys", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"log-next.pem", "log-epoch.pem"} {
		if err := os.Chmod(filepath.Join(to, "keys", name), 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return datadir.Options{Dir: to}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, content []byte, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func vkey(t *testing.T, dir string) string {
	t.Helper()
	vkey, err := datadir.VKey(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

// TestAnEpochBeginsWholeOrNotAtAll: wherever the power goes, the log is in the old epoch or in the new one, opens, and everything that was proved stays proved.
func TestAnEpochBeginsWholeOrNotAtAll(t *testing.T) {
	base := newHouse(t)
	patient := grow(t, datadir.Options{Dir: base})
	first := vkey(t, base)
	receipt := look(t, datadir.Options{Dir: base}, patient).Entries[0]
	v, err := audit.ParseVKey(first)
	if err != nil {
		t.Fatal(err)
	}
	power := errors.New("the power went")
	for _, c := range []struct {
		after string
		want  []int
	}{
		{"old keys kept", []int{1}}, {"key made", []int{1}}, {"begun", []int{1, 2}}, {"opened", []int{1, 2}}, {"", []int{1, 2}},
	} {
		o := copied(t, base)
		if _, err := datadir.NewEpoch(t.Context(), datadir.EndAfter(o, c.after, power), "a fictional disk was lost"); c.after != "" && !errors.Is(err, power) || c.after == "" && err != nil {
			t.Fatalf("ended after %q: %v", c.after, err)
		}
		if got := epochs(t, o); !slices.Equal(got, c.want) {
			t.Errorf("ended after %q: the epochs are %v, want %v", c.after, got, c.want)
		}
		view := look(t, o, patient)
		if view.Epoch != len(c.want) || (vkey(t, o.Dir) == first) != (len(c.want) == 1) || view.VKey != vkey(t, o.Dir) {
			t.Errorf("ended after %q: the log is in epoch %d, under the key %s", c.after, view.Epoch, view.VKey)
		}
		if err := audit.VerifyProof(v, audit.Commit(audit.Salt(receipt.Salt), receipt.Payload), *receipt.Proof); err != nil {
			t.Errorf("ended after %q: the old receipt: %v", c.after, err)
		}
		if left, _ := filepath.Glob(filepath.Join(o.Dir, "keys", "log-[en]*.pem")); len(c.want) == 2 && len(left) != 0 {
			t.Errorf("ended after %q: there are left %v", c.after, left)
		}
		if len(c.want) == 1 {
			if begun, err := datadir.NewEpoch(t.Context(), o, "once more"); err != nil || begun.Statement.Epoch != 2 {
				t.Errorf("ended after %q: once more: epoch %d, %v", c.after, begun.Statement.Epoch, err)
			}
			look(t, o, patient)
		}
	}
}

// The public keys are written before the secret one takes its place; between the two the power goes.
func TestAnEpochsKeyTakesItsPlaceLater(t *testing.T) {
	base := newHouse(t)
	patient := grow(t, datadir.Options{Dir: base})
	o := copied(t, base)
	if _, err := datadir.NewEpoch(t.Context(), o, "a fictional disk was lost"); err != nil {
		t.Fatal(err)
	}
	want := vkey(t, o.Dir)
	write(t, read(t, o.Dir, "keys", "log.pem"), o.Dir, "keys", "log-epoch.pem")
	write(t, read(t, base, "keys", "log.pem"), o.Dir, "keys", "log.pem")
	look(t, o, patient)
	if got := vkey(t, o.Dir); got != want {
		t.Errorf("the key is %s, want %s", got, want)
	}
}

// A19, F11: a database that was set back is not written to until somebody has said so, and what was lost is on record.
func TestAHouseThatWasSetBackIsBegunAnew(t *testing.T) {
	dir, mark := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "mark")
	if err := datadir.Init(t.Context(), dir, "", datadir.Settings{URL: "https://card.example.org", HighWater: mark}); err != nil {
		t.Fatal(err)
	}
	o := datadir.Options{Dir: dir}
	patient := grow(t, o)
	old := copied(t, dir)
	lost := look(t, o, patient).Checkpoint
	grow(t, o)
	newest := read(t, mark)

	o.Dir = old.Dir // the same keys and the same mark, and the database as it was
	before := read(t, o.Dir, "locket.db")
	if _, err := datadir.Open(t.Context(), o); !errors.Is(err, audit.ErrRolledBack) {
		t.Fatalf("opening: %v, want ErrRolledBack", err)
	}
	if _, err := datadir.Rotate(t.Context(), o.Dir, "", rand.Reader, time.Now, false); !errors.Is(err, audit.ErrRolledBack) {
		t.Errorf("changing a key: %v, want ErrRolledBack", err)
	}
	if !bytes.Equal(read(t, o.Dir, "locket.db"), before) || !bytes.Equal(read(t, mark), newest) {
		t.Error("something was written")
	}
	for _, reason := range []string{"", " \n", "two\nlines", strings.Repeat("x", 501)} {
		if _, err := datadir.NewEpoch(t.Context(), o, reason); !errors.Is(err, datadir.ErrReason) {
			t.Errorf("the reason %.10q: %v, want ErrReason", reason, err)
		}
	}
	begun, err := datadir.NewEpoch(t.Context(), o, "the disk of a fictional Sunday was lost")
	if err != nil {
		t.Fatal(err)
	}
	if begun.Lost < 1 || !bytes.Equal(begun.Statement.Known, newest) || begun.Statement.Epoch != 2 || begun.Aside != "" {
		t.Errorf("begun: %d lost, epoch %d, known %q, aside %q", begun.Lost, begun.Statement.Epoch, begun.Statement.Known, begun.Aside)
	}
	view := look(t, o, patient)
	if len(view.Earlier) != 1 || view.Earlier[0].Checkpoint == lost || view.Earlier[0].Epoch != 1 {
		t.Errorf("the earlier epochs are %+v", view.Earlier)
	}
	// Set back once more, by the whole directory, keys too: the mark knows epoch 2, and no later one gets its number.
	again := copied(t, dir)
	write(t, before, again.Dir, "locket.db")
	if _, err := datadir.Open(t.Context(), again); !errors.Is(err, audit.ErrMark) {
		t.Errorf("with the keys of the first epoch: %v, want ErrMark", err)
	}
	third, err := datadir.NewEpoch(t.Context(), again, "set back again")
	if err != nil || third.Statement.Epoch != 3 || third.Aside == "" {
		t.Fatalf("begun again: epoch %d, aside %q, %v", third.Statement.Epoch, third.Aside, err)
	}
	look(t, again, patient)
}

func TestKeysAndDatabaseBelongTogether(t *testing.T) {
	base := newHouse(t)
	patient := grow(t, datadir.Options{Dir: base})
	later := copied(t, base)
	if _, err := datadir.NewEpoch(t.Context(), later, "a fictional disk was lost"); err != nil {
		t.Fatal(err)
	}
	t.Run("an old key", func(t *testing.T) {
		o := copied(t, later.Dir)
		write(t, read(t, base, "keys", "log.pem"), o.Dir, "keys", "log.pem")
		if _, err := datadir.Open(t.Context(), o); !errors.Is(err, datadir.ErrLogKey) {
			t.Errorf("opening: %v, want ErrLogKey", err)
		}
		if begun, err := datadir.NewEpoch(t.Context(), o, "the newest key was lost"); err != nil || begun.Statement.Epoch != 3 {
			t.Errorf("begun: epoch %d, %v", begun.Statement.Epoch, err)
		}
		look(t, o, patient)
	})
	t.Run("old keys, all of them", func(t *testing.T) {
		o := copied(t, later.Dir)
		if err := os.RemoveAll(filepath.Join(o.Dir, "keys")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(copied(t, base).Dir, "keys"), filepath.Join(o.Dir, "keys")); err != nil {
			t.Fatal(err)
		}
		if _, err := datadir.Open(t.Context(), o); !errors.Is(err, datadir.ErrLogKey) {
			t.Errorf("opening: %v, want ErrLogKey", err)
		}
		if begun, err := datadir.NewEpoch(t.Context(), o, "the newest keys were lost"); err != nil || begun.Statement.Epoch != 3 {
			t.Errorf("begun: epoch %d, %v", begun.Statement.Epoch, err)
		}
		look(t, o, patient)
	})
	t.Run("an old database, and no mark", func(t *testing.T) {
		o := copied(t, base)
		if err := os.RemoveAll(filepath.Join(o.Dir, "keys")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(copied(t, later.Dir).Dir, "keys"), filepath.Join(o.Dir, "keys")); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(o.Dir, "high-water")); err != nil {
			t.Fatal(err)
		}
		if _, err := datadir.Open(t.Context(), o); !errors.Is(err, audit.ErrRolledBack) {
			t.Errorf("opening: %v, want ErrRolledBack", err)
		}
		if begun, err := datadir.NewEpoch(t.Context(), o, "restored by hand"); err != nil || begun.Statement.Epoch != 3 {
			t.Errorf("begun: epoch %d, %v", begun.Statement.Epoch, err)
		}
		look(t, o, patient)
	})
	t.Run("beside a server", func(t *testing.T) {
		release, err := storage.Lock(base)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := datadir.NewEpoch(t.Context(), datadir.Options{Dir: base}, "why not"); !errors.Is(err, storage.ErrLocked) {
			t.Errorf("beginning: %v, want ErrLocked", err)
		}
		if _, err := datadir.RotateLog(t.Context(), datadir.Options{Dir: base}); !errors.Is(err, storage.ErrLocked) {
			t.Errorf("rotating: %v, want ErrLocked", err)
		}
	})
}

// TestARestoredBackupIsANewEpoch: also when it is restored twice, with the newest keys.
func TestARestoredBackupIsANewEpoch(t *testing.T) {
	dir := newHouse(t)
	mark := filepath.Join(t.TempDir(), "mark")
	o := datadir.Options{Dir: dir, HighWater: mark}
	patient := grow(t, o)
	out := backup(t, dir)
	look(t, o, patient)
	for want := 2; want <= 3; want++ {
		restored := datadir.Options{Dir: filepath.Join(t.TempDir(), "restored"), HighWater: mark}
		done, err := datadir.Restore(t.Context(), out, datadir.KeyDir(o.Dir, ""), restored)
		if err != nil {
			t.Fatal(err)
		}
		if done.Statement.Epoch != want || (done.Lost < 1 && want == 2) || (done.Lost != -1 && want == 3) {
			t.Errorf("restored: epoch %d, %d lost", done.Statement.Epoch, done.Lost)
		}
		if view := look(t, restored, patient); view.Epoch != want || view.VKey != done.Statement.VKey {
			t.Errorf("the log is in epoch %d, under the key %s", view.Epoch, view.VKey)
		}
		o = restored
	}
}

func TestTheKeyOfTheLogChanges(t *testing.T) {
	dir := newHouse(t)
	o := datadir.Options{Dir: dir}
	patient := grow(t, o)
	first := vkey(t, dir)
	if _, err := datadir.FinishRotateLog(t.Context(), o); !errors.Is(err, datadir.ErrNoRotation) {
		t.Errorf("finishing what was not begun: %v, want ErrNoRotation", err)
	}
	power := errors.New("the power went")
	signedBy := func(o datadir.Options, want ...string) {
		t.Helper()
		note := []byte(look(t, o, patient).Checkpoint)
		for _, key := range want {
			v, err := audit.ParseVKey(key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := audit.OpenCheckpoint(v, note); err != nil {
				t.Errorf("the checkpoint is not signed by %s: %v", key, err)
			}
		}
		if got := bytes.Count(note, []byte("\n— ")); got != len(want) {
			t.Errorf("the checkpoint has %d signatures, want %d", got, len(want))
		}
	}
	if _, err := datadir.RotateLog(t.Context(), datadir.EndAfter(o, "key made", power)); !errors.Is(err, power) {
		t.Fatal(err)
	}
	signedBy(o, first)
	second := ""
	for _, after := range []string{"key stored", "opened", ""} {
		c := copied(t, dir)
		made, err := datadir.RotateLog(t.Context(), datadir.EndAfter(c, after, power))
		if after != "" && !errors.Is(err, power) || after == "" && err != nil {
			t.Fatalf("ended after %q: %v", after, err)
		}
		signedBy(c, first, made)
		if _, err := datadir.RotateLog(t.Context(), c); !errors.Is(err, datadir.ErrRotating) {
			t.Errorf("ended after %q: once more: %v, want ErrRotating", after, err)
		}
		o, second = c, made
	}
	for _, after := range []string{"key stored", "opened", ""} {
		c := copied(t, o.Dir)
		alone, err := datadir.FinishRotateLog(t.Context(), datadir.EndAfter(c, after, power))
		if after != "" && !errors.Is(err, power) || after == "" && (err != nil || alone != second) {
			t.Fatalf("ended after %q: %s, %v", after, alone, err)
		}
		signedBy(c, second)
		if got := vkey(t, c.Dir); got != second {
			t.Errorf("ended after %q: the key is %s", after, got)
		}
		// Whoever was away until now still learns that the first key gave way to the second.
		said := look(t, c, patient).Successions
		if len(said) != 1 || said[0].VKey != second {
			t.Fatalf("ended after %q: the keys are said to have followed one another so: %+v", after, said)
		}
		for _, key := range []string{first, second} {
			if v, err := audit.ParseVKey(key); err != nil {
				t.Fatal(err)
			} else if _, err := audit.OpenCheckpoint(v, said[0].Note); err != nil {
				t.Errorf("ended after %q: the succession is not signed by %s: %v", after, key, err)
			}
		}
		if _, err := os.Stat(filepath.Join(c.Dir, "keys", "log-next.pem")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("ended after %q: the next key is still there: %v", after, err)
		}
	}
}

// A server that is told of a mark elsewhere tells the commands beside it: with a mark of their own they would sign a log that was set back.
func TestTheMarksPlaceIsRemembered(t *testing.T) {
	dir := newHouse(t)
	mark := filepath.Join(t.TempDir(), "mark")
	grow(t, datadir.Options{Dir: dir, HighWater: mark})
	first, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	grow(t, datadir.Options{Dir: dir, URL: "https://elsewhere.example"})
	second, err := os.ReadFile(mark)
	if err != nil || bytes.Equal(first, second) {
		t.Errorf("a command that is not told moved another mark: %v", err)
	}
	settings, err := datadir.ReadSettings(dir)
	if err != nil || settings.HighWater != mark || settings.URL == "https://elsewhere.example" {
		t.Errorf("the settings are %+v, %v", settings, err)
	}
}
