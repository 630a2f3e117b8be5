package emergency_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/consent"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/rules"
)

// cautious are the Private rules, wider ones of which wait for two days.
func cautious() rules.Policy {
	p := rules.Private()
	p.Delay = 48 * time.Hour
	return p
}

// patientWith makes a patient of a person's with these rules in force, which may be wider than those of a new patient: those have no delay.
func patientWith(t *testing.T, app *emergencytest.App, p *emergencytest.Person, policy rules.Policy) emergency.PatientID {
	t.Helper()
	id, err := app.Service.CreatePatient(context.Background(), p.Caller(t), "Eve Example")
	if err != nil {
		t.Fatal(err)
	}
	approveRules(t, p, id, policy)
	return id
}

func approveRules(t *testing.T, p *emergencytest.Person, id emergency.PatientID, policy rules.Policy) {
	t.Helper()
	if err := p.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(id), Body: rules.Canonical(policy)}); err != nil {
		t.Fatal(err)
	}
}

func rulesOf(t *testing.T, app *emergencytest.App, p *emergencytest.Person, id emergency.PatientID) emergency.RulesView {
	t.Helper()
	view, err := app.Service.Rules(context.Background(), p.Caller(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// rulesEntries are the entries about a patient's rules, the oldest first.
func rulesEntries(t *testing.T, app *emergencytest.App, p *emergencytest.Person, id emergency.PatientID) (events []audit.Event) {
	t.Helper()
	history, err := app.Service.History(context.Background(), p.Caller(t), id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range history.Entries {
		if slices.Contains([]audit.Type{audit.RulesChanged, audit.RulesProposed, audit.RulesVetoed}, entry.Event.Type) {
			events = append(events, entry.Event)
		}
	}
	return events
}

// checkApproval checks an entry about rules as a stranger can: by the entry and the text of the rules alone.
func checkApproval(event audit.Event, policy rules.Policy) error {
	bytesOf := func(name string) []byte {
		data, _ := base64.RawURLEncoding.DecodeString(event.Details[name])
		return data
	}
	action := fmt.Sprintf(`{"kind":"rules","target":%q,"base":%d,"body":%s}`, event.Subject, event.RulesVersion-1, rules.Canonical(policy))
	return passkey.VerifyApproval(passkey.Approval{ClientDataJSON: bytesOf("client_data_json"), AuthenticatorData: bytesOf("authenticator_data"),
		Signature: bytesOf("signature"), PublicKey: bytesOf("public_key"), RPID: event.Details["rp_id"]}, []byte(action), "localhost", []string{emergencytest.URL})
}

// TestWiderRulesWaitForTheirDelay is the whole way of rules that open more: approved, announced, seen, in force after the delay and a restart, and proved by
// both entries.
func TestWiderRulesWaitForTheirDelay(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	approveRules(t, anna, patient, cautious())
	own := named(t, app, anna, patient, emergency.NewContact{Name: "Myself", Mail: "anna@example.org", Own: true})
	sister := named(t, app, anna, patient, emergency.NewContact{Name: "Bea", Mail: "bea@example.org"})
	differences, err := app.Service.Simulate(ctx, anna.Caller(t), patient, rules.Open(), rules.Chosen(rules.Choice{Who: rules.Who{Kind: rules.Anyone}, Proofs: rules.ProofCard, At: app.Clock.Now()}))
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]rules.Person{}
	for _, d := range differences {
		people[d.After.Person.Key] = d.After.Person
	}
	if people[rules.KeyPersonContact].Request.Contact != string(sister.id) || people[rules.KeyPersonChosen].Key == "" {
		t.Errorf("who is shown before the approval: %+v", people)
	}
	issued := anna.Issue(t, patient)
	opened, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	again := emergencytest.OpenRequest(issued)
	again.Grant = opened.Grant

	approved := app.Clock.Now()
	approveRules(t, anna, patient, rules.Open())
	view := rulesOf(t, app, anna, patient)
	if view.Preset != rules.PresetPrivate || view.Version != 2 || view.Pending == nil {
		t.Fatalf("right after the approval: %s, version %d, pending %+v", view.Preset, view.Version, view.Pending)
	}
	if view.Pending.Policy.Preset != rules.PresetOpen || !view.Pending.ApprovedAt.Equal(approved) || !view.Pending.EffectiveAt.Equal(approved.Add(48*time.Hour)) {
		t.Errorf("what waits is %s, approved at %v, in force at %v", view.Pending.Policy.Preset, view.Pending.ApprovedAt, view.Pending.EffectiveAt)
	}
	if _, err := app.Service.Open(ctx, stranger, again); err != nil {
		t.Errorf("what was opened closes before anything has changed: %v", err)
	}
	if exported := string(export(t, app, anna, "")["patient-1/rules.json"]); strings.Count(exported, `"approval"`) != 2 || !strings.Contains(exported, `"effective_at": "2026-11-24T09:30:00Z"`) {
		t.Error("the export of everything leaves out what waits")
	}
	if kinds, _ := letters(t, app, patient, own.id); !slices.Contains(kinds, emergency.NewsRules) {
		t.Errorf("the own address is told of %v", kinds)
	}
	if kinds, _ := letters(t, app, patient, sister.id); slices.Contains(kinds, emergency.NewsRules) {
		t.Error("a contact is told of the patient's rules")
	}

	app.Clock.Add(48*time.Hour - time.Millisecond)
	if err := app.Service.ApplyPendingRules(ctx); err != nil {
		t.Fatal(err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if view := rulesOf(t, app, anna, patient); view.Version != 2 || view.Pending == nil {
		t.Errorf("before the delay has passed: version %d", view.Version)
	}
	opened, err = app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	again.Grant = opened.Grant
	app.Store.Close()
	app.Open(t) // the delay outlives a restart
	app.Clock.Add(time.Millisecond)
	for range 2 { // the second time there is nothing to do
		if err := app.Service.ApplyPendingRules(ctx); err != nil {
			t.Fatal(err)
		}
	}
	view = rulesOf(t, app, anna, patient)
	if view.Preset != rules.PresetOpen || view.Version != 3 || view.Pending != nil || !view.Approved || !view.ApprovedAt.Equal(approved) {
		t.Errorf("after the delay: %s, version %d, pending %+v, approved %v at %v", view.Preset, view.Version, view.Pending, view.Approved, view.ApprovedAt)
	}
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("what was opened under the old rules: %v, want ErrRefused", err)
	}

	events := rulesEntries(t, app, anna, patient)
	if len(events) != 3 {
		t.Fatalf("%d entries about rules, want 3", len(events))
	}
	changed, proposed, enforced := events[0], events[1], events[2]
	if proposed.Type != audit.RulesProposed || proposed.Details["effective_at"] != "2026-11-24T09:30:00Z" || proposed.Actor.Kind != audit.ByAccount {
		t.Errorf("the announcement: %s by %s, in force at %q", proposed.Type, proposed.Actor.Kind, proposed.Details["effective_at"])
	}
	if enforced.Type != audit.RulesChanged || enforced.Actor.Kind != audit.ByServer || enforced.RulesVersion != 3 {
		t.Errorf("the change: %s by %s to version %d", enforced.Type, enforced.Actor.Kind, enforced.RulesVersion)
	}
	for _, c := range []struct {
		name   string
		event  audit.Event
		policy rules.Policy
	}{{"a change at once", changed, cautious()}, {"the announcement", proposed, rules.Open()}, {"the change after the delay", enforced, rules.Open()}} {
		if err := checkApproval(c.event, c.policy); err != nil {
			t.Errorf("%s: the approval does not hold: %v", c.name, err)
		}
		if err := checkApproval(c.event, rules.Balanced()); err == nil {
			t.Errorf("%s: the approval holds for other rules", c.name)
		}
		later := c.event
		later.RulesVersion++
		if err := checkApproval(later, c.policy); err == nil {
			t.Errorf("%s: the approval holds for another version", c.name)
		}
	}
}

// TestLoweringIsNeverDelayed: what takes something away is in force at once, whatever waits; and a later change takes the place of one that waits.
func TestLoweringIsNeverDelayed(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	patient := patientWith(t, app, anna, cautious())
	approveRules(t, anna, patient, rules.Open())

	wider := rules.Balanced()
	wider.Delay = 48 * time.Hour
	app.Clock.Add(time.Hour)
	approveRules(t, anna, patient, wider)
	if pending := rulesOf(t, app, anna, patient).Pending; pending == nil || pending.Policy.Preset != rules.PresetBalanced || !pending.EffectiveAt.Equal(app.Clock.Now().Add(48*time.Hour)) {
		t.Errorf("the newer one does not take the place of the older: %+v", pending)
	}

	shorter := cautious()
	shorter.Delay = rules.MinDelay
	approveRules(t, anna, patient, shorter)
	if view := rulesOf(t, app, anna, patient); view.Version != 2 || view.Pending == nil || view.Pending.Policy.Delay != rules.MinDelay {
		t.Errorf("a shorter delay is in force at once: version %d", view.Version)
	}

	narrower := cautious()
	narrower.Rules = narrower.Rules[:2]
	approveRules(t, anna, patient, narrower)
	if view := rulesOf(t, app, anna, patient); view.Version != 3 || len(view.Policy.Rules) != 2 || view.Pending != nil {
		t.Errorf("narrower rules: version %d with %d rules, pending %+v", view.Version, len(view.Policy.Rules), view.Pending)
	}
	app.Clock.Add(3 * 24 * time.Hour)
	if err := app.Service.ApplyPendingRules(ctx); err != nil {
		t.Fatal(err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if view := rulesOf(t, app, anna, patient); view.Version != 3 {
		t.Errorf("rules that were replaced came into force: version %d", view.Version)
	}
}

// TestAKeeperStopsWiderRules: any session of a keeper may, and nobody else.
func TestAKeeperStopsWiderRules(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna, eve := app.SignUp(t, "Anna"), app.SignUp(t, "Eve")
	ctx := context.Background()
	patient := patientWith(t, app, anna, cautious())
	if err := app.Service.VetoPendingRules(ctx, anna.Caller(t), patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("stopping nothing: %v, want ErrNotFound", err)
	}
	approveRules(t, anna, patient, rules.Open())
	if err := app.Service.VetoPendingRules(ctx, eve.Caller(t), patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("somebody else's session: %v, want ErrNotFound", err)
	}
	if err := app.Service.VetoPendingRules(ctx, stranger, patient); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger: %v, want ErrSignIn", err)
	}
	app.Clock.Add(emergency.FreshFor + time.Minute) // the passkey is not fresh any more: saying no is quick
	if err := app.Service.VetoPendingRules(ctx, anna.Caller(t), patient); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(48 * time.Hour)
	if err := app.Service.ApplyPendingRules(ctx); err != nil {
		t.Fatal(err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if view := rulesOf(t, app, anna, patient); view.Version != 2 || view.Pending != nil {
		t.Errorf("after it was stopped: version %d, pending %+v", view.Version, view.Pending)
	}
	events := rulesEntries(t, app, anna, patient)
	if len(events) != 3 || events[2].Type != audit.RulesVetoed || events[2].Details["action_sha256"] != events[1].Details["action_sha256"] || events[2].Details["action_sha256"] == "" {
		t.Errorf("the entries do not say what was stopped: %+v", events)
	}
}

// TestStoppingAndEnforcingAtOnceEndsInOne: when the delay passes at the very moment at which somebody says no, one of the two happens, and its entry alone.
func TestStoppingAndEnforcingAtOnceEndsInOne(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	var patients []emergency.PatientID
	for range 8 {
		patient := patientWith(t, app, anna, cautious())
		approveRules(t, anna, patient, rules.Open())
		patients = append(patients, patient)
	}
	app.Clock.Add(48 * time.Hour)
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	caller := anna.Caller(t)
	stopped := make([]error, len(patients))
	var group sync.WaitGroup
	for i, patient := range patients {
		group.Go(func() { stopped[i] = app.Service.VetoPendingRules(ctx, caller, patient) })
	}
	for range 2 {
		group.Go(func() {
			if err := app.Service.ApplyPendingRules(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, patient := range patients {
		view, events := rulesOf(t, app, anna, patient), rulesEntries(t, app, anna, patient)
		want, version := audit.RulesVetoed, 2
		if errors.Is(stopped[i], emergency.ErrNotFound) {
			want, version = audit.RulesChanged, 3
		} else if stopped[i] != nil {
			t.Fatal(stopped[i])
		}
		if view.Version != version || view.Pending != nil || len(events) != 3 || events[2].Type != want {
			t.Errorf("stopped %v: version %d, pending %+v, %d entries", stopped[i], view.Version, view.Pending, len(events))
		}
	}
}

// TestRulesLeaveAsAConsent: the rules in force, who approved them and when, with an entry, and in the export of everything.
func TestRulesLeaveAsAConsent(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	patient := patientWith(t, app, anna, cautious())
	document, err := app.Service.ExportConsent(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	policy, left, err := consent.Decode(document)
	if err != nil || len(left) > 0 || !bytes.Equal(rules.Canonical(policy), rules.Canonical(cautious())) {
		t.Errorf("read back: left out %v, %v", left, err)
	}
	var said struct {
		Patient   struct{ Display string }
		Performer []struct{ Display string }
		DateTime  string
	}
	if err := json.Unmarshal(document, &said); err != nil {
		t.Fatal(err)
	}
	if said.Patient.Display != "Eve Example" || len(said.Performer) != 1 || said.Performer[0].Display != "Anna" || said.DateTime != "2026-11-22T09:30:00Z" {
		t.Errorf("the Consent says %+v", said)
	}
	if event := lastEntry(t, app, anna.Caller(t), patient, audit.DataExported); event.RulesVersion != 2 || event.Details["what"] != "consent" {
		t.Errorf("the entry: %+v", event)
	}
	if _, err := app.Service.ExportConsent(ctx, app.SignUp(t, "Eve").Caller(t), patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("somebody else's: %v, want ErrNotFound", err)
	}
	if diff := cmp.Diff(string(document), string(export(t, app, anna, "")["patient-1/consent.json"])); diff != "" {
		t.Errorf("in the export of everything (-want +got):\n%s", diff)
	}
}
