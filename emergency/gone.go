package emergency

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

// A backup that is restored brings back what was taken away after it was made: words of the log, patients, accounts, cards. So what is gone for good is listed
// outside the database too, before whoever took it away is told that it is gone, and a house that was restored takes it away again.
//
// The list is written when the change is durable. What is not on it was not acknowledged: after a crash between the two the newest entries of the log tell what is
// missing there. What is on it is gone, so there is nothing on it that somebody asked for in vain.

// Gone names one thing that is gone for good. Exactly one of Entry, Patient, Account and Card is set.
type Gone struct {
	Entry  EntryPlace   // an entry of the log that has lost its words; what was erased by age is not listed: it is so again the next night
	Leaf   tlog.Hash    // of the entry: another one may stand in its place in a log that was set back unnoticed, and is not meant
	Ground audit.Ground // why it was erased

	Patient PatientID // deleted
	Account AccountID // deleted
	Card    cards.ID  // revoked
}

// GoneList is the list of what is gone, in a place where a restored backup does not reach it.
type GoneList interface {
	// Add puts things at the end of the list and returns nil once they are durable. Without any it tries whether it could.
	Add(ctx context.Context, gone ...Gone) error

	// Read hands over the list in order, in parts of at most 100, all of it or the newest hundreds alone. What cannot be read is passed over and counted.
	Read(ctx context.Context, recent bool, each func([]Gone) error) (unreadable int, err error)
}

// maxUnlisted is how many things wait in memory for a list that cannot be written.
const maxUnlisted = 10_000

// unlisted is what is gone and not on the list, because that could not be written.
type unlisted struct {
	mu   sync.Mutex
	gone []Gone
}

// list puts what is gone on the list. While that does not succeed Sweep tries again: what is gone stays so, listed or not.
func (s *Service) list(ctx context.Context, gone ...Gone) (listed bool) {
	s.unlisted.mu.Lock()
	defer s.unlisted.mu.Unlock()
	waiting := append(s.unlisted.gone, gone...)
	if s.Gone == nil || len(waiting) == 0 {
		return true
	}
	if err := s.Gone.Add(context.WithoutCancel(ctx), waiting...); err != nil {
		s.Logger.ErrorContext(ctx, "what was erased, deleted or revoked could not be listed outside the database: a restored backup would bring it back", "waiting", len(waiting), "err", err)
		s.unlisted.gone = waiting[max(0, len(waiting)-maxUnlisted):]
		return false
	}
	s.unlisted.gone = nil
	return true
}

// canList returns ErrUnlisted when the list cannot be written.
func (s *Service) canList(ctx context.Context) error {
	if s.Gone == nil {
		return nil
	}
	if err := s.Gone.Add(ctx); err != nil {
		return ErrUnlisted.because(err)
	}
	return nil
}

// goneOf are the entries of a batch that was erased.
func goneOf(batch []audit.Erasable, ground audit.Ground) []Gone {
	gone := make([]Gone, len(batch))
	for i, each := range batch {
		gone[i] = Gone{Entry: EntryPlace{Epoch: each.Entry.Epoch, Index: each.Entry.Index}, Leaf: each.Erased.Leaf, Ground: ground}
	}
	return gone
}

func (t *touching) PutRevocation(card cards.ID) error {
	t.gone = append(t.gone, Gone{Card: card})
	return t.Tx.PutRevocation(card)
}

func (t *touching) PutPatient(p Patient) error {
	if !p.DeletedAt.IsZero() {
		t.gone = append(t.gone, Gone{Patient: p.ID})
	}
	return t.Tx.PutPatient(p)
}

func (t *touching) PutAccount(a Account) error {
	if !a.DeletedAt.IsZero() {
		t.gone = append(t.gone, Gone{Account: a.ID})
	}
	return t.Tx.PutAccount(a)
}

// Repeated says what Repeat found on the list and took away again.
type Repeated struct {
	Listed     int // on the part of the list that was read
	Unreadable int // lines of it, damaged or under a key that is not here
	Entries    int // that have lost their words again
	Patients   int // deleted again
	Accounts   int
	Cards      int // revoked again
	Left       int // entries that have words again and keep them: somebody has yet to answer for them, or they are damaged
}

// Any reports whether anything was taken away.
func (r Repeated) Any() bool { return r.Entries+r.Patients+r.Accounts+r.Cards > 0 }

// restored is what an entry gives as the reason of what Repeat does. It stands in the log for good, so it is in one language.
const restored = "restored backup"

// Repeat takes away again what the list says is gone and the store still has, as after a restore; each thing with its entry. It reads all of the list when whole is
// set; else it lists first what a crash has left out, and goes on only when the newest of the list shows that the store was set back. What the store never had, because it came after the backup, needs nothing.
func (s *Service) Repeat(ctx context.Context, c Caller, whole bool) (done Repeated, err error) {
	if !c.Operator {
		return done, errNoOperator
	}
	if s.Gone == nil {
		return done, nil
	}
	if !whole {
		if err := s.catchUp(ctx); err != nil {
			return done, err
		}
		if whole, err = s.setBack(ctx); err != nil || !whole {
			return done, err
		}
	}
	defer func() {
		if done.Any() {
			_ = s.scrub(ctx)
		}
	}()
	done.Unreadable, err = s.Gone.Read(ctx, false, func(part []Gone) error {
		done.Listed += len(part)
		return s.repeat(ctx, c, part, &done)
	})
	return done, err
}

// caughtUp is how many of the newest entries catchUp reads.
const caughtUp = 256

// catchUp lists what the newest entries say is gone and the newest of the list does not have: a crash came between the two.
func (s *Service) catchUp(ctx context.Context) error {
	newest, err := s.Log.Newest(ctx, caughtUp)
	if err != nil {
		return err
	}
	var said []Gone
	for _, p := range newest {
		gone := Gone{}
		switch p.Type {
		case audit.EntryErased:
			if erased, err := audit.ParseErased(p); err == nil && erased.Ground != audit.OnAge {
				gone = Gone{Entry: EntryPlace{Epoch: erased.Epoch, Index: erased.Index}, Leaf: erased.Leaf, Ground: erased.Ground}
			}
		case audit.CardRevoked:
			gone.Card, _ = cards.ParseID(p.Card)
		case audit.PatientDeleted:
			gone.Patient = PatientID(p.Subject)
		case audit.AccountDeleted:
			gone.Account = AccountID(p.Subject)
		}
		if gone != (Gone{}) {
			said = append(said, gone)
		}
	}
	if len(said) == 0 {
		return nil
	}
	listed := make(map[Gone]bool)
	if _, err := s.Gone.Read(ctx, true, func(part []Gone) error {
		for _, gone := range part {
			listed[gone] = true
		}
		return nil
	}); err != nil {
		return err
	}
	s.list(ctx, slices.DeleteFunc(said, func(gone Gone) bool { return listed[gone] })...)
	return nil
}

// setBack reports whether the newest things of the list are here again. When the store has none of them it cannot tell, and says so of a list that has any.
func (s *Service) setBack(ctx context.Context) (back bool, err error) {
	listed, known := false, false
	_, err = s.Gone.Read(ctx, true, func(part []Gone) error {
		for _, gone := range part {
			listed = true
			state, _, err := s.stateOf(ctx, gone)
			if err != nil {
				return err
			}
			back, known = back || state == goneBack, known || state != goneNever
		}
		return nil
	})
	return back || listed && !known, err
}

// What a store says of a thing that is on the list.
const (
	goneNever = iota // it is not here at all
	goneStill        // it is gone
	goneBack         // it is here again
)

// stateOf looks for one thing of the list. The entry is returned when it is here again and can be erased.
func (s *Service) stateOf(ctx context.Context, gone Gone) (state int, entry *audit.Erasable, err error) {
	if gone.Entry != (EntryPlace{}) {
		found, err := s.Log.Erasable(ctx, gone.Entry.Epoch, gone.Entry.Index)
		var damage *audit.VerifyError
		switch {
		case errors.Is(err, audit.ErrErase):
			return goneStill, nil, nil
		case errors.Is(err, audit.ErrNotFound):
			return goneNever, nil, nil
		case errors.As(err, &damage):
			return goneBack, nil, nil
		case err != nil:
			return goneNever, nil, err
		case found.Erased.Leaf != gone.Leaf:
			return goneNever, nil, nil
		}
		return goneBack, &found, nil
	}
	var since time.Time // when it went, zero while it is here
	err = s.Store.View(ctx, func(r Reader) error {
		switch {
		case gone.Patient != "":
			patient, err := r.Patient(gone.Patient)
			since = patient.DeletedAt
			return err
		case gone.Account != "":
			account, err := r.Account(gone.Account)
			since = account.DeletedAt
			return err
		default:
			card, err := r.Card(gone.Card)
			since = card.RevokedAt
			return err
		}
	})
	switch {
	case errors.Is(err, ErrNotFound):
		return goneNever, nil, nil
	case err != nil:
		return goneNever, nil, err
	case since.IsZero():
		return goneBack, nil, nil
	}
	return goneStill, nil, nil
}

// repeat takes away again what is back of a part of the list. It is not listed a second time.
func (s *Service) repeat(ctx context.Context, c Caller, part []Gone, done *Repeated) error {
	back := make(map[audit.Ground][]audit.Erasable)
	listed := make(map[EntryPlace]bool)
	for _, gone := range part {
		if gone.Entry != (EntryPlace{}) && listed[gone.Entry] {
			continue
		}
		listed[gone.Entry] = true
		state, entry, err := s.stateOf(ctx, gone)
		switch {
		case err != nil:
			return err
		case state != goneBack:
		case entry != nil:
			back[gone.Ground] = append(back[gone.Ground], *entry)
		case gone.Entry != (EntryPlace{}):
			done.Left++
		default:
			if err := s.removeAgain(ctx, c, gone, done); err != nil {
				return err
			}
		}
	}
	for _, ground := range audit.Grounds() {
		if found := back[ground]; len(found) > 0 {
			event := s.event(c, audit.EntryErased, "")
			event.ReasonText = restored
			erased, err := s.eraseSome(ctx, c, found, event, ground)
			if err != nil {
				return err
			}
			done.Entries, done.Left = done.Entries+len(erased), done.Left+len(found)-len(erased)
		}
	}
	return nil
}

// removeAgain deletes a patient or an account again, or revokes a card. The record of a card's patient stays sealed to that card until it is sealed the next
// time; the card opens nothing without its row, and the backup held that seal already.
func (s *Service) removeAgain(ctx context.Context, c Caller, gone Gone, done *Repeated) error {
	count := &done.Cards
	switch {
	case gone.Patient != "":
		count = &done.Patients
	case gone.Account != "":
		count = &done.Accounts
	}
	unlisted := s.Store.(waking).Store // it is on the list already
	err := unlisted.Update(ctx, func(tx Tx) error {
		tx = again{tx}
		switch {
		case gone.Patient != "":
			patient, err := tx.Patient(gone.Patient)
			if err != nil {
				return err
			}
			return s.removePatient(tx, c, patient, nil)
		case gone.Account != "":
			c.Account = gone.Account
			return s.deleteAccount(tx, c, nil)
		default:
			return s.revoke(tx, c, gone.Card)
		}
	})
	if err == nil {
		*count++
	}
	return err
}

// again is a transaction whose entries say that a backup was restored.
type again struct{ Tx }

func (a again) Append(event audit.Event) *audit.Placed {
	event.ReasonText = restored
	return a.Tx.Append(event)
}
