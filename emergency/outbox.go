package emergency

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
)

// NoticeView is a notice as a keeper sees it: whom it concerns by the name that the keeper gave them, never where it went.
type NoticeView struct {
	ID       NoticeID
	Kind     string
	Contact  ContactID
	Name     string // what the patient calls the contact
	Own      bool   // the patient's or a keeper's own address
	Drill    bool
	State    string // NoticeWaiting, NoticeSent, NoticeDead
	Attempts int
	At       time.Time
	NextAt   time.Time // of the next attempt, for one that waits
	EndedAt  time.Time
}

// maxNotices is how many notices are listed at once, the newest.
const maxNotices = 100

// Notices lists what was sent, or was to be sent, about a patient in the last month, the newest first.
func (s *Service) Notices(ctx context.Context, c Caller, id PatientID) ([]NoticeView, error) {
	var views []NoticeView
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		contacts, err := r.Contacts(id)
		if err != nil {
			return err
		}
		named := make(map[ContactID]contactDetails, len(contacts))
		for _, contact := range contacts {
			if named[contact.ID], err = s.openContact(contact); err != nil {
				return err
			}
		}
		rows, err := r.Notices(id)
		if err != nil {
			return err
		}
		for _, row := range slices.Backward(rows[max(0, len(rows)-maxNotices):]) {
			l, err := s.openLetter(row)
			if err != nil {
				return err
			}
			if l.Failed == failedStopped {
				continue
			}
			view := NoticeView{ID: row.ID, Kind: l.Kind, Contact: row.Contact, Name: named[row.Contact].Name, Own: named[row.Contact].Own, Drill: l.Drill,
				State: row.State, Attempts: row.Attempts, At: row.CreatedAt, EndedAt: row.EndedAt}
			if row.State == NoticeWaiting {
				view.NextAt = row.DueAt
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

// DeadLetter is a notice that was given up, as an operator sees it: nobody's name, nobody's address.
type DeadLetter struct {
	ID       NoticeID
	Kind     string
	At       time.Time
	EndedAt  time.Time
	Attempts int
	Failure  string // the class of what went wrong last
}

// maxDeadLetters is how many of them are listed at once, the newest.
const maxDeadLetters = 1000

// DeadLetters lists the notices that were given up in the last month, the newest first.
func (s *Service) DeadLetters(ctx context.Context, c Caller) ([]DeadLetter, error) {
	if !c.Operator {
		return nil, ErrSignIn
	}
	var letters []DeadLetter
	err := s.Store.View(ctx, func(r Reader) error {
		rows, err := r.DeadNotices(maxDeadLetters)
		if err != nil {
			return err
		}
		for _, row := range rows {
			dead := DeadLetter{ID: row.ID, At: row.CreatedAt, EndedAt: row.EndedAt, Attempts: row.Attempts, Failure: failedUnreadable}
			if l, err := s.openLetter(row); err == nil {
				dead.Kind, dead.Failure = l.Kind, l.Failed
			}
			letters = append(letters, dead)
		}
		return nil
	})
	return letters, err
}

// RetryLetter sends a notice that was given up anew, from the first attempt on. One whose link has ended is ErrInvalid: it would lead nowhere.
func (s *Service) RetryLetter(ctx context.Context, c Caller, id NoticeID) error {
	if !c.Operator {
		return ErrSignIn
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		notice, err := tx.Notice(id)
		if err != nil {
			return err
		}
		if notice.State != NoticeDead {
			return ErrNotFound
		}
		now := s.now()
		if now.Sub(notice.CreatedAt) > eventLife {
			return ErrInvalid.with("field", "id")
		}
		l, err := s.openLetter(notice)
		if err != nil {
			return err
		}
		if stopped, err := stoppedContact(tx, notice.Contact); err != nil || stopped {
			return errors.Join(err, ErrNotFound)
		}
		l.Refused, l.Failed = nil, ""
		notice.State, notice.Attempts, notice.DueAt, notice.EndedAt = NoticeWaiting, 0, now, time.Time{}
		event := s.event(c, audit.NoticeRepeated, string(notice.Patient))
		event.Details = map[string]string{"kind": l.Kind}
		tx.Append(event)
		return s.putLetter(tx, &notice, l)
	})
}
