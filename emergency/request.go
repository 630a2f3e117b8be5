package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/rules"
)

// RequestID names a request.
type RequestID string

// RequestKey is what a request is one for: whoever asks, with a card or as a contact, and the step.
type RequestKey struct {
	Card    cards.ID  // zero for a contact who asks without it
	Contact ContactID // "" for whoever holds the card
	Step    string
}

// Request is a wait: somebody asked for what opens only after a time in which a keeper or a contact can say no.
type Request struct {
	RequestKey
	ID          RequestID
	Patient     PatientID
	Watch       Token     // hash of what the page of whoever asked watches it by
	Sealed      []byte    // Stated: what was said when it was asked
	AskedAt     time.Time // the start of the wait
	OpensAt     time.Time // when the first of it opens, as the rules were when it was asked
	VetoedAt    time.Time // zero unless somebody said no
	WithdrawnAt time.Time // zero unless whoever asked took it back
	EndsAt      time.Time // after that it is forgotten, and asking starts anew
}

// Running reports whether the request still counts at now: a withdrawn one is as if it had never been made.
func (r Request) Running(now time.Time) bool { return r.WithdrawnAt.IsZero() && now.Before(r.EndsAt) }

// Approval is a contact's agreement that a wait may end.
type Approval struct {
	Request RequestID
	Contact ContactID
	At      time.Time
}

// requestLife is how long a request is remembered after it could first be opened. Until then a veto holds, and asking again changes nothing.
const requestLife = 7 * 24 * time.Hour

// Stated is what somebody said when they asked, as a keeper or a reviewer reads it: claimed, but for what a badge or a contact's proof stands behind.
type Stated struct {
	Name             string `json:"name,omitempty"`
	Role             string `json:"role,omitempty"`
	Organization     string `json:"organization,omitempty"`
	CallBack         string `json:"callback,omitempty"`
	Reason           string `json:"reason,omitempty"`
	ReasonText       string `json:"reason_text,omitempty"`
	Country          string `json:"country,omitempty"`
	Network          string `json:"network,omitempty"`
	Badge            string `json:"badge,omitempty"`             // the organization that a verified badge names
	BadgeKind        string `json:"badge_kind,omitempty"`        // its kind
	BadgeName        string `json:"badge_name,omitempty"`        // whom the organization calls its bearer
	Contact          string `json:"contact,omitempty"`           // what the patient calls the contact who asked
	ForeignAuthority string `json:"foreign_authority,omitempty"` // the house that vouches for the badge, when it is another one
}

// RequestView is a wait as a keeper or a contact sees it.
type RequestView struct {
	ID          RequestID
	Card        string // "" for a contact who asked without one
	Contact     ContactID
	Step        string
	Stated      Stated
	AskedAt     time.Time
	OpensAt     time.Time
	VetoedAt    time.Time
	WithdrawnAt time.Time
	Approvals   []Approval
	State       WaitState
}

// asked decides a request. What the rules give at once counts from now; what they give after a wait counts from when it was first asked for by the same key.
// The two are added up: they end together, when the first of them ends. A wait that begins with this request is returned to be stored.
func (s *Service) asked(engine *rules.Engine, request rules.Request, door door) (rules.Decision, rules.Decision, *Request) {
	now := s.now()
	request.RequestedAt = now
	fresh := engine.Decide(request, now)
	if fresh.WaitUntil.IsZero() {
		return fresh, rules.Decision{}, nil
	}
	if pending := door.pending; pending.Running(now) {
		request.RequestedAt, request.Vetoed, request.Approvals = pending.AskedAt, !pending.VetoedAt.IsZero(), agreed(door.approvals)
		if waited := engine.Decide(request, now); waited.Refusal != rules.TimeIsOver {
			return fresh, waited, nil
		}
		// What the wait gave is over: whoever still needs it waits anew, and can be told no again.
	}
	if fresh.Outcome != rules.Wait && request.Step != rules.StepSensitive {
		return fresh, rules.Decision{}, nil // nobody has asked for more than what is open
	}
	return fresh, rules.Decision{}, &Request{RequestKey: door.key, Patient: door.Patient.ID, AskedAt: now,
		OpensAt: fresh.WaitUntil.Truncate(time.Millisecond), EndsAt: fresh.WaitUntil.Add(requestLife).Truncate(time.Millisecond)}
}

// agreed are approvals as the rules see them.
func agreed(approvals []Approval) []rules.Approval {
	list := make([]rules.Approval, len(approvals))
	for i, a := range approvals {
		list[i] = rules.Approval{Contact: string(a.Contact), At: a.At}
	}
	return list
}

// beginWait stores a wait that begins, with the entry that tells the keepers until when they can say no, and returns what its page watches it by.
func (s *Service) beginWait(tx Tx, c Caller, request OpenRequest, door door, begins *Request) (string, error) {
	if begins == nil {
		return "", nil
	}
	id, err := newID(s.Rand)
	if err != nil {
		return "", err
	}
	secret, hash, err := s.newToken()
	if err != nil {
		return "", err
	}
	begins.ID, begins.Watch = RequestID(id), hash
	shown := shown{Stated: request.stated(c, door), Proofs: door.asked.Proofs, BadgeID: door.asked.Organization.ID, BadgeCountry: door.asked.Organization.Country}
	plain, err := json.Marshal(shown)
	if err != nil {
		return "", err
	}
	if begins.Sealed, err = s.seal("request", "stated", id, plain); err != nil {
		return "", err
	}
	event := s.glassEvent(c, request, door, audit.RequestWaiting, audit.Waiting)
	event.Until = begins.OpensAt
	tx.Append(event)
	if err := tx.PutRequest(*begins); err != nil {
		return "", err
	}
	return secret, s.tell(tx, news{Kind: NewsWaiting, Patient: begins.Patient, Request: begins.ID, Step: begins.Step, Drill: door.drill})
}

// shown is what Request.Sealed holds: what was said, and what stood behind it, so that a wait can be decided while nobody asks.
type shown struct {
	Stated
	Proofs       rules.Proofs `json:"proofs,omitempty"`
	BadgeID      string       `json:"badge_id,omitempty"`
	BadgeCountry string       `json:"badge_country,omitempty"`
}

// What becomes of a wait.
const (
	WaitWaiting   = "waiting"
	WaitOpen      = "open" // asking again opens it now
	WaitVetoed    = "vetoed"
	WaitWithdrawn = "withdrawn"
	WaitOver      = "over" // forgotten, or never there: the two are not told apart
)

// WaitState is what the page of whoever waits is told, and that of a contact.
type WaitState struct {
	State     string
	OpensAt   time.Time // when the next part of it opens by itself; zero when nothing waits any more
	Now       time.Time
	Approvals int // contacts who have agreed
	Needed    int // further contacts who could end the wait by agreeing, 0 when nobody could
}

// waitState decides a wait as it stands. What is returned beside it are the rules that did.
func (s *Service) waitState(r Reader, row Request) (WaitState, *rules.Engine, error) {
	now := s.now()
	state := WaitState{State: WaitOver, Now: now}
	switch {
	case !row.WithdrawnAt.IsZero():
		state.State = WaitWithdrawn
		return state, nil, nil
	case !now.Before(row.EndsAt):
		return state, nil, nil
	case !row.VetoedAt.IsZero():
		state.State = WaitVetoed
		return state, nil, nil
	}
	if asks, err := s.stillAsks(r, row, now); err != nil || !asks {
		return state, nil, err
	}
	current, err := r.Rules(row.Patient)
	if err != nil {
		return state, nil, err
	}
	engine, err := s.engine(current)
	if err != nil {
		return state, nil, err
	}
	_, approvals, err := pendingRequest(r, row.RequestKey)
	if err != nil {
		return state, nil, err
	}
	request, err := s.askedBefore(row)
	if err != nil {
		return state, nil, err
	}
	request.RequestedAt = now
	fresh := engine.Decide(request, now)
	request.RequestedAt, request.Approvals = row.AskedAt, agreed(approvals)
	waited := engine.Decide(request, now)
	state.Approvals = len(approvals)
	switch {
	case waited.Sections&^fresh.Sections != 0, fresh.Outcome == rules.Granted && fresh.WaitUntil.IsZero():
		state.State, state.OpensAt = WaitOpen, waited.WaitUntil
	case !waited.WaitUntil.IsZero():
		state.State, state.OpensAt, state.Needed = WaitWaiting, waited.WaitUntil, waited.ApprovalsNeeded
	}
	return state, engine, nil
}

// stillAsks reports whether a card, or a contact, that has begun a wait could still end it by asking.
func (s *Service) stillAsks(r Reader, row Request, now time.Time) (bool, error) {
	patient, err := r.Patient(row.Patient)
	if err != nil || !patient.DeletedAt.IsZero() {
		return false, err
	}
	if row.Contact != "" {
		contact, err := r.Contact(row.Contact)
		return contact.active(), err
	}
	card, err := r.Card(row.Card)
	return card.Active(now), err
}

// askedBefore is a wait's request as the rules see it.
func (s *Service) askedBefore(row Request) (rules.Request, error) {
	var said shown
	plain, err := s.unseal("request", "stated", string(row.ID), row.Sealed)
	if err != nil {
		return rules.Request{}, err
	}
	if plain == nil { // begun by an older version: by a card, without anything else
		return rules.Request{Step: rules.Step(row.Step), Proofs: rules.ProofCard, Reason: rules.ThreatToLife, Stated: rules.Stated{Name: "-"}}, nil
	}
	if err := json.Unmarshal(plain, &said); err != nil {
		return rules.Request{}, err
	}
	return rules.Request{Step: rules.Step(row.Step), Proofs: said.Proofs, Contact: string(row.Contact), Country: said.Country,
		Organization: rules.Organization{ID: said.BadgeID, Kind: said.BadgeKind, Country: said.BadgeCountry},
		Reason:       rules.Reason(said.Reason), ReasonText: said.ReasonText,
		Stated: rules.Stated{Name: said.Name, Role: said.Role, Organization: said.Organization, CallBack: said.CallBack}}, nil
}

// WaitState says how a wait stands, to whoever has what it is watched by. One that is not known is over.
func (s *Service) WaitState(ctx context.Context, _ Caller, watch string) (WaitState, error) {
	state := WaitState{State: WaitOver, Now: s.now()}
	err := s.Store.View(ctx, func(r Reader) error {
		row, err := r.RequestByWatch(hashToken(watch))
		if err != nil {
			return err
		}
		state, _, err = s.waitState(r, row)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return state, err
}

// FollowWait returns what is sent to whenever WaitState may answer something else, and what ends that. What time alone changes is not sent.
func (s *Service) FollowWait(ctx context.Context, _ Caller, watch string) (<-chan struct{}, func(), error) {
	var row Request
	err := s.Store.View(ctx, func(r Reader) (err error) {
		row, err = r.RequestByWatch(hashToken(watch))
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	woken, stop := s.watchers.watch(requestKey(row.ID), patientKey(row.Patient))
	return woken, stop, nil
}

// Withdraw takes a wait back, by whoever began it. It is as if it had never been made; one that was refused stays refused.
func (s *Service) Withdraw(ctx context.Context, c Caller, watch string) (WaitState, error) {
	state := WaitState{State: WaitOver, Now: s.now()}
	err := s.Store.Update(ctx, func(tx Tx) error {
		row, err := tx.RequestByWatch(hashToken(watch))
		if err != nil {
			return err
		}
		if !row.Running(s.now()) || !row.VetoedAt.IsZero() {
			state, _, err = s.waitState(tx, row)
			return err
		}
		event := audit.Event{Type: audit.RequestWithdrawn, At: s.clock(), Subject: string(row.Patient), Outcome: audit.Done,
			Actor: audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed, Network: c.Network}, Details: map[string]string{"step": row.Step}}
		if row.Contact != "" {
			event.Actor.Kind, event.Details["contact"] = audit.ByContact, string(row.Contact)
		} else {
			event.Card = row.Card.String()
		}
		tx.Append(event)
		row.WithdrawnAt = s.now()
		state.State = WaitWithdrawn
		return tx.PutRequest(row)
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return state, err
}

// Requests lists the waits of a patient that have not ended.
func (s *Service) Requests(ctx context.Context, c Caller, id PatientID) ([]RequestView, error) {
	var views []RequestView
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		rows, err := r.Requests(id, s.now())
		if err != nil {
			return err
		}
		for _, row := range rows {
			view, err := s.viewRequest(r, row)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

func (s *Service) viewRequest(r Reader, row Request) (RequestView, error) {
	view := RequestView{ID: row.ID, Contact: row.Contact, Step: row.Step, AskedAt: row.AskedAt, OpensAt: row.OpensAt,
		VetoedAt: row.VetoedAt, WithdrawnAt: row.WithdrawnAt}
	if row.Card != (cards.ID{}) {
		view.Card = row.Card.String()
	}
	var err error
	if view.Stated, err = s.openStated("request", string(row.ID), row.Sealed); err != nil {
		return view, err
	}
	if view.Approvals, err = r.Approvals(row.ID); err != nil {
		return view, err
	}
	view.State, _, err = s.waitState(r, row)
	return view, err
}

// Veto says no to a wait: nothing opens that had to wait, until the request is forgotten. It needs no fresh passkey: saying no must be quick.
func (s *Service) Veto(ctx context.Context, c Caller, id PatientID, request RequestID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if _, err := s.keptIn(tx, c, id); err != nil {
			return err
		}
		row, err := tx.RequestByID(request)
		if err != nil {
			return err
		}
		if row.Patient != id {
			return ErrNotFound
		}
		return s.veto(tx, row, s.event(c, audit.RequestVetoed, string(id)))
	})
}

// veto ends a wait in a transaction, with the entry that names who said no.
func (s *Service) veto(tx Tx, row Request, event audit.Event) error {
	if !row.VetoedAt.IsZero() || !row.Running(s.now()) {
		return ErrNotFound
	}
	row.VetoedAt = s.now()
	if row.Card != (cards.ID{}) {
		event.Card = row.Card.String()
	}
	tx.Append(event)
	if err := s.endWaited(tx, row, row.VetoedAt); err != nil { // what has opened after the wait closes
		return err
	}
	if err := tx.PutRequest(row); err != nil {
		return err
	}
	return s.tell(tx, news{Kind: NewsVetoed, Patient: row.Patient, Request: row.ID, Step: row.Step})
}

// endWaited closes what was opened by the key of a request.
func (s *Service) endWaited(tx Tx, row Request, at time.Time) error {
	if row.Contact != "" {
		return tx.EndContactGrants(row.Contact, row.Step, at)
	}
	return tx.EndCardGrants(row.Card, row.Step, at)
}

// sealStated and openStated keep what was said beside the row that it was said for.
func (s *Service) sealStated(table, row string, stated Stated) ([]byte, error) {
	plain, err := json.Marshal(stated)
	if err != nil {
		return nil, err
	}
	return s.seal(table, "stated", row, plain)
}

func (s *Service) openStated(table, row string, sealed []byte) (Stated, error) {
	var stated Stated
	plain, err := s.unseal(table, "stated", row, sealed)
	if err != nil || plain == nil {
		return stated, err
	}
	return stated, json.Unmarshal(plain, &stated)
}

// pendingRequest reads the wait that belongs to a key, the zero Request when there is none, and who has agreed that it may end.
func pendingRequest(r Reader, key RequestKey) (Request, []Approval, error) {
	pending, err := r.Request(key)
	if errors.Is(err, ErrNotFound) {
		return Request{}, nil, nil
	}
	if err != nil {
		return Request{}, nil, err
	}
	approvals, err := r.Approvals(pending.ID)
	if err != nil {
		return Request{}, nil, err
	}
	counted := approvals[:0]
	for _, approval := range approvals {
		contact, err := r.Contact(approval.Contact)
		if err != nil {
			return Request{}, nil, err
		}
		if contact.active() { // one who has been stopped has no say any more
			counted = append(counted, approval)
		}
	}
	return pending, counted, nil
}
