package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testOrganizations(t *testing.T, s Store) {
	second, first := organization(2), organization(1)
	get := func(r emergency.Reader) (emergency.Organization, error) { return r.Organization(first.ID) }
	list := func(r emergency.Reader) ([]emergency.Organization, error) { return r.Organizations() }
	shows(t, s, nil, list)
	missing(t, s, func(r emergency.Reader) (any, error) { return get(r) })
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutOrganization(second), tx.PutOrganization(first)) })
	shows(t, s, []emergency.Organization{first, second}, list)

	first.SealedName, first.Kind, first.Country, first.Hardware, first.SuspendedAt = []byte("renamed"), "hospital", "", true, later(9)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutOrganization(first) })
	shows(t, s, first, get)
	shows(t, s, []emergency.Organization{first, second}, list)
}

func testMembers(t *testing.T, s Store) {
	one, two := organization(1), organization(2)
	early, late, both := member(one, account(2).ID), member(one, account(1).ID), member(two, account(2).ID)
	early.CreatedAt, late.CreatedAt, both.CreatedAt = later(3), later(4), later(5)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutOrganization(one), tx.PutOrganization(two), tx.PutMember(both), tx.PutMember(late), tx.PutMember(early))
	})
	shows(t, s, []emergency.Member{early, late}, func(r emergency.Reader) ([]emergency.Member, error) { return r.Members(one.ID) })
	shows(t, s, []emergency.Member{early, both}, func(r emergency.Reader) ([]emergency.Member, error) { return r.Memberships(account(2).ID) })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Member, error) { return r.Memberships("nobody") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Member(two.ID, account(1).ID) })

	early.Role, early.SealedName, early.SuspendedAt = emergency.RoleAdmin, nil, later(20)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutMember(early) })
	shows(t, s, early, func(r emergency.Reader) (emergency.Member, error) { return r.Member(one.ID, account(2).ID) })
	shows(t, s, both, func(r emergency.Reader) (emergency.Member, error) { return r.Member(two.ID, account(2).ID) })
}

func testBadges(t *testing.T, s Store) {
	one, two := organization(1), organization(2)
	mine, crew, elsewhere := member(one, account(1).ID), member(one, account(2).ID), member(two, account(1).ID)
	first, second, crews, others := badge(1, mine), badge(2, mine), badge(3, crew), badge(4, elsewhere)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutOrganization(one), tx.PutOrganization(two), tx.PutMember(mine), tx.PutMember(crew), tx.PutMember(elsewhere),
			tx.PutBadge(first), tx.PutBadge(second), tx.PutBadge(crews), tx.PutBadge(others))
	})
	all := func(t *testing.T) {
		t.Helper()
		for _, b := range []emergency.Badge{first, second, crews, others} {
			shows(t, s, b, func(r emergency.Reader) (emergency.Badge, error) { return r.Badge(b.ID) })
		}
	}
	all(t)
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Badge("none") })

	first.RevokedAt = later(5)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutBadge(first) })
	all(t)
	puts(t, s, func(tx emergency.Tx) error { return tx.RevokeBadges(one.ID, account(1).ID, later(6)) })
	second.RevokedAt = later(6) // the first one keeps its end
	all(t)
	puts(t, s, func(tx emergency.Tx) error { return tx.RevokeBadges(one.ID, "", later(7)) })
	crews.RevokedAt = later(7)
	all(t)

	stolen := others
	stolen.Organization, stolen.Account = crew.Organization, crew.Account
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutBadge(stolen) })
	all(t)
}

func testInvitations(t *testing.T, s Store) {
	target := string(organization(1).ID)
	second, first, admin, other := invitation(2, emergency.InviteMember, target), invitation(1, emergency.InviteMember, target),
		invitation(3, emergency.InviteAdmin, target), invitation(4, emergency.InviteMember, "another")
	first.By, first.Sealed = "", nil // by the operator
	list := func(r emergency.Reader) ([]emergency.Invitation, error) {
		return r.Invitations(emergency.InviteMember, target)
	}
	get := func(i emergency.Invitation) func(r emergency.Reader) (emergency.Invitation, error) {
		return func(r emergency.Reader) (emergency.Invitation, error) { return r.Invitation(i.Token) }
	}
	shows(t, s, nil, list)
	missing(t, s, func(r emergency.Reader) (any, error) { return get(first)(r) })
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutInvitation(second), tx.PutInvitation(first), tx.PutInvitation(admin), tx.PutInvitation(other))
	})
	shows(t, s, []emergency.Invitation{first, second}, list)
	second.Sealed, second.ExpiresAt = []byte("again"), later(99)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutInvitation(second) })
	shows(t, s, second, get(second))

	update(t, s, func(tx emergency.Tx) error {
		got, err := tx.TakeInvitation(first.Token)
		equal(t, got, first)
		return err
	})
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { _, err := tx.TakeInvitation(first.Token); return err })
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteInvitations(emergency.InviteMember, target) })
	shows(t, s, nil, list)
	shows(t, s, admin, get(admin))
	shows(t, s, other, get(other))
}

func testInvitationRace(t *testing.T, s Store) {
	i := invitation(1, emergency.InviteMember, "target")
	puts(t, s, func(tx emergency.Tx) error { return tx.PutInvitation(i) })
	oneWins(t, emergency.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Update(ctx, func(tx emergency.Tx) error { _, err := tx.TakeInvitation(i.Token); return err })
	})
}
