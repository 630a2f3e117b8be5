package rules

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

func TestValidate(t *testing.T) {
	rule := func(change func(*Rule)) func(*Policy) { return func(p *Policy) { change(&p.Rules[1]) } }
	cases := []struct {
		name   string
		change func(*Policy)
		field  string
		key    string
	}{
		{"format", func(p *Policy) { p.Format = 2 }, "format", KeyInvalidFormat},
		{"preset", func(p *Policy) { p.Preset = "reckless" }, "preset", KeyInvalidPreset},
		{"a delay of a minute", func(p *Policy) { p.Delay = time.Minute }, "delay", KeyInvalidDelay},
		{"a delay of a month", func(p *Policy) { p.Delay = 30 * day }, "delay", KeyInvalidDelay},
		{"half a second of delay", func(p *Policy) { p.Delay = MinDelay + time.Second/2 }, "delay", KeyInvalidDelay},
		{"a delay below zero", func(p *Policy) { p.Delay = -MinDelay }, "delay", KeyInvalidDelay},
		{"too many rules", func(p *Policy) {
			for i := range MaxRules {
				r := p.Rules[0]
				r.ID = fmt.Sprint("r", i)
				p.Rules = append(p.Rules, r)
			}
		}, "rules", KeyInvalidTooMany},
		{"rule twice", rule(func(r *Rule) { r.ID = "trip" }), "rules[1].id", KeyInvalidTwice},
		{"no id", rule(func(r *Rule) { r.ID = "" }), "rules[1].id", KeyInvalidID},
		{"id in capitals", rule(func(r *Rule) { r.ID = "Anyone" }), "rules[1].id", KeyInvalidID},
		{"long id", rule(func(r *Rule) { r.ID = strings.Repeat("x", MaxIdentifier+1) }), "rules[1].id", KeyInvalidID},
		{"nobody", rule(func(r *Rule) { r.Who = Who{} }), "rules[1].who.kind", KeyInvalidWho},
		{"an unknown kind of people", rule(func(r *Rule) { r.Who.Kind = "everyone" }), "rules[1].who.kind", KeyInvalidWho},
		{"anyone with a name", rule(func(r *Rule) { r.Who.ID = "x" }), "rules[1].who.id", KeyInvalidID},
		{"no kind of organization", rule(func(r *Rule) { r.Who, r.Proof = Who{Kind: OrganizationKind}, badgedCard }), "rules[1].who.id", KeyInvalidID},
		{"a kind in capitals", rule(func(r *Rule) { r.Who, r.Proof = Who{OrganizationKind, "EMS"}, badgedCard }), "rules[1].who.id", KeyInvalidID},
		{"no organization", rule(func(r *Rule) { r.Who, r.Proof = Who{Kind: OneOrganization}, badgedCard }), "rules[1].who.id", KeyInvalidID},
		{"a contact with a space", rule(func(r *Rule) { r.Who = Who{Contact, "my sister"} }), "rules[1].who.id", KeyInvalidID},
		{"anyone without the card", rule(func(r *Rule) { r.Proof = ProofTap }), "rules[1].proof", KeyInvalidNeedsCard},
		{"badged without the card", rule(func(r *Rule) { r.Who, r.Proof = Who{Kind: Badged}, ProofBadge }), "rules[1].proof", KeyInvalidNeedsCard},
		{"badged without a badge", rule(func(r *Rule) { r.Who = Who{Kind: Badged} }), "rules[1].proof", KeyInvalidNeedsBadge},
		{"an unknown proof", rule(func(r *Rule) { r.Proof |= 1 << 7 }), "rules[1].proof", KeyInvalidProof},
		{"a fraction of a second", rule(func(r *Rule) { r.When.From = noon.Add(1) }), "rules[1].when.from", KeyInvalidMoment},
		{"long ago", rule(func(r *Rule) { r.When.Until = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) }), "rules[1].when.until", KeyInvalidMoment},
		{"far off", rule(func(r *Rule) { r.When.Until = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }), "rules[1].when.until", KeyInvalidMoment},
		{"an empty window", rule(func(r *Rule) { r.When = When{From: noon, Until: noon} }), "rules[1].when.until", KeyInvalidWindow},
		{"a country that is none", rule(func(r *Rule) { r.Where = []string{"PT", "UK"} }), "rules[1].where[1]", KeyInvalidCountry},
		{"a country in lower case", rule(func(r *Rule) { r.Where = []string{"pt"} }), "rules[1].where[0]", KeyInvalidCountry},
		{"two halves of countries", rule(func(r *Rule) { r.Where = []string{"D "} }), "rules[1].where[0]", KeyInvalidCountry},
		{"a country twice", rule(func(r *Rule) { r.Where = []string{"PT", "PT"} }), "rules[1].where[1]", KeyInvalidTwice},
		{"too many countries", rule(func(r *Rule) { r.Where = strings.Fields(countries)[:MaxCountries+1] }), "rules[1].where", KeyInvalidTooMany},
		{"no section", rule(func(r *Rule) { r.Sections = 0 }), "rules[1].sections", KeyInvalidNoSection},
		{"an unknown section", rule(func(r *Rule) { r.Sections |= 1 << 30 }), "rules[1].sections", KeyInvalidSection},
		{"the floor", rule(func(r *Rule) { r.Sections = r.Sections.Add(section.PrivateNotes) }), "rules[1].sections", KeyInvalidFloor},
		{"a wait of a second", rule(func(r *Rule) { r.HowSoon.Wait = time.Second }), "rules[1].how_soon.wait", KeyInvalidDuration},
		{"a wait below zero", rule(func(r *Rule) { r.HowSoon.Wait = -time.Hour }), "rules[1].how_soon.wait", KeyInvalidDuration},
		{"a wait of a year", rule(func(r *Rule) { r.HowSoon.Wait = 365 * day }), "rules[1].how_soon.wait", KeyInvalidDuration},
		{"approvals without a wait", rule(func(r *Rule) { r.HowSoon.Approvals = 1 }), "rules[1].how_soon.approvals", KeyInvalidApprovalsNoWait},
		{"approvals below zero", rule(func(r *Rule) { r.HowSoon = HowSoon{Wait: day, Approvals: -1} }), "rules[1].how_soon.approvals", KeyInvalidApprovals},
		{"too many approvals", rule(func(r *Rule) { r.HowSoon = HowSoon{Wait: day, Approvals: MaxApprovers + 1} }), "rules[1].how_soon.approvals", KeyInvalidApprovals},
		{"more approvals than contacts", rule(func(r *Rule) { r.HowSoon = HowSoon{day, 2, []string{"a"}} }), "rules[1].how_soon.of", KeyInvalidApprovals},
		{"contacts and no approvals", rule(func(r *Rule) { r.HowSoon = HowSoon{day, 0, []string{"a"}} }), "rules[1].how_soon.of", KeyInvalidApprovals},
		{"an approver twice", rule(func(r *Rule) { r.HowSoon = HowSoon{day, 1, []string{"a", "a"}} }), "rules[1].how_soon.of[1]", KeyInvalidTwice},
		{"an approver without a name", rule(func(r *Rule) { r.HowSoon = HowSoon{day, 1, []string{""}} }), "rules[1].how_soon.of[0]", KeyInvalidID},
		{"too many approvers", rule(func(r *Rule) { r.HowSoon = HowSoon{day, 1, make([]string, MaxApprovers+1)} }), "rules[1].how_soon.of", KeyInvalidTooMany},
		{"no duration", rule(func(r *Rule) { r.For = 0 }), "rules[1].for", KeyInvalidDuration},
		{"a long duration", rule(func(r *Rule) { r.For = MaxDuration + time.Second }), "rules[1].for", KeyInvalidDuration},
		{"half a second more", rule(func(r *Rule) { r.For += time.Second / 2 }), "rules[1].for", KeyInvalidDuration},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := everything()
			c.change(&p)
			err := p.Validate()
			invalid := new(InvalidError)
			if !errors.As(err, &invalid) {
				t.Fatalf("Validate = %v, want an InvalidError", err)
			}
			for _, fault := range invalid.Faults {
				if fault.Field == c.field && fault.Message.Key == c.key {
					return
				}
			}
			t.Errorf("Validate = %+v, want %s at %s", invalid.Faults, c.key, c.field)
		})
	}
	for _, p := range []Policy{everything(), delayed(), Open(), Balanced(), Private(), {Format: Format}} {
		if err := p.Validate(); err != nil {
			t.Errorf("%q: %v", p.Preset, err)
		}
	}
}

func TestErrorNamesTheFieldAndNoValue(t *testing.T) {
	p := everything()
	p.Rules[1].Who = Who{Contact, "Anna Example"}
	err := p.Validate()
	if err == nil {
		t.Fatal("a contact with a space in the name is valid")
	}
	if got, want := err.Error(), "rules: invalid policy: rules[1].who.id: rules.invalid.id"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	p := Policy{Rules: make([]Rule, MaxRules)}
	invalid := new(InvalidError)
	if err := p.Validate(); !errors.As(err, &invalid) || len(invalid.Faults) != maxFaults {
		t.Errorf("Validate lists %d faults, want %d", len(invalid.Faults), maxFaults)
	}
}

func TestCompileValidates(t *testing.T) {
	if _, err := Compile(Policy{}); !errors.As(err, new(*InvalidError)) {
		t.Errorf("Compile = %v, want an InvalidError", err)
	}
}

func TestCountries(t *testing.T) {
	codes := strings.Fields(countries)
	if len(codes) != 249+1 {
		t.Errorf("%d countries, want the 249 of ISO 3166-1 and XK", len(codes))
	}
	for i, code := range codes {
		if len(code) != 2 || i > 0 && code <= codes[i-1] {
			t.Errorf("%q is out of order", code)
		}
	}
	for _, code := range []string{"", "P", "PT ", "T P", "AD AE"} {
		if isCountry(code) {
			t.Errorf("%q is taken for a country", code)
		}
	}
}
