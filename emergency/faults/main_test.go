//go:build linux

// Package faults meets the built program as its users and its enemies do: as a process on a data directory, over the loopback network, with the plug
// pulled, the disk full, the input wrong and the client hostile. Tests are named after what they hold; F and A numbers are rows of the fault and
// abuse matrix. LOCKET_FAULT_ROUNDS=N repeats the kills N times, LOCKET_FAULT_SEED=N draws them from another seed.
//
//	F1  TestNoLogNoDataAfterKill, here and in storage            F7  storage TestSlowDisk; slower syncs: performance.md
//	F2  TestNoLogNoDataAfterPowerCut                             F8  TestDiskThatHangs, storage TestHangingDisk
//	F3  storage TestWriteAheadLogCutAnywhere                     F9  TestFlippedBit, storage TestCheckFindsDamage
//	F4  TestFullDisk, here and in storage; TestReadOnlyDisk      F10 TestClockThatJumps
//	F5  TestNoLogNoDataAtEverySystemCall                         F11 TestOperatorIsFoundOut, which is A19 too
//	F6  TestUnreadablePages                                      F12 TestSecondServerIsRefused, TestCommandsBesideAServer
package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// program is the binary under test.
var program string

func TestMain(m *testing.M) { os.Exit(build(m.Run)) }

// build makes the binary in a folder that is deleted once run has ended.
func build(run func() int) int {
	folder, err := os.MkdirTemp("", "locket-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "locket")
	made, err := exec.Command("go", "build", "-o", program, "github.com/locket-health/locket/cmd/locket").CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "the program does not build: %v\n%s", err, made)
		return 1
	}
	// The tests mostly wait for the program, or for its time-outs. A -parallel of the command line wins: it is read later.
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// number reads a setting of the tests from the environment.
func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number from 1", variable, text)
	}
	return n
}
