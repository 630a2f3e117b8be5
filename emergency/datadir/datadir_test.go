package datadir_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/datadir"
)

func TestInitMakesAHouseThatOpens(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	if err := datadir.Init(ctx, dir, "", datadir.Settings{URL: "https://card.example.org"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"locket.db", "locket.json", "keys/issuer.pem", "keys/log.pem", "keys/identity.txt", "keys/data.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %04o", name, info.Mode().Perm())
		}
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := house.Service.Issuer(); got != "card.example.org" {
		t.Errorf("the issuer is %q", got)
	}
	if err := house.Ready(ctx); err != nil {
		t.Error(err)
	}
	if err := house.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if vkey, err := datadir.VKey(dir, ""); err != nil || !strings.HasPrefix(vkey, "card.example.org/audit/log+") {
		t.Errorf("the verifier key is %q, %v", vkey, err)
	}
	if own, err := datadir.OwnKeys(ctx, dir, ""); err != nil || len(own) != 1 || own[0].Issuer != "card.example.org" {
		t.Errorf("the issuer's keys are %v, %v", own, err)
	}
	if err := datadir.Init(ctx, dir, "", datadir.Settings{}); !errors.Is(err, datadir.ErrExists) {
		t.Errorf("making it twice: %v, want ErrExists", err)
	}
}

func TestInitRefusesAddressesThatCannotWork(t *testing.T) {
	for _, url := range []string{"card.example.org", "http://card.example.org", "https://card.example.org/path", "https://user@card.example.org", "https://", "ftp://card.example.org",
		"http://127.0.0.1:8080", "javascript:alert(1)"} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := datadir.Init(context.Background(), dir, "", datadir.Settings{URL: url}); err == nil {
			t.Errorf("a house was made for %q", url)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: a refused house leaves a directory behind", url)
		}
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	ctx := context.Background()
	if _, err := datadir.Open(ctx, datadir.Options{Dir: t.TempDir()}); !errors.Is(err, datadir.ErrNoDirectory) {
		t.Errorf("an empty directory: %v, want ErrNoDirectory", err)
	}
	for _, name := range []string{"issuer.pem", "log.pem", "identity.txt", "data.key"} {
		dir := filepath.Join(t.TempDir(), "data")
		if err := datadir.Init(ctx, dir, "", datadir.Settings{}); err != nil {
			t.Fatal(err)
		}
		key := filepath.Join(dir, "keys", name)
		if err := os.Chmod(key, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := datadir.Open(ctx, datadir.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "can be read by others") {
			t.Errorf("%s that others may read: %v", name, err)
		}
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		if _, err := datadir.Open(ctx, datadir.Options{Dir: dir}); !errors.Is(err, datadir.ErrNoKeys) {
			t.Errorf("without %s: %v, want ErrNoKeys", name, err)
		}
		if err := os.WriteFile(key, []byte("rubbish that must not be quoted"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := datadir.Open(ctx, datadir.Options{Dir: dir}); err == nil || strings.Contains(err.Error(), "rubbish") {
			t.Errorf("with a broken %s: %v", name, err)
		}
	}
}

// TestKeysMayLiveElsewhere: a systemd credential folder, for example.
func TestKeysMayLiveElsewhere(t *testing.T) {
	ctx := context.Background()
	dir, keys := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	if err := datadir.Init(ctx, dir, keys, datadir.Settings{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys")); err == nil {
		t.Error("the keys are in the data directory too")
	}
	if _, err := datadir.Open(ctx, datadir.Options{Dir: dir}); !errors.Is(err, datadir.ErrNoKeys) {
		t.Errorf("without saying where they are: %v, want ErrNoKeys", err)
	}
	house, err := datadir.Open(ctx, datadir.Options{Dir: dir, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if err := house.Close(ctx); err != nil {
		t.Fatal(err)
	}
}
