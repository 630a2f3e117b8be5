package web

import (
	"net/http"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// reviewLine is what was said of an opening, in words, beside the entry of it (console/review.html).
type reviewLine struct {
	Path, Ask string // where it can be said, "" when it can no more
	What      string // which opening, for those who do not see it
	Said      string
	Words     string
	Due       string
	Answered  string
	Answer    string
}

// reviewLine says what a keeper has said of an opening and what came of it. The view is nil while nothing was said.
func (x *exchange) reviewLine(id emergency.PatientID, grant emergency.GrantID, what string, view *emergency.ReviewView) *reviewLine {
	line := &reviewLine{Path: "/patients/" + string(id) + "/grants/" + string(grant) + "/review", Ask: x.T("review.ask"), What: what}
	if view == nil {
		return line
	}
	line.Ask, line.Said, line.Words = x.T("review.change"), x.T("review.said."+view.Verdict), view.Words
	switch {
	case !view.AnsweredAt.IsZero():
		line.Path, line.Answer = "", view.Answer
		line.Answered = x.T("review.answered", "date", x.day(view.AnsweredAt))
	case view.Overdue:
		line.Due = x.T("review.overdue", "date", x.day(view.DueAt))
	case !view.DueAt.IsZero():
		line.Due = x.T("review.due", "date", x.day(view.DueAt))
	}
	return line
}

// reviewOf is the line beside an entry, nil beside those that are no opening.
func (x *exchange) reviewOf(id emergency.PatientID, event audit.Event, reviews map[emergency.GrantID]emergency.ReviewView) *reviewLine {
	grant := emergency.GrantID(event.Grant)
	if event.Type != audit.GlassOpened || grant == "" {
		return nil
	}
	when, _ := x.moment(event.At)
	if view, said := reviews[grant]; said {
		return x.reviewLine(id, grant, when, &view)
	}
	return x.reviewLine(id, grant, when, nil)
}

// reviewPage asks whether an opening was right.
func (s *Server) reviewPage(x *exchange) error { return x.askReview(nil) }

func (x *exchange) askReview(faults []fault) error {
	p, id, err := x.patientPage("log", "review.ask")
	if err != nil {
		return err
	}
	grant, err := x.Service.Grant(x.r.Context(), x.caller, id, emergency.GrantID(x.variable("grant")))
	if err != nil {
		return err
	}
	reviews, err := x.Service.Reviews(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	before := reviews[grant.ID]
	chosen, words := before.Verdict, before.Words
	status := http.StatusOK
	if len(faults) > 0 {
		chosen, words, status = x.value("verdict"), x.value("words"), http.StatusBadRequest
	}
	verdict := field{ID: "verdict", Kind: "radio", Label: x.T("review.ask")}
	for _, value := range []string{emergency.VerdictRight, emergency.VerdictWrong, emergency.VerdictUnsure} {
		each := option{Value: value, Label: x.T("review.verdict." + value), Chosen: value == chosen}
		if value == emergency.VerdictWrong {
			each.Hint = x.T("review.verdict.wrong.hint")
		}
		verdict.Options = append(verdict.Options, each)
	}
	fields := []field{verdict, {ID: "words", Kind: "textarea", Label: x.T("review.words"), Hint: x.T("review.words.hint"), Value: words}}
	mark(fields, faults)
	at, when := x.moment(grant.From)
	p.Back, p.Faults = "/patients/"+string(id)+"/log", faults
	data := struct {
		At, When string
		Facts    []entryFact
		Fields   []field
		Line     *reviewLine // once it was answered
	}{at, when, x.whoStated(grant.Stated, true), fields, nil}
	if !before.AnsweredAt.IsZero() {
		data.Fields, data.Line = nil, x.reviewLine(id, grant.ID, at, &before)
	}
	p.D = data
	return x.render(status, "review_ask", p)
}

// giveReview takes what a keeper says of an opening.
func (s *Server) giveReview(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	err = s.Service.Review(x.r.Context(), x.caller, id, emergency.GrantID(x.variable("grant")), x.value("verdict"), x.value("words"))
	if wrong, is := x.faultOf(err); is {
		wrong.Text = x.T("review.fault." + wrong.Field)
		return x.askReview([]fault{wrong})
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/log")
}

// owed is an answer that somebody owes to a patient.
type owed struct {
	Grant, At, When string
	Facts           []entryFact
	Words           string
	Due             string
	Overdue         bool
	Field           field
	Action          string // where the answer goes
	Suspend         string // where the badge can be suspended, "" where there is none
	Organization    string // whose badge it is
	Member          string
}

// owed puts reviews that wait for an answer into words. base is the page that they are answered on.
func (x *exchange) owed(views []emergency.ReviewView, base string) []owed {
	list := make([]owed, 0, len(views))
	for _, view := range views {
		line := owed{Grant: string(view.Grant), Facts: x.openingFacts(view.Opening), Words: view.Words, Overdue: view.Overdue, Member: view.Opening.Member,
			Organization: string(view.Opening.OrganizationID),
			Field:        field{ID: "answer-" + string(view.Grant), Name: "answer", Kind: "textarea", Label: x.T("review.answer"), Hint: x.T("review.answer.hint")},
			Action:       base + "/reviews/" + string(view.Grant), Due: x.T("review.due", "date", x.day(view.DueAt))}
		line.At, line.When = x.moment(view.Opening.From)
		if view.Overdue {
			line.Due = x.T("review.overdue", "date", x.day(view.DueAt))
		}
		if view.Opening.MemberID != "" && !view.Opening.Suspended {
			line.Suspend = base + "/members/" + string(view.Opening.MemberID) + "/suspend"
		}
		list = append(list, line)
	}
	return list
}

// reviewsToAnswer are what an organization owes, for its page.
func (x *exchange) reviewsToAnswer(id emergency.OrganizationID) ([]owed, error) {
	views, err := x.Service.ReviewsToAnswer(x.r.Context(), x.caller, id)
	return x.owed(views, "/org/"+string(id)), err
}

// answerReview takes the answer of an administrator.
func (s *Server) answerReview(x *exchange) error {
	return s.takeAnswer(x, "/org/"+x.variable("organization"))
}

// takeAnswer sends an answer to the patient's keepers. One that is empty is sent back to be written.
func (s *Server) takeAnswer(x *exchange, page string) error {
	if err := x.form(); err != nil {
		return err
	}
	err := s.Service.AnswerReview(x.r.Context(), x.caller, emergency.GrantID(x.variable("grant")), x.value("answer"))
	if _, is := x.faultOf(err); is {
		return invalid("answer", "answer")
	}
	if err != nil {
		return err
	}
	return x.redirect(page)
}

// reviewMail asks where to tell whoever has to answer; id "" is for the privacy officers.
func (x *exchange) reviewMail(id emergency.OrganizationID) (*mailQuestion, error) {
	address, err := x.Service.ReviewMail(x.r.Context(), x.caller, id)
	if err != nil {
		return nil, err
	}
	action := "/officer/mail"
	if id != "" {
		action = "/org/" + string(id) + "/mail"
	}
	return &mailQuestion{action, field{ID: "mail", Kind: "text", Label: x.T("review.mail"), Hint: x.T("review.mail.hint"), Value: address, Auto: "email"}}, nil
}

// mailQuestion is a question for an address (console/review_mail.html).
type mailQuestion struct {
	Action string
	Field  field
}

// setReviewMail takes the address.
func (s *Server) setReviewMail(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id := emergency.OrganizationID(x.variable("organization"))
	err := s.Service.SetReviewMail(x.r.Context(), x.caller, id, x.value("mail"))
	if _, is := x.faultOf(err); is {
		return invalid("mail", "mail")
	}
	if err != nil {
		return err
	}
	if id == "" {
		return x.redirect("/officer")
	}
	return x.redirect("/org/" + string(id))
}
