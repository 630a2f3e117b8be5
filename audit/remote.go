package audit

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyRemote checks a whole published log from outside, by what it serves: fetch returns the bytes under a path below the
// address of the log, such as "checkpoint" or "tile/0/000", and bounds their length (a checkpoint has at most 64 KiB, a tile
// or bundle at most 12,800 bytes). Every entry bundle and every tile is read; leaves, tiles and root are computed anew from the entries
// and compared with what is served and signed. A fetch that answers with an error that wraps [ErrPruned] for the bundles at the beginning of the log has their leaf
// hashes believed: the report counts them.
//
// What does not hold is a [*VerifyError]; other errors are those of fetch. Memory does not grow with the log.
func VerifyRemote(ctx context.Context, fetch func(ctx context.Context, path string) ([]byte, error), v Verifier, progress func(done, total int64)) (Report, error) {
	signed, err := fetch(ctx, "checkpoint")
	if err != nil {
		return Report{}, fmt.Errorf("audit: fetching the checkpoint: %w", err)
	}
	c, err := OpenCheckpoint(v, signed)
	if err != nil {
		return Report{}, broken(wholeLog, "its checkpoint does not verify: %v", err)
	}

	w := walk{ctx: ctx, fetch: fetch}
	for w.state.Size < c.Size {
		if err := w.bundle(c.Size); err != nil {
			return Report{}, err
		}
		if progress != nil {
			progress(w.state.Size, c.Size)
		}
	}
	for level := range w.tiles {
		if err := w.compare(level); err != nil { // what is left is the partial tile of each level
			return Report{}, err
		}
	}
	if w.state.Root() != c.Root {
		return Report{}, broken(wholeLog, "its entries are not those of the signed checkpoint")
	}
	return Report{Size: c.Size, Root: c.Root, Published: c.Size, Pruned: w.pruned}, nil
}

// walk goes through a served log and holds, of every level of tiles, the hashes of the tile that is being filled.
type walk struct {
	ctx   context.Context
	fetch func(context.Context, string) ([]byte, error)
	state State
	tiles [tileLevels]struct {
		n      int64
		hashes []tlog.Hash
	}
	computed []tlog.Hash
	pruned   int64 // entries of which the log serves the leaf hash alone
}

// bundle reads the next entry bundle of a log of this size, and compares the tiles that it fills.
func (w *walk) bundle(size int64) error {
	first := w.state.Size
	t := Tile{level: entriesLevel, n: first >> tileHeight, width: int(min(tileWidth, size-first))}
	leaves, err := w.leaves(t)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		w.computed = w.state.grow(leaf, w.computed[:0])
		for level := 0; level*tileHeight < len(w.computed); level++ {
			tile := &w.tiles[level]
			tile.hashes = append(tile.hashes, w.computed[level*tileHeight])
			if len(tile.hashes) < tileWidth {
				continue
			}
			if err := w.compare(level); err != nil {
				return err
			}
			tile.n, tile.hashes = tile.n+1, tile.hashes[:0]
		}
	}
	return nil
}

// leaves returns the leaf hashes of a bundle: from its entries, or from the tile beside it when the bundle was pruned. A log is pruned from its beginning on.
func (w *walk) leaves(t Tile) ([]tlog.Hash, error) {
	leaves := make([]tlog.Hash, t.width)
	data, err := w.fetch(w.ctx, t.Path())
	if errors.Is(err, ErrPruned) && w.pruned == t.start() {
		t.level = 0
		if data, err = w.fetch(w.ctx, t.Path()); err == nil && len(data) != t.width*tlog.HashSize {
			return nil, broken(t.start(), "the tile %s that begins with it is malformed", t.Path())
		}
		w.pruned += int64(t.width)
	}
	if err != nil {
		return nil, fmt.Errorf("audit: fetching %s: %w", t.Path(), err)
	}
	if t.level == 0 {
		for i := range leaves {
			leaves[i] = tlog.Hash(data[i*tlog.HashSize : (i+1)*tlog.HashSize])
		}
		return leaves, nil
	}
	entries, err := ParseBundle(data, t.width)
	if err != nil {
		return nil, broken(t.start(), "the bundle %s that begins with it is malformed", t.Path())
	}
	for i, entry := range entries {
		if !entry.known() {
			return nil, broken(t.start()+int64(i), "its commitment is not of a known version")
		}
		leaves[i] = entry.LeafHash()
	}
	return leaves, nil
}

// compare fetches the tile that was computed on a level and compares it, if it holds anything.
func (w *walk) compare(level int) error {
	tile := w.tiles[level]
	if len(tile.hashes) == 0 {
		return nil
	}
	t := Tile{level: level, n: tile.n, width: len(tile.hashes)}
	data, err := w.fetch(w.ctx, t.Path())
	if err != nil {
		return fmt.Errorf("audit: fetching %s: %w", t.Path(), err)
	}
	for i, want := range tile.hashes {
		if len(data) != t.width*tlog.HashSize || tlog.Hash(data[i*tlog.HashSize:(i+1)*tlog.HashSize]) != want {
			return broken((t.start()+int64(i))<<(tileHeight*level), "the tile %s does not hold the hash that begins with it", t.Path())
		}
	}
	return nil
}
