package audit

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Config is what a [Log] is made of. Every field is required.
type Config struct {
	Origin string        // name of the log: the address under which it is served, without scheme and final slash
	Signer crypto.Signer // Ed25519 key; it lives outside the store and its backups
	Store  Store
	Sealer Sealer // opens payloads for those entitled to them
	Now    func() time.Time
	Logger *slog.Logger
}

// Log publishes and proves what [Append] wrote. It is safe for concurrent use, also by several processes on one store.
type Log struct {
	signer signer
	store  Store
	opener Opener
	now    func() time.Time
	logger *slog.Logger

	publishing sync.Mutex // one publication at a time: two would do the same work
}

// New returns a log. It refuses a Config with a missing part, and returns an error that wraps [ErrKey] for an origin or key that
// cannot sign checkpoints. It reads and writes nothing.
func New(c Config) (*Log, error) {
	if c.Signer == nil || c.Store == nil || c.Sealer == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("audit: a log needs a signer, a store, a sealer, a clock and a logger")
	}
	s, err := newSigner(c.Origin, c.Signer)
	if err != nil {
		return nil, err
	}
	return &Log{signer: s, store: c.Store, opener: c.Sealer, now: c.Now, logger: c.Logger}, nil
}

// Verifier returns what checks the log's signatures.
func (l *Log) Verifier() Verifier { return l.signer.Verifier }

// VKey returns the log's verifier key in its text form.
func (l *Log) VKey() string { return l.signer.String() }

// Checkpoint returns the published checkpoint, or [ErrNotFound] before the first.
func (l *Log) Checkpoint(ctx context.Context) (Signed, error) {
	signed, _, err := l.published(ctx)
	return signed, err
}

func (l *Log) published(ctx context.Context) (Signed, Checkpoint, error) {
	signed, err := l.store.Checkpoint(ctx)
	if err != nil {
		return Signed{}, Checkpoint{}, fmt.Errorf("audit: reading the checkpoint: %w", err)
	}
	if signed.Note == nil {
		return Signed{}, Checkpoint{}, fmt.Errorf("%w: no checkpoint is published yet", ErrNotFound)
	}
	c, err := readCheckpoint(signed.Note)
	if err != nil {
		return Signed{}, Checkpoint{}, err
	}
	return signed, c, nil
}

// Tile returns the bytes of a tile or entry bundle by its path (see [ParseTilePath]). What is returned never changes and can be
// cached for ever. Only what a published checkpoint covers is served, so that nobody reads the live size off the tiles: an
// error that wraps [ErrNotFound] for anything else, [ErrTilePath] for a path that names no tile.
func (l *Log) Tile(ctx context.Context, path string) ([]byte, error) {
	t, err := ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	_, c, err := l.published(ctx)
	if err != nil {
		return nil, err
	}
	if !t.within(c.Size) {
		return nil, fmt.Errorf("%w: the published log does not reach this tile", ErrNotFound)
	}
	if t.level == entriesLevel {
		return l.bundle(ctx, t)
	}
	hashes, err := readHashes(ctx, l.store, t.ids())
	if errors.Is(err, ErrNotFound) {
		return nil, broken(wholeLog, "stored hashes of the tile %s are missing", path) // published, so their absence is damage
	}
	if err != nil {
		return nil, err
	}
	return encodeHashes(hashes), nil
}

func (l *Log) bundle(ctx context.Context, t Tile) ([]byte, error) {
	first := t.start()
	entries, err := l.store.Entries(ctx, first, first+int64(t.width))
	if err != nil {
		return nil, fmt.Errorf("audit: reading entries: %w", err)
	}
	for i := range t.width {
		if i >= len(entries) || entries[i].Index != first+int64(i) {
			return nil, broken(first+int64(i), "its row is missing or out of place")
		}
	}
	return encodeBundle(entries), nil
}

// Prove returns the proof that the entry with this index stands in the published log, or [ErrNotFound] if it is not published yet.
// No proof leaves that does not hold: damage in the store is a [*VerifyError].
func (l *Log) Prove(ctx context.Context, index int64) (Proof, error) {
	signed, c, err := l.published(ctx)
	if err != nil {
		return Proof{}, err
	}
	if index < 0 || index >= c.Size {
		return Proof{}, fmt.Errorf("%w: the published log does not reach this entry", ErrNotFound)
	}
	entries, err := l.store.Entries(ctx, index, index+1)
	if err != nil {
		return Proof{}, fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) != 1 {
		return Proof{}, broken(index, "its row is missing")
	}
	return l.prove(ctx, signed, c, &entries[0])
}

func (l *Log) prove(ctx context.Context, signed Signed, c Checkpoint, e *Entry) (Proof, error) {
	hashes, err := tlog.ProveRecord(c.Size, e.Index, hashReader(ctx, l.store))
	if errors.Is(err, ErrNotFound) {
		return Proof{}, broken(e.Index, "hashes of its proof are missing")
	}
	if err != nil {
		return Proof{}, fmt.Errorf("audit: proving entry %d: %w", e.Index, err)
	}
	p := Proof{Index: e.Index, Size: c.Size, Hashes: hashes, Checkpoint: signed.Note}
	if checkInclusion(c, p, e.Leaf.LeafHash()) != nil {
		return Proof{}, broken(e.Index, "it or its stored hashes are not those that were published")
	}
	return p, nil
}

// ProveConsistency returns the proof that the published log begins with all that an older checkpoint of this size covered, or
// [ErrNotFound] for a size that is not published yet.
func (l *Log) ProveConsistency(ctx context.Context, oldSize int64) (Consistency, error) {
	signed, c, err := l.published(ctx)
	if err != nil {
		return Consistency{}, err
	}
	if oldSize < 0 || oldSize > c.Size {
		return Consistency{}, fmt.Errorf("%w: the published log does not reach this size", ErrNotFound)
	}
	p := Consistency{OldSize: oldSize, Checkpoint: signed.Note}
	if oldSize > 0 {
		if p.Hashes, err = tlog.ProveTree(c.Size, oldSize, hashReader(ctx, l.store)); err != nil {
			return Consistency{}, fmt.Errorf("audit: proving consistency: %w", err)
		}
	}
	return p, nil
}
