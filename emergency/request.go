package emergency

import (
	"context"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/rules"
)

// requestLife is how long a request is remembered after it could first be opened. Until then a veto holds, and asking again changes nothing.
const requestLife = 7 * 24 * time.Hour

// RequestView is a wait as a keeper sees it.
type RequestView struct {
	Card     string
	Step     string
	AskedAt  time.Time
	OpensAt  time.Time
	VetoedAt time.Time
}

// asked decides a request. What the rules give at once counts from now; what they give after a wait counts from when it was first asked for with this
// card. The two are added up: they end together, when the first of them ends. A wait that begins with this request is returned to be stored.
func (s *Service) asked(engine *rules.Engine, request rules.Request, door door) (rules.Decision, rules.Decision, *Request) {
	now := s.now()
	request.RequestedAt = now
	fresh := engine.Decide(request, now)
	if fresh.WaitUntil.IsZero() {
		return fresh, rules.Decision{}, nil
	}
	if pending := door.pending; now.Before(pending.EndsAt) {
		request.RequestedAt, request.Vetoed = pending.AskedAt, !pending.VetoedAt.IsZero()
		return fresh, engine.Decide(request, now), nil
	}
	if fresh.Outcome != rules.Wait && request.Step != rules.StepSensitive {
		return fresh, rules.Decision{}, nil // nobody has asked for more than what is open
	}
	return fresh, rules.Decision{}, &Request{Card: door.Card.ID, Step: string(request.Step), Patient: door.Patient.ID, AskedAt: now,
		OpensAt: fresh.WaitUntil.Truncate(time.Millisecond), EndsAt: fresh.WaitUntil.Add(requestLife).Truncate(time.Millisecond)}
}

// beginWait stores a wait that begins, with the entry that tells the keepers until when they can say no.
func (s *Service) beginWait(tx Tx, c Caller, request OpenRequest, door door, begins *Request) error {
	if begins == nil {
		return nil
	}
	event := s.glassEvent(c, request, door, audit.RequestWaiting, audit.Waiting)
	event.Until = begins.OpensAt
	tx.Append(event)
	return tx.PutRequest(*begins)
}

// Requests lists the waits of a patient that have not ended.
func (s *Service) Requests(ctx context.Context, c Caller, id PatientID) ([]RequestView, error) {
	var views []RequestView
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		rows, err := r.Requests(id, s.now())
		for _, row := range rows {
			views = append(views, RequestView{Card: row.Card.String(), Step: row.Step, AskedAt: row.AskedAt, OpensAt: row.OpensAt, VetoedAt: row.VetoedAt})
		}
		return err
	})
	return views, err
}

// Veto says no to a wait: nothing opens that had to wait, until the request is forgotten. It needs no fresh passkey: saying no must be quick.
func (s *Service) Veto(ctx context.Context, c Caller, id PatientID, card cards.ID, step string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if _, err := s.keptIn(tx, c, id); err != nil {
			return err
		}
		request, err := tx.Request(card, step)
		if err != nil {
			return err
		}
		if request.Patient != id || !request.VetoedAt.IsZero() {
			return ErrNotFound
		}
		request.VetoedAt = s.now()
		event := s.event(c, audit.RequestVetoed, string(id))
		event.Card = card.String()
		tx.Append(event)
		if err := tx.EndCardGrants(card, step, request.VetoedAt); err != nil { // what has opened after the wait closes
			return err
		}
		return tx.PutRequest(request)
	})
}
