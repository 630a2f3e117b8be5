package emergency_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// interrupted is a store in which something else happens between a method's reading and its writing.
type interrupted struct {
	emergency.Store
	between func()
}

func (i *interrupted) Update(ctx context.Context, change func(emergency.Tx) error) error {
	if between := i.between; between != nil {
		i.between = nil
		between()
	}
	return i.Store.Update(ctx, change)
}

// TestNewRulesBiteAtOnce: a glass that was opened under wider rules closes when the patient tightens them.
func TestNewRulesBiteAtOnce(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	opened, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}); err != nil {
		t.Fatal(err)
	}
	again := emergencytest.OpenRequest(issued)
	again.Grant = opened.Grant
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("the old grant under the new rules: %v, want ErrRefused", err)
	}
	fresh, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil || fresh.Sections.Has(section.Conditions) {
		t.Errorf("asking anew opens %v, %v", fresh.Sections.Names(), err)
	}
}

// TestWhatHappensBetweenDecisionAndCommitCounts: a revocation, new rules or a veto that came while an opening was under way win.
func TestWhatHappensBetweenDecisionAndCommitCounts(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		name string
		act  func(*testing.T, *emergencytest.App, *emergencytest.Person, emergency.PatientID, emergency.OpenRequest) error
	}{
		{"the card is revoked", func(t *testing.T, app *emergencytest.App, p *emergencytest.Person, id emergency.PatientID, r emergency.OpenRequest) error {
			return app.Service.RevokeCard(ctx, p.Caller(t), id, r.Card)
		}},
		{"the rules change", func(t *testing.T, _ *emergencytest.App, p *emergencytest.Person, id emergency.PatientID, _ emergency.OpenRequest) error {
			return p.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(id), Body: rules.Canonical(rules.Open())})
		}},
		{"a keeper says no", func(t *testing.T, app *emergencytest.App, p *emergencytest.Person, id emergency.PatientID, _ emergency.OpenRequest) error {
			return app.Service.Veto(ctx, p.Caller(t), id, waitOf(t, app, p, id))
		}},
		{"the patient is deleted", func(t *testing.T, _ *emergencytest.App, p *emergencytest.Person, id emergency.PatientID, _ emergency.OpenRequest) error {
			return p.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(id)})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, anna, patient, request := waiting(t)
			if _, err := app.Service.Open(ctx, stranger, request); err != nil { // the wait begins
				t.Fatal(err)
			}
			app.Clock.Add(24 * time.Hour)
			if err := anna.SignIn(t); err != nil {
				t.Fatal(err)
			}
			store := app.Service.Store
			app.Service.Store = &interrupted{store, func() {
				app.Service.Store = store
				if err := test.act(t, app, anna, patient, request); err != nil {
					t.Errorf("%s: %v", test.name, err)
				}
			}}
			opened, err := app.Service.Open(ctx, stranger, request)
			if !errors.Is(err, emergency.ErrChanged) || opened.Record.Items > 0 {
				t.Errorf("the opening under way: %d items, %v, want ErrChanged", opened.Record.Items, err)
			}
		})
	}
}

// TestWhoEditsStates: an item that the patient has rewritten is no longer the clinic's word, and one that was only hidden still is.
func TestWhoEditsStates(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	record, err := app.Service.Record(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	was := record.Items[0]
	if was.Source.Kind != summary.SourceImported {
		t.Fatalf("the fixture's first item is stated by %+v", was.Source)
	}
	moved := was
	moved.Front = summary.FrontNever
	kept, err := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: moved, Before: emergency.ItemTag(was)})
	if err != nil || kept.Source != was.Source || kept.Confirmed != was.Confirmed {
		t.Errorf("after choosing where it is shown: %+v confirmed %s, %v", kept.Source, kept.Confirmed, err)
	}
	rewritten := kept
	rewritten.Detail = "made up"
	kept, err = app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: rewritten, Before: emergency.ItemTag(kept)})
	if err != nil || kept.Source.Kind != summary.SourceSelf || kept.Source.Name != "" || kept.Confirmed != summary.DateOf(app.Clock.Now()) {
		t.Errorf("after rewriting it: %+v confirmed %s, %v", kept.Source, kept.Confirmed, err)
	}
}

// TestADocumentIsNoClinicsWord: what was pasted is the word of a document, and nothing was confirmed in the future.
func TestADocumentIsNoClinicsWord(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	patient, err := app.Service.CreatePatient(ctx, anna.Caller(t), "Eve")
	if err != nil {
		t.Fatal(err)
	}
	document := strings.ReplaceAll(string(emergencytest.Load("adult").Bundle), "2026-09-14", "2099-09-14")
	preview, err := app.Service.PreviewImport(ctx, anna.Caller(t), patient, []byte(document), "x.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.ConfirmImport(ctx, anna.Caller(t), patient, preview.Token); err != nil {
		t.Fatal(err)
	}
	record, err := app.Service.Record(ctx, anna.Caller(t), patient)
	if err != nil || len(record.Items) == 0 {
		t.Fatal(len(record.Items), err)
	}
	for _, item := range record.Items {
		if item.Source.Kind == summary.SourceClinician || item.Source.Kind == summary.SourceOrganization || item.Confirmed > summary.DateOf(app.Clock.Now()) {
			t.Errorf("%s is stated by %+v and confirmed on %s", item.Section, item.Source, item.Confirmed)
		}
	}
}

// TestAFailedImportCanBeConfirmedAgain: document, record and the end of the preview are one change.
func TestAFailedImportCanBeConfirmedAgain(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	patient, err := app.Service.CreatePatient(ctx, anna.Caller(t), "Eve")
	if err != nil {
		t.Fatal(err)
	}
	preview, err := app.Service.PreviewImport(ctx, anna.Caller(t), patient, emergencytest.Load("adult").Bundle, "adult.json")
	if err != nil {
		t.Fatal(err)
	}
	store := app.Service.Store
	app.Service.Store = mute{store}
	if err := app.Service.ConfirmImport(ctx, anna.Caller(t), patient, preview.Token); err == nil {
		t.Error("a confirmation that was not stored succeeded")
	}
	app.Service.Store = store
	if err := app.Service.ConfirmImport(ctx, anna.Caller(t), patient, preview.Token); err != nil {
		t.Fatalf("confirming again: %v", err)
	}
	documents, err := app.Service.Documents(ctx, anna.Caller(t), patient)
	if err != nil || len(documents) != 1 {
		t.Errorf("%d originals are kept, %v, want 1", len(documents), err)
	}
	if err := app.Service.ConfirmImport(ctx, anna.Caller(t), patient, preview.Token); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("confirming twice: %v, want ErrCeremony", err)
	}
}

// TestTheFloorAndTheSecretsNeedAFreshPasskey: an unlocked browser is not the patient.
func TestTheFloorAndTheSecretsNeedAFreshPasskey(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	note := anna.Edit(t, patient, summary.Item{Section: section.PrivateNotes, Text: "floor"})
	anna.Edit(t, patient, summary.Item{Section: section.Conditions, Text: "moved there", Hidden: true})
	issued := anna.Issue(t, patient)
	documents, err := app.Service.Documents(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	floor := func() int {
		record, err := app.Service.Record(ctx, anna.Caller(t), patient)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, item := range record.Items {
			if item.Hidden || item.Section == section.PrivateNotes {
				n++
			}
		}
		return n
	}
	secrets := func() []error {
		_, printErr := app.Service.CardForPrint(ctx, anna.Caller(t), patient, issued.ID)
		_, _, documentErr := app.Service.Document(ctx, anna.Caller(t), patient, documents[0].ID)
		_, editErr := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: note, Before: emergency.ItemTag(note)})
		return []error{printErr, documentErr, editErr}
	}
	if got := floor(); got != 2 {
		t.Errorf("with a fresh passkey %d items of the floor are there, want 2", got)
	}
	if errs := secrets(); slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		t.Errorf("with a fresh passkey: %v", errs)
	}
	app.Clock.Add(6 * time.Minute)
	if got := floor(); got != 0 {
		t.Errorf("without a fresh passkey %d items of the floor are there", got)
	}
	for i, err := range secrets() {
		if !errors.Is(err, emergency.ErrFreshPasskey) {
			t.Errorf("secret %d without a fresh passkey: %v", i, err)
		}
	}
}

// TestTheHouseLooksAfterWhomNobodyKeeps: the operator revokes and deletes what locket issue has made, and nothing that somebody keeps.
func TestTheHouseLooksAfterWhomNobodyKeeps(t *testing.T) {
	app := emergencytest.NewApp(t)
	ctx := context.Background()
	operator := emergency.Caller{Operator: true}
	issued, _, err := app.Service.IssueFromDocument(ctx, operator, emergencytest.Load("adult").Bundle, "adult.json", emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.RevokeCard(ctx, operator, issued.Patient, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("a card that the house has revoked: %v", err)
	}
	history, err := app.Service.History(ctx, operator, issued.Patient, 0, 10)
	if err != nil || history.Entries[len(history.Entries)-1].Event.Actor.Kind != audit.ByOperator {
		t.Errorf("the revocation is not the operator's in the log: %v", err)
	}
	if err := app.Service.DeletePatient(ctx, operator, issued.Patient); err != nil {
		t.Fatal(err)
	}
	anna := app.SignUp(t, "Anna")
	kept := anna.Patient(t, "adult")
	card := anna.Issue(t, kept)
	if err := app.Service.RevokeCard(ctx, operator, kept, card.ID); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the operator revokes a kept card: %v", err)
	}
	if err := app.Service.DeletePatient(ctx, operator, kept); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the operator deletes a kept patient: %v", err)
	}
}

// TestTheLastKeeperDeletes: when every account that kept a patient is gone, so is the patient.
func TestTheLastKeeperDeletes(t *testing.T) {
	app := emergencytest.NewApp(t)
	ctx := context.Background()
	issued, _, err := app.Service.IssueFromDocument(ctx, emergency.Caller{Operator: true}, emergencytest.Load("adult").Bundle, "adult.json", emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	app.Service.Welcome(issued.Patient)
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Errorf("the card died with the first of two keepers: %v", err)
	}
	if err := ben.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("the card outlived its last keeper: %v", err)
	}
}

// TestAClockThatWasOnceWrong: ten years ahead for a moment does not shut the house for ten years, nor does a restart.
func TestAClockThatWasOnceWrong(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	issued := anna.Issue(t, anna.Patient(t, "adult"))
	ctx := context.Background()
	const tenYears = 10 * 365 * 24 * time.Hour
	app.Clock.Add(tenYears)
	if err := app.Service.Scan(ctx, stranger, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Log.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(-tenYears)
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Errorf("after the clock was set right: %v", err)
	}
	if err := app.Store.Close(); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := app.Log.Publish(ctx); err != nil {
		t.Errorf("the log is not published any more: %v", err)
	}
}

// TestWhatIsIssuedIsWhatWasChecked: an item that came in another tab after the preview does not slip onto the card.
func TestWhatIsIssuedIsWhatWasChecked(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	preview, err := app.Service.PreviewCard(ctx, anna.Caller(t), patient, emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	anna.Edit(t, patient, summary.Item{Section: section.Allergies, Text: "came later"})
	choices := emergency.CardChoices{Version: preview.RecordVersion}
	if _, err := app.Service.IssueCard(ctx, anna.Caller(t), patient, choices, ""); !errors.Is(err, emergency.ErrChanged) {
		t.Errorf("issuing what was not checked: %v, want ErrChanged", err)
	}
}
