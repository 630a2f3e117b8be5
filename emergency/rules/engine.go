package rules

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Engine is a policy made ready for deciding. It is immutable and safe for concurrent use.
type Engine struct {
	policy Policy
	rules  []rule // in order of their IDs
	broken bool   // the policy was not valid: everything is refused
}

// rule is a Rule with its times in milliseconds, those of When since 1970.
type rule struct {
	Rule
	opens       section.Set // Sections without the floor
	from, until int64
	wait, lasts int64
}

// Compile makes a policy ready for deciding. The error is that of Policy.Validate.
func Compile(policy Policy) (*Engine, error) {
	if err := policy.Validate(); err != nil {
		return nil, err
	}
	return compile(policy), nil
}

// compile trusts nothing but the number of rules, so that the promises about the floor and about panics hold without Validate.
func compile(policy Policy) *Engine {
	e := &Engine{policy: policy, rules: make([]rule, 0, len(policy.Rules))}
	e.policy.Rules = slices.Clone(policy.Rules)
	for i := range e.policy.Rules {
		r := &e.policy.Rules[i]
		r.Where, r.HowSoon.Of = slices.Clone(r.Where), slices.Clone(r.HowSoon.Of)
		e.rules = append(e.rules, rule{
			Rule: *r, opens: r.Sections & (section.OrdinarySet | section.SensitiveSet),
			from: limit(r.When.From, math.MinInt64), until: limit(r.When.Until, math.MaxInt64),
			wait: r.HowSoon.Wait.Milliseconds(), lasts: r.For.Milliseconds(),
		})
	}
	slices.SortStableFunc(e.rules, func(a, b rule) int { return strings.Compare(a.ID, b.ID) })
	return e
}

// Policy is what the engine was compiled from. It must not be changed.
func (e *Engine) Policy() Policy { return e.policy }

// Decide answers a request at an instant; see Engine.Decide. A policy that is not valid opens nothing: nobody can say what the
// patient meant by it.
func Decide(policy Policy, request Request, now time.Time) Decision {
	e, err := Compile(policy)
	if err != nil {
		e = &Engine{policy: policy, broken: true}
	}
	return e.Decide(request, now)
}

// Decide answers a request at an instant.
//
// A rule at once opens its sections from the moment of the request; a rule with a wait from the end of that wait, or from the
// last approval that it needs. Either way it closes them For later, and no later than the rule's own window or the last
// declared incident ends. The times are those of the request and not of the call, so deciding again never prolongs anything.
// Where several rules open one section, the one that closes last counts. Instants are cut to the millisecond.
func (e *Engine) Decide(request Request, now time.Time) Decision {
	f := gather(request, now)
	d := Decision{Outcome: Refused, engine: e, asker: f.asker}
	switch {
	case e.broken:
		d.Refusal = RulesUnreadable
		return d
	case !request.Reason.Valid():
		d.Refusal = ReasonMissing
		return d
	case request.Reason == Other && strings.TrimSpace(request.ReasonText) == "":
		d.Refusal = ReasonTextMissing
		return d
	}

	var tally [MaxRules]effect
	effects := tally[:0]
	for i := range e.rules {
		r := &e.rules[i]
		sections := r.opens & f.reach
		if sections == 0 || !r.matches(&f) {
			continue
		}
		effects = append(effects, effect{rule: i, sections: sections})
		r.effect(&f, &effects[len(effects)-1])
	}
	d.sum(effects)
	return d
}
