package emergency

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
)

// A drill asks whether a stranger with no signal can read a card in ten seconds. It changes nothing about what opens and who is told: everything that happens while
// it runs is an entry and a notice as ever, with one word more.

const (
	// drillLife is how long a drill runs unless its result is given before.
	drillLife = 15 * time.Minute
	// drillPatience is how long after its beginning the result of a drill is taken.
	drillPatience = 24 * time.Hour
	// DrillGoal is how fast a stranger should have read a card.
	DrillGoal = 10 * time.Second
	// maxDrillSeconds is what a stopped clock says at most.
	maxDrillSeconds = 3600
	// drillsIn is among how many of a patient's last entries past drills are looked for.
	drillsIn = maxHistory
)

// How a drill went.
const (
	DrillRead   = "read"   // read right, within DrillGoal
	DrillSlow   = "slow"   // read right, later
	DrillUnread = "unread" // not read, or not right
)

// DrillResult is how a drill went, as whoever held the clock says.
type DrillResult struct {
	Seconds int
	Right   bool // what the stranger said was right
}

func (r DrillResult) outcome() string {
	switch {
	case !r.Right:
		return DrillUnread
	case time.Duration(r.Seconds)*time.Second > DrillGoal:
		return DrillSlow
	}
	return DrillRead
}

// DrillView is a patient's drills as a keeper sees them.
type DrillView struct {
	Until  time.Time     // a drill runs until then; zero when none does
	Waits  bool          // a drill has begun whose result is not given yet
	LastAt time.Time     // of the last one that was finished, zero for none
	Due    bool          // the next one is due
	Card   cards.ID      // the newest card that can be rehearsed with; zero when there is none
	Front  summary.Front // what that card says
	Past   []DrillDone   // the newest first
}

// DrillDone is a drill that was finished.
type DrillDone struct {
	At      time.Time
	Seconds int
	Outcome string
}

// drillBegan is when the last drill began, zero when there was none.
func (p Patient) drillBegan() time.Time {
	if p.DrillUntil.IsZero() {
		return time.Time{}
	}
	return p.DrillUntil.Add(-drillLife)
}

// drilling reports whether what happens at a moment happens in a drill.
func (p Patient) drilling(at time.Time) bool {
	began := p.drillBegan()
	if began.IsZero() || at.Before(began) || !at.Before(p.DrillUntil) {
		return false
	}
	return !p.DrilledAt.After(began) || at.Before(p.DrilledAt)
}

// drillWaits reports whether a drill's result can still be given.
func (p Patient) drillWaits(now time.Time) bool {
	began := p.drillBegan()
	return !began.IsZero() && !p.DrilledAt.After(began) && now.Before(began.Add(drillPatience))
}

// BeginDrill begins a drill. It needs a fresh passkey: a contact who is told of a drill does not run.
func (s *Service) BeginDrill(ctx context.Context, c Caller, id PatientID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptFresh(tx, c, id)
		if err != nil {
			return err
		}
		patient.DrillUntil = s.now().Add(drillLife)
		event := s.event(c, audit.Drill, string(id))
		event.Until = patient.DrillUntil.Truncate(time.Millisecond)
		tx.Append(event)
		return tx.PutPatient(patient)
	})
}

// FinishDrill takes the result of the drill that has begun, and ends it. ErrChanged says that there is none whose result is still taken.
func (s *Service) FinishDrill(ctx context.Context, c Caller, id PatientID, result DrillResult) error {
	if result.Seconds < 0 || result.Seconds > maxDrillSeconds {
		return ErrInvalid.with("field", "seconds")
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.keptIn(tx, c, id)
		if err != nil {
			return err
		}
		now := s.now()
		if !patient.drillWaits(now) {
			return ErrChanged
		}
		patient.DrilledAt = now
		event := s.event(c, audit.DrillFinished, string(id))
		event.Details = map[string]string{"seconds": strconv.Itoa(result.Seconds), "cause": result.outcome()}
		tx.Append(event)
		return tx.PutPatient(patient)
	})
}

// Drills says how a patient's drills went, and what the card says that the next one is made with.
func (s *Service) Drills(ctx context.Context, c Caller, id PatientID) (DrillView, error) {
	var view DrillView
	var hides hides
	var rows []Card
	var last uint64
	now := s.now()
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		if hides, err = s.hiddenFrom(r, c, patient); err != nil {
			return err
		}
		view = DrillView{Waits: patient.drillWaits(now), LastAt: patient.DrilledAt, Due: patient.drillDue(now)}
		if patient.drilling(now) {
			view.Until = patient.DrillUntil
		}
		if last, err = r.LastEntry(string(id)); err != nil {
			return err
		}
		rows, err = s.activeCards(r, id)
		return err
	})
	if err != nil {
		return view, err
	}
	for _, row := range slices.Backward(rows) {
		if isHealthFormat(row.Carrier) {
			continue // hospital software reads it, and no stranger
		}
		view.Card = row.ID
		if view.Front, err = s.frontOf(ctx, row); err != nil {
			return view, err
		}
		view.Front.Items = slices.DeleteFunc(view.Front.Items, func(item summary.FrontItem) bool { return hides.sections.Has(item.Section) })
		break
	}
	view.Past, err = s.pastDrills(ctx, id, last)
	return view, err
}

// pastDrills finds finished drills among the last entries of a patient.
func (s *Service) pastDrills(ctx context.Context, id PatientID, last uint64) ([]DrillDone, error) {
	history, err := s.history(ctx, string(id), hides{}, last-min(last, drillsIn), drillsIn)
	if err != nil {
		return nil, err
	}
	var past []DrillDone
	for _, entry := range slices.Backward(history.Entries) {
		if entry.Event.Type != audit.DrillFinished {
			continue
		}
		seconds, err := strconv.Atoi(entry.Event.Details["seconds"])
		if err != nil {
			continue
		}
		past = append(past, DrillDone{At: entry.Event.At, Seconds: seconds, Outcome: entry.Event.Details["cause"]})
	}
	return past, nil
}

// frontOf reads the front of a card as it was issued, without its secret.
func (s *Service) frontOf(ctx context.Context, row Card) (summary.Front, error) {
	plain, err := s.unseal("card", "address", row.ID.String(), row.SealedAddress)
	if err != nil {
		return summary.Front{}, err
	}
	address, err := cards.ParseAddress(string(plain))
	if err != nil {
		return summary.Front{}, err
	}
	return s.readFront(ctx, address.Envelope)
}

// readFront verifies a front with the keys that this house trusts and reads it.
func (s *Service) readFront(ctx context.Context, envelope []byte) (summary.Front, error) {
	keys, err := s.TrustedKeys(ctx)
	if err != nil {
		return summary.Front{}, err
	}
	opened, err := cards.Verify(envelope, keys, s.now())
	if err != nil {
		return summary.Front{}, err
	}
	return summary.DecodeFront(opened.Card.Summary)
}

// drillNow reports whether a drill runs for a patient at a moment.
func drillNow(r Reader, id PatientID, at time.Time) (bool, error) {
	patient, err := r.Patient(id)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return patient.drilling(at), err
}
