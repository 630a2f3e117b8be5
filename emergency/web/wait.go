package web

import "github.com/locket-health/locket/emergency"

// wait is somebody who has asked for more and has to wait, in words.
type wait struct {
	Card, ID, Action string
	Contact          string // what the patient calls the contact who asks from afar, "" for whoever has the card
	Asked, Opens     string
	Vetoed           string // when somebody said no, "" while nobody has
	Facts            []entryFact
	Agreed           int  // contacts who agree that it opens sooner
	Over             bool // the wait has ended: it can be opened
}

// waits lists who waits to open more of a patient's record.
func (x *exchange) waits(id emergency.PatientID, names map[string]string) ([]wait, error) {
	views, err := x.Service.Requests(x.r.Context(), x.caller, id)
	if err != nil {
		return nil, err
	}
	var waits []wait
	for _, view := range views {
		if state := view.State.State; state == emergency.WaitWithdrawn || state == emergency.WaitOver {
			continue // whoever asked has taken it back, or it opens nothing any more
		}
		w := wait{Card: names[view.Card], ID: string(view.ID), Action: "/patients/" + string(id) + "/requests/" + string(view.ID) + "/veto",
			Contact: view.Stated.Contact, Facts: x.whoStated(view.Stated, true), Agreed: view.State.Approvals, Over: view.State.State == emergency.WaitOpen,
			Asked: x.Catalog.Time(x.lang.Code, view.AskedAt.UTC()), Opens: x.Catalog.Time(x.lang.Code, view.OpensAt.UTC())}
		if !view.VetoedAt.IsZero() {
			w.Vetoed = x.Catalog.Time(x.lang.Code, view.VetoedAt.UTC())
		}
		waits = append(waits, w)
	}
	return waits, nil
}

// veto says no to somebody who waits. It needs no passkey: saying no must be quick.
func (s *Server) veto(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	patient, err := x.patient()
	if err != nil {
		return err
	}
	if err := s.Service.Veto(x.r.Context(), x.caller, patient, emergency.RequestID(x.variable("request"))); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(patient) + "/log")
}
