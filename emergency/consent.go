package emergency

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/consent"
)

// ExportConsent returns the rules in force as a FHIR Consent, for a keeper who takes them elsewhere. That is an entry in the log.
func (s *Service) ExportConsent(ctx context.Context, c Caller, id PatientID) ([]byte, error) {
	document, version, err := s.consent(ctx, c, id)
	if err != nil {
		return nil, err
	}
	event := s.event(c, audit.DataExported, string(id))
	event.RulesVersion, event.Details = version, map[string]string{"what": "consent"}
	if err := s.Store.Update(ctx, func(tx Tx) error {
		tx.Append(event)
		return nil
	}); err != nil {
		return nil, noLogNoData(err)
	}
	return document, nil
}

// consent writes the rules in force, and their version.
func (s *Service) consent(ctx context.Context, c Caller, id PatientID) ([]byte, int, error) {
	view, err := s.Rules(ctx, c, id)
	if err != nil {
		return nil, 0, err
	}
	meta := consent.Meta{Patient: string(id), House: s.URL, HouseName: s.Issuer(), At: view.ApprovedAt}
	err = s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		name, err := s.unseal("patient", "name", string(id), patient.SealedName)
		if err != nil {
			return err
		}
		meta.Name = string(name)
		meta.Performer, err = s.approver(r, id)
		return err
	})
	return consent.Encode(view.Policy, meta), view.Version, err
}

// approver is the name of whoever approved the rules in force, "" when nobody did or the account is gone.
func (s *Service) approver(r Reader, id PatientID) (string, error) {
	row, err := r.Rules(id)
	if err != nil || row.SealedApproval == nil {
		return "", err
	}
	plain, err := s.unseal("rules", "approval", rulesRow(row), row.SealedApproval)
	if err != nil {
		return "", err
	}
	var approved Approved
	if err := json.Unmarshal(plain, &approved); err != nil {
		return "", err
	}
	key, err := r.Passkey(approved.Approval.CredentialID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	account, err := r.Account(key.Account)
	if err != nil {
		return "", err
	}
	p, err := s.openProfile(account)
	return p.Name, err
}
