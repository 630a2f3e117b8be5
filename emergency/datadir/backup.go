package datadir

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// Backup writes a consistent copy of the database and the settings of a data directory into the folder out, which must not exist, while a server
// may run on it. It returns the number of log entries in the copy. The keys are not copied.
func Backup(ctx context.Context, dir, keys, out string, progress func(done, total int)) (entries int64, err error) {
	house, err := open(ctx, Options{Dir: dir, Keys: keys}, true)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, house.Store.Close()) }()
	if err := os.Mkdir(out, 0o700); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(out))
		}
	}()
	// The intent comes first, so that the copy holds it too: a restored house says when its copy was made.
	began, err := house.Service.Intend(ctx, operator, audit.BackupMade, nil)
	if err != nil {
		return 0, err
	}
	entries, err = house.copyTo(ctx, out, progress)
	if err == nil {
		err = copyNew(filepath.Join(dir, settingsFile), filepath.Join(out, settingsFile))
	}
	return entries, house.Service.Conclude(ctx, began, err)
}

// copyTo publishes the log and writes a copy of the database into a folder. It returns the number of log entries that were published.
func (h *House) copyTo(ctx context.Context, out string, progress func(done, total int)) (int64, error) {
	signed, err := h.Log.Publish(ctx)
	if err != nil {
		return 0, err
	}
	return signed.Size, h.Store.Backup(ctx, DatabasePath(out), progress)
}

// Restore makes the data directory dir from a backup and a folder of keys. What lies beside the keys about those that were retired or withdrawn after the
// backup is known again. It checks that the whole log opens and holds, and makes an entry of the restore. It returns the number of entries that were
// restored. A house whose issuer's key has ended is restored too: it gets another one by Rotate.
func Restore(ctx context.Context, in, keys, dir string) (entries int64, err error) {
	if _, err := ReadSettings(in); err != nil {
		return 0, err
	}
	loaded, err := LoadKeys(keys)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(dir); err == nil {
		return 0, fmt.Errorf("%w: %s", ErrExists, dir)
	}
	// It gets its name when everything holds: no server can be started on a house that was restored by half.
	final := filepath.Clean(dir)
	dir = final + ".partial"
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err := loaded.Save(KeyDir(dir, "")); err != nil {
		return 0, err
	}
	if err := copyIssuer(keys, KeyDir(dir, "")); err != nil {
		return 0, err
	}
	for _, name := range []string{databaseFile, settingsFile} {
		if err := copyNew(filepath.Join(in, name), filepath.Join(dir, name)); err != nil {
			return 0, err
		}
	}
	house, err := open(ctx, Options{Dir: dir}, true)
	if err != nil {
		return 0, err
	}
	open := true
	defer func() {
		if open {
			err = errors.Join(err, house.Store.Close())
		}
	}()
	if err := house.Store.Check(ctx, true); err != nil {
		return 0, err
	}
	report, err := audit.VerifyStore(ctx, house.Store, house.Log.Keys(), emergency.LogSealer(loaded.Data), nil)
	if err != nil {
		return 0, fmt.Errorf("the log of the backup does not hold with these keys: %w", err)
	}
	details := map[string]string{"entries": strconv.FormatInt(report.Size, 10)}
	if err := house.Service.RecordOperator(ctx, operator, audit.BackupRestored, details); err != nil {
		return 0, err
	}
	open = false
	if err := house.Close(context.WithoutCancel(ctx)); err != nil {
		return 0, err
	}
	return report.Size, os.Rename(dir, final)
}

// copyIssuer copies what a key directory may have beside the four keys: the issuer's next one, and what is known of those before.
func copyIssuer(from, to string) error {
	if _, err := readKey[*ecdsa.PrivateKey](from, nextFile); err != nil && !errors.Is(err, ErrNoKeys) {
		return err
	}
	for _, name := range []string{nextFile, knownFile} {
		if err := copyNew(filepath.Join(from, name), filepath.Join(to, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(to)
}

// copyNew copies a file to where none is yet, and syncs it.
func copyNew(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}
