package rules

import "slices"

// Widens reports whether new rules may give somebody more, sooner or for longer than old ones, or make later changes wait less. It errs on the side
// of yes: the answer is no only if the delay is not shorter and each new rule is within one old rule, so that whoever gets something by the new one
// gets it by the old one too. What takes something away alone is never a widening.
func Widens(old, new Policy) bool {
	if new.Delay < old.Delay {
		return true
	}
	// A rule made slower opens at another time than it did before. It stands in for itself and for no other, or several rules could take the place
	// of one, each at a time of its own, and add up to longer.
	slower := map[string]bool{}
	for _, n := range new.Rules {
		if slices.ContainsFunc(old.Rules, func(o Rule) bool { return within(n, o) }) {
			continue
		}
		if !slices.ContainsFunc(old.Rules, func(o Rule) bool { return o.ID == n.ID && withinLater(n, o) }) {
			return true
		}
		slower[n.ID] = true
	}
	for _, n := range new.Rules {
		if !slower[n.ID] && !slices.ContainsFunc(old.Rules, func(o Rule) bool { return !slower[o.ID] && within(n, o) }) {
			return true
		}
	}
	return false
}

// within reports whether whatever n opens, o opens at the same moment and no shorter.
func within(n, o Rule) bool {
	return narrower(n, o) && n.HowSoon.Wait == o.HowSoon.Wait && n.HowSoon.Approvals == o.HowSoon.Approvals &&
		(len(n.HowSoon.Of) == 0) == (len(o.HowSoon.Of) == 0) && all(n.HowSoon.Of, o.HowSoon.Of) && all(o.HowSoon.Of, n.HowSoon.Of)
}

// withinLater reports whether whatever n opens, o opens no later and no shorter. A rule that has a beginning may have opened nothing when the other,
// which is slower, opens something: of such a rule it cannot be said.
func withinLater(n, o Rule) bool {
	return narrower(n, o) && o.When.From.IsZero() && !o.When.Incident && n.HowSoon.Wait >= o.HowSoon.Wait && harder(n.HowSoon, o.HowSoon)
}

// harder reports whether approvals end the wait of n no sooner than that of o.
func harder(n, o HowSoon) bool {
	if o.Wait == 0 || n.Approvals == 0 {
		return true
	}
	return o.Approvals > 0 && n.Approvals >= o.Approvals && (len(o.Of) == 0 || len(n.Of) > 0 && all(n.Of, o.Of))
}

// narrower reports whether n is for no more people, proofs, times, places and sections than o, and for no longer.
func narrower(n, o Rule) bool {
	return n.Sections&^o.Sections == 0 && n.For <= o.For && n.Proof.Has(o.Proof) && among(n, o) &&
		(o.When.From.IsZero() || !n.When.From.Before(o.When.From)) &&
		(o.When.Until.IsZero() || !n.When.Until.IsZero() && !n.When.Until.After(o.When.Until)) &&
		(!o.When.Incident || n.When.Incident) &&
		(len(o.Where) == 0 || len(n.Where) > 0 && all(n.Where, o.Where))
}

// among reports whether the people of n are among those of o.
func among(n, o Rule) bool {
	switch o.Who.Kind {
	case Anyone:
		return true
	case Badged:
		return n.Proof.Has(ProofBadge)
	case Contact:
		return n.Who.Kind == Contact && (o.Who.ID == "" || o.Who.ID == n.Who.ID)
	default:
		return n.Who == o.Who
	}
}

// all reports whether each of some words is among others.
func all(some, others []string) bool {
	return !slices.ContainsFunc(some, func(word string) bool { return !slices.Contains(others, word) })
}
