package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

const linkPasscode = "correct horse"

// linked is a patient with a SMART Health Link, and the software of a hospital that has it.
type linked struct {
	*app
	person   *emergencytest.Person
	patient  emergency.PatientID
	issued   emergency.Issued
	link     shl.Link
	hospital *browser
}

func newLinked(t *testing.T, change ...func(*Config)) linked {
	t.Helper()
	app := newApp(t, change...)
	_, person := app.signedIn(t, "Ada Example")
	l := linked{app: app, person: person, patient: person.Patient(t, "adult"), hospital: app.browser(t)}
	l.hospital.from = "203.0.113.20:1"
	var err error
	l.issued, err = app.House.Service.IssueCard(t.Context(), person.Caller(t), l.patient,
		emergency.CardChoices{Carrier: emergency.CarrierSHL, Link: emergency.LinkChoices{Passcode: linkPasscode}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if l.link, err = shl.Parse(l.issued.Link.URI); err != nil {
		t.Fatal(err)
	}
	return l
}

// ask posts a request for the manifest, as a page of another origin does.
func (l linked) ask(body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", strings.TrimPrefix(l.link.URL, emergencytest.URL), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "https://viewer.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return l.hospital.do(r)
}

func (l linked) file(url string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", strings.TrimPrefix(url, emergencytest.URL), nil)
	r.Header.Set("Origin", "https://viewer.example")
	return l.hospital.do(r)
}

// manifest reads a manifest with one file in it.
func (l linked) manifest(t *testing.T, w *httptest.ResponseRecorder) shl.File {
	t.Helper()
	var manifest shl.Manifest
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("the manifest: %d %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &manifest); err != nil || len(manifest.Files) != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return manifest.Files[0]
}

// readSummary opens a sealed file, which must be a summary of the patient.
func (l linked) readSummary(t *testing.T, sealed string) {
	t.Helper()
	kind, document, err := shl.Decrypt(l.link.Key, sealed)
	if err != nil || kind != shl.TypeFHIR {
		t.Fatalf("the file does not open: %s, %v", kind, err)
	}
	for _, want := range []string{`"resourceType":"Bundle"`, "Hartwell"} {
		if !strings.Contains(string(document), want) {
			t.Errorf("the summary lacks %s", want)
		}
	}
}

// entries are the patient's entries of a type.
func (l linked) entries(t *testing.T, kind audit.Type) (events []audit.Event) {
	t.Helper()
	view, err := l.Server.Service.History(t.Context(), l.person.Caller(t), l.patient, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range view.Entries {
		if entry.Event.Type == kind {
			events = append(events, entry.Event)
		}
	}
	return events
}

// TestALinkOpensForHospitalSoftware goes the way of a viewer of another origin: the question, the manifest, the file inside it or where it says, once.
func TestALinkOpensForHospitalSoftware(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	preflight := l.hospital.do(httptest.NewRequest("OPTIONS", strings.TrimPrefix(l.link.URL, emergencytest.URL), nil))
	if preflight.Code != http.StatusNoContent || preflight.Header().Get("Access-Control-Allow-Headers") != "content-type" ||
		!strings.Contains(preflight.Header().Get("Access-Control-Allow-Methods"), "POST") {
		t.Errorf("the question before: %d %v", preflight.Code, preflight.Header())
	}

	embedded := l.ask(`{"recipient":"Hospital of Example","passcode":"` + linkPasscode + `"}`)
	if cors, cache := embedded.Header().Get("Access-Control-Allow-Origin"), embedded.Header().Get("Cache-Control"); cors != "*" || cache != noStore {
		t.Errorf("Access-Control-Allow-Origin %q, Cache-Control %q", cors, cache)
	}
	file := l.manifest(t, embedded)
	if file.Location != "" || file.ContentType != shl.TypeFHIR {
		t.Errorf("the file is at %q, %s", file.Location, file.ContentType)
	}
	l.readSummary(t, file.Embedded)

	file = l.manifest(t, l.ask(`{"recipient":"Hospital of Example","passcode":"`+linkPasscode+`","embeddedLengthMax":10}`))
	if file.Embedded != "" || !strings.HasPrefix(file.Location, emergencytest.URL+"/shl/file/") {
		t.Fatalf("the file is at %q", file.Location)
	}
	head := l.hospital.do(httptest.NewRequest("HEAD", strings.TrimPrefix(file.Location, emergencytest.URL), nil))
	if allow := head.Header().Get("Allow"); head.Code != http.StatusMethodNotAllowed || !strings.Contains(allow, "GET") || strings.Contains(allow, "HEAD") {
		t.Errorf("HEAD of a file: %d, Allow %q", head.Code, allow)
	}
	if n := len(l.entries(t, audit.GlassReopened)); n != 0 {
		t.Errorf("HEAD of a file is logged as %d openings", n)
	}
	w := l.file(file.Location)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != jose || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("the file: %d %v", w.Code, w.Header())
	}
	l.readSummary(t, w.Body.String())
	if w := l.file(file.Location); w.Code != http.StatusNotFound {
		t.Errorf("the file a second time: %d", w.Code)
	}
	opened := l.entries(t, audit.GlassOpened)
	if len(opened) != 2 || opened[0].Actor.Name != "Hospital of Example" || opened[0].Actor.Verified != audit.Claimed || len(l.entries(t, audit.GlassReopened)) != 1 {
		t.Errorf("the log says %+v", opened)
	}
}

func TestALinkTellsAGuesserHowManyTriesAreLeft(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	wrong := l.ask(`{"recipient":"Hospital of Example","passcode":"wrong horse"}`)
	if wrong.Code != http.StatusUnauthorized || wrong.Header().Get("Access-Control-Allow-Origin") != "*" || wrong.Header().Get("Content-Type") != "application/json" ||
		wrong.Body.String() != `{"remainingAttempts":99}` {
		t.Errorf("a wrong passcode: %d %s", wrong.Code, wrong.Body)
	}
	for name, body := range map[string]string{"no recipient": `{"passcode":"x"}`, "no JSON": `passcode`, "a list": `[]`} {
		if w := l.ask(body); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "Hartwell") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	l.manifest(t, l.ask(`{"recipient":"Hospital of Example","passcode":"`+linkPasscode+`"}`))
	if refused := l.entries(t, audit.GlassRefused); len(refused) != 1 || refused[0].Details["cause"] != "wrong_passcode" {
		t.Errorf("the log says %+v", refused)
	}
}

func TestARevokedLinkIsAsIfItHadNeverBeen(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	right := `{"recipient":"Hospital of Example","passcode":"` + linkPasscode + `"}`
	waiting := l.manifest(t, l.ask(`{"recipient":"Hospital of Example","passcode":"`+linkPasscode+`","embeddedLengthMax":10}`)).Location
	if err := l.Server.Service.RevokeCard(t.Context(), l.person.Caller(t), l.patient, l.issued.ID); err != nil {
		t.Fatal(err)
	}
	revoked := l.ask(right)
	if w := l.file(waiting); w.Code != http.StatusNotFound {
		t.Errorf("a file of a revoked link: %d", w.Code)
	}
	l.link.URL = emergencytest.URL + "/shl/" + strings.Repeat("A", 43)
	unknown := l.ask(right)
	if revoked.Code != http.StatusNotFound || unknown.Code != http.StatusNotFound {
		t.Errorf("revoked: %d, unknown: %d", revoked.Code, unknown.Code)
	}
	if a, b := problemOf(t, revoked), problemOf(t, unknown); a != b {
		t.Errorf("a revoked link answers %s, an unknown one %s", a, b)
	}
}

// problemOf is a problem without the number of its request.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	delete(answer, "instance")
	return string(mustJSON(answer))
}

// TestWhoeverIsSlowedReadsForHowLong: a page of another origin that tries too often may read why it is turned away, and for how long.
func TestWhoeverIsSlowedReadsForHowLong(t *testing.T) {
	t.Parallel()
	l := newLinked(t, func(c *Config) { c.Limits.Open = Rate{1, time.Hour} })
	l.ask(`{}`)
	w := l.ask(`{}`)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Fatalf("%d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	for name, want := range map[string]string{"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestNoLogNoDataThroughALink: when the entry cannot be written, neither the manifest nor the file leaves.
func TestNoLogNoDataThroughALink(t *testing.T) {
	t.Parallel()
	l := newLinked(t)
	location := l.manifest(t, l.ask(`{"recipient":"Hospital of Example","passcode":"`+linkPasscode+`","embeddedLengthMax":10}`)).Location
	l.Server.Service = unlogged{l.Server.Service}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"manifest": l.ask(`{"recipient":"Hospital of Example","passcode":"` + linkPasscode + `"}`),
		"file":     l.file(location),
	} {
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "embedded") {
			t.Errorf("the %s answers %d: %s", name, w.Code, w.Body)
		}
	}
}

// unlogged is a service whose log cannot be written.
type unlogged struct{ Service }

func (unlogged) OpenLink(context.Context, emergency.Caller, emergency.LinkRequest) (emergency.OpenedLink, error) {
	return emergency.OpenedLink{}, emergency.ErrLogUnavailable
}

func (unlogged) OpenLinkFile(context.Context, emergency.Caller, string) (emergency.OpenedLink, error) {
	return emergency.OpenedLink{}, emergency.ErrLogUnavailable
}

// TestHospitalSoftwareReadsARecord: what breaks the glass, and the keeper's own copy, come as a document where that is asked for.
func TestHospitalSoftwareReadsARecord(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued := person.Issue(t, id)
	person.Edit(t, id, summary.Item{Section: section.PrivateNotes, Note: "Nobody reads this"})
	person.Edit(t, id, summary.Item{Section: section.Conditions, Text: "Hidden from everybody", Hidden: true})
	r := openAs(app.browser(t), issued, fhir)
	own := b.get("/patients/" + string(id) + "/ips.json")
	for name, w := range map[string]*httptest.ResponseRecorder{"the glass": r, "the keeper's copy": own} {
		var document struct{ ResourceType, Type string }
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != fhir || w.Header().Get("Cache-Control") != noStore {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		} else if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || document.ResourceType != "Bundle" || document.Type != "document" {
			t.Errorf("%s: %+v, %v", name, document, err)
		}
		for _, floor := range []string{"Nobody reads this", "Hidden from everybody"} {
			if strings.Contains(w.Body.String(), floor) {
				t.Errorf("%s says what only the patient may see: %q", name, floor)
			}
		}
	}
	if got := own.Header().Get("Content-Disposition"); !strings.Contains(got, "ips.json") {
		t.Errorf("the keeper's copy is called %q", got)
	}
	before, _ := app.House.Service.History(t.Context(), person.Caller(t), id, 0, 500)
	for i, want := range []audit.Type{audit.GlassOpened, audit.DataExported} {
		if got := before.Entries[len(before.Entries)-2+i].Event.Type; got != want {
			t.Errorf("a document left without its entry: %s, want %s", got, want)
		}
	}
	w := openAs(app.browser(t), emergency.Issued{ID: issued.ID}, fhir)
	if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), "Bundle") {
		t.Errorf("without the card's secret: %d", w.Code)
	}
}

// openAs breaks the glass and asks for a type of content.
func openAs(b *browser, issued emergency.Issued, kind string) *httptest.ResponseRecorder {
	request := emergencytest.OpenRequest(issued)
	body := mustJSON(map[string]any{"secret": base64.RawURLEncoding.EncodeToString(request.Secret), "step": request.Step, "reason": request.Reason, "role": request.Role, "name": request.Name})
	r := httptest.NewRequest("POST", "/v1/cards/"+issued.ID.String()+"/open", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", kind)
	return b.do(r)
}
