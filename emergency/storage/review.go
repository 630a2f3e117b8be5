package storage

import "github.com/locket-health/locket/emergency"

const reviewColumns = `grant_id, patient, organization, verdict, by_account, sealed_words, at, due_at, answered_at, sealed_answer`

var (
	reviewPut = portable(`INSERT INTO review (` + reviewColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (grant_id) DO UPDATE SET organization = excluded.organization, verdict = excluded.verdict, by_account = excluded.by_account,
			sealed_words = excluded.sealed_words, at = excluded.at, due_at = excluded.due_at, answered_at = excluded.answered_at,
			sealed_answer = excluded.sealed_answer
		WHERE review.patient = excluded.patient`)
	reviewByGrant = portable(`SELECT ` + reviewColumns + ` FROM review WHERE grant_id = $1`)
	// Those that ask for no answer come last. What the whole house has is read in the order of an index, those that ask for one and then the others.
	reviewsOfPatient = portable(`SELECT ` + reviewColumns + ` FROM review
		WHERE patient = $1 AND ($2 = '' OR organization = $3) AND ($4 = 0 OR due_at > 0 AND answered_at = 0)
		ORDER BY due_at = 0, due_at, at, grant_id LIMIT $5`)
	reviewsOfHouse = portable(`SELECT ` + reviewColumns + ` FROM review
		WHERE organization = $1 AND ($2 = 0 OR due_at > 0 AND answered_at = 0)
		ORDER BY due_at = 0, due_at, at, grant_id LIMIT $3`)
	reviewsAsking = portable(`SELECT ` + reviewColumns + ` FROM review WHERE due_at > 0 AND ($1 = 0 OR answered_at = 0)
		ORDER BY due_at, at, grant_id LIMIT $2`)
	reviewsOther = portable(`SELECT ` + reviewColumns + ` FROM review WHERE due_at = 0 ORDER BY at, grant_id LIMIT $1`)

	reviewsForget = portable(`UPDATE review SET sealed_words = NULL, sealed_answer = NULL WHERE patient = $1`)
)

func reviewTargets(v *emergency.Review) []any {
	return []any{&v.Grant, &v.Patient, &v.Organization, &v.Verdict, &v.By, &v.SealedWords, when{&v.At}, when{&v.DueAt}, when{&v.AnsweredAt}, &v.SealedAnswer}
}

// PutReview implements emergency.Tx. A grant of another patient is ErrInvalid.
func (t *tx) PutReview(v emergency.Review) error {
	return t.t.write(emergency.ErrInvalid, reviewPut, v.Grant, v.Patient, v.Organization, v.Verdict, v.By, v.SealedWords, millis(v.At), millis(v.DueAt),
		millis(v.AnsweredAt), v.SealedAnswer)
}

// Review implements emergency.Reader.
func (r reader) Review(grant emergency.GrantID) (emergency.Review, error) {
	var v emergency.Review
	err := r.t.one(reviewByGrant, []any{grant}, reviewTargets(&v)...)
	return v, err
}

// Reviews implements emergency.Reader.
func (r reader) Reviews(f emergency.ReviewFilter) ([]emergency.Review, error) {
	switch {
	case f.Patient != "":
		return all(r, reviewsOfPatient, reviewTargets, f.Patient, f.Organization, f.Organization, flag(f.Unanswered), atMost(f.Limit))
	case f.Organization != "":
		return all(r, reviewsOfHouse, reviewTargets, f.Organization, flag(f.Unanswered), atMost(f.Limit))
	}
	list, err := all(r, reviewsAsking, reviewTargets, flag(f.Unanswered), atMost(f.Limit))
	if err != nil || f.Unanswered || len(list) >= atMost(f.Limit) {
		return list, err
	}
	others, err := all(r, reviewsOther, reviewTargets, atMost(f.Limit)-len(list))
	return append(list, others...), err
}

// atMost is how many rows a list holds unless it is asked for fewer or more.
func atMost(limit int) int {
	if limit == 0 {
		return 500
	}
	return limit
}
