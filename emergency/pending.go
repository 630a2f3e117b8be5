package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/rules"
)

// PendingRules are approved rules that widen what others may open and take effect only after the delay that the patient had set: until then any device of a
// keeper can stop them.
type PendingRules struct {
	Patient        PatientID
	Base           int // the version that they replace
	Sealed         []byte
	SealedApproval []byte
	ApprovedAt     time.Time
	EffectiveAt    time.Time
}

// PendingView is rules that wait, as a keeper sees them.
type PendingView struct {
	Policy      rules.Policy
	ApprovedAt  time.Time
	EffectiveAt time.Time
}

// proposeRules keeps approved rules until they take effect. The entry carries the approval, so that it proves as much as the one that comes then, and the
// own addresses of the keepers learn of it at once.
func (s *Service) proposeRules(tx Tx, c Caller, patient Patient, canonical []byte, approved Approved, delay time.Duration) error {
	now := s.now()
	row := PendingRules{Patient: patient.ID, Base: patient.RulesVersion, ApprovedAt: now, EffectiveAt: now.Add(delay)}
	plain, err := json.Marshal(approved)
	if err != nil {
		return err
	}
	if row.Sealed, err = s.seal("pending_rules", "policy", pendingRow(row), canonical); err != nil {
		return err
	}
	if row.SealedApproval, err = s.seal("pending_rules", "approval", pendingRow(row), plain); err != nil {
		return err
	}
	if err := tx.PutPendingRules(row); err != nil {
		return err
	}
	event := s.event(c, audit.RulesProposed, string(patient.ID))
	event.RulesVersion = patient.RulesVersion + 1
	approved.proves(&event)
	event.Details["effective_at"] = row.EffectiveAt.UTC().Format(time.RFC3339)
	tx.Append(event)
	return s.tell(tx, news{Kind: NewsRules, Patient: patient.ID, OwnOnly: true})
}

// ApplyPendingRules puts rules whose delay has passed into force. Those of one patient that cannot be do not keep back those of another.
func (s *Service) ApplyPendingRules(ctx context.Context) error {
	var due []PendingRules
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		due, err = r.DuePendingRules(s.now())
		return err
	}); err != nil {
		return err
	}
	var failed []error
	for _, row := range due {
		failed = append(failed, s.Store.Update(ctx, func(tx Tx) error { return s.applyPendingRules(tx, row.Patient) }))
	}
	return errors.Join(failed...)
}

// applyPendingRules looks again inside the transaction: they may have been stopped or replaced since.
func (s *Service) applyPendingRules(tx Tx, id PatientID) error {
	row, err := tx.PendingRules(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil || s.now().Before(row.EffectiveAt) {
		return err
	}
	patient, err := tx.Patient(id)
	if err != nil {
		return err
	}
	if err := tx.DeletePendingRules(id); err != nil {
		return err
	}
	if !patient.DeletedAt.IsZero() || patient.RulesVersion != row.Base {
		return nil // what they were to replace is no longer there
	}
	policy, err := s.openPendingRules(row)
	if err != nil {
		return err
	}
	approved, err := s.openPendingApproval(row)
	if err != nil {
		return err
	}
	event := audit.Event{Type: audit.RulesChanged, At: s.clock(), Subject: string(id), Actor: audit.Actor{Kind: audit.ByServer}, Outcome: audit.Done}
	return s.enforceRules(tx, event, patient, rules.Canonical(policy), approved, row.ApprovedAt)
}

// VetoPendingRules stops rules that wait. Any session of a keeper may do it: saying no must be quick, and takes nothing away that is in force. ErrNotFound
// says that none wait.
func (s *Service) VetoPendingRules(ctx context.Context, c Caller, id PatientID) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if _, err := s.keptIn(tx, c, id); err != nil {
			return err
		}
		return s.vetoPendingRules(tx, c, id)
	})
}

func (s *Service) vetoPendingRules(tx Tx, c Caller, id PatientID) error {
	row, err := tx.PendingRules(id)
	if err != nil {
		return err
	}
	approved, err := s.openPendingApproval(row)
	if err != nil {
		return err
	}
	event := s.event(c, audit.RulesVetoed, string(id))
	event.RulesVersion = row.Base + 1
	event.Details = map[string]string{"action_sha256": approved.sum()}
	tx.Append(event)
	return tx.DeletePendingRules(id)
}

// viewPendingRules is what waits for a patient, nil for nothing.
func (s *Service) viewPendingRules(r Reader, id PatientID) (*PendingView, error) {
	row, err := r.PendingRules(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	policy, err := s.openPendingRules(row)
	return &PendingView{Policy: policy, ApprovedAt: row.ApprovedAt, EffectiveAt: row.EffectiveAt}, err
}

func (s *Service) openPendingRules(row PendingRules) (rules.Policy, error) {
	plain, err := s.unseal("pending_rules", "policy", pendingRow(row), row.Sealed)
	if err != nil {
		return rules.Policy{}, err
	}
	return rules.ParsePolicy(plain)
}

func (s *Service) openPendingApproval(row PendingRules) (Approved, error) {
	var approved Approved
	plain, err := s.unseal("pending_rules", "approval", pendingRow(row), row.SealedApproval)
	if err != nil {
		return approved, err
	}
	return approved, json.Unmarshal(plain, &approved)
}

// pendingRow names rules that wait, for the sealing.
func pendingRow(row PendingRules) string { return string(row.Patient) + "/" + strconv.Itoa(row.Base) }
