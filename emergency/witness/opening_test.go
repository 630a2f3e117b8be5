package witness_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/witness"
)

// TestNoWitnessDelaysAnOpening: the glass opens while a witness does not answer, and while nothing is published because a witness contradicts the log.
func TestNoWitnessDelaysAnOpening(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	issued := anna.Issue(t, anna.Patient(t, "adult"))
	if _, err := app.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := func(when string) {
		t.Helper()
		opened, err := app.Service.Open(t.Context(), emergency.Caller{Network: "203.0.113.0/24"}, emergencytest.OpenRequest(issued))
		if err != nil || opened.Record.Items == 0 {
			t.Fatalf("%s: %d items, %v", when, opened.Record.Items, err)
		}
	}

	s := newServer(t, 1, app.Log.Verifier())
	reached, release := make(chan struct{}), make(chan struct{})
	s.wrong = func(http.ResponseWriter, *http.Request) bool {
		close(reached)
		<-release
		s.size = 1500 // and then it says that it knows more
		s.wrong = nil
		return false
	}
	client := witness.New(witness.Config{Log: app.Log, Store: app.Store, Witnesses: []witness.Witness{s.witness(t)}, Now: app.Clock.Now,
		Logger: slog.New(slog.DiscardHandler)})
	answered := make(chan error, 1)
	go func() { answered <- client.Ask(context.WithoutCancel(t.Context()))[0].Err }()
	<-reached
	open("while the witness does not answer")
	if _, err := app.Log.Publish(t.Context()); err != nil {
		t.Errorf("Publish while the witness does not answer: %v", err)
	}
	close(release)
	if err := <-answered; !errors.Is(err, audit.ErrAlarm) {
		t.Fatalf("the witness: %v", err)
	}
	if _, err := app.Log.Publish(t.Context()); !errors.Is(err, audit.ErrAlarm) {
		t.Errorf("Publish after the alarm: %v", err)
	}
	open("while nothing is published")
	if err := app.House.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
	app.Open(t)
	open("after a restart, while nothing is published")
}
