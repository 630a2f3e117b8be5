package emergency

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// Handover is a SMART Health Link that a responder shows to the emergency department. It gives what its grant gives, and ends with it.
type Handover struct {
	Finder   Token
	Grant    GrantID
	Sealed   []byte // opens with the passcode, through argon2id
	Attempts int    // wrong passcodes that are left
	EndsAt   time.Time
}

// handoversByGrant is how many handovers of one grant are made within guessWindow: each costs the work of an argon2id.
const handoversByGrant = 10

// stepHandover is the step of whoever opens a handover.
const stepHandover = "handover"

// HandoverRequest is a responder's request for a handover of what is open to them.
type HandoverRequest struct {
	Card   cards.ID // zero for a contact, who asked without one
	Secret []byte   // of the card
	Grant  string   // token of the running grant
}

// MadeHandover is a handover as the responder shows it. The passcode is kept nowhere.
type MadeHandover struct {
	URI      string // shlink:/...
	Passcode string
	Until    time.Time
}

// Handover makes a link that gives what a running grant gives, to whoever is told its passcode, until the grant ends. An unknown card and a wrong secret are
// answered as Open answers them; a grant that has ended, and one that never was, are one Refusal.
func (s *Service) Handover(ctx context.Context, c Caller, request HandoverRequest) (MadeHandover, error) {
	started := time.Now()
	made, err := s.handover(ctx, c, request)
	if errors.Is(err, ErrNoCard) {
		alike(ctx, started)
	}
	return made, err
}

func (s *Service) handover(ctx context.Context, c Caller, request HandoverRequest) (MadeHandover, error) {
	grant, err := s.grantFor(ctx, request)
	if err != nil {
		return MadeHandover{}, err
	}
	if err := s.countHandover(ctx, grant); err != nil {
		return MadeHandover{}, noLogNoData(err)
	}
	link, err := shl.New(s.Rand, s.URL+linkPath)
	if err != nil {
		return MadeHandover{}, err
	}
	link.Expires, link.Flag = grant.Until, string(shl.FlagPasscode)
	if link, err = link.Sign(s.IssuerKey); err != nil {
		return MadeHandover{}, err
	}
	made := MadeHandover{Until: grant.Until}
	if made.URI, err = link.Encode(""); err != nil {
		return MadeHandover{}, err
	}
	if made.Passcode, err = s.passcode(""); err != nil {
		return MadeHandover{}, err
	}
	row := Handover{Finder: s.linkFinder(link.URL[len(s.URL+linkPath):]), Grant: grant.ID, Attempts: linkAttempts, EndsAt: grant.Until}
	inside, err := handoverKeys(request, link.Key)
	if err != nil {
		return MadeHandover{}, err
	}
	if _, row.Sealed, err = vault.SealCode(ctx, s.codes, made.Passcode, s.Data.Pepper(), inside); err != nil {
		return MadeHandover{}, err
	}
	event, err := s.grantEvent(c, grant, audit.HandoverMade)
	if err != nil {
		return MadeHandover{}, err
	}
	event.Until = grant.Until
	err = s.Store.Update(ctx, func(tx Tx) error {
		current, err := tx.GrantByID(grant.ID)
		if err != nil {
			return err
		}
		if !current.running(s.now()) {
			return ErrChanged
		}
		tx.Append(event)
		return tx.PutHandover(row)
	})
	if err != nil {
		return MadeHandover{}, noLogNoData(err)
	}
	return made, nil
}

// countHandover slows whoever makes one handover after the other.
func (s *Service) countHandover(ctx context.Context, grant Grant) error {
	now := s.now()
	since := now.Truncate(guessWindow)
	return s.Store.Update(ctx, func(tx Tx) error {
		made, err := tx.CountGuess(s.guessKey("handover", string(grant.ID)), now, since)
		if err == nil && made > handoversByGrant {
			err = ErrTooMany.with("retry_after", int(since.Add(guessWindow).Sub(now)/time.Second)+1)
		}
		return err
	})
}

// grantFor finds the running grant that a handover is asked for, once the card's secret is right. Who asked as a contact has no card: the token of the grant is
// all the proof there is, and it is as long as a card's secret.
func (s *Service) grantFor(ctx context.Context, request HandoverRequest) (Grant, error) {
	byCard := request.Card != (cards.ID{}) || len(request.Secret) > 0
	if byCard && len(request.Secret) != len(cards.Secret{}) {
		return Grant{}, ErrInvalid.with("field", "secret")
	}
	var opening Opening
	var grant Grant
	var noGrant error
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if byCard {
			if opening, err = r.Opening(request.Card); err != nil {
				return err
			}
		}
		if grant, noGrant = r.Grant(hashGrant(request.Grant)); errors.Is(noGrant, ErrNotFound) {
			return nil
		}
		return noGrant
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Grant{}, err
	}
	if byCard {
		known := err == nil && opening.Patient.DeletedAt.IsZero() && opening.Card.Active(s.now())
		if !vault.CheckCard([16]byte(request.Secret), opening.Card.Verifier) || !known {
			return Grant{}, ErrNoCard
		}
	}
	if noGrant != nil || grant.Card != request.Card || !grant.running(s.now()) || grant.Step == stepLink {
		return Grant{}, errOver()
	}
	return grant, nil
}

// running reports whether a grant still gives anything at now.
func (g Grant) running(now time.Time) bool { return g.EndedAt.IsZero() && now.Before(g.Until) }

// errOver says that what was open is open no more.
func errOver() *Refusal {
	return &Refusal{Says: []rules.Message{{Key: rules.KeySaysOver}}, Next: []rules.Message{{Key: rules.KeyNextAgain}}}
}

// handoverKeys is what a handover opens with: as a link it begins with the card's secret (zeros for a contact, who has none) and the key of the link; the token
// of the grant follows.
func handoverKeys(request HandoverRequest, key shl.Key) ([]byte, error) {
	token, err := base64.RawURLEncoding.Strict().DecodeString(request.Grant)
	if err != nil {
		return nil, err
	}
	inside := make([]byte, len(cards.Secret{}), len(cards.Secret{})+len(key)+len(token))
	copy(inside, request.Secret)
	return append(append(inside, key[:]...), token...), nil
}

// grantEvent begins an entry about a grant by whoever opened it, in the words that were stated then.
func (s *Service) grantEvent(c Caller, grant Grant, kind audit.Type) (audit.Event, error) {
	stated, err := s.openStated("grant", string(grant.ID), grant.SealedStated)
	if err != nil {
		return audit.Event{}, err
	}
	event := audit.Event{Type: kind, At: s.clock(), Subject: string(grant.Patient), Outcome: audit.Done, Grant: string(grant.ID),
		Actor: audit.Actor{Kind: audit.ByResponder, Name: stated.Name, Role: stated.Role, Organization: stated.Organization, Verified: audit.Claimed, Network: c.Network}}
	if grant.Card != (cards.ID{}) {
		event.Card = grant.Card.String()
	}
	if stated.Badge != "" {
		event.Actor.Verified, event.Actor.Organization = audit.VerifiedBadge, stated.Badge
		if stated.BadgeName != "" {
			event.Actor.Name = stated.BadgeName
		}
	}
	if grant.Contact != "" {
		event.Actor.Kind, event.Details = audit.ByContact, map[string]string{"contact": string(grant.Contact)}
	}
	if grant.Drill {
		if event.Details == nil {
			event.Details = map[string]string{}
		}
		event.Details["drill"] = "yes"
	}
	return event, nil
}

// passcoded is what opens with an address and a passcode: the link of a card, or the handover of a running grant.
type passcoded struct {
	Link
	grant Grant // of a handover, the zero Grant for a link
}

func (p passcoded) isHandover() bool { return p.grant.ID != "" }

// passcodedBy finds what an address leads to, and the door that stands before it.
func (s *Service) passcodedBy(r Reader, finder Token) (passcoded, door, error) {
	link, err := r.Link(finder)
	if err == nil {
		opening, err := r.Opening(link.Card)
		return passcoded{Link: link}, door{Opening: opening, drill: opening.Patient.drilling(s.now())}, err
	}
	if !errors.Is(err, ErrNotFound) {
		return passcoded{}, door{}, err
	}
	handover, err := r.Handover(finder)
	if err != nil {
		return passcoded{}, door{}, err
	}
	grant, err := r.GrantByID(handover.Grant)
	if err != nil {
		return passcoded{}, door{}, err
	}
	behind, err := doorOf(r, grant)
	if err == nil && !grant.running(s.now()) {
		err = ErrNotFound
	}
	return passcoded{Link{Card: grant.Card, Finder: finder, Sealed: handover.Sealed, Sections: grant.Sections, Attempts: handover.Attempts}, grant}, behind, err
}

// doorOf is the door that a grant went through, as it stands now. A contact who was stopped has none.
func doorOf(r Reader, grant Grant) (door, error) {
	if grant.Contact == "" {
		opening, err := r.Opening(grant.Card)
		return door{Opening: opening, drill: grant.Drill}, err
	}
	contact, err := r.Contact(grant.Contact)
	if err != nil {
		return door{}, err
	}
	if !contact.active() {
		return door{}, ErrNotFound
	}
	opening, err := r.OpeningOf(grant.Patient)
	return door{Opening: opening, contact: &contact, drill: grant.Drill}, err
}

// ended reports whether nothing is to be had there any more.
func (p passcoded) ended(behind door, now time.Time) bool {
	return !behind.Patient.DeletedAt.IsZero() || behind.contact == nil && !behind.Card.Active(now) || p.Sealed == nil || p.Attempts == 0
}

// put stores how many attempts are left.
func (p passcoded) put(tx Tx) error {
	if p.isHandover() {
		return tx.PutHandover(Handover{Finder: p.Finder, Grant: p.grant.ID, Sealed: p.Sealed, Attempts: p.Attempts, EndsAt: p.grant.Until})
	}
	return tx.PutLink(p.Link)
}

func (p passcoded) step() string {
	if p.isHandover() {
		return stepHandover
	}
	return stepLink
}

// openHandover discloses what a running grant gives to whoever has its handover and the passcode, with what the responder has added.
func (s *Service) openHandover(ctx context.Context, c Caller, asked OpenRequest, door door, link passcoded, inside []byte) (OpenedLink, error) {
	var notes []summary.Note
	opened, err := s.disclose(ctx, c, asked, door, link.grant, audit.GlassReopened, func(tx Tx) (err error) {
		if err := s.giveAttemptBack(tx, c, link.Finder); err != nil {
			return err
		}
		notes, err = s.notes(tx, link.grant)
		return err
	})
	key, token := inside[len(cards.Secret{}):handoverToken], base64.RawURLEncoding.EncodeToString(inside[handoverToken:])
	return OpenedLink{Opened: opened, Key: [32]byte(key), Notes: notes, again: waiting{State: inside, Body: []byte(asked.Name + "\x00" + token)}}, err
}

// handoverToken is where the token of the grant begins in handoverKeys.
const handoverToken = len(cards.Secret{}) + len(shl.Key{})

// notes are what the responder of a grant has noted for whoever takes over.
func (s *Service) notes(r Reader, grant Grant) ([]summary.Note, error) {
	messages, err := r.Messages(grant.ID, 0)
	if err != nil {
		return nil, err
	}
	var notes []summary.Note
	for _, message := range messages {
		if message.Sender != SenderResponder {
			continue
		}
		body, err := s.openMessage(message)
		if err != nil {
			return nil, err
		}
		if body.Kind == MessageNote {
			notes = append(notes, summary.Note{Author: body.Name, At: message.At, Text: body.Text})
		}
	}
	return notes, nil
}
