package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// HighWater keeps the newest signed checkpoint where a restored or set back store does not reach it: on another volume, best on another machine. It is
// moved before a checkpoint is saved or leaves.
type HighWater interface {
	// Load returns the note that is kept; nil when there is none.
	Load(ctx context.Context) ([]byte, error)
	// Swap durably puts note in the place of old, which is nil where nothing is kept. It returns [ErrConflict] when something else is kept by now.
	Swap(ctx context.Context, old, note []byte) error
}

var (
	// ErrRolledBack says that the store holds less than what was published: it was set back, as by a restored backup. The log may go on as a new epoch only.
	ErrRolledBack = errors.New("audit: refusing to sign: the log holds less than was published")
	// ErrMark says that the high-water mark is no checkpoint of this log.
	ErrMark = errors.New("audit: refusing to sign: the high-water mark is not a checkpoint that this log has signed")
)

// mark is the high-water mark as it was read. The zero mark is none.
type mark struct {
	note  []byte
	epoch int
	Checkpoint
}

// loadMark reads the mark and verifies who signed it.
func (l *Log) loadMark(ctx context.Context) (mark, error) {
	if l.mark == nil {
		return mark{}, nil
	}
	text, err := l.mark.Load(ctx)
	if err != nil {
		return mark{}, fmt.Errorf("audit: reading the high-water mark: %w", err)
	}
	if text == nil {
		return mark{}, nil
	}
	epoch, c, err := l.keys.OpenCheckpoint(text)
	if err != nil {
		return mark{}, fmt.Errorf("%w: %w", ErrMark, err)
	}
	return mark{text, epoch, c}, nil
}

// allows says whether a log of this state can be what comes after the mark. Whether it is one, its hashes say.
func (m mark) allows(state State) error {
	switch {
	case m.note == nil || m.epoch < state.Epoch: // the mark of an epoch that was closed
		return nil
	case m.epoch > state.Epoch:
		return fmt.Errorf("%w: it is in epoch %d, and epoch %d was published", ErrRolledBack, state.Epoch, m.epoch)
	case m.Size > state.Size:
		return fmt.Errorf("%w: it holds %d entries, and %d were published", ErrRolledBack, state.Size, m.Size)
	default:
		return nil
	}
}

// within reports whether the mark is of the epoch and has to be found in its tree.
func (m mark) within(epoch int) bool { return m.note != nil && m.epoch == epoch }

// raise moves the mark to a note, before that is saved or leaves.
func (l *Log) raise(ctx context.Context, from mark, note []byte) error {
	if l.mark == nil || string(from.note) == string(note) {
		return nil
	}
	if err := l.mark.Swap(ctx, from.note, note); err != nil {
		return fmt.Errorf("audit: moving the high-water mark: %w", err)
	}
	return nil
}

// warnOfNoMark says that nothing outside the store tells whether it was set back, although it was published before.
func (l *Log) warnOfNoMark(ctx context.Context) {
	l.logger.LogAttrs(ctx, slog.LevelWarn, "the high-water mark of the log was missing and is begun anew from what the store holds: whether the store was set back is not known")
}
