package emergency_test

import (
	"errors"
	"testing"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

// TestAnOrganizationOfSecurityKeysTakesNothingElse: neither an account with an ordinary passkey nor one that adds such a passkey later wears its badge.
func TestAnOrganizationOfSecurityKeysTakesNothingElse(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	id, link, err := app.Service.MakeOrganization(ctx, operator, emergency.NewOrganization{Name: "Ambulance North", Kind: "ems", Hardware: true})
	if err != nil {
		t.Fatal(err)
	}
	token := invitationOf(t, link)
	if _, err := app.Service.BeginInvitedSignup(ctx, emergency.Caller{}, "Ada", "en", token); !errors.Is(err, emergency.ErrNoMetadata) {
		t.Errorf("without the list of security keys: %v", err)
	}
	maker, err := passkeytest.NewManufacturer()
	if err != nil {
		t.Fatal(err)
	}
	model, err := maker.Make("FIDO_CERTIFIED")
	if err != nil {
		t.Fatal(err)
	}
	blob, root, err := maker.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if app.Service.Passkeys, err = passkey.New(passkey.Config{RPID: "localhost", Name: "Locket", Origins: []string{emergencytest.URL}, Metadata: blob, MetadataRoot: root,
		Now: app.Clock.Now}); err != nil {
		t.Fatal(err)
	}

	soft := app.SignUp(t, "Soft")
	if _, err := app.Service.AcceptInvitation(ctx, soft.Caller(t), token, emergency.Acceptance{}); !errors.Is(err, emergency.ErrHardware) {
		t.Errorf("with an ordinary passkey: %v", err)
	}
	signUp := func(device *passkeytest.Authenticator) (emergency.Caller, error) {
		t.Helper()
		begun, err := app.Service.BeginInvitedSignup(ctx, emergency.Caller{}, "Ada", "en", token)
		if err != nil {
			t.Fatal(err)
		}
		response, err := device.Create(begun.Options)
		if err != nil {
			t.Fatal(err)
		}
		signedIn, err := app.Service.FinishSignup(ctx, emergency.Caller{}, begun.Ceremony, response)
		if err != nil {
			return emergency.Caller{}, err
		}
		return app.Service.Authenticate(ctx, signedIn.Token)
	}
	if _, err := signUp(emergencytest.NewAuthenticator()); !errors.Is(err, emergency.ErrHardware) {
		t.Errorf("a new account with an ordinary passkey: %v", err)
	}
	device := emergencytest.NewAuthenticator()
	device.Model = model
	ada, err := signUp(device)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, ada, token, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	if badge, err := app.Service.OwnBadge(ctx, ada); err != nil || badge.Organization != id {
		t.Errorf("with a security key the badge is %+v (%v)", badge, err)
	}
	begun, err := app.Service.BeginPasskey(ctx, ada)
	if err != nil {
		t.Fatal(err)
	}
	response, err := emergencytest.NewAuthenticator().Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.FinishPasskey(ctx, ada, begun.Ceremony, response, "phone"); !errors.Is(err, emergency.ErrHardware) {
		t.Errorf("an ordinary passkey is added: %v", err)
	}
}

// TestADeletedAccountWearsNoBadge: what was shown just before counts no more.
func TestADeletedAccountWearsNoBadge(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	id, admin := ambulance(t, app)
	kim := medic(t, app, id, admin, "Kim Medic")
	shown, err := app.Service.ShowBadge(ctx, kim.Caller(t), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := kim.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.CheckBadge(ctx, emergency.Caller{}, badgeText(t, shown)); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the badge of a deleted account: %v", err)
	}
}
