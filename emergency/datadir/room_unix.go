//go:build unix

package datadir

import "golang.org/x/sys/unix"

// roomOn is how many bytes are free on the disk of a directory.
func roomOn(dir string) (int64, bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}
