package web

import (
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

var presets = []string{rules.PresetOpen, rules.PresetBalanced, rules.PresetPrivate}

// rulesPage shows the rules in force as sentences and offers the presets.
func (s *Server) rulesPage(x *exchange) error {
	p, id, err := x.patientPage("rules", "console.rules.title")
	if err != nil {
		return err
	}
	view, err := s.Service.Rules(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	var options []option
	for _, name := range presets {
		options = append(options, option{Value: name, Label: x.T("preset." + name), Hint: x.T("console.preset." + name), Chosen: name == view.Preset})
	}
	p.D = struct {
		emergency.RulesView
		When    string
		Rules   [][]string
		Presets field
		Changed bool
		Base    string
	}{view, x.day(view.ApprovedAt), x.ruleSentences(view.Policy), field{ID: "preset", Kind: "radio", Label: x.T("console.rules.choose"), Options: options},
		x.r.URL.Query().Has("changed"), p.Back}
	return x.show("rules", p)
}

// ruleSentences says each rule of a policy.
func (x *exchange) ruleSentences(policy rules.Policy) [][]string {
	var list [][]string
	for _, rule := range policy.Rules {
		list = append(list, x.sentences(rules.Sentence(rule)))
	}
	return list
}

// reach is how far somebody gets, in words: what each further step adds.
type reach struct {
	Steps   []fact
	Nothing string // said instead when there is no step
}

// seen sets old rules beside new ones for one person.
type seen struct {
	Person        string
	Before, After reach
	Change        string
}

// simulate answers "what would they see?" for a preset beside the present rules, and asks for the passkey that approves exactly these rules.
func (s *Server) simulate(x *exchange) error {
	policy, found := rules.Preset(x.r.URL.Query().Get("preset"))
	if !found {
		return invalid("preset", "preset")
	}
	p, id, err := x.patientPage("rules", "console.simulate.title", "preset", x.T("preset."+policy.Preset))
	if err != nil {
		return err
	}
	differences, err := s.Service.Simulate(x.r.Context(), x.caller, id, policy)
	if err != nil {
		return err
	}
	var people []seen
	for _, d := range differences {
		people = append(people, seen{x.T(d.Before.Person.Key), x.reach(d.Before.Reach), x.reach(d.After.Reach), x.change(d)})
	}
	p.Back += "/rules"
	p.Scripts = []string{"js/console/approve.js"}
	p.D = struct {
		People []seen
		Rules  [][]string
		Kind   string
		Target string
		Body   string
	}{people, x.ruleSentences(policy), emergency.ActionRules, string(id), string(rules.Canonical(policy))}
	return x.show("simulate", p)
}

// reach says what somebody gets at once, what a second reason adds to it, and what a wait adds to that.
func (x *exchange) reach(r rules.Reach) reach {
	var out reach
	for _, step := range []struct {
		key      string
		sections section.Set
	}{{"at_once", r.AtOnce}, {"after_reason", r.AfterReason &^ r.AtOnce}, {"after_wait", r.AfterWait &^ r.AfterReason}} {
		if step.sections != 0 {
			out.Steps = append(out.Steps, fact{Label: x.T("console.reach." + step.key), Value: x.sections(step.sections)})
		}
	}
	if out.Steps == nil {
		out.Nothing = x.T("console.reach.nothing")
	}
	return out
}

// change says in words what the new rules give and take.
func (x *exchange) change(d rules.Difference) string {
	gained, lost := x.sections(d.Gained.AfterWait), x.sections(d.Lost.AfterWait)
	if gained != "" {
		gained = x.T("console.change.gained", "sections", gained)
	}
	if lost != "" {
		lost = x.T("console.change.lost", "sections", lost)
	}
	switch {
	case gained != "" || lost != "":
		return x.chain("console.sentences", gained, lost)
	case d.Before.Reach != d.After.Reach:
		return x.T("console.change.speed")
	default:
		return x.T("console.change.none")
	}
}

// sections lists sections in words, "" for none.
func (x *exchange) sections(set section.Set) string {
	return x.Catalog.Format(x.lang.Code, sectionKeys(set.Names()))
}
