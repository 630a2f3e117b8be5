package datadir

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// SelfCheck goes through the whole log as locket audit verify does, and keeps what came of it where /readyz, the metrics and the public page read it. Damage is
// returned as a [*audit.VerifyError], and is an entry of the log when it is found for the first time; openings go on. rest is how long it
// pauses after each piece, as a multiple of the time that the piece took: 3 leaves three quarters of a core to others.
func (h *House) SelfCheck(ctx context.Context, now func() time.Time, rest int) (audit.Report, error) {
	state, err := h.Store.LogState(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	report, err := audit.VerifyStore(ctx, h.Store, h.Log.Keys(), emergency.LogSealer(h.Keys.Data), resting(ctx, rest))
	var damage *audit.VerifyError
	if err != nil && !errors.As(err, &damage) {
		return report, err
	}
	condition, readErr := h.Log.Condition(ctx)
	if readErr != nil {
		return report, errors.Join(err, readErr)
	}
	said := condition.Check
	said.Witness, said.Epoch, said.AskedAt = audit.SelfCheck, state.Epoch, now().UTC().Truncate(time.Millisecond)
	if damage == nil {
		said.Size, said.SignedAt, said.Alarm = report.Size, said.AskedAt, ""
		return report, h.Store.Testify(ctx, said, nil, nil)
	}
	said.Alarm = audit.AlarmCheck
	event := (&audit.AlarmError{Alarm: audit.AlarmCheck}).Event(said.AskedAt)
	event.Details["found"] = damage.Error()
	return report, errors.Join(err, h.Store.Testify(ctx, said, nil, &event))
}

// longestRest is the longest pause between two pieces.
const longestRest = time.Second

// resting returns a progress function that pauses.
func resting(ctx context.Context, rest int) func(done, total int64) {
	last := time.Now()
	return func(int64, int64) {
		pause := time.NewTimer(min(time.Duration(rest)*time.Since(last), longestRest))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		last = time.Now()
	}
}
