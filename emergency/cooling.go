package emergency

import (
	"time"

	"github.com/locket-health/locket/emergency/passkey"
)

// coolingTime is how long an account that was opened by a recovery code may not do what cannot be undone: time for its owner to read the notice, and to come
// back by a passkey from before.
const coolingTime = 24 * time.Hour

// cooled reports whether nothing of that kind holds any more.
func (a Account) cooled(now time.Time) bool { return !now.Before(a.CoolingUntil) }

// since reports whether a passkey was added after the last recovery of its account.
func (p Passkey) since(a Account) bool { return !p.CreatedAt.Before(a.CoolingUntil.Add(-coolingTime)) }

// mayApproveNow refuses, after a recovery, to change rules or to delete anything by a passkey that came with it.
func (s *Service) mayApproveNow(tx Tx, c Caller, action Action, credential passkey.Credential) error {
	if action.Kind == ActionVerify {
		return nil
	}
	account, err := tx.Account(c.Account)
	if err != nil || account.cooled(s.now()) {
		return err
	}
	key, err := tx.Passkey(credential.ID())
	if err == nil && key.since(account) {
		err = ErrCooling
	}
	return err
}

// keptCool is keptFresh for what decides who keeps a record: it waits, too, after a recovery.
func (s *Service) keptCool(r Reader, c Caller, id PatientID) (Patient, error) {
	patient, err := s.keptFresh(r, c, id)
	if err != nil || c.Operator {
		return patient, err
	}
	account, err := r.Account(c.Account)
	if err == nil && !account.cooled(s.now()) {
		err = ErrCooling
	}
	return patient, err
}
