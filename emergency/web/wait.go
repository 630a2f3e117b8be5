package web

import "github.com/locket-health/locket/emergency"

// wait is somebody who has asked for more and has to wait, in words.
type wait struct {
	Card, Step, Action string
	Asked, Opens       string
	Vetoed             string // when somebody said no, "" while nobody has
}

// waits lists who waits to open more of a patient's record.
func (x *exchange) waits(id emergency.PatientID, names map[string]string) ([]wait, error) {
	views, err := x.Service.Requests(x.r.Context(), x.caller, id)
	if err != nil {
		return nil, err
	}
	var waits []wait
	for _, view := range views {
		w := wait{Card: names[view.Card], Step: view.Step, Action: "/patients/" + string(id) + "/cards/" + view.Card + "/veto",
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
	card, err := x.cardID()
	if err != nil {
		return err
	}
	if err := s.Service.Veto(x.r.Context(), x.caller, patient, card, x.value("step")); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(patient) + "/log")
}
