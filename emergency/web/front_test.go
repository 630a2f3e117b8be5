package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// headersOf are the headers that can tell two answers apart.
func headersOf(w *httptest.ResponseRecorder) string {
	var out bytes.Buffer
	if err := w.Header().Write(&out); err != nil {
		return err.Error()
	}
	return out.String()
}

func TestUnknownRevokedAndMalformedCardsAnswerAlike(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	active, revoked := person.Issue(t, patient), person.Issue(t, patient)
	if err := app.Server.Service.RevokeCard(t.Context(), person.Caller(t), patient, revoked.ID); err != nil {
		t.Fatal(err)
	}
	unknown := cards.ID{1, 2, 3}
	stranger := app.browser(t)
	type shape struct {
		code          int
		headers, body string
	}
	of := func(w *httptest.ResponseRecorder) shape { return shape{w.Code, headersOf(w), w.Body.String()} }

	want := of(stranger.get("/c/" + active.ID.String()))
	for _, id := range []string{revoked.ID.String(), unknown.String(), "x", strings.Repeat("A", 500), "%3Cscript%3E", active.ID.String() + "A"} {
		if got := of(stranger.get("/c/" + id)); got != want {
			t.Errorf("the front of %.40q differs from that of an active card", id)
		}
	}

	// The glass: every wrong try is one answer, but for the number of the request.
	secret := "AAAAAAAAAAAAAAAAAAAAAA"
	tries := map[string]string{"wrong secret": active.ID.String(), "revoked": revoked.ID.String(), "unknown": unknown.String(), "malformed": "x"}
	var first map[string]any
	for name, id := range tries {
		w := stranger.post("/v1/cards/"+id+"/open", map[string]any{"secret": secret, "step": "critical", "reason": "unconscious"})
		answer := stranger.answer(w, http.StatusNotFound)
		delete(answer, "instance")
		if answer["code"] != "no_card" {
			t.Errorf("%s: the code is %v", name, answer["code"])
		}
		if first == nil {
			first = answer
		} else if string(mustJSON(first)) != string(mustJSON(answer)) {
			t.Errorf("%s: %v differs from %v", name, answer, first)
		}
	}

	// The status: unknown, malformed, and a card whose front the asker does not hold.
	for _, id := range []string{active.ID.String(), unknown.String(), "x"} {
		if got := stranger.status(id, [16]byte{9}); got != "unknown" {
			t.Errorf("the status of %q without its front is %v", id, got)
		}
	}
}

// faulty is a service of which some methods fail.
type faulty struct {
	Service
	scan func(context.Context) error
	open error
}

func (f faulty) Scan(ctx context.Context, c emergency.Caller, id cards.ID) error {
	if f.scan != nil {
		return f.scan(ctx)
	}
	return f.Service.Scan(ctx, c, id)
}

func (f faulty) Open(ctx context.Context, c emergency.Caller, r emergency.OpenRequest) (emergency.Opened, error) {
	if f.open != nil {
		return emergency.Opened{}, f.open
	}
	return f.Service.Open(ctx, c, r)
}

func TestTheFrontNeverLocks(t *testing.T) {
	t.Parallel()
	card := cards.ID{7}
	for name, scan := range map[string]func(context.Context) error{
		"the store fails": func(context.Context) error { return errors.New("disk full") },
		"the log hangs": func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := newApp(t, func(c *Config) { c.Service = faulty{Service: c.Service, scan: scan} })
			if w := app.browser(t).get("/c/" + card.String()); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "js/reader/main.js") {
				t.Errorf("the front answers %d", w.Code)
			}
		})
	}
	t.Run("guessers are slowed, fronts are not", func(t *testing.T) {
		app := newApp(t, func(c *Config) { c.Limits = Limits{Everybody: Rate{5, time.Hour}, ShortCode: Rate{2, time.Hour}} })
		guesser := app.browser(t)
		slowed := 0
		for range 10 {
			if w := guesser.post("/v1/short-code", `{"code":"2222-2222-2222"}`); w.Code == http.StatusTooManyRequests {
				slowed++
				if w.Header().Get("Retry-After") == "" {
					t.Error("a 429 does not say when to try again")
				}
			}
		}
		if slowed != 8 {
			t.Errorf("%d of 10 guesses were slowed, want 8", slowed)
		}
		for i := range 100 {
			if w := guesser.get(fmt.Sprintf("/c/%d", i)); w.Code != http.StatusOK {
				t.Fatalf("the front is refused to a guesser: %d", w.Code)
			}
		}
		somebody := app.browser(t)
		somebody.from = "203.0.113.9:1"
		if w := somebody.post("/v1/short-code", `{"code":"2222-2222-2222"}`); w.Code != http.StatusNotFound {
			t.Errorf("somebody else is slowed too: %d", w.Code)
		}
	})
}

// TestNoLogNoData: when the log cannot be written the answer is a refusal with what to do, and nothing of the record.
func TestNoLogNoData(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Service = faulty{Service: c.Service, open: emergency.ErrLogUnavailable} })
	_, person := app.signedIn(t, "Ada Example")
	issued := person.Issue(t, person.Patient(t, "adult"))
	b := app.browser(t)
	b.lang = "es"
	w := b.open(issued.Address, "unconscious", "")
	answer := b.answer(w, http.StatusServiceUnavailable)
	if answer["code"] != "log_unavailable" || !strings.Contains(answer["detail"].(string), "tarjeta") || w.Header().Get("Retry-After") == "" {
		t.Errorf("the refusal does not say what to do: %v", answer)
	}
	if strings.Contains(w.Body.String(), "Hartwell") {
		t.Error("something of the record leaves without an entry")
	}
}

func TestTheReaderPageIsSmallAndCompressed(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	r := httptest.NewRequest("GET", "/c/x", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	r.Header.Set("Accept-Language", "ja")
	w := app.browser(t).do(r)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > 14<<10 {
		t.Fatalf("%s, %d bytes", w.Header().Get("Content-Encoding"), w.Body.Len())
	}
	unpacked, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(unpacked)
	if err != nil || !bytes.Contains(page, []byte(`<html lang="ja"`)) {
		t.Errorf("the page is not the Japanese one: %v", err)
	}
	if got := app.browser(t).page("/c/x?lang=ar"); !strings.Contains(got, `<html lang="ar" dir="rtl"`) {
		t.Error("?lang=ar does not give the Arabic page")
	}
}

func TestALimitCannotBeLiedTo(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) {
		c.Limits = Limits{ShortCode: Rate{2, time.Hour}}
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	guess := func(peer, forwarded string) int {
		r := httptest.NewRequest("POST", "/v1/short-code", strings.NewReader(`{"code":"2222-2222-2222"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Forwarded-For", forwarded)
		b := app.browser(t)
		b.from = peer
		return b.do(r).Code
	}
	for _, test := range []struct{ name, peer, pattern string }{
		{"a client that makes up hops", "203.0.113.1:1", "198.51.100.%d"},
		{"a client behind our proxy that makes up hops", "10.0.0.1:1", "198.51.100.%d, 203.0.113.2"},
		{"a client with a whole IPv6 network", "10.0.0.1:1", "2001:db8::%d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused := 0
			for i := range 6 {
				if guess(test.peer, fmt.Sprintf(test.pattern, i+1)) == http.StatusTooManyRequests {
					refused++
				}
			}
			if refused != 4 {
				t.Errorf("%d of 6 guesses were slowed, want 4", refused)
			}
		})
	}
}
