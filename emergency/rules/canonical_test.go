package rules

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
	"pgregory.net/rapid"

	"github.com/locket-health/locket/emergency/section"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is what stands in testdata/name, which -update writes.
func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// everything is a policy that says everything a policy can say.
func everything() Policy {
	lisbon := time.FixedZone("", 3600)
	return Policy{Format: Format, Preset: PresetBalanced, Rules: []Rule{
		{ID: "trip", Who: Who{OneOrganization, "org:1.Az_9-"}, Proof: allProofs, Sections: section.SetOf(section.MentalHealth, section.Identity),
			When:    When{From: time.Date(2027, 7, 1, 1, 0, 0, 0, lisbon), Until: time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC), Incident: true},
			Where:   []string{"PT", "ES"},
			HowSoon: HowSoon{Wait: 36 * time.Hour, Approvals: 2, Of: []string{"zoe", "ana", "rui"}}, For: 90 * time.Second},
		{ID: "anyone", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.SetOf(section.Allergies), For: time.Minute},
		{ID: "sister", Who: Who{Contact, "c1"}, Sections: section.OrdinarySet, When: When{Until: time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC)}, For: MaxDuration},
	}}
}

// delayed is a policy of which wider rules wait.
func delayed() Policy {
	p := one(section.Critical, nil)
	p.Delay = 36 * time.Hour
	return p
}

func TestCanonicalText(t *testing.T) {
	for name, p := range map[string]Policy{"everything": everything(), PresetOpen: Open(), PresetBalanced: Balanced(), PresetPrivate: Private(), "empty": {Format: Format}, "delayed": delayed()} {
		t.Run(name, func(t *testing.T) {
			got := Canonical(p)
			if want := golden(t, name+".json", got); !bytes.Equal(got, want) {
				t.Errorf("Canonical:\n got %s\nwant %s", got, want)
			}
			// RFC 8785 puts the keys in order, as encoding/json does with a map.
			var tree any
			if err := json.Unmarshal(got, &tree); err != nil {
				t.Fatal(err)
			}
			if sorted, err := json.Marshal(tree); err != nil || !bytes.Equal(sorted, got) {
				t.Errorf("the keys are out of order: %v", err)
			}
			back, err := ParsePolicy(got)
			if err != nil {
				t.Fatalf("ParsePolicy: %v", err)
			}
			if again := Canonical(back); !bytes.Equal(again, got) {
				t.Errorf("read and written again: %s", again)
			}
			if Hash(back) != Hash(p) {
				t.Error("the hash changed on the way")
			}
			for _, r := range got {
				if r < ' ' || r > '~' {
					t.Fatalf("the text is not plain ASCII: %q", got)
				}
			}
		})
	}
}

func TestParsedPolicyMeansTheSame(t *testing.T) {
	back, err := ParsePolicy(Canonical(everything()))
	if err != nil {
		t.Fatal(err)
	}
	want := everything()
	want.Rules = []Rule{want.Rules[1], want.Rules[2], want.Rules[0]} // in order of their IDs
	want.Rules[2].Where, want.Rules[2].HowSoon.Of = []string{"ES", "PT"}, []string{"ana", "rui", "zoe"}
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("ParsePolicy (-want +got):\n%s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		p, request, now := drawPolicy(t), drawRequest(t), drawNow(t)
		back, err := ParsePolicy(Canonical(p))
		if err != nil {
			t.Fatal(err)
		}
		if diff := differ(Decide(p, request, now), Decide(back, request, now)); diff != "" {
			t.Fatalf("the text decides otherwise:\n%s", diff)
		}
	})
}

func TestEachDifferenceChangesTheHash(t *testing.T) {
	base := Hash(everything())
	for name, change := range map[string]func(*Policy){
		"preset":    func(p *Policy) { p.Preset = "" },
		"delay":     func(p *Policy) { p.Delay = MinDelay },
		"id":        func(p *Policy) { p.Rules[0].ID = "other" },
		"who":       func(p *Policy) { p.Rules[0].Who.ID = "org-2" },
		"kind":      func(p *Policy) { p.Rules[0].Who.Kind = OrganizationKind },
		"proof":     func(p *Policy) { p.Rules[0].Proof &^= ProofTap },
		"from":      func(p *Policy) { p.Rules[0].When.From = p.Rules[0].When.From.Add(time.Second) },
		"until":     func(p *Policy) { p.Rules[0].When.Until = time.Time{} },
		"incident":  func(p *Policy) { p.Rules[0].When.Incident = false },
		"where":     func(p *Policy) { p.Rules[0].Where = []string{"PT"} },
		"sections":  func(p *Policy) { p.Rules[0].Sections = p.Rules[0].Sections.Add(section.SexualHealth) },
		"wait":      func(p *Policy) { p.Rules[0].HowSoon.Wait -= time.Second },
		"approvals": func(p *Policy) { p.Rules[0].HowSoon.Approvals = 1 },
		"of":        func(p *Policy) { p.Rules[0].HowSoon.Of[0] = "eve" },
		"for":       func(p *Policy) { p.Rules[0].For += time.Second },
		"rule more": func(p *Policy) { p.Rules = append(p.Rules, Open().Rules[1]) },
		"rule less": func(p *Policy) { p.Rules = p.Rules[1:] },
	} {
		p := everything()
		change(&p)
		if Hash(p) == base {
			t.Errorf("%s: the hash stayed the same", name)
		}
	}
}

func TestParsePolicyTakesTheCanonicalBytesAlone(t *testing.T) {
	good := string(Canonical(Open()))
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the text has no %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"empty":                "",
		"no JSON":              "{",
		"null":                 "null",
		"a list":               "[]",
		"space":                replace(`{"format":1`, `{ "format":1`),
		"newline at the end":   good + "\n",
		"two texts":            good + good,
		"unknown key":          replace(`{"format":1`, `{"admin":true,"format":1`),
		"key twice":            replace(`"preset":"open"`, `"preset":"private","preset":"open"`),
		"key in another case":  replace(`"preset"`, `"Preset"`),
		"second key in case":   replace(`"preset":"open"`, `"preset":"open","Preset":"private"`),
		"key escaped":          replace(`"preset"`, `"pr\u0065set"`),
		"keys in other order":  replace(`"format":1,"preset":"open"`, `"preset":"open","format":1`),
		"float":                replace(`"for":600`, `"for":600.0`),
		"exponent":             replace(`"for":600`, `"for":6e2`),
		"negative":             replace(`"for":600`, `"for":-600`),
		"overflow":             replace(`"for":600`, `"for":9223372036854775807`),
		"number as text":       replace(`"for":600`, `"for":"600"`),
		"unknown section":      replace(`"identity"`, `"everything"`),
		"section twice":        replace(`"identity"`, `"identity","identity"`),
		"sections in disorder": replace(`"identity","directives"`, `"directives","identity"`),
		"unknown proof":        replace(`"card"`, `"password"`),
		"proof twice":          replace(`"card"`, `"card","card"`),
		"empty where":          replace(`"who"`, `"where":[],"who"`),
		"empty when":           replace(`"who"`, `"when":{},"who"`),
		"date without zone":    replace(`"who"`, `"when":{"from":"2027-07-01T00:00:00"},"who"`),
		"date in a zone":       replace(`"who"`, `"when":{"from":"2027-07-01T00:00:00+01:00"},"who"`),
		"fraction of second":   replace(`"who"`, `"when":{"from":"2027-07-01T00:00:00.5Z"},"who"`),
		"date that is none":    replace(`"who"`, `"when":{"from":"2027-02-30T00:00:00Z"},"who"`),
		"invalid UTF-8":        replace(`"anyone"`, "\"any\xffone\""),
		"too long":             good + strings.Repeat(" ", MaxPolicyBytes),
		"a delay of zero":      replace(`{"format":1`, `{"delay":0,"format":1`),
		"delay below zero":     replace(`{"format":1`, `{"delay":-3600,"format":1`),
		"delay that overflows": replace(`{"format":1`, `{"delay":9223372036854775807,"format":1`),
		"delay at the end":     replace(`{"format":1`, `{"format":1,"delay":3600`),
		"deep":                 strings.Repeat("[", 100000),
		"many rules":           `{"format":1,"rules":[` + strings.Repeat(`{},`, 50000) + `{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(text))
			if !errors.Is(err, ErrNotCanonical) {
				t.Errorf("ParsePolicy = %+v, %v, want ErrNotCanonical", p, err)
			}
			if err != nil && len(err.Error()) > 100 {
				t.Errorf("the error quotes the text: %v", err)
			}
		})
	}
}

func TestParsePolicyValidates(t *testing.T) {
	p := Open()
	p.Rules[0].Proof = 0
	if _, err := ParsePolicy(Canonical(p)); !errors.As(err, new(*InvalidError)) {
		t.Errorf("ParsePolicy = %v, want an InvalidError", err)
	}
}

// TestTheLargestPolicyIsRead holds that the bounds fit together: whatever is valid can be read again.
func TestTheLargestPolicyIsRead(t *testing.T) {
	p := Policy{Format: Format, Preset: PresetBalanced, Delay: MaxDelay}
	long := func(i int) string { return fmt.Sprintf("%s%02d", strings.Repeat("x", MaxIdentifier-2), i) }
	var of []string
	for i := range MaxApprovers {
		of = append(of, long(i))
	}
	for i := range MaxRules {
		r := everything().Rules[0]
		r.ID, r.Who.ID, r.Sections = long(i), long(0), everySection
		r.Where = strings.Fields(countries)[:MaxCountries]
		r.HowSoon = HowSoon{Wait: MaxDuration, Approvals: MaxApprovers, Of: of}
		r.For = MaxDuration
		p.Rules = append(p.Rules, r)
	}
	if _, err := ParsePolicy(Canonical(p)); err != nil {
		t.Errorf("ParsePolicy of %d bytes: %v", len(Canonical(p)), err)
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, p := range []Policy{Open(), Balanced(), Private(), everything(), delayed(), {Format: Format}} {
		f.Add(Canonical(p))
	}
	f.Add([]byte(`{"format":1,"rules":null}`))
	f.Add([]byte(`{"format":1,"rules":[{"for":60,"id":"a","proof":[],"sections":["identity"],"who":{"kind":"contact"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy(data)
		if err != nil {
			return
		}
		if again := Canonical(p); !bytes.Equal(again, data) {
			t.Errorf("read from\n%s\nwritten as\n%s", data, again)
		}
		if err := p.Validate(); err != nil {
			t.Errorf("what was read is not valid: %v", err)
		}
	})
}
