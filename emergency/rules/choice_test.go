package rules

import (
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// TestChosenPeopleAreWhomTheirRulesMean: for each way in which a rule names its people there is somebody to choose whom it lets in, and others whom it does not.
func TestChosenPeopleAreWhomTheirRulesMean(t *testing.T) {
	people := map[string]Choice{
		"anyone":                {Who: Who{Kind: Anyone}, Proofs: ProofCard},
		"somebody with a badge": {Who: Who{Kind: Badged}, Proofs: ProofCard},
		"an ambulance":          {Who: Who{OrganizationKind, KindEMS}, Proofs: ProofCard},
		"a lifeboat":            {Who: Who{OrganizationKind, "lifeboat"}, Proofs: ProofCard},
		"the hospital":          {Who: Who{OneOrganization, "org-1"}, Kind: KindHospital, Proofs: ProofCard},
		"any contact":           {Who: Who{Kind: Contact}},
		"the sister":            {Who: Who{Contact, "sister"}},
	}
	rule := func(who Who, proof Proofs) Policy {
		return one(section.Critical, func(r *Rule) { r.Who, r.Proof = who, proof })
	}
	for _, c := range []struct {
		name   string
		policy Policy
		in     []string
	}{
		{"anyone", rule(Who{Kind: Anyone}, ProofCard), []string{"anyone", "somebody with a badge", "an ambulance", "a lifeboat", "the hospital"}},
		{"badged", rule(Who{Kind: Badged}, badgedCard), []string{"somebody with a badge", "an ambulance", "a lifeboat", "the hospital"}},
		{"ambulances", rule(Who{OrganizationKind, KindEMS}, badgedCard), []string{"an ambulance"}},
		{"hospitals", rule(Who{OrganizationKind, KindHospital}, badgedCard), []string{"the hospital"}},
		{"one hospital", rule(Who{OneOrganization, "org-1"}, badgedCard), []string{"the hospital"}},
		{"contacts", rule(Who{Kind: Contact}, 0), []string{"any contact", "the sister"}},
		{"one contact", rule(Who{Contact, "sister"}, 0), []string{"the sister"}},
		{"contacts with the card", rule(Who{Kind: Contact}, ProofCard), nil},
	} {
		e := mustCompile(t, c.policy)
		in := map[string]bool{}
		for _, name := range c.in {
			in[name] = true
		}
		for name, choice := range people {
			choice.At = noon
			if got := e.See(Chosen(choice)).Reach.AtOnce != 0; got != in[name] {
				t.Errorf("a rule for %s lets %s in: %v", c.name, name, got)
			}
		}
	}
}

// TestAChoiceSaysWhereWhenAndHow: proofs, country, time, disaster and reason count as they do at the door.
func TestAChoiceSaysWhereWhenAndHow(t *testing.T) {
	stranger := Choice{Who: Who{Kind: Anyone}, Proofs: ProofCard, At: noon}
	for _, c := range []struct {
		name   string
		rule   func(*Rule)
		choice func(*Choice)
		in     bool
	}{
		{"with the card", nil, func(*Choice) {}, true},
		{"with nothing", nil, func(c *Choice) { c.Proofs = 0 }, false},
		{"with a badge of no kind", func(r *Rule) { r.Who, r.Proof = Who{Kind: Badged}, badgedCard }, func(c *Choice) { c.Proofs = allProofs }, false},
		{"a tap where one is asked for", func(r *Rule) { r.Proof |= ProofTap }, func(c *Choice) { c.Proofs = ProofTap }, true},
		{"no tap where one is asked for", func(r *Rule) { r.Proof |= ProofTap }, func(*Choice) {}, false},
		{"in the country", in("PT"), func(c *Choice) { c.Country = "PT" }, true},
		{"in another country", in("PT"), func(c *Choice) { c.Country = "ES" }, false},
		{"a badge from the country", func(r *Rule) { r.Where, r.Who, r.Proof = []string{"PT"}, Who{Kind: Badged}, badgedCard },
			func(c *Choice) { c.Who.Kind, c.Country = Badged, "PT" }, true},
		{"in time", func(r *Rule) { r.When.From = noon.Add(time.Hour) }, func(c *Choice) { c.At = noon.Add(time.Hour) }, true},
		{"too early", func(r *Rule) { r.When.From = noon.Add(time.Hour) }, func(*Choice) {}, false},
		{"in a disaster", func(r *Rule) { r.When.Incident = true }, func(c *Choice) { c.Incident = true }, true},
		{"on any other day", func(r *Rule) { r.When.Incident = true }, func(*Choice) {}, false},
		{"for a reason in words", nil, func(c *Choice) { c.Reason = Other }, true},
		{"for no reason there is", nil, func(c *Choice) { c.Reason = "curiosity" }, false},
	} {
		choice := stranger
		c.choice(&choice)
		view := mustCompile(t, one(everySection, c.rule)).See(Chosen(choice))
		if in := view.Reach.AtOnce != 0; in != c.in || c.in && view.Reach.AfterReason != everySection {
			t.Errorf("%s: at once %v, after a reason %v", c.name, view.Reach.AtOnce.Names(), view.Reach.AfterReason.Names())
		}
	}
}
