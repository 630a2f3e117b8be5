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

// copyTo publishes the log and writes a copy of the database into a folder. It returns the number of log entries that were published, of all epochs. A log that may
// not be published now is copied as it is: a house whose log is contradicted, by a witness who may be wrong, goes on, and so do its backups.
func (h *House) copyTo(ctx context.Context, out string, progress func(done, total int)) (int64, error) {
	signed, err := h.Log.Publish(ctx)
	if errors.Is(err, audit.ErrAlarm) || errors.Is(err, audit.ErrClock) {
		signed, err = h.Store.Checkpoint(ctx)
	}
	if err != nil {
		return 0, err
	}
	state, err := h.Store.LogState(ctx)
	if err != nil {
		return 0, err
	}
	return state.First + signed.Size, h.Store.Backup(ctx, DatabasePath(out), progress)
}

// Restored says what Restore has done.
type Restored struct {
	Entries int64 // of the log, all of them checked
	Begun         // the epoch that the log goes on as
}

// Restore makes the data directory o.Dir from a backup and a folder of keys. What lies beside the keys about those that were retired or withdrawn after the
// backup is known again. It checks that the whole log opens and holds, and begins a new epoch of the log: what came after the backup may have been published, and
// the old one must not go on otherwise. o.HighWater is the mark where it is kept outside of the data directory; what the list beside it names, and the backup
// has brought back, is taken away again. A house whose issuer's key has ended is restored
// too: it gets another one by Rotate.
func Restore(ctx context.Context, in, keys string, o Options) (done Restored, err error) {
	if _, err := ReadSettings(in); err != nil {
		return done, err
	}
	loaded, err := LoadKeys(keys)
	if err != nil {
		return done, err
	}
	if _, err := os.Stat(o.Dir); err == nil {
		return done, fmt.Errorf("%w: %s", ErrExists, o.Dir)
	}
	// It gets its name when everything holds: no server can be started on a house that was restored by half.
	final := filepath.Clean(o.Dir)
	o.Dir, o.Keys = final+".partial", ""
	if err := os.Mkdir(o.Dir, 0o700); err != nil {
		return done, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(o.Dir))
		}
	}()
	if err := loaded.Save(KeyDir(o.Dir, "")); err != nil {
		return done, err
	}
	if err := copyKnown(keys, KeyDir(o.Dir, "")); err != nil {
		return done, err
	}
	for _, name := range []string{databaseFile, settingsFile} {
		if err := copyNew(filepath.Join(in, name), filepath.Join(o.Dir, name)); err != nil {
			return done, err
		}
	}
	if done, err = restoreLog(ctx, o); err != nil {
		return done, err
	}
	if done.Again, err = recordRestore(ctx, o, done.Entries); err != nil {
		return done, err
	}
	return done, os.Rename(o.Dir, final)
}

// restoreLog checks the log of a backup and lets it go on as a new epoch.
func restoreLog(ctx context.Context, o Options) (done Restored, err error) {
	o.repair = true
	house, err := open(ctx, o, true)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, house.Store.Close()) }()
	if err := house.Store.Check(ctx, true); err != nil {
		return done, err
	}
	report, err := audit.VerifyStore(ctx, house.Store, house.Log.Keys(), emergency.LogSealer(house.Keys.Data), nil)
	if err != nil {
		return done, fmt.Errorf("the log of the backup does not hold with these keys: %w", err)
	}
	done.Entries = report.Size
	if done.Begun, err = house.beginEpoch(ctx, "restored from a backup", o.step); err == nil {
		done.Aside, err = house.putAside(ctx)
	}
	return done, err
}

// recordRestore makes the entry of a restore, in the new epoch, takes away again what the backup has brought back, and publishes both.
func recordRestore(ctx context.Context, o Options, entries int64) (again emergency.Repeated, err error) {
	house, err := open(ctx, o, true)
	if err != nil {
		return again, err
	}
	details := map[string]string{"entries": strconv.FormatInt(entries, 10)}
	if err = house.Service.RecordOperator(ctx, operator, audit.BackupRestored, details); err == nil {
		again, err = house.Service.Repeat(ctx, operator, true)
	}
	if err != nil {
		return again, errors.Join(err, house.Store.Close())
	}
	return again, house.Close(context.WithoutCancel(ctx))
}

// copyKnown copies what a key directory may have beside the four keys: the issuer's next one, and what is known of those before, the log's too.
func copyKnown(from, to string) error {
	if _, err := readKey[*ecdsa.PrivateKey](from, nextFile); err != nil && !errors.Is(err, ErrNoKeys) {
		return err
	}
	for _, name := range []string{nextFile, knownFile, logKeysFile} {
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
