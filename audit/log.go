package audit

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Config is what a [Log] is made of. Every field is required but those that say otherwise.
type Config struct {
	Origin string        // name of the first epoch: the address under which it is served, without scheme and final slash
	Epoch  int           // number of the epoch that the key signs; 0 is 1
	Signer crypto.Signer // Ed25519 key of that epoch; it lives outside the store and its backups
	Next   crypto.Signer // the key that will take its place and signs beside it until then; may be nil
	Keys   []string      // vkeys that have signed before, of this and of earlier epochs; may be empty
	Store  Store
	Sealer Sealer    // opens payloads for those entitled to them
	Mark   HighWater // the newest checkpoint, kept outside the store; nil is none
	Now    func() time.Time
	Logger *slog.Logger
}

// Log publishes and proves what [Append] wrote. It is safe for concurrent use, also by several processes on one store.
type Log struct {
	Published // the present epoch

	store   Store
	signers []signer // one; two while one key takes the place of another
	mark    HighWater
	refused atomic.Pointer[AlarmError] // since this process was told; what the store knows comes beside it
	severed atomic.Bool                // the last publication found that the log does not continue what was published
	now     func() time.Time
	logger  *slog.Logger

	publishing sync.Mutex // one publication at a time: two would do the same work

	succession sync.Mutex
	succeeded  []Succession // nil before they were asked for; the keys of a running log do not change
}

// New returns a log. It refuses a Config with a missing part, and returns an error that wraps [ErrKey] for an origin or key that
// cannot sign checkpoints. It reads and writes nothing.
func New(c Config) (*Log, error) {
	if c.Signer == nil || c.Store == nil || c.Sealer == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("audit: a log needs a signer, a store, a sealer, a clock and a logger")
	}
	if c.Epoch == 0 {
		c.Epoch = 1
	}
	keys, err := NewKeyring(c.Origin, c.Keys...)
	if err != nil {
		return nil, err
	}
	l := &Log{store: c.Store, mark: c.Mark, now: c.Now, logger: c.Logger}
	for _, private := range []crypto.Signer{c.Signer, c.Next} {
		if private == nil {
			continue
		}
		s, err := newSigner(EpochOrigin(c.Origin, c.Epoch), private)
		if err != nil {
			return nil, err
		}
		l.signers, keys = append(l.signers, s), keys.with(s.Verifier)
	}
	l.Published = Published{number: c.Epoch, keys: keys, reader: c.Store.Epoch(c.Epoch), opener: c.Sealer}
	for _, s := range l.signers {
		l.signing = append(l.signing, s.String())
	}
	return l, nil
}

// Verifier returns what checks the signatures of the key that signs.
func (l *Log) Verifier() Verifier { return l.signers[0].Verifier }

// Keys returns every known key of the log.
func (l *Log) Keys() Keyring { return l.keys }

// Epochs returns all epochs in order; the last one is the present.
func (l *Log) Epochs(ctx context.Context) ([]Epoch, error) { return l.store.Epochs(ctx) }

// Epoch returns what is published of an epoch, closed or present; [ErrNotFound] when there is none of this number.
func (l *Log) Epoch(ctx context.Context, number int) (*Published, error) {
	if number == l.number {
		return &l.Published, nil
	}
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	for _, e := range epochs {
		if e.Number == number {
			return &Published{number: number, keys: l.keys, reader: l.store.Epoch(number), opener: l.opener}, nil
		}
	}
	return nil, fmt.Errorf("%w: the log has no epoch %d", ErrNotFound, number)
}

// Published is what is published of one epoch. It is safe for concurrent use.
type Published struct {
	number  int
	keys    Keyring
	reader  Reader
	opener  Opener
	signing []string // vkeys of the keys that sign; nil for a closed epoch
}

// Number returns the number of the epoch.
func (l *Published) Number() int { return l.number }

// Origin returns the name of the epoch.
func (l *Published) Origin() string { return EpochOrigin(l.keys.origin, l.number) }

// VKey returns the verifier key of the epoch in its text form: the one that signs, or of a closed epoch the last one that did; "" when none is known.
func (l *Published) VKey() string {
	if vkeys := l.VKeys(); len(vkeys) > 0 {
		return vkeys[0]
	}
	return ""
}

// VKeys returns every verifier key that signs: two while one takes the place of another. Of a closed epoch it returns all that are known, the last first.
func (l *Published) VKeys() []string {
	if l.signing != nil {
		return slices.Clone(l.signing)
	}
	var vkeys []string
	for _, key := range slices.Backward(l.keys.Of(l.number)) {
		vkeys = append(vkeys, key.String())
	}
	return vkeys
}

// Checkpoint returns the published checkpoint, or [ErrNotFound] before the first.
func (l *Published) Checkpoint(ctx context.Context) (Signed, error) {
	signed, _, err := l.published(ctx)
	return signed, err
}

// latest is the published checkpoint without cosignatures.
func (l *Published) latest(ctx context.Context) (Signed, Checkpoint, error) {
	signed, err := l.reader.Checkpoint(ctx)
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
// error that wraps [ErrNotFound] for anything else, [ErrTilePath] for a path that names no tile, [ErrPruned] for a bundle below the minimum index.
func (l *Published) Tile(ctx context.Context, path string) ([]byte, error) {
	t, err := ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	_, c, err := l.latest(ctx)
	if err != nil {
		return nil, err
	}
	if !t.within(c.Size) {
		return nil, fmt.Errorf("%w: the published log does not reach this tile", ErrNotFound)
	}
	if t.level == entriesLevel {
		return l.bundle(ctx, t)
	}
	hashes, err := readHashes(ctx, l.reader, t.ids())
	if errors.Is(err, ErrNotFound) {
		return nil, broken(wholeLog, "stored hashes of the tile %s are missing", path) // published, so their absence is damage
	}
	if err != nil {
		return nil, err
	}
	return encodeHashes(hashes), nil
}

func (l *Published) bundle(ctx context.Context, t Tile) ([]byte, error) {
	first := t.start()
	entries, err := l.reader.Entries(ctx, first, first+int64(t.width))
	if err != nil {
		return nil, fmt.Errorf("audit: reading entries: %w", err)
	}
	for i := range t.width {
		if i >= len(entries) || entries[i].Index != first+int64(i) {
			return nil, l.missing(ctx, first+int64(i))
		}
	}
	return encodeBundle(entries), nil
}

// Prove returns the proof that the entry with this index stands in the published log, or [ErrNotFound] if it is not published yet.
// No proof leaves that does not hold: damage in the store is a [*VerifyError].
func (l *Published) Prove(ctx context.Context, index int64) (Proof, error) {
	signed, c, err := l.published(ctx)
	if err != nil {
		return Proof{}, err
	}
	if index < 0 || index >= c.Size {
		return Proof{}, fmt.Errorf("%w: the published log does not reach this entry", ErrNotFound)
	}
	entries, err := l.reader.Entries(ctx, index, index+1)
	if err != nil {
		return Proof{}, fmt.Errorf("audit: reading entries: %w", err)
	}
	if len(entries) == 1 {
		return l.prove(ctx, signed, c, &entries[0])
	}
	if err := l.missing(ctx, index); !errors.Is(err, ErrPruned) {
		return Proof{}, err
	}
	leaf, err := readHashes(ctx, l.reader, []int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return Proof{}, err
	}
	return l.proveLeaf(ctx, signed, c, index, leaf[0])
}

func (l *Published) prove(ctx context.Context, signed Signed, c Checkpoint, e *Entry) (Proof, error) {
	return l.proveLeaf(ctx, signed, c, e.Index, e.Leaf.LeafHash())
}

func (l *Published) proveLeaf(ctx context.Context, signed Signed, c Checkpoint, index int64, leaf tlog.Hash) (Proof, error) {
	hashes, err := tlog.ProveRecord(c.Size, index, hashReader(ctx, l.reader))
	if errors.Is(err, ErrNotFound) {
		return Proof{}, broken(index, "hashes of its proof are missing")
	}
	if err != nil {
		return Proof{}, fmt.Errorf("audit: proving entry %d: %w", index, err)
	}
	p := Proof{Index: index, Size: c.Size, Hashes: hashes, Checkpoint: signed.Note}
	if checkInclusion(c, p, leaf) != nil {
		return Proof{}, broken(index, "it or its stored hashes are not those that were published")
	}
	return p, nil
}

// ProveConsistency returns the proof that the published log begins with all that an older checkpoint of this size covered, or
// [ErrNotFound] for a size that is not published yet.
func (l *Published) ProveConsistency(ctx context.Context, oldSize int64) (Consistency, error) {
	signed, c, err := l.published(ctx)
	if err != nil {
		return Consistency{}, err
	}
	if oldSize < 0 || oldSize > c.Size {
		return Consistency{}, fmt.Errorf("%w: the published log does not reach this size", ErrNotFound)
	}
	p := Consistency{OldSize: oldSize, Checkpoint: signed.Note}
	if oldSize > 0 {
		if p.Hashes, err = tlog.ProveTree(c.Size, oldSize, hashReader(ctx, l.reader)); err != nil {
			return Consistency{}, fmt.Errorf("audit: proving consistency: %w", err)
		}
	}
	return p, nil
}
