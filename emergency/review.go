package emergency

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
)

// Review is what a keeper says of an opening afterwards, and what comes of it.
type Review struct {
	Grant        GrantID
	Patient      PatientID
	Organization OrganizationID // who has to answer a "no", "" for the operator alone
	Verdict      string         // VerdictRight, VerdictWrong, VerdictUnsure
	By           AccountID
	SealedWords  []byte
	At           time.Time
	DueAt        time.Time // of the answer; zero unless the verdict asks for one
	AnsweredAt   time.Time
	SealedAnswer []byte
}

// ReviewFilter picks reviews that ask for an answer. Zero fields pick all.
type ReviewFilter struct {
	Patient      PatientID
	Organization OrganizationID
	Unanswered   bool
	Limit        int // 0 is 500
}

// What a keeper can say of an opening.
const (
	VerdictRight  = "right"
	VerdictWrong  = "wrong"
	VerdictUnsure = "unsure"
)

// maxWords bounds what is written in a review and in its answer, in bytes.
const maxWords = 2000

// ReviewView is a review as those read it who gave it, who have to answer it, and who watch that it is answered.
type ReviewView struct {
	Grant      GrantID
	Verdict    string
	Words      string
	At         time.Time
	DueAt      time.Time // zero unless somebody has to answer
	Overdue    bool
	AnsweredAt time.Time
	Answer     string
	Opening    OpeningView // what it is about; only for those who answer and watch
}

// Review says of an opening whether it was right. A "no" has to be answered by the administrators of the organization whose badge was worn, or by the operator,
// until Config.ReviewDays have passed. Until then it can be said again and otherwise; what was answered stays.
func (s *Service) Review(ctx context.Context, c Caller, id PatientID, grant GrantID, verdict, words string) error {
	if verdict != VerdictRight && verdict != VerdictWrong && verdict != VerdictUnsure {
		return ErrInvalid.with("field", "verdict")
	}
	sealed, err := s.sealWords("words", grant, words)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		row, err := s.keptGrant(tx, c, id, grant)
		if err != nil {
			return err
		}
		review := Review{Grant: grant, Patient: id, Verdict: verdict, By: c.Account, SealedWords: sealed, At: s.now()}
		before, err := tx.Review(grant)
		switch {
		case err == nil && !before.AnsweredAt.IsZero():
			return ErrConflict
		case err == nil:
			review.DueAt = before.DueAt // saying it again gives nobody more time
		case !errors.Is(err, ErrNotFound):
			return err
		}
		if verdict != VerdictWrong {
			review.DueAt = time.Time{}
		} else if review.DueAt.IsZero() {
			review.DueAt = review.At.AddDate(0, 0, s.ReviewDays)
		}
		if _, err := tx.Organization(row.Organization); err == nil {
			review.Organization = row.Organization // that of another house is not here to answer
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		event := s.event(c, audit.ReviewGiven, string(id))
		event.Grant, event.Details = string(grant), map[string]string{"verdict": verdict}
		tx.Append(event)
		if !review.DueAt.IsZero() && before.DueAt.IsZero() {
			if err := s.tellReviewers(tx, review); err != nil {
				return err
			}
		}
		return tx.PutReview(review)
	})
}

// Reviews are what the keepers of a patient have said of openings, by opening.
func (s *Service) Reviews(ctx context.Context, c Caller, id PatientID) (map[GrantID]ReviewView, error) {
	views := make(map[GrantID]ReviewView)
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		rows, err := r.Reviews(ReviewFilter{Patient: id})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if views[row.Grant], err = s.viewReview(row); err != nil {
				return err
			}
		}
		return nil
	})
	return views, err
}

// ReviewsToAnswer lists what an organization that the caller administers has to answer, the one that is due first before the others. Of the patient they learn
// nothing but what was written to them.
func (s *Service) ReviewsToAnswer(ctx context.Context, c Caller, id OrganizationID) ([]ReviewView, error) {
	var views []ReviewView
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if err := s.administers(r, c, id); err != nil {
			return err
		}
		views, err = s.unanswered(r, c, ReviewFilter{Organization: id, Unanswered: true})
		return err
	})
	for i := range views {
		views[i].Opening.Patient = ""
	}
	return views, err
}

// unanswered reads reviews with the openings that they are about, without the words of those that the caller has opened.
func (s *Service) unanswered(r Reader, c Caller, filter ReviewFilter) ([]ReviewView, error) {
	rows, err := r.Reviews(filter)
	if err != nil {
		return nil, err
	}
	var views []ReviewView
	for _, row := range rows {
		view, err := s.viewReview(row)
		if err != nil {
			return nil, err
		}
		grant, err := r.GrantByID(row.Grant)
		if err != nil {
			return nil, err
		}
		if view.Opening, err = s.reviewedOpening(grant); err != nil {
			return nil, err
		}
		if grant.Member != "" && grant.Member == c.Account {
			view.Words = ""
		}
		if view.Opening.Suspended, err = suspended(r, grant.Organization, grant.Member); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// AnswerReview answers a keeper who said that an opening was not right: an administrator of the organization, or a privacy officer, who is not the one that
// has opened. The keepers are told by the entry.
func (s *Service) AnswerReview(ctx context.Context, c Caller, grant GrantID, answer string) error {
	if err := signedIn(c); err != nil {
		return err
	}
	sealed, err := s.sealWords("answer", grant, answer)
	if err != nil {
		return err
	}
	if sealed == nil {
		return ErrInvalid.with("field", "answer")
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		review, err := tx.Review(grant)
		if err != nil {
			return err
		}
		actor, err := s.answers(tx, c, review)
		if err != nil {
			return err
		}
		if review.DueAt.IsZero() || !review.AnsweredAt.IsZero() {
			return ErrNotFound
		}
		review.AnsweredAt, review.SealedAnswer = s.now(), sealed
		event := s.event(c, audit.ReviewAnswered, string(review.Patient))
		event.Actor, event.Grant = actor, string(grant)
		tx.Append(event)
		return tx.PutReview(review)
	})
}

// answers checks that the caller is somebody who answers a review, and says as whom. To everybody else there is no such review.
func (s *Service) answers(r Reader, c Caller, review Review) (audit.Actor, error) {
	actor := audit.Actor{Kind: audit.ByAccount, Verified: audit.VerifiedPasskey, Network: c.Network}
	officer, err := officerIn(r, c)
	if err != nil {
		return actor, err
	}
	if !officer {
		if review.Organization == "" {
			return actor, ErrNotFound
		}
		if err := s.administers(r, c, review.Organization); err != nil {
			return actor, err
		}
	}
	grant, err := r.GrantByID(review.Grant)
	if err != nil {
		return actor, err
	}
	if grant.Member == c.Account {
		return actor, ErrOwnReview
	}
	if officer {
		actor.Kind = audit.ByOperator
		return actor, nil
	}
	organization, err := s.activeOrganization(r, review.Organization)
	actor.Organization = organization.Name
	return actor, err
}

func (s *Service) viewReview(row Review) (ReviewView, error) {
	view := ReviewView{Grant: row.Grant, Verdict: row.Verdict, At: row.At, DueAt: row.DueAt, AnsweredAt: row.AnsweredAt,
		Overdue: !row.DueAt.IsZero() && row.AnsweredAt.IsZero() && s.now().After(row.DueAt)}
	words, err := s.unseal("review", "words", string(row.Grant), row.SealedWords)
	if err != nil {
		return view, err
	}
	answer, err := s.unseal("review", "answer", string(row.Grant), row.SealedAnswer)
	view.Words, view.Answer = string(words), string(answer)
	return view, err
}

// sealWords seals what somebody wrote, nil when it is nothing.
func (s *Service) sealWords(column string, grant GrantID, text string) ([]byte, error) {
	line, ok := oneLine(text, maxWords)
	if !ok {
		return nil, ErrInvalid.with("field", column)
	}
	if line == "" {
		return nil, nil
	}
	return s.seal("review", column, string(grant), []byte(line))
}

// reviewExport is a review in an export.
type reviewExport struct {
	Opening    GrantID   `json:"opening"`
	Verdict    string    `json:"verdict"`
	Words      string    `json:"words,omitempty"`
	At         time.Time `json:"at"`
	DueAt      time.Time `json:"due_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	Answer     string    `json:"answer,omitempty"`
}

// exportReviews lists what was said of a patient's openings, oldest first.
func (s *Service) exportReviews(ctx context.Context, c Caller, id PatientID) ([]reviewExport, error) {
	views, err := s.Reviews(ctx, c, id)
	if err != nil {
		return nil, err
	}
	list := make([]reviewExport, 0, len(views))
	for _, view := range views {
		list = append(list, reviewExport{view.Grant, view.Verdict, view.Words, view.At, view.DueAt, view.AnsweredAt, view.Answer})
	}
	slices.SortFunc(list, func(a, b reviewExport) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Opening, b.Opening)) })
	return list, nil
}
