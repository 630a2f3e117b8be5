package web

import (
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

var presets = []string{rules.PresetOpen, rules.PresetBalanced, rules.PresetPrivate}

// rulesPage shows the rules in force as sentences, offers the presets, and lets each rule be changed.
func (s *Server) rulesPage(x *exchange) error {
	p, _, err := x.patientPage("rules", "console.rules.title")
	if err != nil {
		return err
	}
	w, id, err := x.present()
	if err != nil {
		return err
	}
	view, err := s.Service.Rules(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	called := labelled(view.Policy).Preset
	var options []option
	for _, name := range presets {
		options = append(options, option{Value: name, Label: x.T("preset." + name), Hint: x.T("console.preset." + name), Chosen: name == called})
	}
	query := x.r.URL.Query()
	p.D = struct {
		Base, Draft, Delay string
		Version            int
		Approved           bool
		Called, When       string
		Rules              []draftRule
		Full               bool
		Presets            field
		Pending            *pending
		Changed, Stopped   bool
		Guarded            bool
	}{p.Back, string(rules.Canonical(w.policy)), x.delayed(w.policy), w.base, view.Approved, x.called(called), x.day(view.ApprovedAt), x.draftRules(w),
		len(w.policy.Rules) >= rules.MaxRules, field{ID: "preset", Kind: "radio", Label: x.T("console.rules.choose"), Options: options},
		x.pending(id, view, w.people), view.Pending == nil && query.Has("changed"), query.Has("stopped"), view.Guarded}
	return x.show("rules", p)
}

// called is what a set of rules is called: the preset that it is, or the patient's own.
func (x *exchange) called(preset string) string {
	if preset == "" {
		return x.T("editor.own")
	}
	return x.T("preset." + preset)
}

// present is work that begins with the rules in force.
func (x *exchange) present() (work, emergency.PatientID, error) {
	id, err := x.patient()
	if err != nil {
		return work{}, "", err
	}
	view, err := x.Service.Rules(x.r.Context(), x.caller, id)
	if err != nil {
		return work{}, "", err
	}
	people, err := x.people(id)
	return work{policy: view.Policy, base: view.Version, people: people}, id, err
}
