package emergency

import (
	"github.com/locket-health/locket/audit"
)

// What deletion leaves behind is the log: its entries stay, under a pseudonym that nothing leads back from any more. Records, documents, rules,
// names, passkeys, card keys and short codes are overwritten in the database (secure_delete), and within a minute its write-ahead log is cut; a backup made
// before holds them until it expires.

// deletePatient deletes a patient: for a keeper after a fresh passkey, for the house itself when nobody keeps them.
func (s *Service) deletePatient(tx Tx, c Caller, id PatientID, approved *Approved) error {
	patient, err := s.keptIn(tx, c, id)
	if err != nil {
		return err
	}
	if guarded, err := s.guarded(tx, c, id); err != nil {
		return err
	} else if guarded {
		return ErrGuardian // the record is the patient's
	}
	return s.removePatient(tx, c, patient, approved)
}

// removePatient is deletePatient for somebody who may.
func (s *Service) removePatient(tx Tx, c Caller, patient Patient, approved *Approved) error {
	id := patient.ID
	cards, err := tx.Cards(id)
	if err != nil {
		return err
	}
	for _, card := range cards {
		if card.RevokedAt.IsZero() {
			if err := s.revoke(tx, c, card.ID); err != nil {
				return err
			}
		}
	}
	now := s.now()
	if err := tx.EndGrants(id, now); err != nil {
		return err
	}
	if err := tx.DeleteRecord(id); err != nil {
		return err
	}
	if err := tx.DeleteCeremonies(c.Account, ceremonyImport); err != nil {
		return err
	}
	event := s.event(c, audit.PatientDeleted, string(id))
	if approved != nil { // an operator has no passkey; the entry says who it was
		approved.proves(&event)
	}
	tx.Append(event)
	s.deleted.Add(1)
	patient.DeletedAt, patient.SealedName, patient.RecordVersion = now, nil, 0
	return tx.PutPatient(patient)
}

// deleteAccount deletes the caller's account with all patients that nobody else keeps. approved is nil when it is deleted again after a restore.
func (s *Service) deleteAccount(tx Tx, c Caller, approved *Approved) error {
	account, err := tx.Account(c.Account)
	if err != nil {
		return err
	}
	patients, err := tx.Kept(c.Account)
	if err != nil {
		return err
	}
	for _, patient := range patients {
		keepers, err := tx.Keepers(patient.ID)
		if err != nil {
			return err
		}
		if len(keepers) > 1 {
			continue
		}
		if err := s.removePatient(tx, c, patient, approved); err != nil {
			return err
		}
	}
	if err := s.stopContactsOf(tx, c); err != nil {
		return err
	}
	keys, err := tx.Passkeys(c.Account)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := tx.DeletePasskey(c.Account, key.ID); err != nil {
			return err
		}
	}
	if err := s.leaveOrganizations(tx, c); err != nil {
		return err
	}
	event := s.event(c, audit.AccountDeleted, string(c.Account))
	if approved != nil {
		approved.proves(&event)
	}
	tx.Append(event)
	account.DeletedAt, account.SealedProfile, account.Recovery = s.now(), nil, Token{}
	if err := tx.PutAccount(account); err != nil {
		return err
	}
	if err := tx.DeleteCeremonies(c.Account, ""); err != nil {
		return err
	}
	return tx.DeleteSessions(c.Account, Token{})
}
