package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
)

func testCards(t *testing.T, s Store) {
	p := patient(1).ID
	second, first := card(8, p), card(7, p)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error { return errors.Join(tx.PutCard(second), tx.PutCard(first)) })
	list := func(r emergency.Reader) ([]emergency.Card, error) { return r.Cards(p) }
	shows(t, s, []emergency.Card{card(1, p), first, second}, list)

	first.RevokedAt, first.Recipient, first.SealedAddress, first.SealedLabel = later(30), "", nil, nil
	puts(t, s, func(tx emergency.Tx) error { return tx.PutCard(first) })
	shows(t, s, first, func(r emergency.Reader) (emergency.Card, error) { return r.Card(first.ID) })
	shows(t, s, []emergency.Card{card(1, p), first, second}, list)

	stolen := card(2, p)
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutCard(stolen) })
	shows(t, s, card(2, patient(2).ID), func(r emergency.Reader) (emergency.Card, error) { return r.Card(stolen.ID) })
	shows(t, s, p, func(r emergency.Reader) (emergency.PatientID, error) { return r.PatientOf(first.ID) })
	shows(t, s, patient(2).ID, func(r emergency.Reader) (emergency.PatientID, error) { return r.PatientOf(stolen.ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.PatientOf(cardID(99)) })
}

func testOpening(t *testing.T, s Store) {
	p := patient(1)
	get := func(r emergency.Reader) (emergency.Opening, error) { return r.Opening(cardID(1)) }
	withoutCard := func(r emergency.Reader) (emergency.Opening, error) { return r.OpeningOf(p.ID) }
	puts(t, s, household(1), household(2))
	shows(t, s, emergency.Opening{Card: card(1, p.ID), Patient: p}, get)
	shows(t, s, emergency.Opening{Patient: p}, withoutCard)

	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutRules(ruleSet(p.ID, 1)), tx.PutRules(ruleSet(p.ID, 2)), tx.PutRecord(record(p.ID, 1)),
			tx.PutRecord(record(p.ID, 2)), tx.PutRecord(record(p.ID, 3)))
	})
	p.RecordVersion, p.RulesVersion = 3, 2
	shows(t, s, emergency.Opening{Card: card(1, p.ID), Patient: p, Rules: ruleSet(p.ID, 2), Record: record(p.ID, 3)}, get)
	shows(t, s, emergency.Opening{Patient: p, Rules: ruleSet(p.ID, 2), Record: record(p.ID, 3)}, withoutCard)
}

func testShortCodes(t *testing.T, s Store) {
	code := emergency.ShortCode{Finder: hash("code"), Card: cardID(1), Sealed: []byte("sealed front")}
	get := func(r emergency.Reader) (emergency.ShortCode, error) { return r.ShortCode(code.Finder) }
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error { return tx.PutShortCode(code) })
	shows(t, s, code, get)

	code.Sealed = []byte("sealed again")
	puts(t, s, func(tx emergency.Tx) error { return tx.PutShortCode(code) })
	shows(t, s, code, get)
	refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error {
		return tx.PutShortCode(emergency.ShortCode{Finder: code.Finder, Card: cardID(2), Sealed: []byte("of another card")})
	})

	puts(t, s, func(tx emergency.Tx) error { return tx.DeleteShortCode(cardID(1)) })
	missing(t, s, get)
}

func testGuesses(t *testing.T, s Store) {
	const window = 10 * time.Minute
	key, other := hash("guesser"), hash("another guesser")
	count := func(key emergency.Token, now time.Time, want int) {
		t.Helper()
		var got int
		update(t, s, func(tx emergency.Tx) (err error) {
			got, err = tx.CountGuess(key, now, now.Add(-window))
			return err
		})
		if got != want {
			t.Errorf("guesses at %v: got %d, want %d", now.Sub(epoch()), got, want)
		}
	}
	count(key, later(0), 1)
	count(key, later(3), 2)
	count(other, later(4), 1)
	count(key, later(10), 3) // the window began exactly ten minutes ago
	count(key, later(11), 1)
	count(key, later(12), 2)
}

func testGuessRace(t *testing.T, s Store) {
	const guessers = 64
	counted := make([]int, guessers)
	for i, err := range inParallel(t.Context(), guessers, func(ctx context.Context, i int) error {
		return s.Update(ctx, func(tx emergency.Tx) (err error) {
			counted[i], err = tx.CountGuess(hash("one code"), later(1), epoch())
			return err
		})
	}) {
		if err != nil {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	seen := make(map[int]bool)
	for _, n := range counted {
		if n < 1 || n > guessers || seen[n] {
			t.Errorf("a guess was counted as number %d, which another was or cannot be", n)
		}
		seen[n] = true
	}
}

func testSweep(t *testing.T, s Store) {
	owner, c := account(1).ID, card(1, patient(1).ID)
	ends := func(q emergency.Request, at int) emergency.Request { q.EndsAt = later(at); return q }
	crew := member(organization(1), owner)
	puts(t, s, household(1), func(tx emergency.Tx) error {
		_, err := tx.CountGuess(hash("early"), later(0), later(-10))                                      // ends at 10
		_, err2 := tx.CountGuess(hash("late"), later(60), later(50))                                      // ends at 70
		return errors.Join(err, err2, tx.PutSession(session(0, owner)), tx.PutSession(session(1, owner)), // end at 60 and 61
			tx.PutCeremony(ceremony(1)), tx.PutCeremony(ceremony(56)), // end at 6 and 61
			tx.PutRequest(ends(request(1, c, "critical"), 60)), tx.PutRequest(ends(request(2, c, "sensitive"), 61)),
			tx.PutOrganization(organization(1)), tx.PutMember(crew), tx.PutBadge(badge(0, crew)), tx.PutBadge(badge(1, crew)), // end at 60 and 61
			tx.PutInvitation(invitation(0, emergency.InviteSelf, "x")), tx.PutInvitation(invitation(1, emergency.InviteSelf, "x")), // likewise
			tx.PutGrant(grant(1, c)), tx.PutHandover(handover(0, grant(1, c))), tx.PutHandover(handover(1, grant(1, c)))) // likewise
	})
	var swept int
	update(t, s, func(tx emergency.Tx) (err error) { swept, err = tx.Sweep(later(61)); return err })
	if swept != 7 {
		t.Errorf("swept %d, want 7", swept)
	}
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Badge(badge(0, crew).ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Invitation(invitation(0, "", "").Token) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Handover(handover(0, grant(1, c)).Finder) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByID(request(1, c, "critical").ID) })
	shows(t, s, badge(1, crew), func(r emergency.Reader) (emergency.Badge, error) { return r.Badge(badge(1, crew).ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Session(session(0, owner).Token) })
	shows(t, s, session(1, owner), func(r emergency.Reader) (emergency.Session, error) { return r.Session(session(1, owner).Token) })
	puts(t, s, func(tx emergency.Tx) error { _, err := tx.TakeCeremony(ceremony(56).Token); return err })
	refused(t, s, emergency.ErrNotFound, func(tx emergency.Tx) error { _, err := tx.TakeCeremony(ceremony(1).Token); return err })
	update(t, s, func(tx emergency.Tx) error {
		again, err := tx.CountGuess(hash("late"), later(61), later(51))
		if again != 2 {
			t.Errorf("a guess count that had not ended was swept: got %d, want 2", again)
		}
		return err
	})
}

func testCounts(t *testing.T, s Store) {
	counts := func(accounts, patients, cards, grants int64) {
		t.Helper()
		shows(t, s, map[string]int64{"accounts": accounts, "patients": patients, "cards": cards, "grants": grants},
			func(r emergency.Reader) (map[string]int64, error) { return r.Counts() })
	}
	counts(0, 0, 0, 0)
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error { return tx.PutGrant(grant(1, card(1, patient(1).ID))) })
	counts(2, 2, 2, 1)
	a, p := account(1), patient(1)
	a.DeletedAt, p.DeletedAt = later(1), later(1)
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutAccount(a), tx.PutAccount(a), tx.PutPatient(p), tx.PutCard(card(1, p.ID)), tx.PutGrant(grant(1, card(1, p.ID))))
	})
	counts(1, 1, 2, 1)
}

func testReferences(t *testing.T, s Store) {
	puts(t, s, household(1))
	lost := card(9, "nobody")
	for name, change := range map[string]func(tx emergency.Tx) error{
		"passkey":          func(tx emergency.Tx) error { return tx.PutPasskey(passkey(1, "nobody")) },
		"session":          func(tx emergency.Tx) error { return tx.PutSession(session(1, "nobody")) },
		"keeper's account": func(tx emergency.Tx) error { return tx.PutKeeper(keeper("nobody", patient(1).ID)) },
		"keeper's patient": func(tx emergency.Tx) error { return tx.PutKeeper(keeper(account(1).ID, "nobody")) },
		"record":           func(tx emergency.Tx) error { return tx.PutRecord(record("nobody", 1)) },
		"document":         func(tx emergency.Tx) error { return tx.PutDocument(document(1, "nobody")) },
		"rules":            func(tx emergency.Tx) error { return tx.PutRules(ruleSet("nobody", 1)) },
		"card":             func(tx emergency.Tx) error { return tx.PutCard(lost) },
		"short code": func(tx emergency.Tx) error {
			return tx.PutShortCode(emergency.ShortCode{Finder: hash("x"), Card: lost.ID})
		},
		"organization": func(tx emergency.Tx) error { return tx.PutMember(member(organization(9), account(1).ID)) },
		"member's account": func(tx emergency.Tx) error {
			return errors.Join(tx.PutOrganization(organization(1)), tx.PutMember(member(organization(1), "nobody")))
		},
		"badge of no member": func(tx emergency.Tx) error {
			return errors.Join(tx.PutOrganization(organization(1)), tx.PutBadge(badge(1, member(organization(1), account(1).ID))))
		},
		"contact":             func(tx emergency.Tx) error { return tx.PutContact(contact(1, "nobody")) },
		"request with a card": func(tx emergency.Tx) error { return tx.PutRequest(request(1, lost, "critical")) },
		"request of a contact": func(tx emergency.Tx) error {
			return tx.PutRequest(asked(1, contact(1, "nobody"), "critical"))
		},
		"approval of no request": func(tx emergency.Tx) error {
			c := contact(1, patient(1).ID)
			return errors.Join(tx.PutContact(c), tx.PutApproval(emergency.Approval{Request: "none", Contact: c.ID, At: later(1)}))
		},
		"approval of no contact": func(tx emergency.Tx) error {
			q := request(1, card(1, patient(1).ID), "critical")
			return errors.Join(tx.PutRequest(q), tx.PutApproval(emergency.Approval{Request: q.ID, Contact: "none", At: later(1)}))
		},
		"message": func(tx emergency.Tx) error {
			_, err := tx.AddMessage(emergency.Message{Grant: "none", At: later(1)})
			return err
		},
		"review":        func(tx emergency.Tx) error { return tx.PutReview(review(1, grant(9, card(1, patient(1).ID)), 0)) },
		"pending rules": func(tx emergency.Tx) error { return tx.PutPendingRules(pendingRules("nobody", 5)) },
		"handover":      func(tx emergency.Tx) error { return tx.PutHandover(handover(1, grant(9, lost))) },
	} {
		t.Run(name, func(t *testing.T) { refused(t, s, emergency.ErrNotFound, change) })
	}
}

func testTimes(t *testing.T, s Store) {
	zone := time.FixedZone("UTC+5:45", 5*3600+45*60)
	want := session(1, account(1).ID)
	want.CreatedAt = time.Date(2026, 3, 1, 8, 0, 0, 123_000_000, time.UTC)
	given := want
	given.CreatedAt = want.CreatedAt.Add(456 * time.Microsecond).In(zone)
	want.SeenAt, given.SeenAt = time.Time{}, time.Time{}
	puts(t, s, household(1), func(tx emergency.Tx) error { return tx.PutSession(given) })
	shows(t, s, want, func(r emergency.Reader) (emergency.Session, error) { return r.Session(want.Token) })
}
