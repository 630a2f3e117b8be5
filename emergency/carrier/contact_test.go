package carrier_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// TestTheContactLeadsToItsCard, and its files hold the contact that people are shown.
func TestTheContactLeadsToItsCard(t *testing.T) {
	app := emergencytest.NewApp(t)
	w := words(t, app)
	person := made(t, app, "adult", emergency.CarrierVCard)
	contact, _, err := w.NoSignal("", person.Issued)
	if err != nil {
		t.Fatal(err)
	}
	if contact.Address != person.Issued.ShortAddress() || !strings.Contains(contact.Text(), "\r\nURL:"+person.Issued.ShortAddress().URL()+"\r\n") {
		t.Errorf("the contact leads to %s", contact.Address)
	}
	files, _, err := w.Files(person, carrier.Options{Now: app.Clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if files[0].Name != "card.vcf" || string(files[0].Content) != contact.Text() {
		t.Errorf("%s holds another contact", files[0].Name)
	}
	person.Issued.ShortCode = "" // a health card has none
	if contact, _, err := w.NoSignal("", person.Issued); err != nil || strings.Contains(contact.Text(), "URL:") {
		t.Errorf("a card without a short code has an address, %v", err)
	}
}

// TestNothingIsLostFromTheContact: every number is in the code, in its notes or told to have no room.
func TestNothingIsLostFromTheContact(t *testing.T) {
	app := emergencytest.NewApp(t)
	w := words(t, app)
	for _, test := range []struct {
		name     string
		contacts int
		whole    bool
	}{
		{"two", 2, true},
		{"more than the code holds", 60, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			person := made(t, app, "adult", emergency.CarrierVCard)
			front := &person.Issued.Front
			front.Items = slices.DeleteFunc(front.Items, func(item summary.FrontItem) bool { return item.Section == section.Contacts })
			front.Items = append(front.Items, summary.FrontItem{Section: section.Contacts, Name: "Warden Example", Phone: "ask at the shop"})
			for i := range test.contacts {
				front.Items = append(front.Items, summary.FrontItem{Section: section.Contacts, Name: fmt.Sprintf("Neighbour %02d", i), Phone: fmt.Sprintf("+43 664 555 %04d", i)})
			}
			contact, left, err := w.NoSignal("en", person.Issued)
			if err != nil {
				t.Fatal(err)
			}
			if code, err := cards.StrongestQR(contact.Text(), cards.NoSignalVersion); err != nil || code.Level < cards.LevelM {
				t.Errorf("level %s, %v", code.Level, err)
			}
			told := strings.Join(left, "\n")
			for _, item := range front.Items {
				if item.Section != section.Contacts {
					continue
				}
				callable := slices.ContainsFunc(contact.Phones, func(p cards.Phone) bool { return p.Number == item.Phone })
				written := strings.Contains(strings.Join(contact.Notes, "\n")+told, item.Phone)
				if callable == written {
					t.Errorf("%s: to call %t, in writing %t", item.Name, callable, written)
				}
			}
			if whole := len(contact.Phones) == test.contacts; whole != test.whole || len(contact.Phones) == 0 {
				t.Errorf("%d numbers to call", len(contact.Phones))
			}
			if n := strings.Count(strings.Join(append(left, contact.Notes...), "\n"), "ask at the shop"); n != 1 {
				t.Errorf("what cannot be dialled stands there %d times", n)
			}
			_, report, err := w.Files(person, carrier.Options{Lang: "en", Now: app.Clock.Now()})
			if err != nil || len(report.LeftOut) != len(left) {
				t.Errorf("the report tells %d of %d, %v", len(report.LeftOut), len(left), err)
			}
		})
	}
}

func TestANameThatIsTooLongForTheContact(t *testing.T) {
	app := emergencytest.NewApp(t)
	person := made(t, app, "adult", emergency.CarrierVCard)
	person.Issued.Front.Identity.Name = strings.Repeat("Ada ", 100)
	if _, _, err := words(t, app).NoSignal("", person.Issued); !errors.Is(err, cards.ErrNoFit) {
		t.Errorf("got %v", err)
	}
}
