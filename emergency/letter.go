package emergency

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
)

// The ways by which a letter goes out.
const (
	WayMail  = "mail"
	WayPhone = "phone" // by a gateway behind the webhook
)

// Letter is a notice on its way. Whoever takes one has it alone until the lease ends, and says with SettleLetter what became of it.
type Letter struct {
	ID       NoticeID // the same in each attempt: whoever gets it twice can tell
	Kind     string
	Mail     string // "" when nothing is to be mailed, or not any more
	Phone    string // "" when no gateway is to be asked, or not any more
	Lang     string
	Initials string
	Link     string
	Drill    bool
	At       time.Time // when it was written
	attempt  int
}

// Delivery is what came of one way of a letter. A way that nothing is said of was not tried, and is as it was.
type Delivery struct {
	Way     string
	Failure string // "" when it went out, else the class of what went wrong: a lower-case word that names nobody
	Refused bool   // whoever was asked will never take it
}

// letterLease is how long a letter belongs to whoever took it. Nobody may work longer than that on what he takes at once.
const letterLease = 2 * time.Minute

// letterPatience is how long a letter that failed before is tried again; one that was never tried is sent as long as its link works.
const letterPatience = 3 * 24 * time.Hour

// letterWaits are the times between attempts. After the last of them a letter is given up.
var letterWaits = [...]time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour}

// waylessWait is when a letter is looked at again that no present way can carry.
const waylessWait = time.Hour

// Why a letter is given up without an attempt.
const (
	failedUnreadable = "unreadable" // it does not open with this house's data key
	failedTooLate    = "too_late"   // its link has ended
	failedWayless    = "no_way"     // the house has no sender for it
	failedStopped    = "stopped"    // whom it was for is no contact any more
)

// CanTell reports whether this house sends anything. While it does not, notices wait.
func (s *Service) CanTell() bool { return len(s.Ways) > 0 }

// WatchLetters returns a channel that is sent to when a letter was written, and what ends that.
func (s *Service) WatchLetters() (<-chan struct{}, func()) { return s.watchers.watch(outboxKey) }

// NextLetter is how long it is until a letter is due, ErrNotFound when none waits.
func (s *Service) NextLetter(ctx context.Context) (time.Duration, error) {
	var next time.Time
	err := s.Store.View(ctx, func(r Reader) (err error) {
		next, err = r.NextNotice()
		return err
	})
	return max(0, next.Sub(s.now())), err
}

// TakeLetters takes at most limit letters that are due, the oldest first. Each is on lease: when nobody settles it, because the server stopped or the
// power failed, it is due again afterwards.
func (s *Service) TakeLetters(ctx context.Context, limit int) ([]Letter, error) {
	var letters []Letter
	err := s.Store.Update(ctx, func(tx Tx) error {
		letters = nil
		now := s.now()
		due, err := tx.DueNotices(now, limit)
		if err != nil {
			return err
		}
		for _, notice := range due {
			letter, err := s.takeLetter(tx, notice, now)
			if err != nil {
				return err
			}
			if letter != nil {
				letters = append(letters, *letter)
			}
		}
		return nil
	})
	return letters, err
}

// takeLetter leases one notice. Nothing is returned for one that is given up, or that has to wait until there is a way.
func (s *Service) takeLetter(tx Tx, notice Notice, now time.Time) (*Letter, error) {
	l, err := s.openLetter(notice)
	if err != nil {
		s.Logger.Error("a notice does not open and is given up", "notice", notice.ID, "err", err)
		return nil, s.endNotice(tx, &notice, letter{}, failedUnreadable)
	}
	stopped, err := stoppedContact(tx, notice.Contact)
	if err != nil {
		return nil, err
	}
	age, ways := now.Sub(notice.CreatedAt), l.open(s.Ways)
	switch {
	case stopped:
		return nil, s.endLetter(tx, &notice, l, failedStopped)
	case age > eventLife:
		return nil, s.endLetter(tx, &notice, l, failedTooLate)
	case len(ways) == 0 && notice.Attempts > 0 && age > letterPatience:
		return nil, s.endLetter(tx, &notice, l, failedWayless)
	case len(ways) == 0:
		notice.DueAt = now.Add(waylessWait)
		return nil, tx.PutNotice(notice)
	}
	notice.Attempts++
	notice.DueAt = now.Add(letterLease)
	taken := &Letter{ID: notice.ID, Kind: l.Kind, Lang: l.Lang, Initials: l.Initials, Link: l.Link, Drill: l.Drill, At: notice.CreatedAt, attempt: notice.Attempts}
	if slices.Contains(ways, WayMail) {
		taken.Mail = l.Mail
	}
	if slices.Contains(ways, WayPhone) {
		taken.Phone = l.Phone
	}
	return taken, tx.PutNotice(notice)
}

// SettleLetter writes down what came of an attempt and returns the state of the notice. What went out has gone out, whoever says so; a failure counts only
// for whoever has the lease. An attempt that was broken off counts for nothing: the letter is due at once.
func (s *Service) SettleLetter(ctx context.Context, taken Letter, deliveries []Delivery) (state string, err error) {
	err = s.Store.Update(ctx, func(tx Tx) error {
		notice, err := tx.Notice(taken.ID)
		if errors.Is(err, ErrNotFound) {
			state = NoticeSent // the patient was deleted meanwhile, and with them whom to tell
			return nil
		}
		if err != nil {
			return err
		}
		state = notice.State
		if state != NoticeWaiting {
			return nil
		}
		l, err := s.openLetter(notice)
		if err != nil {
			return err
		}
		err = s.settle(tx, &notice, l, taken.attempt, deliveries)
		state = notice.State
		return err
	})
	return state, err
}

// settle is SettleLetter for a notice that waits.
func (s *Service) settle(tx Tx, notice *Notice, l letter, attempt int, deliveries []Delivery) error {
	failed := l.note(deliveries)
	now := s.now()
	spent := notice.Attempts > len(letterWaits) || now.Sub(notice.CreatedAt) > letterPatience
	switch {
	case len(l.open(s.Ways)) == 0:
		return s.endLetter(tx, notice, l, failed)
	case notice.Attempts != attempt: // somebody else is at it
		return s.putLetter(tx, notice, l)
	case failed == "":
		notice.Attempts, notice.DueAt = attempt-1, now
		return s.putLetter(tx, notice, l)
	case spent:
		return s.endLetter(tx, notice, l, failed)
	}
	var random [2]byte
	if _, err := io.ReadFull(s.Rand, random[:]); err != nil {
		return err
	}
	wait := letterWaits[attempt-1]
	// Up to a quarter more, so that what failed together does not come back together.
	notice.DueAt = now.Add(wait + wait/4*time.Duration(binary.BigEndian.Uint16(random[:]))/(1<<16)).Truncate(time.Millisecond)
	l.Failed = failed
	return s.putLetter(tx, notice, l)
}

// endLetter ends a notice: sent when it has gone out by any way. What is sent forgets to whom; what is dead keeps it for a month, should an operator
// want it tried again.
func (s *Service) endLetter(tx Tx, notice *Notice, l letter, failed string) error {
	l.Failed = failed
	if len(l.Sent) > 0 {
		l.Mail, l.Phone, l.Initials, l.Link = "", "", "", ""
	}
	sealed, err := s.sealLetter(notice.ID, l)
	if err != nil {
		return err
	}
	notice.Sealed = sealed
	return s.endNotice(tx, notice, l, failed)
}

// endNotice is endLetter for a notice whose letter stays as it is. What is given up is told to the keepers by an entry.
func (s *Service) endNotice(tx Tx, notice *Notice, l letter, failed string) error {
	notice.State, notice.EndedAt = NoticeSent, s.now()
	if len(l.Sent) == 0 {
		notice.State = NoticeDead
	}
	if notice.State == NoticeDead && failed != failedStopped {
		event := audit.Event{Type: audit.NoticeFailed, At: s.clock(), Subject: string(notice.Patient), Actor: audit.Actor{Kind: audit.ByServer},
			Outcome: audit.Done, Details: map[string]string{"why": failed}}
		if l.Kind != "" {
			event.Details["kind"] = l.Kind
		}
		tx.Append(event)
	}
	return tx.PutNotice(*notice)
}

// stoppedContact reports whether a letter is for somebody who was a contact once: they are not told any more, not even of what happened before.
func stoppedContact(r Reader, id ContactID) (bool, error) {
	if id == "" {
		return false, nil
	}
	contact, err := r.Contact(id)
	if errors.Is(err, ErrNotFound) {
		return true, nil
	}
	return !contact.StoppedAt.IsZero(), err
}

// open are the ways of ways by which l is still to go out.
func (l letter) open(ways []string) []string {
	var open []string
	for _, way := range ways {
		has := way == WayMail && l.Mail != "" || way == WayPhone && l.Phone != ""
		if has && !slices.Contains(l.Sent, way) && !slices.Contains(l.Refused, way) {
			open = append(open, way)
		}
	}
	return open
}

// note writes down what came of some ways, and returns the last failure.
func (l *letter) note(deliveries []Delivery) (failed string) {
	for _, d := range deliveries {
		switch {
		case d.Failure == "":
			l.Sent = append(l.Sent, d.Way)
			continue
		case d.Refused:
			l.Refused = append(l.Refused, d.Way)
		}
		failed = d.Failure
	}
	return failed
}

func (s *Service) openLetter(notice Notice) (letter, error) {
	var l letter
	plain, err := s.unseal("notice", "letter", string(notice.ID), notice.Sealed)
	if err != nil {
		return l, err
	}
	return l, json.Unmarshal(plain, &l)
}

func (s *Service) sealLetter(id NoticeID, l letter) ([]byte, error) {
	plain, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return s.seal("notice", "letter", string(id), plain)
}

func (s *Service) putLetter(tx Tx, notice *Notice, l letter) (err error) {
	if notice.Sealed, err = s.sealLetter(notice.ID, l); err != nil {
		return err
	}
	return tx.PutNotice(*notice)
}
