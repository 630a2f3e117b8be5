package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// TestACardIsIssuedAsItWasChecked changes the record between the check and the issue: nothing is issued, and the keeper is shown what changed.
func TestACardIsIssuedAsItWasChecked(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	home := "/patients/" + string(id)
	check := func() string { return b.form(home+"/cards/preview", url.Values{"label": {"Wallet"}}).Body.String() }
	issue := func(page string) url.Values {
		return url.Values{"label": {hidden(t, page, "label")}, "version": {hidden(t, page, "version")}}
	}

	stale := issue(check())
	person.Edit(t, id, summary.Item{Section: section.Allergies, Text: "Peanut paste"})
	w := b.form(home+"/cards", stale)
	page := w.Body.String()
	if w.Code != http.StatusConflict || !strings.Contains(page, html.EscapeString(app.Catalog.T("en", "console.check.changed"))) {
		t.Fatalf("a card of a record that changed: %d", w.Code)
	}
	if strings.Contains(b.page(home+"/cards"), "Wallet") {
		t.Error("the card was issued unseen")
	}
	again := issue(page)
	if again.Get("version") == stale.Get("version") || again.Get("label") != "Wallet" {
		t.Errorf("the page that is shown instead issues %v", again)
	}
	location(t, b.form(home+"/cards", again))
	if !strings.Contains(b.page(home+"/cards"), "Wallet") {
		t.Error("what was looked at again is not issued")
	}
	if w := b.form(home+"/cards", url.Values{"version": {"x"}}); w.Code != http.StatusBadRequest {
		t.Errorf("a version that is none: %d", w.Code)
	}
}

// TestTheCheckPageCarriesTheFront: what the reader's modules draw on the page is the front itself, and without scripts there are words for all of it.
func TestTheCheckPageCarriesTheFront(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "family-ar-daughter")
	page := b.form("/patients/"+string(id)+"/cards/preview", url.Values{}).Body.String()
	found := regexp.MustCompile(`data-front="([^"]*)"`).FindStringSubmatch(page)
	if found == nil || !strings.Contains(page, "js/console/front.js") {
		t.Fatal("the page has no front for the reader's modules")
	}
	var got summary.Front
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &got); err != nil {
		t.Fatal(err)
	}
	preview, err := app.House.Service.PreviewCard(t.Context(), person.Caller(t), id, emergency.CardChoices{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(preview.Front, got); diff != "" {
		t.Errorf("the front on the page is another one:\n%s", diff)
	}
	for _, want := range []string{"Arabic", "Stated by", "Last confirmed:"} {
		if !strings.Contains(page, want) {
			t.Errorf("without scripts the page does not say %q", want)
		}
	}
}
