package storagetest

import (
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
)

func testGuessTallies(t *testing.T, s Store) {
	tally := func(kind, from string, began, tries int) emergency.GuessTally {
		return emergency.GuessTally{Kind: kind, Began: later(began), Network: hash("%s", from), Sealed: []byte(from), Tries: tries}
	}
	add := func(g emergency.GuessTally) func(emergency.Tx) error {
		return func(tx emergency.Tx) error { return tx.TallyGuess(g) }
	}
	puts(t, s, add(tally("code", "here", 0, 3)), add(tally("code", "here", 0, 2)), add(tally("code", "here", 10, 1)), add(tally("code", "there", 10, 4)),
		add(tally("passcode", "here", 10, 2)), add(tally("passcode", "here", 10, -5)), add(tally("passcode", "nowhere", 10, -1)))
	got := func(since, limit int) func(emergency.Reader) ([]emergency.GuessTally, error) {
		return func(r emergency.Reader) ([]emergency.GuessTally, error) { return r.GuessTallies(later(since), limit) }
	}
	shows(t, s, []emergency.GuessTally{tally("code", "here", 0, 5), tally("code", "there", 10, 4), tally("code", "here", 10, 1), tally("passcode", "here", 10, 0)}, got(0, 10))
	shows(t, s, []emergency.GuessTally{tally("code", "there", 10, 4)}, got(10, 1))

	// However many networks guess at once, the rows of a window are bounded, and no guess goes uncounted.
	update(t, s, func(tx emergency.Tx) error {
		for i := range 400 {
			if err := tx.TallyGuess(emergency.GuessTally{Kind: "code", Began: later(20), Network: hash("network %d", i), Sealed: []byte("network"), Tries: 1}); err != nil {
				return err
			}
		}
		return nil
	})
	spray, err := read(t, s, got(20, 1000))
	if err != nil || len(spray) != 301 || spray[0].Tries != 100 || spray[0].Sealed != nil {
		t.Errorf("400 networks within a window are %d rows (%v), the highest with %d tries; want 301 and 100", len(spray), err, spray[0].Tries)
	}
	update(t, s, func(tx emergency.Tx) error { _, err := tx.Sweep(later(10).Add(48 * time.Hour)); return err })
	if kept, err := read(t, s, got(0, 1000)); err != nil || len(kept) != 304 {
		t.Errorf("after two days %d rows are left (%v), want 304: those of the first window are swept", len(kept), err)
	}
}

func testGrantTallies(t *testing.T, s Store) {
	opened := func(n int, of emergency.PatientID, by emergency.AccountID, from time.Time, change ...func(*emergency.Grant)) func(emergency.Tx) error {
		g := grant(n, emergency.Card{Patient: of})
		g.Contact, g.From, g.Organization, g.Member = "", from, "organization-1", by
		for _, each := range change {
			each(&g)
		}
		return func(tx emergency.Tx) error { return tx.PutGrant(g) }
	}
	first, second := patient(1).ID, patient(2).ID
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	puts(t, s, household(1), household(2), opened(1, first, "a", later(0)), opened(2, first, "a", later(1)), opened(3, second, "a", later(2)),
		opened(4, second, "a", later(24*60)), opened(5, first, "b", later(0)), opened(6, first, "a", later(-24*60)),
		opened(7, first, "a", later(0), func(g *emergency.Grant) { g.Drill = true }), opened(8, first, "", later(0), func(g *emergency.Grant) { g.Organization = "" }))
	shows(t, s, []emergency.GrantTally{
		{Organization: "organization-1", Member: "a", Day: day, Openings: 3, Patients: 2},
		{Organization: "organization-1", Member: "a", Day: day.AddDate(0, 0, 1), Openings: 1, Patients: 1},
		{Organization: "organization-1", Member: "b", Day: day, Openings: 1, Patients: 1},
	}, func(r emergency.Reader) ([]emergency.GrantTally, error) { return r.GrantTallies(later(0)) })
}
