package emergency

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/rules"
)

// PatientView is a patient as a keeper sees them in a list.
type PatientView struct {
	ID            PatientID
	Name          string
	CreatedAt     time.Time
	RecordVersion int64
	ActiveCards   int
	DrillDue      bool   // the last drill, or the beginning, is six months ago
	Unseen        int    // openings, refusals and erasures that the caller has not looked at yet
	Seen          uint64 // the last log entry that the caller has looked at
	Preset        string
	RulesVersion  int

	erasures int // entries that say what was erased, which the caller has not looked at; countErasures makes some of them Unseen
}

// noticed are the entries that each keeper is told of until they have looked at them. There is no switch for it.
var noticed = []audit.Type{audit.GlassOpened, audit.GlassReopened, audit.GlassRefused, audit.RequestWaiting, audit.RequestApproved,
	audit.MessageSent, audit.ContactStopped, audit.CardTapDoubted, audit.CardReadOffline, audit.RulesProposed, audit.NoticeFailed, audit.ReviewAnswered,
	audit.KeeperAdded, audit.KeeperRemoved, audit.HandedOver}

// Noticed reports whether keepers are told of an entry. That words were erased is told when somebody erased them: what goes by age goes by a published rule.
func Noticed(e audit.Event) bool {
	return slices.Contains(noticed, e.Type) || e.Type == audit.EntryErased && audit.Ground(e.Details["ground"]) != audit.OnAge
}

// maxTold is within how many entries that a keeper has not looked at those which were erased by age are told from the others. Beyond them all are told.
const maxTold = 500

// countErasures adds to a view what was erased, and not by age, since the caller has looked. Only the words of those entries say why it was.
func (s *Service) countErasures(ctx context.Context, view *PatientView) error {
	if view.erasures == 0 {
		return nil
	}
	said, err := s.Log.ErasedOf(ctx, string(view.ID), view.Seen, maxTold)
	if err != nil {
		return err
	}
	byAge := 0
	for _, erased := range said {
		if erased.Ground == audit.OnAge {
			byAge++
		}
	}
	view.Unseen += max(0, view.erasures-byAge) // more may have been erased since the view
	return nil
}

// maxHousehold is how many patients one account keeps at most.
const maxHousehold = 50

// CreatePatient adds a patient to the caller's household, with the Balanced rules until a passkey approves others.
func (s *Service) CreatePatient(ctx context.Context, c Caller, name string) (PatientID, error) {
	if !c.SignedIn() {
		return "", ErrSignIn
	}
	name, err := cleanName("name", name)
	if err != nil {
		return "", err
	}
	id, err := newID(s.Rand)
	if err != nil {
		return "", err
	}
	err = s.Store.Update(ctx, func(tx Tx) error {
		kept, err := tx.Kept(c.Account)
		if err != nil {
			return err
		}
		if len(kept) >= maxHousehold {
			return ErrTooLarge.with("limit", maxHousehold)
		}
		if err := s.addPatient(tx, c, PatientID(id), name); err != nil {
			return err
		}
		return tx.PutKeeper(Keeper{Account: c.Account, Patient: PatientID(id), Role: KeeperOther, AddedAt: s.now()})
	})
	return PatientID(id), err
}

// addPatient writes the rows of a new patient.
func (s *Service) addPatient(tx Tx, c Caller, id PatientID, name string) error {
	patient := Patient{ID: id, RulesVersion: 1, CreatedAt: s.now()}
	var err error
	if patient.SealedName, err = s.seal("patient", "name", string(id), []byte(name)); err != nil {
		return err
	}
	if err := tx.PutPatient(patient); err != nil {
		return err
	}
	tx.Append(s.event(c, audit.PatientCreated, string(id)))
	return s.putRules(tx, patient, rules.Canonical(rules.Balanced()), nil, patient.CreatedAt)
}

// Welcome makes a patient part of the household of every account that is made from now on. The demonstration gives newcomers a family that way.
func (s *Service) Welcome(patient PatientID) { s.welcome = append(s.welcome, patient) }

// Patients lists the caller's household.
func (s *Service) Patients(ctx context.Context, c Caller) ([]PatientView, error) {
	if !c.SignedIn() {
		return nil, ErrSignIn
	}
	var views []PatientView
	err := s.Store.View(ctx, func(r Reader) error {
		patients, err := r.Kept(c.Account)
		if err != nil {
			return err
		}
		for _, p := range patients {
			view, err := s.viewPatient(r, c, p)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		return nil
	})
	for i := range views {
		err = errors.Join(err, s.countErasures(ctx, &views[i]))
	}
	return views, err
}

// Patient returns one of the caller's patients.
func (s *Service) Patient(ctx context.Context, c Caller, id PatientID) (PatientView, error) {
	var view PatientView
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		view, err = s.viewPatient(r, c, patient)
		return err
	})
	if err == nil {
		err = s.countErasures(ctx, &view)
	}
	return view, err
}

func (s *Service) viewPatient(r Reader, c Caller, p Patient) (PatientView, error) {
	name, err := s.unseal("patient", "name", string(p.ID), p.SealedName)
	if err != nil {
		return PatientView{}, err
	}
	view := PatientView{ID: p.ID, Name: string(name), CreatedAt: p.CreatedAt, RecordVersion: p.RecordVersion, RulesVersion: p.RulesVersion}
	seen := p.SeenSeq
	if !c.Operator {
		me, err := r.Keeper(c.Account, p.ID)
		if err != nil {
			return PatientView{}, err
		}
		seen = me.SeenSeq
	}
	view.Seen = seen
	if view.Unseen, err = r.Unseen(p.ID, seen, noticed); err != nil {
		return PatientView{}, err
	}
	if view.erasures, err = r.Unseen(p.ID, seen, []audit.Type{audit.EntryErased}); err != nil {
		return PatientView{}, err
	}
	cards, err := r.Cards(p.ID)
	if err != nil {
		return PatientView{}, err
	}
	for _, card := range cards {
		if card.Active(s.now()) {
			view.ActiveCards++
		}
	}
	view.DrillDue = view.ActiveCards > 0 && p.drillDue(s.now())
	row, err := r.Rules(p.ID)
	if err != nil {
		return PatientView{}, err
	}
	policy, err := s.openRules(row)
	view.Preset = policy.Preset
	return view, err
}

// kept returns a patient whom the caller keeps. A patient of somebody else is not told from one who does not exist.
func (s *Service) kept(ctx context.Context, c Caller, id PatientID) (patient Patient, err error) {
	err = s.Store.View(ctx, func(r Reader) error {
		patient, err = s.keptIn(r, c, id)
		return err
	})
	return patient, err
}

// keptIn is kept inside a transaction.
func (s *Service) keptIn(r Reader, c Caller, id PatientID) (Patient, error) {
	if !c.SignedIn() && !c.Operator {
		return Patient{}, ErrSignIn
	}
	patient, err := r.Patient(id)
	if err != nil {
		return Patient{}, err
	}
	if !patient.DeletedAt.IsZero() {
		return Patient{}, ErrNotFound
	}
	if c.Operator {
		// An operator looks after those whom nobody else keeps, such as a clinic's patients; a record that somebody keeps is not an operator's to read.
		keepers, err := r.Keepers(id)
		if err == nil && len(keepers) > 0 {
			err = ErrNotFound
		}
		return patient, err
	}
	keeps, err := r.Keeps(c.Account, id)
	if err != nil {
		return Patient{}, err
	}
	if !keeps {
		return Patient{}, ErrNotFound
	}
	return patient, nil
}
