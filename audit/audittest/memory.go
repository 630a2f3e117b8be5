package audittest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

// Store is a store together with its transactions, as the suite needs it.
type Store interface {
	audit.Store
	// Update runs fn in one transaction, commits it when fn returns nil and rolls it back otherwise. It returns the error of fn as it is.
	Update(ctx context.Context, fn func(audit.Tx) error) error
}

// Operation names a step of a [Memory] at which a fault can be injected.
type Operation string

// The steps of a Memory, in the order of an append.
const (
	LogState       Operation = "LogState"
	LogHead        Operation = "LogHead"
	InsertEntries  Operation = "InsertEntries"
	InsertHashes   Operation = "InsertHashes"
	SwapState      Operation = "SwapState"
	Commit         Operation = "Commit"    // before anything is kept: failed, not persisted
	Committed      Operation = "Committed" // after everything is kept: failed, but persisted
	SaveCheckpoint Operation = "SaveCheckpoint"
)

// Contents is all that a [Memory] holds.
type Contents struct {
	State       audit.State
	Entries     []audit.Entry // in the order of the index
	Hashes      map[int64]tlog.Hash
	Heads       map[string]audit.Head
	Checkpoints []audit.Signed // in the order of the size
}

func (c *Contents) clone() Contents {
	return Contents{
		State:       audit.State{Size: c.State.Size, Edge: slices.Clone(c.State.Edge)},
		Entries:     slices.Clone(c.Entries),
		Hashes:      maps.Clone(c.Hashes),
		Heads:       maps.Clone(c.Heads),
		Checkpoints: slices.Clone(c.Checkpoints),
	}
}

// Memory is a store in memory. It is safe for concurrent use.
type Memory struct {
	// Fault, if set, is called before every operation; an error that it returns is the error of the operation.
	Fault func(Operation) error

	writer sync.Mutex   // held by the one transaction or checkpoint being written
	mu     sync.RWMutex // guards kept
	kept   Contents
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{kept: Contents{Hashes: make(map[int64]tlog.Hash), Heads: make(map[string]audit.Head)}}
}

// Clone returns a store with the same contents and no fault.
func (m *Memory) Clone() *Memory {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return &Memory{kept: m.kept.clone()}
}

// Tamper lets edit change what is stored, as somebody with the database in hand could.
func (m *Memory) Tamper(edit func(*Contents)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	edit(&m.kept)
}

func (m *Memory) fault(op Operation) error {
	if m.Fault == nil {
		return nil
	}
	return m.Fault(op)
}

// Update runs one transaction; transactions wait for one another.
func (m *Memory) Update(ctx context.Context, fn func(audit.Tx) error) error {
	m.writer.Lock()
	defer m.writer.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &transaction{m: m}
	if err := fn(tx); err != nil {
		return err
	}
	if err := m.fault(Commit); err != nil {
		return err
	}
	m.mu.Lock()
	for _, write := range tx.writes {
		write(&m.kept)
	}
	m.mu.Unlock()
	return m.fault(Committed)
}

// transaction keeps its writes until the commit.
type transaction struct {
	m       *Memory
	writes  []func(*Contents)
	swapped *audit.State // the state as this transaction sees it, once replaced
}

func (tx *transaction) LogState(ctx context.Context) (audit.State, error) {
	if tx.swapped != nil {
		return *tx.swapped, nil
	}
	return tx.m.LogState(ctx)
}

func (tx *transaction) LogHead(_ context.Context, subject string) (audit.Head, error) {
	if err := tx.m.fault(LogHead); err != nil {
		return audit.Head{}, err
	}
	tx.m.mu.RLock()
	defer tx.m.mu.RUnlock()
	return tx.m.kept.Heads[subject], nil
}

func (tx *transaction) InsertEntries(ctx context.Context, entries []audit.Entry) error {
	if err := tx.m.fault(InsertEntries); err != nil {
		return err
	}
	state, err := tx.LogState(ctx)
	if err != nil {
		return err
	}
	for i, e := range entries {
		if e.Index != state.Size+int64(i) {
			return fmt.Errorf("audittest: entry %d does not follow the end of the log", e.Index)
		}
	}
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Sealed = bytes.Clone(entries[i].Sealed)
	}
	tx.writes = append(tx.writes, func(c *Contents) {
		c.Entries = append(c.Entries, entries...)
		for _, e := range entries {
			if e.Subject != "" {
				c.Heads[e.Subject] = audit.Head{Seq: e.Seq, Leaf: e.Leaf.LeafHash()}
			}
		}
	})
	return nil
}

func (tx *transaction) InsertHashes(_ context.Context, firstID int64, hashes []tlog.Hash) error {
	if err := tx.m.fault(InsertHashes); err != nil {
		return err
	}
	tx.m.mu.RLock()
	defer tx.m.mu.RUnlock()
	for i := range hashes {
		if _, ok := tx.m.kept.Hashes[firstID+int64(i)]; ok {
			return fmt.Errorf("audittest: hash %d is there already", firstID+int64(i))
		}
	}
	hashes = slices.Clone(hashes)
	tx.writes = append(tx.writes, func(c *Contents) {
		for i, h := range hashes {
			c.Hashes[firstID+int64(i)] = h
		}
	})
	return nil
}

func (tx *transaction) SwapState(ctx context.Context, oldSize int64, state audit.State) error {
	if err := tx.m.fault(SwapState); err != nil {
		return err
	}
	current, err := tx.LogState(ctx)
	if err != nil {
		return err
	}
	if current.Size != oldSize {
		return audit.ErrConflict
	}
	state.Edge = slices.Clone(state.Edge)
	tx.swapped = &state
	tx.writes = append(tx.writes, func(c *Contents) { c.State = state })
	return nil
}

// LogState returns the committed state.
func (m *Memory) LogState(context.Context) (audit.State, error) {
	if err := m.fault(LogState); err != nil {
		return audit.State{}, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	return audit.State{Size: m.kept.State.Size, Edge: slices.Clone(m.kept.State.Edge)}, nil
}

// Entries returns the entries from <= Index < to.
func (m *Memory) Entries(_ context.Context, from, to int64) ([]audit.Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	index := func(e audit.Entry, i int64) int { return int(e.Index - i) }
	first, _ := slices.BinarySearchFunc(m.kept.Entries, from, index)
	last, _ := slices.BinarySearchFunc(m.kept.Entries, to, index)
	return slices.Clone(m.kept.Entries[first:max(first, last)]), nil
}

// SubjectEntries returns at most limit entries of a subject after a number.
func (m *Memory) SubjectEntries(_ context.Context, subject string, afterSeq uint64, limit int) ([]audit.Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []audit.Entry
	for _, e := range m.kept.Entries {
		if len(found) == limit {
			break
		}
		if e.Subject == subject && e.Seq > afterSeq {
			found = append(found, e)
		}
	}
	return found, nil
}

// Hashes returns stored hashes by their numbers.
func (m *Memory) Hashes(_ context.Context, ids []int64) ([]tlog.Hash, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	hashes := make([]tlog.Hash, len(ids))
	for i, id := range ids {
		h, ok := m.kept.Hashes[id]
		if !ok {
			return nil, fmt.Errorf("hash %d: %w", id, audit.ErrNotFound)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// Checkpoint returns the published checkpoint of the largest size.
func (m *Memory) Checkpoint(context.Context) (audit.Signed, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if len(m.kept.Checkpoints) == 0 {
		return audit.Signed{}, nil
	}
	last := m.kept.Checkpoints[len(m.kept.Checkpoints)-1]
	last.Note = bytes.Clone(last.Note)
	return last, nil
}

// SaveCheckpoint publishes a checkpoint.
func (m *Memory) SaveCheckpoint(_ context.Context, signed audit.Signed) error {
	m.writer.Lock()
	defer m.writer.Unlock()
	if err := m.fault(SaveCheckpoint); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.kept.Checkpoints); n > 0 {
		last := m.kept.Checkpoints[n-1]
		if last.Size == signed.Size && bytes.Equal(last.Note, signed.Note) {
			return nil
		}
		if last.Size >= signed.Size {
			return audit.ErrConflict
		}
	}
	signed.Note = bytes.Clone(signed.Note)
	m.kept.Checkpoints = append(m.kept.Checkpoints, signed)
	return nil
}
