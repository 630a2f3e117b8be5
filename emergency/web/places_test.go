package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

func TestPlaces(t *testing.T) {
	for name, test := range map[string]struct {
		n      int
		taken  room
		places int // that the room finds
		open   []room
		shut   []room
	}{
		"common work leaves what is kept": {16, common, 12, []room{free, urgent, long}, []room{common}},
		"breaking the glass takes both":   {16, urgent, 14, []room{free, long}, []room{common, urgent}},
		"long work has its own":           {16, long, 2, []room{free, common, urgent}, []room{long}},
		"nothing fills a free room":       {16, free, 100, []room{free, common, urgent, long}, nil},
		"a small house has one of each":   {1, common, 1, []room{free, urgent, long}, []room{common}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlaces(test.n)
			var leave func()
			for i := range test.places {
				var err error
				if leave, err = p.take(test.taken); err != nil {
					t.Fatalf("place %d of %d: %v", i+1, test.places, err)
				}
			}
			for _, r := range test.shut {
				if _, err := p.take(r); !errors.Is(err, emergency.ErrBusy) {
					t.Errorf("room %d: %v, want ErrBusy", r, err)
				}
			}
			for _, r := range test.open {
				back, err := p.take(r)
				if err != nil {
					t.Fatalf("room %d: %v", r, err)
				}
				back()
			}
			leave()
			if _, err := p.take(test.taken); err != nil {
				t.Errorf("a place that was given back is not to be had: %v", err)
			}
		})
	}
}

// trickle is a body of which nothing more comes until it is cut.
type trickle struct {
	waited chan<- struct{} // told that somebody waits for it
	cut    <-chan struct{}
}

func (b trickle) Read([]byte) (int, error) {
	b.waited <- struct{}{}
	<-b.cut
	return 0, io.ErrUnexpectedEOF
}

// TestSlowBodiesHoldNoPlace begins more requests than there are places, whose bodies never come, on every route that takes one.
func TestSlowBodiesHoldNoPlace(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.MaxInFlight, c.Limits.Off = 1, true })
	signed, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	issued := person.Issue(t, patient)
	waited, cut, answered := make(chan struct{}), make(chan struct{}), make(chan int)
	begun := 0
	for _, route := range routes {
		if route.methods[0] != http.MethodPost {
			continue
		}
		path := strings.NewReplacer("{patient}", string(patient), "{card}", issued.ID.String(), "{id}", issued.ID.String(), "{section}", "allergies",
			"{token:[A-Za-z0-9_-]{43}}", strings.Repeat("A", 43)).Replace(route.pattern)
		r := httptest.NewRequest("POST", path, trickle{waited, cut})
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if strings.HasPrefix(path, "/v1/") {
			r.Header.Set("Content-Type", "application/json")
		}
		b := app.browser(t)
		if route.access == limited || route.access == member {
			b.cookies = map[string]string{sessionCookie: signed.cookies[sessionCookie]}
		}
		go func() { answered <- b.do(r).Code }()
		select {
		case <-waited:
			begun++
		case code := <-answered:
			if route.room != long { // of which the first has the only place
				t.Errorf("%s is refused while others send slowly: %d", route.name, code)
			}
		}
	}
	if begun < 20 {
		t.Errorf("%d slow bodies, want more", begun)
	}
	for _, path := range []string{"/", "/c/" + issued.ID.String(), "/healthz", "/readyz", "/code"} {
		if w := app.browser(t).get(path); w.Code != http.StatusOK {
			t.Errorf("GET %s beside %d slow bodies: %d", path, begun, w.Code)
		}
	}
	if w := app.browser(t).open(issued.Address, "unconscious", ""); w.Code != http.StatusOK {
		t.Errorf("breaking the glass beside %d slow bodies: %d", begun, w.Code)
	}
	close(cut)
	for range begun {
		if code := <-answered; code != http.StatusBadRequest {
			t.Errorf("a body that was cut short: %d, want 400", code)
		}
	}
}

// stuck is a service whose answer to a question of status does not come until it is let go.
type stuck struct {
	Service
	entered chan<- struct{}
	letGo   <-chan struct{}
}

func (s stuck) Status(context.Context, emergency.Caller, cards.ID, []byte, string) (emergency.CardStatus, error) {
	s.entered <- struct{}{}
	<-s.letGo
	return emergency.CardStatus{Status: emergency.StatusUnknown}, nil
}

// TestAFullServerKeepsAShareForTheGlass: while all common places are taken, other work is refused; fronts, health and breaking the glass are not.
func TestAFullServerKeepsAShareForTheGlass(t *testing.T) {
	t.Parallel()
	entered, letGo, done := make(chan struct{}), make(chan struct{}), make(chan any)
	app := newApp(t, func(c *Config) { c.MaxInFlight, c.Service = 1, stuck{c.Service, entered, letGo} })
	_, person := app.signedIn(t, "Ada Example")
	issued := person.Issue(t, person.Patient(t, "adult"))
	go func() { done <- app.browser(t).status(issued.ID.String(), [16]byte{1}) }()
	<-entered
	if w := app.browser(t).get("/"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("a full server answers %d", w.Code)
	}
	for _, path := range []string{"/c/" + issued.ID.String(), "/healthz", "/readyz"} {
		if w := app.browser(t).get(path); w.Code != http.StatusOK {
			t.Errorf("a full server answers GET %s with %d", path, w.Code)
		}
	}
	if w := app.browser(t).open(issued.Address, "unconscious", ""); w.Code != http.StatusOK {
		t.Errorf("a full server answers whoever breaks the glass with %d", w.Code)
	}
	close(letGo)
	if got := <-done; got != "unknown" {
		t.Errorf("the work under way came to %v", got)
	}
	if w := app.browser(t).get("/"); w.Code != http.StatusOK {
		t.Errorf("a server that is free again answers %d", w.Code)
	}
}

// searching is a service in which a search in a log does not come to an end until it is said how it ends.
type searching struct {
	Service
	entered chan<- struct{}
	ends    <-chan error
}

func (s searching) History(ctx context.Context, c emergency.Caller, id emergency.PatientID, after uint64, limit int) (emergency.HistoryView, error) {
	if after == 0 && limit > 1 {
		s.entered <- struct{}{}
		if err := <-s.ends; err != nil {
			return emergency.HistoryView{}, err
		}
	}
	return s.Service.History(ctx, c, id, after, limit)
}

// TestASearchInALogTakesNoCommonPlace: what a filter reads, by a link or by the form, is long work.
func TestASearchInALogTakesNoCommonPlace(t *testing.T) {
	t.Parallel()
	entered, ends, done := make(chan struct{}), make(chan error), make(chan int)
	app := newApp(t, func(c *Config) { c.MaxInFlight, c.Service = 1, searching{c.Service, entered, ends} })
	b, person := app.signedIn(t, "Ada Example")
	log := "/patients/" + string(person.Patient(t, "adult")) + "/log"
	go func() { done <- b.get(log + "?kind=changed").Code }()
	<-entered
	if w := app.browser(t).get("/"); w.Code != http.StatusOK {
		t.Errorf("beside a search: %d", w.Code)
	}
	second := app.browser(t)
	second.cookies = map[string]string{sessionCookie: person.Token}
	if w := second.get(log + "?kind=looked"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a second search: %d, want 503", w.Code)
	}
	if w := app.browser(t).get("/"); w.Code != http.StatusOK {
		t.Errorf("after a search that was refused: %d", w.Code)
	}
	ends <- emergency.ErrUnpublished
	if code := <-done; code == http.StatusOK {
		t.Error("a search that failed is answered")
	}
	go func() { done <- second.get(log + "?kind=looked").Code }()
	select {
	case <-entered:
	case code := <-done:
		t.Fatalf("the next search came to %d: its place was not given back", code)
	}
	ends <- nil
	if code := <-done; code != http.StatusOK {
		t.Errorf("the next search came to %d", code)
	}
}

// unreadAnswer is the connection of somebody who reads no answer.
type unreadAnswer struct {
	*httptest.ResponseRecorder
	written chan<- struct{}
	letGo   <-chan struct{}
}

func (u unreadAnswer) Write(body []byte) (int, error) {
	u.written <- struct{}{}
	<-u.letGo
	return u.ResponseRecorder.Write(body)
}

func TestSlowReadersHoldNoPlace(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.MaxInFlight = 1 })
	written, letGo, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	for _, accept := range []string{"text/html", "application/json"} {
		r := httptest.NewRequest("GET", "/recover", nil)
		if accept == "application/json" {
			r = httptest.NewRequest("POST", "/v1/short-code", strings.NewReader("{}")) // a refusal
		}
		r.Header.Set("Accept", accept)
		r.RemoteAddr = "198.51.100.7:4711"
		go func() {
			app.Handler().ServeHTTP(unreadAnswer{httptest.NewRecorder(), written, letGo}, r)
			done <- struct{}{}
		}()
		<-written
	}
	if w := app.browser(t).get("/"); w.Code != http.StatusOK {
		t.Errorf("beside somebody who reads slowly: %d", w.Code)
	}
	close(letGo)
	<-done
	<-done
}
