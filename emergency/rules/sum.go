package rules

import (
	"math/bits"
)

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

// explain finds rules that make the decision by themselves and none of which can be left out. Where several do equally well, the
// last in order of IDs stays: a rule goes when those kept before it and all after it cause whatever it causes.
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
