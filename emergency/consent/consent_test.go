package consent

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

var meta = Meta{Patient: "p-1", Name: "Anna Example", Performer: "Anna", House: "https://locket.example", HouseName: "Locket Example",
	At: time.Date(2027, time.March, 14, 12, 0, 0, 0, time.UTC)}

// everything is a policy that says everything a policy can say.
func everything() rules.Policy {
	return rules.Policy{Format: rules.Format, Preset: rules.PresetPrivate, Delay: 36 * time.Hour, Rules: []rules.Rule{
		{ID: "anyone", Who: rules.Who{Kind: rules.Anyone}, Proof: rules.ProofCard | rules.ProofTap, Sections: section.Critical, For: time.Minute},
		{ID: "badged", Who: rules.Who{Kind: rules.Badged}, Proof: rules.ProofCard | rules.ProofBadge, Sections: section.Critical, For: time.Hour},
		{ID: "family", Who: rules.Who{Kind: rules.Contact}, Sections: section.OrdinarySet,
			HowSoon: rules.HowSoon{Wait: 24 * time.Hour, Approvals: 2, Of: []string{"ana", "rui", "zoe"}}, For: 24 * time.Hour},
		{ID: "hospital", Who: rules.Who{Kind: rules.OrganizationKind, ID: rules.KindHospital}, Proof: rules.ProofCard | rules.ProofBadge | rules.ProofPasscode,
			Sections: section.OrdinarySet | section.SensitiveSet, For: rules.ForHospital},
		{ID: "sister", Who: rules.Who{Kind: rules.Contact, ID: "c1"}, Proof: rules.ProofCard | rules.ProofBadge, Sections: section.SetOf(section.Identity), For: rules.MaxDuration},
		{ID: "trip", Who: rules.Who{Kind: rules.OneOrganization, ID: "org:1.Az_9-"}, Proof: rules.ProofCard | rules.ProofBadge, Sections: section.SetOf(section.MentalHealth),
			When:  rules.When{From: time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC), Incident: true},
			Where: []string{"ES", "PT"}, HowSoon: rules.HowSoon{Wait: 90 * time.Second}, For: 90 * time.Second},
	}}
}

func TestConsentOfEverything(t *testing.T) {
	var got bytes.Buffer
	if err := json.Indent(&got, Encode(everything(), meta), "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	path := filepath.Join("testdata", "everything.json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the Consent (-want +got):\n%s", diff)
	}
	back, left, err := Decode(want)
	if err != nil || len(left) > 0 {
		t.Fatalf("Decode = %v, %v", left, err)
	}
	if diff := cmp.Diff(everything(), back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// TestRulesComeBackByteForByte: the Consent of any rules is read as those very rules.
func TestRulesComeBackByteForByte(t *testing.T) {
	same := func(t interface{ Fatalf(string, ...any) }, p rules.Policy) {
		back, left, err := Decode(Encode(p, meta))
		if err != nil || len(left) > 0 || !bytes.Equal(rules.Canonical(back), rules.Canonical(p)) {
			t.Fatalf("%v, left out %v:\n%s\n%s", err, left, rules.Canonical(p), rules.Canonical(back))
		}
	}
	for _, p := range []rules.Policy{rules.Open(), rules.Balanced(), rules.Private(), {Format: rules.Format}} {
		same(t, p)
	}
	rapid.Check(t, func(t *rapid.T) { same(t, drawPolicy(t)) })
}

// TestTheLargestPolicyFits holds that the bounds fit together.
func TestTheLargestPolicyFits(t *testing.T) {
	long := func(i int) string { return fmt.Sprintf("%s%02d", strings.Repeat("x", rules.MaxIdentifier-2), i) }
	r := everything().Rules[5]
	r.Who.ID, r.Sections, r.Proof = long(0), section.OrdinarySet|section.SensitiveSet, r.Proof|rules.ProofTap|rules.ProofPasscode
	r.HowSoon = rules.HowSoon{Wait: rules.MaxDuration, Approvals: rules.MaxApprovers}
	for i := range rules.MaxApprovers {
		r.HowSoon.Of = append(r.HowSoon.Of, long(i))
	}
	r.Where = strings.Fields("AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM")
	p := rules.Policy{Format: rules.Format}
	for i := range rules.MaxRules {
		r.ID = long(i)
		p.Rules = append(p.Rules, r)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	data := Encode(p, meta)
	if back, left, err := Decode(data); err != nil || len(left) > 0 || !bytes.Equal(rules.Canonical(back), rules.Canonical(p)) {
		t.Errorf("Decode of %d bytes: left out %d, %v", len(data), len(left), err)
	}
}

// foreign is a Consent of somebody else: what is within the root provision is given.
func foreign(provision string) string {
	return `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/1"},"policy":[{"uri":"http://example.org/policy"}],
		"provision":` + provision + `}`
}

const (
	btg      = `"purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"BTG"}]`
	allergic = `"code":[{"coding":[{"system":"http://loinc.org","code":"48765-2"}]}]`
)

// TestConsentsOfOthers: what can be read becomes the narrowest rule that it can mean; what cannot is left out with all that it limits, and named.
func TestConsentsOfOthers(t *testing.T) {
	badged := rules.Rule{ID: "imported", Who: rules.Who{Kind: rules.Badged}, Proof: rules.ProofCard | rules.ProofBadge, Sections: section.OrdinarySet, For: rules.ForBystander}
	with := func(change func(*rules.Rule)) []rules.Rule {
		r := badged
		change(&r)
		return []rules.Rule{r}
	}
	denying := func(permits ...string) string {
		return foreign(`{"type":"deny","provision":[` + strings.Join(permits, ",") + `]}`)
	}
	permit := func(members string) string { return denying(`{"type":"permit",` + btg + members + `}`) }
	for _, c := range []struct {
		name string
		text string
		want []rules.Rule
		left []string
	}{
		{"break-glass alone", permit(""), []rules.Rule{badged}, nil},
		{"a root that permits", foreign(`{"type":"permit",` + btg + `}`), []rules.Rule{badged}, nil},
		{"any purpose", denying(`{"type":"permit"}`), []rules.Rule{badged}, nil},
		{"the type of the root left out, as R4 has it", foreign(`{"provision":[{"type":"permit"}]}`), []rules.Rule{badged}, nil},
		{"everything denied", foreign(`{"type":"deny"}`), nil, nil},
		{"a name of its own", permit(`,"id":"night-shift"`), with(func(r *rules.Rule) { r.ID = "night-shift" }), nil},
		{"a name that cannot be one", permit(`,"id":"Night Shift"`), []rules.Rule{badged}, nil},
		{"two of one name", denying(`{"type":"permit","id":"a"}`, `{"type":"permit","id":"a"}`),
			append(with(func(r *rules.Rule) { r.ID = "a" }), with(func(r *rules.Rule) { r.ID = "a-2" })...), nil},
		{"a section by LOINC", permit("," + allergic), with(func(r *rules.Rule) { r.Sections = section.SetOf(section.Allergies) }), nil},
		{"types of resources", permit(`,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Immunization"},{"system":"http://hl7.org/fhir/resource-types","code":"Claim"}]`),
			with(func(r *rules.Rule) { r.Sections = section.SetOf(section.Immunizations) }), []string{"Consent.provision.provision[0].class[1]"}},
		{"the floor", permit(`,"code":[{"coding":[{"system":"https://locket.health/fhir/CodeSystem/section","code":"private_notes"}]}]`), nil,
			[]string{"Consent.provision.provision[0].code[0]", "Consent.provision.provision[0].code"}},
		{"a code and a class", permit("," + allergic + `,"class":[{"system":"http://hl7.org/fhir/resource-types","code":"Immunization"}]`), nil,
			[]string{"Consent.provision.provision[0].class"}},
		{"an action that is access", permit(`,"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}]`), []rules.Rule{badged}, nil},
		{"another action", permit(`,"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"correct"}]}]`), nil,
			[]string{"Consent.provision.provision[0].action"}},
		{"another purpose", denying(`{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}`), nil,
			[]string{"Consent.provision.provision[0].purpose"}},
		{"emergency treatment alone", denying(`{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"ETREAT"}]}`), nil,
			[]string{"Consent.provision.provision[0].purpose"}},
		{"somebody whom we cannot tell", permit(`,"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"reference":"Practitioner/1"}}]`),
			nil, []string{"Consent.provision.provision[0].actor"}},
		{"a confidentiality", permit(`,"securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]`), nil,
			[]string{"Consent.provision.provision[0].securityLabel"}},
		{"a period of the data", permit(`,"dataPeriod":{"start":"2027"}`), nil, []string{"Consent.provision.provision[0].dataPeriod"}},
		{"exceptions from an exception", permit(`,"provision":[{"type":"deny"}]`), nil, []string{"Consent.provision.provision[0].provision"}},
		{"a member that nobody knows", permit(`,"Period":{"end":"2027"}`), nil, []string{"Consent.provision.provision[0].Period"}},
		{"a member with a strange name", permit(`,"<b>a name</b>":1`), nil, []string{"Consent.provision.provision[0].?"}},
		{"more permits than anybody needs", denying(strings.Repeat(`{"type":"permit"},`, 1000) + `{"type":"permit"}`), nil, []string{"Consent.provision"}},
		{"an extension of a period", permit(`,"_period":{"extension":[]}`), nil, []string{"Consent.provision.provision[0]._period"}},
		{"a modifier of somebody else", permit(`,"modifierExtension":[{"url":"http://example.org/never","valueBoolean":true}]`), nil,
			[]string{"Consent.provision.provision[0].modifierExtension"}},
		{"a limit of a later version", permit(`,"modifierExtension":[{"url":"https://locket.health/fhir/StructureDefinition/break-glass-limits","extension":[{"url":"moon","valueCode":"full"}]}]`), nil,
			[]string{"Consent.provision.provision[0].modifierExtension"}},
		{"an extension of somebody else", permit(`,"extension":[{"url":"http://example.org/note","valueString":"x"}]`), []rules.Rule{badged}, nil},
		{"a duration that is none", permit(`,"extension":[{"url":"https://locket.health/fhir/StructureDefinition/break-glass-duration","valueUnsignedInt":-1}]`), nil,
			[]string{"Consent.provision.provision[0].extension"}},
		{"a duration beyond the bound", permit(`,"extension":[{"url":"https://locket.health/fhir/StructureDefinition/break-glass-duration","valueUnsignedInt":1}]`), nil,
			[]string{"Consent.provision.provision[0]"}},
		{"days without a zone", permit(`,"period":{"start":"2027-07-01","end":"2027-07-31"}`), with(func(r *rules.Rule) {
			r.When = rules.When{From: time.Date(2027, 7, 1, 12, 0, 0, 0, time.UTC), Until: time.Date(2027, 7, 31, 10, 0, 0, 0, time.UTC)}
		}), nil},
		{"a month and a year", permit(`,"period":{"start":"2027-07","end":"2028"}`), with(func(r *rules.Rule) {
			r.When = rules.When{From: time.Date(2027, 7, 1, 12, 0, 0, 0, time.UTC), Until: time.Date(2028, 12, 31, 10, 0, 0, 0, time.UTC)}
		}), nil},
		{"parts of seconds", permit(`,"period":{"start":"2027-07-01T00:00:00.5+01:00","end":"2027-07-02T00:00:00.5+01:00"}`), with(func(r *rules.Rule) {
			r.When = rules.When{From: time.Date(2027, 6, 30, 23, 0, 1, 0, time.UTC), Until: time.Date(2027, 7, 1, 23, 0, 0, 0, time.UTC)}
		}), nil},
		{"a time without a zone", permit(`,"period":{"end":"2027-07-01T00:00:00"}`), nil, []string{"Consent.provision.provision[0].period"}},
		{"an empty period", permit(`,"period":{}`), nil, []string{"Consent.provision.provision[0].period"}},
		{"a period that ends before it begins", permit(`,"period":{"start":"2028","end":"2027"}`), nil, []string{"Consent.provision.provision[0].period"}},
		{"a period of the whole", foreign(`{"type":"deny","period":{"end":"2027-06-30T23:59:59Z"},"provision":[{"type":"permit","period":{"start":"2027-06-01T00:00:00Z","end":"2027-07-31T00:00:00Z"}}]}`),
			with(func(r *rules.Rule) {
				r.When = rules.When{From: time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 7, 1, 0, 0, 0, 0, time.UTC)}
			}), nil},
		{"a permit when the whole is over", foreign(`{"type":"deny","period":{"end":"2027-05-31T23:59:59Z"},"provision":[{"type":"permit","period":{"start":"2027-06-01T00:00:00Z"}}]}`),
			nil, []string{"Consent.provision.provision[0]"}},
		{"a deny beside a permit", denying(`{"type":"permit"}`, `{"type":"deny",`+allergic+`}`), nil, []string{"Consent.provision"}},
		{"a root that denies somebody alone", foreign(`{"type":"deny","actor":[{}],"provision":[{"type":"permit"}]}`), nil, []string{"Consent.provision"}},
		{"a root that permits with exceptions", foreign(`{"type":"permit","provision":[{"type":"deny"}]}`), nil, []string{"Consent.provision"}},
		{"a root without anything", foreign(`{}`), nil, []string{"Consent.provision"}},
		{"a list of provisions, as in R5", foreign(`[{"type":"permit"}]`), nil, []string{"Consent.provision"}},
		{"rules that the whole is under", strings.Replace(permit(""), `"status"`, `"implicitRules":"http://example.org/rules","status"`, 1), nil,
			[]string{"Consent.implicitRules", "Consent.provision"}},
		{"a modifier of the whole", strings.Replace(permit(""), `"status"`, `"modifierExtension":[{"url":"http://example.org/not"}],"status"`, 1), nil,
			[]string{"Consent.modifierExtension", "Consent.provision"}},
		{"rules of a later format", strings.Replace(string(Encode(rules.Open(), meta)), `"valueUnsignedInt":1}`, `"valueUnsignedInt":2}`, 1), nil,
			[]string{"Consent.extension[0]", "Consent.provision"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, left, err := Decode([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.Rules, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.left, left, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("left out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoConsentIsRefused(t *testing.T) {
	good := foreign(`{"type":"deny"}`)
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrNotConsent},
		{"no JSON", "{", ErrNotConsent},
		{"a list", "[]", ErrNotConsent},
		{"another resource", strings.Replace(good, `"Consent"`, `"Patient"`, 1), ErrNotConsent},
		{"two documents", good + good, ErrNotConsent},
		{"a member twice", strings.Replace(good, `"status"`, `"status":"active","status"`, 1), ErrNotConsent},
		{"no UTF-8", strings.Replace(good, "Patient/1", "\xff", 1), ErrNotConsent},
		{"a consent to research", strings.Replace(good, "patient-privacy", "research", 1), ErrNotConsent},
		{"a draft", strings.Replace(good, `"active"`, `"draft"`, 1), ErrNotActive},
		{"one that was ended", strings.Replace(good, `"active"`, `"inactive"`, 1), ErrNotActive},
		{"too long", good + strings.Repeat(" ", MaxBytes), ErrTooLarge},
		{"too deep", strings.Repeat("[", maxDepth+2), ErrTooLarge},
	} {
		if p, left, err := Decode([]byte(c.text)); !errors.Is(err, c.want) || len(p.Rules) > 0 || left != nil {
			t.Errorf("%s: Decode = %v, want %v", c.name, err, c.want)
		}
	}
}

// TestALimitThatIsLostLosesThePermit takes our own Consent and makes each limit unreadable in turn: the rule is left out and the others stay.
func TestALimitThatIsLostLosesThePermit(t *testing.T) {
	text := string(Encode(everything(), meta))
	for _, limit := range []string{`"url":"wait"`, `"url":"approvals"`, `"url":"of"`, `"url":"incident"`, `"url":"country"`, `"url":"proof"`, urlLimits, `"value":"anyone"`, `"valueCode":"PT"`} {
		if !strings.Contains(text, limit) {
			t.Fatalf("the Consent has no %s", limit)
		}
		p, left, err := Decode([]byte(strings.Replace(text, limit, limit[:len(limit)-1]+"?"+limit[len(limit)-1:], 1)))
		if err != nil || len(left) != 1 || len(p.Rules) != len(everything().Rules)-1 {
			t.Errorf("without %s: %d rules, left out %v, %v", limit, len(p.Rules), left, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, p := range []rules.Policy{everything(), rules.Open(), rules.Private(), {Format: rules.Format}} {
		f.Add(Encode(p, meta))
	}
	f.Add([]byte(foreign(`{"type":"permit","period":{"end":"2027"},` + allergic + `}`)))
	f.Add([]byte(foreign(`{"provision":[{"type":"permit","class":[{}],"code":[]}]}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, left, err := Decode(data)
		if err != nil {
			if len(p.Rules) > 0 || left != nil {
				t.Error("an error with rules")
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Errorf("what was read is not valid: %v", err)
		}
		if len(left) > maxLeft {
			t.Errorf("%d are named as left out", len(left))
		}
		again, left, err := Decode(Encode(p, meta))
		if err != nil || len(left) > 0 || !bytes.Equal(rules.Canonical(again), rules.Canonical(p)) {
			t.Errorf("written and read again: left out %v, %v", left, err)
		}
	})
}

func drawPolicy(t *rapid.T) rules.Policy {
	p := rules.Policy{Format: rules.Format, Preset: rapid.SampledFrom([]string{"", rules.PresetOpen, rules.PresetBalanced}).Draw(t, "preset"),
		Delay: rapid.SampledFrom([]time.Duration{0, rules.MinDelay, rules.MaxDelay}).Draw(t, "delay")}
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		p.Rules = append(p.Rules, drawRule(t, fmt.Sprintf("rule-%d", i)))
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("the generator draws what is not valid: %v", err)
	}
	return p
}

func drawRule(t *rapid.T, id string) rules.Rule {
	day := time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC)
	r := rules.Rule{ID: id,
		Who:      rapid.SampledFrom([]rules.Who{{Kind: rules.Anyone}, {Kind: rules.Badged}, {Kind: rules.OrganizationKind, ID: "lifeboat"}, {Kind: rules.OneOrganization, ID: "org-1"}, {Kind: rules.Contact}, {Kind: rules.Contact, ID: "a"}}).Draw(t, "who"),
		Sections: section.Set(rapid.Uint32().Draw(t, "sections"))&(section.OrdinarySet|section.SensitiveSet) | 1<<section.Allergies,
		For:      time.Duration(rapid.Int64Range(60, int64(rules.MaxDuration/time.Second)).Draw(t, "for")) * time.Second,
		Where:    rapid.SampledFrom([][]string{nil, {"PT"}, {"PT", "ES"}}).Draw(t, "where")}
	r.Proof = standard(r.Who) | rules.Proofs(rapid.IntRange(0, 15).Draw(t, "proof"))
	if rapid.Bool().Draw(t, "waits") {
		r.HowSoon.Wait = time.Duration(rapid.Int64Range(60, int64(rules.MaxDuration/time.Second)).Draw(t, "wait")) * time.Second
		r.HowSoon.Approvals = rapid.IntRange(0, 3).Draw(t, "approvals")
		if r.HowSoon.Approvals > 0 && rapid.Bool().Draw(t, "chosen") {
			r.HowSoon.Of = []string{"c", "a", "b"}
		}
	}
	if rapid.Bool().Draw(t, "from") {
		r.When.From = day
	}
	if rapid.Bool().Draw(t, "until") {
		r.When.Until = day.Add(time.Duration(rapid.IntRange(1, 1000).Draw(t, "seconds")) * time.Second)
	}
	r.When.Incident = rapid.Bool().Draw(t, "incident")
	return r
}
