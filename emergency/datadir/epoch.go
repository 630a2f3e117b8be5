package datadir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/storage"
)

// ErrReason is returned for a new epoch without a reason that fits one line.
var ErrReason = errors.New("datadir: a new epoch of the log needs a reason, of one line and at most 500 bytes")

// Begun says what NewEpoch has done.
type Begun struct {
	Statement audit.Recovery // as the first entry of the new epoch says it
	Lost      int64          // entries that are known to have been signed and are not here; -1 when it is not known how many
	Aside     string         // where a high-water mark that was no checkpoint of this log has been put; "" when there was none

	Again emergency.Repeated // what had come back with an older database and is gone again
}

// NewEpoch ends the log of a data directory as it is and begins a new one, under another origin and a new key, whose first entry says why. It is for a log
// that was set back or damaged, or whose key somebody else may have. No server may run on it. What is cut short was not begun, or is finished when the house is
// opened next. What the list of what is gone names, and an older database has brought back, is taken away again; when that was cut short, the server does it at
// its next start. It returns storage.ErrLocked and ErrReason.
func NewEpoch(ctx context.Context, o Options, reason string) (Begun, error) {
	release, err := storage.Lock(o.Dir)
	if err != nil {
		return Begun{}, err
	}
	defer func() { _ = release() }()
	o.repair = true
	house, err := open(ctx, o, true)
	if err != nil {
		return Begun{}, err
	}
	begun, err := house.beginEpoch(ctx, reason, o.step)
	if err == nil {
		begun.Aside, err = house.putAside(ctx)
	}
	if err = errors.Join(err, house.Store.Close()); err != nil {
		return begun, err
	}
	o.repair = false
	house, err = open(ctx, o, true) // which finishes the change of the keys
	if err != nil {
		return begun, err
	}
	if err := o.step("opened"); err != nil {
		return begun, errors.Join(err, house.Store.Close())
	}
	begun.Again, err = house.Service.Repeat(ctx, operator, true)
	return begun, errors.Join(err, house.Close(ctx))
}

// settle opens a house whose log's keys have changed, which finishes the change, and publishes the log.
func settle(ctx context.Context, o Options) error {
	house, err := open(ctx, o, true)
	if err != nil {
		return err
	}
	if err := o.step("opened"); err != nil {
		return errors.Join(err, house.Store.Close())
	}
	return house.Close(ctx)
}

// step is told of each durable step.
func (o Options) step(name string) error {
	if o.after == nil {
		return nil
	}
	return o.after(name)
}

// beginEpoch does all of NewEpoch up to the moment from which on the store is in the new epoch.
func (h *House) beginEpoch(ctx context.Context, reason string, step func(string) error) (Begun, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || len(reason) > 500 || strings.ContainsAny(reason, "\n\r") {
		return Begun{}, ErrReason
	}
	if h.Log.Check(ctx) == nil {
		if _, err := h.Log.Publish(ctx); err != nil && !errors.Is(err, audit.ErrAlarm) { // nothing is wrong with it: all of it is signed before it ends
			return Begun{}, err
		}
	}
	begun := Begun{Statement: audit.Recovery{Reason: reason, At: kept(h.now())}}
	known, claimed, err := h.newestKnown(ctx)
	if err != nil {
		return begun, err
	}
	state, err := h.Store.LogState(ctx)
	if err != nil {
		return begun, err
	}
	begun.Statement.Closed = audit.Checkpoint{Origin: audit.EpochOrigin(h.origin, state.Epoch), Size: state.Size, Root: state.Root()}
	begun.Statement.Known = known.note
	begun.Lost = known.beyond(state)
	begun.Statement.Epoch = slices.Max(append(h.Log.Keys().Epochs(), state.Epoch, claimed)) + 1

	of, err := epochOfKey(h.Log.Keys(), h.Keys.Log)
	if err != nil {
		return begun, err
	}
	if err := keepLogKeys(h.folder, h.origin, h.Log.Keys().VKeys()...); err != nil {
		return begun, err
	}
	if err := step("old keys kept"); err != nil {
		return begun, err
	}
	fresh, err := newLogKey(h.folder, logEpochFile, h.rand)
	if err != nil {
		return begun, err
	}
	if err := step("key made"); err != nil {
		return begun, err
	}
	if begun.Statement.VKey, err = vkeyOf(h.origin, begun.Statement.Epoch, fresh); err != nil {
		return begun, err
	}
	if err := begun.Statement.Sign(audit.EpochOrigin(h.origin, of), h.Keys.Log); err != nil {
		return begun, err
	}
	if err := h.Store.BeginEpoch(ctx, begun.Statement); err != nil {
		return begun, err
	}
	return begun, step("begun")
}

// knownEnd is the newest signed checkpoint that is known. The zero knownEnd is none.
type knownEnd struct {
	note  []byte
	epoch int
	audit.Checkpoint
}

// beyond is how many entries a store in this state has lost of what is known to have been signed, -1 when a whole epoch is missing.
func (k knownEnd) beyond(state audit.State) int64 {
	switch {
	case k.epoch > state.Epoch:
		return -1
	case k.epoch == state.Epoch:
		return max(0, k.Size-state.Size)
	default:
		return 0
	}
}

// newestKnown is the high-water mark or the last checkpoint that the store holds, whichever is newer, and the highest epoch that either of them names, verified or
// not: no epoch has the number of one that there may have been.
func (h *House) newestKnown(ctx context.Context) (known knownEnd, claimed int, err error) {
	stored, err := h.Store.Checkpoint(ctx)
	if err != nil {
		return known, 0, err
	}
	held, err := h.mark.Load(ctx)
	if err != nil {
		return known, 0, err
	}
	for _, note := range [][]byte{stored.Note, held} {
		claimed = max(claimed, h.Log.Keys().Claimed(note))
		epoch, c, err := h.Log.Keys().OpenCheckpoint(note)
		if err == nil && (known.note == nil || epoch > known.epoch || epoch == known.epoch && c.Size > known.Size) {
			known = knownEnd{note, epoch, c}
		}
	}
	return known, claimed, nil
}

// putAside renames a high-water mark that is no checkpoint of this log, which would keep it from ever being signed again, and returns where it is then.
func (h *House) putAside(ctx context.Context) (path string, err error) {
	held, err := h.mark.Load(ctx)
	if err != nil || held == nil {
		return "", err
	}
	if _, _, err := h.Log.Keys().OpenCheckpoint(held); err == nil {
		return "", nil
	}
	path = fmt.Sprintf("%s.%d", h.mark.path, h.now().Unix())
	return path, os.Rename(h.mark.path, path)
}
