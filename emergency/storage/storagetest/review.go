package storagetest

import (
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
)

func testReviews(t *testing.T, s Store) {
	bystander, badged, crews, contacts, foreign := grants()
	puts(t, s, household(1), household(2), func(tx emergency.Tx) error {
		return errors.Join(tx.PutGrant(bystander), tx.PutGrant(badged), tx.PutGrant(crews), tx.PutGrant(contacts), tx.PutGrant(foreign))
	})
	right, wrong, soon, answered := review(5, bystander, 0), review(6, badged, 90), review(7, crews, 80), review(8, foreign, 70)
	kin := review(9, contacts, 0)
	answered.AnsweredAt, answered.SealedAnswer = later(9), []byte("answer")
	missing(t, s, func(r emergency.Reader) (any, error) { return r.Review(right.Grant) })
	unsaid := wrong
	unsaid.Verdict, unsaid.DueAt = emergency.VerdictUnsure, time.Time{}
	puts(t, s, func(tx emergency.Tx) error {
		return errors.Join(tx.PutReview(kin), tx.PutReview(right), tx.PutReview(unsaid), tx.PutReview(soon), tx.PutReview(answered),
			tx.PutReview(wrong))
	})
	shows(t, s, wrong, func(r emergency.Reader) (emergency.Review, error) { return r.Review(wrong.Grant) })

	p, house := bystander.Patient, badged.Organization
	for _, c := range []struct {
		name   string
		filter emergency.ReviewFilter
		want   []emergency.Review
	}{
		{"all, what asks for no answer last", emergency.ReviewFilter{}, []emergency.Review{answered, soon, wrong, right, kin}},
		{"at most four", emergency.ReviewFilter{Limit: 4}, []emergency.Review{answered, soon, wrong, right}},
		{"at most two", emergency.ReviewFilter{Limit: 2}, []emergency.Review{answered, soon}},
		{"at most three", emergency.ReviewFilter{Limit: 3}, []emergency.Review{answered, soon, wrong}},
		{"unanswered, the one that is due first", emergency.ReviewFilter{Unanswered: true}, []emergency.Review{soon, wrong}},
		{"of a patient", emergency.ReviewFilter{Patient: p}, []emergency.Review{soon, wrong, right, kin}},
		{"of a patient, unanswered", emergency.ReviewFilter{Patient: p, Unanswered: true, Limit: 1}, []emergency.Review{soon}},
		{"of an organization", emergency.ReviewFilter{Organization: house}, []emergency.Review{soon, wrong}},
		{"of an organization that has answered", emergency.ReviewFilter{Organization: foreign.Organization, Unanswered: true}, nil},
		{"of a patient and an organization", emergency.ReviewFilter{Patient: p, Organization: house}, []emergency.Review{soon, wrong}},
		{"of nobody", emergency.ReviewFilter{Patient: "nobody"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			shows(t, s, c.want, func(r emergency.Reader) ([]emergency.Review, error) { return r.Reviews(c.filter) })
		})
	}
	stolen := wrong
	stolen.Patient = foreign.Patient
	refused(t, s, emergency.ErrInvalid, func(tx emergency.Tx) error { return tx.PutReview(stolen) })
}
