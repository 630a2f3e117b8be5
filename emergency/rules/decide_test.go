package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/locket-health/locket/emergency/section"
)

const everySection = section.OrdinarySet | section.SensitiveSet

// TestMatching goes through each condition of a rule by itself.
func TestMatching(t *testing.T) {
	organization := func(kind WhoKind, id string) func(*Rule) {
		return func(r *Rule) { r.Who, r.Proof = Who{kind, id}, ProofCard|ProofBadge }
	}
	flood := Incident{ID: "flood", From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
	cases := []struct {
		name   string
		rule   func(*Rule)
		ask    func(*Request)
		opened bool
	}{
		{"anyone with the card", nil, nil, true},
		{"anyone without the card", nil, func(r *Request) { r.Proofs = 0 }, false},
		{"anyone with another proof only", nil, func(r *Request) { r.Proofs = ProofTap | ProofPasscode }, false},
		{"tap asked and shown", func(r *Rule) { r.Proof |= ProofTap }, func(r *Request) { r.Proofs |= ProofTap }, true},
		{"tap asked, photograph shown", func(r *Rule) { r.Proof |= ProofTap }, nil, false},
		{"passcode asked and given", func(r *Rule) { r.Proof |= ProofPasscode }, func(r *Request) { r.Proofs |= ProofPasscode }, true},
		{"passcode asked, not given", func(r *Rule) { r.Proof |= ProofPasscode }, nil, false},

		{"badged asked and shown", organization(Badged, ""), badge("ems", "org-1"), true},
		{"badged asked, claimed only", organization(Badged, ""), claim("ems", "org-1"), false},
		{"kind asked and shown", organization(OrganizationKind, "ems"), badge("ems", "org-1"), true},
		{"kind asked, another shown", organization(OrganizationKind, "ems"), badge("hospital", "org-1"), false},
		{"kind asked, claimed only", organization(OrganizationKind, "ems"), claim("ems", "org-1"), false},
		{"an open kind", organization(OrganizationKind, "lifeboat"), badge("lifeboat", "org-1"), true},
		{"organization asked and shown", organization(OneOrganization, "org-1"), badge("ems", "org-1"), true},
		{"organization asked, another shown", organization(OneOrganization, "org-1"), badge("ems", "org-2"), false},
		{"organization asked, claimed only", organization(OneOrganization, "org-1"), claim("ems", "org-1"), false},
		{"contact asked and signed in", contactRule("c1"), func(r *Request) { r.Contact = "c1" }, true},
		{"contact asked, another signed in", contactRule("c1"), func(r *Request) { r.Contact = "c2" }, false},
		{"any contact asked, one signed in", contactRule(""), func(r *Request) { r.Contact, r.Proofs = "c2", 0 }, true},
		{"any contact asked, none signed in", contactRule(""), nil, false},

		{"before the window", window(noon.Add(time.Second), time.Time{}), nil, false},
		{"first moment of the window", window(noon, time.Time{}), nil, true},
		{"last moment of the window", window(time.Time{}, noon.Add(time.Second)), nil, true},
		{"end of the window", window(time.Time{}, noon), nil, false},
		{"no incident", incidentOnly, nil, false},
		{"incident", incidentOnly, func(r *Request) { r.Incidents = []Incident{flood} }, true},
		{"incident not begun", incidentOnly, func(r *Request) {
			r.Incidents = []Incident{{"flood", noon.Add(time.Second), noon.Add(time.Hour)}}
		}, false},
		{"incident over", incidentOnly, func(r *Request) {
			r.Incidents = []Incident{{"flood", noon.Add(-time.Hour), noon}}
		}, false},
		{"incident without an end", incidentOnly, func(r *Request) {
			r.Incidents = []Incident{{"flood", noon.Add(-time.Hour), time.Time{}}}
		}, false},

		{"country as stated", in("PT", "ES"), func(r *Request) { r.Country = "ES" }, true},
		{"another country", in("PT", "ES"), func(r *Request) { r.Country = "FR" }, false},
		{"no country", in("PT", "ES"), nil, false},
		{"country of the badge", in("PT"), func(r *Request) { badge("ems", "org-1")(r); r.Country = "FR" }, true},
		{"country of the badge, not as stated", in("FR"), func(r *Request) { badge("ems", "org-1")(r); r.Country = "FR" }, false},
		{"country of a claimed badge", in("PT"), claim("ems", "org-1"), false},
		{"country stated, badge without", in("FR"), func(r *Request) {
			badge("ems", "org-1")(r)
			r.Organization.Country, r.Country = "", "FR"
		}, true},

		{"no reason", nil, func(r *Request) { r.Reason = "" }, false},
		{"a reason that is none", nil, func(r *Request) { r.Reason = "curiosity" }, false},
		{"other without words", nil, func(r *Request) { r.Reason, r.ReasonText = Other, " \n" }, false},
		{"other with words", nil, func(r *Request) { r.Reason, r.ReasonText = Other, "found asleep" }, true},
		{"nothing else stated", nil, func(r *Request) { r.Stated = Stated{} }, true},
		{"no step named", nil, func(r *Request) { r.Step = "" }, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := bystander(StepCritical)
			if c.ask != nil {
				c.ask(&request)
			}
			policy := one(section.Critical, c.rule)
			if err := policy.Validate(); err != nil {
				t.Fatal(err)
			}
			d := Decide(policy, request, noon)
			if (d.Outcome == Granted) != c.opened || (d.Sections == section.Critical) != c.opened {
				t.Errorf("Decide = %s %v, want opened %v", d.Outcome, d.Sections.Names(), c.opened)
			}
			if !c.opened && (d.Outcome != Refused || d.Refusal == NotRefused || d.Sections != 0 || !d.Until.IsZero()) {
				t.Errorf("refused as %+v", d)
			}
		})
	}
}

func badge(kind, id string) func(*Request) {
	return func(r *Request) {
		r.Proofs |= ProofBadge
		r.Organization = Organization{ID: id, Kind: kind, Country: "PT"}
	}
}

// claim says what badge says, without the badge.
func claim(kind, id string) func(*Request) {
	return func(r *Request) { r.Organization = Organization{ID: id, Kind: kind, Country: "PT"} }
}

func contactRule(id string) func(*Rule) {
	return func(r *Rule) { r.Who, r.Proof = Who{Contact, id}, 0 }
}

func window(from, until time.Time) func(*Rule) {
	return func(r *Rule) { r.When.From, r.When.Until = from, until }
}

func incidentOnly(r *Rule) { r.When.Incident = true }

func in(countries ...string) func(*Rule) { return func(r *Rule) { r.Where = countries } }

func TestTwoSpeeds(t *testing.T) {
	policy := one(everySection, nil)
	cases := []struct {
		name string
		ask  Request
		want section.Set
		next string // a message that must be among what can be done now
	}{
		{"critical", bystander(StepCritical), section.Critical, ""},
		{"sensitive", bystander(StepSensitive), everySection, ""},
		{"sensitive without a name", Request{Step: StepSensitive, Proofs: ProofCard, Reason: Unconscious}, section.Critical, KeyNextName},
		{"sensitive with a badge for a name", badgedRequest(KindEMS, StepSensitive), everySection, ""},
		{"sensitive as a contact", Request{Step: StepSensitive, Proofs: ProofCard, Contact: "c1", Reason: Unconscious}, everySection, ""},
		{"an unknown step", bystander("everything"), section.Critical, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := Decide(policy, c.ask, noon)
			if d.Sections != c.want {
				t.Errorf("opened %v, want %v", d.Sections.Names(), c.want.Names())
			}
			if asked := has(d.Public().Next, KeyNextName); asked != (c.next == KeyNextName) {
				t.Errorf("asked for a name: %v", asked)
			}
		})
	}
}

func has(messages []Message, key string) bool {
	for _, m := range messages {
		if m.Key == key {
			return true
		}
	}
	return false
}

func TestSensitiveSectionsNeedToBeNamed(t *testing.T) {
	d := Decide(one(section.OrdinarySet, nil), bystander(StepSensitive), noon)
	if d.Sections != section.OrdinarySet {
		t.Errorf("opened %v", d.Sections.Names())
	}
}

// TestTimes holds when a grant begins and ends: by the times of the request, whenever the question is put.
func TestTimes(t *testing.T) {
	flood := []Incident{{"flood", noon.Add(-time.Hour), noon.Add(5 * time.Minute)}, {"fire", noon, noon.Add(7 * time.Minute)}}
	approved := func(after ...time.Duration) []Approval {
		var approvals []Approval
		for i, d := range after {
			approvals = append(approvals, Approval{Contact: string(rune('a' + i)), At: noon.Add(d)})
		}
		return approvals
	}
	waits := func(approvals int, of ...string) func(*Rule) {
		return func(r *Rule) { r.HowSoon = HowSoon{Wait: time.Hour, Approvals: approvals, Of: of} }
	}
	cases := []struct {
		name      string
		rule      func(*Rule)
		ask       func(*Request)
		after     time.Duration // from noon, when it was asked, to the decision
		outcome   Outcome
		refusal   Refusal
		until     time.Duration // from noon
		waitUntil time.Duration
		needed    int
	}{
		{name: "at once", outcome: Granted, until: 10 * time.Minute},
		{name: "at once, asked now", ask: func(r *Request) { r.RequestedAt = time.Time{} }, after: time.Hour, outcome: Granted, until: 70 * time.Minute},
		{name: "deciding again prolongs nothing", after: 9 * time.Minute, outcome: Granted, until: 10 * time.Minute},
		{name: "the last moment", after: 10*time.Minute - time.Millisecond, outcome: Granted, until: 10 * time.Minute},
		{name: "over", after: 10 * time.Minute, outcome: Refused, refusal: TimeIsOver},
		{name: "a clock set back shuts nobody out and prolongs nothing", after: -time.Hour, outcome: Granted, until: 10 * time.Minute},
		{name: "a clock set back does not end a wait", rule: waits(0), after: -time.Hour, outcome: Wait, waitUntil: time.Hour},
		{name: "the window ends first", rule: window(time.Time{}, noon.Add(3*time.Minute)), outcome: Granted, until: 3 * time.Minute},
		{name: "the last incident ends first", rule: incidentOnly, ask: func(r *Request) { r.Incidents = flood }, outcome: Granted, until: 7 * time.Minute},
		{name: "an incident is nothing to other rules", ask: func(r *Request) { r.Incidents = flood }, outcome: Granted, until: 10 * time.Minute},

		{name: "waiting", rule: waits(0), outcome: Wait, waitUntil: time.Hour},
		{name: "still waiting", rule: waits(0), after: time.Hour - time.Millisecond, outcome: Wait, waitUntil: time.Hour},
		{name: "waited", rule: waits(0), after: time.Hour, outcome: Granted, until: 70 * time.Minute},
		{name: "waited and over", rule: waits(0), after: 70 * time.Minute, outcome: Refused, refusal: TimeIsOver},
		{name: "vetoed while waiting", rule: waits(0), ask: veto, outcome: Refused, refusal: Vetoed},
		{name: "vetoed after the wait", rule: waits(0), ask: veto, after: time.Hour, outcome: Refused, refusal: Vetoed},
		{name: "a veto is nothing to a rule at once", ask: veto, outcome: Granted, until: 10 * time.Minute},
		{name: "the window ends before the wait", rule: func(r *Rule) { waits(0)(r); r.When.Until = noon.Add(time.Hour) }, outcome: Refused, refusal: NoRule},

		{name: "approvals missing", rule: waits(2), outcome: Wait, waitUntil: time.Hour, needed: 2},
		{name: "approvals do not help", rule: waits(0), ask: func(r *Request) { r.Approvals = approved(0, 0) }, outcome: Wait, waitUntil: time.Hour},
		{name: "one approval missing", rule: waits(2), ask: func(r *Request) { r.Approvals = approved(time.Minute) }, after: 2 * time.Minute, outcome: Wait, waitUntil: time.Hour, needed: 1},
		{name: "approved", rule: waits(2), ask: func(r *Request) { r.Approvals = approved(4*time.Minute, time.Minute, 9*time.Minute) }, after: 5 * time.Minute, outcome: Granted, until: 14 * time.Minute},
		{name: "the second approval begins it", rule: waits(2), ask: func(r *Request) { r.Approvals = approved(4*time.Minute, time.Minute, 2*time.Minute) }, after: 5 * time.Minute, outcome: Granted, until: 12 * time.Minute},
		{name: "approved and over", rule: waits(2), ask: func(r *Request) { r.Approvals = approved(4*time.Minute, time.Minute) }, after: 14 * time.Minute, outcome: Refused, refusal: TimeIsOver},
		{name: "approved after the wait", rule: waits(1), ask: func(r *Request) { r.Approvals = approved(65 * time.Minute) }, after: 66 * time.Minute, outcome: Granted, until: 70 * time.Minute},
		{name: "approved in the future", rule: waits(1), ask: func(r *Request) { r.Approvals = approved(2 * time.Minute) }, after: time.Minute, outcome: Wait, waitUntil: time.Hour, needed: 1},
		{name: "approved before it was asked", rule: waits(1), ask: func(r *Request) { r.Approvals = approved(-time.Hour) }, outcome: Granted, until: 10 * time.Minute},
		{name: "approved and vetoed", rule: waits(1), ask: func(r *Request) { r.Approvals = approved(0); r.Vetoed = true }, outcome: Refused, refusal: Vetoed},
		{name: "one contact cannot approve twice", rule: waits(2), ask: func(r *Request) {
			r.Approvals = []Approval{{"a", noon}, {"a", noon}, {"a", noon.Add(time.Second)}}
		}, after: time.Minute, outcome: Wait, waitUntil: time.Hour, needed: 1},
		{name: "nobody approves the own request", rule: waits(1), ask: func(r *Request) {
			r.Contact, r.Approvals = "a", []Approval{{"a", noon}}
		}, outcome: Wait, waitUntil: time.Hour, needed: 1},
		{name: "nobody is no contact", rule: waits(1), ask: func(r *Request) { r.Approvals = []Approval{{"", noon}} }, outcome: Wait, waitUntil: time.Hour, needed: 1},
		{name: "the contacts that count", rule: waits(1, "b", "c"), ask: func(r *Request) { r.Approvals = approved(0, time.Minute) }, after: time.Minute, outcome: Granted, until: 11 * time.Minute},
		{name: "a contact that does not count", rule: waits(1, "b", "c"), ask: func(r *Request) { r.Approvals = approved(0) }, outcome: Wait, waitUntil: time.Hour, needed: 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			request := bystander(StepCritical)
			request.RequestedAt = noon
			if c.ask != nil {
				c.ask(&request)
			}
			policy := one(section.Critical, c.rule)
			if err := policy.Validate(); err != nil {
				t.Fatal(err)
			}
			d := Decide(policy, request, noon.Add(c.after))
			if d.Outcome != c.outcome || d.Refusal != c.refusal || d.ApprovalsNeeded != c.needed {
				t.Errorf("Decide = %s %s, %d approvals needed, want %s %s, %d", d.Outcome, d.Refusal, d.ApprovalsNeeded, c.outcome, c.refusal, c.needed)
			}
			if want := moment(c.outcome == Granted, c.until); !d.Until.Equal(want) {
				t.Errorf("Until = %v, want %v", d.Until, want)
			}
			if want := moment(c.outcome == Wait, c.waitUntil); !d.WaitUntil.Equal(want) {
				t.Errorf("WaitUntil = %v, want %v", d.WaitUntil, want)
			}
		})
	}
}

func veto(r *Request) { r.Vetoed = true }

func moment(is bool, after time.Duration) time.Time {
	if !is {
		return time.Time{}
	}
	return noon.Add(after)
}

// TestSeveralRules holds how rules add up: each section stays open as long as the rule that keeps it open longest.
func TestSeveralRules(t *testing.T) {
	policy := Policy{Format: Format, Rules: []Rule{
		{ID: "short", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Allergies, section.Contacts), For: 10 * time.Minute},
		{ID: "long", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Allergies), For: time.Hour},
		{ID: "covered", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Allergies), For: 20 * time.Minute},
		{ID: "later", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Allergies, section.Devices), HowSoon: HowSoon{Wait: time.Hour}, For: time.Hour},
		{ID: "sooner", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Needs), HowSoon: HowSoon{Wait: time.Minute}, For: time.Hour},
		{ID: "stranger", Who: Who{Kind: Badged}, Proof: ProofCard | ProofBadge, Sections: everySection, For: time.Hour},
	}}
	d := Decide(policy, bystander(StepCritical), noon)

	if want := section.SetOf(section.Allergies, section.Contacts); d.Sections != want {
		t.Errorf("Sections = %v, want %v", d.Sections.Names(), want.Names())
	}
	if want := section.SetOf(section.Devices, section.Needs); d.Later != want {
		t.Errorf("Later = %v, want %v", d.Later.Names(), want.Names())
	}
	want := []Grant{
		{section.SetOf(section.Contacts), noon.Add(10 * time.Minute)},
		{section.SetOf(section.Allergies), noon.Add(time.Hour)},
	}
	if diff := cmp.Diff(want, d.Grants()); diff != "" {
		t.Errorf("Grants (-want +got):\n%s", diff)
	}
	if !d.Until.Equal(noon.Add(10*time.Minute)) || !d.WaitUntil.Equal(noon.Add(time.Minute)) {
		t.Errorf("Until = %v, WaitUntil = %v", d.Until, d.WaitUntil)
	}
	if got := d.UntilOf(section.Allergies); !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("UntilOf(allergies) = %v", got)
	}
	if got := d.OpensAt(section.Devices); !got.Equal(noon.Add(time.Hour)) {
		t.Errorf("OpensAt(devices) = %v", got)
	}
	if !d.UntilOf(section.Devices).IsZero() || !d.OpensAt(section.Allergies).IsZero() || !d.UntilOf(200).IsZero() || !d.OpensAt(200).IsZero() {
		t.Error("a section that is not open closes, or one that is open opens")
	}
	if diff := cmp.Diff([]string{"later", "long", "short", "sooner"}, d.Because()); diff != "" {
		t.Errorf("Because (-want +got):\n%s", diff)
	}
}

func TestInvalidPolicyOpensNothing(t *testing.T) {
	for name, policy := range map[string]Policy{
		"no format":      {Rules: Open().Rules},
		"a newer format": {Format: Format + 1, Rules: Open().Rules},
		"too many rules": {Format: Format, Rules: make([]Rule, 10*MaxRules)},
		"rule twice":     {Format: Format, Rules: append(Open().Rules, Open().Rules...)},
	} {
		t.Run(name, func(t *testing.T) {
			d := Decide(policy, bystander(StepCritical), noon)
			if d.Outcome != Refused || d.Refusal != RulesUnreadable || d.Sections != 0 {
				t.Errorf("Decide = %+v", d)
			}
			if !has(d.Public().Next, KeyNextFront) {
				t.Error("the responder is not told that the front stays readable")
			}
		})
	}
}

func TestNoRules(t *testing.T) {
	d := Decide(Policy{Format: Format}, bystander(StepSensitive), noon)
	if d.Outcome != Refused || d.Refusal != NoRule || len(d.Because()) != 0 {
		t.Errorf("Decide = %+v", d)
	}
}

func TestEngineKeepsItsPolicy(t *testing.T) {
	policy := one(section.Critical, in("PT"))
	e, err := Compile(policy)
	if err != nil {
		t.Fatal(err)
	}
	policy.Rules[0].Where[0], policy.Rules[0].Sections = "FR", everySection
	request := bystander(StepSensitive)
	request.Country = "PT"
	if d := e.Decide(request, noon); d.Sections != section.Critical {
		t.Errorf("a change of the policy after Compile changed the decision: %v", d.Sections.Names())
	}
	if e.Policy().Rules[0].Where[0] != "PT" {
		t.Error("a change of the policy after Compile changed the engine's policy")
	}
}
