package emergency_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// postbox is a house whose opening is to be told to one contact by mail.
type postbox struct {
	*emergencytest.App
	anna    *emergencytest.Person
	patient emergency.PatientID
	ben     emergency.ContactID
	issued  emergency.Issued
}

func newPostbox(t *testing.T) postbox {
	t.Helper()
	p := postbox{App: emergencytest.NewApp(t)}
	p.Service.Ways = []string{emergency.WayMail}
	p.anna = p.SignUp(t, "Anna")
	p.patient = p.anna.Patient(t, "adult")
	p.issued = p.anna.Issue(t, p.patient)
	p.ben = p.anna.Contact(t, p.patient, emergency.NewContact{Name: "Ben", Mail: "ben@home.example"})
	for _, invitation := range p.take(t) {
		p.settle(t, invitation, "")
	}
	p.Clock.Add(time.Second) // so that what comes is the last
	return p
}

func (p postbox) open(t *testing.T) {
	t.Helper()
	if _, err := p.Service.Open(context.Background(), stranger, emergencytest.OpenRequest(p.issued)); err != nil {
		t.Fatal(err)
	}
}

func (p postbox) take(t *testing.T) []emergency.Letter {
	t.Helper()
	taken, err := p.Service.TakeLetters(context.Background(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// settle says that a letter went out by mail, or why not.
func (p postbox) settle(t *testing.T, letter emergency.Letter, failure string) (state string) {
	t.Helper()
	state, err := p.Service.SettleLetter(context.Background(), letter, []emergency.Delivery{{Way: emergency.WayMail, Failure: failure}})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// last is the last notice of the patient.
func (p postbox) last(t *testing.T) emergency.NoticeView {
	t.Helper()
	views, err := p.Service.Notices(context.Background(), p.anna.Caller(t), p.patient)
	if err != nil {
		t.Fatal(err)
	}
	return views[0]
}

// TestALetterIsTriedEightTimes, each time after a longer rest, and then given up, which the keepers are told.
func TestALetterIsTriedEightTimes(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.open(t)
	minutes := []int{1, 2, 5, 15, 60, 240, 720}
	for attempt := range 8 {
		taken := p.take(t)
		if len(taken) != 1 {
			t.Fatalf("attempt %d: %d letters are due, want 1", attempt+1, len(taken))
		}
		state := p.settle(t, taken[0], "deferred")
		if attempt == 7 {
			if state != emergency.NoticeDead {
				t.Errorf("after attempt 8 it is %s, want dead", state)
			}
			break
		}
		least := time.Duration(minutes[attempt]) * time.Minute
		if rest, err := p.Service.NextLetter(context.Background()); err != nil || rest < least || rest > least*5/4 {
			t.Errorf("after attempt %d it rests %v, want between %v and a quarter more: %v", attempt+1, rest, least, err)
		}
		p.Clock.Add(least - time.Second)
		if taken := p.take(t); len(taken) != 0 {
			t.Errorf("it is due before its rest is over")
		}
		p.Clock.Add(least/4 + 2*time.Second)
	}
	if _, err := p.Service.NextLetter(context.Background()); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("something is still to be sent: %v", err)
	}
	if err := p.anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	history, err := p.Service.History(context.Background(), p.anna.Caller(t), p.patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	event := history.Entries[len(history.Entries)-1].Event
	if event.Type != audit.NoticeFailed || event.Details["why"] != "deferred" || event.Details["kind"] != emergency.NewsOpened {
		t.Errorf("the last entry is %s %v", event.Type, event.Details)
	}
}

// TestALeaseEnds: what a server has taken is nobody else's, until the server must be gone.
func TestALeaseEnds(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.open(t)
	first := p.take(t)
	if again := p.take(t); len(first) != 1 || len(again) != 0 {
		t.Fatalf("%d letters were taken, and %d again", len(first), len(again))
	}
	p.Clock.Add(2 * time.Minute)
	second := p.take(t)
	if len(second) != 1 || second[0].ID != first[0].ID {
		t.Fatalf("after the lease %d letters are due, want the same", len(second))
	}
	// The first one comes back: that it failed says nothing any more, that it went out does.
	if state := p.settle(t, first[0], "timeout"); state != emergency.NoticeWaiting {
		t.Errorf("a late failure makes it %s", state)
	}
	if taken := p.take(t); len(taken) != 0 {
		t.Error("a late failure ends the lease of another")
	}
	if state := p.settle(t, first[0], ""); state != emergency.NoticeSent {
		t.Errorf("a late success makes it %s", state)
	}
	if state := p.settle(t, second[0], "refused"); state != emergency.NoticeSent {
		t.Errorf("what was sent is %s by a later failure", state)
	}
}

// TestWhatIsBrokenOffWasNoAttempt: a server that restarts a hundred times gives nothing up.
func TestWhatIsBrokenOffWasNoAttempt(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.open(t)
	for range 10 {
		taken := p.take(t)
		if len(taken) != 1 {
			t.Fatal("what was broken off is not due at once")
		}
		if _, err := p.Service.SettleLetter(context.Background(), taken[0], nil); err != nil {
			t.Fatal(err)
		}
	}
	if view := p.last(t); view.State != emergency.NoticeWaiting || view.Attempts != 0 {
		t.Errorf("it is %s after %d attempts", view.State, view.Attempts)
	}
}

func TestALetterThatNothingCarriesWaits(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.Service.Ways = nil
	if p.Service.CanTell() {
		t.Error("a house without a sender says that it can tell")
	}
	p.open(t)
	for range 3 {
		if taken := p.take(t); len(taken) != 0 {
			t.Errorf("%d letters were taken without a way", len(taken))
		}
		p.Clock.Add(time.Hour)
	}
	p.Service.Ways = []string{emergency.WayMail}
	if taken := p.take(t); len(taken) != 1 {
		t.Errorf("when there is a way, %d letters are due, want 1", len(taken))
	}
	// One whose link has ended is told to nobody.
	p.Service.Ways = nil
	p.open(t)
	p.Clock.Add(15 * 24 * time.Hour)
	p.Service.Ways = []string{emergency.WayMail}
	if taken := p.take(t); len(taken) != 0 {
		t.Errorf("%d letters are sent whose links have ended", len(taken))
	}
	dead, err := p.Service.DeadLetters(context.Background(), emergency.Caller{Operator: true})
	if err != nil || len(dead) != 2 || dead[0].Failure != "too_late" {
		t.Errorf("given up are %+v, %v", dead, err)
	}
	if err := p.Service.RetryLetter(context.Background(), emergency.Caller{Operator: true}, dead[0].ID); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("to send one again that leads nowhere: %v, want ErrInvalid", err)
	}
}

// TestWhoeverIsNoContactAnyMoreIsNotTold, not even of what happened before.
func TestWhoeverIsNoContactAnyMoreIsNotTold(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.open(t)
	if err := p.Service.StopContact(context.Background(), p.anna.Caller(t), p.patient, p.ben); err != nil {
		t.Fatal(err)
	}
	if taken := p.take(t); len(taken) != 0 {
		t.Errorf("%d letters go to somebody who was stopped", len(taken))
	}
	if view := p.last(t); view.Kind != emergency.NewsInvited {
		t.Errorf("the list ends with %q, which nobody was to be told", view.Kind)
	}
}

// TestNoticesAreTheKeepersOwn: nobody else lists them.
func TestNoticesAreTheKeepersOwn(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.open(t)
	if view := p.last(t); view.Name != "Ben" || view.Kind != emergency.NewsOpened || view.State != emergency.NoticeWaiting {
		t.Errorf("the keeper sees %+v", view)
	}
	other := p.SignUp(t, "Ben")
	if _, err := p.Service.Notices(context.Background(), other.Caller(t), p.patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("another account: %v, want ErrNotFound", err)
	}
	if _, err := p.Service.Notices(context.Background(), stranger, p.patient); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger: %v, want ErrSignIn", err)
	}
}

// TestAThiefOfAnAccountIsReported (A16): whoever changes the ways to sign in, the own addresses of everybody whom the account keeps learn of it, each once.
func TestAThiefOfAnAccountIsReported(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	child := p.anna.Patient(t, "family-ar-daughter")
	for _, patient := range []emergency.PatientID{p.patient, child} {
		p.anna.Contact(t, patient, emergency.NewContact{Name: "me", Mail: "anna@home.example", Own: true})
	}
	told := func() (to []string) {
		for _, letter := range p.take(t) {
			if letter.Kind == emergency.NewsPasskeys {
				to = append(to, letter.Mail)
			}
			p.settle(t, letter, "")
		}
		return to
	}
	told()
	ctx := context.Background()
	var recovery string
	for _, act := range []struct {
		name string
		do   func() error
	}{
		{"a recovery code is made", func() (err error) {
			recovery, err = p.Service.MakeRecovery(ctx, p.anna.Caller(t))
			return err
		}},
		{"a passkey is added", func() error { return addPasskey(t, p.App, p.anna) }},
		{"a passkey is removed", func() error {
			account, err := p.Service.Account(ctx, p.anna.Caller(t))
			if err != nil {
				return err
			}
			return p.Service.RemovePasskey(ctx, p.anna.Caller(t), account.Passkeys[1].ID)
		}},
		{"a recovery code is used", func() error {
			_, err := p.Service.UseRecovery(ctx, stranger, recovery)
			return err
		}},
	} {
		if err := act.do(); err != nil {
			t.Fatalf("%s: %v", act.name, err)
		}
		if got, want := told(), []string{"anna@home.example"}; !slices.Equal(got, want) {
			t.Errorf("%s: told are %v, want %v", act.name, got, want)
		}
	}
}

// addPasskey adds the passkey of another device.
func addPasskey(t *testing.T, app *emergencytest.App, person *emergencytest.Person) error {
	t.Helper()
	ctx := context.Background()
	begun, err := app.Service.BeginPasskey(ctx, person.Caller(t))
	if err != nil {
		return err
	}
	response, err := emergencytest.NewAuthenticator().Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	return app.Service.FinishPasskey(ctx, person.Caller(t), begun.Ceremony, response, "another")
}

// TestDrillsAreRemindedOfEverySixMonths, once each time, whoever has a card, at their own addresses alone.
func TestDrillsAreRemindedOfEverySixMonths(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.anna.Contact(t, p.patient, emergency.NewContact{Name: "me", Mail: "anna@home.example", Own: true})
	p.anna.Patient(t, "family-ar-daughter") // without a card
	ctx := context.Background()
	reminded := func() int {
		n, err := p.Service.RemindDrills(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	due := func() bool {
		if err := p.anna.SignIn(t); err != nil {
			t.Fatal(err)
		}
		view, err := p.Service.Patient(ctx, p.anna.Caller(t), p.patient)
		if err != nil {
			t.Fatal(err)
		}
		return view.DrillDue
	}
	if n := reminded(); n != 0 || due() {
		t.Errorf("%d reminded at the beginning", n)
	}
	for range 2 {
		p.Clock.Add(190 * 24 * time.Hour)
		if n := reminded(); n != 1 || !due() {
			t.Errorf("%d reminded after six months, want 1", n)
		}
		if n := reminded(); n != 0 {
			t.Errorf("%d reminded at once again", n)
		}
		var to []string
		for _, letter := range p.take(t) {
			if letter.Kind == emergency.NewsDrill {
				to = append(to, letter.Mail)
			}
		}
		if want := []string{"anna@home.example"}; !slices.Equal(to, want) {
			t.Errorf("the reminder goes to %v, want %v", to, want)
		}
	}
}
