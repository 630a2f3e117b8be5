package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// VerifyRemote checks a whole published log from outside, by what it serves: fetch returns the bytes under a path below the
// address of the log, such as "checkpoint" or "tile/0/000", and bounds their length (a checkpoint has at most 64 KiB, a tile
// or bundle at most 12,800 bytes). Every entry bundle and every tile is read; leaves, tiles and root are computed anew from the entries
// and compared with what is served and signed.
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
	return Report{Size: c.Size, Root: c.Root, Published: c.Size}, nil
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
}

// bundle reads the next entry bundle of a log of this size, and compares the tiles that it fills.
func (w *walk) bundle(size int64) error {
	first := w.state.Size
	t := Tile{level: entriesLevel, n: first >> tileHeight, width: int(min(tileWidth, size-first))}
	data, err := w.fetch(w.ctx, t.Path())
	if err != nil {
		return fmt.Errorf("audit: fetching %s: %w", t.Path(), err)
	}
	entries, err := ParseBundle(data, t.width)
	if err != nil {
		return broken(first, "the bundle %s that begins with it is malformed", t.Path())
	}
	for _, entry := range entries {
		if !entry.known() {
			return broken(w.state.Size, "its commitment is not of a known version")
		}
		w.computed = w.state.grow(entry.LeafHash(), w.computed[:0])
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
