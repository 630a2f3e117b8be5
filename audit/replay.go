package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// replayChunk is how many entries are read at a time: it bounds the memory of a verification.
const replayChunk = 1024

// VerifyError says what in a log does not hold.
type VerifyError struct {
	Epoch int    // number of the epoch; 0 when it is not known or the first
	Index int64  // the entry that fails; -1 when it is the log as a whole
	What  string // why, in plain words, after "entry 17: "
}

func (e *VerifyError) Error() string {
	where := ""
	if e.Epoch > 1 {
		where = fmt.Sprintf(" of epoch %d", e.Epoch)
	}
	if e.Index < 0 {
		return fmt.Sprintf("audit: the log%s: %s", where, e.What)
	}
	return fmt.Sprintf("audit: entry %d%s: %s", e.Index, where, e.What)
}

// broken returns a VerifyError about an entry, or about the log as a whole for index -1.
func broken(index int64, format string, args ...any) error {
	return &VerifyError{Index: index, What: fmt.Sprintf(format, args...)}
}

const wholeLog = -1

// visitor sees the entries of a replay, each before its hashes are compared.
type visitor interface {
	// ahead is shown entries that come next, so that work on them can be done together.
	ahead(entries []Entry)
	entry(e *Entry) error
	// pruned is called for an entry whose row is missing: its stored leaf hash is all that there is of it.
	pruned(index int64, leaf tlog.Hash) error
}

// unopened is the visitor of a replay that looks at the tree alone. Rows below the index may be gone.
type unopened int64

func (unopened) ahead([]Entry) {}

func (unopened) entry(*Entry) error { return nil }

func (minimum unopened) pruned(index int64, _ tlog.Hash) error {
	if index < int64(minimum) {
		return nil
	}
	return broken(index, missingRow)
}

const missingRow = "its row is missing or out of place"

// chunk is a run of a stored log.
type chunk struct {
	first, end int64
	entries    []Entry     // rows that are missing are left out
	stored     []tlog.Hash // those that came with the entries
	err        error
}

func readChunk(ctx context.Context, r Reader, first, end int64) chunk {
	c := chunk{first: first, end: end}
	if c.entries, c.err = r.Entries(ctx, first, end); c.err != nil {
		c.err = fmt.Errorf("audit: reading entries: %w", c.err)
		return c
	}
	c.stored, c.err = storedHashes(ctx, r, first, end)
	return c
}

// replay computes the tree anew from the stored entries that follow a state, up to size, and compares every stored hash on the
// way. progress, if given, is told the size reached after each chunk. What does not hold is a [VerifyError]. While one chunk is compared the next is read.
func replay(ctx context.Context, r Reader, from State, size int64, visit visitor, progress func(int64)) (State, error) {
	state := from.clone()
	if state.Size >= size {
		return state, nil
	}
	next := make(chan chunk, 1)
	read := func(first int64) { next <- readChunk(ctx, r, first, min(first+replayChunk, size)) }
	read(state.Size)
	for state.Size < size {
		c := <-next
		more := c.err == nil && c.end < size
		if more {
			go read(c.end)
		}
		if err := state.compare(c, visit); err != nil {
			if more {
				<-next // nothing is read any more once this returns
			}
			return State{}, err
		}
		if progress != nil {
			progress(state.Size)
		}
	}
	return state, nil
}

// compare goes on by the entries of a chunk.
func (s *State) compare(c chunk, visit visitor) error {
	if c.err != nil {
		return c.err
	}
	visit.ahead(c.entries)
	entries, stored := c.entries, c.stored
	var computed []tlog.Hash
	for index := c.first; index < c.end; index++ {
		var leaf tlog.Hash
		if len(entries) > 0 && entries[0].Index == index {
			e := &entries[0]
			if !e.Leaf.known() {
				return broken(index, "its commitment is not of a known version")
			}
			if err := visit.entry(e); err != nil {
				return err
			}
			leaf, entries = e.Leaf.LeafHash(), entries[1:]
		} else {
			leaf = stored[0] // there is one: readHashes gives as many as were asked for
			if err := visit.pruned(index, leaf); err != nil {
				return err
			}
		}
		computed = s.grow(leaf, computed[:0])
		if level := firstDifference(computed, stored); level >= 0 {
			return broken(index, "the stored hash of level %d that it completes is not the hash of the entries below it", level)
		}
		stored = stored[len(computed):]
	}
	if len(entries) > 0 {
		return broken(entries[0].Index, missingRow)
	}
	return nil
}

// firstDifference returns the first place at which stored does not begin as computed does, -1 if there is none.
func firstDifference(computed, stored []tlog.Hash) int {
	for i, h := range computed {
		if i >= len(stored) || stored[i] != h {
			return i
		}
	}
	return -1
}

// storedHashes returns the hashes that were stored with the entries from <= index < to.
func storedHashes(ctx context.Context, r Reader, from, to int64) ([]tlog.Hash, error) {
	ids := make([]int64, 0, 2*replayChunk)
	for id := tlog.StoredHashIndex(0, from); id < tlog.StoredHashIndex(0, to); id++ {
		ids = append(ids, id)
	}
	hashes, err := readHashes(ctx, r, ids)
	if !errors.Is(err, ErrNotFound) {
		return hashes, err
	}
	// One is missing: find out which, as a report that names an entry helps more than one that names a thousand.
	missing, found := slices.BinarySearchFunc(ids, true, func(id int64, _ bool) int {
		if _, err := readHashes(ctx, r, ids[:id-ids[0]+1]); err != nil {
			return 0
		}
		return -1
	})
	if !found {
		return nil, err
	}
	return nil, brokenHash(ids[missing], "is missing")
}

func brokenHash(id int64, what string) error {
	level, n := tlog.SplitStoredHashIndex(id)
	return broken((n+1)<<level-1, "the stored hash of level %d that it completes %s", level, what)
}

func readHashes(ctx context.Context, r Reader, ids []int64) ([]tlog.Hash, error) {
	hashes, err := r.Hashes(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("audit: reading hashes: %w", err)
	}
	if len(hashes) != len(ids) {
		return nil, fmt.Errorf("audit: reading hashes: asked for %d, got %d", len(ids), len(hashes))
	}
	return hashes, nil
}

// storedState returns the state that the log had at an earlier size, from its stored hashes.
func storedState(ctx context.Context, r Reader, size int64) (State, error) {
	edge, err := readHashes(ctx, r, edgeIDs(size))
	if err != nil {
		return State{}, err
	}
	return State{Size: size, Edge: edge}, nil
}
