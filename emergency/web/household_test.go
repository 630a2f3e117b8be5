package web

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// TestAHouseholdHasOneSheet chooses people, issues a card for each by one passkey, and finds the sheet again.
func TestAHouseholdHasOneSheet(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	mother, daughter, other := person.Patient(t, "family-ar-mother"), person.Patient(t, "family-ar-daughter"), person.Patient(t, "adult")
	person.Edit(t, mother, summary.Item{Section: section.Contacts, Name: "Aunt Far", Phone: "+46701740605", OutOfArea: true})

	form := html.UnescapeString(b.page("/household/sheet?person=" + string(mother)))
	for _, want := range []string{`value="` + string(mother) + `" checked`, "Aunt Far", "+46701740605"} {
		if !strings.Contains(form, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if strings.Contains(form, `value="`+string(daughter)+`" checked`) {
		t.Error("somebody is chosen who was not asked for")
	}
	if w := b.form("/household/sheet", url.Values{"meeting": {"At the well"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "At the well") {
		t.Errorf("a sheet of nobody: %d, or what was typed is lost", w.Code)
	}
	if w := b.form("/household/sheet", url.Values{"person": {string(mother)}, "meeting": {strings.Repeat("x", emergency.MaxMeeting+1)}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="meeting-fault"`) {
		t.Errorf("a long place: %d, or no word at the field", w.Code)
	}
	ready := location(t, b.form("/household/sheet", url.Values{"person": {string(mother), string(daughter)}, "meeting": {"At the well"}}))
	for id, want := range map[emergency.PatientID]int{mother: 1, daughter: 1, other: 0} {
		views, err := app.House.Service.Cards(t.Context(), person.Caller(t), id)
		if err != nil || len(views) != want {
			t.Errorf("%d cards were issued, want %d (%v)", len(views), want, err)
		}
	}
	for _, page := range []string{ready, "/household/sheet/ready"} {
		if links := regexp.MustCompile(`href="/patients/[^"]+/cards/[^"]+"`).FindAllString(b.page(page), -1); len(links) != 2 {
			t.Errorf("%s leads to the cards %v", page, links)
		}
		if links := printLinks(b.page(page)); len(links) != 4 {
			t.Errorf("%s offers the prints %v", page, links)
		}
	}
	for _, link := range append(printLinks(b.page(ready)), printLinks(b.page("/household/sheet/ready"))...) {
		w := b.get(link)
		sheet := html.UnescapeString(w.Body.String())
		for _, want := range []string{"At the well", "Aunt Far", "<svg"} {
			if w.Code != http.StatusOK || !strings.Contains(sheet, want) {
				t.Errorf("%s: %d, or the sheet does not say %q", link, w.Code, want)
			}
		}
		if nonce := regexp.MustCompile(`nonce="([^"]+)"`).FindStringSubmatch(sheet); nonce == nil || !strings.Contains(w.Header().Get("Content-Security-Policy"), "'nonce-"+nonce[1]+"'") {
			t.Error("the sheet has no style")
		}
	}
	stranger, _ := app.signedIn(t, "Mallory Example")
	if w := stranger.get(ready); w.Code != http.StatusNotFound {
		t.Errorf("somebody else finds the sheet: %d", w.Code)
	}
	app.Clock.Add(emergency.FreshFor + time.Minute)
	if w := b.form("/household/sheet", url.Values{"person": {string(mother)}}); w.Code != http.StatusForbidden {
		t.Errorf("without a fresh passkey cards are issued: %d", w.Code)
	}
	print := ready[strings.IndexByte(ready, '?'):]
	if w := b.get("/household/sheet/print" + print + "&paper=a4"); w.Code != http.StatusForbidden {
		t.Errorf("without a fresh passkey the sheet is shown: %d", w.Code)
	}
	for _, paper := range []string{"", "&paper=card", "&paper=stone"} {
		if w := b.get("/household/sheet/print" + print + paper); w.Code != http.StatusNotFound {
			t.Errorf("a sheet on %q: %d", paper, w.Code)
		}
	}
	many := strings.Join(slices.Repeat([]string{print[1:]}, 2), "&") // four cards, and three people
	if w := b.get("/household/sheet/ready?" + many); w.Code != http.StatusNotFound {
		t.Errorf("a sheet of more cards than people: %d", w.Code)
	}
}

// printLinks are where a page of a sheet offers it for print.
func printLinks(page string) (links []string) {
	for _, found := range regexp.MustCompile(`href="(/household/sheet/print[^"]+)"`).FindAllStringSubmatch(page, -1) {
		links = append(links, html.UnescapeString(found[1]))
	}
	return links
}

// TestNoLinkPutsWordsOnASheet: what is printed on somebody's sheet is what they wrote when they made it, whatever the address says that led them there.
func TestNoLinkPutsWordsOnASheet(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	mother := person.Patient(t, "family-ar-mother")
	ready := location(t, b.form("/household/sheet", url.Values{"person": {string(mother)}, "meeting": {"At the well"}}))
	if strings.Contains(ready, "well") {
		t.Errorf("the meeting place stands in the address: %s", ready)
	}
	const words = "&place=Call+Mallory&meeting=Call+Mallory&paper=Mallory&contrast"
	page := b.page(ready + words)
	if plain := printLinks(b.page(ready)); !slices.Equal(printLinks(page), plain) {
		t.Errorf("the prints are %v, want %v", printLinks(page), plain)
	}
	for _, link := range printLinks(page) {
		if sheet := b.page(link + words); strings.Contains(sheet, "Mallory") || !strings.Contains(sheet, "At the well") {
			t.Errorf("%s prints what the address says", link)
		}
	}
}

// TestASheetHasEverybodyOrNobody: when a sheet cannot be issued there are no cards of half a household.
func TestASheetHasEverybodyOrNobody(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	people := []emergency.PatientID{person.Patient(t, "family-ar-mother"), person.Patient(t, "family-ar-daughter")}
	app.Server.Service = sheetless{app.Server.Service}
	if w := b.form("/household/sheet", url.Values{"person": {string(people[0]), string(people[1])}}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a sheet that cannot be issued: %d", w.Code)
	}
	for _, id := range people {
		if views, err := app.House.Service.Cards(t.Context(), person.Caller(t), id); err != nil || len(views) != 0 {
			t.Errorf("%d cards of a sheet that there is not (%v)", len(views), err)
		}
	}
}

// sheetless is a service whose log cannot be written when a sheet is issued.
type sheetless struct{ Service }

func (sheetless) IssueSheet(context.Context, emergency.Caller, []emergency.PatientID, string, string) ([]emergency.Issued, error) {
	return nil, emergency.ErrLogUnavailable
}

// TestASheetLeavesNobodyOut: a household may be as large as the service lets it be.
func TestASheetLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	people := 0
	for {
		id, err := app.House.Service.CreatePatient(t.Context(), person.Caller(t), "Somebody Example")
		if errors.Is(err, emergency.ErrTooLarge) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		person.Edit(t, id, summary.Item{Section: section.Contacts, Name: "Aunt Far", Phone: "+46701740605"})
		people++
	}
	if offered := strings.Count(b.page("/household/sheet"), `name="person"`); offered != people {
		t.Errorf("%d people are offered a place, and %d are in the household", offered, people)
	}
}
