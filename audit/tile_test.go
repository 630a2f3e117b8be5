package audit_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

func TestParseTilePath(t *testing.T) {
	for _, c := range []struct {
		path string
		ok   bool
	}{
		{"tile/0/000", true},
		{"tile/0/273.p/235", true},
		{"tile/63/000.p/1", true},
		{"tile/1/x001/x234/067", true},
		{"tile/1/x001/x234/067.p/255", true},
		{"tile/entries/000", true},
		{"tile/entries/x001/000.p/7", true},
		{"", false},
		{"/tile/0/000", false},
		{"tile/0", false},
		{"tile/0/", false},
		{"tile/0/0", false},
		{"tile/0/0000", false},
		{"tile/0/000/", false},
		{"tile/0/000.p", false},
		{"tile/0/000.p/", false},
		{"tile/0/000.p/0", false},
		{"tile/0/000.p/01", false},
		{"tile/0/000.p/256", false},
		{"tile/0/000.p/-1", false},
		{"tile/00/000", false},
		{"tile/+0/000", false},
		{"tile/-1/000", false},
		{"tile/64/000", false},
		{"tile/data/000", false},
		{"tile/8/0/000", false},
		{"tile/entries", false},
		{"tile/0/x000/000", false},
		{"tile/0/001/000", false},
		{"tile/0/x001", false},
		{"tile/0/x999/x999/x999/x999/x999/999", false},
		{"tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999", false},
		{"tile/0/../000", false},
		{"tile/0/000?x=1", false},
		{"checkpoint", false},
	} {
		tile, err := audit.ParseTilePath(c.path)
		switch {
		case (err == nil) != c.ok || err != nil && !errors.Is(err, audit.ErrTilePath):
			t.Errorf("ParseTilePath(%q) = %v, want valid %v", c.path, err, c.ok)
		case err == nil && tile.Path() != c.path:
			t.Errorf("ParseTilePath(%q).Path() = %q", c.path, tile.Path())
		}
	}
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/273.p/235")
	f.Add("tile/entries/x001/000.p/7")
	f.Add("tile/63/x036/x028/x797/x018/963")
	f.Fuzz(func(t *testing.T, path string) {
		if tile, err := audit.ParseTilePath(path); err == nil && tile.Path() != path {
			t.Errorf("parsed %q, written again %q", path, tile.Path())
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add(append([]byte{0, 48}, make([]byte, 48)...), 1)
	f.Add([]byte{0, 1, 2}, 1)
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		entries, err := audit.ParseBundle(data, width)
		if err == nil && (len(entries) != width || len(data) != 50*width) {
			t.Errorf("ParseBundle of %d bytes = %d entries, want %d", len(data), len(entries), width)
		}
	})
}

// sized is a store of a published log of any size whose hashes and entries are all there; only their places matter.
type sized struct {
	audit.Store
	note []byte
}

func (s sized) Epoch(int) audit.Reader { return s }

func (s sized) Checkpoint(context.Context) (audit.Signed, error) {
	return audit.Signed{Note: s.note}, nil
}

func (s sized) Hashes(_ context.Context, ids []int64) ([]tlog.Hash, error) {
	return make([]tlog.Hash, len(ids)), nil
}

func (s sized) Entries(_ context.Context, from, to int64) ([]audit.Entry, error) {
	entries := make([]audit.Entry, to-from)
	for i := range entries {
		entries[i].Index = from + int64(i)
	}
	return entries, nil
}

func TestOnlyPublishedTilesAreServed(t *testing.T) {
	text := fmt.Sprintf("%s\n70123\n%s\n", origin, tlog.Hash{})
	l := audittest.NewLog(t, sized{audittest.NewMemory(), signed(t, text)})
	for _, c := range []struct {
		path string
		size int // bytes; 0: not found
	}{
		{"tile/0/000", 8192},
		{"tile/0/272", 8192},
		{"tile/0/272.p/255", 8160}, // a partial tile stays after it was filled
		{"tile/0/273.p/235", 7520},
		{"tile/0/273.p/1", 32},
		{"tile/0/273.p/236", 0},
		{"tile/0/273", 0},
		{"tile/0/274.p/1", 0},
		{"tile/1/000", 8192},
		{"tile/1/001.p/17", 544},
		{"tile/1/001.p/18", 0},
		{"tile/2/000.p/1", 32},
		{"tile/2/000.p/2", 0},
		{"tile/3/000.p/1", 0},
		{"tile/8/000.p/1", 0},
		{"tile/63/000.p/1", 0},
		{"tile/entries/272", 12800},
		{"tile/entries/273.p/235", 11750},
		{"tile/entries/273.p/236", 0},
		{"tile/entries/x001/000", 0},
	} {
		data, err := l.Tile(t.Context(), c.path)
		if len(data) != c.size || (c.size == 0) != errors.Is(err, audit.ErrNotFound) {
			t.Errorf("Tile(%s) = %d bytes, %v, want %d", c.path, len(data), err, c.size)
		}
	}
	if _, err := l.Tile(t.Context(), "tile/0/0"); !errors.Is(err, audit.ErrTilePath) {
		t.Errorf("Tile of a malformed path = %v, want ErrTilePath", err)
	}
}
