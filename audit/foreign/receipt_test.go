package main

import (
	"archive/zip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exported writes the receipts of an export of the log into a folder and returns their names, and the key of the log.
func (h *house) exported(t *testing.T) (receipts []string, vkey string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "export.zip")
	must(t, locket, "audit", "export", "--data", h.dir, "--out", name)
	archive, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	keys, err := fs.ReadFile(archive, "vkeys/1.txt")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := archive.Open("entries.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for lines := json.NewDecoder(entries); ; {
		var entry struct {
			Index   int64
			Receipt string
		}
		if err := lines.Decode(&entry); err == io.EOF {
			return receipts, strings.TrimSpace(string(keys))
		} else if err != nil {
			t.Fatal(err)
		}
		if entry.Receipt == "" {
			continue // newer than the last checkpoint
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.tlog-proof", entry.Index))
		if err := os.WriteFile(file, []byte(entry.Receipt), 0o600); err != nil {
			t.Fatal(err)
		}
		receipts = append(receipts, file)
	}
}

// TestReceiptsHoldForAForeignVerifier: every receipt of an export is proved offline by a verifier that others wrote, those of erased entries too, and none that was
// tampered with is.
func TestReceiptsHoldForAForeignVerifier(t *testing.T) {
	t.Parallel()
	h := &house{dir: filepath.Join(t.TempDir(), "data")}
	h.longer(t, 300)
	h.erase(t, 30, 31)
	receipts, vkey := h.exported(t)
	if len(receipts) < 302 {
		t.Fatalf("%d receipts of 302 entries", len(receipts))
	}
	single := filepath.Join(t.TempDir(), "200.tlog-proof")
	must(t, locket, "audit", "prove", "--data", h.dir, "--out", single, "200")
	must(t, locket, "audit", "prove", "--check", single, "--vkey", vkey)
	receipts = append(receipts, single)
	ask(append([]string{"receipt", vkey}, receipts...)...).holds(t)

	receipt, err := os.ReadFile(receipts[17])
	if err != nil {
		t.Fatal(err)
	}
	extra := regexp.MustCompile(`(?m)^extra (\S+)$`)
	said, err := base64.StdEncoding.DecodeString(extra.FindStringSubmatch(string(receipt))[1])
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(said), "Kim Example", "Jim Example", 1)
	gone, err := os.ReadFile(receipts[30])
	if err != nil {
		t.Fatal(err)
	}
	if said, err := base64.StdEncoding.DecodeString(extra.FindStringSubmatch(string(gone))[1]); err != nil || !strings.Contains(string(said), `"entry"`) || strings.Contains(string(said), "payload") {
		t.Errorf("the receipt of an erased entry carries %s, %v", said, err)
	}
	for _, c := range []struct{ name, receipt, fault string }{
		{"another name", extra.ReplaceAllString(string(receipt), "extra "+base64.StdEncoding.EncodeToString([]byte(other))), "record"},
		{"another place", strings.Replace(string(receipt), "index 17\n", "index 18\n", 1), "record"},
		{"a proof cut short", regexp.MustCompile(`index 17\n.*\n`).ReplaceAllString(string(receipt), "index 17\n"), "record"},
		{"another size", regexp.MustCompile(`(?m)^(\d{3})$`).ReplaceAllString(string(receipt), "299"), "signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.receipt == string(receipt) {
				t.Fatal("nothing was changed")
			}
			file := filepath.Join(t.TempDir(), "changed.tlog-proof")
			if err := os.WriteFile(file, []byte(c.receipt), 0o600); err != nil {
				t.Fatal(err)
			}
			ask("receipt", vkey, file).fails(t, c.fault)
		})
	}
}
