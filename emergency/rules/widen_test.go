package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
	"pgregory.net/rapid"
)

// TestWidens goes through what a patient can change in one rule, and what more and fewer rules mean.
func TestWidens(t *testing.T) {
	waiting := func() Policy {
		return one(section.OrdinarySet, func(r *Rule) {
			r.Who, r.Proof, r.Where = Who{OrganizationKind, KindEMS}, badgedCard, []string{"PT", "ES"}
			r.HowSoon, r.For = HowSoon{Wait: day, Approvals: 2, Of: []string{"a", "b", "c"}}, time.Hour
			r.When = When{Until: noon.Add(30 * day)}
		})
	}
	rule := func(change func(*Rule)) func(*Policy) { return func(p *Policy) { change(&p.Rules[0]) } }
	for _, c := range []struct {
		name   string
		change func(*Policy)
		widens bool
	}{
		{"nothing", func(*Policy) {}, false},
		{"another name of the preset", func(p *Policy) { p.Preset = PresetOpen }, false},
		{"another name of the rule", rule(func(r *Rule) { r.ID = "other" }), false},
		{"no rule", func(p *Policy) { p.Rules = nil }, false},
		{"the rule twice", func(p *Policy) { p.Rules = append(p.Rules, p.Rules[0]); p.Rules[1].ID = "again" }, false},
		{"a rule more", func(p *Policy) { p.Rules = append(p.Rules, Balanced().Rules[0]) }, true},
		{"a longer delay", func(p *Policy) { p.Delay = 2 * day }, false},
		{"a shorter delay", func(p *Policy) { p.Delay = MinDelay }, true},
		{"no delay", func(p *Policy) { p.Delay = 0 }, true},

		{"a section less", rule(func(r *Rule) { r.Sections &^= 1 << section.Results }), false},
		{"a section more", rule(func(r *Rule) { r.Sections = r.Sections.Add(section.MentalHealth) }), true},
		{"a proof more", rule(func(r *Rule) { r.Proof |= ProofTap }), false},
		{"anyone with a badge", rule(func(r *Rule) { r.Who = Who{Kind: Badged} }), true},
		{"anyone at all", rule(func(r *Rule) { r.Who, r.Proof = Who{Kind: Anyone}, ProofCard }), true},
		{"others", rule(func(r *Rule) { r.Who.ID = KindPolice }), true},
		{"a contact instead", rule(func(r *Rule) { r.Who, r.Proof = Who{Kind: Contact}, 0 }), true},
		{"an earlier end", rule(func(r *Rule) { r.When.Until = noon }), false},
		{"a later end", rule(func(r *Rule) { r.When.Until = noon.Add(31 * day) }), true},
		{"no end", rule(func(r *Rule) { r.When.Until = time.Time{} }), true},
		{"a beginning", rule(func(r *Rule) { r.When.From = noon }), false},
		{"only in a disaster", rule(func(r *Rule) { r.When.Incident = true }), false},
		{"a country less", rule(func(r *Rule) { r.Where = []string{"ES"} }), false},
		{"a country more", rule(func(r *Rule) { r.Where = []string{"ES", "FR", "PT"} }), true},
		{"anywhere", rule(func(r *Rule) { r.Where = nil }), true},
		{"shorter", rule(func(r *Rule) { r.For = time.Minute }), false},
		{"longer", rule(func(r *Rule) { r.For += time.Second }), true},
		{"a longer wait", rule(func(r *Rule) { r.HowSoon.Wait = 7 * day }), false},
		{"a shorter wait", rule(func(r *Rule) { r.HowSoon.Wait -= time.Second }), true},
		{"at once", rule(func(r *Rule) { r.HowSoon = HowSoon{} }), true},
		{"an approval more", rule(func(r *Rule) { r.HowSoon.Approvals = 3 }), false},
		{"an approval less", rule(func(r *Rule) { r.HowSoon.Approvals = 1 }), true},
		{"no approval helps", rule(func(r *Rule) { r.HowSoon.Approvals, r.HowSoon.Of = 0, nil }), false},
		{"any contact", rule(func(r *Rule) { r.HowSoon.Of = nil }), true},
		{"fewer contacts", rule(func(r *Rule) { r.HowSoon.Of = []string{"a", "b"} }), false},
		{"the contacts in another order", rule(func(r *Rule) { r.HowSoon.Of = []string{"c", "a", "b"} }), false},
		{"a contact more", rule(func(r *Rule) { r.HowSoon.Of = append(r.HowSoon.Of, "d") }), true},
		{"a longer wait under another name", rule(func(r *Rule) { r.HowSoon.Wait, r.ID = 7*day, "other" }), true},
		{"the rule and the same slower", func(p *Policy) {
			p.Rules = append(p.Rules, p.Rules[0])
			p.Rules[0].HowSoon.Wait, p.Rules[1].ID = 7*day, "again"
		}, true},
	} {
		old, new := waiting(), waiting()
		old.Delay, new.Delay = day, day
		new.Rules[0].HowSoon.Of = slices.Clone(new.Rules[0].HowSoon.Of)
		c.change(&new)
		if got := Widens(old, new); got != c.widens {
			t.Errorf("%s: Widens = %v, want %v", c.name, got, c.widens)
		}
	}
	for _, p := range []Policy{Open(), Balanced(), Private(), everything(), {}} {
		if Widens(p, p) {
			t.Errorf("%q widens itself", p.Preset)
		}
	}
	disaster := one(section.Critical, func(r *Rule) { r.Who, r.Proof, r.When.Incident = Who{Kind: Badged}, badgedCard, true })
	for name, change := range map[string]func(*Rule){
		"always":          func(r *Rule) { r.When.Incident = false },
		"without a badge": func(r *Rule) { r.Who, r.Proof = Who{Kind: Anyone}, ProofCard },
		"for a contact":   func(r *Rule) { r.Who, r.Proof = Who{Kind: Contact}, ProofCard },
	} {
		changed := one(section.Critical, func(r *Rule) { *r = disaster.Rules[0]; change(r) })
		if !Widens(disaster, changed) {
			t.Errorf("%s: not seen as wider", name)
		}
	}
	kind := one(section.Critical, func(r *Rule) { *r = disaster.Rules[0]; r.Who = Who{OrganizationKind, KindEMS} })
	if Widens(disaster, kind) {
		t.Error("a kind of organization is not among those with a badge")
	}
	for name, when := range map[string]When{"a beginning": {From: noon}, "a disaster": {Incident: true}} {
		begins := one(section.Critical, func(r *Rule) { r.When = when })
		later := one(section.Critical, func(r *Rule) { r.When, r.HowSoon = when, HowSoon{Wait: day} })
		if !Widens(begins, later) {
			t.Errorf("a rule that needs %s, made slower, can open what it did not: not seen as wider", name)
		}
	}
	if !Widens(Private(), Balanced()) || !Widens(Balanced(), Open()) {
		t.Error("from one preset to a more open one is not wider")
	}
}

// TestWhatDoesNotWidenGivesNobodyMore: under rules that are not wider nobody gets more, sooner or for longer, whenever they look.
func TestWhatDoesNotWidenGivesNobodyMore(t *testing.T) {
	var narrowed int
	rapid.Check(t, func(t *rapid.T) {
		old := drawPolicy(t)
		changed := Policy{Format: Format}
		for _, r := range old.Rules {
			changed.Rules = append(changed.Rules, drawChange(t, r)...)
		}
		if Widens(old, changed) {
			return
		}
		narrowed++
		request := drawRequest(t)
		request.RequestedAt = noon
		instants := everyInstant(request, old, changed)
		type opening struct{ at, until time.Time }
		opened := map[section.Section][]opening{} // under the old rules, by section
		for _, at := range instants {
			before, after := Decide(old, request, at), Decide(changed, request, at)
			for _, s := range before.Sections.Sections() {
				opened[s] = append(opened[s], opening{at, before.UntilOf(s)})
			}
			for _, s := range after.Sections.Sections() {
				lasts := after.UntilOf(s).Sub(at)
				if !slices.ContainsFunc(opened[s], func(o opening) bool { return o.until.Sub(o.at) >= lasts }) {
					t.Fatalf("at %v %v is open for %v, which it was not under the old rules by then:\n%s\n%s", at, s, lasts, Canonical(old), Canonical(changed))
				}
			}
			for _, s := range after.Later.Sections() {
				if len(opened[s]) == 0 && (!before.Later.Has(s) || before.OpensAt(s).After(after.OpensAt(s))) {
					t.Fatalf("at %v %v is to open at %v, sooner than under the old rules:\n%s\n%s", at, s, after.OpensAt(s), Canonical(old), Canonical(changed))
				}
			}
		}
	})
	if narrowed < 10 {
		t.Errorf("only %d changes were not wider: the test shows little", narrowed)
	}
}

// drawChange keeps a rule, changes it in a way that may be wider or narrower, doubles it or leaves it out.
func drawChange(t *rapid.T, r Rule) []Rule {
	r.HowSoon.Of, r.Where = slices.Clone(r.HowSoon.Of), slices.Clone(r.Where)
	again := r
	again.ID += "-again"
	switch rapid.IntRange(0, 16).Draw(t, "change") {
	case 0:
		return nil
	case 1:
		return []Rule{r, again}
	case 2:
		r.Sections &= section.OrdinarySet &^ section.SetOf(section.Directives, section.Results)
	case 3:
		r.For = time.Minute
	case 4:
		r.Proof |= ProofTap | ProofCard
	case 5:
		r.HowSoon.Wait += time.Minute
	case 6:
		r.HowSoon.Wait += time.Minute
		return []Rule{r, again}
	case 7:
		r.HowSoon.Approvals, r.HowSoon.Of = 0, nil
	case 8:
		if r.HowSoon.Approvals > 0 && len(r.HowSoon.Of) == 0 {
			r.HowSoon.Of = []string{"a", "b"}
		}
	case 9:
		r.When.Incident = true
	case 10:
		r.When.Until = noon.Add(2 * time.Hour)
	case 11:
		r.Where = []string{"PT"}
	case 12:
		if r.Who.Kind == Anyone {
			r.Who, r.Proof = Who{OrganizationKind, KindEMS}, r.Proof|ProofBadge
		}
	case 13:
		if r.Who.Kind == Badged {
			r.Who = Who{OneOrganization, "org-1"}
		}
	case 14:
		again.HowSoon.Wait += time.Minute
		return []Rule{r, again}
	}
	if r.Sections == 0 {
		return nil
	}
	return []Rule{r}
}

// everyInstant is each moment at which a decision on the request can change.
func everyInstant(request Request, policies ...Policy) []time.Time {
	starts := []time.Time{request.RequestedAt}
	for _, a := range request.Approvals {
		starts = append(starts, a.At)
	}
	var list []time.Time
	for _, i := range request.Incidents {
		list = append(list, i.From, i.Until)
	}
	for _, p := range policies {
		for _, r := range p.Rules {
			list = append(list, r.When.From, r.When.Until, noon.Add(r.HowSoon.Wait), noon.Add(r.HowSoon.Wait+r.For))
			for _, start := range starts {
				list = append(list, start, start.Add(r.For))
			}
		}
	}
	list = slices.DeleteFunc(list, func(at time.Time) bool { return at.Before(noon) })
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}
