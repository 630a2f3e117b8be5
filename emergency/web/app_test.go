package web

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/carrier"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/passkey/passkeytest"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/static"
)

// app is a whole house with its HTTP edge: real service, real store, a clock that the test moves, a log that the test reads.
type app struct {
	*emergencytest.App
	*Server
	logged *lines
}

// lines is what was logged.
type lines struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// newApp starts a house; change may alter its configuration.
func newApp(t *testing.T, change ...func(*Config)) *app {
	t.Helper()
	house := emergencytest.NewApp(t)
	logged := &lines{}
	config := houseConfig(t, house)
	config.Logger = slog.New(slog.NewJSONHandler(logged, nil))
	for _, each := range change {
		each(&config)
	}
	server, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return &app{house, server, logged}
}

// The words and the files are the same in every house, and making them costs more than most tests.
var (
	catalogOfAll = sync.OnceValues(func() (*locale.Catalog, error) { return locale.Load(static.Locales()) })
	assetsOfAll  = sync.OnceValues(func() (*static.Assets, error) {
		catalogue, err := terms.Load()
		if err != nil {
			return nil, err
		}
		return NewAssets(catalogue, summary.Dictionary())
	})
)

func houseConfig(t testing.TB, house *emergencytest.App) Config {
	t.Helper()
	catalog, err := catalogOfAll()
	if err != nil {
		t.Fatal(err)
	}
	assets, err := assetsOfAll()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Service: house.Service, Assets: assets, Catalog: catalog, Terms: house.Terms, Log: house.Log, URL: emergencytest.URL,
		Words: carrier.Words{Catalog: catalog, Terms: house.Terms}, Ready: house.Ready, Now: house.Clock.Now}
}

// browser is somebody's browser: it keeps cookies and follows no redirect.
type browser struct {
	t       testing.TB
	app     *app
	cookies map[string]string
	from    string // address and port
	lang    string
	keys    *passkeytest.Authenticator
}

func (a *app) browser(t testing.TB) *browser {
	return &browser{t: t, app: a, cookies: map[string]string{}, from: "198.51.100.7:4711", keys: emergencytest.NewAuthenticator()}
}

// signedIn is the browser of somebody who has an account, a passkey and a recovery code.
func (a *app) signedIn(t testing.TB, name string) (*browser, *emergencytest.Person) {
	person := a.SignUp(t, name)
	b := a.browser(t)
	b.keys = person.Authenticator
	b.cookies[sessionCookie] = person.Token
	return b, person
}

// do sends a request as this browser would.
func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	r.Host = "localhost:8080"
	r.RemoteAddr = b.from
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if b.lang != "" {
		r.Header.Set("Accept-Language", b.lang)
	}
	w := httptest.NewRecorder()
	b.app.Handler().ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
	return w
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept", "text/html")
	return b.do(r)
}

func (b *browser) form(path string, values url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) post(path string, body any) *httptest.ResponseRecorder {
	text, isText := body.(string)
	if !isText {
		encoded, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		text = string(encoded)
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// page gets a page that must be there.
func (b *browser) page(path string) string {
	b.t.Helper()
	w := b.get(path)
	if w.Code != http.StatusOK {
		b.t.Fatalf("GET %s: %d\n%s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// answer decodes a JSON answer of the given status.
func (b *browser) answer(w *httptest.ResponseRecorder, status int) map[string]any {
	b.t.Helper()
	if w.Code != status {
		b.t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		b.t.Fatalf("no JSON: %v: %s", err, w.Body)
	}
	return answer
}

// ceremony runs both halves of a passkey ceremony and returns the last answer.
func (b *browser) ceremony(path string, request map[string]any, touch func(options []byte) ([]byte, error)) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.finish(path, b.begin(path, request), touch)
}

// begin is the first half.
func (b *browser) begin(path string, request map[string]any) map[string]any {
	b.t.Helper()
	return b.answer(b.post(path+"/begin", request), http.StatusOK)
}

// finish is the second half.
func (b *browser) finish(path string, begun map[string]any, touch func(options []byte) ([]byte, error)) *httptest.ResponseRecorder {
	b.t.Helper()
	options, err := json.Marshal(map[string]any{"publicKey": begun["publicKey"]})
	if err != nil {
		b.t.Fatal(err)
	}
	credential, err := touch(options)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.post(path+"/finish", map[string]any{"ceremony": begun["ceremony"], "credential": json.RawMessage(credential)})
}

// approve approves an act with the browser's passkey.
func (b *browser) approve(action emergency.Action) *httptest.ResponseRecorder {
	b.t.Helper()
	request := map[string]any{"kind": action.Kind, "target": action.Target}
	if action.Body != nil {
		request["body"] = action.Body
	}
	return b.ceremony("/v1/approve", request, b.keys.Get)
}

var discard = slog.New(slog.NewTextHandler(io.Discard, nil))
