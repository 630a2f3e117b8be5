package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo starts the demonstration as a newcomer does, reads what it prints, opens what it names, and stops it.
func TestDemo(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, environment{stdin: strings.NewReader(""), stdout: writer, stderr: os.Stderr, getenv: func(string) string { return "" }})
		writer.Close()
	}()
	var said strings.Builder
	var addresses []string
	console := ""
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		line := lines.Text()
		said.WriteString(line + "\n")
		if rest, found := strings.CutPrefix(line, "Console   "); found {
			console = rest
		}
		if address := strings.TrimSpace(line); strings.Contains(address, "/c/") {
			addresses = append(addresses, address)
		}
		if strings.HasPrefix(line, "Ctrl-C") {
			break
		}
	}
	if !strings.HasPrefix(said.String(), "DEMO") || len(addresses) != 6 || !strings.Contains(said.String(), "▀") {
		t.Fatalf("the demonstration says:\n%s", said.String())
	}
	for _, address := range append(addresses, console, console+"/readyz") {
		page, _, _ := strings.Cut(address, "#")
		response, err := http.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s, %v", page, response.Status, err)
		}
		if strings.Contains(response.Header.Get("Content-Type"), "html") && !strings.Contains(string(body), "DEMO") {
			t.Errorf("%s does not say DEMO", page)
		}
	}
	stop()
	if code := <-done; code != exitOK {
		t.Errorf("stopped with exit code %d", code)
	}
	left, err := filepath.Glob(filepath.Join(temporary, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demonstration leaves %v behind, %v", left, err)
	}
}
