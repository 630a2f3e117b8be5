package storagetest

import (
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testContacts(t *testing.T, s Store) {
	p, friend := patient(1).ID, account(2).ID
	second, first, foreign := contact(2, p), contact(1, p), contact(3, patient(2).ID)
	list := func(r emergency.Reader) ([]emergency.Contact, error) { return r.Contacts(p) }
	of := func(r emergency.Reader) ([]emergency.Contact, error) { return r.ContactsOf(friend) }
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutContact(second), tx.PutContact(first), tx.PutContact(foreign))
	})
	shows(t, s, []emergency.Contact{first, second}, list)
	shows(t, s, first, func(r emergency.Reader) (emergency.Contact, error) { return r.Contact(first.ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Contact("none") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Contact, error) { return r.ContactsOf("") })

	first.Account, second.Account, foreign.Account = friend, friend, friend
	first.ConfirmedAt = first.CreatedAt.AddDate(0, 0, 1)
	second.SealedCode = nil
	foreign.ConfirmedAt = emergency.Contact{}.ConfirmedAt
	save := func(tx emergency.Tx) error {
		return errors.Join(tx.PutContact(first), tx.PutContact(second), tx.PutContact(foreign))
	}
	puts(t, s, save)
	shows(t, s, []emergency.Contact{first, second}, of) // not the one who has not confirmed
	second.StoppedAt, foreign.ConfirmedAt = later(20), later(21)
	puts(t, s, save)
	shows(t, s, []emergency.Contact{first, foreign}, of)
	shows(t, s, []emergency.Contact{first, second}, list)

	stolen := foreign
	stolen.Patient = p
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutContact(stolen) })
}
