package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency"
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
		"reader":                  everybody(200),
		"scanner":                 everybody(200),
		"asset":                   everybody(200),
		"service worker":          everybody(200),
		"issuer keys":             everybody(200),
		"passkey endpoints":       everybody(200),
		"short address":           everybody(200),
		"trust list":              everybody(200),
		"revocations":             everybody(200),
		"revocation entries":      everybody(200),
		"health card revocations": everybody(404),
		"report readings":         json([4]int{200, 200, 200, 200}, `{"receipts":["rubbish"]}`),
		"opening proof":           json([4]int{403, 403, 403, 403}, `{"grant":"rubbish"}`),
		"own history":             signedPage(),
		"own proof":               form([4]int{401, 404, 401, 404}, nil),
		"find entries":            form([4]int{401, 404, 401, 200}, url.Values{"words": {"Robin"}}),
		"entry proof":             ownPage(),
		"log export":              ownPage(),
		"export log":              form([4]int{401, 404, 401, 200}, nil),
		"handover":                json([4]int{404, 404, 404, 404}, `{"card":"AAAAAAAAAAAAAAAAAAAAAA","secret":"AAAAAAAAAAAAAAAAAAAAAA","grant":"x"}`),
		"link manifest":           json([4]int{404, 404, 404, 404}, `{"recipient":"somebody","passcode":"123456"}`),
		"link options":            everybody(204),
		"link file":               everybody(404),
		"link file options":       everybody(204),
		"robots":                  everybody(200),
		"health":                  everybody(200),
		"readiness":               everybody(200),
		"status":                  json([4]int{200, 200, 200, 200}, `{"tag":"AAAAAAAAAAAAAAAAAAAAAA"}`),
		"open":                    json([4]int{404, 404, 404, 404}, `{"secret":"AAAAAAAAAAAAAAAAAAAAAA","step":"critical","reason":"unconscious"}`),
		"watch a wait":            json([4]int{200, 200, 200, 200}, `{"watch":"rubbish"}`),
		"withdraw":                json([4]int{200, 200, 200, 200}, `{"watch":"rubbish"}`),
		"thread":                  json([4]int{403, 403, 403, 403}, `{"grant":"rubbish","after":0}`),
		"send message":            json([4]int{403, 403, 403, 403}, `{"grant":"rubbish","kind":"text","text":"Hello"}`),
		"watch a thread":          json([4]int{403, 403, 403, 403}, `{"grant":"rubbish","after":0}`),
		"event page":              everybody(200),
		"event":                   json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":"","ticket":"","after":0}`),
		"watch an event":          json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":""}`),
		"approve":                 json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":"2222-2222-2222"}`),
		"veto as contact":         json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":"2222-2222-2222"}`),
		"answer as contact":       json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":"2222-2222-2222","text":"Hello"}`),
		"stop as contact":         json([4]int{404, 404, 404, 404}, `{"token":"rubbish"}`),
		"open as contact":         json([4]int{404, 404, 404, 404}, `{"token":"rubbish","code":"2222-2222-2222","step":"critical","reason":"unconscious"}`),
		"contacts":                ownPage(),
		"new contact":             ownPage(),
		"add contact":             form([4]int{401, 404, 401, 200}, url.Values{"name": {"Ben"}, "mail": {"ben@example.org"}}),
		"invite contact":          form([4]int{401, 404, 401, 200}, nil),
		"ask stop contact":        ownPage(),
		"stop contact":            form([4]int{401, 404, 401, 303}, nil),
		"grant":                   ownPage(),
		"answer as keeper":        form([4]int{401, 404, 401, 303}, url.Values{"text": {"On my way"}}),
		"watch a grant":           json([4]int{401, 404, 401, 200}, `{"after":0}`),
		"end grant":               form([4]int{401, 404, 401, 303}, nil),
		"short code":              everybody(200),
		"use short code":          form([4]int{404, 404, 404, 404}, url.Values{"code": {"2222-2222-2222"}}),
		"find short code":         json([4]int{404, 404, 404, 404}, `{"code":"2222-2222-2222"}`),
		"checkpoint":              everybody(200),
		"verifier key":            everybody(200),
		"verifier keys":           everybody(200),
		"policy":                  everybody(200),
		"tile":                    everybody(200),

		"checkpoint of an epoch":    everybody(404), // the log has one epoch, under the address without a number
		"verifier key of an epoch":  everybody(404),
		"verifier keys of an epoch": everybody(404),
		"policy of an epoch":        everybody(404),
		"tile of an epoch":          everybody(404),

		"public log":            everybody(200),
		"exit":                  everybody(303),
		"landing":               {want: [4]int{200, 303, 200, 303}},
		"sign up":               everybody(200),
		"begin sign-up":         json([4]int{200, 200, 200, 200}, `{"name":"Somebody"}`),
		"finish sign-up":        json([4]int{400, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"sign in":               everybody(200),
		"begin sign-in":         json([4]int{200, 200, 200, 200}, `{}`),
		"finish sign-in":        json([4]int{400, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"recover":               everybody(200),
		"use recovery":          form([4]int{404, 404, 404, 404}, url.Values{"code": {"2222"}}),
		"account":               {want: [4]int{303, 200, 303, 200}},
		"new passkey":           {want: [4]int{303, 200, 200, 200}},
		"begin passkey":         json([4]int{401, 200, 200, 200}, `{}`),
		"finish passkey":        json([4]int{401, 400, 400, 400}, `{"ceremony":"x","credential":{}}`),
		"remove passkey":        form([4]int{401, 409, 401, 409}, nil),
		"make recovery":         form([4]int{401, 200, 401, 200}, nil),
		"export form":           signedPage(),
		"export":                form([4]int{401, 200, 401, 200}, url.Values{"seal": {"no"}}),
		"delete account":        signedPage(),
		"begin approval":        json([4]int{401, 404, 401, 200}, `{"kind":"delete_patient","target":"PATIENT"}`),
		"finish approval":       json([4]int{401, 400, 401, 400}, `{"ceremony":"x","credential":{}}`),
		"terms":                 {want: [4]int{401, 200, 401, 200}, query: "?q=pen&section=allergies"},
		"home":                  signedPage(),
		"sheet":                 signedPage(),
		"issue sheet":           form([4]int{401, 400, 401, 400}, nil),
		"sheet ready":           signedPage(),
		"print sheet":           {want: [4]int{303, 404, 303, 404}, query: "?paper=a4"},
		"new patient":           signedPage(),
		"create patient":        form([4]int{401, 303, 401, 303}, url.Values{"name": {"Somebody"}}),
		"overview":              ownPage(),
		"delete patient":        ownPage(),
		"record":                ownPage(),
		"section":               ownPage(),
		"edit section":          form([4]int{401, 404, 401, 303}, url.Values{"concept": {"Latex"}}),
		"item":                  ownPage(),
		"patient summary":       ownPage(),
		"import form":           ownPage(),
		"import":                {want: [4]int{401, 404, 401, 200}, upload: true},
		"confirm import":        form([4]int{401, 404, 401, 400}, url.Values{"token": {"x"}}),
		"document":              ownPage(),
		"cards":                 ownPage(),
		"issue card":            form([4]int{401, 404, 401, 303}, nil),
		"new card":              ownPage(),
		"preview card":          form([4]int{401, 404, 401, 200}, nil),
		"choose carrier":        ownPage(),
		"card file":             ownPage(),
		"card":                  ownPage(),
		"print card":            ownPage(),
		"ask revoke":            ownPage(),
		"veto":                  form([4]int{401, 404, 401, 404}, nil),
		"rules":                 ownPage(),
		"begin draft":           ownPage(),
		"edit draft":            form([4]int{401, 404, 401, 200}, url.Values{"draft": {`{"format":1,"rules":[]}`}}),
		"consent":               ownPage(),
		"consent form":          ownPage(),
		"import consent":        {want: [4]int{401, 404, 401, 400}, upload: true},
		"stop rules":            form([4]int{401, 404, 401, 303}, nil),
		"simulate draft":        form([4]int{401, 404, 401, 200}, url.Values{"draft": {`{"format":1,"rules":[]}`}}),
		"simulate":              {want: [4]int{303, 404, 303, 200}, query: "?preset=open"},
		"log":                   ownPage(),
		"log entries":           {want: [4]int{401, 404, 401, 200}},
		"mark seen":             form([4]int{401, 404, 401, 303}, url.Values{"seq": {"1"}}),
		"invitation page":       everybody(200),
		"invitation":            json([4]int{404, 404, 404, 404}, `{"token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`),
		"begin invited sign-up": json([4]int{404, 404, 404, 404}, `{"token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"Somebody"}`),
		"accept invitation":     json([4]int{404, 404, 404, 404}, `{"token":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":""}`),
		"read badge":            everybody(200),
		"check badge":           json([4]int{404, 404, 404, 404}, `{"badge":"e30.e30.AA"}`),
		"own badge":             everybody(200),
		"badge":                 signedPage(),
		"wear badge":            form([4]int{401, 404, 401, 404}, url.Values{"organization": {"x"}}),
		"organizations":         signedPage(),
		"organization":          {want: [4]int{303, 404, 303, 404}},
		"invite crew":           form([4]int{401, 404, 401, 404}, url.Values{"name": {"Somebody"}, "role": {"responder"}}),
		"withdraw invitation":   form([4]int{401, 404, 401, 404}, nil),
		"suspend member":        form([4]int{401, 404, 401, 404}, nil),
		"restore member":        form([4]int{401, 404, 401, 404}, nil),
		"keepers":               ownPage(),
		"invite keeper":         form([4]int{401, 404, 401, 200}, url.Values{"name": {"Somebody"}, "role": {"keeper"}}),
		"withdraw keepers":      form([4]int{401, 404, 401, 303}, nil),
		"ask remove keeper":     {want: [4]int{303, 404, 303, 404}},
		"remove keeper":         form([4]int{401, 404, 401, 404}, nil),
		"confidential":          {want: [4]int{303, 404, 303, 404}},
		"set confidential":      form([4]int{401, 404, 401, 404}, nil),
		"drill":                 ownPage(),
		"begin drill":           form([4]int{401, 404, 401, 303}, nil),
		"finish drill":          form([4]int{401, 404, 401, 303}, url.Values{"seconds": {"9"}, "right": {"yes"}}),
		"confirm in a drill":    form([4]int{401, 404, 401, 404}, url.Values{"tag-x": {"y"}}),
		"ask review":            ownPage(),
		"give review":           form([4]int{401, 404, 401, 303}, url.Values{"verdict": {"wrong"}}),
		"answer review":         form([4]int{401, 404, 401, 404}, url.Values{"answer": {"x"}}),
		"review mail":           form([4]int{401, 404, 401, 404}, url.Values{"mail": {""}}),
		"officers' mail":        form([4]int{401, 404, 401, 404}, url.Values{"mail": {""}}),
		"officer":               {want: [4]int{303, 404, 303, 404}},
		"officer's answer":      form([4]int{401, 404, 401, 404}, url.Values{"answer": {"x"}}),
		"officer suspends":      form([4]int{401, 404, 401, 404}, nil),
		"officer's search":      {want: [4]int{303, 404, 303, 404}},
		"search openings":       form([4]int{401, 404, 401, 404}, nil),
		"export openings":       form([4]int{401, 404, 401, 404}, nil),
		"ask erase":             form([4]int{401, 404, 401, 404}, nil),
		"erase":                 form([4]int{401, 404, 401, 404}, url.Values{"patient": {"PATIENT"}, "grant": {"x"}, "ground": {"request"}}),
		"abuse":                 {want: [4]int{303, 404, 303, 404}},
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

	named, _, err := app.Server.Service.AddContact(t.Context(), person.Caller(t), patient, emergency.NewContact{Name: "Cleo"})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := app.Server.Service.Open(t.Context(), emergency.Caller{}, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer("{contact}", string(named), "{grant}", string(opened.GrantID), "{id}", issued.ID.String(), "{hash}", app.Assets.Hash(), "{path:.+}", "js/reader/main.js", "{tile:.+}", "0/000.p/1",
		"{seq:[1-9][0-9]{0,15}}", "1", "{epoch:[1-9][0-9]{0,5}}", "2", "{patient}", string(patient), "{section}", "medications", "{item}", "new", "{card}", issued.ID.String(), "{request}", "AAAAAAAAAAAAAAAAAAAAAA", "{name}", "card.svg",
		"{kid}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "{token:[A-Za-z0-9_-]{43}}", strings.Repeat("A", 43), "{file}", strings.Repeat("A", 43),
		"{grant}", "AAAAAAAAAAAAAAAAAAAAAA", "{organization}", "AAAAAAAAAAAAAAAAAAAAAA", "{invitation}", strings.Repeat("A", 43), "{member}", "AAAAAAAAAAAAAAAAAAAAAA",
		"{passkey}", "AAAAAAAAAAAAAAAAAAAAAA", "{keeper}", "AAAAAAAAAAAAAAAAAAAAAA", "{document}", string(documents[0].ID))
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
			t.Errorf("the route %q (%s %s) has no row", route.name, route.methods[0], route.pattern)
			continue
		}
		delete(rows, route.name)
		t.Run(route.name, func(t *testing.T) {
			for who, visitor := range visitors {
				path := replace.Replace(route.pattern) + row.query
				var w *httptest.ResponseRecorder
				switch {
				case route.methods[0] == "GET":
					w = visitor.get(path)
				case route.methods[0] == "OPTIONS":
					w = visitor.do(httptest.NewRequest("OPTIONS", path, nil))
				case row.upload:
					w = visitor.upload(path, emergencytest.Load("adult").Bundle)
				case row.form != nil:
					w = visitor.form(path, row.form)
				default:
					w = visitor.post(path, strings.ReplaceAll(row.json, "PATIENT", string(patient)))
				}
				if w.Code != row.want[who] {
					t.Errorf("visitor %d: %s %s answers %d, want %d: %.300s", who, route.methods[0], path, w.Code, row.want[who], w.Body)
				}
				if w.Code == http.StatusSeeOther && row.want[who] == 303 && route.methods[0] == "GET" && route.access != anyone && who == asStranger && w.Header().Get("Location") != "/signin" {
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
