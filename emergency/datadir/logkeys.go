package datadir

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/storage"
)

// The log's files of a key directory beside logFile, the key that signs.
const (
	logNextFile  = "log-next.pem"  // the key that will take its place and signs beside it until then
	logEpochFile = "log-epoch.pem" // the key of an epoch that is about to begin
	logKeysFile  = "log-keys.txt"  // every public key that signs or has signed, as vkeys, one a line, the oldest first
)

// maxLogKeys bounds what is read of logKeysFile, in bytes: some hundred keys.
const maxLogKeys = 64 << 10

var (
	// ErrLogKeys is returned when the file beside the keys that names the public keys of the log is not understood.
	ErrLogKeys = errors.New("datadir: the public keys of the log cannot be read")
	// ErrLogKey is returned when the log's key is not the one that signs the present epoch: it comes from an old copy, or from another house.
	ErrLogKey = errors.New("datadir: this is not the key that signs the log")
)

// parseLogKeys reads the text of logKeysFile.
func parseLogKeys(origin string, text []byte) (audit.Keyring, error) {
	if len(text) > maxLogKeys {
		return audit.Keyring{}, fmt.Errorf("%w: the file is too large", ErrLogKeys)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	ring, err := audit.NewKeyring(origin, lines...)
	if err != nil {
		return audit.Keyring{}, fmt.Errorf("%w: %w", ErrLogKeys, err)
	}
	return ring, nil
}

// readLogKeys reads the public keys that lie in a key directory. Without the file there are none: the log has had one key only.
func readLogKeys(folder, origin string) (audit.Keyring, error) {
	f, err := os.Open(filepath.Join(folder, logKeysFile))
	if errors.Is(err, fs.ErrNotExist) {
		return audit.NewKeyring(origin)
	}
	if err != nil {
		return audit.Keyring{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLogKeys+1))
	if err != nil {
		return audit.Keyring{}, err
	}
	ring, err := parseLogKeys(origin, text)
	if err != nil {
		return audit.Keyring{}, fmt.Errorf("%w (%s): put back the copy that you made with the keys", err, f.Name())
	}
	return ring, nil
}

// keepLogKeys writes public keys of the log beside the secret ones, unless they are there. They lie there because a database that was tampered with must not
// say by which key it is to be checked.
func keepLogKeys(folder, origin string, vkeys ...string) error {
	ring, err := readLogKeys(folder, origin)
	if err != nil {
		return err
	}
	all := ring.VKeys()
	for _, vkey := range vkeys {
		if !slices.Contains(all, vkey) {
			all = append(all, vkey)
		}
	}
	if len(all) == len(ring.VKeys()) {
		return nil
	}
	return replace(filepath.Join(folder, logKeysFile), []byte(strings.Join(all, "\n")+"\n"))
}

// vkeyOf is the verifier key of a key for an epoch of the log.
func vkeyOf(origin string, epoch int, key crypto.Signer) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", audit.ErrKey
	}
	return audit.NewVKey(audit.EpochOrigin(origin, epoch), public)
}

// epochOfKey is the last epoch that a key is known to sign; the first when it is not known.
func epochOfKey(ring audit.Keyring, key crypto.Signer) (int, error) {
	for _, epoch := range slices.Backward(ring.Epochs()) {
		vkey, err := vkeyOf(ring.Origin(), epoch, key)
		if err != nil {
			return 0, err
		}
		if slices.Contains(ring.VKeys(), vkey) {
			return epoch, nil
		}
	}
	return 1, nil
}

// VKey reads the verifier key of a data directory's log, without opening its store. dir and keys are as in Options.
func VKey(dir, keys string) (string, error) {
	origin, err := logOrigin(dir)
	if err != nil {
		return "", err
	}
	loaded, err := LoadKeys(KeyDir(dir, keys))
	if err != nil {
		return "", err
	}
	ring, err := readLogKeys(KeyDir(dir, keys), origin)
	if err != nil {
		return "", err
	}
	epoch, err := epochOfKey(ring, loaded.Log)
	if err != nil {
		return "", err
	}
	return vkeyOf(origin, epoch, loaded.Log)
}

// logOrigin is the origin of the first epoch of a data directory's log.
func logOrigin(dir string) (string, error) {
	settings, err := ReadSettings(dir)
	if err != nil {
		return "", err
	}
	host, err := settings.host()
	return Origin(host), err
}

// LogKeys returns the public keys by which the log of a data directory is to be checked: those that lie with the keys, and of an epoch of which none lies
// there those that the store names. dir and keys are as in Options.
func LogKeys(ctx context.Context, store *storage.Store, dir, keys string) (audit.Keyring, error) {
	origin, err := logOrigin(dir)
	if err != nil {
		return audit.Keyring{}, err
	}
	vkey, err := VKey(dir, keys)
	if err != nil {
		return audit.Keyring{}, err
	}
	return logKeyring(ctx, store, KeyDir(dir, keys), origin, vkey)
}

func logKeyring(ctx context.Context, store *storage.Store, folder, origin string, signing ...string) (audit.Keyring, error) {
	beside, err := readLogKeys(folder, origin)
	if err != nil {
		return audit.Keyring{}, err
	}
	trusted, err := audit.NewKeyring(origin, append(beside.VKeys(), signing...)...)
	if err != nil {
		return audit.Keyring{}, err
	}
	rows, err := store.LogKeys(ctx)
	if err != nil {
		return audit.Keyring{}, err
	}
	all := trusted.VKeys()
	for _, row := range rows {
		if len(trusted.Of(row.Epoch)) == 0 {
			all = append(all, row.VKey)
		}
	}
	return audit.NewKeyring(origin, all...)
}

// logSigners are the keys that sign the present epoch of the log.
type logSigners struct {
	epoch int
	key   crypto.Signer
	next  crypto.Signer // signs beside it; nil unless it will take its place
	keys  audit.Keyring
}

// logSigners finds the keys that sign the present epoch, and finishes what was cut short when they were changed. In a repair whatever key there is will do, for
// the epoch that it is known to sign.
func (h *House) logSigners(ctx context.Context, repair bool) (logSigners, error) {
	epochs, err := h.Store.Epochs(ctx)
	if err != nil {
		return logSigners{}, err
	}
	s := logSigners{epoch: epochs[len(epochs)-1].Number, key: h.Keys.Log}
	beside, err := readLogKeys(h.folder, h.origin)
	if err != nil {
		return s, err
	}
	of, err := epochOfKey(beside, s.key)
	if err != nil {
		return s, err
	}
	err = ErrLogKey
	if of <= s.epoch {
		err = h.chooseLogKeys(ctx, &s)
	}
	switch {
	case errors.Is(err, ErrLogKey) && repair:
		s.epoch = of
	case errors.Is(err, ErrLogKey) && of > s.epoch:
		return s, fmt.Errorf("%w: it is in epoch %d, and the key of epoch %d is here", audit.ErrRolledBack, s.epoch, of)
	case err != nil:
		return s, err
	}
	signing := make([]string, 0, 2)
	for _, key := range []crypto.Signer{s.key, s.next} {
		if key == nil {
			continue
		}
		vkey, err := vkeyOf(h.origin, s.epoch, key)
		if err != nil {
			return s, err
		}
		signing = append(signing, vkey)
	}
	s.keys, err = logKeyring(ctx, h.Store, h.folder, h.origin, signing...)
	return s, err
}

// chooseLogKeys sets the keys of s to those which the store says are the epoch's. It returns ErrLogKey when none of them is there.
func (h *House) chooseLogKeys(ctx context.Context, s *logSigners) error {
	rows, err := h.Store.LogKeys(ctx)
	if err != nil {
		return err
	}
	vkey, err := vkeyOf(h.origin, s.epoch, s.key)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rows, func(row storage.LogKey) bool { return row.Epoch == s.epoch }) && s.epoch == 1 {
		// The first key is there before the database is, which is told of it here.
		rows = append(rows, storage.LogKey{Epoch: s.epoch, VKey: vkey, Added: kept(h.now())})
		if err := h.Store.PutLogKey(ctx, rows[len(rows)-1]); err != nil {
			return err
		}
	}
	signs := func(vkey string) bool {
		return slices.ContainsFunc(rows, func(row storage.LogKey) bool {
			return row.Epoch == s.epoch && row.VKey == vkey && row.Retired.IsZero()
		})
	}
	next, nextVKey, err := besideLogKey(h.folder, logNextFile, h.origin, s.epoch)
	if err != nil {
		return err
	}
	begun, begunVKey, err := besideLogKey(h.folder, logEpochFile, h.origin, s.epoch)
	if err != nil {
		return err
	}
	switch {
	case signs(vkey):
		if next != nil && signs(nextVKey) {
			s.next = next
			return keepLogKeys(h.folder, h.origin, vkey, nextVKey)
		}
		return nil
	case begun != nil && signs(begunVKey):
		s.key = begun
		return finishLogKey(h.folder, h.origin, logEpochFile, begunVKey)
	case next != nil && signs(nextVKey):
		s.key = next
		return finishLogKey(h.folder, h.origin, logNextFile, nextVKey)
	default:
		return fmt.Errorf("%w: put back the newest copy of the keys", ErrLogKey)
	}
}

// besideLogKey reads a key beside the one that signs, nil if there is none, and its vkey.
func besideLogKey(folder, name, origin string, epoch int) (crypto.Signer, string, error) {
	key, err := readKey[ed25519.PrivateKey](folder, name)
	if errors.Is(err, ErrNoKeys) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	vkey, err := vkeyOf(origin, epoch, key)
	return key, vkey, err
}

// finishLogKey makes a key that lies beside it the one that signs, after the store has said so. Nothing remains of the secret key before it.
func finishLogKey(folder, origin, name, vkey string) error {
	if err := keepLogKeys(folder, origin, vkey); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(folder, name), filepath.Join(folder, logFile)); err != nil {
		return err
	}
	if name == logEpochFile { // a key that was to take the place of the old epoch's
		if err := os.Remove(filepath.Join(folder, logNextFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(folder)
}

// newLogKey makes a key of the log and writes it beside the one that signs, in the place of one that never has.
func newLogKey(folder, name string, random io.Reader) (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return nil, err
	}
	text, err := pemKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := writeNew(filepath.Join(folder, name), text); err != nil {
		return nil, err
	}
	return key, syncDir(folder)
}
