//go:build linux

package faults

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// foreigner builds the program that checks a served log with what others wrote. It is a module of its own, and the product has none of its code.
func foreigner(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "foreign")
	if out, err := exec.Command("go", "build", "-C", filepath.Join("..", "..", "audit", "foreign"), "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("the foreign verifiers do not build: %v\n%s", err, out)
	}
	return path
}

// holds serves a house and lets Tessera's fsck and torchwood's client read its whole log over HTTP. What is published must be size entries at least: a log that is
// read up to an older checkpoint shows nothing of the end, where the fault was.
func (h *house) holds(t *testing.T, foreign string, size int64) {
	t.Helper()
	s := h.serve(t)
	defer s.kill()
	vkey := strings.TrimSpace(string(s.must(t, http.StatusOK, "GET", "/audit/log/vkey", nil).body))
	for verdict, least := range map[string]int64{"tessera: %d bundles hold": (size + 255) / 256, "torchwood: %d entries hold": size} {
		verifier, _, _ := strings.Cut(verdict, ":")
		command := exec.Command(foreign, verifier, "http://"+s.address+"/audit/log", vkey)
		var complaints strings.Builder
		command.Stderr = &complaints
		said, err := command.Output()
		var read int64
		if n, _ := fmt.Sscanf(string(said), verdict, &read); err != nil || n != 1 || read < least {
			t.Errorf("a log of %d entries: %v, said %q, want %q of %d at least: %s", size, err, said, verdict, least, &complaints)
		}
	}
}
