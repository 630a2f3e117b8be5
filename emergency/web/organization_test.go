package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// invitationIn finds the secret of the invitation that a page shows.
func invitationIn(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(`/invite#([A-Za-z0-9_-]{43})`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("there is no invitation in %.300s", page)
	}
	return found[1]
}

// joins takes an invitation up in a browser, and returns where it leads.
func (b *browser) joins(token string) string {
	b.t.Helper()
	w := b.post("/v1/invite/accept", map[string]string{"token": token, "name": "", "proof": ""})
	var done struct{ Location string }
	if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil || w.Code != http.StatusOK {
		b.t.Fatalf("accepting answers %d: %s", w.Code, w.Body)
	}
	return done.Location
}

// TestAnOrganizationInvitesShowsAndSuspendsByForms goes through the console of an organization without any script.
func TestAnOrganizationInvitesShowsAndSuspendsByForms(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	operator := emergency.Caller{Operator: true}
	id, link, err := app.House.Service.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "North <b>&", Kind: "ems", Country: "SE"})
	if err != nil {
		t.Fatal(err)
	}
	admin, _ := app.signedIn(t, "Ada Admin")
	path := admin.joins(invitationIn(t, link.Link))
	if path != "/org/"+string(id) || location(t, admin.get("/org")) != path {
		t.Fatalf("the administrator is led to %s", path)
	}
	if page := admin.page(path); !strings.Contains(page, "North &lt;b&gt;&amp;") || strings.Contains(page, "North <b>") {
		t.Error("the name of the organization is not escaped")
	}
	if w := admin.form(path+"/invite", url.Values{"name": {""}, "role": {"responder"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="name-fault"`) {
		t.Errorf("an invitation of nobody: %d", w.Code)
	}
	invited := admin.form(path+"/invite", url.Values{"name": {"Kim Medic"}, "role": {"responder"}})
	token := invitationIn(t, invited.Body.String())
	if invited.Code != http.StatusOK || !strings.Contains(invited.Body.String(), "data:image/svg") || invited.Header().Get("Cache-Control") != noStore {
		t.Errorf("the link is shown with %d, %v", invited.Code, invited.Header())
	}
	if page := admin.page(path); strings.Contains(page, token) || !strings.Contains(page, "Kim Medic") {
		t.Error("the link is shown again, or nobody is named as invited")
	}

	medic, _ := app.signedIn(t, "Somebody")
	said := medic.post("/v1/invite", map[string]string{"token": token})
	if said.Code != http.StatusOK || !strings.Contains(said.Body.String(), `"purpose":"member"`) || !strings.Contains(said.Body.String(), "Kim Medic") {
		t.Errorf("the invitation says %d: %s", said.Code, said.Body)
	}
	if medic.joins(token) != path {
		t.Error("the medic is led elsewhere")
	}
	if w := medic.post("/v1/invite", map[string]string{"token": token}); w.Code != http.StatusNotFound {
		t.Errorf("a used invitation answers %d", w.Code)
	}
	if page := medic.page(path); strings.Contains(page, "Ada Admin") || strings.Contains(page, "/suspend") {
		t.Error("a responder sees the crew")
	}
	if page := medic.page("/badge"); !strings.Contains(page, "data:image/svg") || !strings.Contains(page, "Kim Medic") {
		t.Error("the badge is not shown")
	}
	if home := medic.page("/home"); !strings.Contains(home, `href="`+path+`"`) || !strings.Contains(home, `href="/badge"`) {
		t.Error("nothing at home leads to the organization")
	}

	suspend := regexp.MustCompile(`action="(/org/[^"]+/suspend)"`).FindStringSubmatch(admin.page(path))
	if suspend == nil {
		t.Fatal("nobody can be suspended")
	}
	if w := medic.form(html.UnescapeString(suspend[1]), url.Values{}); w.Code != http.StatusNotFound {
		t.Errorf("a responder suspends: %d", w.Code)
	}
	if location(t, admin.form(html.UnescapeString(suspend[1]), url.Values{})) != path {
		t.Error("the administrator is led elsewhere")
	}
	if mine := medic.get("/v1/badge/mine"); strings.TrimSpace(mine.Body.String()) != "{}" {
		t.Errorf("a suspended member wears %s", mine.Body)
	}
	if w := medic.get(path); w.Code != http.StatusNotFound {
		t.Errorf("a suspended member sees the organization: %d", w.Code)
	}
	for _, secret := range []string{token, "Kim", "Ada", invitationIn(t, link.Link)} {
		if strings.Contains(app.logged.String(), secret) {
			t.Errorf("the server's log says %q", secret)
		}
	}
}

// TestWhoeverBelongsToSeveralChoosesTheBadge: the choice counts for what is shown and for what is opened.
func TestWhoeverBelongsToSeveralChoosesTheBadge(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	operator := emergency.Caller{Operator: true}
	b, _ := app.signedIn(t, "Kim Medic")
	ids := map[string]emergency.OrganizationID{}
	for _, kind := range []string{"ems", "hospital"} {
		id, link, err := app.House.Service.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "The " + kind, Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		b.joins(invitationIn(t, link.Link))
		ids[kind] = id
	}
	for _, kind := range []string{"hospital", "ems"} {
		if at := location(t, b.form("/badge/wear", url.Values{"organization": {string(ids[kind])}})); at != "/badge" {
			t.Errorf("choosing leads to %s", at)
		}
		var mine badgeWords
		if err := json.Unmarshal(b.get("/v1/badge/mine").Body.Bytes(), &mine); err != nil || mine.Kind != kind || mine.Organization != "The "+kind {
			t.Errorf("the badge of the %s is worn: %+v (%v)", kind, mine, err)
		}
	}
	shown, err := app.House.Service.ShowBadge(t.Context(), emergency.Caller{Account: app.accountOf(t, b)}, ids["hospital"])
	if err != nil {
		t.Fatal(err)
	}
	badge, _ := cards.ParseBadgeAddress(shown.Address)
	stranger := app.browser(t)
	if w := stranger.post("/v1/badge", map[string]string{"badge": badge}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"kind":"hospital"`) {
		t.Errorf("a badge is checked with %d: %s", w.Code, w.Body)
	}
	if w := b.form("/badge/wear", url.Values{"organization": {"AAAAAAAAAAAAAAAAAAAAAA"}}); w.Code != http.StatusNotFound {
		t.Errorf("a badge of others is worn: %d", w.Code)
	}
}

// accountOf is the account that is signed in in a browser.
func (a *app) accountOf(t *testing.T, b *browser) emergency.AccountID {
	t.Helper()
	caller, err := a.House.Service.Authenticate(t.Context(), b.cookies[sessionCookie])
	if err != nil {
		t.Fatal(err)
	}
	return caller.Account
}
