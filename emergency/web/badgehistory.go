package web

import (
	"strconv"
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
	asked, err := x.number("before") // milliseconds since 1970
	if err != nil {
		return err
	}
	var before time.Time
	if asked > 0 {
		before = time.UnixMilli(int64(asked))
	}
	own, err := s.Service.OwnOpenings(x.r.Context(), x.caller, before)
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
		last := own.Openings[len(own.Openings)-1].From
		data.Older = "/badge/history?before=" + strconv.FormatInt(last.UnixMilli(), 10)
	}
	p := x.newPage("history.own.title")
	p.Back, p.D = "/badge", data
	return x.show("badge_history", p)
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
