// Package datadir opens a data directory: it reads the settings and the keys, opens the store and the log, and puts the service together. The commands, the
// demonstration, the benchmarks and the tests all start here, so that there is one way to be assembled.
//
//	DIR/locket.json   settings, no secrets
//	DIR/locket.db     the database (and its -wal and -shm files)
//	DIR/lock          held by the server that runs on the directory
//	DIR/high-water    the newest signed checkpoint of the log, unless it is kept elsewhere (Options.HighWater), which is better
//	DIR/high-water.gone  what was erased, deleted or revoked and must not come back with a backup; always beside the mark
//	DIR/keys/         the keys, unless they are kept elsewhere (Options.Keys), issuer-keys.json: which of the issuer's keys are retired or withdrawn, and
//	                  log-keys.txt: every public key that has signed the log
package datadir

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/storage"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/emergency/vault"
)

// DefaultURL is where a house is reached when nobody has said otherwise: on this machine, for trying it out.
const DefaultURL = "http://localhost:8080"

const (
	settingsFile = "locket.json"
	databaseFile = "locket.db"
	keysFolder   = "keys"
)

// Settings are what a data directory remembers about the house. None of it is secret.
type Settings struct {
	URL       string `json:"url"`                  // scheme and host of the house: cards point there, passkeys are bound to the host
	HighWater string `json:"high_water,omitempty"` // file of the log's high-water mark; "" for the one in the data directory
}

// host is the name of the house: what its cards name as issuer and its passkeys are bound to.
func (s Settings) host() (string, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("datadir: the address %q is not scheme and host, such as https://locket.example", s.URL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost") {
		return "", fmt.Errorf("datadir: the address %q is neither https nor http://localhost: passkeys and card readers need one of the two", s.URL)
	}
	return u.Hostname(), nil
}

// ErrExists says that a data directory is already there.
var ErrExists = errors.New("datadir: there is a data directory already")

// Init makes a data directory with fresh keys and an empty database. keys is where the keys go, "" for the folder of that name
// inside. Nothing that exists is overwritten.
func Init(ctx context.Context, dir, keys string, settings Settings) error {
	if settings.URL == "" {
		settings.URL = DefaultURL
	}
	if _, err := settings.host(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, settingsFile)); err == nil {
		return fmt.Errorf("%w: %s", ErrExists, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	fresh, err := NewKeys(rand.Reader)
	if err != nil {
		return err
	}
	if err := fresh.Save(KeyDir(dir, keys)); err != nil {
		return err
	}
	host, err := settings.host()
	if err != nil {
		return err
	}
	vkey, err := vkeyOf(Origin(host), 1, fresh.Log)
	if err == nil {
		err = keepLogKeys(KeyDir(dir, keys), Origin(host), vkey)
	}
	if err != nil {
		return err
	}
	store, err := storage.Open(ctx, storage.Config{Path: filepath.Join(dir, databaseFile), Create: true, Sealer: emergency.LogSealer(fresh.Data)})
	if err != nil {
		return err
	}
	if err := store.Close(); err != nil {
		return err
	}
	text, err := settings.text()
	if err != nil {
		return err
	}
	return writeNew(filepath.Join(dir, settingsFile), text)
}

func (s Settings) text() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// rememberMark writes into the settings where the high-water mark is, so that commands which are not told use the same one as the server: with two, a log
// that was set back could go on past one of them.
func rememberMark(dir string, stored Settings, file string) error {
	file, err := filepath.Abs(file)
	if err != nil || stored.HighWater == file {
		return err
	}
	stored.HighWater = file
	text, err := stored.text()
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, settingsFile), text)
}

// KeyDir is where the keys of a data directory are: keys, or the folder of that name inside.
func KeyDir(dir, keys string) string {
	if keys != "" {
		return keys
	}
	return filepath.Join(dir, keysFolder)
}

// Options say how a data directory is opened.
type Options struct {
	Dir         string
	Keys        string // where the keys are, "" for Dir/keys
	URL         string // replaces the settings' address, for a server that knows better where it is reached
	CardLife    time.Duration
	HandoverAge int                  // as emergency.Config has it
	ReviewDays  int                  // likewise
	Ways        []string             // by which notices go out; default none, and they wait
	Now         func() time.Time     // default time.Now
	Rand        io.Reader            // default crypto/rand
	Logger      *slog.Logger         // default slog.Default
	Observe     func(storage.Commit) // told of every commit
	Metadata    []byte               // of security keys, as the FIDO Alliance publishes it; nil is none
	Reserve     int64                // bytes kept back for the log on a full disk; 0 is none
	Deadline    time.Duration        // how long a change is waited for on a slow disk, as storage.Config has it; 0 is for as long as it takes
	HighWater   string               // file of the log's high-water mark, beside which lies the list of what is gone; "" for the one of the settings, which remember another one

	repair bool                    // whatever key the log has will do: it is about to be begun anew
	after  func(step string) error // called after each durable step of a change of the log's keys; tests end it there
}

// House is an open data directory.
type House struct {
	Settings Settings
	Keys     Keys
	Store    *storage.Store
	Log      *audit.Log
	Service  *emergency.Service
	Terms    *terms.Catalogue

	dir    string // the data directory
	folder string // of the keys
	origin string // of the log's first epoch
	mark   highWater
	now    func() time.Time
	rand   io.Reader
}

// Origin is the name of the log of the house with the given host.
func Origin(host string) string { return host + "/audit/log" }

// Open opens a data directory for everything. ErrNoKeys and storage.ErrNoDatabase say that it was never made, ErrRetired that no card which it signed would
// verify, ErrKnownKeys and ErrLogKeys that a file beside the keys is not understood, ErrLogKey that another key signs the log. A log that was set back, or
// contradicts what was published, is refused before anything is written to it: audit.ErrRolledBack, audit.ErrFork, audit.ErrMark. NewEpoch is the way on.
func Open(ctx context.Context, o Options) (*House, error) { return open(ctx, o, false) }

// open is Open, which refuses a house whose cards would not verify unless anyKey is good enough.
func open(ctx context.Context, o Options, anyKey bool) (*House, error) {
	settings, err := ReadSettings(o.Dir)
	if err != nil {
		return nil, err
	}
	named, err := settings.host()
	if err != nil {
		return nil, err
	}
	stored, moved := settings, o.HighWater
	if o.URL != "" {
		settings.URL = o.URL
	}
	reached, err := settings.host()
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	keys, err := LoadKeys(KeyDir(o.Dir, o.Keys))
	if err != nil {
		return nil, err
	}
	h := &House{Settings: settings, Keys: keys, dir: o.Dir, folder: KeyDir(o.Dir, o.Keys), origin: Origin(named), now: o.Now, rand: o.Rand}
	if o.HighWater == "" {
		o.HighWater = settings.HighWater
	}
	h.mark = highWaterOf(o.Dir, o.HighWater)
	if h.Terms, err = terms.Load(); err != nil {
		return nil, err
	}
	signer, err := cards.NewSigner(named, keys.Issuer)
	if err != nil {
		return nil, err
	}
	health, err := shc.NewIssuer("https://"+named, keys.Issuer)
	if err != nil {
		return nil, err
	}
	relying, err := passkey.New(passkey.Config{RPID: reached, Name: "Locket", Origins: []string{settings.URL}, Metadata: o.Metadata, Now: o.Now})
	if err != nil {
		return nil, err
	}
	if o.Reserve > 0 {
		kept, err := hold(o.Dir, o.Reserve, o.Logger)
		if err != nil {
			return nil, err
		}
		observe := o.Observe
		o.Observe = func(commit storage.Commit) {
			kept.observe(commit)
			if observe != nil {
				observe(commit)
			}
		}
	}
	sealer := emergency.LogSealer(keys.Data)
	if h.Store, err = storage.Open(ctx, storage.Config{Path: filepath.Join(o.Dir, databaseFile), Sealer: sealer, Rand: o.Rand, Observe: o.Observe, Deadline: o.Deadline}); err != nil {
		return nil, err
	}
	if err = h.openLog(ctx, o, sealer); err == nil {
		h.Service, err = emergency.New(emergency.Config{Store: h.Store, Log: h.Log, Gone: goneBeside(h.mark, keys.Data), Data: keys.Data, Identity: keys.Identity, Passkeys: relying, Signer: signer,
			Health: health, IssuerKey: keys.Issuer, Catalogue: h.Terms, URL: settings.URL, CardLife: o.CardLife, HandoverAge: o.HandoverAge, ReviewDays: o.ReviewDays, Ways: o.Ways, Now: o.Now, Rand: o.Rand, Logger: o.Logger})
	}
	if err == nil && !o.repair { // what is appended to a log that is about to be begun anew would be its old epoch's
		err = h.recall(ctx, h.folder)
	}
	if err == nil && !anyKey {
		err = h.signs(ctx)
	}
	if err == nil && moved != "" {
		if err = moveGone(goneBeside(highWaterOf(o.Dir, stored.HighWater), keys.Data), goneBeside(h.mark, keys.Data)); err == nil {
			err = rememberMark(o.Dir, stored, moved)
		}
	}
	if err != nil {
		return nil, errors.Join(err, h.Store.Close())
	}
	return h, nil
}

// openLog finds the keys of the present epoch and makes sure that the log may go on.
func (h *House) openLog(ctx context.Context, o Options, sealer audit.Sealer) error {
	signers, err := h.logSigners(ctx, o.repair)
	if err != nil {
		return err
	}
	h.Log, err = audit.New(audit.Config{Origin: h.origin, Epoch: signers.epoch, Signer: signers.key, Next: signers.next, Keys: signers.keys.VKeys(), Store: h.Store,
		Sealer: sealer, Mark: h.mark, Now: o.Now, Logger: o.Logger})
	if err != nil || o.repair {
		return err
	}
	if err = h.Log.Check(ctx); errors.Is(err, audit.ErrClock) {
		// Openings go on, and what has ended stays ended; nothing is signed until the clock has caught up.
		o.Logger.Warn("the clock stands before the last checkpoint of the log: nothing is published until it has caught up")
		return nil
	}
	return err
}

// ErrRetired is returned when the key that should sign cards is retired or withdrawn: a rotation was cut short, or the keys are older than the last one.
var ErrRetired = errors.New("datadir: the issuer's key is retired")

// signs reports whether cards that are signed now verify.
func (h *House) signs(ctx context.Context) error {
	issuers, err := h.Service.Issuers(ctx)
	if err != nil {
		return err
	}
	if present := issuers[0].Keys[0]; !present.NotAfter.IsZero() || !present.CompromisedSince.IsZero() {
		return ErrRetired
	}
	return nil
}

// OpenReadOnly opens the store of a data directory for checking, beside a running server or without one, and the key that opens the log's payloads.
func OpenReadOnly(ctx context.Context, dir, keys string) (*storage.Store, *vault.DataKey, error) {
	if _, err := ReadSettings(dir); err != nil {
		return nil, nil, err
	}
	loaded, err := LoadKeys(KeyDir(dir, keys))
	if err != nil {
		return nil, nil, err
	}
	store, err := storage.Open(ctx, storage.Config{Path: DatabasePath(dir), ReadOnly: true})
	return store, loaded.Data, err
}

// slowWriter is how long one commit may take before the house is not ready.
const slowWriter = 2 * time.Second

// Ready reports whether the store can be read, and does not hang where it is written.
func (h *House) Ready(ctx context.Context) error {
	if blocked := h.Store.Blocked(); blocked > slowWriter {
		return fmt.Errorf("datadir: the log has not been written for %v: the disk hangs", blocked.Truncate(time.Millisecond))
	}
	return h.Store.View(ctx, func(r emergency.Reader) error {
		_, err := r.Counts()
		return err
	})
}

// Close publishes what the log holds and closes the store.
func (h *House) Close(ctx context.Context) error {
	h.Service.Wait()
	_, err := h.Log.Publish(ctx)
	if errors.Is(err, audit.ErrAlarm) {
		err = nil // said when it was raised; it does not undo what was done with the house
	}
	return errors.Join(err, h.Store.Close())
}

// Lock takes the directory for a server; the returned function gives it back. A second server on the same directory is refused.
func Lock(dir string) (func() error, error) { return storage.Lock(dir) }

// ErrNoDirectory says that there is no data directory.
var ErrNoDirectory = errors.New("datadir: no data directory")

// ReadSettings reads the settings of a data directory.
func ReadSettings(dir string) (Settings, error) {
	var settings Settings
	text, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return settings, fmt.Errorf("%w in %s", ErrNoDirectory, dir)
	}
	if err != nil {
		return settings, err
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		return settings, fmt.Errorf("datadir: %s is not readable: %w", settingsFile, err)
	}
	return settings, nil
}

// DatabasePath is where the database of a data directory is.
func DatabasePath(dir string) string { return filepath.Join(dir, databaseFile) }
