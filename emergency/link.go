package emergency

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// A SMART Health Link is a card whose keeper has decided beforehand what it gives, until when, and to whoever has link and passcode. Its fetches go through
// the one door: an entry first, then the data. Break-glass rules have no say in it, and no part: a link that asked for a log-in would be no such link.

const (
	// LinkLife is how long a link works unless its keeper says otherwise, MaxLinkLife how long it may.
	LinkLife    = 30 * 24 * time.Hour
	MaxLinkLife = 366 * 24 * time.Hour
	// linkAttempts is how many wrong passcodes a link takes in its whole life (SMART Health Links, manifest request). It ends that link, which needs to be
	// known to be guessed at, and never a card.
	linkAttempts = 100
	// linkFileLife is how long a file that a manifest names can be fetched.
	linkFileLife = time.Hour
	// MinPasscode is the shortest passcode that a keeper may choose, in characters.
	MinPasscode    = 6
	maxPasscode    = 64
	passcodeDigits = 8
	stepLink       = "link"
)

// LinkChoices is what a keeper decides about a SMART Health Link.
type LinkChoices struct {
	Sections section.Set   // what it gives; none is all but the sensitive sections. Private notes are never in a link
	Passcode string        // at least MinPasscode characters; "" has one drawn
	Life     time.Duration // 0 is LinkLife
	Label    string        // what viewers show before the passcode is given, at most 80 bytes; it is not sealed
}

// IssuedLink is a link as its keeper holds it.
type IssuedLink struct {
	URI       string      `json:"uri"`
	Passcode  string      `json:"-"` // told once, when the link is made: it is kept nowhere
	ExpiresAt time.Time   `json:"expires"`
	Sections  section.Set `json:"sections"`
	Label     string      `json:"label,omitempty"`
	Attempts  int         `json:"-"` // wrong passcodes that it still takes, as it stands now
}

// draftLink makes the link of a card.
func (s *Service) draftLink(issued *Issued, choices CardChoices) error {
	wanted := choices.Link
	if wanted.Sections == 0 {
		wanted.Sections = section.OrdinarySet
	}
	if wanted.Life == 0 {
		wanted.Life = LinkLife
	}
	if wanted.Life < time.Minute || wanted.Life > MaxLinkLife {
		return ErrInvalid.with("field", "life")
	}
	if wanted.Sections&^(section.OrdinarySet|section.SensitiveSet) != 0 {
		return ErrInvalid.with("field", "sections") // what nobody but the patient sees is in no link
	}
	passcode, err := s.passcode(wanted.Passcode)
	if err != nil {
		return err
	}
	issued.ExpiresAt = issued.IssuedAt.Add(wanted.Life)
	link, err := shl.New(s.Rand, s.URL+linkPath)
	if err != nil {
		return err
	}
	link.Expires, link.Flag, link.Label = issued.ExpiresAt, string(shl.FlagPasscode), wanted.Label
	if link, err = link.Sign(s.IssuerKey); errors.Is(err, shl.ErrMalformed) {
		return ErrInvalid.with("field", "label")
	} else if err != nil {
		return err
	}
	uri, err := link.Encode("")
	if err != nil {
		return err
	}
	issued.Link = &IssuedLink{URI: uri, Passcode: passcode, ExpiresAt: issued.ExpiresAt, Sections: wanted.Sections, Label: wanted.Label,
		Attempts: linkAttempts}
	return nil
}

// linkPath is where links lead to, before their 43 characters.
const linkPath = "/shl/"

// passcode checks what a keeper has chosen, or draws digits.
func (s *Service) passcode(chosen string) (string, error) {
	if chosen != "" {
		if n := utf8.RuneCountInString(chosen); n < MinPasscode || len(chosen) > maxPasscode || !utf8.ValidString(chosen) || strings.TrimSpace(chosen) != chosen {
			return "", ErrInvalid.with("field", "passcode")
		}
		return chosen, nil
	}
	n, err := rand.Int(s.Rand, big.NewInt(100_000_000))
	return fmt.Sprintf("%0*d", passcodeDigits, n), err
}

// linkRow seals what a link opens with, the card's secret and the link's key, under the passcode: whoever has the link and the whole database still needs it.
func (s *Service) linkRow(ctx context.Context, issued Issued) (*Link, error) {
	link, err := shl.Parse(issued.Link.URI)
	if err != nil {
		return nil, err
	}
	inside := append(issued.Address.Secret.Bytes(), link.Key[:]...)
	_, sealed, err := vault.SealCode(ctx, s.codes, issued.Link.Passcode, s.Data.Pepper(), inside)
	if err != nil {
		return nil, err
	}
	token := strings.TrimPrefix(link.URL, s.URL+linkPath)
	return &Link{Card: issued.ID, Finder: s.linkFinder(token), Sealed: sealed, Sections: issued.Link.Sections, Attempts: linkAttempts}, nil
}

// linkFinder is what the store finds a link by.
func (s *Service) linkFinder(token string) Token {
	return Token(s.Data.KeyedHash("link", []byte(token)))
}

// endLink destroys what a revoked link opens with.
func endLink(tx Tx, card cards.ID) error {
	link, err := tx.LinkOf(card)
	if err != nil {
		return err
	}
	link.Sealed, link.Attempts = nil, 0
	return tx.PutLink(link)
}

// LinkRequest asks for what a link gives.
type LinkRequest struct {
	Token     string // the last part of its address
	Passcode  string
	Recipient string // who asks, as they say
}

// OpenedLink is what a link gives, and the key that it goes under.
type OpenedLink struct {
	Opened
	Key   [32]byte
	Notes []summary.Note // what the responder added, of a handover
	again waiting        // what OpenLinkFile needs
}

// PasscodeError says that a passcode was wrong and how many tries the link has left.
type PasscodeError struct{ Remaining int }

func (e *PasscodeError) Error() string { return ErrPasscode.Error() }

// Is makes a PasscodeError an ErrPasscode.
func (e *PasscodeError) Is(target error) bool { return target == error(ErrPasscode) }

// OpenLink gives what a link's keeper has put behind it to whoever knows the passcode. An unknown, revoked, expired or ended link is ErrNoCard. A
// wrong passcode is a *PasscodeError: each is counted before it is tried, so that guesses in parallel are no cheaper, and guessers are slowed by their network
// long before the link ends.
func (s *Service) OpenLink(ctx context.Context, c Caller, request LinkRequest) (OpenedLink, error) {
	recipient, ok := oneLine(request.Recipient, 200)
	if !ok || recipient == "" {
		return OpenedLink{}, ErrInvalid.with("field", "recipient")
	}
	var link passcoded
	var door door
	err := s.Store.View(ctx, func(r Reader) (err error) {
		link, door, err = s.passcodedBy(r, s.linkFinder(request.Token))
		return err
	})
	if err == nil && link.ended(door, s.now()) {
		err = ErrNotFound
	}
	if errors.Is(err, ErrNotFound) {
		return OpenedLink{}, ErrNoCard
	}
	if err != nil {
		return OpenedLink{}, err
	}
	if err := s.guess(ctx, c, guessPasscode, link.Finder.String()); err != nil {
		return OpenedLink{}, err
	}
	remaining, err := s.spendAttempt(ctx, link.Finder)
	if err != nil {
		return OpenedLink{}, err
	}
	asked := OpenRequest{Card: link.Card, Step: link.step(), Name: recipient}
	inside, err := vault.OpenCode(ctx, s.codes, request.Passcode, s.Data.Pepper(), link.Sealed)
	if errors.Is(err, vault.ErrSealed) {
		return OpenedLink{}, s.refusePasscode(ctx, c, asked, door, remaining)
	}
	var opened OpenedLink
	if err == nil {
		opened, err = s.openLink(ctx, c, asked, door, link, inside)
	}
	if err != nil { // not for the passcode, so it does not count, though whoever asked may have gone
		err = errors.Join(err, s.Store.Update(context.WithoutCancel(ctx), func(tx Tx) error { return s.giveAttemptBack(tx, c, link.Finder) }))
	}
	return opened, err
}

// openLink discloses what a link gives, once its passcode was right.
func (s *Service) openLink(ctx context.Context, c Caller, asked OpenRequest, door door, link passcoded, inside []byte) (OpenedLink, error) {
	asked.Secret = inside[:len(cards.Secret{})]
	if link.isHandover() {
		return s.openHandover(ctx, c, asked, door, link, inside)
	}
	now := s.now()
	id, token, hash, err := DrawGrant(s.Rand, now)
	if err != nil {
		return OpenedLink{}, err
	}
	grant := Grant{ID: id, Token: hash, Card: link.Card, Patient: door.Patient.ID, Step: stepLink, Sections: link.Sections &^ door.Patient.Confidential, From: now,
		Until: now.Add(linkFileLife).Truncate(time.Millisecond), Drill: door.drill}
	opened, err := s.disclose(ctx, c, asked, door, grant, audit.GlassOpened, func(tx Tx) error {
		if err := s.giveAttemptBack(tx, c, link.Finder); err != nil {
			return err
		}
		return tx.PutGrant(grant)
	})
	opened.Grant = token
	return OpenedLink{Opened: opened, Key: [32]byte(inside[len(cards.Secret{}):]), again: waiting{State: inside, Body: []byte(asked.Name + "\x00" + token)}}, err
}

// LinkFile keeps what OpenLink gave for a manifest that names a place instead of holding the file. Its answer is what OpenLinkFile takes.
func (s *Service) LinkFile(ctx context.Context, opened OpenedLink) (string, error) {
	return s.remember(ctx, Caller{}, ceremonyLink, linkFileLife, opened.again)
}

// spendAttempt takes one of a link's tries before it is made, in the writer's turn, and returns how many are left. A link with none left has ended.
func (s *Service) spendAttempt(ctx context.Context, finder Token) (remaining int, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
		link, _, err := s.passcodedBy(tx, finder)
		if errors.Is(err, ErrNotFound) || err == nil && link.Attempts == 0 {
			return ErrNoCard
		}
		if err != nil {
			return err
		}
		link.Attempts--
		remaining = link.Attempts
		return link.put(tx)
	})
	return remaining, err
}

// giveAttemptBack undoes spendAttempt and the count of the guess: the passcode was right, or was never tried.
func (s *Service) giveAttemptBack(tx Tx, c Caller, finder Token) error {
	link, _, err := s.passcodedBy(tx, finder)
	if errors.Is(err, ErrNotFound) || err == nil && link.Sealed == nil {
		return ErrChanged // revoked or ended meanwhile
	}
	if err != nil {
		return err
	}
	link.Attempts = min(link.Attempts+1, linkAttempts)
	if err := s.forgive(tx, c, guessPasscode, finder.String()); err != nil {
		return err
	}
	return link.put(tx)
}

// refusePasscode writes a wrong passcode down. The last one that a link takes ends it, which its keeper is always told.
func (s *Service) refusePasscode(ctx context.Context, c Caller, asked OpenRequest, door door, remaining int) error {
	event := s.glassEvent(c, asked, door, audit.GlassRefused, audit.Refused)
	event.Details["cause"] = "wrong_passcode"
	record := func() error { return s.recordLimited(ctx, "passcode", asked.Card, event) }
	if remaining == 0 {
		event.Details["cause"] = "link_ended"
		record = func() error {
			return s.Store.Update(ctx, func(tx Tx) error {
				tx.Append(event)
				return nil
			})
		}
	}
	if err := record(); err != nil {
		return noLogNoData(err)
	}
	return &PasscodeError{Remaining: remaining}
}

// OpenLinkFile gives what OpenLink gave, once more, to whoever holds the answer of LinkFile. It works once and within the hour, and is an entry of its own.
func (s *Service) OpenLinkFile(ctx context.Context, c Caller, file string) (OpenedLink, error) {
	hash := hashToken(file)
	var ceremony Ceremony
	err := s.Store.View(ctx, func(r Reader) (err error) {
		ceremony, err = r.Ceremony(hash)
		return err
	})
	var inside, body []byte
	if err == nil {
		inside, body, err = s.openCeremony(Caller{}, ceremonyLink, ceremony)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrCeremony) {
		return OpenedLink{}, ErrNoCard
	}
	if err != nil {
		return OpenedLink{}, err
	}
	recipient, token, _ := strings.Cut(string(body), "\x00")
	var door door
	var grant Grant
	err = s.Store.View(ctx, func(r Reader) (err error) {
		if grant, err = r.Grant(hashGrant(token)); err != nil {
			return err
		}
		door, err = doorOf(r, grant)
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && (!door.Patient.DeletedAt.IsZero() || door.contact == nil && !door.Card.Active(s.now())) {
		return OpenedLink{}, ErrNoCard
	}
	if err != nil {
		return OpenedLink{}, err
	}
	request := OpenRequest{Card: grant.Card, Secret: inside[:len(cards.Secret{})], Grant: token, Name: recipient}
	if len(inside) > handoverToken {
		request.Step = stepHandover
	}
	var notes []summary.Note
	opened, err := s.reopen(ctx, c, request, door, grant, s.now(), func(tx Tx) (err error) {
		if _, err := tx.TakeCeremony(hash); errors.Is(err, ErrNotFound) {
			return ErrNoCard // somebody else was quicker
		} else if err != nil {
			return err
		}
		notes, err = s.notes(tx, grant)
		return err
	})
	if errors.Is(err, ErrRefused) {
		err = ErrNoCard
	}
	return OpenedLink{Opened: opened, Key: [32]byte(inside[len(cards.Secret{}):]), Notes: notes}, err
}
