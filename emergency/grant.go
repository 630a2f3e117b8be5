package emergency

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/section"
)

// GrantView is an opening as a keeper sees it: what was opened, to whom as they said, and until when.
type GrantView struct {
	ID       GrantID
	Card     string // "" for a contact who asked without one
	Step     string
	Sections section.Set
	Withheld bool // what was opened is not said to the caller
	From     time.Time
	Until    time.Time
	EndedAt  time.Time // by a keeper, a veto or a revocation, before its time; zero otherwise
	Running  bool
	Drill    bool
	Stated   Stated
	Thread   ThreadView
}

// Grant returns an opening of a patient whom the caller keeps, with what was written while it ran.
func (s *Service) Grant(ctx context.Context, c Caller, id PatientID, grant GrantID) (GrantView, error) {
	var view GrantView
	err := s.Store.View(ctx, func(r Reader) error {
		row, err := s.keptGrant(r, c, id, grant)
		if err != nil {
			return err
		}
		if view, err = s.viewGrant(r, row); err != nil {
			return err
		}
		patient, err := r.Patient(id)
		if err != nil {
			return err
		}
		hides, err := s.hiddenFrom(r, c, patient)
		view = hides.grant(view)
		return err
	})
	return view, err
}

func (s *Service) viewGrant(r Reader, row Grant) (GrantView, error) {
	view := GrantView{ID: row.ID, Step: row.Step, Sections: row.Sections, From: row.From, Until: row.Until, EndedAt: row.EndedAt,
		Running: row.running(s.now()), Drill: row.Drill}
	if row.Card != (cards.ID{}) {
		view.Card = row.Card.String()
	}
	var err error
	if view.Stated, err = s.openStated("grant", string(row.ID), row.SealedStated); err != nil {
		return view, err
	}
	view.Thread, err = s.thread(r, row, 0)
	return view, err
}

// maxExported is how many openings an export tells of, the newest ones. The log in it tells of all.
const maxExported = 10_000

// grants lists the openings of a patient whom the caller keeps, newest first.
func (s *Service) grants(ctx context.Context, c Caller, id PatientID) ([]GrantView, error) {
	views := []GrantView{}
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		hides, err := s.hiddenFrom(r, c, patient)
		if err != nil {
			return err
		}
		rows, err := r.Grants(GrantFilter{Patient: id, Limit: maxExported})
		if err != nil {
			return err
		}
		for _, row := range rows {
			view, err := s.viewGrant(r, row)
			if err != nil {
				return err
			}
			views = append(views, hides.grant(view))
		}
		return nil
	})
	return views, err
}

// keptGrant reads a grant of a patient whom the caller keeps. One of somebody else is not told from one that is not there.
func (s *Service) keptGrant(r Reader, c Caller, id PatientID, grant GrantID) (Grant, error) {
	if _, err := s.keptIn(r, c, id); err != nil {
		return Grant{}, err
	}
	row, err := r.GrantByID(grant)
	if err != nil {
		return Grant{}, err
	}
	if row.Patient != id {
		return Grant{}, ErrNotFound
	}
	return row, nil
}

// EndGrant ends an opening at once, before its time. It needs no fresh passkey: it must be quick.
func (s *Service) EndGrant(ctx context.Context, c Caller, id PatientID, grant GrantID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		row, err := s.keptGrant(tx, c, id, grant)
		if err != nil {
			return err
		}
		now := s.now()
		if !row.running(now) {
			return ErrNotFound
		}
		event := s.event(c, audit.GrantEnded, string(id))
		event.Grant = string(row.ID)
		if row.Card != (cards.ID{}) {
			event.Card = row.Card.String()
		}
		tx.Append(event)
		row.EndedAt = now
		return tx.PutGrant(row)
	})
}

// runningGrant is the grant of a responder's token while it runs. One that has ended and one that never was are refused alike.
func (s *Service) runningGrant(r Reader, token string) (Grant, error) {
	row, err := r.Grant(hashGrant(token))
	if errors.Is(err, ErrNotFound) || err == nil && (!row.running(s.now()) || row.Step == stepLink) {
		return Grant{}, errOver()
	}
	return row, err
}
