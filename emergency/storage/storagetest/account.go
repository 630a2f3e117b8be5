package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testEmpty(t *testing.T, s Store) {
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Account("nobody") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.AccountByRecovery(hash("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.AccountByRecovery(emergency.Token{}) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Passkey([]byte("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Session(hash("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Patient("nobody") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Record("nobody") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Document("nobody", "none") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Rules("nobody") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Card(cardID(0)) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.ShortCode(hash("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Grant(hash("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Opening(cardID(0)) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.OpeningOf("nobody") })

	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Passkey, error) { return r.Passkeys("nobody") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Patient, error) { return r.Kept("nobody") })
	shows(t, s, false, func(r emergency.Reader) (bool, error) { return r.Keeps("nobody", "nobody") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.AccountID, error) { return r.Keepers("nobody") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Document, error) { return r.Documents("nobody") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Rules, error) { return r.RulesHistory("nobody") })
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Card, error) { return r.Cards("nobody") })
	shows(t, s, 0, func(r emergency.Reader) (int, error) { return r.Unseen("nobody", 0, nil) })

	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { return tx.DeletePasskey("nobody", []byte("none")) })
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { return tx.DeleteSession(hash("none")) })
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { _, err := tx.TakeCeremony(hash("none")); return err })
	// What ends all of something is content with none.
	puts(t, s,
		func(tx emergency.Tx) error { return tx.DeleteSessions("nobody", emergency.Token{}) },
		func(tx emergency.Tx) error { return tx.DeleteRecord("nobody") },
		func(tx emergency.Tx) error { return tx.DeleteShortCode(cardID(0)) },
		func(tx emergency.Tx) error { return tx.EndGrants("nobody", epoch()) },
		func(tx emergency.Tx) error { return tx.EndCardGrants(cardID(0), "", epoch()) },
		func(tx emergency.Tx) error { return tx.RevokeBadges("none", "", epoch()) },
		func(tx emergency.Tx) error { return tx.DeleteInvitations(emergency.InviteMember, "none") },
	)
}

func testAccount(t *testing.T, s Store) {
	a := account(1)
	get := func(r emergency.Reader) (emergency.Account, error) { return r.Account(a.ID) }
	puts(t, s, func(tx emergency.Tx) error { return tx.PutAccount(a) }, func(tx emergency.Tx) error { return tx.PutAccount(account(2)) })
	shows(t, s, a, get)

	a.SealedProfile, a.DeletedAt, a.Recovery, a.RecoveryAt, a.Lang = nil, later(9), emergency.Token{}, epoch().AddDate(1, 0, 0), ""
	puts(t, s, func(tx emergency.Tx) error { return tx.PutAccount(a) })
	shows(t, s, a, get)
	shows(t, s, account(2), func(r emergency.Reader) (emergency.Account, error) { return r.Account(account(2).ID) })
}

func testRecovery(t *testing.T, s Store) {
	a, without := account(1), account(2)
	without.Recovery = emergency.Token{}
	get := func(r emergency.Reader) (emergency.Account, error) { return r.AccountByRecovery(hash("recovery 1")) }
	puts(t, s, func(tx emergency.Tx) error { return tx.PutAccount(a) }, func(tx emergency.Tx) error { return tx.PutAccount(without) })
	shows(t, s, a, get)
	missing(t, s, func(r emergency.Reader) (any, error) { return r.AccountByRecovery(emergency.Token{}) })

	twin := account(3)
	twin.Recovery = a.Recovery
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutAccount(twin) })

	a.DeletedAt = later(1)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutAccount(a) })
	missing(t, s, func(r emergency.Reader) (any, error) { return get(r) })
}

func testPasskeys(t *testing.T, s Store) {
	mine, theirs := account(1).ID, account(2).ID
	second, first, foreign := passkey(2, mine), passkey(1, mine), passkey(3, theirs)
	puts(t, s, household(1), household(2),
		func(tx emergency.Tx) error { return tx.PutPasskey(second) },
		func(tx emergency.Tx) error { return tx.PutPasskey(first) },
		func(tx emergency.Tx) error { return tx.PutPasskey(foreign) })
	list := func(r emergency.Reader) ([]emergency.Passkey, error) { return r.Passkeys(mine) }
	shows(t, s, []emergency.Passkey{first, second}, list)

	first.SealedRecord, first.UsedAt, first.Cloned = []byte("counter 9"), later(99), true
	puts(t, s, func(tx emergency.Tx) error { return tx.PutPasskey(first) })
	shows(t, s, first, func(r emergency.Reader) (emergency.Passkey, error) { return r.Passkey(first.ID) })

	stolen := foreign
	stolen.Account = mine
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutPasskey(stolen) })
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { return tx.DeletePasskey(mine, foreign.ID) })
	shows(t, s, foreign, func(r emergency.Reader) (emergency.Passkey, error) { return r.Passkey(foreign.ID) })

	puts(t, s, func(tx emergency.Tx) error { return tx.DeletePasskey(mine, first.ID) })
	shows(t, s, []emergency.Passkey{second}, list)
}

func testSessions(t *testing.T, s Store) {
	mine, theirs := account(1).ID, account(2).ID
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutSession(session(1, mine)), tx.PutSession(session(2, mine)), tx.PutSession(session(3, mine)),
			tx.PutSession(session(4, mine)), tx.PutSession(session(5, theirs)))
	})
	get := func(n int) func(r emergency.Reader) (emergency.Session, error) {
		return func(r emergency.Reader) (emergency.Session, error) { return r.Session(session(n, mine).Token) }
	}
	shows(t, s, session(1, mine), get(1))
	seen := session(2, mine)
	seen.SeenAt, seen.VerifiedAt = later(20), later(21)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutSession(seen) })
	shows(t, s, seen, get(2))

	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteSession(session(4, mine).Token) })
	missing(t, s, get(4))
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteSessions(mine, session(1, mine).Token) })
	shows(t, s, session(1, mine), get(1))
	missing(t, s, get(2))
	missing(t, s, get(3))
	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteSessions(mine, emergency.Token{}) })
	missing(t, s, get(1))
	shows(t, s, session(5, theirs), get(5))
}

func testCeremony(t *testing.T, s Store) {
	c, stranger := ceremony(1), ceremony(2)
	stranger.Account, stranger.Session, stranger.Purpose = "", emergency.Token{}, "sign-in"
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutCeremony(c), tx.PutCeremony(stranger)) })
	for _, want := range []emergency.Ceremony{c, stranger} {
		var got emergency.Ceremony
		update(t, s, func(tx emergency.Tx) (err error) {
			got, err = tx.TakeCeremony(want.Token)
			return err
		})
		equal(t, got, want)
		refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { _, err := tx.TakeCeremony(want.Token); return err })
	}
}

func testCeremonyRace(t *testing.T, s Store) {
	puts(t, s, func(tx emergency.Tx) error { return tx.PutCeremony(ceremony(1)) })
	oneWins(t, emergency.ErrNotFound, func(ctx context.Context, _ int) error {
		return s.Update(ctx, func(tx emergency.Tx) error { _, err := tx.TakeCeremony(ceremony(1).Token); return err })
	})
}
