package emergency_test

import (
	"errors"
	"io"
	"strconv"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// brokenPipe takes some bytes of a file, and then its reader has gone.
type brokenPipe struct{ room int }

var errGone = errors.New("gone")

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.room -= len(p); b.room < 0 {
		return 0, errGone
	}
	return len(p), nil
}

// What can end half-way is an entry before it begins and another one when it has ended, in the log of everybody whom it is about: the second says how it ended,
// and which the first is.
func TestIntentAndOutcome(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	for _, c := range []struct {
		name string
		out  io.Writer
		want audit.Outcome
		err  error
	}{{"whole", io.Discard, audit.Done, nil}, {"cut short", &brokenPipe{room: 4096}, audit.Failed, errGone}} {
		t.Run(c.name, func(t *testing.T) {
			if err := app.Service.Export(t.Context(), anna.Caller(t), c.out, ""); !errors.Is(err, c.err) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			for subject, read := range map[string]func() (emergency.HistoryView, error){
				"patient": func() (emergency.HistoryView, error) {
					return app.Service.History(t.Context(), anna.Caller(t), patient, 0, 500)
				},
				"account": func() (emergency.HistoryView, error) {
					return app.Service.AccountHistory(t.Context(), anna.Caller(t), 0, 500)
				},
			} {
				view, err := read()
				if err != nil || len(view.Entries) < 2 {
					t.Fatalf("%d entries, %v", len(view.Entries), err)
				}
				began, ended := view.Entries[len(view.Entries)-2], view.Entries[len(view.Entries)-1].Event
				if began.Event.Type != audit.DataExported || began.Event.Outcome != audit.Begun {
					t.Errorf("the log of the %s has %s %s before the end", subject, began.Event.Type, began.Event.Outcome)
				}
				if ended.Type != audit.DataExported || ended.Outcome != c.want || ended.Details["intent"] != strconv.FormatInt(began.Index, 10) {
					t.Errorf("the log of the %s ends with %s %s of intent %s, want %s of %d", subject, ended.Type, ended.Outcome, ended.Details["intent"], c.want, began.Index)
				}
			}
		})
	}
}

// A passkey that is known and does not prove itself is told to its account, and no more often than every entry from outside. One that nobody has is no entry.
func TestRefusedSignInIsAnEntry(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	before, err := app.Store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	try := func(by *emergencytest.Person) {
		t.Helper()
		begun, err := app.Service.BeginSignin(t.Context(), stranger)
		if err != nil {
			t.Fatal(err)
		}
		other, err := app.Service.BeginSignin(t.Context(), stranger)
		if err != nil {
			t.Fatal(err)
		}
		response, err := by.Authenticator.Get(other.Options) // the answer to another question
		if err != nil {
			t.Fatal(err)
		}
		if _, err := app.Service.FinishSignin(t.Context(), stranger, begun.Ceremony, response); !errors.Is(err, emergency.ErrPasskey) {
			t.Fatalf("got %v, want ErrPasskey", err)
		}
	}
	const burst = 61 // the last of a minute says that more are not written down
	for range burst + 10 {
		try(anna)
	}
	app.Service.Wait()
	view, err := app.Service.AccountHistory(t.Context(), anna.Caller(t), 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, entry := range view.Entries {
		if entry.Event.Type == audit.AccountSignedIn && entry.Event.Outcome == audit.Refused {
			refused++
			if entry.Event.Actor.Verified != audit.Claimed {
				t.Errorf("a refused sign-in is written down as %q", entry.Event.Actor.Verified)
			}
		}
	}
	after, err := app.Store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if grown := after.Size - before.Size; refused == 0 || refused > burst || grown != int64(refused) {
		t.Errorf("%d refusals of %d are in the account's log, which has grown by %d", refused, burst+10, grown)
	}
}

// An operator who reads what the log says about a patient is in it.
func TestReadingByAnOperatorIsAnEntry(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	operator := emergency.Caller{Operator: true}
	issued, _, err := app.Service.IssueFromDocument(t.Context(), operator, emergencytest.Load("adult").Bundle, "adult.json", emergency.CardChoices{Carrier: emergency.CarrierWallet})
	if err != nil {
		t.Fatal(err)
	}
	for what, read := range map[string]func() error{
		"log":    func() error { _, err := app.Service.History(t.Context(), operator, issued.Patient, 0, 1); return err },
		"record": func() error { _, err := app.Service.ExportRecord(t.Context(), operator, issued.Patient); return err },
	} {
		if err := read(); err != nil {
			t.Fatal(err)
		}
		page, err := app.Service.Log.History(t.Context(), string(issued.Patient), 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		last := page[len(page)-1].Payload.Event
		if last.Type != audit.DataExported || last.Actor.Kind != audit.ByOperator || last.Details["what"] != what {
			t.Errorf("after an operator read the %s the log ends with %s of %s by %s", what, last.Type, last.Details["what"], last.Actor.Kind)
		}
	}
	if _, err := app.Service.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if file, err := app.Service.Proof(t.Context(), operator, issued.Patient, 1); !errors.Is(err, emergency.ErrSignIn) || file.Body != nil {
		t.Errorf("an operator reads an entry as a keeper would, of which there is no entry: %d bytes, %v", len(file.Body), err)
	}
}
