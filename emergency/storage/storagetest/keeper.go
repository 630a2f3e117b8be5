package storagetest

import (
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testKeepers(t *testing.T, s Store) {
	child := patient(1).ID
	parent, self := keeper(account(1).ID, child), keeper(account(2).ID, child)
	list := func(r emergency.Reader) ([]emergency.Keeper, error) { return r.KeepersOf(child) }
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error { return tx.PutKeeper(self) })
	shows(t, s, []emergency.Keeper{parent, self}, list)

	parent.Role, self.Role, self.AddedAt = emergency.KeeperGuardian, emergency.KeeperSelf, later(9)
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutKeeper(parent), tx.PutKeeper(self)) })
	shows(t, s, []emergency.Keeper{parent, self}, list)
	shows(t, s, self, func(r emergency.Reader) (emergency.Keeper, error) { return r.Keeper(self.Account, child) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Keeper(account(1).ID, patient(2).ID) })

	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteKeeper(parent.Account, child) })
	shows(t, s, []emergency.Keeper{self}, list)
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { return tx.DeleteKeeper(parent.Account, child) })

	left := account(2)
	left.DeletedAt = later(50)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutAccount(left) })
	shows(t, s, nil, list)
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.AccountID, error) { return r.Keepers(child) })
}

func testDrillsDue(t *testing.T, s Store) {
	// Each patient has waited since their creation, drill or reminder, whichever was last.
	never, drilled, reminded, gone, without, revoked := patient(1), patient(2), patient(3), patient(4), patient(5), patient(6)
	drilled.DrilledAt, reminded.RemindedAt, gone.DeletedAt = later(40), later(30), later(60)
	lost := card(6, revoked.ID)
	lost.RevokedAt = later(9)
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutPatient(never), tx.PutPatient(drilled), tx.PutPatient(reminded), tx.PutPatient(gone), tx.PutPatient(without),
			tx.PutPatient(revoked), tx.PutCard(card(1, never.ID)), tx.PutCard(card(2, drilled.ID)), tx.PutCard(card(3, reminded.ID)), tx.PutCard(card(4, gone.ID)), tx.PutCard(lost))
	})
	for _, c := range []struct {
		name          string
		before, limit int
		want          []emergency.Patient
	}{
		{"the moment of a creation is not before it", 1, 10, nil},
		{"once created", 2, 10, []emergency.Patient{never}},
		{"the moment of a reminder is not before it", 30, 10, []emergency.Patient{never}},
		{"once reminded", 31, 10, []emergency.Patient{never, reminded}},
		{"once drilled", 41, 10, []emergency.Patient{never, reminded, drilled}},
		{"the longest wait first", 41, 2, []emergency.Patient{never, reminded}},
	} {
		t.Run(c.name, func(t *testing.T) {
			shows(t, s, c.want, func(r emergency.Reader) ([]emergency.Patient, error) { return r.DrillsDue(later(c.before), c.limit) })
		})
	}
}
