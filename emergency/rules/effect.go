package rules

import (
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

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

// effect says when the rule opens and closes for a request that it matches.
func (r *rule) effect(f *facts, e *effect) {
	e.from = f.requested
	if r.wait > 0 {
		if f.Vetoed {
			e.from, e.state = 0, isVetoed
			return
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
