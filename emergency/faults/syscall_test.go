//go:build linux

package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
)

// diskFault lets one call of a system call on the database fail, or ends the process in it.
type diskFault struct {
	call, fault string // as strace names them
	broken      bool   // the disk has failed: the server ends, with an exit code that says so
}

// diskFaults are the faults of a disk and of a power switch. A call that is killed has been made or not: strace ends the process on its way in.
var diskFaults = []diskFault{
	{"fsync,fdatasync", "error=EIO", true}, {"fsync,fdatasync", "signal=SIGKILL", false},
	{"pwrite64", "error=EIO", true}, {"pwrite64", "error=EROFS", true}, {"pwrite64", "error=ENOSPC", false}, {"pwrite64", "signal=SIGKILL", false},
}

// strace injects into a running server. The function that it returns kills the server and returns what was traced.
func (s *server) strace(t *testing.T, call, fault, when string) (stop func() string) {
	t.Helper()
	database := filepath.Join(s.house.dir, "locket.db")
	trace := filepath.Join(t.TempDir(), "trace")
	command := exec.Command("strace", "-f", "-p", fmt.Sprint(s.command.Process.Pid), "-P", database, "-P", database+"-wal", "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:%s:when=%s", call, fault, when), "-o", trace)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(command); err != nil {
		t.Fatalf("system calls fail by strace, which ./deploy/test.sh installs: %v", err)
	}
	lines := bufio.NewReader(output)
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "attached") {
		t.Fatalf("strace does not attach: %q, %v", line, err)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, lines) // it says who ends; nobody asks
		_ = command.Wait()
		close(ended)
	}()
	return func() string {
		_ = command.Process.Kill() // it may see no end of a process that was killed within a call, and lets go of a call that it delays
		<-ended
		s.kill()
		return string(content(t, trace))
	}
}

// clone copies a house that no server runs on. What is kept back for a full disk is not copied byte by byte.
func (h *house) clone(t *testing.T) *house {
	t.Helper()
	copied := &house{dir: filepath.Join(t.TempDir(), "data"), secrets: h.secrets, now: h.now}
	err := filepath.WalkDir(h.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(h.dir, path)
		if err != nil {
			return err
		}
		target := filepath.Join(copied.dir, inside)
		switch {
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case entry.Name() == "reserve":
			return os.Link(path, target)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, whole, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// goesOn opens the house again after whatever has happened to it, and the glass of a card once more. It returns how long the log is then, and is published.
func (h *house) goesOn(t *testing.T, c card) (size int64) {
	t.Helper()
	opened, err := datadir.Open(t.Context(), datadir.Options{Dir: h.dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatalf("the house does not open again: %v", err)
	}
	last, err := opened.Service.Open(t.Context(), emergency.Caller{}, emergency.OpenRequest{Card: c.address.ID, Secret: c.address.Secret.Bytes(), Reason: "unconscious"})
	if err := errors.Join(err, opened.Close(t.Context())); err != nil {
		t.Errorf("the house does not go on: %v", err)
	}
	return last.Entry.Index + 1
}

// F5, promise 1: whichever system call on the database fails or is the last, every answer that carried data has its entry, a refusal carries none, a disk that
// has failed ends the server, a full one does not, the house goes on, and what others wrote finds the whole log in order. Each call has its turn when
// LOCKET_FAULT_ROUNDS is set, else a seed draws one for each fault.
func TestNoLogNoDataAtEverySystemCall(t *testing.T) {
	t.Parallel()
	foreign := foreigner(t)
	origin := newHouse(t, "")
	c := listed(t, origin.issue(t, household()))[0]
	first := origin.serve(t)
	if _, got, err := first.open(c); err != nil || got.status != http.StatusOK {
		t.Fatalf("%v, status %d", err, got.status)
	}
	if code := first.stop(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	random := rand.New(rand.NewPCG(uint64(number(t, "LOCKET_FAULT_SEED", 1)), 5))
	for _, i := range diskFaults {
		drawn := 1 // an opening syncs once
		if i.call == "pwrite64" {
			drawn += random.IntN(20)
		}
		t.Run(i.call+" "+i.fault, func(t *testing.T) {
			t.Parallel()
			n := 1
			if number(t, "LOCKET_FAULT_ROUNDS", 1) == 1 {
				for n = drawn; n > 0 && !origin.inject(t, i, n, c, foreign); n /= 2 { // no thread has made so many calls
				}
			} else {
				for origin.inject(t, i, n, c, foreign) {
					n++
				}
				t.Logf("%d calls in turn", n-1)
				n--
			}
			if n == 0 {
				t.Error("nothing was injected: the test shows nothing")
			}
		})
	}
}

// inject lets call n of a thread fail while the glass is opened on a copy of a house, and reports whether there was such a call.
func (h *house) inject(t *testing.T, i diskFault, n int, c card, foreign string) bool {
	t.Helper()
	copied := h.clone(t)
	s := copied.serve(t)
	stop := s.strace(t, i.call, i.fault, fmt.Sprint(n))
	var answers []opened
	for range 4 {
		o, got, err := s.open(c)
		switch {
		case err != nil:
			s.gone(t)
		case got.status == http.StatusOK:
			answers = append(answers, o)
		case got.status != http.StatusServiceUnavailable || strings.Contains(string(got.body), `"record"`):
			t.Errorf("%s %s at %d: a refusal is %d %s", i.call, i.fault, n, got.status, got.body)
		}
	}
	if !i.broken && !strings.HasPrefix(i.fault, "signal") {
		again := 0
		for again < 32 { // each thread of the server finds the disk full once
			o, got, err := s.open(c)
			if err != nil {
				t.Fatalf("%s %s at %d: a full disk ends the server: %v", i.call, i.fault, n, err)
			}
			if got.status == http.StatusOK {
				answers = append(answers, o)
				break
			}
			again++
		}
		if again == 32 {
			t.Errorf("%s %s at %d: nothing opens with room again", i.call, i.fault, n)
		}
	}
	if i.broken && len(answers) < 4 { // else what failed was no opening's: the log is published beside them
		s.gone(t)
		if code := s.command.ProcessState.ExitCode(); code != 1 {
			t.Errorf("%s %s at %d: the server ends with %d: %s", i.call, i.fault, n, code, s.logged())
		}
	}
	died := !s.lives()
	injected := strings.Contains(stop(), "INJECTED") || died
	logged(t, copied.entries(t), answers)
	copied.holds(t, foreign, copied.goesOn(t, c))
	return injected
}

// gone waits for a server that ends by itself.
func (s *server) gone(t *testing.T) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("the server goes on: %s", s.logged())
	}
}

// lives reports whether the server has not ended by itself.
func (s *server) lives() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}
