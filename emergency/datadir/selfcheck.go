package datadir

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// SelfCheck goes through the whole log as locket audit fsck does, and keeps what came of it where /readyz, the metrics and the public page read it. Damage is
// returned as a [*DamageError], and is an entry of the log when it is found for the first time; openings go on. rest is how long it
// pauses after each piece, as a multiple of the time that the piece took: 3 leaves three quarters of the time to others.
func (h *House) SelfCheck(ctx context.Context, now func() time.Time, rest int) (audit.FsckReport, error) {
	state, err := h.Store.LogState(ctx)
	if err != nil {
		return audit.FsckReport{}, err
	}
	report, err := audit.Fsck(ctx, audit.FsckConfig{Archive: h.Store, Keys: h.Log.Keys(), Opener: emergency.LogSealer(h.Keys.Data), Mark: h.mark, Progress: resting(ctx, rest)})
	if err != nil {
		return report, err
	}
	var damage *DamageError
	for _, finding := range report.Findings {
		if errors.Is(finding.Err, emergency.ErrBusy) {
			return report, finding.Err // too much to do: that says nothing about the log
		}
		if damage == nil {
			damage = &DamageError{finding.Part, finding.Err}
		}
	}
	condition, readErr := h.Log.Condition(ctx)
	if readErr != nil {
		return report, readErr
	}
	said := condition.Check
	said.Witness, said.Epoch, said.AskedAt = audit.SelfCheck, state.Epoch, now().UTC().Truncate(time.Millisecond)
	if damage == nil {
		said.Size, said.SignedAt, said.Alarm = report.Size, said.AskedAt, ""
		return report, h.Store.Testify(ctx, said, nil, nil)
	}
	said.Alarm = audit.AlarmCheck
	event := (&audit.AlarmError{Alarm: audit.AlarmCheck}).Event(said.AskedAt)
	event.Details["part"] = damage.Part
	if what := new(audit.VerifyError); errors.As(damage, &what) {
		event.Details["found"] = what.Error() // which is one line; what the database itself says may be many
	}
	if err := h.Store.Testify(ctx, said, nil, &event); err != nil {
		return report, errors.Join(damage, err)
	}
	return report, damage
}

// DamageError is the first thing that a check of the log has found.
type DamageError struct {
	Part string // of the log, as audit.Fsck calls it
	Err  error
}

func (e *DamageError) Error() string { return e.Part + ": " + e.Err.Error() }

func (e *DamageError) Unwrap() error { return e.Err }

// longestRest is the longest pause between two pieces.
const longestRest = time.Second

// resting returns a progress function that pauses.
func resting(ctx context.Context, rest int) func(part string, done, total int64) {
	last := time.Now()
	return func(string, int64, int64) {
		pause := time.NewTimer(min(time.Duration(rest)*time.Since(last), longestRest))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
		}
		last = time.Now()
	}
}
