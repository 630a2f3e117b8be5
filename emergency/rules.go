package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/rules"
)

// RulesView is a patient's rules as a keeper sees them.
type RulesView struct {
	Policy     rules.Policy
	Preset     string
	Version    int
	ApprovedAt time.Time
	Approved   bool // by a passkey; the preset that a new patient starts with is not
	Guarded    bool // the patient decides, and the caller is a guardian: they may look
	Pending    *PendingView
}

// Rules returns the rules in force.
func (s *Service) Rules(ctx context.Context, c Caller, id PatientID) (RulesView, error) {
	var row Rules
	var pending *PendingView
	var guarded bool
	if err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		if err := s.mayDecide(r, c, patient); errors.Is(err, ErrGuardian) {
			guarded = true
		} else if err != nil {
			return err
		}
		if row, err = r.Rules(id); err != nil {
			return err
		}
		pending, err = s.viewPendingRules(r, id)
		return err
	}); err != nil {
		return RulesView{}, err
	}
	policy, err := s.openRules(row)
	if err != nil {
		return RulesView{}, err
	}
	return RulesView{Policy: policy, Preset: policy.Preset, Version: row.Version, ApprovedAt: row.ApprovedAt, Approved: row.SealedApproval != nil,
		Guarded: guarded, Pending: pending}, nil
}

// Simulate answers "what would they see?" for the standing people and for others whom the patient has chosen, under the rules in force and under a
// policy that is thought about.
func (s *Service) Simulate(ctx context.Context, c Caller, id PatientID, policy rules.Policy, chosen ...rules.Person) ([]rules.Difference, error) {
	now, err := s.Rules(ctx, c, id)
	if err != nil {
		return nil, err
	}
	contact, err := s.anyContact(ctx, id)
	if err != nil {
		return nil, err
	}
	old, err := rules.Compile(now.Policy)
	if err != nil {
		return nil, err
	}
	new, err := rules.Compile(policy)
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	return rules.Compare(old, new, append(rules.Simulations(s.now(), string(contact)), chosen...)), nil
}

// anyContact is the first of a patient's contacts who may ask for anything, "" when there is none.
func (s *Service) anyContact(ctx context.Context, id PatientID) (found ContactID, err error) {
	err = s.Store.View(ctx, func(r Reader) error {
		contacts, err := r.Contacts(id)
		if err != nil {
			return err
		}
		for _, contact := range contacts {
			details, err := s.openContact(contact)
			if err != nil {
				return err
			}
			if found == "" && contact.active() && !details.Own {
				found = contact.ID
			}
		}
		return nil
	})
	return found, err
}

// changeRules puts approved rules into force, if they replace what the approver saw. Where the rules in force have a delay and the new ones open more, they
// wait that long first. Either way they take the place of any that wait already.
func (s *Service) changeRules(tx Tx, c Caller, action Action, approved Approved) error {
	patient, err := s.keptIn(tx, c, PatientID(action.Target))
	if err != nil {
		return err
	}
	if err := s.mayDecide(tx, c, patient); err != nil {
		return err
	}
	if patient.RulesVersion != action.Base {
		return ErrChanged
	}
	row, err := tx.Rules(patient.ID)
	if err != nil {
		return err
	}
	old, err := s.openRules(row)
	if err != nil {
		return err
	}
	policy, err := rules.ParsePolicy(action.Body)
	if err != nil {
		return err
	}
	if old.Delay > 0 && rules.Widens(old, policy) {
		return s.proposeRules(tx, c, patient, action.Body, approved, old.Delay)
	}
	if err := tx.DeletePendingRules(patient.ID); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if keepers, err := tx.Keepers(patient.ID); err != nil {
		return err
	} else if len(keepers) > 1 && !s.everybodys(patient.ID) {
		if err := s.tell(tx, news{Kind: NewsRulesNow, Patient: patient.ID, OwnOnly: true}); err != nil {
			return err
		}
	}
	return s.enforceRules(tx, s.event(c, audit.RulesChanged, string(patient.ID)), patient, action.Body, approved, s.now())
}

// enforceRules makes approved rules the patient's next version, with an entry that carries the approval.
func (s *Service) enforceRules(tx Tx, event audit.Event, patient Patient, canonical []byte, approved Approved, approvedAt time.Time) error {
	patient.RulesVersion++
	if err := s.putRules(tx, patient, canonical, &approved, approvedAt); err != nil {
		return err
	}
	event.RulesVersion = patient.RulesVersion
	approved.proves(&event)
	tx.Append(event)
	// What was opened under the old rules closes: whoever still needs it asks again, under the new ones.
	if err := tx.EndGrants(patient.ID, s.now()); err != nil {
		return err
	}
	return tx.PutPatient(patient)
}

// putRules stores a version of the rules; a nil approval is the preset of a new patient.
func (s *Service) putRules(tx Tx, patient Patient, canonical []byte, approved *Approved, approvedAt time.Time) error {
	row := Rules{Patient: patient.ID, Version: patient.RulesVersion, ApprovedAt: approvedAt}
	var err error
	if row.Sealed, err = s.seal("rules", "policy", rulesRow(row), canonical); err != nil {
		return err
	}
	if approved != nil {
		plain, err := json.Marshal(approved)
		if err != nil {
			return err
		}
		if row.SealedApproval, err = s.seal("rules", "approval", rulesRow(row), plain); err != nil {
			return err
		}
	}
	return tx.PutRules(row)
}

// rulesRow names one version of one patient's rules, for the sealing.
func rulesRow(row Rules) string { return string(row.Patient) + "/" + strconv.Itoa(row.Version) }

func (s *Service) openRules(row Rules) (rules.Policy, error) {
	plain, err := s.unseal("rules", "policy", rulesRow(row), row.Sealed)
	if err != nil {
		return rules.Policy{}, err
	}
	return rules.ParsePolicy(plain)
}

// policyCache keeps compiled rules by patient: a policy is read on every opening and changes once a year.
type policyCache struct {
	mu      sync.Mutex
	engines map[PatientID]compiled
}

type compiled struct {
	version int
	engine  *rules.Engine
}

// cachedPolicies bounds the cache; when it is full, one entry makes room, whichever comes first.
const cachedPolicies = 4096

// engine returns the compiled form of a version of a patient's rules.
func (s *Service) engine(row Rules) (*rules.Engine, error) {
	s.policies.mu.Lock()
	found, ok := s.policies.engines[row.Patient]
	s.policies.mu.Unlock()
	if ok && found.version == row.Version {
		return found.engine, nil
	}
	policy, err := s.openRules(row)
	if err != nil {
		return nil, err
	}
	engine, err := rules.Compile(policy)
	if err != nil {
		return nil, err
	}
	s.policies.mu.Lock()
	defer s.policies.mu.Unlock()
	if s.policies.engines == nil {
		s.policies.engines = make(map[PatientID]compiled)
	}
	if len(s.policies.engines) >= cachedPolicies {
		for id := range s.policies.engines {
			delete(s.policies.engines, id)
			break
		}
	}
	s.policies.engines[row.Patient] = compiled{version: row.Version, engine: engine}
	return engine, nil
}
