package witness

import (
	"context"

	"github.com/locket-health/locket/audit"
)

// Stored is what Resume needs of a store.
type Stored interface {
	audit.WitnessStore
	LogState(ctx context.Context) (audit.State, error)
}

// Resume takes back every alarm of the present epoch, for an operator who has looked and knows better, and returns the testimonies as they were. The event,
// which says who did it, is an entry of the log if there was anything to take back. A witness that still contradicts the log raises its alarm
// again when it is asked next.
func Resume(ctx context.Context, store Stored, event audit.Event) ([]audit.Testimony, error) {
	state, err := store.LogState(ctx)
	if err != nil {
		return nil, err
	}
	return store.Retract(ctx, state.Epoch, event)
}
