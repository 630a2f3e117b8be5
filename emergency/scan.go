package emergency

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// What the server tells a reader about a card whose front it holds.
const (
	StatusActive  = "active"
	StatusRevoked = "revoked"
	StatusUnknown = "unknown" // no such card, or the reader does not hold its front: the two are not told apart
)

// Scan writes down that a card's address was opened, for cards that exist. The reader's page is served whatever it returns: the front never locks.
func (s *Service) Scan(ctx context.Context, c Caller, id cards.ID) error {
	var patient PatientID
	var drill bool
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if patient, err = r.PatientOf(id); err != nil {
			return err
		}
		drill, err = drillNow(r, patient, s.now())
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil // nobody can grow the log by guessing
	}
	if err != nil {
		return err
	}
	return s.recordLimited(ctx, "scan", id, s.scanEvent(c, id, patient, drill))
}

func (s *Service) scanEvent(c Caller, card cards.ID, patient PatientID, drill bool) audit.Event {
	event := audit.Event{Type: audit.CardScanned, At: s.clock(), Subject: string(patient), Card: card.String(), Outcome: audit.Done,
		Actor: audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed, Network: c.Network}}
	if c.Operator {
		event.Actor = audit.Actor{Kind: audit.ByOperator}
	}
	event.Details = map[string]string{}
	if drill {
		event.Details["drill"] = "yes"
	}
	return event
}

// CardStatus is what the server tells a reader about a card whose front it holds.
type CardStatus struct {
	Status string // StatusActive, StatusRevoked or StatusUnknown
	At     time.Time
	Tap    sun.Verdict // of the last tap of this card by this browser; "" when there was none a short while ago
}

// Status tells whoever holds a card's front whether the card was revoked. tag is cards.FrontTag of the front: it proves that the reader has the
// front, without the secret; mark is Tapped.Mark of the reader's browser. It is not an entry of the log: the scan before it was.
func (s *Service) Status(ctx context.Context, _ Caller, id cards.ID, tag []byte, mark string) (CardStatus, error) {
	var card Card
	var patient Patient
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if card, err = r.Card(id); err != nil {
			return err
		}
		patient, err = r.Patient(card.Patient)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return CardStatus{}, err
	}
	answer := CardStatus{Status: StatusUnknown, At: s.now()}
	tapped, marked := s.openTap(mark, id, answer.At)
	holds := subtle.ConstantTimeCompare(card.Tag[:], tag) == 1
	if err != nil || !holds {
		return answer, nil
	}
	answer.Status = StatusActive
	if !card.RevokedAt.IsZero() || !patient.DeletedAt.IsZero() {
		answer.Status = StatusRevoked
	}
	if marked {
		answer.Tap = tapped.verdict
		if answer.Tap == sun.Reload { // the page of a tap that was live
			answer.Tap = sun.Live
		}
	}
	return answer, nil
}

// Revoked reports whether a card of this house was revoked, for a check at the data directory itself. A card that is not known is not.
func (s *Service) Revoked(ctx context.Context, id cards.ID) (revoked bool, err error) {
	err = s.Store.View(ctx, func(r Reader) error {
		card, err := r.Card(id)
		revoked = !card.RevokedAt.IsZero()
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	return revoked, err
}

// FindByShortCode returns the whole address of the card with the given short code. Every wrong code is one answer, ErrNoCard, after the same time.
func (s *Service) FindByShortCode(ctx context.Context, c Caller, typed string) (string, error) {
	started := time.Now()
	if err := s.guess(ctx, c, guessShortCode, ""); err != nil {
		return "", err
	}
	address, err := s.findByShortCode(ctx, c, typed)
	if errors.Is(err, ErrNotFound) {
		alike(ctx, started)
		return "", ErrNoCard
	}
	return address, err
}

func (s *Service) findByShortCode(ctx context.Context, c Caller, typed string) (string, error) {
	code, err := cards.ParseShortCode(typed)
	if err != nil {
		return "", ErrNotFound
	}
	var row ShortCode
	var card Card
	var drill bool
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if row, err = r.ShortCode(s.finder(code)); err != nil {
			return err
		}
		if card, err = r.Card(row.Card); err != nil {
			return err
		}
		drill, err = drillNow(r, card.Patient, s.now())
		return err
	}); err != nil {
		return "", err
	}
	plain, err := vault.OpenCode(ctx, s.codes, string(code), s.Data.Pepper(), row.Sealed)
	if err != nil {
		return "", err
	}
	event := s.scanEvent(c, card.ID, card.Patient, drill)
	event.Details["via"] = "short_code"
	logged := s.entries.allow("scan", card.ID, s.now(), &event)
	if err := s.Store.Update(ctx, func(tx Tx) error {
		if logged {
			tx.Append(event)
		}
		return s.forgive(tx, c, guessShortCode, "") // a shelter may type hundreds of right ones from one network
	}); err != nil {
		s.Logger.WarnContext(ctx, "a scan could not be logged", "err", err)
	}
	return string(plain), nil
}

// sealCode seals a card's address under its short code.
func (s *Service) sealCode(ctx context.Context, code cards.ShortCode, address []byte) (Token, []byte, error) {
	finder, sealed, err := vault.SealCode(ctx, s.codes, string(code), s.Data.Pepper(), address)
	return finder, sealed, err
}

// finder is the keyed hash by which a short code is found; its key lives outside the database.
func (s *Service) finder(code cards.ShortCode) Token {
	return vault.CodeFinder(string(code), s.Data.Pepper())
}

// One card gives at most entryBurst scans, and as many refusals, within a window: whoever holds a card's address could otherwise fill the log with it. An
// opening is always an entry.
const (
	entryBurst  = 60
	entryWindow = time.Minute
	// cardsWatched bounds the memory of the limit; when it is full it starts anew.
	cardsWatched = 100_000
)

// recordLimited appends an event about a card, unless the card has had its share of such entries for now.
func (s *Service) recordLimited(ctx context.Context, kind string, id cards.ID, event audit.Event) error {
	if !s.entries.allow(kind, id, s.now(), &event) {
		return nil
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		tx.Append(event)
		return nil
	})
}

// entryCounts counts entries by card within the present window.
type entryCounts struct {
	mu     sync.Mutex
	window time.Time
	counts map[entryKey]int
}

type entryKey struct {
	kind string
	card cards.ID
}

// allow counts an entry and reports whether it is within the card's share. The last one before the limit says that more are not logged.
func (e *entryCounts) allow(kind string, id cards.ID, now time.Time, event *audit.Event) bool {
	n := e.count(kind, id, now)
	if n == entryBurst {
		if event.Details == nil {
			event.Details = map[string]string{}
		}
		event.Details["more"] = "not_logged"
	}
	return n <= entryBurst
}

func (e *entryCounts) count(kind string, id cards.ID, now time.Time) int {
	window := now.Truncate(entryWindow)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counts == nil || !e.window.Equal(window) || len(e.counts) >= cardsWatched {
		e.window, e.counts = window, make(map[entryKey]int)
	}
	e.counts[entryKey{kind, id}]++
	return e.counts[entryKey{kind, id}]
}

// frontSections are the sections that something of a front belongs to.
func frontSections(front summary.Front) section.Set {
	set := section.SetOf(section.Identity)
	for _, item := range front.Items {
		set = set.Add(item.Section)
	}
	return set
}

// leafText is a leaf hash as people copy it.
func leafText(leaf [32]byte) string { return hex.EncodeToString(leaf[:]) }
