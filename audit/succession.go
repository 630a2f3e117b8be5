package audit

import (
	"context"
	"fmt"
	"slices"
	"sort"
)

// Succession shows that a key of the log took the place of another: a checkpoint of the time in which both have signed. Whoever trusted the first, and was away
// until it had ended, learns the second from it.
type Succession struct {
	Epoch int
	VKey  string // of the key that goes on
	Note  []byte // the last checkpoint that the key before it has signed too
}

// Successions returns how the keys of all epochs have followed one another, in order: nothing for a key that signs still. A key that ended without one that it
// had signed beside it has none, and neither has one of which no checkpoint is kept.
func (l *Log) Successions(ctx context.Context) ([]Succession, error) {
	l.succession.Lock()
	defer l.succession.Unlock()
	if l.succeeded != nil {
		return l.succeeded, nil
	}
	list := []Succession{}
	for _, epoch := range l.keys.Epochs() {
		keys := l.keys.Of(epoch)
		if epoch == l.number { // those that sign have no end yet
			keys = slices.DeleteFunc(keys, func(v Verifier) bool { return slices.Contains(l.signing[1:], v.String()) })
		}
		for n := 1; n < len(keys); n++ {
			note, err := l.lastBy(ctx, epoch, keys[:n])
			if err != nil {
				return nil, err
			}
			if note != nil && opens(keys[n-1], note) && opens(keys[n], note) {
				list = append(list, Succession{epoch, keys[n].String(), note})
			}
		}
	}
	l.succeeded = list
	return list, nil
}

// lastBy returns the last checkpoint of an epoch that one of its first keys has signed, nil for none. After the last of them has ended there is no later one: it
// lies where halving finds it.
func (l *Log) lastBy(ctx context.Context, epoch int, keys []Verifier) ([]byte, error) {
	state, err := l.store.Epoch(epoch).LogState(ctx)
	if err != nil {
		return nil, fmt.Errorf("audit: reading the state: %w", err)
	}
	var last []byte
	var failed error
	sort.Search(int(state.Size)+1, func(size int) bool { // whether the first checkpoint of at least this size is by later keys
		page, err := l.store.Checkpoints(ctx, epoch, int64(size)-1, 1)
		if err != nil {
			failed = err
		}
		if len(page) == 0 || page[0].Epoch != epoch || !slices.ContainsFunc(keys, func(v Verifier) bool { return opens(v, page[0].Note) }) {
			return true
		}
		last = page[0].Note
		return false
	})
	if failed != nil {
		return nil, fmt.Errorf("audit: reading checkpoints: %w", failed)
	}
	return last, nil
}

func opens(v Verifier, note []byte) bool {
	_, err := OpenCheckpoint(v, note)
	return err == nil
}
