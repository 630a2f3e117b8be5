package auditevent

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/locket-health/locket/audit"
)

var update = flag.Bool("update", false, "write the golden files anew")

const golden = "testdata/events.ndjson"

var house = House{URL: "https://locket.example", Name: "locket.example",
	Purpose: func(reason string) string {
		return map[string]string{"unconscious": "ETREAT", "evacuation": "BTG"}[reason]
	},
	IsPatient: func(subject string) bool { return subject == "p-42" }}

func entryOf(index int64, v audit.Event) Entry {
	e := Entry{Origin: "locket.example/audit/log", Epoch: 1, Index: index, Event: v}
	e.Leaf[0] = byte(index)
	return e
}

// opening is a responder who opens with a badge; the cases below change what they are about.
func opening() audit.Event {
	return audit.Event{Type: audit.GlassOpened, At: time.Date(2026, 11, 22, 1, 36, 8, 123e6, time.UTC), Subject: "p-42", Card: "card-7", Outcome: audit.Granted,
		Actor: audit.Actor{Kind: audit.ByResponder, Name: "Dr Example", Role: "doctor", Organization: "City Ambulance Service", CallBack: "+351 900 000 000",
			Verified: audit.VerifiedBadge, Network: "192.0.2.0/24"},
		Sections: []string{"allergies", "medications", "blood_group"}, Items: 7, Reason: "unconscious", ReasonText: "found on the street", Grant: "g-1",
		Until: time.Date(2026, 11, 22, 5, 36, 8, 0, time.UTC), RulesVersion: 5,
		Details: map[string]string{"step": "critical", "organization": "org-3", "organization_kind": "ems"}}
}

// story is one of everything that is written in a way of its own.
func story() []Entry {
	var all []Entry
	add := func(change func(*audit.Event)) *Entry {
		v := opening()
		change(&v)
		v.At = v.At.Add(time.Duration(len(all)) * time.Minute)
		all = append(all, entryOf(int64(len(all)), v))
		return &all[len(all)-1]
	}
	add(func(*audit.Event) {}).Proof = []byte("c2sp.org/tlog-proof@v1\n")
	add(func(v *audit.Event) { // a bystander who says nothing about themselves
		v.Actor = audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed}
		v.Reason, v.ReasonText, v.Details = "evacuation", "", map[string]string{"step": "critical", "drill": "yes"}
	})
	add(func(v *audit.Event) { // a shelter gives no health care
		v.Actor.Organization, v.Details["organization_kind"], v.Details["authority"] = "Shelter 3", "shelter", "other.example"
	})
	add(func(v *audit.Event) { // a contact, from afar
		v.Card, v.Actor = "", audit.Actor{Kind: audit.ByContact, Name: "Rui Example", Verified: audit.VerifiedCode, Network: "2001:db8::/64"}
		v.Details = map[string]string{"step": "critical", "contact": "c-1"}
	})
	for _, step := range []string{stepLink, stepHandover} {
		add(func(v *audit.Event) {
			v.Actor = audit.Actor{Kind: audit.ByResponder, Name: "Emergency department", Verified: audit.Claimed, Network: "192.0.2.0/24"}
			v.Reason, v.ReasonText, v.Details = "", "", map[string]string{"step": step}
		})
	}
	add(func(v *audit.Event) { v.Type = audit.GlassReopened })
	refused := func(v *audit.Event) {
		v.Type, v.Outcome, v.Sections, v.Items, v.Grant, v.Until = audit.GlassRefused, audit.Refused, nil, 0, "", time.Time{}
	}
	add(refused)
	add(func(v *audit.Event) { refused(v); v.Outcome = audit.Waiting })
	add(func(v *audit.Event) {
		refused(v)
		v.Actor, v.RulesVersion = audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed}, 0
		v.Reason, v.ReasonText, v.Details = "", "", map[string]string{"cause": "wrong_secret"}
	})
	own := func(v *audit.Event) {
		refused(v)
		v.Type, v.Outcome, v.RulesVersion, v.Reason, v.ReasonText, v.Details = audit.DataExported, audit.Done, 0, "", "", nil
		v.Actor, v.Card = audit.Actor{Kind: audit.ByAccount, Verified: audit.VerifiedPasskey, Network: "198.51.100.0/24"}, ""
	}
	add(own)
	add(func(v *audit.Event) { own(v); v.Details = map[string]string{"what": "log"} })
	add(func(v *audit.Event) { own(v); v.Type = audit.ReceiptMade })
	add(func(v *audit.Event) { own(v); v.Subject = "a-1" })
	add(func(v *audit.Event) { own(v); v.Actor = audit.Actor{Kind: audit.ByOperator} })
	add(func(v *audit.Event) {
		own(v)
		v.Type, v.Actor = audit.BackupMade, audit.Actor{Kind: audit.ByServer}
		v.Subject = ""
	})
	for _, outcome := range []audit.Outcome{audit.Begun, audit.Failed} {
		add(func(v *audit.Event) { own(v); v.Type, v.Outcome = audit.RecordImported, outcome })
	}
	erased := add(func(v *audit.Event) {
		*v = audit.Event{Type: v.Type, At: v.At, Subject: v.Subject}
	})
	erased.ErasedAt, erased.Epoch, erased.Origin = erased.Event.At.AddDate(3, 0, 0), 2, "locket.example/audit/log/2"
	for _, kind := range types() { // all in one place, so that a new one changes no line but its own
		v := opening()
		own(&v)
		v.Type, v.Actor.Kind = kind, audit.ByOperator
		all = append(all, entryOf(100, v))
	}
	return all
}

// types are the types of events that the code of the log names.
func types() []audit.Type {
	file, err := parser.ParseFile(token.NewFileSet(), "../event.go", nil, 0)
	if err != nil {
		panic(err)
	}
	var all []audit.Type
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Type" {
				for _, value := range spec.Values {
					text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
					if err != nil {
						panic(err)
					}
					all = append(all, audit.Type(text))
				}
			}
		}
		return true
	})
	return all
}

func TestEveryTypeHasAMeaning(t *testing.T) {
	all := types()
	if len(all) < 60 {
		t.Fatalf("only %d types were found", len(all))
	}
	for _, kind := range all {
		if _, known := meanings[kind]; !known {
			t.Errorf("%s has no code of FHIR", kind)
		}
	}
	if len(meanings) != len(all) {
		t.Errorf("%d types, %d meanings", len(all), len(meanings))
	}
}

// TestGolden: what is written does not change unnoticed. The same file is judged by the FHIR R4 definitions in emergency/e2e/fhir.test.mjs.
func TestGolden(t *testing.T) {
	var got bytes.Buffer
	for _, e := range story() {
		if err := e.Event.Validate(); err != nil && e.ErasedAt.IsZero() {
			t.Fatalf("entry %d: %v", e.Index, err)
		}
		for _, r := range house.Resources(e) {
			got.Write(r.JSON)
			got.WriteByte('\n')
		}
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wants := strings.SplitAfter(string(want), "\n")
	for i, line := range strings.SplitAfter(got.String(), "\n") {
		if i >= len(wants) || line != wants[i] {
			t.Fatalf("line %d is\n%s\nrun with -update if that is right", i+1, line)
		}
	}
	if got.Len() != len(want) {
		t.Errorf("%d bytes are written, the file has %d", got.Len(), len(want))
	}
}

func TestWhatAnEntryBecomes(t *testing.T) {
	story := story()
	for i, want := range []string{
		"start decision:AuthZconsent disclosure:PrivacyDisclosure.Source", // a badge of an ambulance
		"start decision disclosure:PrivacyDisclosure.Source",              // a bystander has no organization: no profile of a decision
		"start decision disclosure:PrivacyDisclosure.Source",              // a shelter gives no health care
		"decision disclosure:PrivacyDisclosure.Source",                    // a contact breaks no glass
		"disclosure:PrivacyDisclosure.Source",                             // behind a link
		"disclosure:PrivacyDisclosure.Source",                             // handed over
		"disclosure:PrivacyDisclosure.Source",                             // seen again
		"decision:AuthZconsent",                                           // refused
		"decision:AuthZconsent",                                           // to wait
		"plain",                                                           // a wrong secret asks no rules
		"read:PatientRead", "read:PatientRead", "read:PatientRead",
		"plain", // an account is no patient
		"plain", // an operator does not read their own
	} {
		var got []string
		for _, r := range house.Resources(story[i]) {
			var read struct {
				Meta    struct{ Profile []string }
				Type    coding
				Subtype []coding
			}
			if err := json.Unmarshal(r.JSON, &read); err != nil {
				t.Fatal(err)
			}
			name := "plain"
			for what, code := range map[string]coding{"start": codeStarted, "decision": codeConsent, "disclosure": codeDisclose, "read": codeReadREST} {
				if slices.Contains(read.Subtype, code) {
					name = what
				}
			}
			for _, profile := range read.Meta.Profile {
				name += ":" + strings.TrimPrefix(profile, balp)
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("entry %d is %q, want %q", i, got, want)
		}
	}
}

// TestNothingIsMadeUp: what is said of who acted is what is known, and a claim is marked as one.
func TestNothingIsMadeUp(t *testing.T) {
	v := opening()
	v.Actor.Verified, v.Details = audit.Claimed, map[string]string{"step": "critical"}
	for _, r := range house.Resources(entryOf(0, v)) {
		if claimed := strings.Count(string(r.JSON), `"valueCode":"claimed"`); claimed != strings.Count(string(r.JSON), `"City Ambulance Service"`)+1 {
			t.Errorf("%s marks %d claims:\n%s", r.ID, claimed, r.JSON)
		}
	}
	proved := audit.Event{Type: audit.ReceiptMade, At: v.At, Subject: "a-1", Actor: audit.Actor{Kind: audit.ByOperator}, Outcome: audit.Done}
	if all := house.Resources(entryOf(4, proved)); strings.Contains(string(all[0].JSON), `"Patient"`) {
		t.Errorf("the proof of an entry about an account makes a patient of it: %s", all[0].JSON)
	}
	erased := entryOf(3, audit.Event{Type: audit.GlassOpened, At: v.At, Subject: "p-42"})
	erased.ErasedAt = v.At.AddDate(1, 0, 0)
	all := house.Resources(erased)
	if len(all) != 1 || !strings.Contains(string(all[0].JSON), "erased on 2027-11-22") || strings.Contains(string(all[0].JSON), "profile") {
		t.Errorf("an erased entry is %s", all[0].JSON)
	}
	if line, disclosed := house.Accounting(erased); !disclosed || line[0] != "2026-11-22T01:36:08Z" || line[2] != "erased" || strings.Join(line[3:14], "") != "" {
		t.Errorf("of an erased disclosure the accounting says %q", line)
	}
	erased.Event.Subject = "-42" // one pseudonym of 64 begins like a formula
	if line, _ := house.Accounting(erased); line[1] != "'-42" {
		t.Errorf("a spreadsheet reads the patient of an erased disclosure as %q", line[1])
	}
}

// TestAnyEntryIsAnAuditEvent: whatever is in the log can be exported, types of the future too.
func TestAnyEntryIsAnAuditEvent(t *testing.T) {
	kinds := append(types(), "future.type")
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`a "<\=+é `)), 0, 6, -1)
	code := rapid.SampledFrom([]string{"", "unconscious", "other", "new_reason"})
	rapid.Check(t, func(t *rapid.T) {
		v := audit.Event{Type: rapid.SampledFrom(kinds).Draw(t, "type"), At: time.UnixMilli(rapid.Int64Range(1, 1<<42).Draw(t, "at")).UTC(),
			Subject: rapid.SampledFrom([]string{"", "p-42", "x"}).Draw(t, "subject"), Card: rapid.SampledFrom([]string{"", "card-7"}).Draw(t, "card"),
			Actor: audit.Actor{Kind: rapid.SampledFrom([]audit.ActorKind{audit.ByPatient, audit.ByAccount, audit.ByResponder, audit.ByContact, audit.ByOperator,
				audit.ByServer}).Draw(t, "kind"), Name: text.Draw(t, "name"), Role: text.Draw(t, "role"), Organization: text.Draw(t, "organization"),
				CallBack: text.Draw(t, "call-back"), Network: rapid.SampledFrom([]string{"", "192.0.2.0/24"}).Draw(t, "network"),
				Verified: rapid.SampledFrom([]audit.Verification{"", audit.Claimed, audit.VerifiedBadge, audit.VerifiedCode}).Draw(t, "verified")},
			Sections: rapid.SliceOfN(rapid.SampledFrom([]string{"allergies", "devices"}), 0, 2).Draw(t, "sections"), Items: rapid.IntRange(0, 9).Draw(t, "items"),
			Reason: code.Draw(t, "reason"), ReasonText: text.Draw(t, "words"), Grant: rapid.SampledFrom([]string{"", "g"}).Draw(t, "grant"),
			Outcome:      rapid.SampledFrom([]audit.Outcome{"", audit.Granted, audit.Refused, audit.Waiting, audit.Done, audit.Begun, audit.Failed}).Draw(t, "outcome"),
			RulesVersion: rapid.IntRange(0, 2).Draw(t, "rules"),
			Details: rapid.MapOf(rapid.SampledFrom([]string{"step", "cause", "organization", "organization_kind", "contact", "drill", "what", "authority"}),
				rapid.SampledFrom([]string{"", " ", "critical", "link", "handover", "ems", "police", "log"})).Draw(t, "details")}
		if err := v.Validate(); err != nil {
			t.Fatal(err)
		}
		e := entryOf(rapid.Int64Range(0, 1<<40).Draw(t, "index"), v)
		if rapid.Bool().Draw(t, "erased") {
			e.ErasedAt, e.Event = v.At.Add(time.Hour), audit.Event{Type: v.Type, At: v.At, Subject: v.Subject}
		}
		seen := map[string]bool{}
		for _, r := range house.Resources(e) {
			if seen[r.ID] || seen[r.URN] {
				t.Fatalf("two resources are called %s", r.ID)
			}
			seen[r.ID], seen[r.URN] = true, true
			for _, problem := range judge(r) {
				t.Errorf("%s\n%s", problem, r.JSON)
			}
		}
		if line, disclosed := house.Accounting(e); disclosed && len(line) != len(Columns) {
			t.Errorf("a line of %d cells, %d columns", len(line), len(Columns))
		}
	})
}

// FuzzResources: a payload that the log takes is one that can be exported.
func FuzzResources(f *testing.F) {
	for _, e := range story() {
		f.Add(audit.Canonical(e.Event, uint64(len(e.Event.Subject)&1), nil))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		p, err := audit.ParsePayload(payload)
		if err != nil {
			return
		}
		for _, r := range house.Resources(entryOf(1, p.Event)) {
			if problems := judge(r); len(problems) > 0 {
				t.Errorf("%v\n%s", problems, r.JSON)
			}
		}
	})
}

func TestABundleOfNothingAndOfTwo(t *testing.T) {
	resources := house.Resources(story()[0])[:2]
	for n := range 3 {
		var out bytes.Buffer
		b := NewBundle(&out, time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
		for _, r := range resources[:n] {
			if err := b.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		var read struct {
			Type  string
			Entry *[]struct {
				FullURL  string
				Resource struct{ ID string }
			}
		}
		if err := json.Unmarshal(out.Bytes(), &read); err != nil {
			t.Fatal(err)
		}
		if read.Type != "collection" || (read.Entry == nil) != (n == 0) || n > 0 && len(*read.Entry) != n {
			t.Errorf("a bundle of %d is %s", n, out.Bytes())
		}
	}
}

func TestASpreadsheetRunsNothing(t *testing.T) {
	v := opening()
	v.Actor.Name, v.ReasonText = `=HYPERLINK("http://evil.test")`, "\u00a0+1"
	line, disclosed := house.Accounting(entryOf(17, v))
	if !disclosed {
		t.Fatal("a disclosure is none")
	}
	want := []string{"2026-11-22T01:36:08Z", "p-42", `'=HYPERLINK("http://evil.test")`, "badge", "doctor", "City Ambulance Service", "'+351 900 000 000",
		"192.0.2.0/24", "allergies medications blood_group", "7", "unconscious", "'\u00a0+1", "2026-11-22T05:36:08Z", "false", "1-17"}
	if !slices.Equal(line, want) {
		t.Errorf("the line is %q\nwant %q", line, want)
	}
	v.Outcome = audit.Refused
	if _, disclosed := house.Accounting(entryOf(18, v)); disclosed {
		t.Error("a refusal is a disclosure")
	}
}
