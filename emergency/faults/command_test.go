//go:build linux

package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// patience bounds everything that is waited for: a test that hangs says where instead of running into the limit of all tests.
const patience = 90 * time.Second

// said is what a command printed and how it ended.
type said struct {
	code           int
	stdout, stderr string
}

// locket runs a command of the program to its end.
func locket(t testing.TB, args ...string) said {
	t.Helper()
	return locketReading(t, nil, args...)
}

// locketReading is locket with a standard input.
func locketReading(t testing.TB, stdin io.Reader, args ...string) said {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = stdin, &stdout, &stderr
	if err := start(command); err != nil {
		t.Fatal(err)
	}
	err := command.Wait()
	if ctx.Err() != nil {
		t.Fatalf("locket %s does not end: %s", strings.Join(args, " "), stderr.String())
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	result := said{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	for _, text := range []string{"panic:", "goroutine ", "fatal error:"} {
		if strings.Contains(result.stderr, text) {
			t.Fatalf("locket %s panics:\n%s", strings.Join(args, " "), result.stderr)
		}
	}
	return result
}

// must is locket for a command that has to succeed.
func must(t testing.TB, args ...string) said {
	t.Helper()
	result := locket(t, args...)
	if result.code != 0 {
		t.Fatalf("locket %s: exit %d\n%s%s", strings.Join(args, " "), result.code, result.stdout, result.stderr)
	}
	return result
}

// starting hands commands to one thread that starts them all. The kernel kills them when that thread ends, which it does only with the tests
// themselves: no child outlives a test that panics or is killed.
var starting = sync.OnceValue(func() chan func() {
	orders := make(chan func())
	go func() {
		runtime.LockOSThread()
		for order := range orders {
			order()
		}
	}()
	return orders
})

// start starts a command whose process ends with the tests, however they end.
func start(command *exec.Cmd) error {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	starting() <- func() { started <- command.Start() }
	return <-started
}

// obeyed finds in text what a terminal would obey instead of showing: control characters, and marks that turn the direction of what follows. "" is none.
func obeyed(text string) string {
	if !utf8.ValidString(text) {
		return "bytes that are not UTF-8"
	}
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= '\u202a' && r <= '\u202e' {
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}
