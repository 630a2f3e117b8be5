package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/locket-health/locket/emergency/emergencytest"
)

// TestLogsAndMetricsNameNobody goes through everything that carries names and secrets and reads what was logged and counted.
func TestLogsAndMetricsNameNobody(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	app := newApp(t, func(c *Config) { c.Registry = registry })
	b, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	issued := person.Issue(t, patient)
	stranger := app.browser(t)
	stranger.from = "203.0.113.77:5"
	home := "/patients/" + string(patient)
	card := home + "/cards/" + issued.ID.String()

	b.page(home + "/record/allergies?note=Hartwell")
	b.page(home + "/log")
	b.page(card)
	b.form(home+"/record/allergies", url.Values{"concept": {"Latexwort"}})
	b.upload(home+"/import", emergencytest.Load("adult").Bundle)
	b.get("/v1/terms?q=Latexwort")
	opened := stranger.answer(stranger.open(issued.Address, "unconscious", ""), 200)
	stranger.form("/code", url.Values{"code": {issued.ShortCode.String()}})
	stranger.form("/code", url.Values{"code": {"2345-6789-ABCD"}})
	stranger.get("/c/" + issued.ID.String() + "?secret=Latexwort")
	stranger.get("/Latexwort/Hartwell")
	stranger.do(httptest.NewRequest("HARTWELL", "/code", nil))
	stranger.post("/v1/signin/finish", `{"ceremony":"Latexwort","credential":{"id":"Hartwell"}}`)

	said := app.logged.String()
	if strings.Count(said, `"msg":"request"`) < 10 {
		t.Fatalf("the requests are not logged: %s", said)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	metrics, err := json.Marshal(families)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"Hartwell", "HARTWELL", "Imogen", "Ada Example", "Latexwort", "Kim Example", "Ambulance 7", "+46701740605", "203.0.113.77", "198.51.100.7",
		string(patient), issued.ID.String(), issued.ShortCode.String(), string(issued.ShortCode), "2345-6789-ABCD", "23456789ABCD", person.Token,
		base64.RawURLEncoding.EncodeToString(issued.Address.Secret.Bytes()), opened["grant"].(string), opened["grant_id"].(string)}
	for _, secret := range secrets {
		if strings.Contains(said, secret) {
			t.Errorf("the log says %q", secret)
		}
		if strings.Contains(string(metrics), secret) {
			t.Errorf("the metrics say %q", secret)
		}
	}
	for _, want := range []string{`"route":"/c/{id}"`, `"route":"/v1/cards/{id}/open"`, `"network":"203.0.113.0/24"`, `"method":"other"`} {
		if !strings.Contains(said, want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(said), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is broken: %s", line)
		}
	}
}

func TestAnErrorOfOursKeepsItsWords(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Service = faulty{Service: c.Service, open: errSecret} })
	_, person := app.signedIn(t, "Ada Example")
	issued := person.Issue(t, person.Patient(t, "adult"))
	b := app.browser(t)
	w := b.open(issued.Address, "unconscious", "")
	answer := b.answer(w, 500)
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Error("the text of an internal error leaves the server")
	}
	if !strings.Contains(app.logged.String(), answer["instance"].(string)) || !strings.Contains(app.logged.String(), "hunter2") {
		t.Error("the error cannot be found in the log by its number")
	}
	if strings.Count(app.logged.String(), "hunter2") != 1 {
		t.Error("the error is logged more than once")
	}
}

func TestAPanicIsOneAnswer(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Service = faulty{Service: c.Service} })
	app.Server.Service = nil // whatever is asked of it panics
	b := app.browser(t)
	w := b.post("/v1/cards/AAAAAAAAAAAAAAAAAAAAAA/open", `{"secret":"AAAAAAAAAAAAAAAAAAAAAA"}`)
	if answer := b.answer(w, 500); answer["code"] != "internal" {
		t.Errorf("a panic answers %v", answer)
	}
	if !strings.Contains(app.logged.String(), "a handler panicked") {
		t.Error("a panic is not logged")
	}
}
