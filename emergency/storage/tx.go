package storage

import (
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// tx is emergency.Tx: one change in the writer's transaction.
type tx struct {
	reader
	events  []audit.Event
	placed  []*audit.Placed
	invalid error // of an event that the log would refuse: fails this change, not the ones it shares the commit with
}

var _ emergency.Tx = (*tx)(nil)

// Append implements emergency.Tx.
func (t *tx) Append(event audit.Event) *audit.Placed {
	if err := event.Validate(); err != nil && t.invalid == nil {
		t.invalid = err
	}
	place := new(audit.Placed)
	t.events = append(t.events, event)
	t.placed = append(t.placed, place)
	return place
}

// Sweep implements emergency.Tx.
func (t *tx) Sweep(now time.Time) (int, error) {
	swept := 0
	for _, query := range []statement{sessionsSwept, ceremoniesSwept, requestsSwept, receiptsSwept, guessesSwept, badgesSwept, invitationsSwept,
		handoversSwept} {
		n, err := t.t.exec(query, millis(now))
		if err != nil {
			return 0, err
		}
		swept += int(n)
	}
	for query, kept := range map[statement]time.Duration{noticesSwept: noticesKept, talliesSwept: talliesKept} {
		n, err := t.t.exec(query, millis(now.Add(-kept)))
		if err != nil {
			return 0, err
		}
		swept += int(n)
	}
	return swept, nil
}
