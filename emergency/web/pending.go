package web

import (
	"errors"
	"strings"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

// pending is approved rules that wait before they are in force, in words.
type pending struct {
	Action   string // where it is stopped
	More     string // where all of it is read, "" where it is
	Effects  string // when they take effect
	Approved string
	New      [][]string // rules that there will be
	Gone     [][]string // rules that there will not be any more
}

// pending says what waits, nil when nothing does.
func (x *exchange) pending(id emergency.PatientID, view emergency.RulesView, people people) *pending {
	if view.Pending == nil {
		return nil
	}
	now, new := view.Policy, view.Pending.Policy
	p := pending{Action: "/patients/" + string(id) + "/rules/stop", Effects: x.Catalog.Time(x.lang.Code, view.Pending.EffectiveAt.UTC()),
		Approved: x.Catalog.Time(x.lang.Code, view.Pending.ApprovedAt.UTC()),
		New:      x.ruleSentences(beyond(new, now), people), Gone: x.ruleSentences(beyond(now, new), people)}
	if now.Delay != new.Delay {
		p.New = append(p.New, []string{x.delayed(new)})
	}
	return &p
}

// brief leaves out what the page of the rules says.
func (p *pending) brief() *pending {
	if p == nil {
		return nil
	}
	return &pending{Action: p.Action, More: strings.TrimSuffix(p.Action, "/stop"), Effects: p.Effects, Approved: p.Approved}
}

// beyond is a policy without the rules that another one has too.
func beyond(policy, other rules.Policy) rules.Policy {
	shared := map[[32]byte]bool{}
	for _, r := range other.Rules {
		shared[hashOf(r)] = true
	}
	var left []rules.Rule
	for _, r := range policy.Rules {
		if !shared[hashOf(r)] {
			left = append(left, r)
		}
	}
	policy.Rules = left
	return policy
}

// hashOf tells whether two rules say the same, whatever they are called.
func hashOf(r rules.Rule) [32]byte {
	r.ID = ""
	return rules.Hash(rules.Policy{Rules: []rules.Rule{r}})
}

// stopRules stops rules that wait. It needs no passkey: saying no must be quick.
func (s *Server) stopRules(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	if _, err := s.Service.Patient(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	err = s.Service.VetoPendingRules(x.r.Context(), x.caller, id)
	if errors.Is(err, emergency.ErrNotFound) { // somebody else was quicker, or the rules: the page says what is in force
		return x.redirect("/patients/" + string(id) + "/rules")
	}
	if err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/rules?stopped=1")
}
