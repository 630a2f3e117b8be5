package audit

import (
	"crypto/sha256"
	"errors"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// maxSize bounds the size of a log that this package deals with: the integers that JavaScript holds exactly. It also
// keeps sizes read from outside away from the overflows of the tree arithmetic near 1<<62.
const maxSize = 1<<53 - 1

// ErrState says that a stored state cannot be one of a log.
var ErrState = errors.New("audit: the state of the log is damaged")

// State is the end of an epoch, and all of the tree that an append reads.
type State struct {
	Epoch   int         // number of the epoch, from 1
	First   int64       // entries of all earlier epochs
	Size    int64       // number of entries
	Minimum int64       // rows of erased entries below this index may be gone; an append leaves it as it is
	Edge    []tlog.Hash // hashes of the complete subtrees that the size divides into, largest (leftmost) first: one for each 1 bit of Size
}

// Root returns the root hash of the tree (RFC 6962 section 2.1).
func (s State) Root() tlog.Hash {
	if len(s.Edge) == 0 {
		return sha256.Sum256(nil)
	}
	root := s.Edge[len(s.Edge)-1]
	for _, h := range slices.Backward(s.Edge[:len(s.Edge)-1]) {
		root = tlog.NodeHash(h, root)
	}
	return root
}

func (s State) check() error {
	if s.Size < 0 || s.Size > maxSize || s.First < 0 || s.First > maxSize-s.Size || len(s.Edge) != bits.OnesCount64(uint64(s.Size)) {
		return ErrState
	}
	return nil
}

// clone returns a copy that can grow without touching s.
func (s State) clone() State {
	return State{Epoch: s.Epoch, First: s.First, Size: s.Size, Edge: append(make([]tlog.Hash, 0, len(s.Edge)+8), s.Edge...)}
}

// grow adds a leaf and appends to stored the hashes that the store keeps for it: the leaf's own and those of the subtrees that it
// completes, lowest first, in the order of tlog.StoredHashIndex.
func (s *State) grow(leaf tlog.Hash, stored []tlog.Hash) []tlog.Hash {
	stored = append(stored, leaf)
	for range bits.TrailingZeros64(^uint64(s.Size)) {
		last := len(s.Edge) - 1
		leaf = tlog.NodeHash(s.Edge[last], leaf)
		s.Edge = s.Edge[:last]
		stored = append(stored, leaf)
	}
	s.Edge = append(s.Edge, leaf)
	s.Size++
	return stored
}

// edgeIDs returns the numbers under which the edge of a log of this size is stored, largest subtree first.
func edgeIDs(size int64) []int64 {
	ids := make([]int64, 0, bits.OnesCount64(uint64(size)))
	var start int64
	for rest := uint64(size); rest != 0; {
		level := bits.Len64(rest) - 1
		ids = append(ids, tlog.StoredHashIndex(level, start>>level))
		start += 1 << level
		rest &^= 1 << level
	}
	return ids
}
