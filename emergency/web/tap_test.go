package web

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/cards/sun/suntest"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// held is the path that a telephone opens when a tag is held to it.
func held(t *testing.T, tag *suntest.Tag) string {
	t.Helper()
	file, err := tag.Tap()
	if err != nil {
		t.Fatal(err)
	}
	message, err := cards.ParseNDEF(file[2:])
	if err != nil {
		t.Fatal(err)
	}
	address, _ := message[0].URI()
	path, _, _ := strings.Cut(strings.TrimPrefix(address, emergencytest.URL), "#")
	return path
}

// tagged issues a card on an NTAG 424 DNA and writes the tag.
func tagged(t *testing.T, app *app, person *emergencytest.Person, id emergency.PatientID) (emergency.Issued, *suntest.Tag) {
	t.Helper()
	issued, err := app.House.Service.IssueCard(t.Context(), person.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierNTAG424}, "")
	if err != nil {
		t.Fatal(err)
	}
	return issued, &suntest.Tag{UID: sun.UID{4, 1, 2, 3, 4, 5, 6}, Keys: issued.Tag.Keys.InOrder(), File: issued.Tag.Template.File(), Settings: issued.Tag.Template.Settings()}
}

// told is what a browser that holds a card's front learns of its tap.
func told(b *browser, issued emergency.Issued) any {
	b.t.Helper()
	front, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		b.t.Fatal(err)
	}
	return toldTo(b, issued.ID, front)
}

func toldTo(b *browser, card cards.ID, front [16]byte) any {
	b.t.Helper()
	return b.answer(b.post("/v1/cards/"+card.String()+"/status", map[string]any{"tag": base64.RawURLEncoding.EncodeToString(front[:])}), http.StatusOK)["tap"]
}

// TestATapIsToldToTheBrowserThatTapped holds a tag to a telephone: that browser learns that it stands beside the card, every other one that it may not,
// and the page is the same for all of them.
func TestATapIsToldToTheBrowserThatTapped(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued, tag := tagged(t, app, person, id)
	wallet := person.Issue(t, id)
	path := held(t, tag)
	plain := app.browser(t).get("/c/" + issued.ID.String())

	finder, other := app.browser(t), app.browser(t)
	for _, step := range []struct {
		name string
		b    *browser
		path string
		want string
	}{
		{"the tap", finder, path, "live"},
		{"the page loaded again", finder, path, "live"},
		{"the address sent to somebody else", other, path, "stale"},
		{"the next tap", other, held(t, tag), "live"},
		{"a MAC that is wrong", other, path[:len(path)-4] + "0000", "wrong"},
		{"what no tag says", app.browser(t), "/c/" + issued.ID.String() + "?p=x&c=y", "wrong"},
		{"the address without a tap", app.browser(t), "/c/" + issued.ID.String(), ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			w := step.b.get(step.path)
			if w.Code != http.StatusOK || w.Body.String() != plain.Body.String() {
				t.Errorf("the page is another one: %d", w.Code)
			}
			if got := told(step.b, issued); got != step.want {
				t.Errorf("the browser is told %q, want %q", got, step.want)
			}
			if got := toldTo(step.b, issued.ID, [16]byte{1}); got != "" {
				t.Errorf("whoever does not hold the front is told %q", got)
			}
			if got := told(step.b, wallet); got != "" {
				t.Errorf("another card is told %q", got)
			}
		})
	}
	cookie := finder.get(held(t, tag)).Header().Get("Set-Cookie")
	for _, want := range []string{tapCookie + "=", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	if guess := app.browser(t).get("/c/AAAAAAAAAAAAAAAAAAAAAA?p=" + strings.Repeat("0", 32) + "&c=" + strings.Repeat("0", 16)); len(guess.Header().Get("Set-Cookie")) != len(cookie) {
		t.Error("a card that does not exist answers a tap otherwise")
	}
	view, err := app.House.Service.History(t.Context(), person.Caller(t), id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	doubted := map[string]int{}
	for _, entry := range view.Entries {
		if entry.Event.Type == audit.CardTapDoubted {
			doubted[entry.Event.Details["tap"]]++
		}
	}
	if doubted["stale"] != 1 || doubted["wrong"] != 2 {
		t.Errorf("the log doubts %v", doubted)
	}
}

// TestABrowserStandsBesideSeveralCards: a helper holds the tags of several people to one telephone. Each tap stays proven while the others are made, and
// whatever an address says that no tag has made; only so many cards are remembered.
func TestABrowserStandsBesideSeveralCards(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	helper := app.browser(t)
	var all []emergency.Issued
	var paths []string
	for range tapsKept {
		issued, tag := tagged(t, app, person, id)
		path := held(t, tag)
		helper.get(path)
		all, paths = append(all, issued), append(paths, path)
	}
	for i, issued := range all {
		if got := told(helper, issued); got != "live" {
			t.Errorf("tap %d is %q after the others", i, got)
		}
	}
	helper.get("/c/" + all[0].ID.String() + "?p=x&c=y")
	helper.get(paths[0])
	if got := told(helper, all[0]); got != "live" {
		t.Errorf("what no tag has made took the proof away: %q", got)
	}
	if got := told(helper, all[1]); got != "live" {
		t.Errorf("another card's proof is gone: %q", got)
	}
	further, tag := tagged(t, app, person, id)
	helper.get(held(t, tag))
	if n := strings.Count(helper.cookies[tapCookie], ".") + 1; n != tapsKept {
		t.Errorf("%d marks are kept, want %d", n, tapsKept)
	}
	if got := told(helper, further); got != "live" {
		t.Errorf("the newest tap is %q", got)
	}
	if got := told(helper, all[1]); got != "" {
		t.Errorf("the oldest tap is still %q", got)
	}
}
