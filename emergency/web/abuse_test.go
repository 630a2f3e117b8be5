package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.URL = "https://locket.example" })
	b := app.browser(t)
	answers := map[string]*httptest.ResponseRecorder{
		"front":        b.get("/c/x"),
		"page":         b.get("/"),
		"not found":    b.get("/nothing"),
		"wrong method": b.do(httptest.NewRequest("DELETE", "/code", nil)),
		"bad path":     b.get("/c/%00"),
		"api":          b.post("/v1/short-code", `{}`),
		"redirect":     b.get("/home"),
		"cross-origin": b.do(crossOrigin("/signout")),
	}
	for name, w := range answers {
		policy := w.Header().Get("Content-Security-Policy")
		for _, wanted := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, wanted) {
				t.Errorf("%s: the policy lacks %s: %s", name, wanted, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy allows something unsafe: %s", name, policy)
		}
		for header, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Opener-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow"} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		where := "geolocation=()"
		if name == "front" {
			where = "geolocation=(self)" // the one page on which a responder may say where they are
		}
		if !strings.HasPrefix(w.Header().Get("Strict-Transport-Security"), "max-age=") || !strings.Contains(w.Header().Get("Permissions-Policy"), where) {
			t.Errorf("%s: no Strict-Transport-Security or Permissions-Policy", name)
		}
	}
	if got := answers["wrong method"]; got.Code != http.StatusMethodNotAllowed || got.Header().Get("Allow") == "" {
		t.Errorf("a wrong method: %d, Allow %q", got.Code, got.Header().Get("Allow"))
	}
}

func crossOrigin(path string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(""))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.test")
	return r
}

// TestAnotherSiteCannotActForSomebody posts to every route that changes anything, as a page of another site would, with the owner's cookie.
func TestAnotherSiteCannotActForSomebody(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, _ := app.signedIn(t, "Ada Example")
	for _, route := range routes {
		if route.methods[0] != "POST" || route.name == "link manifest" { // which any origin may ask: no cookie is looked at
			continue
		}
		path := strings.NewReplacer("{", "", "}", "").Replace(route.pattern)
		if w := b.do(crossOrigin(path)); w.Code != http.StatusForbidden {
			t.Errorf("%s answers %d to another site, want 403", route.pattern, w.Code)
		}
		old := crossOrigin(path)
		old.Header.Del("Sec-Fetch-Site") // a browser that sends Origin alone
		if w := b.do(old); w.Code != http.StatusForbidden {
			t.Errorf("%s answers %d to another site's old browser, want 403", route.pattern, w.Code)
		}
	}
	if w := b.get("/home"); w.Code != http.StatusOK {
		t.Error("another site signed somebody out")
	}
}

func TestPathsOfTricksters(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser(t)
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/c/%00", 400},
		{"GET", "/c/a%0d%0aX-Evil:1", 400},
		{"GET", "/%ff", 400},
		{"POST", "//evil.test/code", 404},
		{"GET", "//evil.test/", 404},
		{"POST", "/code/../code", 404},
		{"GET", "/static/../../etc/passwd", 404},
		{"GET", "/static/x/y", 404},
		{"GET", "/audit/log/tile/../checkpoint", 404},
		{"GET", "/audit/log/tile/0/99999999999999999999", 404},
		{"GET", "/patients/x", 303},
		{"GET", "/v1/patients/x/log", 401},
		{"PUT", "/code", 405},
		{"GET", "/signout", 405},
	} {
		r := httptest.NewRequest(test.method, "http://localhost:8080/", nil)
		parsed, err := url.Parse("http://localhost:8080" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = parsed
		r.Header.Set("Accept", "text/html")
		w := b.do(r)
		if w.Code != test.want {
			t.Errorf("%s %s: %d, want %d", test.method, test.path, w.Code, test.want)
		}
		if to := w.Header().Get("Location"); strings.Contains(to, "evil") {
			t.Errorf("%s leads to %s", test.path, to)
		}
		for name := range w.Header() {
			if strings.Contains(name, "Evil") {
				t.Errorf("%s makes a header", test.path)
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	patient := string(person.Patient(t, "adult"))
	huge := strings.Repeat("a", smallBody)
	for name, test := range map[string]struct {
		w    *httptest.ResponseRecorder
		want int
	}{
		"JSON":      {b.post("/v1/short-code", `{"code":"`+huge+`"}`), 413},
		"form":      {b.form("/code", url.Values{"code": {huge}}), 413},
		"fields":    {b.form("/patients/"+patient+"/cards/preview", url.Values{"never": make([]string, 20_000)}), 400},
		"document":  {b.upload("/patients/"+patient+"/import", []byte(strings.Repeat("a", importBody))), 413},
		"no form":   {b.post("/code", `{"code":"x"}`), 400},
		"no upload": {b.form("/patients/"+patient+"/import", nil), 400},
		"no bundle": {b.upload("/patients/"+patient+"/import", []byte(`{"resourceType":"Patient"}`)), 400},
		"no JSON":   {b.upload("/patients/"+patient+"/import", []byte(`<xml>`)), 400},
		"nothing":   {b.upload("/patients/"+patient+"/import", nil), 400},
		"depth":     {b.post("/v1/approve/begin", `{"kind":"rules","body":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+`}`), 400},
		"unknown":   {b.post("/v1/short-code", `{"code":"x","admin":true}`), 400},
		"folded":    {b.post("/v1/short-code", `{"Code":"x"}`), 400},
		"twice":     {b.post("/v1/short-code", `{"code":"x","code":"y"}`), 400},
		"PRF":       {b.post("/v1/signin/finish", `{"ceremony":"x","credential":{"clientExtensionResults":{"prf":{"results":{"first":"AAAA"}}}}}`), 400},
	} {
		if test.w.Code != test.want {
			t.Errorf("%s: %d, want %d: %.200s", name, test.w.Code, test.want, test.w.Body)
		}
		if strings.Contains(test.w.Body.String(), huge) {
			t.Errorf("%s: the answer carries what was sent", name)
		}
	}
}

// scripts are texts that must come out as text wherever they are put in.
var scripts = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'-alert(1)-'`, `javascript:alert(1)`, `{{.D}}`, `</textarea><script>alert(1)</script>`, "\u202eevil",
}

// TestScriptInEveryFieldComesOutAsText writes markup into every field of every section and looks at every page that shows it.
func TestScriptInEveryFieldComesOutAsText(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	b, _ := app.signedIn(t, scripts[0])
	for _, script := range []string{strings.Join(scripts[:3], " "), strings.Join(scripts[3:], " ")} {
		home := location(t, b.form("/patients/new", url.Values{"name": {script}}))
		for s, form := range sectionForms {
			values := url.Values{}
			for _, name := range form.fields {
				values.Set(string(name), script)
			}
			values.Set("severity", "severe")
			values.Set("criticality", "")
			values.Set("status", "active")
			values.Set("date", "2020")
			values.Set("supply_until", "2030-01-31")
			values.Set("collect", summary.CollectMay)
			if s == section.Contacts {
				values.Set("phone", script)
			}
			location(t, b.form(home+"/record/"+s.String(), values))
			clean(t, b.page(home+"/record/"+s.String()), s.String())
		}
		identity := b.page(home + "/record/identity")
		location(t, b.form(home+"/record/identity", url.Values{"tag": {hidden(t, identity, "tag")}, "name": {script}, "answers_to": {script}, "lang": {"en"},
			"country": {"EG"}, "languages": {"ar"}, "birth": {"1990"}}))
		card := location(t, b.form(home+"/cards", url.Values{"label": {script}}))
		card, _, _ = strings.Cut(card, "?")
		for _, path := range []string{"/home", "/account", home, home + "/record", home + "/record/identity", home + "/cards", home + "/cards/new", home + "/rules",
			home + "/log", home + "/delete", card, card + "/revoke", card + "/print?paper=a4", card + "/print?paper=card", card + "/files/card.svg"} {
			clean(t, b.page(path), path)
		}
		clean(t, b.form(home+"/cards/preview", url.Values{"label": {script}}).Body.String(), "preview")
		clean(t, b.form(home+"/record/allergies", url.Values{"concept": {script}, "date": {script}}).Body.String(), "form again")
		clean(t, b.form("/patients/new", url.Values{"name": {strings.Repeat(script, 40)}}).Body.String(), "new patient again")
	}
	clean(t, b.get("/nothing?lang=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").Body.String(), "not found")
}

// clean reports whether a page has no markup but its own: what was typed stands escaped.
func clean(t *testing.T, page, where string) {
	t.Helper()
	for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`, `onerror=alert(1)>`, "</textarea><script"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s: the page carries %q", where, bad)
		}
	}
}
