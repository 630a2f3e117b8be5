//go:build linux

package faults

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// powercut builds the library that takes back what a server has not synced.
func powercut(t *testing.T) string {
	t.Helper()
	library := filepath.Join(t.TempDir(), "powercut.so")
	build := exec.Command("gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, filepath.Join("testdata", "powercut.c"), "-ldl", "-lpthread")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("the power cut needs gcc, which building locket needs too: %v\n%s", err, out)
	}
	return library
}

// F2, promise 1: when the power goes at any write of the database and everything that was not synced is gone, every answer that carried data has its entry
// all the same, and the house opens again.
func TestNoLogNoDataAfterPowerCut(t *testing.T) {
	library := powercut(t)
	h := newHouse(t, "")
	people := listed(t, h.issue(t, household()))
	seed := uint64(number(t, "LOCKET_FAULT_SEED", 1))
	random := rand.New(rand.NewPCG(seed, 2))
	report := filepath.Join(t.TempDir(), "undone")
	var all []opened
	undone := 0
	for round := range number(t, "LOCKET_FAULT_ROUNDS", 3) {
		at := 40 + random.IntN(4000)
		h.env = []string{"LD_PRELOAD=" + library, "POWERCUT_FILE=locket.db", "POWERCUT_REPORT=" + report, fmt.Sprint("POWERCUT_WRITE=", at)}
		s := h.serve(t)
		answers, _ := s.storm(t, people, func(int) {})
		<-s.ended
		if code := s.command.ProcessState.ExitCode(); code != 137 {
			t.Fatalf("round %d, seed %d: the server ended with %d before the power went at write %d: %s", round, seed, code, at, s.logged())
		}
		all = append(all, answers...)
		text, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		lost, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		undone += lost

		h.env = nil
		again := h.serve(t)
		o, got, err := again.open(people[0])
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("round %d: the first opening after the power cut: %v, status %d %s", round, err, got.status, got.body)
		}
		all = append(all, o)
		again.kill()
	}
	if undone == 0 {
		t.Error("no power cut has taken anything back: the test shows nothing")
	}
	t.Logf("%d answers, %d writes taken back", len(all), undone)
	logged(t, h.entries(t), all)
}
