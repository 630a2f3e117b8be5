package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// A receipt is checked with the log's key alone: no server, no house.
func TestReceipt(t *testing.T) {
	s := audittest.NewMemory()
	l := audittest.NewLog(t, s)
	audittest.Add(t, s, audittest.Events(0, 9)...)
	if _, err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	proved, err := l.Proved(t.Context(), 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := proved.Receipt()
	if err != nil {
		t.Fatal(err)
	}
	audittest.Erase(t, s, audit.OnRequest, 7)
	if proved, err = l.Proved(t.Context(), 1, 7); err != nil {
		t.Fatal(err)
	}
	erased, err := proved.Receipt()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	vkey := file("vkey", l.VKey()+"\n")
	for _, c := range []struct {
		name, text, status, says string
		code                     int
	}{
		{"a receipt", string(receipt), "verified", `"grant-7"`, 0},
		{"that of an erased entry", string(erased), "verified", `"index": 7`, 0},
		{"another index", strings.Replace(string(receipt), "index 7", "index 6", 1), "tampered", "problem", 1},
		{"a part of one", string(receipt[:90]), "unreadable", "problem", 1},
	} {
		for _, by := range []string{file("thing", c.text), "-"} {
			var stdout, stderr bytes.Buffer
			code := run([]string{"--vkey", vkey, by}, strings.NewReader(c.text), &stdout, &stderr, time.Now())
			var said struct{ Status string }
			if err := json.Unmarshal(stdout.Bytes(), &said); err != nil || code != c.code || said.Status != c.status || !strings.Contains(stdout.String(), c.says) {
				t.Errorf("%s: exit %d, %s%s, want %s with %s", c.name, code, stdout.String(), stderr.String(), c.status, c.says)
			}
		}
	}
	for name, args := range map[string][]string{"no key": {"--vkey", filepath.Join(dir, "none"), "-"}, "a key that is none": {"--vkey", file("bad", "x"), "-"},
		"a card's files too": {"--vkey", vkey, "--trust", vkey, "-"}, "nothing": {"--vkey", vkey}} {
		var stdout, stderr bytes.Buffer
		if code := run(args, strings.NewReader(""), &stdout, &stderr, time.Now()); code != 2 || stdout.Len() != 0 {
			t.Errorf("%s: exit %d, %s", name, code, stdout.String())
		}
	}
}
