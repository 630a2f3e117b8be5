package storage

import (
	"errors"
	"testing"
)

// F12: the second server on a data directory is refused; when the first ends, another may begin.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	release, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("the second: got %v, want ErrLocked", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(dir)
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	if _, err := Lock(dir + "/nowhere"); err == nil || errors.Is(err, ErrLocked) {
		t.Errorf("no directory: got %v", err)
	}
}
