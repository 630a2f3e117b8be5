package storagetest

import (
	"context"
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
)

func testRequests(t *testing.T, s Store) {
	p := patient(1).ID
	one, other, friend := card(1, p), card(7, p), contact(1, p)
	first, second, third, fourth := request(1, one, "critical"), request(2, one, "sensitive"), request(3, other, "critical"), asked(4, friend, "critical")
	first.EndsAt, second.EndsAt, third.EndsAt, fourth.EndsAt = later(30), later(20), later(40), later(40)
	fourth.AskedAt = later(2) // before the third
	fourth.Watch, fourth.Sealed = emergency.Token{}, nil
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutCard(other), tx.PutContact(friend), tx.PutRequest(first), tx.PutRequest(second), tx.PutRequest(third), tx.PutRequest(fourth))
	})
	found := func(t *testing.T, q emergency.Request) {
		t.Helper()
		shows(t, s, q, func(r emergency.Reader) (emergency.Request, error) { return r.Request(q.RequestKey) })
		shows(t, s, q, func(r emergency.Reader) (emergency.Request, error) { return r.RequestByID(q.ID) })
		if !q.Watch.IsZero() {
			shows(t, s, q, func(r emergency.Reader) (emergency.Request, error) { return r.RequestByWatch(q.Watch) })
		}
	}
	for _, q := range []emergency.Request{first, second, third, fourth} {
		found(t, q)
	}
	list := func(r emergency.Reader) ([]emergency.Request, error) { return r.Requests(p, later(20)) }
	shows(t, s, []emergency.Request{first, fourth, third}, list)
	shows(t, s, nil, func(r emergency.Reader) ([]emergency.Request, error) { return r.Requests(patient(2).ID, later(0)) })
	missing(t, s, func(r emergency.Reader) (any, error) {
		return r.Request(emergency.RequestKey{Card: one.ID, Step: "another"})
	})
	missing(t, s, func(r emergency.Reader) (any, error) {
		return r.Request(emergency.RequestKey{Contact: friend.ID, Step: "sensitive"})
	})
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByID("none") })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByWatch(hash("none")) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByWatch(emergency.Token{}) })

	first.VetoedAt, first.WithdrawnAt, fourth.VetoedAt = later(5), later(6), later(7)
	puts(t, s, func(tx emergency.Tx) error { return errors.Join(tx.PutRequest(first), tx.PutRequest(fourth)) })
	for _, q := range []emergency.Request{first, second, fourth} {
		found(t, q)
	}

	for name, change := range map[string]func(q *emergency.Request){
		"another patient's":     func(q *emergency.Request) { q.Patient = patient(2).ID },
		"another patient's key": func(q *emergency.Request) { q.Patient, q.ID = patient(2).ID, "new" },
		"with another card":     func(q *emergency.Request) { q.Card = card(2, p).ID },
		"for another step":      func(q *emergency.Request) { q.Step = "another" },
		"of a contact":          func(q *emergency.Request) { q.Contact = friend.ID },
	} {
		t.Run(name, func(t *testing.T) {
			q := first
			change(&q)
			refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutRequest(q) })
			found(t, first)
		})
	}
	t.Run("two that are watched by the same", func(t *testing.T) {
		q := third
		q.Watch = second.Watch
		refused(t, s, emergency.ErrConflict, func(tx emergency.Tx) error { return tx.PutRequest(q) })
	})
}

func testApprovals(t *testing.T, s Store) {
	p := patient(1).ID
	one, two := contact(1, p), contact(2, p)
	q, other := request(1, card(1, p), "critical"), request(2, card(1, p), "sensitive")
	approve := func(q emergency.Request, by emergency.Contact, at int) func(tx emergency.Tx) error {
		return func(tx emergency.Tx) error {
			return tx.PutApproval(emergency.Approval{Request: q.ID, Contact: by.ID, At: later(at)})
		}
	}
	list := func(q emergency.Request) func(r emergency.Reader) ([]emergency.Approval, error) {
		return func(r emergency.Reader) ([]emergency.Approval, error) { return r.Approvals(q.ID) }
	}
	puts(t, s, household(1), func(tx emergency.Tx) error {
		return errors.Join(tx.PutContact(one), tx.PutContact(two), tx.PutRequest(q), tx.PutRequest(other))
	}, approve(q, two, 5), approve(q, one, 6), approve(other, one, 7))
	want := []emergency.Approval{{Request: q.ID, Contact: two.ID, At: later(5)}, {Request: q.ID, Contact: one.ID, At: later(6)}}
	shows(t, s, want, list(q))
	puts(t, s, approve(q, two, 9), approve(q, one, 3))
	shows(t, s, want, list(q)) // the first time stays

	q.VetoedAt = later(10)
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRequest(q) })
	shows(t, s, want, list(q))
	again := q
	again.ID, again.Watch = "request-again", hash("watched again")
	puts(t, s, func(tx emergency.Tx) error { return tx.PutRequest(again) })
	shows(t, s, nil, list(q))
	shows(t, s, nil, list(again))
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByID(q.ID) })
	missing(t, s, func(r emergency.Reader) (any, error) { return r.RequestByWatch(q.Watch) })
	shows(t, s, []emergency.Approval{{Request: other.ID, Contact: one.ID, At: later(7)}}, list(other))

	update(t, s, func(tx emergency.Tx) error { _, err := tx.Sweep(other.EndsAt.AddDate(0, 0, 1)); return err })
	shows(t, s, nil, list(other))
}

// testApprovalRace: of 64 times that a contact agrees at once, one counts.
func testApprovalRace(t *testing.T, s Store) {
	p := patient(1).ID
	q, by := request(1, card(1, p), "critical"), contact(1, p)
	puts(t, s, household(1), func(tx emergency.Tx) error { return errors.Join(tx.PutContact(by), tx.PutRequest(q)) })
	for _, err := range inParallel(t.Context(), 64, func(ctx context.Context, i int) error {
		return s.Update(ctx, func(tx emergency.Tx) error {
			return tx.PutApproval(emergency.Approval{Request: q.ID, Contact: by.ID, At: later(i)})
		})
	}) {
		if err != nil {
			t.Errorf("Update: %v", err)
		}
	}
	got, err := read(t, s, func(r emergency.Reader) ([]emergency.Approval, error) { return r.Approvals(q.ID) })
	if err != nil || len(got) != 1 {
		t.Errorf("got %d approvals, %v; want 1", len(got), err)
	}
}
