package rules

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/locket-health/locket/emergency/section"
)

// english reads the texts that stand beside the keys in messages.go.
func english(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "messages.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && strings.HasPrefix(spec.Names[0].Name, "Key") {
			key, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := texts[key]; twice {
				t.Errorf("%s is the key of two messages", key)
			}
			texts[key] = strings.TrimSpace(spec.Comment.Text())
		}
		return true
	})
	return texts
}

// TestEveryMessageHasItsWords collects the messages of everything the package can say and compares them with the texts: no key
// without a text, no text that is never said, no argument that the text does not name, none missing.
func TestEveryMessageHasItsWords(t *testing.T) {
	texts := english(t)
	placeholder := regexp.MustCompile(`\{([a-z]+)\}`)
	said := map[string]bool{}
	say := func(messages ...Message) {
		for _, m := range messages {
			said[m.Key] = true
			text, ok := texts[m.Key]
			if !ok || text == "" {
				t.Errorf("%q has no text", m.Key)
				continue
			}
			var want []string
			for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
				want = append(want, found[1])
			}
			slices.Sort(want)
			if diff := cmp.Diff(slices.Compact(want), slices.Sorted(maps.Keys(m.Args))); diff != "" {
				t.Errorf("%s: the text's arguments and the message's differ:\n%s", m.Key, diff)
			}
		}
	}

	for _, r := range everyRule() {
		say(Sentence(r)...)
	}
	for _, delay := range []time.Duration{time.Hour + time.Second, 90 * time.Minute, time.Hour, MaxDelay} {
		say(Sentences(Policy{Delay: delay})...)
	}
	waiting := one(section.Critical, func(r *Rule) { r.HowSoon = HowSoon{Wait: day, Approvals: 1} })
	var decisions []Decision
	for _, p := range []Policy{{}, Open(), Balanced(), Private(), waiting} {
		for _, request := range everyRequest() {
			if request.Proofs&^badgedCard != 0 {
				continue // TestPresets has the other proofs
			}
			for _, change := range []func(*Request){
				func(*Request) {}, veto,
				func(r *Request) { r.Reason = "" }, func(r *Request) { r.Reason = Other }, func(r *Request) { r.Stated.Name = "" },
				func(r *Request) { r.RequestedAt = noon.Add(-20 * day) },
			} {
				changed := request
				change(&changed)
				decisions = append(decisions, Decide(p, changed, noon))
			}
		}
	}
	for _, d := range decisions {
		public := d.Public()
		say(d.Why()...)
		say(public.Says...)
		say(public.Next...)
		if len(public.Says) == 0 || len(public.Next) == 0 || len(d.Why()) == 0 {
			t.Fatalf("%s %s is left without words", d.Outcome, d.Refusal)
		}
	}
	for _, person := range append(Simulations(noon, "sister"), Chosen(Choice{})) {
		say(Message{Key: person.Key})
	}
	for _, p := range everyKindOfFault() {
		var invalid *InvalidError
		if err := p.Validate(); !errors.As(err, &invalid) {
			t.Fatal("a policy of everyKindOfFault is valid")
		}
		for _, fault := range invalid.Faults {
			say(fault.Message)
		}
	}

	for key := range texts {
		if !said[key] {
			t.Errorf("%s is never said", key)
		}
	}
}

// everyRule says each thing that a rule can say.
func everyRule() []Rule {
	rules := append(everything().Rules, Open().Rules...)
	rules = append(append(rules, Balanced().Rules...), Private().Rules...)
	for _, who := range []Who{{OrganizationKind, KindFire}, {OrganizationKind, KindPolice}, {OrganizationKind, "lifeboat"}} {
		rules = append(rules, Rule{Who: who, Proof: allProofs, Sections: section.Critical, For: time.Hour})
	}
	for _, wait := range []time.Duration{90 * time.Second, 90 * time.Minute, 36 * time.Hour, 2 * day} {
		rules = append(rules, Rule{Who: Who{Kind: Anyone}, When: When{From: noon}, HowSoon: HowSoon{Wait: wait}, For: wait})
	}
	return rules
}

func everyKindOfFault() []Policy {
	rule := Rule{ID: "a", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.Critical, For: time.Hour}
	faulty := func(changes ...func(*Rule)) Policy {
		p := Policy{Format: Format}
		for _, change := range changes {
			r := rule
			change(&r)
			p.Rules = append(p.Rules, r)
		}
		return p
	}
	return []Policy{
		{Format: 9, Preset: "none", Delay: time.Second},
		{Format: Format, Rules: make([]Rule, MaxRules+1)},
		{Rules: make([]Rule, 1)},
		faulty(func(*Rule) {}, func(*Rule) {}),
		faulty(func(r *Rule) { r.Proof = 1 << 7 }, func(r *Rule) { r.Who.Kind = Badged }, func(r *Rule) { r.Sections = 1<<31 | section.FloorSet }),
		faulty(func(r *Rule) { r.When = When{From: noon.Add(1), Until: noon} }, func(r *Rule) { r.Where = []string{"UK"} }),
		faulty(func(r *Rule) { r.HowSoon.Approvals = 1 }, func(r *Rule) { r.HowSoon = HowSoon{Wait: day, Approvals: 99} }),
	}
}

func TestSentence(t *testing.T) {
	got := Sentence(everything().Rules[0])
	want := []Message{
		{KeyWhoOrganization, map[string]any{"id": "org:1.Az_9-", "sections": []string{"identity", "mental_health"}}},
		{KeyProofCard, nil}, {KeyProofTap, nil}, {KeyProofPasscode, nil}, {KeyProofBadge, nil},
		{KeyWaitHours, map[string]any{"count": 36}},
		{KeyApprovalsOf, map[string]any{"count": 2, "total": 3}},
		{KeyForSeconds, map[string]any{"count": 90}},
		{KeyBetween, map[string]any{"from": time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC), "until": time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC)}},
		{KeyIncident, nil},
		{KeyWhere, map[string]any{"countries": []string{"ES", "PT"}}},
		{KeyTold, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Sentence (-want +got):\n%s", diff)
	}
}

func TestWhyNamesWhatOpenedAndWhatWill(t *testing.T) {
	request := bystander(StepSensitive)
	d := Decide(Private(), request, noon)
	want := []Message{
		{KeyWhyOpened, map[string]any{"sections": vital.Names(), "until": noon.Add(ForBystander)}},
		{KeyWhyWaits, map[string]any{"sections": (section.Critical &^ vital).Names(), "at": noon.Add(day)}},
		{KeyWhyApprovals, map[string]any{"count": 1}},
		{KeyWhyRules, nil},
	}
	want = append(append(want, Sentence(Private().Rules[0])...), Sentence(Private().Rules[1])...)
	if diff := cmp.Diff(want, d.Why()); diff != "" {
		t.Errorf("Why (-want +got):\n%s", diff)
	}
}
