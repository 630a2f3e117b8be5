package audittest

import (
	"fmt"
	"time"

	"github.com/locket-health/locket/audit"
)

// Epoch is the time of the first fixture.
func Epoch() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// Event returns the i-th fixture: an opening about one of five fictional patients, and every sixth event about none.
func Event(i int) audit.Event {
	e := audit.Event{
		Type:         audit.GlassOpened,
		At:           Epoch().Add(time.Duration(i) * time.Second),
		Subject:      fmt.Sprintf("patient-%d", i%6),
		Actor:        audit.Actor{Kind: audit.ByResponder, Name: "Noor Example", Role: "paramedic", Organization: "Example Ambulance", CallBack: "+00 555 0100", Verified: audit.Claimed, Network: "203.0.113.0/24"},
		Card:         "7K3M9Q2XABCD",
		Sections:     []string{"directives", "allergies", "conditions", "medications"},
		Items:        14,
		Reason:       "ETREAT",
		ReasonText:   `found "unconscious" in the park`,
		Outcome:      audit.Granted,
		Grant:        fmt.Sprintf("grant-%d", i),
		Until:        Epoch().Add(time.Duration(i)*time.Second + 4*time.Hour),
		RulesVersion: 3,
		Details:      map[string]string{"rule": "balanced/2", "rules_hash": "2jmj7l5rSw0yVb_vlWAYkK_YBwk"},
	}
	if i%6 == 5 {
		return audit.Event{Type: audit.KeyMade, At: e.At, Actor: audit.Actor{Kind: audit.ByServer}, Outcome: audit.Done}
	}
	return e
}

// Events returns the fixtures from <= i < to.
func Events(from, to int) []audit.Event {
	events := make([]audit.Event, 0, to-from)
	for i := from; i < to; i++ {
		events = append(events, Event(i))
	}
	return events
}
