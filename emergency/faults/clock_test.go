//go:build linux

package faults

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// F10: a clock that jumps brings nothing back to life that has ended, closes no card, and leaves a log that holds: its order is its numbers.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	var warnings bytes.Buffer
	app.Service.Logger = slog.New(slog.NewTextHandler(&warnings, nil))
	ctx, stranger := t.Context(), emergency.Caller{Network: "203.0.113.0/24"}
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	caller := anna.Caller(t)

	first, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	again := emergencytest.OpenRequest(issued)
	again.Grant = first.Grant
	signin, err := app.Service.BeginSignin(ctx, emergency.Caller{})
	if err != nil {
		t.Fatal(err)
	}
	response, err := anna.Authenticator.Get(signin.Options)
	if err != nil {
		t.Fatal(err)
	}
	approval, err := app.Service.BeginApproval(ctx, caller, emergency.Action{Kind: emergency.ActionVerify})
	if err != nil {
		t.Fatal(err)
	}
	approved, err := anna.Authenticator.Get(approval.Options)
	if err != nil {
		t.Fatal(err)
	}

	// Everything that was begun ends; the last thing that is seen of the time is a new opening.
	app.Clock.Add(15 * 24 * time.Hour)
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Errorf("a new opening ahead: %v", err)
	}
	for _, jump := range []struct {
		name string
		by   time.Duration
	}{{"ahead", 0}, {"set back to before it was begun", -20 * 24 * time.Hour}, {"set back again", -5 * 24 * time.Hour}, {"set right", 25 * 24 * time.Hour}} {
		app.Clock.Add(jump.by)
		if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
			t.Errorf("%s: looking again with a grant that has ended: %v, want ErrRefused", jump.name, err)
		}
		if _, err := app.Service.Authenticate(ctx, anna.Token); !errors.Is(err, emergency.ErrSignIn) {
			t.Errorf("%s: a session that has ended: %v, want ErrSignIn", jump.name, err)
		}
		opened, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
		if err != nil || !opened.Until.After(opened.Now) {
			t.Errorf("%s: a new opening: %v, from %v until %v", jump.name, err, opened.Now, opened.Until)
		}
		// What begins while the clock is wrong lasts as long as it says, and no longer.
		app.Clock.Add(opened.Until.Sub(opened.Now))
		began := emergencytest.OpenRequest(issued)
		began.Grant = opened.Grant
		if _, err := app.Service.Open(ctx, stranger, began); !errors.Is(err, emergency.ErrRefused) {
			t.Errorf("%s: looking again when the time was over: %v, want ErrRefused", jump.name, err)
		}
	}
	app.Clock.Add(-20 * 24 * time.Hour)
	if _, err := app.Service.FinishSignin(ctx, emergency.Caller{}, signin.Ceremony, response); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("a challenge that has ended: %v, want ErrCeremony", err)
	}
	if _, err := app.Service.FinishApproval(ctx, caller, approval.Ceremony, approved); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("an approval that has ended: %v, want ErrCeremony", err)
	}
	if n := strings.Count(warnings.String(), "the clock went back"); n < 1 || n > 4 {
		t.Errorf("%d warnings of a clock that went back, want one a jump: %s", n, warnings.String())
	}

	if err := app.Close(ctx); err != nil {
		t.Fatal(err)
	}
	entries := (&house{dir: app.Dir}).entries(t)
	times := make([]time.Time, 0, len(entries))
	for _, entry := range entries {
		times = append(times, entry.At)
	}
	if count(entries, audit.GlassOpened) != 6 || slices.IsSortedFunc(times, time.Time.Compare) {
		t.Errorf("%d openings, in the order of their times: %v; the test is not about what it says", count(entries, audit.GlassOpened), times)
	}
}
