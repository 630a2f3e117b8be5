package storage

import (
	"context"
	"database/sql"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
)

var (
	extentsAll = portable(`SELECT number, first, first_hash, size, edge, ended_at, (SELECT minimum FROM log_state WHERE one = 1) FROM log_epoch
		UNION ALL SELECT epoch, first, first_hash, size, edge, 0, minimum FROM log_state WHERE one = 1 ORDER BY 1`)
	epochEnd = portable(`INSERT INTO log_epoch (number, first, first_hash, size, edge, ended_at)
		SELECT epoch, first, first_hash, size, edge, $1 FROM log_state WHERE one = 1`)
	epochBegin = portable(`UPDATE log_state SET epoch = $1, first = first + size, first_hash = first_hash + $2, size = 0, edge = x'' WHERE one = 1 AND epoch < $3`)
)

// extent is where an epoch lies among the rows and hashes of all.
type extent struct {
	number    int
	first     int64 // row of its first entry
	firstHash int64 // where the number 0 of its hashes is
	size      int64
	edge      []byte
	ended     time.Time // zero for the present one
	minimum   int64     // row below which entries may be gone, of any epoch
}

// extents are all epochs in order, the present one last.
type extents []extent

// of is the epoch that holds a row.
func (e extents) of(row int64) extent {
	for i := len(e) - 1; i > 0; i-- {
		if row >= e[i].first {
			return e[i]
		}
	}
	return e[0]
}

func (l logTx) extents() (extents, error) {
	list := make(extents, 0, 1)
	err := l.t.many(extentsAll, nil, func(rows *sql.Rows) error {
		var e extent
		err := rows.Scan(&e.number, &e.first, &e.firstHash, &e.size, &e.edge, when{&e.ended}, &e.minimum)
		list = append(list, e)
		return err
	})
	if err == nil && len(list) == 0 {
		err = errColumn // the one row of log_state is there from the first migration on
	}
	return list, err
}

// BeginEpoch implements audit.Tx.
func (l logTx) BeginEpoch(ctx context.Context, number int, at time.Time) error {
	state, err := l.LogState(ctx)
	if err != nil {
		return err
	}
	if number <= state.Epoch {
		return audit.ErrConflict
	}
	if _, err := l.t.exec(epochEnd, millis(at)); err != nil {
		return err
	}
	return l.t.write(audit.ErrConflict, epochBegin, number, tlog.StoredHashIndex(0, state.Size), number)
}

// Epochs implements audit.Store.
func (s *Store) Epochs(ctx context.Context) (epochs []audit.Epoch, err error) {
	err = s.read(ctx, func(t *transaction) error {
		all, err := logTx{t}.extents()
		for _, e := range all {
			epochs = append(epochs, audit.Epoch{Number: e.number, First: e.first, Size: e.size, Ended: e.ended})
		}
		return err
	})
	return epochs, err
}

// Epoch implements audit.Store.
func (s *Store) Epoch(number int) audit.Reader { return epochReader{s, number} }

// present is the number by which an epochReader reads whichever epoch is the present one.
const present = 0

// LogState implements audit.Reader for the present epoch.
func (s *Store) LogState(ctx context.Context) (audit.State, error) {
	return epochReader{s, present}.LogState(ctx)
}

// Entries implements audit.Reader for the present epoch.
func (s *Store) Entries(ctx context.Context, from, to int64) ([]audit.Entry, error) {
	return epochReader{s, present}.Entries(ctx, from, to)
}

// Hashes implements audit.Reader for the present epoch.
func (s *Store) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	return epochReader{s, present}.Hashes(ctx, ids)
}

// Checkpoint implements audit.Reader for the present epoch.
func (s *Store) Checkpoint(ctx context.Context) (audit.Signed, error) {
	return epochReader{s, present}.Checkpoint(ctx)
}

// epochReader is audit.Reader for one epoch.
type epochReader struct {
	*Store
	number int
}

// in runs fn on a snapshot, with where the epoch lies in it.
func (r epochReader) in(ctx context.Context, fn func(l logTx, e extent) error) error {
	return r.read(ctx, func(t *transaction) error {
		all, err := logTx{t}.extents()
		if err != nil {
			return err
		}
		for i, e := range all {
			if e.number == r.number || r.number == present && i == len(all)-1 {
				return fn(logTx{t}, e)
			}
		}
		return audit.ErrNotFound
	})
}

// LogState implements audit.Reader.
func (r epochReader) LogState(ctx context.Context) (state audit.State, err error) {
	err = r.in(ctx, func(_ logTx, e extent) error {
		edge, err := splitHashes(e.edge)
		state = audit.State{Epoch: e.number, First: e.first, Size: e.size, Minimum: min(max(e.minimum-e.first, 0), e.size), Edge: edge}
		return err
	})
	return state, err
}

// Entries implements audit.Reader.
func (r epochReader) Entries(ctx context.Context, from, to int64) (list []audit.Entry, err error) {
	err = r.in(ctx, func(l logTx, e extent) error {
		if !e.ended.IsZero() {
			to = min(to, e.size) // the rows behind are the next epoch's
		}
		list, err = l.entries(extents{e}, entriesBetween, e.first+from, e.first+to)
		return err
	})
	return list, err
}

// Hashes implements audit.Reader. Numbers that follow one another are read together.
func (r epochReader) Hashes(ctx context.Context, ids []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, 0, len(ids))
	err := r.in(ctx, func(l logTx, e extent) error {
		for begin := 0; begin < len(ids); {
			end := begin + 1
			for end < len(ids) && ids[end] == ids[end-1]+1 {
				end++
			}
			if !e.ended.IsZero() && ids[end-1] >= tlog.StoredHashIndex(0, e.size) {
				return audit.ErrNotFound
			}
			run, err := l.hashes(e.firstHash+ids[begin], e.firstHash+ids[end-1]+1)
			if err != nil {
				return err
			}
			if len(run) != end-begin {
				return audit.ErrNotFound
			}
			hashes = append(hashes, run...)
			begin = end
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return hashes, nil
}

// Checkpoint implements audit.Reader.
func (r epochReader) Checkpoint(ctx context.Context) (signed audit.Signed, err error) {
	err = r.in(ctx, func(l logTx, e extent) error {
		signed, err = l.checkpoint(e.number)
		return err
	})
	return signed, err
}
