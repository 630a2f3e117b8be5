//go:build linux

package faults

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// F12: a second server on a data directory is refused in words, and the first one does not notice.
func TestSecondServerIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	second := locket(t, "serve", "--data", h.dir, "--listen", "127.0.0.1:0")
	if second.code != 1 || !strings.Contains(second.stderr, "another server runs on this data directory") || !strings.Contains(second.stderr, "try:") {
		t.Errorf("exit %d, want 1 and a reason in words: %s", second.code, second.stderr)
	}
	if strings.Contains(second.stderr, "SQLITE") || strings.Contains(second.stderr, "database is locked") {
		t.Errorf("the refusal is not for people: %s", second.stderr)
	}
	if _, got, err := s.open(c); err != nil || got.status != http.StatusOK {
		t.Errorf("the first server: %v, status %d", err, got.status)
	}
	s.kill()
	if again := h.serve(t); again.stop(t) != 0 {
		t.Error("the directory is still taken after the server was killed")
	}
}

// F12: the commands work beside a running server under load; nobody sees a busy database and no entry is lost.
func TestCommandsBesideAServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	people := listed(t, h.issue(t, household()))
	s := h.serve(t)
	done := make(chan struct{})
	var answers []opened
	var load sync.WaitGroup
	var mu sync.Mutex
	for n := range 8 {
		load.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				o, got, err := s.open(people[n%len(people)])
				if err != nil || got.status != http.StatusOK {
					t.Errorf("an opening beside commands: %v, status %d %s", err, got.status, got.body)
					return
				}
				mu.Lock()
				answers = append(answers, o)
				mu.Unlock()
			}
		})
	}
	for range 3 {
		fresh := h.issue(t, map[string][]byte{"reference": emergencytest.Load("reference").Bundle})["reference"]
		o, got, err := s.open(fresh)
		if err != nil || got.status != http.StatusOK {
			t.Errorf("a card that was issued beside the server: %v, status %d %s", err, got.status, got.body)
		}
		mu.Lock()
		answers = append(answers, o)
		mu.Unlock()
		must(t, "export", "--data", h.dir, "--patient", fresh.Patient)
		must(t, "audit", "verify", "--data", h.dir)
		must(t, "backup", "--data", h.dir, "--out", filepath.Join(t.TempDir(), "backup"))
		must(t, "verify", "--data", h.dir, fresh.URL)
	}
	vkey := strings.TrimSpace(string(s.must(t, http.StatusOK, "GET", "/audit/log/vkey", nil).body))
	must(t, "audit", "verify", "--url", "http://"+s.address, "--vkey", vkey)
	close(done)
	load.Wait()
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d: %s", code, s.logged())
	}
	entries := h.entries(t)
	logged(t, entries, answers)
	if n := count(entries, audit.GlassOpened); n != len(answers) {
		t.Errorf("%d openings are in the log and %d were answered", n, len(answers))
	}
}
