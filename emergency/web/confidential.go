package web

import (
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
)

// confidential asks a patient what guardians are not to see.
func (s *Server) confidential(x *exchange) error {
	p, id, err := x.patientPage("", "confidential.title")
	if err != nil {
		return err
	}
	set, err := s.Service.Confidential(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	asked := field{ID: "section", Kind: "checkboxes", Label: x.T("confidential.which")}
	for _, each := range emergency.ConfidentialChoices.Sections() {
		asked.Options = append(asked.Options, option{Value: each.String(), Label: x.T(sectionKey(each)), Chosen: set.Has(each)})
	}
	p.Scripts = []string{"js/console/approve.js"}
	p.D = struct {
		Action string
		Field  field
		Saved  bool
		Fresh  int
	}{p.Back + "/confidential", asked, x.r.URL.Query().Has("saved"), x.freshSeconds()}
	return x.show("confidential", p)
}

// setConfidential keeps the sections that were chosen from guardians.
func (s *Server) setConfidential(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	var set section.Set
	for _, name := range x.r.PostForm["section"] {
		each, known := section.Parse(name)
		if !known {
			return emergency.ErrInvalid
		}
		set = set.Add(each)
	}
	if err := s.Service.SetConfidential(x.r.Context(), x.caller, id, set); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/confidential?saved")
}
