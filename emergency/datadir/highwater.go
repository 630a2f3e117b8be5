package datadir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/locket-health/locket/audit"
)

// highWaterFile is where the high-water mark of the log is when nobody has named a better place: it tells of a database that was set back by itself, but not of
// a data directory that was set back as a whole.
const highWaterFile = "high-water"

// maxHighWater bounds what is read of the mark, in bytes: it is one signed note.
const maxHighWater = 64 << 10

// highWater is the mark as a file: the newest signed checkpoint, verbatim.
type highWater struct{ path string }

var _ audit.HighWater = highWater{}

// HighWater is the high-water mark of a data directory. file is as in Options.
func HighWater(dir, file string) (audit.HighWater, error) {
	settings, err := ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	if file == "" {
		file = settings.HighWater
	}
	return highWaterOf(dir, file), nil
}

// highWaterOf is the mark in a file, or in the data directory itself when that is "".
func highWaterOf(dir, file string) highWater {
	if file == "" {
		file = filepath.Join(dir, highWaterFile)
	}
	return highWater{file}
}

// Load implements audit.HighWater.
func (h highWater) Load(context.Context) ([]byte, error) {
	file, err := os.Open(h.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	note, err := io.ReadAll(io.LimitReader(file, maxHighWater+1))
	if err == nil && note == nil {
		note = []byte{} // an empty file is no mark, and not the absence of one
	}
	return note, err
}

// Swap implements audit.HighWater. The file is replaced as a whole: whatever is cut short, the old or the new mark is there.
func (h highWater) Swap(ctx context.Context, old, note []byte) (err error) {
	release, err := lockBeside(h.path)
	if err != nil {
		return fmt.Errorf("datadir: the high-water mark cannot be moved: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	kept, err := h.Load(ctx)
	if err != nil {
		return err
	}
	if (kept == nil) != (old == nil) || !bytes.Equal(kept, old) {
		return audit.ErrConflict
	}
	return replace(h.path, note)
}

// lockBeside keeps other processes out while a file is changed. The lock lies in a file beside, because the file itself may be replaced.
func lockBeside(path string) (release func() error, err error) {
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("datadir: lock %s: %w", file.Name(), err), file.Close())
	}
	return file.Close, nil // closing lets go of the lock
}
