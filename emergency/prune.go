package emergency

import (
	"context"
	"time"

	"github.com/locket-health/locket/audit"
)

// Pruned says what came of a pruning.
type Pruned struct {
	audit.Pruning
	Rows int // that are gone
}

// pruneWindow is how many rows are looked at in one transaction: responders wait for it.
const pruneWindow = 1000

// PruneLog raises the minimum of the log to a row, or to the first row that is not from before a time, rounded down to whole bundles of what is published;
// an entry says so. Then the rows of erased entries below it go: pseudonym, kind and time. Hashes, and with them tiles, proofs and receipts, stay as they are,
// and rows of entries that still say something stay too. It is for an operator. ErrConflict says that
// the minimum is higher already, or that there is nothing below; what was cut short is finished when the same is asked for again.
func (s *Service) PruneLog(ctx context.Context, c Caller, below int64, before time.Time) (Pruned, error) {
	if !c.Operator {
		return Pruned{}, ErrSignIn
	}
	if !before.IsZero() {
		row, err := s.Log.RowBefore(ctx, before)
		if err != nil {
			return Pruned{}, err
		}
		below = row
	}
	place, err := s.Log.PruneBelow(ctx, below)
	if err != nil {
		return Pruned{}, err
	}
	pruned := Pruned{Pruning: place}
	if place.Row == 0 {
		return pruned, ErrConflict
	}
	event := s.event(c, audit.LogPruned, "")
	event.Details = place.Details()
	if err := s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.RaiseMinimum(place.Row); err != nil {
			return err
		}
		tx.Append(event)
		return nil
	}); err != nil {
		return pruned, err
	}
	for from := int64(0); from < place.Row && err == nil; from += pruneWindow {
		err = s.Store.Update(ctx, func(tx Tx) error {
			n, err := tx.PruneEntries(from, from+pruneWindow)
			pruned.Rows += n
			return err
		})
	}
	_ = s.scrub(ctx)
	return pruned, err
}
