package audittest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

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
	BeginEpoch     Operation = "BeginEpoch"
)

// Contents is all that a [Memory] holds.
type Contents struct {
	State       audit.State         // of the present epoch
	Closed      []Closed            // the epochs before it, in order
	Minimum     int64               // row below which entries may be gone
	Entries     []audit.Entry       // of all epochs, in the order of the row
	Hashes      map[int64]tlog.Hash // of the first epoch under their numbers, of each later one after all those of the epochs before it
	Heads       map[string]audit.Head
	Checkpoints []audit.Signed // in the order of the epoch and of the size

	Testimonies  []audit.Testimony   // one for each witness and epoch
	Cosignatures []audit.Cosignature // one for each witness, epoch and size
}

// Closed is an epoch that has ended.
type Closed struct {
	State audit.State
	Ended time.Time
}

// firstHash is the number of the first hash of an epoch.
func (c *Contents) firstHash(epoch int) int64 {
	var first int64
	for _, closed := range c.Closed {
		if closed.State.Epoch < epoch {
			first += tlog.StoredHashIndex(0, closed.State.Size)
		}
	}
	return first
}

// state is the end of an epoch, and whether it is closed.
func (c *Contents) state(epoch int) (state audit.State, closed bool, err error) {
	for _, closed := range c.Closed {
		if closed.State.Epoch == epoch {
			return closed.State, true, nil
		}
	}
	if c.State.Epoch == epoch {
		return c.State, false, nil
	}
	return audit.State{}, false, fmt.Errorf("epoch %d: %w", epoch, audit.ErrNotFound)
}

func (c *Contents) clone() Contents {
	return Contents{
		State:       clone(c.State),
		Closed:      slices.Clone(c.Closed),
		Minimum:     c.Minimum,
		Entries:     slices.Clone(c.Entries),
		Hashes:      maps.Clone(c.Hashes),
		Heads:       maps.Clone(c.Heads),
		Checkpoints: slices.Clone(c.Checkpoints),

		Testimonies:  slices.Clone(c.Testimonies),
		Cosignatures: slices.Clone(c.Cosignatures),
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
	return &Memory{kept: Contents{State: audit.State{Epoch: 1}, Hashes: make(map[int64]tlog.Hash), Heads: make(map[string]audit.Head)}}
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
	begun   bool         // an epoch
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
		if e.Index != state.Size+int64(i) || e.Epoch != state.Epoch || e.Row != state.First+e.Index {
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
	if tx.begun {
		firstID += tlog.StoredHashIndex(0, tx.m.kept.State.Size)
	}
	firstID += tx.m.kept.firstHash(tx.m.kept.State.Epoch)
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
	if current.Size != oldSize || current.Epoch != state.Epoch {
		return audit.ErrConflict
	}
	state = clone(state)
	state.First = current.First
	tx.swapped = &state
	tx.writes = append(tx.writes, func(c *Contents) { c.State = state })
	return nil
}

func (tx *transaction) BeginEpoch(ctx context.Context, number int, at time.Time) error {
	if err := tx.m.fault(BeginEpoch); err != nil {
		return err
	}
	ended, err := tx.LogState(ctx)
	if err != nil {
		return err
	}
	if number <= ended.Epoch || tx.begun {
		return audit.ErrConflict
	}
	tx.begun, tx.swapped = true, &audit.State{Epoch: number, First: ended.First + ended.Size}
	state := *tx.swapped
	tx.writes = append(tx.writes, func(c *Contents) {
		c.Closed = append(c.Closed, Closed{ended, at})
		c.State = state
	})
	return nil
}

// present is the number of the present epoch.
func (m *Memory) present() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.kept.State.Epoch
}

// Epochs returns all epochs in order.
func (m *Memory) Epochs(context.Context) ([]audit.Epoch, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var epochs []audit.Epoch
	for _, closed := range m.kept.Closed {
		epochs = append(epochs, audit.Epoch{Number: closed.State.Epoch, First: closed.State.First, Size: closed.State.Size, Ended: closed.Ended})
	}
	state := m.kept.State
	return append(epochs, audit.Epoch{Number: state.Epoch, First: state.First, Size: state.Size}), nil
}

// Epoch returns the read side of one epoch.
func (m *Memory) Epoch(number int) audit.Reader { return epoch{m, number} }

// LogState returns the committed state of the present epoch.
func (m *Memory) LogState(ctx context.Context) (audit.State, error) {
	return m.Epoch(m.present()).LogState(ctx)
}

// Entries returns the entries from <= Index < to of the present epoch.
func (m *Memory) Entries(ctx context.Context, from, to int64) ([]audit.Entry, error) {
	return m.Epoch(m.present()).Entries(ctx, from, to)
}

// Hashes returns stored hashes of the present epoch by their numbers.
func (m *Memory) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	return m.Epoch(m.present()).Hashes(ctx, ids)
}

// Checkpoint returns the published checkpoint of the largest size of the present epoch.
func (m *Memory) Checkpoint(ctx context.Context) (audit.Signed, error) {
	return m.Epoch(m.present()).Checkpoint(ctx)
}

// epoch is the read side of one epoch.
type epoch struct {
	*Memory
	number int
}

func (e epoch) LogState(context.Context) (audit.State, error) {
	if err := e.fault(LogState); err != nil {
		return audit.State{}, err
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	state, _, err := e.kept.state(e.number)
	state.Minimum = min(max(e.kept.Minimum-state.First, 0), state.Size)
	return clone(state), err
}

func (e epoch) Entries(_ context.Context, from, to int64) ([]audit.Entry, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	state, closed, err := e.kept.state(e.number)
	if err != nil {
		return nil, err
	}
	if closed {
		from, to = min(from, state.Size), min(to, state.Size)
	}
	row := func(e audit.Entry, i int64) int { return int(e.Row - i) }
	first, _ := slices.BinarySearchFunc(e.kept.Entries, state.First+from, row)
	last, _ := slices.BinarySearchFunc(e.kept.Entries, state.First+to, row)
	return slices.Clone(e.kept.Entries[first:max(first, last)]), nil
}

func (e epoch) Hashes(_ context.Context, ids []int64) ([]tlog.Hash, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	state, closed, err := e.kept.state(e.number)
	if err != nil {
		return nil, err
	}
	first := e.kept.firstHash(e.number)
	hashes := make([]tlog.Hash, len(ids))
	for i, id := range ids {
		h, ok := e.kept.Hashes[first+id]
		if !ok || closed && id >= tlog.StoredHashIndex(0, state.Size) {
			return nil, fmt.Errorf("hash %d: %w", id, audit.ErrNotFound)
		}
		hashes[i] = h
	}
	return hashes, nil
}

func (e epoch) Checkpoint(context.Context) (audit.Signed, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if _, _, err := e.kept.state(e.number); err != nil {
		return audit.Signed{}, err
	}
	return e.kept.checkpoint(e.number), nil
}

// checkpoint is the published checkpoint of the largest size of an epoch.
func (c *Contents) checkpoint(epoch int) audit.Signed {
	for _, signed := range slices.Backward(c.Checkpoints) {
		if signed.Epoch == epoch {
			signed.Note = bytes.Clone(signed.Note)
			return signed
		}
	}
	return audit.Signed{}
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

// SaveCheckpoint publishes a checkpoint.
func (m *Memory) SaveCheckpoint(_ context.Context, signed audit.Signed) error {
	m.writer.Lock()
	defer m.writer.Unlock()
	if err := m.fault(SaveCheckpoint); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	last := m.kept.checkpoint(m.kept.State.Epoch)
	switch {
	case signed.Epoch != m.kept.State.Epoch:
		return audit.ErrConflict
	case last.Note != nil && last.Size == signed.Size && bytes.Equal(last.Note, signed.Note):
		return nil
	case last.Note != nil && last.Size >= signed.Size:
		return audit.ErrConflict
	}
	signed.Note = bytes.Clone(signed.Note)
	m.kept.Checkpoints = append(m.kept.Checkpoints, signed)
	return nil
}

// Checkpoints returns published checkpoints after one, by epoch and size.
func (m *Memory) Checkpoints(_ context.Context, epoch int, size int64, limit int) ([]audit.Signed, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	after := slices.IndexFunc(m.kept.Checkpoints, func(c audit.Signed) bool { return c.Epoch > epoch || c.Epoch == epoch && c.Size > size })
	if after < 0 {
		return nil, nil
	}
	return slices.Clone(m.kept.Checkpoints[after:min(after+limit, len(m.kept.Checkpoints))]), nil
}

func clone(state audit.State) audit.State {
	state.Edge = slices.Clone(state.Edge)
	return state
}
