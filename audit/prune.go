package audit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrPruned says that the row of an entry is gone under the retention policy of the log. Its hashes stay, and with them its proof.
var ErrPruned = errors.New("audit: the row of this entry was pruned")

// missing says what the absence of a row means: [ErrPruned] below the minimum index, damage above it.
func (l *Published) missing(ctx context.Context, index int64) error {
	minimum, err := l.Minimum(ctx)
	if err != nil {
		return err
	}
	if index < minimum {
		return ErrPruned
	}
	return broken(index, missingRow)
}

// Minimum returns the index from which on the entries of the epoch are there. Below it entry bundles may be refused, because the rows of erased entries
// may be gone; tiles and proofs are not affected (c2sp.org/tlog-tiles, pruning).
func (l *Published) Minimum(ctx context.Context) (int64, error) {
	state, err := l.reader.LogState(ctx)
	if err != nil {
		return 0, fmt.Errorf("audit: reading the state: %w", err)
	}
	return state.Minimum, nil
}

// Pruning says up to where rows may be taken away.
type Pruning struct {
	Row   int64 // over all epochs
	Epoch int   // in which it lies
	Index int64 // there; a multiple of 256, so that bundles are whole
}

// Details returns what an event of type [LogPruned] carries.
func (p Pruning) Details() map[string]string {
	return map[string]string{"row": fmt.Sprint(p.Row), "epoch": fmt.Sprint(p.Epoch), "index": fmt.Sprint(p.Index)}
}

// PruneBelow returns the highest place that is not above a row, that begins a bundle, and below which everything is published: what is not
// could not be checked before it is signed.
func (l *Log) PruneBelow(ctx context.Context, row int64) (Pruning, error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return Pruning{}, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	var found Pruning
	for _, e := range epochs {
		if e.First > row {
			break
		}
		reach := e.Size
		if e.Ended.IsZero() {
			signed, err := l.store.Epoch(e.Number).Checkpoint(ctx)
			if err != nil {
				return Pruning{}, fmt.Errorf("audit: reading the checkpoint: %w", err)
			}
			reach = signed.Size
		}
		index := min(row-e.First, reach)
		whole := index == e.Size && !e.Ended.IsZero()
		if !whole {
			index = index >> tileHeight << tileHeight
		}
		found = Pruning{Row: e.First + index, Epoch: e.Number, Index: index}
		if !whole {
			break
		}
	}
	return found, nil
}

// RowBefore returns the number of the first row that is not from before a time, over all epochs. It goes by halves, so a clock that was set back may make
// it stop early or late by what was logged meanwhile.
func (l *Log) RowBefore(ctx context.Context, before time.Time) (int64, error) {
	epochs, err := l.store.Epochs(ctx)
	if err != nil {
		return 0, fmt.Errorf("audit: reading the epochs: %w", err)
	}
	var first int64
	for _, e := range epochs {
		low, high := int64(0), e.Size // everything below low is from before
		for low < high {
			middle := low + (high-low)/2
			entries, err := l.store.Epoch(e.Number).Entries(ctx, middle, min(middle+eraseChunk, high))
			if err != nil {
				return 0, fmt.Errorf("audit: reading entries: %w", err)
			}
			switch {
			case len(entries) == 0: // pruned
				low = min(middle+eraseChunk, high)
			case entries[0].At.Before(before):
				low = entries[0].Index + 1
			default:
				high = middle
			}
		}
		first = e.First + low
		if low < e.Size {
			break
		}
	}
	return first, nil
}
