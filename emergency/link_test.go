package emergency_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// linked is a patient with a SMART Health Link.
type linked struct {
	app    *emergencytest.App
	anna   *emergencytest.Person
	id     emergency.PatientID
	issued emergency.Issued
	token  string
}

const linkPasscode = "correct horse"

func newLinked(t *testing.T) linked {
	t.Helper()
	app := emergencytest.NewApp(t)
	l := linked{app: app, anna: app.SignUp(t, "Anna")}
	l.id = l.anna.Patient(t, "adult")
	var err error
	l.issued, err = app.Service.IssueCard(context.Background(), l.anna.Caller(t), l.id,
		emergency.CardChoices{Carrier: emergency.CarrierSHL, Link: emergency.LinkChoices{Passcode: linkPasscode, Label: "Summary"}}, "for the hospital")
	if err != nil {
		t.Fatal(err)
	}
	link, err := shl.Parse(l.issued.Link.URI)
	if err != nil {
		t.Fatal(err)
	}
	l.token = link.URL[strings.LastIndexByte(link.URL, '/')+1:]
	return l
}

func (l linked) open(passcode string) (emergency.OpenedLink, error) {
	return l.app.Service.OpenLink(context.Background(), stranger, emergency.LinkRequest{Token: l.token, Passcode: passcode, Recipient: "Hospital of Example"})
}

// file keeps what was opened for OpenLinkFile.
func (l linked) file(t *testing.T, opened emergency.OpenedLink) string {
	t.Helper()
	name, err := l.app.Service.LinkFile(context.Background(), opened)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// entries are the types of the patient's entries.
func (l linked) entries(t *testing.T) []audit.Event {
	t.Helper()
	view, err := l.app.Service.History(context.Background(), l.anna.Caller(t), l.id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	var events []audit.Event
	for _, entry := range view.Entries {
		events = append(events, entry.Event)
	}
	return events
}

func TestALinkGivesWhatItsKeeperDecidedAfterTheEntry(t *testing.T) {
	l := newLinked(t)
	link, err := shl.Parse(l.issued.Link.URI)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := l.app.Service.TrustedKeys(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if status, reason := link.Verify(keys, l.app.Clock.Now()); status != cards.StatusVerified {
		t.Errorf("the link is %s (%s)", status, reason)
	}
	if link.Flag != "P" || link.Label != "Summary" || !link.Expires.Equal(l.issued.Link.ExpiresAt) {
		t.Errorf("flag %q, label %q, expires %v", link.Flag, link.Label, link.Expires)
	}
	opened, err := l.open(linkPasscode)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Key != [32]byte(link.Key) {
		t.Error("what is given is not sealed with the link's own key")
	}
	record, err := opened.Record.Record()
	if err != nil || len(record.Items) == 0 {
		t.Fatalf("%d items, %v", len(record.Items), err)
	}
	for _, item := range record.Items {
		if item.Section.Layer() != section.Ordinary || item.Hidden {
			t.Errorf("an item of %s was given", item.Section)
		}
	}
	last := l.entries(t)[len(l.entries(t))-1]
	if last.Type != audit.GlassOpened || last.Actor.Name != "Hospital of Example" || last.Actor.Verified != audit.Claimed || last.Items != opened.Record.Items || last.Details["step"] != "link" {
		t.Errorf("the entry is %+v", last)
	}
	// The file that a manifest may name: once, within the hour, with an entry of its own.
	file := l.file(t, opened)
	again, err := l.app.Service.OpenLinkFile(context.Background(), stranger, file)
	if err != nil || !bytes.Equal(again.Record.JSON, opened.Record.JSON) || again.Key != opened.Key {
		t.Errorf("the file: %v", err)
	}
	if last := l.entries(t)[len(l.entries(t))-1]; last.Type != audit.GlassReopened || last.Actor.Name != "Hospital of Example" {
		t.Errorf("the entry of the file is %+v", last)
	}
	if _, err := l.app.Service.OpenLinkFile(context.Background(), stranger, file); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("a second time: %v", err)
	}
	opened, err = l.open(linkPasscode)
	if err != nil {
		t.Fatal(err)
	}
	file = l.file(t, opened)
	l.app.Clock.Add(2 * time.Hour)
	if _, err := l.app.Service.OpenLinkFile(context.Background(), stranger, file); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("after the hour: %v", err)
	}
}

func TestALinkIsGoneWhenItEnds(t *testing.T) {
	cases := []struct {
		name string
		end  func(*testing.T, linked)
	}{
		{"expired", func(_ *testing.T, l linked) { l.app.Clock.Add(emergency.LinkLife + time.Minute) }},
		{"revoked", func(t *testing.T, l linked) {
			if err := l.app.Service.RevokeCard(context.Background(), l.anna.Caller(t), l.id, l.issued.ID); err != nil {
				t.Fatal(err)
			}
		}},
		{"its patient is deleted", func(t *testing.T, l linked) {
			if err := l.anna.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(l.id)}); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := newLinked(t)
			opened, err := l.open(linkPasscode)
			if err != nil {
				t.Fatal(err)
			}
			file := l.file(t, opened)
			c.end(t, l)
			for _, passcode := range []string{linkPasscode, "wrong passcode"} {
				if _, err := l.open(passcode); !errors.Is(err, emergency.ErrNoCard) {
					t.Errorf("got %v, want ErrNoCard", err)
				}
			}
			if _, err := l.app.Service.OpenLinkFile(context.Background(), stranger, file); !errors.Is(err, emergency.ErrNoCard) {
				t.Errorf("the file: got %v, want ErrNoCard", err)
			}
		})
	}
}

// TestWrongPasscodesSlowTheGuesserAndBurnNoCard holds promise 2 for links: the count is of the link alone and in parallel too, and right ones do not spend it.
func TestWrongPasscodesSlowTheGuesserAndBurnNoCard(t *testing.T) {
	l := newLinked(t)
	wallet := l.anna.Issue(t, l.id)
	guess := func(network string) error {
		_, err := l.app.Service.OpenLink(context.Background(), emergency.Caller{Network: network}, emergency.LinkRequest{Token: l.token, Passcode: "wrong", Recipient: "x"})
		return err
	}
	var wrong *emergency.PasscodeError
	if err := guess("203.0.113.0/24"); !errors.As(err, &wrong) || wrong.Remaining != 99 {
		t.Fatalf("got %v, want 99 left", err)
	}
	for range 3 {
		if _, err := l.open(linkPasscode); err != nil {
			t.Fatal(err)
		}
	}
	// Six from each of twenty networks, all at once: more than the link takes.
	var tries sync.WaitGroup
	seen := make(chan int, 128)
	for n := range 20 {
		tries.Go(func() {
			for range 6 {
				var wrong *emergency.PasscodeError
				if err := guess(fmt.Sprintf("198.51.%d.0/24", n)); errors.As(err, &wrong) {
					seen <- wrong.Remaining
				}
			}
		})
	}
	tries.Wait()
	close(seen)
	counted := map[int]int{}
	for remaining := range seen {
		counted[remaining]++
	}
	for remaining := 98; remaining > 0; remaining-- {
		if counted[remaining] != 1 {
			t.Errorf("%d left was answered %d times", remaining, counted[remaining])
		}
	}
	if _, err := l.open(linkPasscode); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("the link has no try left, and answers %v", err)
	}
	ended := 0
	for _, event := range l.entries(t) {
		if event.Details["cause"] == "link_ended" {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("its keeper is told %d times that it has ended, want once", ended)
	}
	if _, err := l.app.Service.Open(context.Background(), stranger, emergencytest.OpenRequest(wallet)); err != nil {
		t.Errorf("the card of the same patient: %v", err)
	}
	// One network is slowed before a link is spent.
	other := newLinked(t)
	slowed := 0
	for range 30 {
		if _, err := other.open("wrong"); errors.Is(err, emergency.ErrTooMany) {
			slowed++
		}
	}
	if slowed != 24 {
		t.Errorf("of thirty wrong passcodes from one network %d were not tried, want 24", slowed)
	}
	if _, err := other.app.Service.OpenLink(context.Background(), emergency.Caller{Network: "192.0.2.0/24"}, emergency.LinkRequest{Token: other.token, Passcode: linkPasscode, Recipient: "x"}); err != nil {
		t.Errorf("somebody elsewhere with the right one: %v", err)
	}
}

// TestARightPasscodeSpendsNothing: whatever goes wrong behind a right passcode, the link has as many tries left as before, and so has its network.
func TestARightPasscodeSpendsNothing(t *testing.T) {
	l := newLinked(t)
	store := l.app.Service.Store
	for range 10 {
		l.app.Service.Store = &interrupted{store, func() {
			l.app.Service.Store = store
			if err := l.anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(l.id), Body: rules.Canonical(rules.Open())}); err != nil {
				t.Error(err)
			}
		}}
		if _, err := l.open(linkPasscode); !errors.Is(err, emergency.ErrChanged) {
			t.Fatalf("got %v, want ErrChanged", err)
		}
	}
	var wrong *emergency.PasscodeError
	if _, err := l.open("wrong"); !errors.As(err, &wrong) || wrong.Remaining != 99 {
		t.Errorf("after them: %v, want 99 tries left", err)
	}
}

func TestLinkChoicesAreChecked(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	id := anna.Patient(t, "adult")
	cases := []struct {
		name   string
		choice emergency.LinkChoices
		want   error
	}{
		{"nothing chosen", emergency.LinkChoices{}, nil},
		{"a year", emergency.LinkChoices{Life: emergency.MaxLinkLife}, nil},
		{"more than a year", emergency.LinkChoices{Life: emergency.MaxLinkLife + time.Hour}, emergency.ErrInvalid},
		{"a moment", emergency.LinkChoices{Life: time.Second}, emergency.ErrInvalid},
		{"a short passcode", emergency.LinkChoices{Passcode: "12345"}, emergency.ErrInvalid},
		{"a passcode with a space at its end", emergency.LinkChoices{Passcode: "123456 "}, emergency.ErrInvalid},
		{"a long label", emergency.LinkChoices{Label: strings.Repeat("x", 81)}, emergency.ErrInvalid},
		{"private notes", emergency.LinkChoices{Sections: section.OrdinarySet | section.FloorSet}, emergency.ErrInvalid},
		{"a label of two lines", emergency.LinkChoices{Label: "a\nb"}, emergency.ErrInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			issued, err := app.Service.IssueCard(context.Background(), anna.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierSHL, Link: c.choice}, "")
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil {
				return
			}
			if len(issued.Link.Passcode) != 8 {
				t.Errorf("the drawn passcode has %d characters", len(issued.Link.Passcode))
			}
			if again, err := app.Service.CardForPrint(context.Background(), anna.Caller(t), id, issued.ID); err != nil || again.Link.Passcode != "" || again.Link.URI != issued.Link.URI {
				t.Errorf("printed again it says %+v (%v), want the same link and no passcode", again.Link, err)
			}
		})
	}
}
