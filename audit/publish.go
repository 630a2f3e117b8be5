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
// It returns an error that wraps [ErrFork] or [ErrClock] when it refuses to sign. It is meant to be called on a timer, so that the
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
	return signed, err
}

func (l *Log) publish(ctx context.Context) (Signed, error) {
	last, err := l.reader.Checkpoint(ctx)
	if err != nil {
		return Signed{}, fmt.Errorf("audit: reading the last checkpoint: %w", err)
	}
	state, err := l.store.LogState(ctx)
	if err != nil {
		return Signed{}, fmt.Errorf("audit: reading the state: %w", err)
	}
	if state.Epoch != l.number {
		return Signed{}, ErrEpoch
	}
	now := l.now().UTC().Truncate(time.Millisecond)
	if now.Before(last.At) && last.At.Sub(now) <= clockDoubt {
		return Signed{}, ErrClock
	}
	if err := l.checkContinuation(ctx, last, state); err != nil {
		return Signed{}, err
	}
	if last.Note != nil && state.Size == last.Size {
		return last, nil
	}

	c := Checkpoint{Origin: l.Origin(), Size: state.Size, Root: state.Root()}
	text, err := l.sign(c)
	if err != nil {
		return Signed{}, err
	}
	signed := Signed{Epoch: l.number, Size: c.Size, At: now, Note: text}
	if err := l.store.SaveCheckpoint(ctx, signed); err != nil {
		return Signed{}, fmt.Errorf("audit: saving the checkpoint: %w", err)
	}
	l.logger.LogAttrs(ctx, slog.LevelDebug, "audit checkpoint published", slog.Int64("size", c.Size))
	return signed, nil
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

// checkContinuation makes sure that state continues the log that was last published, and returns an error that wraps ErrFork if
// it does not.
func (l *Log) checkContinuation(ctx context.Context, last Signed, state State) error {
	fork := func(err error) error { return fmt.Errorf("%w: %w", ErrFork, err) }
	if err := state.check(); err != nil {
		return fork(err)
	}
	published, err := openPublished(l.keys, l.number, last)
	if err != nil {
		return fork(err)
	}
	if state.Size < published.Size {
		return fork(broken(state.Size, "it was published and is gone"))
	}
	from, err := storedState(ctx, l.reader, published.Size)
	switch {
	case errors.Is(err, ErrNotFound):
		return fork(broken(wholeLog, "stored hashes of what was published are gone"))
	case err != nil:
		return err
	case last.Note != nil && from.Root() != published.Root:
		return fork(broken(wholeLog, "its stored hashes are not those that were published"))
	}
	to, err := replay(ctx, l.reader, from, state.Size, nil, nil)
	var verify *VerifyError
	switch {
	case errors.As(err, &verify):
		return fork(err)
	case err != nil:
		return err
	case !slices.Equal(to.Edge, state.Edge):
		return fork(broken(wholeLog, "the edge of its stored state is not that of its entries"))
	}
	return nil
}
