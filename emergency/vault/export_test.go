package vault

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

func TestExport(t *testing.T) {
	plaintext := strings.Repeat("everything that was kept. ", 10000)
	var sealed bytes.Buffer
	w, err := encryptExport(&sealed, "correct horse", 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, plaintext); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for passphrase, opens := range map[string]bool{"correct horse": true, "wrong horse": false} {
		identity, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(bytes.NewReader(sealed.Bytes()), identity)
		if (err == nil) != opens {
			t.Errorf("%q: Decrypt = %v", passphrase, err)
			continue
		}
		if !opens {
			continue
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != plaintext {
			t.Errorf("%q: %d bytes, %v", passphrase, len(got), err)
		}
	}
}

// TestStockAgeOpensAnExport types the passphrase to the age tool, which reads it from a terminal alone: script(1) makes one.
func TestStockAgeOpensAnExport(t *testing.T) {
	tool := stockAge(t)
	script, err := exec.LookPath("script")
	if err != nil {
		t.Fatal("this test needs script(1), of the Debian package bsdutils, as ./deploy/test.sh installs it")
	}
	const plaintext, passphrase = "everything that was kept", "correct horse"
	sealed := filepath.Join(t.TempDir(), "export.age")
	file, err := os.Create(sealed)
	if err != nil {
		t.Fatal(err)
	}
	w, err := encryptExport(file, passphrase, 12) // the usual factor takes seconds under -race
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, plaintext); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	opened := sealed + ".txt"
	cmd := exec.Command(script, "-q", "-e", "-c", tool+" -d -o "+opened+" "+sealed, os.DevNull)
	cmd.Stdin = strings.NewReader(passphrase + "\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("age -d: %v\n%s", err, out)
	}
	if got, err := os.ReadFile(opened); err != nil || string(got) != plaintext {
		t.Errorf("age -d wrote %q, %v", got, err)
	}
}

func TestExportNeedsAPassphrase(t *testing.T) {
	if _, err := EncryptExport(io.Discard, ""); err == nil {
		t.Error("an export was encrypted to an empty passphrase")
	}
}
