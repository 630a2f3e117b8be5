package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency"
)

// ownOpening is an opening on the page of whoever has opened.
type ownOpening struct {
	At, When string
	Facts    []entryFact
	Drill    bool
	Review   *reviewLine
	Proof    string // where its proof is asked for
}

// ownHistory shows whoever has a badge what they have opened with it, whether it was found right, and where the proof of each is to be had. It names no patient.
func (s *Server) ownHistory(x *exchange) error {
	after, err := x.openingPlace("after")
	if err != nil {
		return err
	}
	own, err := s.Service.OwnOpenings(x.r.Context(), x.caller, after)
	if err != nil {
		return err
	}
	data := struct {
		Openings []ownOpening
		Older    string // address of the page before this one, "" when this is the oldest
	}{}
	for _, view := range own.Openings {
		data.Openings = append(data.Openings, x.ownOpening(view))
	}
	if own.More {
		last := own.Openings[len(own.Openings)-1]
		data.Older = "/badge/history?after=" + strconv.FormatInt(last.From.UnixMilli(), 10) + "." + string(last.Grant)
	}
	p := x.newPage("history.own.title")
	p.Back, p.D = "/badge", data
	return x.show("badge_history", p)
}

// openingPlace is a place in a list of openings that the query names: milliseconds since 1970, a dot and the id of an opening. It is the zero place when it is not
// there.
func (x *exchange) openingPlace(name string) (emergency.OpeningPlace, error) {
	asked := x.r.URL.Query().Get(name)
	if asked == "" {
		return emergency.OpeningPlace{}, nil
	}
	text, grant, _ := strings.Cut(asked, ".")
	at, err := strconv.ParseInt(text, 10, 53)
	if err != nil || at <= 0 {
		return emergency.OpeningPlace{}, invalid("not_number", name)
	}
	return emergency.OpeningPlace{From: time.UnixMilli(at).UTC(), Grant: emergency.GrantID(grant)}, nil
}

func (x *exchange) ownOpening(view emergency.OpeningView) ownOpening {
	line := ownOpening{Proof: "/badge/history/" + string(view.Grant) + "/proof", Drill: view.Drill, Facts: x.openingFacts(view)}
	line.At, line.When = x.moment(view.From)
	review := view.Review
	if review == nil {
		return line
	}
	line.Review = &reviewLine{Said: x.T("review.said." + review.Verdict), Answer: review.Answer}
	if !review.AnsweredAt.IsZero() {
		line.Review.Answered = x.T("review.answered", "date", x.day(review.AnsweredAt))
	}
	return line
}

// ownProof gives the proof of an own opening as a file.
func (s *Server) ownProof(x *exchange) error {
	return x.proof(s.Service.OwnOpeningProof(x.r.Context(), x.caller, emergency.GrantID(x.variable("grant"))))
}
