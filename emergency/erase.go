package emergency

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/locket-health/locket/audit"
)

// Words of the log can be erased, by right or by age; that something was written cannot. Erasing takes the payload and the salt of an entry away, and what a
// responder had stated at the opening that it is about, and writes an entry that says so, in one transaction.
//
// What an erased entry still shows: its place and number, the pseudonym, what kind of thing happened and when, its leaf and proof. A backup that was made
// before holds the words until it expires.

// MinLogLife is the shortest time for which a house keeps the words of its log: how long somebody has to bring a claim in most places.
const MinLogLife = 3 * 365 * 24 * time.Hour

// erasedAtOnce is how many entries are erased in one transaction: responders wait for it.
const erasedAtOnce = 100

// EntryPlace names an entry.
type EntryPlace struct {
	Epoch int // from 1
	Index int64
}

// Erasure says which entries lose their words and why.
type Erasure struct {
	Subject   string       // patient or account: all that there is of them; "" when Entries are named
	Grant     GrantID      // of the subject's entries those about this opening alone; "" for all
	Entries   []EntryPlace // single ones, for an operator
	Ground    audit.Ground // not audit.OnAge
	Reference string       // to a letter or a case, for whoever asks later; at most 100 characters, no name: it stays for good
}

// Erasures says what came of an erasure.
type Erasures struct {
	Erased int
	Kept   int // what operators and officers read and answered, and openings that still run or whose review waits for an answer
	// Pending says that readers kept a file of the store in use which still holds the words. This service takes them out in Sweep, and any that is started after
	// it; a command has to be run again.
	Pending bool
	// Unlisted says that what was erased could not be put on the list of what is gone: a restored backup would bring it back. This service tries again in Sweep.
	Unlisted bool
}

// maxReference bounds Erasure.Reference, and maxErased how many single entries are named at once.
const (
	maxReference = 100
	maxErased    = 1000
)

// EraseEntries erases words of the log, for an operator or for a privacy officer with a passkey touched just now. Nobody erases the traces of what
// operators and officers read and answered, nor of what they opened themselves; an opening that still runs, or that a keeper called wrong and nobody has answered
// for, keeps its words until then.
//
// It returns ErrNotFound when there is no such entry, ErrConflict when a single one has no words to erase, and a *audit.VerifyError for one that is damaged: that
// is evidence, and ErrUnlisted when the list of what is gone cannot be written. What was erased before an error stays erased; each entry is erased together with
// the entry that says so.
func (s *Service) EraseEntries(ctx context.Context, c Caller, e Erasure) (done Erasures, err error) {
	if err := s.mayErase(ctx, c); err != nil {
		return done, err
	}
	if err := e.check(); err != nil {
		return done, err
	}
	if len(e.Entries) > 0 && !c.Operator {
		return done, ErrNotFound
	}
	if err := s.canList(ctx); err != nil {
		return done, err
	}
	defer func() {
		if err == nil || done.Erased > 0 || errors.Is(err, ErrConflict) { // asked for again: because of a file that was in use
			done.Pending = s.scrub(ctx) != nil
		}
	}()
	event := s.event(c, audit.EntryErased, "")
	event.Actor.Kind, event.ReasonText = audit.ByOperator, e.Reference
	if len(e.Entries) > 0 {
		return s.eraseNamed(ctx, c, e, event)
	}
	return s.eraseSubject(ctx, c, e, event)
}

func (s *Service) mayErase(ctx context.Context, c Caller) error {
	if c.Operator {
		return nil
	}
	if err := s.Store.View(ctx, func(r Reader) error { return officer(r, c) }); err != nil {
		return err
	}
	if !c.fresh(s.now()) {
		return ErrFreshPasskey
	}
	return nil
}

func (e *Erasure) check() error {
	e.Reference = strings.TrimSpace(e.Reference)
	control := func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
	switch {
	case !slices.Contains(audit.Grounds(), e.Ground) || e.Ground == audit.OnAge:
		return ErrInvalid.with("field", "ground")
	case utf8.RuneCountInString(e.Reference) > maxReference || !utf8.ValidString(e.Reference) || strings.ContainsFunc(e.Reference, control):
		return ErrInvalid.with("field", "reference")
	case (e.Subject == "") == (len(e.Entries) == 0) || e.Subject == "" && e.Grant != "" || len(e.Entries) > maxErased:
		return ErrInvalid.with("field", "entries")
	}
	return nil
}

// eraseSubject erases what there is of a subject, in batches.
func (s *Service) eraseSubject(ctx context.Context, c Caller, e Erasure, event audit.Event) (done Erasures, err error) {
	var last uint64 // what is written from now on is not asked for
	if err := s.Store.View(ctx, func(r Reader) error {
		if !c.Operator { // an officer asks for patients: accounts are their own too
			if _, err := r.Patient(PatientID(e.Subject)); err != nil {
				return err
			}
		}
		last, err = r.LastEntry(e.Subject)
		return err
	}); err != nil {
		return done, err
	}
	if last == 0 {
		return done, ErrNotFound
	}
	for after := uint64(0); ; {
		found, err := s.Log.ErasableOf(ctx, e.Subject, after, last, erasedAtOnce)
		if err != nil || len(found) == 0 {
			return done, err
		}
		after = found[len(found)-1].Entry.Seq
		if e.Grant != "" {
			found = slices.DeleteFunc(found, func(each audit.Erasable) bool { return each.Payload.Grant != string(e.Grant) })
		}
		if err := s.eraseBatch(ctx, c, found, event, e.Ground, &done); err != nil {
			return done, err
		}
	}
}

// eraseNamed erases single entries.
func (s *Service) eraseNamed(ctx context.Context, c Caller, e Erasure, event audit.Event) (done Erasures, err error) {
	var found []audit.Erasable
	for _, place := range e.Entries {
		each, err := s.Log.Erasable(ctx, place.Epoch, place.Index)
		switch {
		case errors.Is(err, audit.ErrNotFound):
			return done, ErrNotFound
		case errors.Is(err, audit.ErrErase):
			return done, ErrConflict.because(fmt.Errorf("entry %d of epoch %d: %w", place.Index, place.Epoch, err))
		case err != nil:
			return done, err
		}
		found = append(found, each)
	}
	for batch := range slices.Chunk(found, erasedAtOnce) {
		if err := s.eraseBatch(ctx, c, batch, event, e.Ground, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// eraseBatch erases those that may be, lists them as gone, and counts.
func (s *Service) eraseBatch(ctx context.Context, c Caller, found []audit.Erasable, event audit.Event, ground audit.Ground, done *Erasures) error {
	erased, err := s.eraseSome(ctx, c, found, event, ground)
	if err != nil {
		return err
	}
	done.Erased, done.Kept = done.Erased+len(erased), done.Kept+len(found)-len(erased)
	done.Unlisted = !s.list(ctx, goneOf(erased, ground)...)
	return nil
}

// eraseSome erases those that may be, in one transaction, and returns them.
func (s *Service) eraseSome(ctx context.Context, c Caller, found []audit.Erasable, event audit.Event, ground audit.Ground) (erased []audit.Erasable, err error) {
	if len(found) == 0 {
		return nil, nil
	}
	err = s.erase(ctx, event, ground, func(tx Tx) (batch []audit.Erasable, err error) {
		if !c.Operator {
			if err := officer(tx, c); err != nil {
				return nil, err
			}
		}
		for _, each := range found {
			keep, err := s.needed(tx, c, each.Payload)
			if err != nil {
				return nil, err
			}
			if !keep {
				batch = append(batch, each)
			}
		}
		erased = batch
		return batch, nil
	})
	return erased, err
}

// oversight are acts of operators and officers that a patient may ask them about: those who did them do not erase them.
var oversight = []audit.Type{audit.OfficerSearched, audit.OfficerExported, audit.DataExported, audit.ReceiptMade, audit.ReviewAnswered}

// needed reports whether somebody still has to answer for what an entry says, or it is about an opening by the caller: nobody answers for themselves.
func (s *Service) needed(r Reader, c Caller, p audit.Payload) (bool, error) {
	if p.Actor.Kind == audit.ByOperator && slices.Contains(oversight, p.Type) {
		return true, nil
	}
	if p.Grant == "" {
		return false, nil
	}
	grant, err := r.GrantByID(GrantID(p.Grant))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil || grant.running(s.now()) || !c.Operator && grant.Member == c.Account {
		return err == nil, err
	}
	review, err := r.Review(grant.ID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !review.DueAt.IsZero() && review.AnsweredAt.IsZero(), err
}

// erase erases the entries that choose names, each together with the entry that says so, in one transaction.
func (s *Service) erase(ctx context.Context, event audit.Event, ground audit.Ground, choose func(Tx) ([]audit.Erasable, error)) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		batch, err := choose(tx)
		if err != nil {
			return err
		}
		for _, each := range batch {
			if err := tx.EraseEntry(each.Entry.Row, event.At); err != nil {
				return err
			}
			if each.Payload.Grant != "" {
				if err := tx.ForgetStated(GrantID(each.Payload.Grant)); err != nil {
					return err
				}
			}
			said, of := event, each.Erased
			of.Ground = ground
			said.Subject, said.Details = each.Entry.Subject, of.Details()
			tx.Append(said)
		}
		return nil
	})
}

// EraseExpired erases the words of entries that are older than life, which is at least [MinLogLife], in transactions of at most batch entries, and returns how
// many lost theirs. The server calls it every night. It refuses when the clock has leapt
// ahead, under the house or since it was last open: a wrong clock must not erase what a right one keeps.
func (s *Service) EraseExpired(ctx context.Context, life time.Duration, batch int) (erased int, err error) {
	if life < MinLogLife || batch < 1 {
		return 0, fmt.Errorf("emergency: the words of the log are kept for at least %d days", MinLogLife/(24*time.Hour))
	}
	if leapt := s.leap(); leapt > 0 {
		return 0, fmt.Errorf("emergency: the clock has leapt ahead by %d days, so nothing is erased by age: "+
			"if the clock is right, start the server again", leapt/(24*time.Hour))
	}
	now := s.clock()
	for from := int64(0); from >= 0; {
		var found []audit.Erasable
		if found, from, err = s.Log.ErasableBefore(ctx, now.Add(-life), from, batch); err != nil {
			break
		}
		event := audit.Event{Type: audit.EntryErased, At: now, Actor: audit.Actor{Kind: audit.ByServer}, Outcome: audit.Done}
		if len(found) == 0 {
			continue
		}
		if err = s.erase(ctx, event, audit.OnAge, func(Tx) ([]audit.Erasable, error) { return found, nil }); err != nil {
			break
		}
		erased += len(found)
	}
	if erased > 0 {
		_ = s.scrub(ctx)
	}
	return erased, err
}

// scrub takes what was deleted out of the files of the store. While it does not succeed, or more was deleted meanwhile, Sweep tries again.
func (s *Service) scrub(ctx context.Context) error {
	upTo := s.deleted.Add(1)
	if err := s.Store.Scrub(context.WithoutCancel(ctx)); err != nil {
		s.Logger.WarnContext(ctx, "what was deleted is still in a file of the database", "err", err)
		return err
	}
	s.scrubbed.Store(upTo)
	return nil
}
