package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	var failing error
	app := newApp(t, func(c *Config) { c.Ready = func(context.Context) error { return failing } })
	b := app.browser(t)
	if w := b.get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("/healthz: %d", w.Code)
	}
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := b.answer(b.get("/readyz"), http.StatusOK)
	if ready["ready"] != true || ready["store"] != "ok" || ready["log"] != "ok" {
		t.Errorf("/readyz: %v", ready)
	}
	failing = errors.New("the disk of hunter2 is full")
	w := b.get("/readyz")
	if unready := b.answer(w, http.StatusServiceUnavailable); unready["store"] != "failing" {
		t.Errorf("/readyz with a failing store: %v", unready)
	}
	if strings.Contains(w.Body.String(), "hunter2") {
		t.Error("/readyz tells everybody the text of an error")
	}
}

func TestMetricsArePrivate(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	if w := app.browser(t).get("/metrics"); w.Code != http.StatusNotFound {
		t.Errorf("the public listener answers /metrics with %d", w.Code)
	}
	private := httptest.NewRecorder()
	app.Private().ServeHTTP(private, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`locket_http_requests_total{method="GET",route="none",status="404"} 1`, "locket_log_published_entries"} {
		if !strings.Contains(private.Body.String(), want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
	for _, path := range []string{"/", "/home", "/c/x"} {
		w := httptest.NewRecorder()
		app.Private().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("the private listener answers %s with %d", path, w.Code)
		}
	}
}

// TestProblemsSpeakTheReadersLanguage asks for something that is not there as a page and as JSON, in every language.
func TestProblemsSpeakTheReadersLanguage(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	for _, lang := range app.Catalog.Languages() {
		b := app.browser(t)
		b.lang = lang.Code
		title := app.Catalog.T(lang.Code, "error.not_found")
		page := b.get("/nothing")
		if page.Code != http.StatusNotFound || !strings.Contains(page.Body.String(), title) || !strings.Contains(page.Body.String(), `dir="`+lang.Dir+`"`) {
			t.Errorf("%s: the page: %d", lang.Code, page.Code)
		}
		w := b.post("/v1/nothing", `{}`)
		answer := b.answer(w, http.StatusNotFound)
		if answer["title"] != title || answer["code"] != "not_found" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: the problem: %v", lang.Code, answer)
		}
	}
}

// TestTheLanguageIsRemembered: ?lang= chooses it, the console's cookie keeps it, a name that is no language changes nothing.
func TestTheLanguageIsRemembered(t *testing.T) {
	t.Parallel()
	b := newApp(t).browser(t)
	if !strings.Contains(b.page("/?lang=ja"), `lang="ja"`) || !strings.Contains(b.page("/signup"), `<html lang="ja"`) {
		t.Error("Japanese is not kept")
	}
	if !strings.Contains(b.page("/c/x"), `<html lang="en"`) {
		t.Error("the console's cookie changes what a finder reads")
	}
	b.cookies[langCookie] = "no-language-of-ours"
	if !strings.Contains(b.page("/"), `<html lang="en"`) {
		t.Error("a cookie that is no language does not fall back")
	}
}
