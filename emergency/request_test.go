package emergency_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// waiting is a house in which a bystander asks for more than the Private rules give at once.
func waiting(t *testing.T) (*emergencytest.App, *emergencytest.Person, emergency.PatientID, emergency.OpenRequest) {
	t.Helper()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}); err != nil {
		t.Fatal(err)
	}
	request := emergencytest.OpenRequest(issued)
	request.Step = "sensitive"
	return app, anna, patient, request
}

// TestAWaitOpensUnlessSomebodySaysNo: what a rule gives after a wait opens when the wait is over, counted from when it was first asked for, over a restart.
func TestAWaitOpensUnlessSomebodySaysNo(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ask := func() emergency.Opened {
		t.Helper()
		opened, err := app.Service.Open(ctx, stranger, request)
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	if first := ask(); first.Sections.Has(section.Conditions) || !first.Sections.Has(section.Allergies) {
		t.Fatalf("at once: %v", first.Sections.Names())
	}
	waits, err := app.Service.Requests(ctx, anna.Caller(t), patient)
	if err != nil || len(waits) != 1 || !waits[0].OpensAt.Equal(app.Clock.Now().Add(24*time.Hour)) {
		t.Fatalf("the keeper sees the waits %+v, %v", waits, err)
	}
	app.Clock.Add(12 * time.Hour)
	if err := app.Store.Close(); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	if half := ask(); half.Sections.Has(section.Conditions) {
		t.Error("asking again in the middle of the wait opens it")
	}
	app.Clock.Add(12 * time.Hour)
	after := ask()
	if !after.Sections.Has(section.Conditions) || !after.Sections.Has(section.Allergies) {
		t.Errorf("after the wait: %v", after.Sections.Names())
	}
	app.Clock.Add(5 * time.Hour)
	if late := ask(); late.Sections.Has(section.Conditions) {
		t.Error("what the wait opened is open after its time")
	}
}

// TestAVetoHolds until the request is forgotten, and closes what has opened.
func TestAVetoHolds(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	if _, err := app.Service.Open(ctx, stranger, request); err != nil {
		t.Fatal(err)
	}
	wait := waitOf(t, app, anna, patient)
	if err := app.Service.Veto(ctx, stranger, patient, wait); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger says no: %v", err)
	}
	app.Clock.Add(24 * time.Hour)
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil || !opened.Sections.Has(section.Conditions) {
		t.Fatalf("after the wait: %v, %v", opened.Sections.Names(), err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.Veto(ctx, anna.Caller(t), patient, wait); err != nil {
		t.Fatal(err)
	}
	again := request
	again.Grant = opened.Grant
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("the running grant after the veto: %v, want ErrRefused", err)
	}
	opened, err = app.Service.Open(ctx, stranger, request)
	if err != nil || opened.Sections.Has(section.Conditions) || !opened.Sections.Has(section.Allergies) {
		t.Errorf("after the veto: %v, %v; what opens at once still does", opened.Sections.Names(), err)
	}
	if err := app.Service.Veto(ctx, anna.Caller(t), patient, wait); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("saying no twice: %v", err)
	}
}

// waitOf is the one wait of a patient.
func waitOf(t *testing.T, app *emergencytest.App, keeper *emergencytest.Person, patient emergency.PatientID) emergency.RequestID {
	t.Helper()
	waits, err := app.Service.Requests(context.Background(), keeper.Caller(t), patient)
	if err != nil || len(waits) != 1 {
		t.Fatalf("%d waits: %v", len(waits), err)
	}
	return waits[0].ID
}
