package emergency_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// TestADrillMarksWhatHappensAndMutesNothing: a real emergency in the same minutes is still logged and told, and opens no more and no less.
func TestADrillMarksWhatHappensAndMutesNothing(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	s, ctx := app.Service, t.Context()
	named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	unrehearsed, err := s.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}

	s.Ways = []string{emergency.WayMail}
	newLetters := func() []emergency.Letter {
		t.Helper()
		letters, err := s.TakeLetters(ctx, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, letter := range letters {
			if _, err := s.SettleLetter(ctx, letter, []emergency.Delivery{{Way: emergency.WayMail}}); err != nil {
				t.Fatal(err)
			}
		}
		return letters
	}

	// happens is all that can happen to a card, and whether it is called a drill.
	happens := func(drill bool) {
		t.Helper()
		view, err := s.Patient(ctx, anna.Caller(t), patient)
		if err != nil {
			t.Fatal(err)
		}
		last := lastNumber(t, app, anna, patient)
		if err := s.Scan(ctx, stranger, issued.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FindByShortCode(ctx, stranger, string(issued.ShortCode)); err != nil {
			t.Fatal(err)
		}
		opened, err := s.Open(ctx, stranger, emergencytest.OpenRequest(issued))
		if err != nil {
			t.Fatal(err)
		}
		if opened.Drill != drill {
			t.Errorf("the opening says drill %v, want %v", opened.Drill, drill)
		}
		if opened.Sections != unrehearsed.Sections || opened.Until.Sub(opened.Now) != unrehearsed.Until.Sub(unrehearsed.Now) {
			t.Error("a drill opens something else")
		}
		history, err := s.History(ctx, anna.Caller(t), patient, last, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []audit.Type
		for _, entry := range history.Entries {
			kinds = append(kinds, entry.Event.Type)
			if marked := entry.Event.Details["drill"] == "yes"; marked != drill {
				t.Errorf("%s is marked as a drill: %v, want %v", entry.Event.Type, marked, drill)
			}
		}
		if want := []audit.Type{audit.CardScanned, audit.CardScanned, audit.GlassOpened}; !slices.Equal(kinds, want) {
			t.Errorf("the entries are %v, want %v", kinds, want)
		}
		if after, err := s.Patient(ctx, anna.Caller(t), patient); err != nil || after.Unseen != view.Unseen+1 {
			t.Errorf("%d unseen after an opening, %d before, %v", after.Unseen, view.Unseen, err)
		}
		told := newLetters()
		if len(told) != 1 || told[0].Drill != drill || told[0].Kind != emergency.NewsOpened {
			t.Errorf("%d letters, want one that says drill %v: %+v", len(told), drill, told)
		}
	}
	newLetters() // of what came before
	app.Clock.Add(time.Second)
	happens(false)
	if err := s.BeginDrill(ctx, anna.Caller(t), patient); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(time.Minute)
	happens(true)
	if err := s.FinishDrill(ctx, anna.Caller(t), patient, emergency.DrillResult{Seconds: 8, Right: true}); err != nil {
		t.Fatal(err)
	}
	happens(false)
	if err := s.BeginDrill(ctx, anna.Caller(t), patient); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(16 * time.Minute) // and it ends by itself
	happens(false)
}

func lastNumber(t *testing.T, app *emergencytest.App, by *emergencytest.Person, patient emergency.PatientID) uint64 {
	t.Helper()
	history, err := app.Service.History(t.Context(), by.Caller(t), patient, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return history.Last
}

// TestADrillHasAResult holds what the keeper is asked, what is written down, and when the next one is due.
func TestADrillHasAResult(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	s, ctx := app.Service, t.Context()
	if err := s.FinishDrill(ctx, anna.Caller(t), patient, emergency.DrillResult{Right: true}); !errors.Is(err, emergency.ErrChanged) {
		t.Errorf("a drill that never began has a result: %v, want ErrChanged", err)
	}
	for _, result := range []struct {
		emergency.DrillResult
		outcome string
	}{
		{emergency.DrillResult{Seconds: 25, Right: true}, emergency.DrillSlow},
		{emergency.DrillResult{Seconds: 5}, emergency.DrillUnread},
		{emergency.DrillResult{Seconds: 10, Right: true}, emergency.DrillRead},
	} {
		if err := s.BeginDrill(ctx, anna.Caller(t), patient); err != nil {
			t.Fatal(err)
		}
		app.Clock.Add(time.Minute)
		view, err := s.Drills(ctx, anna.Caller(t), patient)
		if err != nil || !view.Waits || view.Until.IsZero() || view.Card != issued.ID || len(view.Front.Items) == 0 {
			t.Fatalf("while a drill runs: %v %v %s with %d items, %v", view.Waits, view.Until, view.Card, len(view.Front.Items), err)
		}
		if err := s.FinishDrill(ctx, anna.Caller(t), patient, result.DrillResult); err != nil {
			t.Fatal(err)
		}
		if view, err = s.Drills(ctx, anna.Caller(t), patient); err != nil || view.Waits || !view.Until.IsZero() {
			t.Fatalf("after a drill: %v %v, %v", view.Waits, view.Until, err)
		}
		if got := view.Past[0]; got.Outcome != result.outcome || got.Seconds != result.Seconds {
			t.Errorf("%+v came out as %+v", result, got)
		}
	}
	for _, seconds := range []int{-1, 3601} {
		if err := s.FinishDrill(ctx, anna.Caller(t), patient, emergency.DrillResult{Seconds: seconds}); !errors.Is(err, emergency.ErrInvalid) {
			t.Errorf("%d seconds: %v, want ErrInvalid", seconds, err)
		}
	}
	app.Clock.Add(10 * time.Minute)
	if err := s.BeginDrill(ctx, anna.Caller(t), patient); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("a drill begins without a fresh passkey: %v", err)
	}
	app.Clock.Add(200 * 24 * time.Hour)
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if view, err := s.Drills(ctx, anna.Caller(t), patient); err != nil || !view.Due {
		t.Errorf("half a year later the next drill is due: %v, %v", view.Due, err)
	}
}

// TestConfirmingInADrill: what was shown is confirmed in one change, or none of it.
func TestConfirmingInADrill(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	s, ctx := app.Service, t.Context()
	record, err := s.Record(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	tags := map[string]string{}
	for _, item := range record.Items {
		tags[item.ID] = emergency.ItemTag(item)
	}
	stale := map[string]string{record.Items[0].ID: tags[record.Items[0].ID], record.Items[1].ID: "another"}
	if err := s.ConfirmItems(ctx, anna.Caller(t), patient, stale); !errors.Is(err, emergency.ErrConflict) {
		t.Errorf("what was changed meanwhile is confirmed: %v, want ErrConflict", err)
	}
	if err := s.ConfirmItems(ctx, anna.Caller(t), patient, tags); err != nil {
		t.Fatal(err)
	}
	after, err := s.Record(ctx, anna.Caller(t), patient)
	if err != nil || after.Version != record.Version+1 {
		t.Fatalf("version %d after version %d, %v: want one change", after.Version, record.Version, err)
	}
	for _, item := range after.Items {
		if item.Confirmed != "2026-11-22" {
			t.Errorf("%s was confirmed on %s", item.ID, item.Confirmed)
		}
	}
}

// TestAnOfflineReadingInADrillIsOne: the drill is made without signal, and its receipt comes when there is one again.
func TestAnOfflineReadingInADrillIsOne(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	s, ctx := app.Service, t.Context()
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	phone := newDevice(t)
	app.Clock.Add(time.Hour)
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionVerify}); err != nil {
		t.Fatal(err)
	}
	if err := s.BeginDrill(ctx, anna.Caller(t), patient); err != nil {
		t.Fatal(err)
	}
	began := app.Clock.Now()
	app.Clock.Add(2 * time.Minute)
	if err := s.FinishDrill(ctx, anna.Caller(t), patient, emergency.DrillResult{Seconds: 9, Right: true}); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(time.Hour)
	for _, reading := range []struct {
		at   time.Time
		want string
	}{{began.Add(time.Minute), "yes"}, {began.Add(-time.Minute), ""}, {began.Add(5 * time.Minute), ""}} {
		last := lastNumber(t, app, anna, patient)
		text := phone.receipt(t, issued.ID, tag, reading.at)
		if results, err := s.ReportReadings(ctx, stranger, []string{text}); err != nil || results[0] != emergency.ReceiptAccepted {
			t.Fatalf("%v, %v", results, err)
		}
		history, err := s.History(ctx, anna.Caller(t), patient, last, 10)
		if err != nil {
			t.Fatal(err)
		}
		if got := history.Entries[0].Event; got.Type != audit.CardReadOffline || got.Details["drill"] != reading.want {
			t.Errorf("a reading at %s is %s, drill %q, want %q", reading.at, got.Type, got.Details["drill"], reading.want)
		}
	}
}
