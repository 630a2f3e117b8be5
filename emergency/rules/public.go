package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Public is what the person who asked may be told. It names what is open and nothing else: it neither counts nor names what
// is not, and it does not say which rules there are (HOUSE.md promise 4; Regulation (EU) 2025/327, Article 8). That there is
// a wait is said only to somebody who has to wait for everything, or who asked for more by the sensitive step, which every card
// offers.
//
// Whoever shows it keeps the promise too: an open section without entries is shown like a section that is not open, not at all.
type Public struct {
	Outcome         Outcome     `json:"outcome"`
	Sections        section.Set `json:"sections"`                   // open now
	Grants          []Grant     `json:"grants,omitempty"`           // when each of them closes
	Until           time.Time   `json:"until,omitzero"`             // when the first of them closes
	WaitUntil       time.Time   `json:"wait_until,omitzero"`        // when to come back
	ApprovalsNeeded int         `json:"approvals_needed,omitempty"` // how many contacts could make it sooner
	Says            []Message   `json:"says"`                       // what happened
	Next            []Message   `json:"next"`                       // what can be done now
}

// Public is the answer for the person who asked.
func (d Decision) Public() Public {
	p := Public{Outcome: d.Outcome, Sections: d.Sections, Grants: d.Grants(), Until: d.Until}
	if d.Outcome == Wait || d.asker.step == StepSensitive {
		p.WaitUntil, p.ApprovalsNeeded = d.WaitUntil, d.ApprovalsNeeded
	}
	p.Says, p.Next = d.says(&p), d.next(&p)
	return p
}

func (d Decision) says(p *Public) []Message {
	if d.Outcome == Refused {
		return []Message{{Key: saysRefused[d.Refusal]}}
	}
	var says []Message
	if p.Outcome == Granted {
		says = append(says, Message{Key: KeySaysOpen, Args: map[string]any{"until": p.Until}})
	}
	if d.asker.vetoed {
		says = append(says, Message{Key: KeySaysDeclined})
	}
	if !p.WaitUntil.IsZero() {
		says = append(says, Message{Key: KeySaysWait, Args: map[string]any{"at": p.WaitUntil}})
	}
	if p.ApprovalsNeeded > 0 {
		says = append(says, Message{Key: KeySaysApprovals, Args: count(p.ApprovalsNeeded)})
	}
	return says
}

func (d Decision) next(p *Public) []Message {
	var next []Message
	add := func(keys ...string) {
		for _, key := range keys {
			next = append(next, Message{Key: key})
		}
	}
	switch d.Refusal {
	case ReasonMissing, ReasonTextMissing:
		add(KeyNextReason)
	case TimeIsOver:
		add(KeyNextAgain)
	}
	if d.asker.unnamed {
		add(KeyNextName)
	}
	if !p.WaitUntil.IsZero() {
		add(KeyNextWait)
	}
	if d.Outcome != Granted {
		add(KeyNextFront)
	}
	add(KeyNextContacts)
	if !d.asker.badged && !d.asker.contact {
		add(KeyNextBadge)
	}
	return next
}

// saysRefused says no more than the person who asked knows already.
var saysRefused = map[Refusal]string{
	ReasonMissing:     KeySaysReasonMissing,
	ReasonTextMissing: KeySaysReasonTextMissing,
	NoRule:            KeySaysNothing,
	Vetoed:            KeySaysDeclined,
	TimeIsOver:        KeySaysOver,
	RulesUnreadable:   KeySaysNothing,
}
