package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// OpenRequest is a responder's request to break the glass. Only the card, its secret and a reason are needed; what else is stated is kept in
// the log as claimed, and never blocks the critical sections.
type OpenRequest struct {
	Card         cards.ID
	Secret       []byte // the 16 bytes from the fragment of the card's address
	Step         string // rules.StepCritical or rules.StepSensitive
	Reason       string // one of rules.Reasons
	ReasonText   string
	Name         string
	Role         string
	Organization string
	CallBack     string
	Country      string // ISO 3166-1 alpha-2
	Tap          string // Tapped.Mark, when this browser has tapped a tag of the card
	Badge        string // a badge that was read from another telephone; the caller's own counts without it
	Grant        string // token of a running grant: looks again at what it opened, without a new reason
}

// Opened is what a responder gets.
type Opened struct {
	Grant      string // token to look again until the end
	GrantID    GrantID
	Until, Now time.Time
	Step       string
	Lang       string             // of the holder's own words
	Record     summary.Disclosure // filtered to Sections
	Sections   section.Set
	Next       []string // further steps: the same on every card, whatever is or is not behind the glass
	Says       []rules.Message
	Entry      EntryRef
	Watch      string // what a wait that goes on beside this opening is watched by, "" for none
	Badge      Stated // what a verified badge says, empty without one
	Drill      bool
}

// EntryRef names the log entry that stands for an answer.
type EntryRef struct {
	Index int64
	Leaf  string // hexadecimal leaf hash
}

// Refusal says that the rules do not let the responder in, or not yet, and what can be done now.
type Refusal struct {
	Waits     bool      // something opens at WaitUntil unless somebody says no
	WaitUntil time.Time // zero unless Waits
	Watch     string    // what the wait is watched by, "" unless it began now
	Approvals int       // further contacts who could end the wait by agreeing, 0 for none
	Says      []rules.Message
	Next      []rules.Message
}

func (r *Refusal) Error() string { return ErrRefused.Error() }

// Is makes a Refusal an ErrRefused.
func (r *Refusal) Is(target error) bool { return target == error(ErrRefused) }

// Open is the one door: the only way to what is behind the glass for anybody who does not keep the patient. It checks the card's secret, decides by
// the patient's rules, writes the decision and its log entry in one transaction, waits until that is durable, and only then returns what the
// decision releases. When the log cannot be written the answer is ErrLogUnavailable. An unknown card, a revoked one and a wrong
// secret are one answer, ErrNoCard, after the same time.
func (s *Service) Open(ctx context.Context, c Caller, request OpenRequest) (Opened, error) {
	started := time.Now()
	if err := request.clean(); err != nil {
		return Opened{}, err
	}
	opened, err := s.open(ctx, c, request)
	if errors.Is(err, ErrNoCard) {
		alike(ctx, started)
	}
	return opened, err
}

// door is what a decision is made on.
type door struct {
	Opening
	key       RequestKey
	pending   Request       // the wait that was begun by the same key, if any
	approvals []Approval    // of that wait
	badge     *badged       // what a verified badge says, nil without one
	contact   *Contact      // who asks as a contact, nil otherwise
	asked     rules.Request // as the rules see it
	drill     bool
}

func (s *Service) open(ctx context.Context, c Caller, request OpenRequest) (Opened, error) {
	door := door{key: RequestKey{Card: request.Card, Step: request.Step}}
	var grant Grant
	now := s.now()
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if door.Opening, err = r.Opening(request.Card); err != nil {
			return err
		}
		if door.badge, err = s.badgeOf(r, c, request.Badge, now); err != nil {
			return err
		}
		if request.Grant == "" {
			door.pending, door.approvals, err = pendingRequest(r, door.key)
			return err
		}
		grant, err = r.Grant(hashGrant(request.Grant))
		if errors.Is(err, ErrNotFound) {
			err = nil // an ended or invented grant is refused below, in words
		}
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Opened{}, err
	}
	secret := [16]byte(request.Secret)
	known := err == nil && door.Patient.DeletedAt.IsZero() && door.Card.Active(now)
	if !vault.CheckCard(secret, door.Card.Verifier) || !known {
		if known {
			s.later.do(ctx, func(ctx context.Context) { s.refuseWrongSecret(ctx, c, door) })
		}
		return Opened{}, ErrNoCard
	}
	door.drill = door.Patient.drilling(now)
	if request.Grant != "" {
		return s.reopen(ctx, c, request, door, grant, now, func(Tx) error { return nil })
	}
	asked := request.asked()
	if tapped, _ := s.openTap(request.Tap, door.Card.ID, now); tapped.proves(now) {
		asked.Proofs |= rules.ProofTap
	}
	return s.pass(ctx, c, request, asked, door)
}

// pass decides a request at the door, for a card or for a contact, and opens what the decision gives.
func (s *Service) pass(ctx context.Context, c Caller, request OpenRequest, asked rules.Request, door door) (Opened, error) {
	engine, err := s.engine(door.Rules)
	if err != nil {
		return Opened{}, err
	}
	if door.badge != nil {
		asked.Proofs |= rules.ProofBadge
		asked.Organization = door.badge.organization
	}
	door.asked = asked
	decision, waited, begins := s.asked(engine, asked, door)
	if decision.Outcome != rules.Granted && waited.Outcome != rules.Granted {
		if waited.Refusal == rules.Vetoed || waited.Outcome == rules.Wait {
			decision = waited
		}
		return Opened{}, s.refuse(ctx, c, request, door, decision, begins)
	}
	now := s.now()
	id, token, hash, err := DrawGrant(s.Rand, now)
	if err != nil {
		return Opened{}, err
	}
	grant := Grant{ID: id, Token: hash, Card: door.Card.ID, Patient: door.Patient.ID, Step: request.Step,
		Sections: decision.Sections | waited.Sections, From: now, Until: earliest(decision.Until, waited.Until).Truncate(time.Millisecond),
		Drill: door.drill}
	if door.badge != nil {
		grant.Organization, grant.Member = OrganizationID(door.badge.organization.ID), door.badge.member
	}
	if door.contact != nil {
		grant.Contact = door.contact.ID
	}
	if grant.SealedStated, err = s.sealStated("grant", string(id), request.stated(c, door)); err != nil {
		return Opened{}, err
	}
	var watch string
	opened, err := s.disclose(ctx, c, request, door, grant, audit.GlassOpened, func(tx Tx) (err error) {
		if watch, err = s.beginWait(tx, c, request, door, begins); err != nil {
			return err
		}
		if err := s.tell(tx, news{Kind: NewsOpened, Patient: grant.Patient, Grant: grant.ID, Step: grant.Step, Drill: grant.Drill}); err != nil {
			return err
		}
		return tx.PutGrant(grant)
	})
	if err == nil {
		s.noteOpening(ctx, c, grant)
	}
	opened.Grant, opened.Watch, opened.Says = token, watch, decision.Public().Says
	if waited.Outcome == rules.Granted {
		opened.Says = waited.Public().Says
	}
	return opened, err
}

// earliest is the earlier of two times of which one may be zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// reopen looks again at what a running grant opened: after a reload, on the same device. It is an entry like every other opening, in the transaction of
// which write is run.
func (s *Service) reopen(ctx context.Context, c Caller, request OpenRequest, door door, grant Grant, now time.Time, write func(Tx) error) (Opened, error) {
	if grant.Card != door.Card.ID || !grant.EndedAt.IsZero() || !now.Before(grant.Until) {
		return Opened{}, &Refusal{Says: []rules.Message{{Key: rules.KeySaysOver}}, Next: []rules.Message{{Key: rules.KeyNextAgain}}}
	}
	if request.Step != stepHandover {
		request.Step = grant.Step // whatever the page has asked for: it is the same opening
	}
	opened, err := s.disclose(ctx, c, request, door, grant, audit.GlassReopened, func(tx Tx) error {
		current, err := tx.Grant(grant.Token)
		if err != nil {
			return err
		}
		if !current.EndedAt.IsZero() {
			return ErrChanged
		}
		return write(tx)
	})
	opened.Grant = request.Grant
	return opened, err
}

// disclose unseals what a grant covers and hands it out, once the entry that says so is durable. What was decided on must still hold inside the
// transaction: a card revoked or rules changed in between end it with ErrChanged, which the responder may simply try again.
func (s *Service) disclose(ctx context.Context, c Caller, request OpenRequest, door door, grant Grant, kind audit.Type, write func(Tx) error) (Opened, error) {
	plain, err := json.Marshal(summary.Record{Patient: string(door.Patient.ID)}) // nobody has written anything yet
	if err != nil {
		return Opened{}, err
	}
	if door.Record.Version > 0 {
		var key age.Identity = s.Identity // a contact has no card: the rules alone let them in
		if door.contact == nil {
			if key, err = vault.CardIdentityOf([16]byte(request.Secret), door.Card.Recipient); err != nil {
				return Opened{}, err
			}
		}
		if plain, err = unsealRecord(key, door.Record); err != nil {
			return Opened{}, err
		}
	}
	shown, err := summary.Disclose(plain, grant.Sections)
	if err != nil {
		return Opened{}, err
	}
	if shown.Patient != string(door.Patient.ID) || shown.Version != door.Record.Version {
		return Opened{}, errOtherRow
	}
	event := s.glassEvent(c, request, door, kind, audit.Granted)
	event.Sections, event.Items, event.Grant, event.Until = grant.Sections.Names(), shown.Items, string(grant.ID), grant.Until
	var placed *audit.Placed
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := s.unchanged(tx, c, request, door); err != nil {
			return err
		}
		if request.Grant == "" {
			if err := s.countOpening(ctx, tx, door.badge); err != nil {
				return err
			}
		}
		placed = tx.Append(event)
		return write(tx)
	})
	if err != nil {
		return Opened{}, noLogNoData(err)
	}
	shown.Patient, shown.Version = "", 0 // neither the pseudonym of the log nor how often something was edited is for a responder
	opened := Opened{GrantID: grant.ID, Until: grant.Until, Now: s.now(), Step: grant.Step, Lang: shown.Lang, Record: shown, Sections: grant.Sections, Drill: grant.Drill,
		Next: []string{string(rules.StepSensitive)}, Entry: EntryRef{Index: placed.Index, Leaf: leafText(placed.Leaf)}}
	if door.badge != nil {
		opened.Badge = door.badge.stated()
	}
	return opened, nil
}

// unchanged checks inside the transaction that the card, the patient, the rules, the wait, and whatever badge or contact asks are still those that were
// decided on.
func (s *Service) unchanged(tx Tx, c Caller, request OpenRequest, door door) error {
	if door.contact == nil {
		card, err := tx.Card(door.Card.ID)
		if err != nil {
			return err
		}
		if !card.RevokedAt.IsZero() {
			return ErrChanged
		}
	} else if contact, err := tx.Contact(door.contact.ID); err != nil || !contact.active() {
		return errors.Join(err, ErrChanged)
	}
	patient, err := tx.Patient(door.Patient.ID)
	if err != nil {
		return err
	}
	if !patient.DeletedAt.IsZero() || patient.RulesVersion != door.Rules.Version {
		return ErrChanged
	}
	if door.badge != nil {
		if badge, err := s.badgeOf(tx, c, request.Badge, s.now()); err != nil || badge == nil || *badge != *door.badge {
			return errors.Join(err, ErrChanged)
		}
	}
	if request.Grant != "" {
		return nil
	}
	pending, approvals, err := pendingRequest(tx, door.key)
	if err != nil {
		return err
	}
	if pending.ID != door.pending.ID || !pending.VetoedAt.Equal(door.pending.VetoedAt) || !pending.WithdrawnAt.Equal(door.pending.WithdrawnAt) ||
		len(approvals) < len(door.approvals) {
		return ErrChanged
	}
	return nil
}

// refuse writes the refusal down and says what can be done now.
func (s *Service) refuse(ctx context.Context, c Caller, request OpenRequest, door door, decision rules.Decision, begins *Request) error {
	event := s.glassEvent(c, request, door, audit.GlassRefused, audit.Refused)
	if decision.Outcome == rules.Wait {
		event.Outcome = audit.Waiting
	}
	logged := s.entries.allow("refused", door.Card.ID, s.now(), &event)
	var watch string
	if err := s.Store.Update(ctx, func(tx Tx) (err error) {
		if err := s.unchanged(tx, c, request, door); err != nil {
			return err
		}
		if logged {
			tx.Append(event)
		}
		watch, err = s.beginWait(tx, c, request, door, begins)
		return err
	}); err != nil {
		return noLogNoData(err)
	}
	public := decision.Public()
	return &Refusal{Waits: decision.Outcome == rules.Wait, WaitUntil: public.WaitUntil, Watch: watch, Approvals: public.ApprovalsNeeded, Says: public.Says, Next: public.Next}
}

// refuseWrongSecret tells the patient that somebody tried the card without having it. It runs beside the answer to the guesser, which would
// otherwise be slower for a card that exists.
func (s *Service) refuseWrongSecret(ctx context.Context, c Caller, door door) {
	event := s.event(c, audit.GlassRefused, string(door.Patient.ID))
	event.Card, event.Outcome = door.Card.ID.String(), audit.Refused
	event.Details = map[string]string{"cause": "wrong_secret"}
	if err := s.recordLimited(ctx, "wrong", door.Card.ID, event); err != nil {
		s.Logger.WarnContext(ctx, "a refusal could not be logged", "err", err)
	}
}

// glassEvent begins the entry of an opening or a refusal.
func (s *Service) glassEvent(c Caller, request OpenRequest, door door, kind audit.Type, outcome audit.Outcome) audit.Event {
	event := audit.Event{
		Type: kind, At: s.clock(), Subject: string(door.Patient.ID), Outcome: outcome,
		Actor: audit.Actor{Kind: audit.ByResponder, Name: request.Name, Role: request.Role, Organization: request.Organization, CallBack: request.CallBack,
			Verified: audit.Claimed, Network: c.Network},
		Reason: request.Reason, ReasonText: request.ReasonText, RulesVersion: door.Rules.Version,
		Details: map[string]string{"step": request.Step},
	}
	if door.Card.ID != (cards.ID{}) {
		event.Card = door.Card.ID.String()
	}
	country := request.Country
	if door.badge != nil {
		country = door.badge.organization.Country
		event.Actor.Verified = audit.VerifiedBadge
		event.Actor.Organization = door.badge.name
		event.Details["organization"], event.Details["organization_kind"] = door.badge.organization.ID, door.badge.organization.Kind
		if door.badge.bearer != "" {
			event.Actor.Name = door.badge.bearer
		}
		if door.badge.authority != "" {
			event.Details["authority"] = door.badge.authority
		}
	}
	if door.contact != nil {
		if request.Step != stepHandover { // whoever has a handover says themselves who they are
			event.Actor.Kind, event.Actor.Verified = audit.ByContact, door.contact.proof(c)
		}
		event.Details["contact"] = string(door.contact.ID)
	}
	if country != "" {
		event.Details["country"] = country
	}
	if request.Badge != "" && door.badge == nil {
		event.Details["badge"] = "not_counted"
	}
	if door.drill {
		event.Details["drill"] = "yes"
	}
	return event
}

// stated is what a request says about whoever asks, for the keepers and reviewers.
func (r OpenRequest) stated(c Caller, door door) Stated {
	stated := Stated{}
	if door.badge != nil {
		stated = door.badge.stated()
	}
	if door.contact != nil {
		stated.Contact = r.Name
	}
	stated.Name, stated.Role, stated.Organization, stated.CallBack = r.Name, r.Role, r.Organization, r.CallBack
	stated.Reason, stated.ReasonText, stated.Country, stated.Network = r.Reason, r.ReasonText, r.Country, c.Network
	return stated
}

// noLogNoData turns a store that cannot commit into the refusal that it is. What the domain itself refused stays as it is.
func noLogNoData(err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return err
	}
	return ErrLogUnavailable.because(err)
}

// asked is the request as the rules see it.
func (r OpenRequest) asked() rules.Request {
	return rules.Request{Step: rules.Step(r.Step), Proofs: rules.ProofCard, Country: r.Country, Reason: rules.Reason(r.Reason), ReasonText: r.ReasonText,
		Stated: rules.Stated{Name: r.Name, Role: r.Role, Organization: r.Organization, CallBack: r.CallBack}}
}

// roles are what a responder can say to be.
var roles = []string{"bystander", "paramedic", "doctor", "nurse", "police", "firefighter", "shelter", "family", "other"}

// clean trims and bounds what a responder typed, and refuses what is not one of the choices offered.
func (r *OpenRequest) clean() error {
	if len(r.Secret) != len(cards.Secret{}) {
		return ErrInvalid.with("field", "secret")
	}
	if r.Step == "" {
		r.Step = string(rules.StepCritical)
	}
	if r.Step != string(rules.StepCritical) && r.Step != string(rules.StepSensitive) {
		return ErrInvalid.with("field", "step")
	}
	if r.Role != "" && !slices.Contains(roles, r.Role) {
		return ErrInvalid.with("field", "role")
	}
	if r.Reason != "" && !rules.Reason(r.Reason).Valid() {
		return ErrInvalid.with("field", "reason")
	}
	if r.Country != "" && (len(r.Country) != 2 || strings.Trim(r.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return ErrInvalid.with("field", "country")
	}
	for _, typed := range []struct {
		name  string
		value *string
		limit int
	}{{"name", &r.Name, 200}, {"organization", &r.Organization, 200}, {"callback", &r.CallBack, 100}, {"reason_text", &r.ReasonText, 1000}} {
		line, ok := oneLine(*typed.value, typed.limit)
		if !ok {
			return ErrInvalid.with("field", typed.name)
		}
		*typed.value = line
	}
	return nil
}

// oneLine makes one trimmed line of typed text; it refuses what is not UTF-8 or longer than limit bytes.
func oneLine(text string, limit int) (string, bool) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) }), " ")
	return text, len(text) <= limit && !strings.ContainsRune(text, '\uFFFD')
}
