package vault

import (
	"context"
	"crypto/rand"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
)

var update = flag.Bool("update", false, "seal the files of testdata/v1 anew; only for a new format, in a folder of its own")

func readOld(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "v1", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOldDataOpens holds the promise of the package comment: what the first version has sealed opens for good.
func TestOldDataOpens(t *testing.T) {
	if *update {
		sealOld(t)
	}
	if got, err := OpenRecord(recordPlace, mustCard(t, 1), readOld(t, "record.age"), 100); err != nil || string(got) != "secret" {
		t.Errorf("a record: %q, %v", got, err)
	}
	key, err := ParseDataKey(readOld(t, "data.key"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Open(fieldPlace, readOld(t, "field")); err != nil || string(got) != "secret" {
		t.Errorf("a field: %q, %v", got, err)
	}
	hash := key.KeyedHash("mail", []byte("anna@example.org"))
	if string(hash[:]) != string(readOld(t, "hash")) {
		t.Error("a keyed hash is another now")
	}
	finder := CodeFinder(testCode, key.Pepper())
	if string(finder[:]) != string(readOld(t, "finder")) {
		t.Error("the finder of a short code is another now")
	}
	if got, err := OpenCode(context.Background(), NewGate(1), testCode, key.Pepper(), readOld(t, "code")); err != nil || string(got) != "secret" {
		t.Errorf("a short code: %q, %v", got, err)
	}
}

func sealOld(t *testing.T) {
	t.Helper()
	key := mustDataKey(t)
	write := func(name string, data []byte, err error) {
		t.Helper()
		if err == nil {
			err = os.WriteFile(filepath.Join("testdata", "v1", name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	record, err := SealRecord(recordPlace, []age.Recipient{mustServer(t).Recipient(), mustCard(t, 1).Recipient()}, []byte("secret"))
	write("record.age", record, err)
	rotated, err := key.Rotate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	field, err := key.Seal(fieldPlace, []byte("secret"))
	write("field", field, err)
	write("data.key", append([]byte("# for tests only\n"), rotated.Text()...), nil)
	hash := key.KeyedHash("mail", []byte("anna@example.org"))
	write("hash", hash[:], nil)
	finder, code, err := SealCode(t.Context(), NewGate(1), testCode, key.Pepper(), []byte("secret"))
	write("finder", finder[:], err)
	write("code", code, nil)
}
