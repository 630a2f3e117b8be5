package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestExitLeavesNothingBehind leaves the log without scripts, and presses Back.
func TestExitLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	log := "/patients/" + string(person.Patient(t, "adult")) + "/log"
	if !strings.Contains(b.page(log), `href="/exit"`) {
		t.Fatal("the log has no exit")
	}
	leave := func(from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/exit", nil)
		r.Header.Set("Sec-Fetch-Site", from)
		return b.do(r)
	}
	leave("cross-site")
	if w := b.get(log); w.Code != http.StatusOK {
		t.Fatalf("another site's link signs somebody out: %d", w.Code)
	}
	token := b.cookies[sessionCookie]
	w := leave("same-origin")
	if location(t, w) != neutral || w.Header().Get("Clear-Site-Data") != `"cache"` || w.Header().Get("Cache-Control") != noStore {
		t.Errorf("leaving answers %v", w.Header())
	}
	if got := location(t, b.get(log)); got != "/signin" {
		t.Errorf("Back leads to %s", got)
	}
	b.cookies[sessionCookie] = token // a browser that kept its cookie
	if got := location(t, b.get(log)); got != "/signin" {
		t.Error("the session goes on on the server")
	}
}
