package emergency

import (
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/summary"
)

// ownAccountAge is from when on, in years, somebody can be given an account for their own record, long before it is handed over to them: what a child of twelve
// wants to keep from parents is often what an emergency room has to know.
const ownAccountAge = 12

// grown reports whether somebody is that many years old. Of a birth date that is known in part, the latest day counts; without one nobody is.
func grown(birth summary.Date, years int, now time.Time) bool {
	year, month, day := birth.Parts()
	switch {
	case year == 0:
		return false
	case month == 0:
		month, day = 12, 31
	case day == 0:
		month, day = month+1, 0 // the last of the month
	}
	return !now.Before(time.Date(year+years, time.Month(month), day, 0, 0, 0, 0, time.UTC))
}

// outgrown reports whether a record was begun for a child who is old enough now to keep it.
func (s *Service) outgrown(patient Patient, birth summary.Date) bool {
	return grown(birth, s.HandoverAge, s.now()) && !grown(birth, s.HandoverAge, patient.CreatedAt)
}

// birthIn reads when a patient was born, for a keeper.
func (s *Service) birthIn(r Reader, c Caller, id PatientID) (summary.Date, error) {
	own, err := s.ownRecord(r, c, id)
	return own.shown.Identity.Birth, err
}

// handOver makes guardians of everybody who has kept a record until the patient does, and says what kind of entry that is: below the age at which a record is handed
// over the patient is one more who keeps it.
func (s *Service) handOver(tx Tx, c Caller, id PatientID, keepers []Keeper) (audit.Type, error) {
	for _, keeper := range keepers {
		keeper.Role = KeeperGuardian
		if err := tx.PutKeeper(keeper); err != nil {
			return "", err
		}
	}
	if err := s.endKeeperInvitations(tx, id); err != nil { // whom the guardians have invited is for the patient to say
		return "", err
	}
	birth, err := s.birthIn(tx, c, id)
	if err != nil || !grown(birth, s.HandoverAge, s.now()) {
		return audit.KeeperAdded, err
	}
	// What guardians have approved and is not in force yet they decide no more.
	if err := s.vetoPendingRules(tx, c, id); err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return audit.HandedOver, nil
}

// mayDecide refuses a guardian what a patient decides who keeps the record and is old enough.
func (s *Service) mayDecide(r Reader, c Caller, patient Patient) error {
	guarded, err := s.guarded(r, c, patient.ID)
	if err != nil || !guarded {
		return err
	}
	birth, err := s.birthIn(r, c, patient.ID)
	if err == nil && grown(birth, s.HandoverAge, s.now()) {
		err = ErrGuardian
	}
	return err
}

// guarded reports whether the caller is a guardian of somebody who keeps the record too.
func (s *Service) guarded(r Reader, c Caller, id PatientID) (bool, error) {
	if c.Operator {
		return false, nil // nobody keeps the record
	}
	me, err := r.Keeper(c.Account, id)
	if err != nil || me.Role != KeeperGuardian {
		return false, err
	}
	keepers, err := r.KeepersOf(id)
	return keptBySelf(keepers), err
}
