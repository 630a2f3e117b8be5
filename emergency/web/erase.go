package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// askErase asks a privacy officer what of an opening's words is to be erased, and why. It is the answer to a form, so that no address names a patient.
func (s *Server) askErase(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	if _, err := s.Service.OrganizationsToReview(x.r.Context(), x.caller); err != nil { // there is no such page for others
		return err
	}
	return x.erasePage(http.StatusOK, nil, nil)
}

// eraseData is the data of the page on which an officer erases.
type eraseData struct {
	Facts   []entryFact
	Fields  []field
	Fresh   int
	Done    string // what was erased; "" while it is asked
	Pending bool   // a file still holds the words, or the list of what is gone does not have them yet
}

// erasePage shows the questions, or what was done.
func (x *exchange) erasePage(status int, faults []fault, done *emergency.Erasures) error {
	why := field{ID: "ground", Kind: "radio", Label: x.T("erase.why")}
	for _, ground := range audit.Grounds() {
		if ground != audit.OnAge {
			why.Options = append(why.Options, option{Value: string(ground), Label: x.T("ground." + string(ground)), Chosen: x.value("ground") == string(ground)})
		}
	}
	whole := x.value("which") == "patient"
	fields := []field{
		{ID: "which", Kind: "radio", Label: x.T("erase.which"), Options: []option{
			{Value: "opening", Label: x.T("erase.which.opening"), Chosen: !whole}, {Value: "patient", Label: x.T("erase.which.patient"), Chosen: whole}}},
		why,
		{ID: "reference", Kind: "text", Label: x.T("erase.reference"), Hint: x.T("erase.reference.hint"), Value: x.value("reference")},
		{ID: "patient", Kind: "hidden", Value: x.value("patient")},
		{ID: "grant", Kind: "hidden", Value: x.value("grant")},
		{ID: "opened", Kind: "hidden", Value: x.value("opened")},
	}
	mark(fields, faults)
	p := x.newPage("erase.title")
	p.Back, p.Faults, p.Scripts = "/officer/search", faults, []string{"js/console/approve.js"}
	data := eraseData{Facts: x.erasedFacts(), Fields: fields, Fresh: x.freshSeconds()}
	if done != nil {
		data.Done = x.T("erase.done", "erased", strconv.Itoa(done.Erased), "kept", strconv.Itoa(done.Kept))
		data.Pending = done.Pending || done.Unlisted
	}
	p.D = data
	return x.render(status, "erase", p)
}

// erasedFacts repeat which opening was chosen, as the list has shown it: what is erased does not come back.
func (x *exchange) erasedFacts() []entryFact {
	facts := []entryFact{{Label: x.T("officer.patient"), Value: x.value("patient")}}
	if at, err := time.Parse(time.RFC3339, x.value("opened")); err == nil {
		facts = append([]entryFact{x.momentFact("grant.from", at)}, facts...)
	}
	return facts
}

// erase erases what an officer has chosen.
func (s *Server) erase(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	patient, err := emergency.ParsePatientID(x.value("patient"))
	if err != nil {
		return err
	}
	asked := emergency.Erasure{Subject: string(patient), Ground: audit.Ground(x.value("ground")), Reference: x.value("reference")}
	if x.value("which") != "patient" {
		if asked.Grant = emergency.GrantID(x.value("grant")); asked.Grant == "" {
			return emergency.ErrNotFound
		}
	}
	done, err := s.Service.EraseEntries(x.r.Context(), x.caller, asked)
	if wrong, ok := x.faultOf(err); ok {
		words := map[string]string{"ground": "erase.why.fault", "reference": "erase.reference.fault"}[wrong.Field]
		if words == "" {
			return err
		}
		return x.erasePage(http.StatusBadRequest, []fault{{wrong.Field, x.T(words)}}, nil)
	}
	if err != nil {
		return err
	}
	return x.erasePage(http.StatusOK, nil, &done)
}
