//go:build linux

package faults

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/locket-health/locket/audit"
)

// smallDisk mounts a file system of its own for a test.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m,mode=0700"); err != nil {
		t.Fatalf("a disk that can be filled needs the right to mount one: run as root, as ./deploy/test.sh does (%v)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all the room that is left on a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 4096); ; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// F4, promise 1: on a full disk nothing is let out, the front goes on, and once there is room again so does everything, without a restart and with
// nothing lost that was acknowledged.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	h := newHouse(t, filepath.Join(disk, "data"))
	people := listed(t, h.issue(t, household()))
	s := h.serve(t)
	c := people[0]
	var answers []opened
	open := func() answer {
		t.Helper()
		o, got, err := s.open(c)
		if err != nil {
			t.Fatal(err)
		}
		if got.status == http.StatusOK {
			answers = append(answers, o)
		}
		return got
	}
	for range 50 {
		if got := open(); got.status != http.StatusOK {
			t.Fatalf("before: %d %s", got.status, got.body)
		}
	}

	filler := filepath.Join(disk, "filler")
	fill(t, filler)
	// The database may have room inside its own files for a while. Then one request is refused, the room that was kept back is given up, and openings go on
	// until that is full too.
	// The database finds room inside its own files for a while, also after a first refusal. Then it has none.
	refusals := 0
	for n := 0; refusals < 20; n++ {
		got := open()
		if got.status == http.StatusOK && n < 10_000 {
			refusals = 0
			continue
		}
		if got.status != http.StatusServiceUnavailable || got.problem() != "log_unavailable" {
			t.Fatalf("on a full disk, opening %d: %d %s, want 503 log_unavailable", n, got.status, got.body)
		}
		if body := string(got.body); strings.Contains(body, `"record"`) || strings.Contains(body, "SQL") || strings.Contains(body, disk) {
			t.Fatalf("the refusal tells more than that: %s", body)
		}
		refusals++
	}
	page := s.must(t, http.StatusOK, "GET", "/c/"+c.ID, nil)
	if !strings.Contains(string(page.body), "<html") {
		t.Error("the reader page is not one")
	}
	s.must(t, http.StatusOK, "GET", "/.well-known/jwks.json", nil)
	if got := s.statusOf(t, c.ID, c); got != "active" {
		t.Errorf("the status of the card is %q on a full disk, want active", got)
	}
	s.must(t, http.StatusOK, "GET", "/healthz", nil)
	before := len(answers)

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if got := open(); got.status != http.StatusOK {
			t.Fatalf("with room again: %d %s", got.status, got.body)
		}
	}
	if len(answers) != before+20 {
		t.Fatal("not every opening was counted")
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.logged())
	}
	entries := h.entries(t)
	logged(t, entries, answers)
	if n := count(entries, audit.GlassOpened); n != len(answers) {
		t.Errorf("%d openings are in the log and %d were answered", n, len(answers))
	}
}

// A disk that lets nothing be written, as one that was found damaged: no server begins on it, and it says so. One that can be written again is as it was.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	h := newHouse(t, filepath.Join(disk, "data"))
	c := listed(t, h.issue(t, household()))[0]
	remount := func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|flags, "size=16m"); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	if got := locket(t, "serve", "--data", h.dir, "--listen", "127.0.0.1:0"); got.code != 1 || !strings.Contains(got.stderr, "read-only") {
		t.Errorf("exit %d, want 1 and why: %s", got.code, got.stderr)
	}
	remount(0)
	s := h.serve(t)
	o, got, err := s.open(c)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("written again: %v, %d %s", err, got.status, got.body)
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.logged())
	}
	logged(t, h.entries(t), []opened{o})
}
