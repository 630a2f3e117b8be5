package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	entries  = 100_000
	patience = 60 * time.Second
)

// Programs under test, and the data directory with the long log. Nothing changes that directory: a test that has to takes a copy.
var locket, longlog, litewitness, original string

// TestMain is two things: a verifier, when the first argument is the name of one, so that each check is a process of its own; and the tests, which build
// what they need first. LOCKET_BIN names a locket that is built already.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
	}
	os.Exit(prepared(m.Run))
}

func prepared(run func() int) int {
	folder, err := os.MkdirTemp("", "locket-foreign-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	locket, longlog, litewitness = os.Getenv("LOCKET_BIN"), filepath.Join(folder, "longlog"), filepath.Join(folder, "litewitness")
	original = filepath.Join(folder, "data")
	builds := [][]string{
		{"../..", "go", "build", "-o", longlog, "./emergency/emergencytest/longlog"},
		{".", "go", "build", "-o", litewitness, "filippo.io/torchwood/cmd/litewitness"},
		{".", longlog, "--data", original, "--entries", fmt.Sprint(entries), "--url", "https://card.example.org"},
	}
	if locket == "" {
		locket = filepath.Join(folder, "locket")
		builds = append(builds, []string{"../..", "go", "build", "-o", locket, "./cmd/locket"})
	}
	for _, build := range builds {
		command := exec.Command(build[1], build[2:]...)
		command.Dir = build[0]
		if out, err := command.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, out)
			return 1
		}
	}
	return run()
}

// house is a data directory, and perhaps the server that runs on it.
type house struct {
	dir    string
	url    string // of the server
	server *exec.Cmd
	ended  chan struct{} // closed once the server has
	mu     sync.Mutex
	logged bytes.Buffer
}

// copied is a house with a data directory of its own, as it is in from.
func copied(t *testing.T, from string) *house {
	t.Helper()
	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	if out, err := exec.Command("cp", "-a", from, h.dir).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	return h
}

var listening = regexp.MustCompile(`msg="locket serves".* listen=(\S+)`)

// serve starts a server, waits until it listens, and returns where it serves its log. It is stopped when the test ends.
func (h *house) serve(t *testing.T, args ...string) string {
	t.Helper()
	h.server = exec.Command(locket, append([]string{"serve", "--data", h.dir, "--listen", "127.0.0.1:0", "--checkpoint-every", "100ms"}, args...)...)
	output, err := h.server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.server.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	h.ended = make(chan struct{})
	go h.follow(output, ready, h.ended)
	t.Cleanup(func() { h.stop(t) })
	select {
	case address := <-ready:
		h.url = "http://" + address
	case <-h.ended:
		t.Fatalf("the server does not start:\n%s", h.said())
	case <-time.After(patience):
		t.Fatalf("the server does not listen:\n%s", h.said())
	}
	return h.url + "/audit/log"
}

func (h *house) follow(output io.Reader, ready chan<- string, ended chan<- struct{}) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		h.mu.Lock()
		fmt.Fprintln(&h.logged, lines.Text())
		h.mu.Unlock()
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			ready <- found[1]
		}
	}
	_ = h.server.Wait() // how it ended is in what it logged
	close(ended)
}

// said is what the server has logged, but for the lines of requests.
func (h *house) said() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var said strings.Builder
	for line := range strings.Lines(h.logged.String()) {
		if !strings.Contains(line, "msg=request") {
			said.WriteString(line)
		}
	}
	return said.String()
}

// stop lets the server finish, if one runs.
func (h *house) stop(t *testing.T) {
	if h.server == nil {
		return
	}
	_ = h.server.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-h.ended:
	case <-time.After(patience):
		_ = h.server.Process.Kill()
		<-h.ended
		t.Errorf("the server had to be killed:\n%s", h.said())
	}
	h.server = nil
}

// longer writes more entries. No server may run.
func (h *house) longer(t *testing.T, more int) {
	t.Helper()
	must(t, longlog, "--data", h.dir, "--entries", fmt.Sprint(more))
}

// erase erases the words of entries. No server need be stopped for it.
func (h *house) erase(t *testing.T, indices ...int) {
	t.Helper()
	args := []string{"audit", "erase", "--data", h.dir, "--ground", "request", "--yes"}
	for _, index := range indices {
		args = append(args, fmt.Sprint(index))
	}
	must(t, locket, args...)
}

// damage changes the database under the running server, as somebody can who owns the machine: the guards against accidents are dropped first.
func (h *house) damage(t *testing.T, statements string) {
	t.Helper()
	triggers := h.query(t, `SELECT 'DROP TRIGGER "' || name || '";' FROM sqlite_master WHERE type = 'trigger'`)
	h.query(t, "PRAGMA secure_delete = OFF; BEGIN IMMEDIATE;\n"+triggers+"\n"+statements+"\nCOMMIT;")
}

// query runs SQL with the sqlite3 program and returns what it prints.
func (h *house) query(t *testing.T, sql string) string {
	t.Helper()
	return query(t, filepath.Join(h.dir, "locket.db"), sql)
}

func query(t *testing.T, database, sql string) string {
	t.Helper()
	command := exec.Command("sqlite3", "-batch", "-bail", "-cmd", ".timeout 20000", database)
	command.Stdin = strings.NewReader(sql)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("sqlite3: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// must runs a program that has to succeed and returns what it prints.
func must(t *testing.T, path string, args ...string) string {
	t.Helper()
	said, ok := program(path, args...)
	if !ok {
		t.Fatalf("%s %s:\n%s", filepath.Base(path), strings.Join(args, " "), said)
	}
	return said
}

// program runs a program and returns what it prints, and whether it was content.
func program(path string, args ...string) (said string, ok bool) {
	out, err := exec.Command(path, args...).CombinedOutput()
	return string(out[bytes.LastIndexByte(out, '\r')+1:]), err == nil // what is before is progress
}

// verdict is what a verifier says, in a process of its own.
type verdict struct {
	ok   bool
	said string
}

// ask runs one of the verifiers of this module.
func ask(args ...string) verdict {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	out, err := exec.CommandContext(ctx, os.Args[0], args...).CombinedOutput()
	return verdict{ok: err == nil, said: string(out)}
}

// holds fails the test unless the verifier says that all holds.
func (v verdict) holds(t *testing.T) {
	t.Helper()
	if !v.ok {
		t.Errorf("it should hold:\n%s", v.said)
	}
}

// fails fails the test unless the verifier finds fault, and with that which was done.
func (v verdict) fails(t *testing.T, with string) {
	t.Helper()
	if v.ok {
		t.Errorf("it should not hold:\n%s", v.said)
	} else if !regexp.MustCompile(with).MatchString(v.said) {
		t.Errorf("it should fail with %q, and fails with:\n%s", with, v.said)
	}
}

// get reads what a server says, whatever the status.
func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}
