package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	syncs    = 200
	syncTime = 3 * time.Second // a slow disk gets fewer
)

// fsync measures what the disk under a folder takes to keep 4 KB more, in milliseconds: the median of appending and syncing.
func fsync(ctx context.Context, dir string) (median float64, err error) {
	path := filepath.Join(dir, "fsync")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(path)) }()
	page := make([]byte, 4096)
	var took []float64
	for begun := time.Now(); len(took) < syncs && (len(took) == 0 || time.Since(begun) < syncTime) && ctx.Err() == nil; {
		at := time.Now()
		if _, err := file.Write(page); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took = append(took, ms(time.Since(at)))
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
