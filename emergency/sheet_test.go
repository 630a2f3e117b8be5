package emergency_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// TestASheetIsForAllOrForNobody: one passkey, one transaction, one card for everybody who was chosen.
func TestASheetIsForAllOrForNobody(t *testing.T) {
	ctx := context.Background()
	app := emergencytest.NewApp(t)
	anna, stranger := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	mother, child := anna.Patient(t, "adult"), anna.Patient(t, "adult")
	other := stranger.Patient(t, "adult")
	cards := func(id emergency.PatientID) int {
		views, err := app.Service.Cards(ctx, anna.Caller(t), id)
		if err != nil {
			t.Fatal(err)
		}
		return len(views)
	}
	for name, test := range map[string]struct {
		people  []emergency.PatientID
		meeting string
		want    error
	}{
		"nobody":              {nil, "", emergency.ErrInvalid},
		"one of them twice":   {[]emergency.PatientID{mother, mother}, "", emergency.ErrInvalid},
		"somebody else's too": {[]emergency.PatientID{mother, other}, "", emergency.ErrNotFound},
		"a place too long":    {[]emergency.PatientID{mother}, strings.Repeat("x", 201), emergency.ErrInvalid},
	} {
		if _, err := app.Service.IssueSheet(ctx, anna.Caller(t), test.people, test.meeting, ""); !errors.Is(err, test.want) || cards(mother) != 0 {
			t.Errorf("%s: %v and %d cards, want %v and none", name, err, cards(mother), test.want)
		}
	}
	issued, err := app.Service.IssueSheet(ctx, anna.Caller(t), []emergency.PatientID{child, mother}, " By the  old oak ", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(issued) != 2 || issued[0].Patient != child || issued[1].Patient != mother {
		t.Fatalf("issued %d cards, not in the order of the people", len(issued))
	}
	for _, card := range issued {
		again, err := app.Service.CardForPrint(ctx, anna.Caller(t), card.Patient, card.ID)
		if err != nil || again.Carrier != emergency.CarrierSheet || again.Meeting != "By the old oak" {
			t.Errorf("printed again: %q, meeting %q (%v)", again.Carrier, again.Meeting, err)
		}
		if _, err := app.Service.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(card)); err != nil {
			t.Errorf("it opens nothing: %v", err)
		}
		view, err := app.Service.History(ctx, anna.Caller(t), card.Patient, 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		logged := 0
		for _, entry := range view.Entries {
			if entry.Event.Type == audit.CardIssued && entry.Event.Card == card.ID.String() {
				logged++
			}
		}
		if logged != 1 {
			t.Errorf("its issue is %d entries, want one", logged)
		}
	}
}
