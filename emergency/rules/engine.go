package rules

import (
	"math"
	"math/bits"
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
		effect := r.effect(&f)
		effect.rule, effect.sections = i, sections
		effects = append(effects, effect)
	}
	d.sum(effects)
	return d
}

// facts are a request as the rules look at it.
type facts struct {
	Request
	asker
	country     string
	reach       section.Set // what the step can open at all
	now         int64
	requested   int64 // may be after now, when a clock was set back
	incidentEnd int64 // when the last declared incident ends; zero if none is declared
}

func gather(request Request, now time.Time) facts {
	f := facts{Request: request, now: milliseconds(now), country: request.Country}
	f.asker = asker{step: request.Step, badged: request.Proofs.Has(ProofBadge), contact: request.Contact != ""}
	if f.badged && request.Organization.Country != "" {
		f.country = request.Organization.Country
	}
	f.reach = section.Critical
	if request.Step == StepSensitive {
		f.unnamed = !f.badged && !f.contact && strings.TrimSpace(request.Stated.Name) == ""
		if !f.unnamed {
			f.reach = section.OrdinarySet | section.SensitiveSet
		}
	}
	f.requested = f.now
	if !request.RequestedAt.IsZero() {
		f.requested = milliseconds(request.RequestedAt)
	}
	for _, incident := range request.Incidents {
		if incident.Until.IsZero() || f.now < milliseconds(incident.From) {
			continue
		}
		if end := milliseconds(incident.Until); f.now < end {
			f.incidentEnd = max(f.incidentEnd, end)
		}
	}
	return f
}

func (r *rule) matches(f *facts) bool {
	switch r.Who.Kind {
	case Anyone:
	case Badged:
		if !f.badged {
			return false
		}
	case OrganizationKind:
		if !f.badged || f.Organization.Kind != r.Who.ID {
			return false
		}
	case OneOrganization:
		if !f.badged || f.Organization.ID != r.Who.ID {
			return false
		}
	case Contact:
		if !f.contact || r.Who.ID != "" && f.Contact != r.Who.ID {
			return false
		}
	default:
		return false
	}
	return f.Proofs.Has(r.Proof) &&
		r.from <= f.now && f.now < r.until &&
		(!r.When.Incident || f.incidentEnd != 0) &&
		(len(r.Where) == 0 || slices.Contains(r.Where, f.country))
}

// state is what a rule that matches does with a request.
type state uint8

const (
	isNothing state = iota // it would close before it opens
	isVetoed
	isPending
	isOpen
	isOver
)

// effect is what one rule gives to a request.
type effect struct {
	rule     int
	sections section.Set
	state    state
	missing  int   // approvals still missing, for a pending rule whose wait approvals can end
	from, to int64 // when it opens and closes
}

func (r *rule) effect(f *facts) effect {
	e := effect{from: f.requested}
	if r.wait > 0 {
		if f.Vetoed {
			return effect{state: isVetoed}
		}
		e.from += r.wait
		if r.HowSoon.Approvals > 0 {
			agreed, at := r.agreed(f)
			if e.missing = r.HowSoon.Approvals - agreed; e.missing <= 0 {
				e.missing, e.from = 0, min(e.from, at)
			}
		}
	}
	e.to = min(e.from+r.lasts, r.until)
	if r.When.Incident {
		e.to = min(e.to, f.incidentEnd)
	}
	switch {
	case e.from >= e.to:
		e.state = isNothing
	case f.now < e.from && r.wait > 0:
		e.state = isPending
	case f.now < e.to:
		e.state = isOpen
	default:
		e.state = isOver
	}
	return e
}

// agreed counts the contacts whose approval counts for the rule and says when the last approval that was needed came.
func (r *rule) agreed(f *facts) (count int, at int64) {
	for i, approval := range f.Approvals {
		if !r.counts(f, i) {
			continue
		}
		// The rank of an approval is its place in time; the one that completes the number ends the wait.
		when, rank := max(f.requested, milliseconds(approval.At)), 1
		for j, other := range f.Approvals {
			if j == i || !r.counts(f, j) {
				continue
			}
			if t := max(f.requested, milliseconds(other.At)); t < when || t == when && j < i {
				rank++
			}
		}
		if rank == r.HowSoon.Approvals {
			at = when
		}
		count++
	}
	return count, at
}

// counts reports whether an approval counts: given by now, by another contact than the one who asks, by one whom the rule
// names if it names any, and the first that this contact gave.
func (r *rule) counts(f *facts, i int) bool {
	a := f.Approvals[i]
	if a.Contact == "" || a.Contact == f.Contact || milliseconds(a.At) > f.now || len(r.HowSoon.Of) > 0 && !slices.Contains(r.HowSoon.Of, a.Contact) {
		return false
	}
	for j, other := range f.Approvals {
		if other.Contact == a.Contact && j != i && (other.At.Before(a.At) || j < i && other.At.Equal(a.At)) {
			return false
		}
	}
	return true
}

// The parts of a decision that rules can be the cause of, as bits: the sections that are open in the low half, the sections
// that open later in the high half, and three more.
const (
	laterShift   = 32
	causeOver    = 1 << 31
	causeVeto    = 1 << 30
	causeApprove = 1 << 63
)

// sum makes the decision out of what each rule gives, and keeps the rules that no part of it can do without.
func (d *Decision) sum(effects []effect) {
	var over, vetoed bool
	for i := range effects {
		e := &effects[i]
		switch e.state {
		case isOver:
			over = true
		case isVetoed:
			vetoed = true
		case isOpen:
			d.Sections |= e.sections
			for set := uint32(e.sections); set != 0; set &= set - 1 {
				s := bits.TrailingZeros32(set)
				d.closes[s] = max(d.closes[s], e.to)
			}
		}
	}
	for i := range effects {
		e := &effects[i]
		if e.state != isPending {
			continue
		}
		e.sections &^= d.Sections
		if e.sections == 0 {
			continue
		}
		d.Later |= e.sections
		for set := uint32(e.sections); set != 0; set &= set - 1 {
			s := bits.TrailingZeros32(set)
			if d.opens[s] == 0 || e.from < d.opens[s] {
				d.opens[s] = e.from
			}
		}
		if e.missing > 0 && (d.ApprovalsNeeded == 0 || e.missing < d.ApprovalsNeeded) {
			d.ApprovalsNeeded = e.missing
		}
	}
	d.Until, d.WaitUntil = earliest(d.Sections, &d.closes), earliest(d.Later, &d.opens)
	switch {
	case d.Sections != 0:
		d.Outcome = Granted
	case d.Later != 0:
		d.Outcome = Wait
	case vetoed:
		d.Refusal = Vetoed
	case over:
		d.Refusal = TimeIsOver
	default:
		d.Refusal = NoRule
	}
	d.explain(effects)
}

// explain finds the smallest set of rules that makes the decision by itself: no rule in it can be left out. Where several
// rules do equally well, the later in order of IDs stays.
func (d *Decision) explain(effects []effect) {
	var causes, after [MaxRules]uint64 // what each rule causes; what the rules after it cause together
	for i := len(effects) - 1; i >= 0; i-- {
		causes[i] = d.causes(&effects[i])
		if i > 0 {
			after[i-1] = after[i] | causes[i]
		}
	}
	var kept uint64
	for i := range effects {
		if causes[i]&^(kept|after[i]) != 0 {
			d.because.add(effects[i].rule)
			kept |= causes[i]
		}
	}
}

// causes says which parts of the decision would be as they are if this rule stood alone.
func (d *Decision) causes(e *effect) uint64 {
	var causes uint64
	switch e.state {
	case isOver:
		if d.Refusal == TimeIsOver {
			causes = causeOver
		}
	case isVetoed:
		if d.Refusal == Vetoed {
			causes = causeVeto
		}
	case isOpen:
		for set := uint32(e.sections); set != 0; set &= set - 1 {
			if s := bits.TrailingZeros32(set); d.closes[s] == e.to {
				causes |= 1 << s
			}
		}
	case isPending:
		for set := uint32(e.sections); set != 0; set &= set - 1 {
			if s := bits.TrailingZeros32(set); d.opens[s] == e.from {
				causes |= 1 << (s + laterShift)
			}
		}
		if e.sections != 0 && e.missing > 0 && e.missing == d.ApprovalsNeeded {
			causes |= causeApprove
		}
	}
	return causes
}

// ruleSet is a set of places in Engine.rules.
type ruleSet [(MaxRules + 63) / 64]uint64

func (set *ruleSet) add(i int)      { set[i/64] |= 1 << (i % 64) }
func (set *ruleSet) has(i int) bool { return set[i/64]&(1<<(i%64)) != 0 }

// earliest is the first instant of the sections in the set, the zero time for an empty set.
func earliest(set section.Set, at *instants) time.Time {
	first := int64(math.MaxInt64)
	for rest := uint32(set); rest != 0; rest &= rest - 1 {
		first = min(first, at[bits.TrailingZeros32(rest)])
	}
	if first == math.MaxInt64 {
		return time.Time{}
	}
	return instant(first)
}

// endOfTime is the last millisecond of the year 9999. Instants are held between 1970 and there, so that sums cannot overflow.
const endOfTime = 253402300799999

func milliseconds(t time.Time) int64 {
	switch year := t.Year(); {
	case year < 1970:
		return 0
	case year > 9999:
		return endOfTime
	default:
		return t.UnixMilli()
	}
}

func limit(t time.Time, none int64) int64 {
	if t.IsZero() {
		return none
	}
	return milliseconds(t)
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
