package storagetest

import (
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testPendingRules(t *testing.T, s Store) {
	late, early := pendingRules(patient(1).ID, 20), pendingRules(patient(2).ID, 10)
	get := func(r emergency.Reader) (emergency.PendingRules, error) { return r.PendingRules(late.Patient) }
	due := func(now int) func(r emergency.Reader) ([]emergency.PendingRules, error) {
		return func(r emergency.Reader) ([]emergency.PendingRules, error) { return r.DuePendingRules(later(now)) }
	}
	puts(t, s, household(1), household(2))
	missing(t, s, func(r emergency.Reader) (any, error) { return get(r) })
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { return tx.DeletePendingRules(late.Patient) })
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutPendingRules(late), tx.PutPendingRules(early)) })
	shows(t, s, late, get)
	shows(t, s, nil, due(9))
	shows(t, s, []emergency.PendingRules{early}, due(10))
	shows(t, s, []emergency.PendingRules{early, late}, due(20))

	late.Base, late.Sealed, late.SealedApproval, late.ApprovedAt, late.EffectiveAt = 2, []byte("other rules"), []byte("again"), later(5), later(25)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutPendingRules(late) })
	shows(t, s, late, get)
	puts(t, s, func(tx emergency.Tx) error { return tx.DeletePendingRules(early.Patient) })
	shows(t, s, []emergency.PendingRules{late}, due(25))
}
