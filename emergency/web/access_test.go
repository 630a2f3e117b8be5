package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/emergencytest"
)

// who are the four who try every door.
const (
	asStranger = iota
	asOther    // somebody with an account of their own
	asLimited  // signed in by a recovery code
	asOwner
)

// row says what a door answers to each of them: 303 from a page leads to the sign-in page, and to the next page after a form.
type row struct {
	want   [4]int
	query  string
	form   url.Values // nil for JSON
	json   string
	upload bool
}

// everybody is a door that answers all of them alike; signedPage a page of whoever is signed in; ownPage one of a patient, whom others do not find.
func everybody(status int) row { return row{want: [4]int{status, status, status, status}} }

func signedPage() row { return row{want: [4]int{303, 200, 303, 200}} }
func ownPage() row    { return row{want: [4]int{303, 404, 303, 200}} }

// accessRows has a row for every route.
func accessRows() map[string]row {
	form := func(want [4]int, values url.Values) row {
		if values == nil {
			values = url.Values{}
		}
		return row{want: want, form: values}
	}
	json := func(want [4]int, body string) row { return row{want: want, json: body} }
	return map[string]row{
		"reader":            everybody(200),
		"asset":             everybody(200),
		"service worker":    everybody(200),
		"issuer keys":       everybody(200),
		"passkey endpoints": everybody(200),
		"robots":            everybody(200),
		"health":            everybody(200),
		"readiness":         everybody(200),
		"status":            json([4]int{200, 200, 200, 200}, `{"tag":"AAAAAAAAAAAAAAAAAAAAAA"}`),
		"open":              json([4]int{404, 404, 404, 404}, `{"secret":"AAAAAAAAAAAAAAAAAAAAAA","step":"critical","reason":"unconscious"}`),
		"short code":        everybody(200),
		"use short code":    form([4]int{404, 404, 404, 404}, url.Values{"code": {"2222-2222-2222"}}),
		"find short code":   json([4]int{404, 404, 404, 404}, `{"code":"2222-2222-2222"}`),
		"checkpoint":        everybody(200),
		"verifier key":      everybody(200),
		"tile":              everybody(200),
		"exit":              everybody(303),
		"landing":           {want: [4]int{200, 303, 200, 303}},
		"sign up":           everybody(200),
		"begin sign-up":     json([4]int{200, 200, 200, 200}, `{"name":"Somebody"}`),
		"finish sign-up":    json([4]int{400, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"sign in":           everybody(200),
		"begin sign-in":     json([4]int{200, 200, 200, 200}, `{}`),
		"finish sign-in":    json([4]int{400, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"recover":           everybody(200),
		"use recovery":      form([4]int{404, 404, 404, 404}, url.Values{"code": {"2222"}}),
		"account":           {want: [4]int{303, 200, 303, 200}},
		"new passkey":       {want: [4]int{303, 200, 200, 200}},
		"begin passkey":     json([4]int{401, 200, 200, 200}, `{}`),
		"finish passkey":    json([4]int{401, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"remove passkey":    form([4]int{401, 409, 401, 409}, nil),
		"make recovery":     form([4]int{401, 200, 401, 200}, nil),
		"export form":       signedPage(),
		"export":            form([4]int{401, 200, 401, 200}, url.Values{"seal": {"no"}}),
		"delete account":    signedPage(),
		"begin approval":    json([4]int{401, 404, 401, 200}, `{"kind":"delete_patient","target":"PATIENT"}`),
		"finish approval":   json([4]int{401, 400, 401, 400}, `{"ceremony":"x","credential":{}}`),
		"terms":             {want: [4]int{401, 200, 401, 200}, query: "?q=pen&section=allergies"},
		"home":              signedPage(),
		"new patient":       signedPage(),
		"create patient":    form([4]int{401, 303, 401, 303}, url.Values{"name": {"Somebody"}}),
		"overview":          ownPage(),
		"delete patient":    ownPage(),
		"record":            ownPage(),
		"section":           ownPage(),
		"edit section":      form([4]int{401, 404, 401, 303}, url.Values{"concept": {"Latex"}}),
		"item":              ownPage(),
		"import form":       ownPage(),
		"import":            {want: [4]int{401, 404, 401, 200}, upload: true},
		"confirm import":    form([4]int{401, 404, 401, 400}, url.Values{"token": {"x"}}),
		"document":          ownPage(),
		"cards":             ownPage(),
		"issue card":        form([4]int{401, 404, 401, 303}, nil),
		"new card":          ownPage(),
		"preview card":      form([4]int{401, 404, 401, 200}, nil),
		"card file":         ownPage(),
		"card":              ownPage(),
		"print card":        ownPage(),
		"ask revoke":        ownPage(),
		"veto":              form([4]int{401, 404, 401, 404}, url.Values{"step": {"sensitive"}}),
		"rules":             ownPage(),
		"simulate":          {want: [4]int{303, 404, 303, 200}, query: "?preset=open"},
		"log":               ownPage(),
		"log entries":       {want: [4]int{401, 404, 401, 200}},
		"mark seen":         form([4]int{401, 404, 401, 303}, url.Values{"seq": {"1"}}),
		// The last ones change what the others need.
		"revoke card": form([4]int{401, 404, 401, 303}, nil),
		"sign out":    form([4]int{303, 303, 303, 303}, nil),
	}
}

// TestEveryDoorKnowsWhoMayComeIn tries every route as a stranger, as another account, in a limited session and as the owner (OWASP API 1 and 5). A
// route without a row fails, and so does a row without a route.
func TestEveryDoorKnowsWhoMayComeIn(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	owner, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	issued := person.Issue(t, patient)
	documents, err := app.Server.Service.Documents(t.Context(), person.Caller(t), patient)
	if err != nil || len(documents) == 0 {
		t.Fatalf("no document: %v", err)
	}
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, _ := app.signedIn(t, "Mallory Example")
	limited := app.limited(t)
	visitors := [4]*browser{app.browser(t), other, limited, owner}
	secrets := []string{"Imogen", "Hartwell", "nticoag", issued.ShortCode.String()}

	replace := strings.NewReplacer("{id}", issued.ID.String(), "{hash}", app.Assets.Hash(), "{path:.+}", "js/reader/main.js", "{tile:.+}", "0/000.p/1",
		"{patient}", string(patient), "{section}", "medications", "{item}", "new", "{card}", issued.ID.String(), "{format:svg|png|ndef}", "svg",
		"{passkey}", "AAAAAAAAAAAAAAAAAAAAAA", "{document}", string(documents[0].ID))
	rows := accessRows()
	last := []string{"revoke card", "sign out"}
	var order []route
	for _, route := range routes {
		if route.name != last[0] && route.name != last[1] {
			order = append(order, route)
		}
	}
	for _, name := range last {
		for _, route := range routes {
			if route.name == name {
				order = append(order, route)
			}
		}
	}
	for _, route := range order {
		row, found := rows[route.name]
		if !found {
			t.Errorf("the route %q (%s %s) has no row", route.name, route.method, route.pattern)
			continue
		}
		delete(rows, route.name)
		t.Run(route.name, func(t *testing.T) {
			for who, visitor := range visitors {
				path := replace.Replace(route.pattern) + row.query
				var w *httptest.ResponseRecorder
				switch {
				case route.method == "GET":
					w = visitor.get(path)
				case row.upload:
					w = visitor.upload(path, emergencytest.Load("adult").Bundle)
				case row.form != nil:
					w = visitor.form(path, row.form)
				default:
					w = visitor.post(path, strings.ReplaceAll(row.json, "PATIENT", string(patient)))
				}
				if w.Code != row.want[who] {
					t.Errorf("visitor %d: %s %s answers %d, want %d: %.300s", who, route.method, path, w.Code, row.want[who], w.Body)
				}
				if w.Code == http.StatusSeeOther && row.want[who] == 303 && route.method == "GET" && route.access != anyone && who == asStranger && w.Header().Get("Location") != "/signin" {
					t.Errorf("a stranger is led to %s", w.Header().Get("Location"))
				}
				if who != asOwner {
					for _, secret := range secrets {
						if strings.Contains(w.Body.String(), secret) {
							t.Errorf("visitor %d gets to read %q", who, secret)
						}
					}
				}
				if cache := w.Header().Get("Cache-Control"); route.access != anyone && cache != noStore {
					t.Errorf("Cache-Control is %q", cache)
				}
			}
		})
	}
	for name := range rows {
		t.Errorf("the row %q has no route", name)
	}
}

// limited is the browser of somebody who came in by a recovery code.
func (a *app) limited(t *testing.T) *browser {
	t.Helper()
	first, person := a.signedIn(t, "Linus Example")
	code, err := a.Server.Service.MakeRecovery(t.Context(), person.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	first.cookies = map[string]string{}
	location(t, first.form("/recover", url.Values{"code": {code}}))
	return first
}
