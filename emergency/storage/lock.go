package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockName is the file in the data directory that a server holds locked while it runs.
const lockName = "lock"

// Lock makes sure that one server at a time works on a data directory: a second one gets ErrLocked at once. The lock goes with the process, however it
// ends. Commands that work beside a server (issue, backup, verify) do not take it: the database keeps their transactions apart.
func Lock(dir string) (release func() error, err error) {
	return flock(filepath.Join(dir, lockName), syscall.LOCK_NB)
}

// flock takes an exclusive lock on a file that it makes if need be. The lock belongs to the open file, not to the process, so closing another
// descriptor of the same file does not lose it, as it would with fcntl.
func flock(path string, how int) (release func() error, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("storage: open the lock file: %w", err)
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|how)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("storage: lock %s: %w", path, err)
	}
	return file.Close, nil // closing lets go of the lock
}
