package web

import (
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
)

// witnessVKey is the vkey of a made-up witness.
func witnessVKey(t *testing.T, name string) string {
	t.Helper()
	w, err := audit.NewWitness(name, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return w.String()
}

// testify keeps what a witness says about the first epoch.
func (a *app) testify(t *testing.T, said audit.Testimony) {
	t.Helper()
	said.Epoch = 1
	if err := a.Store.Testify(t.Context(), said, nil, nil); err != nil {
		t.Fatal(err)
	}
}

func (a *app) metricsText() string {
	w := httptest.NewRecorder()
	a.Private().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestThePublicPageSaysHowTheLogStands(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Policy.Life = 4 * 365 * 24 * time.Hour })
	b := app.browser(t)
	if w := b.get("/audit"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), app.Catalog.T("en", "audit.witnesses.none")) {
		t.Errorf("before anything: %d", w.Code)
	}
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := app.Clock.Now()
	app.testify(t, audit.Testimony{Witness: witnessVKey(t, "witness.example/seen"), Size: 1, SignedAt: now.Add(-49 * time.Hour), AskedAt: now})
	app.testify(t, audit.Testimony{Witness: witnessVKey(t, "witness.example/never"), AskedAt: now})
	app.testify(t, audit.Testimony{Witness: witnessVKey(t, "witness.example/gone"), SignedAt: now.Add(-30 * 24 * time.Hour), AskedAt: now.Add(-25 * time.Hour)})
	for _, lang := range app.Catalog.Languages() {
		b.lang = lang.Code
		page := b.get("/audit").Body.String()
		age := app.Catalog.Format(lang.Code, map[string]any{"count": 2, "unit": "day"})
		life := app.Catalog.Format(lang.Code, map[string]any{"count": 4 * 365, "unit": "day"})
		for _, want := range []string{app.House.Log.VKey(), "witness.example/seen", "witness.example/never", age, life, app.Catalog.T(lang.Code, "audit.never"),
			"locket audit verify --url", `dir="` + lang.Dir + `"`} {
			if !strings.Contains(page, strings.NewReplacer("+", "&#43;").Replace(want)) {
				t.Errorf("%s: the page does not say %q", lang.Code, want)
			}
		}
		for _, never := range []string{"witness.example/gone", app.Catalog.T(lang.Code, "audit.alarm"), app.Catalog.T(lang.Code, "audit.earlier.text"), "<script"} {
			if strings.Contains(page, never) {
				t.Errorf("%s: the page says %q", lang.Code, never)
			}
		}
	}

	b.lang = "en"
	app.testify(t, audit.Testimony{Witness: witnessVKey(t, "witness.example/seen"), Size: 1500, SignedAt: now, AskedAt: now, Alarm: audit.AlarmAhead})
	page := b.get("/audit").Body.String()
	for _, want := range []string{"audit.alarm", "audit.alarm.refusing", "audit.cause.witness_ahead"} {
		if !strings.Contains(page, app.Catalog.T("en", want)) {
			t.Errorf("with an alarm: the page does not say %s", want)
		}
	}
	if !strings.Contains(b.get("/").Body.String(), `href="/audit"`) {
		t.Error("the first page does not lead to the public log")
	}
}

// TestReadinessNamesWhoWatches: what is wrong with the log is said to operators, and keeps nobody out.
func TestReadinessNamesWhoWatches(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b := app.browser(t)
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := b.answer(b.get("/readyz"), http.StatusOK)
	if _, found := ready["witness_age_s"]; found || ready["check"] != "none" || ready["log"] != "ok" {
		t.Errorf("before anybody watched: %v", ready)
	}
	if text := app.metricsText(); strings.Contains(text, "locket_log_check_ok") || !strings.Contains(text, "locket_log_refusing 0") {
		t.Errorf("before anybody watched:\n%s", text)
	}

	if _, err := app.House.SelfCheck(t.Context(), app.Clock.Now, 0); err != nil {
		t.Fatal(err)
	}
	now := app.Clock.Now()
	one, two := witnessVKey(t, "witness.example/one"), witnessVKey(t, "witness.example/two")
	app.testify(t, audit.Testimony{Witness: one, Size: 1, SignedAt: now.Add(-time.Hour), AskedAt: now})
	app.testify(t, audit.Testimony{Witness: two, Size: 1, SignedAt: now.Add(-time.Minute), AskedAt: now})
	app.Clock.Add(time.Minute)
	ready = b.answer(b.get("/readyz"), http.StatusOK)
	if ready["witness_age_s"] != 120.0 || ready["check"] != "ok" || ready["checked_age_s"] != 60.0 || ready["log"] != "ok" {
		t.Errorf("all is well: %v", ready)
	}

	app.testify(t, audit.Testimony{Witness: one, Size: 9, SignedAt: now, AskedAt: now, Alarm: audit.AlarmFork})
	app.testify(t, audit.Testimony{Witness: audit.SelfCheck, Size: 1, SignedAt: now, AskedAt: now.Add(time.Minute), Alarm: audit.AlarmCheck})
	ready = b.answer(b.get("/readyz"), http.StatusOK)
	if ready["ready"] != true || ready["check"] != "failing" || ready["log"] != "refusing" {
		t.Errorf("all is wrong: %v", ready)
	}
	text := app.metricsText()
	for _, want := range []string{`locket_log_alarm{cause="witness_fork"} 1`, `locket_log_alarm{cause="check"} 1`, `locket_log_alarm{cause="witness_ahead"} 0`,
		"locket_log_refusing 1", "locket_log_check_ok 0", "locket_log_check_timestamp_seconds ", `locket_log_witness_timestamp_seconds{witness="witness.example/two"} `} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}
