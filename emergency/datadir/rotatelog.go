package datadir

import (
	"context"
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/storage"
)

var (
	// ErrRotating is returned when the log has a next key already.
	ErrRotating = errors.New("datadir: the log has a next key already")
	// ErrNoRotation is returned when there is no next key of the log that could sign alone.
	ErrNoRotation = errors.New("datadir: the log has no next key")
)

// RotateLog makes the next key of the log, which signs beside the present one from then on, so that whoever knows that one learns it. It returns the new verifier
// key, ErrRotating, or storage.ErrLocked: no server may run, because it would go on signing with one key.
func RotateLog(ctx context.Context, o Options) (vkey string, err error) {
	err = changeLogKeys(ctx, o, func(h *House) error {
		if len(h.Log.VKeys()) > 1 {
			return ErrRotating
		}
		fresh, err := newLogKey(h.folder, logNextFile, h.rand)
		if err != nil {
			return err
		}
		if err := o.step("key made"); err != nil {
			return err
		}
		if vkey, err = vkeyOf(h.origin, h.Log.Number(), fresh); err != nil {
			return err
		}
		if err := keepLogKeys(h.folder, h.origin, h.Log.Keys().VKeys()...); err != nil {
			return err
		}
		return h.putLogKey(ctx, storage.LogKey{Epoch: h.Log.Number(), VKey: vkey, Added: kept(h.now())}, audit.KeyMade)
	})
	return vkey, err
}

// FinishRotateLog lets the next key of the log sign alone. It returns its verifier key, ErrNoRotation, or storage.ErrLocked.
func FinishRotateLog(ctx context.Context, o Options) (vkey string, err error) {
	err = changeLogKeys(ctx, o, func(h *House) error {
		vkeys := h.Log.VKeys()
		if len(vkeys) < 2 {
			return ErrNoRotation
		}
		vkey = vkeys[1]
		if _, err := h.Log.Publish(ctx); err != nil { // a last checkpoint that both have signed
			return err
		}
		return h.putLogKey(ctx, storage.LogKey{Epoch: h.Log.Number(), VKey: vkeys[0], Added: kept(h.now()), Retired: kept(h.now())}, audit.KeyRetired)
	})
	return vkey, err
}

// changeLogKeys changes the keys of the log in the store, and then opens the house again, which finishes the change beside it, and publishes the log.
func changeLogKeys(ctx context.Context, o Options, change func(*House) error) error {
	release, err := storage.Lock(o.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = release() }()
	house, err := open(ctx, o, true)
	if err != nil {
		return err
	}
	if err = change(house); err == nil {
		err = o.step("key stored")
	}
	if err = errors.Join(err, house.Store.Close()); err != nil {
		return err
	}
	return settle(ctx, o)
}

// putLogKey stores a change of the log's keys with the entry that says so.
func (h *House) putLogKey(ctx context.Context, key storage.LogKey, kind audit.Type) error {
	return h.Store.PutLogKey(ctx, key, audit.Event{Type: kind, At: kept(h.now()), Actor: audit.Actor{Kind: audit.ByOperator}, Outcome: audit.Done,
		Details: map[string]string{"use": "log", "vkey": key.VKey}})
}
