package emergency_test

import (
	"errors"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// TestWhoeverStoleARecoveryCodeHasToWait (A16): for a day nothing that cannot be undone is done by a passkey that came with a recovery, while the owner, who is
// told, can still come in by the old one and throw the thief out.
func TestWhoeverStoleARecoveryCodeHasToWait(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	owner := app.SignUp(t, "Anna")
	ctx := t.Context()
	patient := owner.Patient(t, "adult")
	code, err := app.Service.MakeRecovery(ctx, owner.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	own, err := app.Service.Account(ctx, owner.Caller(t))
	if err != nil || len(own.Passkeys) != 1 {
		t.Fatalf("%d passkeys: %v", len(own.Passkeys), err)
	}
	app.Clock.Add(time.Hour)

	thief := recovered(t, app, code)
	wider := emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Open())}
	for name, action := range map[string]emergency.Action{
		"other rules":            wider,
		"the patient is deleted": {Kind: emergency.ActionDeletePatient, Target: string(patient)},
		"the account is deleted": {Kind: emergency.ActionDeleteAccount},
	} {
		if err := thief.Approve(t, action); !errors.Is(err, emergency.ErrCooling) {
			t.Errorf("%s by a passkey that came with a recovery: %v, want ErrCooling", name, err)
		}
	}
	if err := thief.Approve(t, emergency.Action{Kind: emergency.ActionVerify}); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.RemovePasskey(ctx, thief.Caller(t), own.Passkeys[0].ID); !errors.Is(err, emergency.ErrCooling) {
		t.Errorf("the owner's passkey is removed by the thief's: %v, want ErrCooling", err)
	}
	// A second code makes nothing older.
	second, err := app.Service.MakeRecovery(ctx, thief.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(20 * time.Hour)
	if _, err := app.Service.UseRecovery(ctx, stranger, second); err != nil {
		t.Fatal(err)
	}
	if err := thief.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := thief.Approve(t, wider); !errors.Is(err, emergency.ErrCooling) {
		t.Errorf("other rules after a second code: %v, want ErrCooling", err)
	}

	if err := owner.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := owner.Approve(t, wider); err != nil {
		t.Errorf("other rules by the passkey from before: %v", err)
	}
	account, err := app.Service.Account(ctx, owner.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range account.Passkeys {
		if key.ID != own.Passkeys[0].ID {
			if err := app.Service.RemovePasskey(ctx, owner.Caller(t), key.ID); err != nil {
				t.Errorf("the thief's passkey cannot be removed: %v", err)
			}
		}
	}
	if err := thief.SignIn(t); err == nil {
		t.Error("the thief signs in by a passkey that was removed")
	}
}

// TestAfterTheWaitARecoveryIsAsGoodAsAnyWayIn: whoever has lost their only passkey is not locked out of their own rules for longer than a day.
func TestAfterTheWaitARecoveryIsAsGoodAsAnyWayIn(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	owner := app.SignUp(t, "Anna")
	ctx := t.Context()
	patient := owner.Patient(t, "adult")
	code, err := app.Service.MakeRecovery(ctx, owner.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	again := recovered(t, app, code)
	app.Clock.Add(24 * time.Hour)
	if err := again.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := again.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Open())}); err != nil {
		t.Errorf("other rules a day later: %v", err)
	}
}

// recovered is somebody who has come in by a recovery code and added a passkey.
func recovered(t *testing.T, app *emergencytest.App, code string) *emergencytest.Person {
	t.Helper()
	ctx := t.Context()
	limited, err := app.Service.UseRecovery(ctx, stranger, code)
	if err != nil {
		t.Fatal(err)
	}
	person := app.Returning(limited.Token)
	begun, err := app.Service.BeginPasskey(ctx, person.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	response, err := person.Authenticator.Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.FinishPasskey(ctx, person.Caller(t), begun.Ceremony, response, "New phone"); err != nil {
		t.Fatal(err)
	}
	return person
}
