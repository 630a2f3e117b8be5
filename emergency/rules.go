package emergency

import (
	"context"
	"encoding/json"
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
}

// Rules returns the rules in force.
func (s *Service) Rules(ctx context.Context, c Caller, id PatientID) (RulesView, error) {
	if _, err := s.kept(ctx, c, id); err != nil {
		return RulesView{}, err
	}
	var row Rules
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		row, err = r.Rules(id)
		return err
	}); err != nil {
		return RulesView{}, err
	}
	policy, err := s.openRules(row)
	if err != nil {
		return RulesView{}, err
	}
	return RulesView{Policy: policy, Preset: policy.Preset, Version: row.Version, ApprovedAt: row.ApprovedAt, Approved: row.SealedApproval != nil}, nil
}

// Simulate answers "what would they see?" for the standing people, under the rules in force and under a policy that is thought about.
func (s *Service) Simulate(ctx context.Context, c Caller, id PatientID, policy rules.Policy) ([]rules.Difference, error) {
	now, err := s.Rules(ctx, c, id)
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
	return rules.Compare(old, new, rules.Simulations(s.now(), "")), nil
}

// changeRules puts approved rules into force, if they replace what the approver saw.
func (s *Service) changeRules(tx Tx, c Caller, action Action, approved Approved) error {
	patient, err := s.keptIn(tx, c, PatientID(action.Target))
	if err != nil {
		return err
	}
	if patient.RulesVersion != action.Base {
		return ErrChanged
	}
	patient.RulesVersion++
	if err := s.putRules(tx, patient, action.Body, &approved); err != nil {
		return err
	}
	event := s.event(c, audit.RulesChanged, string(patient.ID))
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
func (s *Service) putRules(tx Tx, patient Patient, canonical []byte, approved *Approved) error {
	row := Rules{Patient: patient.ID, Version: patient.RulesVersion, ApprovedAt: s.now()}
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
