package storage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// childPath names the database of a child process that the tests start and kill.
const childPath = "LOCKET_STORAGE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := writeForEver(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeForEver opens the glass 64 times at once, again and again, and prints the number of each opening once it was acknowledged.
func writeForEver(path string) error {
	s, err := Open(context.Background(), Config{Path: path, Sealer: audittest.Sealer()})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for writer := range 64 {
		all.Go(func() {
			for n := writer; ; n += 64 {
				if err := open1(context.Background(), s, n); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				os.Stdout.WriteString(strconv.Itoa(n) + "\n") // one write, so that lines stay whole
			}
		})
	}
	all.Wait()
	return nil
}

// open1 is opening number n: a grant and its entry, whose subject is the grant's id.
func open1(ctx context.Context, s *Store, n int) error {
	return s.Update(ctx, func(tx emergency.Tx) error {
		g := numbered(n)
		event := audittest.Event(0)
		event.Subject = string(g.ID)
		tx.Append(event)
		return tx.PutGrant(g)
	})
}

func numbered(n int) emergency.Grant {
	g := emergency.Grant{ID: emergency.GrantID(fmt.Sprintf("grant-%d", n)), Card: cards.ID{1}, Patient: "patient", Step: "critical",
		From: audittest.Epoch(), Until: audittest.Epoch().Add(time.Hour)}
	copy(g.Token[:], g.ID)
	return g
}

// withCard makes a database in which numbered grants can be put, and closes it.
func withCard(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "locket.db")
	s, err := Open(t.Context(), Config{Path: path, Create: true, Sealer: audittest.Sealer()})
	if err != nil {
		t.Fatal(err)
	}
	putCard(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func putCard(t *testing.T, s *Store) {
	t.Helper()
	err := s.Update(t.Context(), func(tx emergency.Tx) error {
		return errors.Join(tx.PutPatient(emergency.Patient{ID: "patient"}), tx.PutCard(emergency.Card{ID: cards.ID{1}, Patient: "patient"}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// has reports whether opening number n is stored; its grant and its entry must agree.
func has(t *testing.T, s *Store, n int) bool {
	t.Helper()
	g := numbered(n)
	err := s.View(t.Context(), func(r emergency.Reader) error { _, err := r.Grant(g.Token); return err })
	if err != nil && !errors.Is(err, emergency.ErrNotFound) {
		t.Fatal(err)
	}
	entries, entryErr := s.SubjectEntries(t.Context(), string(g.ID), 0, 2)
	if entryErr != nil {
		t.Fatal(entryErr)
	}
	if (err == nil) != (len(entries) == 1) {
		t.Errorf("opening %d: its grant is stored: %v, its entries: %d", n, err == nil, len(entries))
	}
	return err == nil
}

// verifies checks the database and its log whole, and returns the number of entries.
func verifies(t *testing.T, s *Store) int64 {
	t.Helper()
	if err := s.Check(t.Context(), true); err != nil {
		t.Errorf("Check: %v", err)
	}
	log := audittest.NewLog(t, s)
	report, err := audit.VerifyStore(t.Context(), s, log.Keys(), audittest.Sealer(), nil)
	if err != nil {
		t.Errorf("the log does not verify: %v", err)
	}
	return report.Size
}

// Promise 1, F1: after kill -9 under load, everything that was acknowledged is there, each with its entry.
func TestNoLogNoDataAfterKill(t *testing.T) {
	path := withCard(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []int
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			break // the kill cut the line
		}
		if acknowledged = append(acknowledged, n); len(acknowledged) == 1500 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed, so never nil
	if len(acknowledged) < 1500 {
		t.Fatalf("the child ended after %d openings", len(acknowledged))
	}

	s := openTest(t, Config{Path: path})
	for _, n := range acknowledged {
		if !has(t, s, n) {
			t.Errorf("opening %d was acknowledged and is lost", n)
		}
	}
	if size := verifies(t, s); size < int64(len(acknowledged)) {
		t.Errorf("the log has %d entries for %d acknowledged openings", size, len(acknowledged))
	}
}

// F3: whatever the end of the write-ahead log lost or kept of its last frames, the database opens with whole transactions.
func TestWriteAheadLogCutAnywhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "locket.db")
	s := openTest(t, Config{Path: path, Create: true})
	putCard(t, s)
	for n := range 12 {
		if err := open1(t.Context(), s, n); err != nil {
			t.Fatal(err)
		}
	}
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	whole, most := 0, 0
	step := 512 // every sector of the last transactions, and of those before every third
	for length := len(wal); length > 0 && length > len(wal)-(96<<10); length -= step {
		if length < len(wal)-(16<<10) {
			step = 512 * 3
		}
		copied := filepath.Join(t.TempDir(), "locket.db")
		copyFile(t, path, copied)
		torn := append([]byte(nil), wal[:length]...)
		if length < len(wal) {
			torn = append(torn, make([]byte, 512)...) // a sector that was allocated and not written
		}
		if err := os.WriteFile(copied+"-wal", torn, 0o600); err != nil {
			t.Fatal(err)
		}
		func() {
			c, err := Open(t.Context(), Config{Path: copied, Sealer: audittest.Sealer()})
			if err != nil {
				t.Fatalf("cut at %d of %d: %v", length, len(wal), err)
			}
			defer c.Close()
			kept := 0
			for n := range 12 {
				if has(t, c, n) {
					if kept != n {
						t.Errorf("cut at %d: opening %d is there, an earlier one is not", length, n)
					}
					kept++
				}
			}
			if size := verifies(t, c); size != int64(kept) {
				t.Errorf("cut at %d: %d entries for %d openings", length, size, kept)
			}
			if err := open1(t.Context(), c, 100); err != nil {
				t.Errorf("cut at %d: the store does not go on: %v", length, err)
			}
			whole, most = whole+1, max(most, kept)
		}()
	}
	if most != 12 || whole < 20 {
		t.Errorf("%d cuts, of which the best kept %d openings: the test is not about what it says", whole, most)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// F4: a full disk refuses, keeps what there was, and is forgotten once there is room again.
func TestFullDisk(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	limit := func(pages int) {
		t.Helper()
		if _, err := s.writer.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count=%d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size
	refused, kept := -1, 0
	for n := range 2000 {
		err := open1(t.Context(), s, n)
		if err == nil {
			kept++
			continue
		}
		if !errors.Is(err, emergency.ErrLogUnavailable) || !isFull(err) {
			t.Fatalf("got %v, want ErrLogUnavailable because the disk is full", err)
		}
		refused = n
		break
	}
	if refused < 0 {
		t.Fatal("the disk never filled")
	}
	if has(t, s, refused) {
		t.Error("what was refused is stored")
	}
	if err := open1(t.Context(), s, refused); !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("again: got %v, want ErrLogUnavailable", err)
	}
	limit(1 << 30)
	if err := open1(t.Context(), s, refused); err != nil {
		t.Errorf("with room again: %v", err)
	}
	for n := range kept {
		if !has(t, s, n) {
			t.Errorf("opening %d is lost", n)
		}
	}
	if size := verifies(t, s); size != int64(kept)+1 {
		t.Errorf("the log has %d entries, want %d", size, kept+1)
	}
}

func isFull(err error) bool {
	var failed sqlite3.Error
	return errors.As(err, &failed) && failed.Code == sqlite3.ErrFull
}

// A change that hides a failure of the database must not be kept in part, and cannot go on outside the transaction.
func TestHiddenFailureOfTheDatabase(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	full := sqlite3.Error{Code: sqlite3.ErrFull}
	err := s.update(t.Context(), func(x *tx) error {
		x.Append(audittest.Event(0))
		_ = x.t.failed(full)
		if err := x.PutGrant(numbered(1)); !isFull(err) {
			t.Errorf("a statement ran after the transaction may have ended: %v", err)
		}
		return nil
	})
	if !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("got %v, want ErrLogUnavailable", err)
	}
	if has(t, s, 1) {
		t.Error("a grant was kept without its entry")
	}
	if err := open1(t.Context(), s, 1); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A commit that answers an error may have reached the disk or not: the caller is told what the log says.
func TestCommitOfUnknownOutcome(t *testing.T) {
	lost := errors.New("the answer was lost")
	for _, c := range []struct {
		name   string
		commit func(t *transaction) error
		kept   bool
	}{
		{"failed, not persisted", func(*transaction) error { return lost }, false},
		{"failed, but persisted", func(t *transaction) error { return errors.Join(t.control("COMMIT"), lost) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openTest(t, Config{})
			putCard(t, s)
			if err := open1(t.Context(), s, 0); err != nil {
				t.Fatal(err)
			}
			real := s.writer.commit
			s.writer.commit = func(x *transaction) error {
				s.writer.commit = real
				return c.commit(x)
			}
			err := open1(t.Context(), s, 1)
			if c.kept && err != nil {
				t.Errorf("got %v, want nil: it was persisted", err)
			}
			if !c.kept && (!errors.Is(err, emergency.ErrLogUnavailable) || !errors.Is(err, lost)) {
				t.Errorf("got %v, want ErrLogUnavailable", err)
			}
			if got := has(t, s, 1); got != c.kept {
				t.Errorf("stored: %v, want %v", got, c.kept)
			}
			if err := open1(t.Context(), s, 2); err != nil {
				t.Errorf("the next one: %v", err)
			}
			want := int64(2)
			if c.kept {
				want = 3
			}
			if size := verifies(t, s); size != want {
				t.Errorf("the log has %d entries, want %d", size, want)
			}
		})
	}
}

// A sync that failed is never tried again: what it lost cannot be known. Reading goes on.
func TestBrokenDiskStopsWriting(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	if err := open1(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	s.writer.commit = func(*transaction) error {
		return sqlite3.Error{Code: sqlite3.ErrIoErr, ExtendedCode: sqlite3.ErrIoErrFsync}
	}
	for n := 1; n < 3; n++ {
		if err := open1(t.Context(), s, n); !errors.Is(err, emergency.ErrLogUnavailable) {
			t.Errorf("opening %d: got %v, want ErrLogUnavailable", n, err)
		}
	}
	select {
	case <-s.Failed():
	default:
		t.Error("nobody is told that the disk failed")
	}
	if !has(t, s, 0) || has(t, s, 1) || has(t, s, 2) {
		t.Error("what was acknowledged before is there, and nothing more")
	}
}

// A change that ends its goroutine, as a failing test does, must not end the store.
func TestChangeThatEndsItsGoroutine(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	err := s.Update(t.Context(), func(tx emergency.Tx) error {
		if err := tx.PutGrant(numbered(1)); err != nil {
			return err
		}
		runtime.Goexit()
		return nil
	})
	if !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("got %v, want ErrLogUnavailable", err)
	}
	if has(t, s, 1) {
		t.Error("half a change was kept")
	}
	if err := open1(t.Context(), s, 1); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A queue that stays full sheds load, and loses nothing that it took.
func TestFullQueue(t *testing.T) {
	s := openTest(t, Config{Patience: time.Millisecond})
	putCard(t, s)
	holding, release := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() {
		held <- s.Update(t.Context(), func(emergency.Tx) error { close(holding); <-release; return nil })
	}()
	<-holding
	answers := make(chan error, maxQueued)
	for n := range maxQueued {
		job := &work{ctx: t.Context(), answer: make(chan error, 1), change: func(x *tx) error { return x.PutGrant(numbered(n)) }}
		if err := s.writer.enqueue(job); err != nil {
			t.Fatalf("change %d of a queue of %d: %v", n, maxQueued, err)
		}
		go func() { answers <- <-job.answer }()
	}
	if err := open1(t.Context(), s, maxQueued); !errors.Is(err, emergency.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	close(release)
	if err := <-held; err != nil {
		t.Error(err)
	}
	for range maxQueued {
		if err := <-answers; err != nil {
			t.Errorf("a change that was taken: %v", err)
		}
	}
}

// F15: closing answers everybody.
func TestCloseUnderLoad(t *testing.T) {
	path := withCard(t)
	s := openTest(t, Config{Path: path})
	const writers = 64
	errs, begun := make([]error, writers), make(chan struct{}, writers)
	var all sync.WaitGroup
	for n := range writers {
		all.Go(func() {
			begun <- struct{}{}
			errs[n] = open1(t.Context(), s, n)
		})
	}
	for range writers / 2 {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	all.Wait()
	again := openTest(t, Config{Path: path})
	for n, err := range errs {
		if err != nil && !errors.Is(err, emergency.ErrBusy) {
			t.Errorf("opening %d: got %v, want nil or ErrBusy", n, err)
		}
		if got := has(t, again, n); got != (err == nil) {
			t.Errorf("opening %d answered %v and is stored: %v", n, err, got)
		}
	}
}

// F12: commands on the same database take turns with the server; neither loses an entry or caches the end of the log.
func TestTwoProgramsOnOneDatabase(t *testing.T) {
	path := withCard(t)
	one, two := openTest(t, Config{Path: path}), openTest(t, Config{Path: path})
	const each = 40
	var all sync.WaitGroup
	for i, s := range []*Store{one, two} {
		all.Go(func() {
			for n := range each {
				if err := open1(t.Context(), s, i*each+n); err != nil {
					t.Errorf("program %d, opening %d: %v", i, n, err)
				}
			}
		})
	}
	all.Wait()
	if size := verifies(t, one); size != 2*each {
		t.Errorf("the log has %d entries, want %d", size, 2*each)
	}
}

// A row that cannot be read fails the change that reads it, not the ones that share its commit.
func TestUnreadableRowFailsItsReaderAlone(t *testing.T) {
	s := openTest(t, Config{})
	putCard(t, s)
	bend := statement(`UPDATE card SET tag = x'00'`)
	if err := s.update(t.Context(), func(x *tx) error { _, err := x.t.exec(bend); return err }); err != nil {
		t.Fatal(err)
	}
	err := s.Update(t.Context(), func(tx emergency.Tx) error {
		if _, err := tx.Card(cards.ID{1}); !errors.Is(err, errColumn) {
			t.Errorf("reading the row: got %v, want errColumn", err)
		}
		return tx.PutGrant(numbered(1))
	})
	if err != nil {
		t.Errorf("the transaction was lost with the row: %v", err)
	}
}
