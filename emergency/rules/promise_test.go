package rules

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/locket-health/locket/emergency/section"
	"pgregory.net/rapid"
)

// TestFloorIsNeverReleased goes below Validate, which refuses a rule that names the floor: such a rule opens nothing of it.
func TestFloorIsNeverReleased(t *testing.T) {
	policy := one(section.FloorSet|everySection|1<<31|1, nil)
	if err := policy.Validate(); err == nil {
		t.Error("a rule that names the floor is valid")
	}
	for _, request := range everyRequest() {
		if d := compile(policy).Decide(request, noon); (d.Sections|d.Later)&^everySection != 0 {
			t.Fatalf("%+v opens %x", request, d.Sections|d.Later)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		for i := range p.Rules {
			p.Rules[i].Sections |= section.FloorSet
		}
		d := compile(p).Decide(request, now)
		if (d.Sections|d.Later)&^everySection != 0 {
			t.Fatalf("opened %x", d.Sections|d.Later)
		}
		for _, grant := range d.Grants() {
			if grant.Sections&section.FloorSet != 0 {
				t.Fatal("a grant holds the floor")
			}
		}
	})
}

// TestNobodyIsToldThatSomethingIsHidden is promise 4: what a responder is told does not depend on anything that stays shut.
func TestNobodyIsToldThatSomethingIsHidden(t *testing.T) {
	t.Run("rules for others change nothing", func(t *testing.T) {
		plain := one(section.Critical, nil)
		restricted := one(section.Critical, nil)
		for i, who := range []Who{{OrganizationKind, KindHospital}, {OneOrganization, "org-9"}, {Badged, ""}} {
			restricted.Rules = append(restricted.Rules, Rule{ID: fmt.Sprint("other-", i), Who: who, Proof: badgedCard,
				Sections: everySection, For: ForHospital})
		}
		for _, step := range []Step{StepCritical, StepSensitive} {
			same(t, Decide(plain, bystander(step), noon), Decide(restricted, bystander(step), noon))
		}
	})
	t.Run("what the second step would open is not hinted at by the first", func(t *testing.T) {
		same(t, Decide(one(section.Critical, nil), bystander(StepCritical), noon),
			Decide(one(everySection, nil), bystander(StepCritical), noon))
	})
	t.Run("what opens later is not hinted at by the first step", func(t *testing.T) {
		later := one(vital, nil)
		later.Rules = append(later.Rules, Rule{ID: "later", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: everySection,
			HowSoon: HowSoon{Wait: day, Approvals: 1}, For: day})
		same(t, Decide(one(vital, nil), bystander(StepCritical), noon), Decide(later, bystander(StepCritical), noon))
	})
	t.Run("a refusal does not say what a badge would open", func(t *testing.T) {
		none := Decide(Policy{Format: Format}, bystander(StepSensitive), noon)
		shut := Decide(one(everySection, func(r *Rule) { r.Who, r.Proof = Who{Kind: Badged}, badgedCard }), bystander(StepSensitive), noon)
		broken := Decide(Policy{}, bystander(StepSensitive), noon)
		same(t, none, shut)
		same(t, none, broken)
	})
	t.Run("nothing that is shut is named", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			d := Decide(drawPolicy(t), drawRequest(t), drawNow(t))
			data, err := json.Marshal(d.Public())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range section.All() {
				if !d.Sections.Has(s) && strings.Contains(string(data), `"`+s.String()+`"`) {
					t.Fatalf("%v is shut and named in %s", s, data)
				}
			}
			for _, id := range d.Because() {
				if strings.Contains(string(data), `"`+id+`"`) {
					t.Fatalf("the rule %s is named in %s", id, data)
				}
			}
		})
	})
}

func same(t *testing.T, a, b Decision) {
	t.Helper()
	if diff := cmp.Diff(a.Public(), b.Public(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the answers can be told apart:\n%s", diff)
	}
}

// TestAddingARuleNeverNarrows: nothing that was open is shut or shorter, nothing that would open stays shut or opens later.
func TestAddingARuleNeverNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		wider := Policy{Format: Format, Rules: append(p.Rules[:len(p.Rules):len(p.Rules)], drawRule(t, "added"))}
		before, after := Decide(p, request, now), Decide(wider, request, now)
		if lost := before.Sections &^ after.Sections; lost != 0 {
			t.Fatalf("a rule more took %v away", lost.Names())
		}
		for _, s := range before.Sections.Sections() {
			if after.UntilOf(s).Before(before.UntilOf(s)) {
				t.Fatalf("%v closes earlier", s)
			}
		}
		if lost := before.Later &^ (after.Sections | after.Later); lost != 0 {
			t.Fatalf("a rule more took %v away from later", lost.Names())
		}
		for _, s := range (before.Later & after.Later).Sections() {
			if after.OpensAt(s).After(before.OpensAt(s)) {
				t.Fatalf("%v opens later", s)
			}
		}
	})
}

func TestOrderIsIrrelevant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		shuffled := Policy{Format: Format, Rules: rapid.Permutation(p.Rules).Draw(t, "order")}
		if string(Canonical(p)) != string(Canonical(shuffled)) || Hash(p) != Hash(shuffled) {
			t.Fatal("the order of rules changes the text")
		}
		a, b := Decide(p, request, now), Decide(shuffled, request, now)
		if diff := differ(a, b); diff != "" {
			t.Fatalf("the order of rules changes the decision:\n%s", diff)
		}
		if diff := cmp.Diff(a.Because(), b.Because()); diff != "" {
			t.Fatalf("the order of rules changes the explanation:\n%s", diff)
		}
	})
}

// differ compares what two decisions say, apart from the rules they name.
func differ(a, b Decision) string {
	view := func(d Decision) map[string]any {
		return map[string]any{"outcome": d.Outcome, "refusal": d.Refusal, "sections": d.Sections.Names(), "until": d.Until,
			"grants": d.Grants(), "later": d.Later.Names(), "opens": group(d.Later, &d.opens), "wait": d.WaitUntil, "approvals": d.ApprovalsNeeded}
	}
	return cmp.Diff(view(a), view(b))
}

// TestExpiryIsAbsolute: no grant outlives its rule, its window or its incident, whenever and however often one asks, and a rule
// whose time is over opens nothing.
func TestExpiryIsAbsolute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, request, now := drawRule(t, "rule"), drawRequest(t), drawNow(t)
		request.RequestedAt = noon
		d := Decide(Policy{Format: Format, Rules: []Rule{r}}, request, now)
		if d.Outcome != Granted {
			return
		}
		if !r.When.Until.IsZero() && d.Until.After(r.When.Until) {
			t.Fatalf("open until %v, beyond the window that ends %v", d.Until, r.When.Until)
		}
		if last := noon.Add(r.HowSoon.Wait + r.For); d.Until.After(last) {
			t.Fatalf("open until %v, beyond %v", d.Until, last)
		}
		if r.When.Incident {
			var last time.Time
			for _, incident := range request.Incidents {
				if incident.Until.After(last) {
					last = incident.Until
				}
			}
			if d.Until.After(last) {
				t.Fatalf("open until %v, beyond the incident that ends %v", d.Until, last)
			}
		}
		if !now.Before(d.Until) {
			t.Fatalf("open at %v until %v", now, d.Until)
		}
		end := noon.Add(r.HowSoon.Wait + r.For)
		if !r.When.Incident { // another incident may have been declared by then
			end = d.Until
		}
		if again := Decide(Policy{Format: Format, Rules: []Rule{r}}, request, end); again.Sections != 0 {
			t.Fatalf("still open at the end, %v", end)
		}
	})
}

// TestExplainedByExactlyTheRulesThatMadeIt: the rules named make the decision by themselves, and none of them can be left out.
// (Where two rules say the same, one is named: with both in the policy, either could be removed.)
func TestExplainedByExactlyTheRulesThatMadeIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		d := Decide(p, request, now)
		because := map[string]bool{}
		for _, id := range d.Because() {
			because[id] = true
		}
		alone := Policy{Format: Format}
		for _, r := range p.Rules {
			if because[r.ID] {
				alone.Rules = append(alone.Rules, r)
			}
		}
		if diff := differ(d, Decide(alone, request, now)); diff != "" {
			t.Fatalf("without the other rules the decision is another:\n%s", diff)
		}
		for id := range because {
			less := Policy{Format: Format}
			for _, r := range alone.Rules {
				if r.ID != id {
					less.Rules = append(less.Rules, r)
				}
			}
			if differ(d, Decide(less, request, now)) == "" {
				t.Fatalf("without %s, which it names, the decision is the same", id)
			}
		}
	})
}

// TestDecidingIsDeterministic: the same question has the same answer, bit for bit, from the engine and from the plain function.
func TestDecidingIsDeterministic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		e, err := Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		a := e.Decide(request, now)
		if a != e.Decide(request, now) {
			t.Fatal("two answers to one question")
		}
		if diff := differ(a, Decide(p, request, now)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The generators keep to few names, few times and few sections, so that rules and requests meet often.

func drawPolicy(t *rapid.T) Policy {
	p := Policy{Format: Format}
	for i := range rapid.IntRange(0, 12).Draw(t, "rules") {
		p.Rules = append(p.Rules, drawRule(t, fmt.Sprintf("rule-%02d", i)))
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("the generator draws what is not valid: %v", err)
	}
	return p
}

func drawRule(t *rapid.T, id string) Rule {
	r := Rule{ID: id, Proof: ProofCard,
		For:      rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, day}).Draw(t, "for"),
		Sections: rapid.SampledFrom([]section.Set{section.Critical, section.OrdinarySet, everySection, vital, shelter}).Draw(t, "sections"),
	}
	if rapid.Bool().Draw(t, "few") {
		r.Sections = section.SetOf(rapid.SampledFrom(section.All()[:22]).Draw(t, "section"), rapid.SampledFrom(section.All()[:22]).Draw(t, "section"))
	}
	r.Who = rapid.SampledFrom([]Who{{Kind: Anyone}, {Kind: Badged}, {OrganizationKind, KindEMS}, {OneOrganization, "org-1"}, {Contact, ""}, {Contact, "a"}}).Draw(t, "who")
	switch r.Who.Kind {
	case Contact:
		r.Proof = 0
	case Anyone:
	default:
		r.Proof |= ProofBadge
	}
	if rapid.IntRange(0, 4).Draw(t, "tap") == 0 {
		r.Proof |= ProofTap
	}
	if rapid.Bool().Draw(t, "waits") {
		r.HowSoon.Wait = rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "wait")
		r.HowSoon.Approvals = rapid.IntRange(0, 2).Draw(t, "approvals")
		if r.HowSoon.Approvals > 0 && rapid.Bool().Draw(t, "chosen") {
			r.HowSoon.Of = []string{"b", "c"}
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "window") == 0 {
		r.When.From = noon.Add(rapid.SampledFrom([]time.Duration{-time.Hour, 0, 30 * time.Minute}).Draw(t, "from"))
		r.When.Until = r.When.From.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, day}).Draw(t, "until"))
	}
	r.When.Incident = rapid.IntRange(0, 3).Draw(t, "incident") == 0
	if rapid.IntRange(0, 3).Draw(t, "where") == 0 {
		r.Where = []string{"PT"}
	}
	return r
}

func drawRequest(t *rapid.T) Request {
	r := Request{
		Step:         rapid.SampledFrom([]Step{StepCritical, StepSensitive}).Draw(t, "step"),
		Proofs:       rapid.SampledFrom([]Proofs{ProofCard, badgedCard, allProofs, 0}).Draw(t, "proofs"),
		Organization: Organization{ID: rapid.SampledFrom([]string{"org-1", "org-2"}).Draw(t, "organization"), Kind: rapid.SampledFrom([]string{KindEMS, KindShelter}).Draw(t, "kind")},
		Contact:      rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "contact"),
		Country:      rapid.SampledFrom([]string{"PT", "FR", ""}).Draw(t, "country"),
		Reason:       rapid.SampledFrom([]Reason{Unconscious, Other, ""}).Draw(t, "reason"),
		ReasonText:   rapid.SampledFrom([]string{"words", "words", ""}).Draw(t, "text"),
		Stated:       Stated{Name: rapid.SampledFrom([]string{"", "Rui", "Rui"}).Draw(t, "name")},
		Vetoed:       rapid.IntRange(0, 5).Draw(t, "vetoed") == 0,
	}
	if rapid.IntRange(0, 3).Draw(t, "asked") > 0 {
		r.RequestedAt = noon.Add(rapid.SampledFrom([]time.Duration{0, -time.Minute, time.Minute}).Draw(t, "asked at"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "incidents") {
		from := noon.Add(rapid.SampledFrom([]time.Duration{-time.Hour, 0, time.Hour}).Draw(t, "declared"))
		r.Incidents = append(r.Incidents, Incident{"flood", from, from.Add(rapid.SampledFrom([]time.Duration{time.Minute, day}).Draw(t, "for"))})
	}
	for range rapid.IntRange(0, 4).Draw(t, "approvals") {
		r.Approvals = append(r.Approvals, Approval{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "by"),
			noon.Add(rapid.SampledFrom([]time.Duration{0, time.Second, 10 * time.Minute}).Draw(t, "at"))})
	}
	return r
}

func drawNow(t *rapid.T) time.Time {
	return noon.Add(rapid.SampledFrom([]time.Duration{0, time.Second, 30 * time.Second, time.Minute, time.Hour, 90 * time.Minute, day, -time.Hour}).Draw(t, "now"))
}
