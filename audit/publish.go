package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Reasons for which a log refuses to sign a checkpoint.
var (
	// ErrFork says that the log contradicts itself, or what it published before. Somebody has to look; nothing is signed until then.
	ErrFork = errors.New("audit: refusing to sign: the log is not a continuation of what was published")
	// ErrClock says that the clock stands before the time of the last checkpoint.
	ErrClock = errors.New("audit: refusing to sign: the clock went back")
	// ErrEpoch says that the log goes on as a later epoch, under another key.
	ErrEpoch = errors.New("audit: refusing to sign: the log has gone on as a new epoch; start again to use its key")
)

const publishTries = 8

// clockDoubt is how far behind the last publication the clock may be and not be believed. Beyond that it had been wrong then and was set right since: a log that
// is never published again because its clock once showed the wrong year would help nobody.
const clockDoubt = 31 * 24 * time.Hour

// Publish signs and saves a checkpoint of the committed log, unless the last one covers it already, and returns the newest. Before
// it signs it computes the tree anew from the stored entries that came since the last checkpoint, on top of hashes that must give
// the root of that checkpoint: what is signed is what is stored, and a continuation of what was signed before.
//
// The high-water mark is moved after the signing and before the saving: what was not saved before the power went is saved by the next call.
//
// It returns an error that wraps [ErrFork], [ErrRolledBack], [ErrMark], [ErrEpoch], [ErrClock] or [ErrAlarm] when it refuses to sign. It is meant to be called on a timer, so that the
// rate of publication tells nothing.
func (l *Log) Publish(ctx context.Context) (Signed, error) {
	l.publishing.Lock()
	defer l.publishing.Unlock()
	if err := l.contradicted(ctx); err != nil {
		return Signed{}, err
	}
	var signed Signed
	var err error
	for range publishTries {
		// After a conflict another process has published: look again at what is now the last checkpoint.
		if signed, err = l.publish(ctx); !errors.Is(err, ErrConflict) {
			break
		}
	}
	l.noteContinuity(err)
	return signed, err
}

func (l *Log) publish(ctx context.Context) (Signed, error) {
	end, err := l.survey(ctx)
	if err != nil {
		return Signed{}, err
	}
	if end.mark.note == nil && l.mark != nil && end.last.Note != nil {
		l.warnOfNoMark(ctx)
	}
	if end.last.Note != nil && end.state.Size == end.last.Size {
		if end.mark.within(l.number) && end.mark.Size == end.last.Size {
			return end.last, nil
		}
		return end.last, l.raise(ctx, end.mark, end.last.Note)
	}

	text := end.mark.note // signed already, and the power went before it was saved
	if !end.mark.within(l.number) || end.mark.Size != end.state.Size {
		if text, err = l.sign(Checkpoint{Origin: l.Origin(), Size: end.state.Size, Root: end.state.Root()}); err != nil {
			return Signed{}, err
		}
	}
	if err := l.raise(ctx, end.mark, text); err != nil {
		return Signed{}, err
	}
	signed := Signed{Epoch: l.number, Size: end.state.Size, At: end.now, Note: text}
	if err := l.store.SaveCheckpoint(ctx, signed); err != nil {
		return Signed{}, fmt.Errorf("audit: saving the checkpoint: %w", err)
	}
	l.logger.LogAttrs(ctx, slog.LevelDebug, "audit checkpoint published", slog.Int64("size", signed.Size))
	return signed, nil
}

// surveyed is the end of the log, and what may be signed of it.
type surveyed struct {
	last  Signed // the checkpoint that the store holds
	mark  mark
	state State
	now   time.Time
}

// survey reads the end of the log and makes sure that it may be signed.
func (l *Log) survey(ctx context.Context) (surveyed, error) {
	// What was signed is read before the state: that can only be newer.
	held, err := l.loadMark(ctx)
	if err != nil {
		return surveyed{}, err
	}
	last, err := l.reader.Checkpoint(ctx)
	if err != nil {
		return surveyed{}, fmt.Errorf("audit: reading the last checkpoint: %w", err)
	}
	state, err := l.store.LogState(ctx)
	if err != nil {
		return surveyed{}, fmt.Errorf("audit: reading the state: %w", err)
	}
	if state.Epoch != l.number {
		return surveyed{}, ErrEpoch
	}
	now := l.now().UTC().Truncate(time.Millisecond)
	if now.Before(last.At) && last.At.Sub(now) <= clockDoubt {
		return surveyed{}, ErrClock
	}
	if err := held.allows(state); err != nil {
		return surveyed{}, err
	}
	return surveyed{last, held, state, now}, l.checkContinuation(ctx, last, held, state)
}

// recheck is how many entries are computed anew at the end of what was published before a log is taken into service.
const recheck = 256

// Check makes sure, when a log is taken into service and before anything is appended, that it may be signed: it holds at least what the high-water mark and
// its own last checkpoint say and continues both, the clock has not gone back, and its last entries are those that were published. It signs and writes nothing.
//
// It returns an error that wraps [ErrRolledBack], [ErrFork], [ErrMark] or [ErrClock].
func (l *Log) Check(ctx context.Context) error {
	end, err := l.survey(ctx)
	if err != nil {
		return err
	}
	from, err := storedState(ctx, l.reader, max(0, end.last.Size-recheck))
	if err != nil {
		return forked(err)
	}
	if _, err := replay(ctx, l.reader, from, end.last.Size, unopened(end.state.Minimum), nil); err != nil {
		return forked(err)
	}
	return nil
}

// forked says that the log contradicts itself when that is what err says, and leaves an error of the store as it is.
func forked(err error) error {
	var verify *VerifyError
	if errors.Is(err, ErrNotFound) {
		err = broken(wholeLog, "stored hashes of what was published are gone")
	}
	if !errors.As(err, &verify) && !errors.Is(err, ErrState) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrFork, err)
}

// sign signs a checkpoint with every key that signs, the present one first.
func (l *Log) sign(c Checkpoint) ([]byte, error) {
	signers := make([]note.Signer, 0, len(l.signers))
	for _, s := range l.signers {
		signers = append(signers, s)
	}
	text, err := note.Sign(&note.Note{Text: c.text()}, signers...)
	if err != nil {
		return nil, fmt.Errorf("audit: signing: %w", err)
	}
	return text, nil
}

// checkContinuation makes sure that state continues what was last published and what the mark says, and returns an error that wraps ErrFork if it does not.
func (l *Log) checkContinuation(ctx context.Context, last Signed, held mark, state State) error {
	if err := state.check(); err != nil {
		return forked(err)
	}
	published, err := openPublished(l.keys, l.number, last)
	if err != nil {
		return forked(err)
	}
	if state.Size < published.Size {
		return forked(broken(state.Size, "it was published and is gone"))
	}
	reached, err := storedState(ctx, l.reader, published.Size)
	if err != nil {
		return forked(err)
	}
	if last.Note != nil && reached.Root() != published.Root {
		return forked(broken(wholeLog, "its stored hashes are not those that were published"))
	}
	if held.within(l.number) {
		if held.Size < published.Size {
			if err := l.checkAt(ctx, held.Checkpoint); err != nil {
				return err
			}
		} else {
			if reached, err = replay(ctx, l.reader, reached, held.Size, unopened(state.Minimum), nil); err != nil {
				return forked(err)
			}
			if reached.Root() != held.Root {
				return forked(broken(wholeLog, "its first %d entries are not those of the high-water mark", held.Size))
			}
		}
	}
	to, err := replay(ctx, l.reader, reached, state.Size, unopened(state.Minimum), nil)
	if err != nil {
		return forked(err)
	}
	if !slices.Equal(to.Edge, state.Edge) {
		return forked(broken(wholeLog, "the edge of its stored state is not that of its entries"))
	}
	return nil
}

// checkAt makes sure that the stored hashes give the root of an older checkpoint.
func (l *Log) checkAt(ctx context.Context, c Checkpoint) error {
	at, err := storedState(ctx, l.reader, c.Size)
	if err != nil {
		return forked(err)
	}
	if at.Root() != c.Root {
		return forked(broken(wholeLog, "its first %d entries are not those of the high-water mark", c.Size))
	}
	return nil
}
