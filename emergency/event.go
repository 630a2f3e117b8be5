package emergency

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/vault"
)

// A contact comes by the link of a notice. The link alone says that something happened to somebody with these initials; who asked, and what can be done about
// it, is for whoever proves to be the contact, by their code or by the passkey that they confirmed with. Nothing of the record is here.

const (
	// ProofCode and ProofPasskey are how a contact proves who they are.
	ProofCode    = "code"
	ProofPasskey = "passkey"
	// ticketLife is how long a page that has proved itself by a code need not do so again. Each answer renews it.
	ticketLife = time.Hour
)

// guessContact bounds how fast the code of a contact is guessed at. Nothing locks the contact.
const guessContact = "contact"

// EventProof is a link and what stands behind it.
type EventProof struct {
	Token  string // from the link
	Code   string // the contact's code, "" when Ticket or the caller's passkey proves it
	Ticket string // EventView.Ticket of an earlier answer
}

// EventView is one thing that happened, as a contact sees it. Without a proof it holds what the link's message said already.
type EventView struct {
	Kind     string // of the notice, or "contact" for the link that is theirs for years
	Initials string
	At       time.Time
	Proof    string // how this contact proves who they are
	Proven   bool
	Ticket   string // proves it again, to the same page

	Name       string // of the patient
	Called     string // what the patient calls the contact
	Stated     Stated
	Step       string
	Drill      bool
	Wait       *WaitState // nil when it is not about a wait
	Approved   bool       // this contact has agreed already
	CanApprove bool
	CanVeto    bool
	Thread     *ThreadView // of an opening that still runs, nil otherwise
	Until      time.Time   // of an opening; zero when it is not about one
	Ended      bool        // the opening has ended
}

// event is what the token of a link leads to.
type event struct {
	invitation Invitation
	ref        eventRef
	contact    Contact
	details    contactDetails
	patient    Patient
	proven     bool
}

// eventIn reads what a link leads to. One that is unknown or over, and that of a contact who was stopped, are alike.
func (s *Service) eventIn(r Reader, token string) (event, error) {
	var found event
	var err error
	if found.invitation, err = r.Invitation(hashToken(token)); err != nil {
		return event{}, err
	}
	if found.invitation.Purpose != InviteEvent || !s.now().Before(found.invitation.ExpiresAt) {
		return event{}, ErrNotFound
	}
	if found.contact, err = r.Contact(ContactID(found.invitation.Target)); err != nil {
		return event{}, err
	}
	if found.patient, err = r.Patient(found.contact.Patient); err != nil {
		return event{}, err
	}
	if !found.contact.active() || !found.patient.DeletedAt.IsZero() {
		return event{}, ErrNotFound
	}
	if found.details, err = s.openContact(found.contact); err != nil {
		return event{}, err
	}
	plain, err := s.unseal("invitation", "body", found.invitation.Token.String(), found.invitation.Sealed)
	if err != nil {
		return event{}, err
	}
	return found, json.Unmarshal(plain, &found.ref)
}

// prove reads what a link leads to and checks what stands behind it. A wrong code is ErrContactCode; no proof at all is no error.
func (s *Service) prove(ctx context.Context, c Caller, proof EventProof) (event, error) {
	var found event
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		found, err = s.eventIn(r, proof.Token)
		return err
	}); err != nil {
		return event{}, err
	}
	switch {
	case found.contact.Account != "":
		found.proven = c.SignedIn() && c.Account == found.contact.Account
	case proof.Ticket != "" && s.ticketHolds(found, proof.Ticket):
		found.proven = true
	case proof.Code != "":
		if err := s.tryCode(ctx, c, found.contact, proof.Code); err != nil {
			return event{}, err
		}
		found.proven = true
	}
	return found, nil
}

// proved is prove for an act that needs a proof.
func (s *Service) proved(ctx context.Context, c Caller, proof EventProof) (event, error) {
	found, err := s.prove(ctx, c, proof)
	switch {
	case err != nil || found.proven:
		return found, err
	case found.contact.Account != "":
		return event{}, ErrSignIn
	}
	return event{}, ErrContactCode
}

// tryCode checks the code of a contact, and counts the guess before it does.
func (s *Service) tryCode(ctx context.Context, c Caller, contact Contact, typed string) error {
	if err := s.guess(ctx, c, guessContact, string(contact.ID)); err != nil {
		return err
	}
	code, err := cards.ParseShortCode(typed)
	if err != nil {
		return ErrContactCode
	}
	plain, err := vault.OpenCode(ctx, s.codes, string(code), s.Data.Pepper(), contact.SealedCode)
	if errors.Is(err, vault.ErrSealed) || err == nil && string(plain) != string(contact.ID) {
		return ErrContactCode
	}
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error { return s.forgive(tx, c, guessContact, string(contact.ID)) })
}

// ticket is what a page keeps that has proved itself by a code, so that it need not keep the code.
type ticket struct {
	Confirmed int64 `json:"confirmed"` // milliseconds: of a contact who has confirmed anew it is worth nothing
	Ends      int64 `json:"ends"`
}

func (s *Service) newTicket(found event) (string, error) {
	plain, err := json.Marshal(ticket{Confirmed: found.contact.ConfirmedAt.UnixMilli(), Ends: s.now().Add(ticketLife).UnixMilli()})
	if err != nil {
		return "", err
	}
	sealed, err := s.seal("event", "ticket", found.invitation.Token.String(), plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (s *Service) ticketHolds(found event, shown string) bool {
	if len(shown) > 1024 {
		return false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(shown)
	if err != nil {
		return false
	}
	plain, err := s.unseal("event", "ticket", found.invitation.Token.String(), sealed)
	var held ticket
	return err == nil && json.Unmarshal(plain, &held) == nil && held.Confirmed == found.contact.ConfirmedAt.UnixMilli() && s.now().UnixMilli() < held.Ends
}

// Event says what happened, to the contact whose link it is. after is the last message of the thread that the page has.
func (s *Service) Event(ctx context.Context, c Caller, proof EventProof, after int) (EventView, error) {
	found, err := s.prove(ctx, c, proof)
	if err != nil {
		return EventView{}, err
	}
	view := EventView{Kind: found.ref.Kind, At: found.invitation.CreatedAt, Proof: ProofCode, Proven: found.proven}
	if found.contact.Account != "" {
		view.Proof = ProofPasskey
	}
	if view.Initials, err = s.initialsOf(found.patient); err != nil || !found.proven {
		return view, err
	}
	if view.Proof == ProofCode {
		if view.Ticket, err = s.newTicket(found); err != nil {
			return view, err
		}
	}
	name, err := s.unseal("patient", "name", string(found.patient.ID), found.patient.SealedName)
	if err != nil {
		return view, err
	}
	view.Name, view.Called = string(name), found.details.Name
	err = s.Store.View(ctx, func(r Reader) error {
		if found.ref.Grant != "" {
			return s.viewOpening(r, found, after, &view)
		}
		if found.ref.Request != "" {
			return s.viewWait(r, found, &view)
		}
		return nil
	})
	return view, err
}

// viewOpening fills in who has opened what an event is about, and what they write while it runs.
func (s *Service) viewOpening(r Reader, found event, after int, view *EventView) error {
	row, err := r.GrantByID(found.ref.Grant)
	if err != nil {
		return err
	}
	if row.Patient != found.contact.Patient {
		return ErrNotFound
	}
	view.Step, view.Drill, view.Until, view.Ended = row.Step, row.Drill, row.Until, !row.running(s.now())
	if view.Stated, err = s.openStated("grant", string(row.ID), row.SealedStated); err != nil || view.Ended {
		return err
	}
	thread, err := s.thread(r, row, after)
	view.Thread = &thread
	return err
}

// viewWait fills in who waits, and what the contact can do about it.
func (s *Service) viewWait(r Reader, found event, view *EventView) error {
	row, err := r.RequestByID(found.ref.Request)
	if errors.Is(err, ErrNotFound) {
		view.Wait = &WaitState{State: WaitOver, Now: s.now()}
		return nil
	}
	if err != nil {
		return err
	}
	if row.Patient != found.contact.Patient {
		return ErrNotFound
	}
	view.Step = row.Step
	if view.Stated, err = s.openStated("request", string(row.ID), row.Sealed); err != nil {
		return err
	}
	state, engine, err := s.waitState(r, row)
	if err != nil {
		return err
	}
	view.Wait = &state
	approvals, err := r.Approvals(row.ID)
	if err != nil {
		return err
	}
	view.Approved = slices.ContainsFunc(approvals, func(a Approval) bool { return a.Contact == found.contact.ID })
	view.CanApprove = !view.Approved && mayApprove(engine, state, row, found.contact.ID)
	view.CanVeto = state.State == WaitWaiting || state.State == WaitOpen
	return nil
}

// mayApprove reports whether the agreement of a contact could end a wait: approvals are asked for, this contact's counts, and nobody agrees with themselves.
func mayApprove(engine *rules.Engine, state WaitState, row Request, contact ContactID) bool {
	if state.State != WaitWaiting || state.Needed == 0 || row.Contact == contact {
		return false
	}
	return slices.ContainsFunc(engine.Policy().Rules, func(rule rules.Rule) bool {
		return rule.HowSoon.Approvals > 0 && (len(rule.HowSoon.Of) == 0 || slices.Contains(rule.HowSoon.Of, string(contact)))
	})
}

// FollowEvent returns what is sent to whenever Event may answer something else, and what ends that.
func (s *Service) FollowEvent(ctx context.Context, c Caller, proof EventProof) (<-chan struct{}, func(), error) {
	found, err := s.proved(ctx, c, proof)
	if err != nil {
		return nil, nil, err
	}
	woken, stop := s.watchers.watch(grantKey(found.ref.Grant), requestKey(found.ref.Request), patientKey(found.patient.ID))
	return woken, stop, nil
}

// act runs what a proven contact does, in a transaction in which they still are one.
func (s *Service) act(ctx context.Context, c Caller, proof EventProof, kind audit.Type, do func(Tx, event, audit.Event) error) error {
	found, err := s.proved(ctx, c, proof)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		current, err := s.eventIn(tx, proof.Token)
		if err != nil {
			return err
		}
		if !current.contact.ConfirmedAt.Equal(found.contact.ConfirmedAt) {
			return ErrChanged
		}
		return do(tx, current, s.contactEvent(c, current, kind))
	})
}

// contactEvent begins an entry by a contact.
func (s *Service) contactEvent(c Caller, found event, kind audit.Type) audit.Event {
	return audit.Event{Type: kind, At: s.clock(), Subject: string(found.patient.ID), Outcome: audit.Done,
		Actor:   audit.Actor{Kind: audit.ByContact, Name: found.details.Name, Verified: found.contact.proof(c), Network: c.Network},
		Details: map[string]string{"contact": string(found.contact.ID)}}
}

// eventRequest reads the wait that an event is about.
func eventRequest(r Reader, found event) (Request, error) {
	row, err := r.RequestByID(found.ref.Request)
	if err == nil && row.Patient != found.patient.ID {
		err = ErrNotFound // whoever is somebody's contact has no say about others
	}
	return row, err
}

// Approve says that a contact agrees that a wait may end. By a passkey it needs a fresh one: it opens something.
func (s *Service) Approve(ctx context.Context, c Caller, proof EventProof) error {
	return s.act(ctx, c, proof, audit.RequestApproved, func(tx Tx, found event, entry audit.Event) error {
		if found.contact.Account != "" && !c.fresh(s.now()) {
			return ErrFreshPasskey
		}
		row, err := eventRequest(tx, found)
		if err != nil {
			return err
		}
		state, engine, err := s.waitState(tx, row)
		if err != nil {
			return err
		}
		approvals, err := tx.Approvals(row.ID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(approvals, func(a Approval) bool { return a.Contact == found.contact.ID }) {
			return nil // said already
		}
		if !mayApprove(engine, state, row, found.contact.ID) {
			return ErrNotFound
		}
		if row.Card != (cards.ID{}) {
			entry.Card = row.Card.String()
		}
		entry.Details["step"] = row.Step
		tx.Append(entry)
		return tx.PutApproval(Approval{Request: row.ID, Contact: found.contact.ID, At: s.now()})
	})
}

// VetoAsContact says no to a wait, also to one in the contact's own name: it may be somebody else who has their code.
func (s *Service) VetoAsContact(ctx context.Context, c Caller, proof EventProof) error {
	return s.act(ctx, c, proof, audit.RequestVetoed, func(tx Tx, found event, entry audit.Event) error {
		row, err := eventRequest(tx, found)
		if err != nil {
			return err
		}
		return s.veto(tx, row, entry)
	})
}

// SendAsContact adds what a contact answers to a responder.
func (s *Service) SendAsContact(ctx context.Context, c Caller, proof EventProof, text string) error {
	message := NewMessage{Text: text}
	if err := message.clean(); err != nil {
		return err
	}
	return s.act(ctx, c, proof, audit.MessageSent, func(tx Tx, found event, entry audit.Event) error {
		row, err := tx.GrantByID(found.ref.Grant)
		if err != nil {
			return err
		}
		if row.Patient != found.patient.ID {
			return ErrNotFound
		}
		if !row.running(s.now()) {
			return errOver()
		}
		_, err = s.addMessage(tx, row, SenderContact, found.details.Name, message, entry, found.contact.ID)
		return err
	})
}

// StopAsContact ends that somebody is a contact, at their own wish: they are told of nothing any more. The link is enough, as it is for every mail that one
// does not want; the keepers are told, and nobody else is told less.
func (s *Service) StopAsContact(ctx context.Context, c Caller, token string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		found, err := s.eventIn(tx, token)
		if err != nil {
			return err
		}
		entry := s.contactEvent(c, found, audit.ContactStopped)
		if entry.Actor.Verified == audit.VerifiedCode {
			entry.Actor.Verified = audit.Claimed
		}
		return s.stopContact(tx, found.contact, entry)
	})
}

// ContactOpenRequest is a contact who asks to see the record from afar.
type ContactOpenRequest struct {
	EventProof
	Step       string
	Reason     string
	ReasonText string
	Grant      string // token of a running grant: looks again at what it opened
}

// OpenAsContact opens what the rules give to a contact, without a card. It goes through the same door as everybody else, and mostly begins with a wait in which the
// patient can say no.
func (s *Service) OpenAsContact(ctx context.Context, c Caller, asks ContactOpenRequest) (Opened, error) {
	found, err := s.proved(ctx, c, asks.EventProof)
	if err != nil {
		return Opened{}, err
	}
	request := OpenRequest{Secret: make([]byte, len(cards.Secret{})), Step: asks.Step, Reason: asks.Reason, ReasonText: asks.ReasonText, Name: found.details.Name,
		Grant: asks.Grant}
	if err := request.clean(); err != nil {
		return Opened{}, err
	}
	now := s.now()
	door := door{key: RequestKey{Contact: found.contact.ID, Step: request.Step}, contact: &found.contact}
	var grant Grant
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if door.Opening, err = r.OpeningOf(found.patient.ID); err != nil {
			return err
		}
		if request.Grant == "" {
			door.pending, door.approvals, err = pendingRequest(r, door.key)
			return err
		}
		if grant, err = r.Grant(hashGrant(request.Grant)); errors.Is(err, ErrNotFound) {
			err = errOver()
		}
		return err
	}); err != nil {
		return Opened{}, err
	}
	door.drill = door.Patient.drilling(now)
	if request.Grant != "" {
		if grant.Contact != found.contact.ID || grant.Patient != found.patient.ID {
			return Opened{}, errOver()
		}
		return s.reopen(ctx, c, request, door, grant, now, func(Tx) error { return nil })
	}
	asked := request.asked()
	asked.Proofs, asked.Contact = 0, string(found.contact.ID)
	return s.pass(ctx, c, request, asked, door)
}
