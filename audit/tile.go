package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrTilePath says that a path is not one of a tile, in the one spelling that c2sp.org/tlog-tiles allows.
var ErrTilePath = errors.New("audit: not the path of a tile")

// ErrBundle says that bytes are not an entry bundle of the width asked for.
var ErrBundle = errors.New("audit: malformed entry bundle")

const (
	tileHeight = 8               // levels of the tree in one tile
	tileWidth  = 1 << tileHeight // hashes or entries in a full tile
	tileLevels = 64 / tileHeight // levels of tiles that a tree can have
	entryFrame = 2 + CommitmentSize

	// entriesLevel is the level of the tiles that hold entries, "tile/entries/...", as package tlog counts it.
	entriesLevel = -1
	maxTileLevel = 63
	maxTilePath  = 64
	maxTile      = maxSize >> tileHeight
)

// Tile names a tile: a run of hashes of one level of the tree, or of entries.
type Tile struct {
	level int   // 0..63: hashes of tree level 8*level; -1: entries
	n     int64 // the run begins at hash or entry 256*n
	width int   // length of the run, 1..256
}

// ParseTilePath reads a path below the address of a log (c2sp.org/tlog-tiles): "tile/<L>/<N>[.p/<W>]" or
// "tile/entries/<N>[.p/<W>]". It returns an error that wraps [ErrTilePath].
func ParseTilePath(path string) (Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(path) > maxTilePath {
		return Tile{}, ErrTilePath
	}
	// The paths of package tlog differ in two words: they name the height, and entries are called data.
	if entries, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + entries
	}
	parsed, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, rest))
	t := Tile{level: parsed.L, n: parsed.N, width: parsed.W}
	if err != nil || t.level > maxTileLevel || t.n < 0 || t.n > maxTile || t.Path() != path {
		return Tile{}, ErrTilePath
	}
	return t, nil
}

// Path returns the path of the tile below the address of its log.
func (t Tile) Path() string {
	path := tlog.Tile{H: tileHeight, L: t.level, N: t.n, W: t.width}.Path()
	path = strings.TrimPrefix(path, fmt.Sprintf("tile/%d/", tileHeight))
	if entries, ok := strings.CutPrefix(path, "data/"); ok {
		path = "entries/" + entries
	}
	return "tile/" + path
}

// start returns the number of the first hash or entry of the tile within its level.
func (t Tile) start() int64 { return t.n << tileHeight }

// within reports whether a log of this size has all that the tile holds.
func (t Tile) within(size int64) bool {
	have := size >> (tileHeight * max(t.level, 0))
	return t.start()+int64(t.width) <= have
}

// ids returns the numbers under which the hashes of the tile are stored.
func (t Tile) ids() []int64 {
	ids := make([]int64, t.width)
	for i := range ids {
		ids[i] = tlog.StoredHashIndex(tileHeight*t.level, t.start()+int64(i))
	}
	return ids
}

func encodeHashes(hashes []tlog.Hash) []byte {
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data
}

// encodeBundle writes entries as an entry bundle: each after its length as a big-endian uint16.
func encodeBundle(entries []Entry) []byte {
	data := make([]byte, 0, len(entries)*entryFrame)
	for i := range entries {
		data = binary.BigEndian.AppendUint16(data, CommitmentSize)
		data = append(data, entries[i].Leaf[:]...)
	}
	return data
}

// ParseBundle reads an entry bundle of width entries, 1 to 256. It returns an error that wraps [ErrBundle].
func ParseBundle(data []byte, width int) ([]Commitment, error) {
	if width < 1 || width > tileWidth || len(data) != width*entryFrame {
		return nil, ErrBundle
	}
	entries := make([]Commitment, width)
	for i := range entries {
		frame := data[i*entryFrame : (i+1)*entryFrame]
		if binary.BigEndian.Uint16(frame) != CommitmentSize {
			return nil, ErrBundle
		}
		entries[i] = Commitment(frame[2:])
	}
	return entries, nil
}
