package emergency_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/summary"
)

// What went wrong in Vaultwarden, whose emergency access is closest to ours, and must not go wrong here. What concerns contacts stands in contact_test.go,
// keepers in keeper_test.go, codes in contact_test.go and faults/guess_test.go.

// TestKnowingAnIdentifierIsNoRight (GHSA-w9f8-m526-h7fh): every method that names a patient is called by somebody with an account of their own who knows the
// identifiers of the patient, the card, the opening and the contact. None of them says more than that there is no such thing.
func TestKnowingAnIdentifierIsNoRight(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := t.Context(), app.Service
	anna, mallory := app.SignUp(t, "Anna"), app.SignUp(t, "Mallory")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	contact := anna.Contact(t, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	opened, err := s.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	record, err := s.Record(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	known := map[reflect.Type]any{
		reflect.TypeFor[emergency.PatientID](): patient, reflect.TypeFor[emergency.GrantID](): opened.GrantID, reflect.TypeFor[cards.ID](): issued.ID,
		reflect.TypeFor[emergency.ContactID](): contact, reflect.TypeFor[[]emergency.PatientID](): []emergency.PatientID{patient},
		reflect.TypeFor[summary.Identity](): record.Identity,
	}
	service := reflect.ValueOf(s)
	called := 0
	for i := range service.NumMethod() {
		method, name := service.Method(i), service.Type().Method(i).Name
		kind := method.Type()
		named, has := false, false
		var in []reflect.Value
		for n := range kind.NumIn() {
			switch argument := kind.In(n); {
			case argument.String() == "context.Context":
				in = append(in, reflect.ValueOf(ctx))
			case argument == reflect.TypeFor[emergency.Caller]():
				has = true
				in = append(in, reflect.ValueOf(mallory.Caller(t)))
			case known[argument] != nil:
				named = named || argument == reflect.TypeFor[emergency.PatientID]() || argument == reflect.TypeFor[[]emergency.PatientID]()
				in = append(in, reflect.ValueOf(known[argument]))
			case argument.Kind() == reflect.Slice && kind.IsVariadic() && n == kind.NumIn()-1:
			default:
				in = append(in, reflect.Zero(argument))
			}
		}
		if !named || !has {
			continue
		}
		called++
		results := method.Call(in)
		err, _ := results[len(results)-1].Interface().(error)
		if err == nil {
			t.Errorf("%s answers somebody who only knows identifiers", name)
		}
		for _, result := range results[:len(results)-1] {
			if text := strings.ToLower(result.String()); strings.Contains(text, "hartwell") {
				t.Errorf("%s gives away a name", name)
			}
		}
		// What is wrong with the rest of the question may be said first, but nothing that depends on whose it is. DeletePatient is the operator's.
		if !errors.Is(err, emergency.ErrNotFound) && !errors.Is(err, emergency.ErrInvalid) && (name != "DeletePatient" || !errors.Is(err, emergency.ErrSignIn)) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	if called < 45 {
		t.Errorf("only %d methods were called", called)
	}
}

// TestWhatWasTakenAwayIsGoneAtTheNextRequest (CVE-2026-95814): a badge, a card, a grant and a session end for the very next request of whoever has them. That of a
// contact is TestAStoppedContactIsOneNoMore, that of a keeper TestTwoKeepOneRecord.
func TestWhatWasTakenAwayIsGoneAtTheNextRequest(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := t.Context(), app.Service
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	crew, admin := ambulance(t, app)
	robin := medic(t, app, crew, admin, "Robin Rescue")
	wearer := robin.Caller(t)

	opened, err := s.Open(ctx, wearer, emergencytest.OpenRequest(issued))
	if err != nil || opened.Badge.Badge == "" {
		t.Fatalf("a badge opens as %+v, %v", opened.Badge, err)
	}
	again := emergencytest.OpenRequest(issued)
	again.Grant = opened.Grant
	account, err := s.Account(ctx, wearer)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SuspendMember(ctx, admin.Caller(t), crew, account.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, wearer, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("what a badge had opened, after its suspension: %v, want ErrRefused", err)
	}
	if opened, err = s.Open(ctx, wearer, emergencytest.OpenRequest(issued)); err != nil || opened.Badge.Badge != "" {
		t.Errorf("a suspended badge opens as %+v, %v", opened.Badge, err)
	}
	if err := s.EndGrant(ctx, anna.Caller(t), patient, opened.GrantID); err != nil {
		t.Fatal(err)
	}
	again.Grant = opened.Grant
	if _, err := s.Open(ctx, wearer, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("a grant that was ended: %v, want ErrRefused", err)
	}
	if err := s.RevokeCard(ctx, anna.Caller(t), patient, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ctx, wearer, emergencytest.OpenRequest(issued)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("a revoked card: %v, want ErrNoCard", err)
	}
	if err := s.SignOut(ctx, wearer); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, robin.Token); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a session that was ended: %v, want ErrSignIn", err)
	}
}

// TestAnotherPasskeyEndsTheOtherSessions (GHSA-6j4w-g4jh-xjfx): whoever changes the ways in is alone afterwards.
func TestAnotherPasskeyEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := t.Context(), app.Service
	anna := app.SignUp(t, "Anna")
	elsewhere := anna.Token
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	begun, err := s.BeginPasskey(ctx, anna.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	response, err := emergencytest.NewAuthenticator().Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.FinishPasskey(ctx, anna.Caller(t), begun.Ceremony, response, "Second"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(ctx, elsewhere); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a session elsewhere, after another passkey was added: %v, want ErrSignIn", err)
	}
	if _, err := s.Authenticate(ctx, anna.Token); err != nil {
		t.Errorf("the own session: %v", err)
	}
}
