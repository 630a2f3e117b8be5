package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/locket-health/locket/emergency/storage"
)

// DefaultReserve is room for some hundred thousand entries of the log, in bytes.
const DefaultReserve = 64 << 20

// reserveFile holds room on the disk that nothing but the log may have.
const reserveFile = "reserve"

// reserve is a file that is given up when the disk is full, so that openings go on while somebody makes room.
type reserve struct {
	path   string
	logger *slog.Logger
	mu     sync.Mutex
}

// hold makes sure that size bytes lie in the reserve. A disk without that much room keeps what it can, and the log says so.
func hold(dir string, size int64, logger *slog.Logger) (*reserve, error) {
	r := &reserve{path: filepath.Join(dir, reserveFile), logger: logger}
	info, err := os.Stat(r.path)
	if err == nil && info.Size() >= size {
		return r, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if room, known := roomOn(dir); known && size > room/4 {
		size = room / 4
		logger.Warn("the disk is small: little room is kept back for the log", "bytes", size)
	}
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for left := size; left > 0 && err == nil; {
		var n int
		n, err = f.Write(zeros[:min(left, int64(len(zeros)))])
		left -= int64(n)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("datadir: the reserve was not made: %w", err), os.Remove(r.path))
	}
	return r, nil
}

// observe is told of every commit. The first one for which the disk has no room gives the reserve up; whoever asked is refused once and asks again.
func (r *reserve) observe(commit storage.Commit) {
	if commit.Err == nil || !storage.IsFull(commit.Err) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := os.Remove(r.path); err == nil {
		r.logger.Error("the disk is full: the room kept back for the log is used up now. Make room, then restart the server, which keeps it back again")
	}
}
