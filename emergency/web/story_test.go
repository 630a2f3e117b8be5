package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/summary"
)

// hidden finds the value of a hidden field.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no hidden field %q", name)
	}
	return found[1]
}

// location is where an answer leads, which must be a redirect after a form.
func location(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("status %d, want a redirect: %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// TestTheWholeStory goes the way of somebody who hears of Locket for the first time, by pages, forms and passkeys alone.
func TestTheWholeStory(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b := app.browser(t)

	// An account, by passkey.
	b.page("/")
	b.page("/signup")
	done := b.answer(b.ceremony("/v1/signup", map[string]any{"name": "Ada Example"}, b.keys.Create), http.StatusOK)
	if done["location"] != "/home" || b.cookies[sessionCookie] == "" {
		t.Fatalf("signing up led to %v with the cookies %v", done, b.cookies)
	}
	b.page("/home")

	// Out, and in again without typing a name.
	location(t, b.form("/signout", nil))
	if got := location(t, b.get("/home")); got != "/signin" {
		t.Errorf("after signing out /home leads to %s", got)
	}
	b.answer(b.ceremony("/v1/signin", map[string]any{}, b.keys.Get), http.StatusOK)

	// A record: one item written, a document imported.
	home := location(t, b.form("/patients/new", url.Values{"name": {"Ada Example"}}))
	b.page(home)
	saved := location(t, b.form(home+"/record/allergies", url.Values{"concept": {"Allergy to penicillin"}, "reactions": {"Anaphylaxis; itching nose"},
		"severity": {"severe"}, "words": {"as a child"}, "date": {"1994"}}))
	list := b.page(saved)
	for _, want := range []string{"llergy to penicillin", "as a child", "itching nose", "severe", "1994"} {
		if !strings.Contains(list, want) {
			t.Errorf("the allergies do not show %q", want)
		}
	}
	preview := b.upload(home+"/import", emergencytest.Load("adult").Bundle)
	if preview.Code != http.StatusOK {
		t.Fatalf("the import answered %d: %s", preview.Code, preview.Body)
	}
	location(t, b.form(home+"/import/confirm", url.Values{"token": {hidden(t, preview.Body.String(), "token")}}))
	record := b.page(home + "/record")
	if !strings.Contains(record, "/documents/") {
		t.Error("the original document is not kept")
	}

	// No card before there is a second way into the account.
	choices := url.Values{"label": {"wallet"}}
	checked := b.form(home+"/cards/preview", choices)
	if checked.Code != http.StatusOK || !strings.Contains(checked.Body.String(), "llergy to penicillin") {
		t.Fatalf("the preview answered %d: %s", checked.Code, checked.Body)
	}
	if w := b.form(home+"/cards", choices); w.Code != http.StatusConflict {
		t.Errorf("a card without a second way in: %d, want 409", w.Code)
	}
	recovery := b.form("/account/recovery", nil)
	if recovery.Code != http.StatusOK {
		t.Fatalf("the recovery code: %d", recovery.Code)
	}
	card := location(t, b.form(home+"/cards", choices))
	cardPage := b.page(card)
	address := regexp.MustCompile(`href="(http://localhost:8080/c/[^"]+)"`).FindStringSubmatch(cardPage)
	if address == nil {
		t.Fatal("the card's page does not show its address")
	}
	parsed, err := cards.ParseAddress(address[1])
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}`).FindString(cardPage)
	base, _, _ := strings.Cut(card, "?")
	for path, kind := range map[string]string{"/files/card.svg": "image/svg+xml", "/files/card.png": "image/png", "/files/card.ndef": "application/octet-stream", "/print?paper=a4": "text/html; charset=utf-8",
		"/print?paper=letter": "text/html; charset=utf-8", "/print?paper=card": "text/html; charset=utf-8"} {
		if w := b.get(base + path); w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
	}

	// A stranger scans it, asks for its status, types its short code, breaks the glass.
	stranger := app.browser(t)
	stranger.page("/c/" + parsed.ID.String())
	if got := location(t, stranger.form("/code", url.Values{"code": {strings.ToLower(code)}})); got != address[1] {
		t.Error("the short code leads elsewhere")
	}
	tag, err := cards.FrontTag(parsed.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	if got := stranger.status(parsed.ID.String(), tag); got != "active" {
		t.Errorf("the card is %v, want active", got)
	}
	opened := stranger.answer(stranger.open(parsed, "unconscious", ""), http.StatusOK)
	if opened["outcome"] != "granted" || !strings.Contains(string(mustJSON(opened["record"])), "allergy-penicillin") {
		t.Fatalf("the glass: %v", opened)
	}
	again := stranger.answer(stranger.open(parsed, "", opened["grant"].(string)), http.StatusOK)
	if again["grant_id"] != opened["grant_id"] {
		t.Error("looking again made another grant")
	}

	// The patient sees it, with the proof.
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.page("/home"), "2 events to look at") {
		t.Error("the openings are not announced")
	}
	who := b.page(home + "/log")
	for _, want := range []string{"The record was opened.", "Kim Example", "The person is unconscious or cannot answer", "A card was scanned.", "A card was found by its short code."} {
		if !strings.Contains(who, want) {
			t.Errorf("who looked does not say %q", want)
		}
	}
	entries := b.answer(b.get("/v1/patients/"+strings.TrimPrefix(home, "/patients/")+"/log?after=0"), http.StatusOK)
	if entries["vkey"] != app.House.Log.VKey() || len(entries["entries"].([]any)) < 6 {
		t.Errorf("the log's entries: %v", entries)
	}
	location(t, b.form(home+"/log/seen", url.Values{"seq": {hidden(t, who, "seq")}}))
	if strings.Contains(b.page("/home"), "events to look at") {
		t.Error("what was seen is announced again")
	}

	// Other rules, by the passkey and for exactly these rules.
	simulated := b.page(home + "/simulate?preset=private")
	if !strings.Contains(simulated, "A bystander in Lisbon") {
		t.Error("the simulation shows nobody")
	}
	changed := b.answer(b.approve(emergency.Action{Kind: emergency.ActionRules, Target: strings.TrimPrefix(home, "/patients/"),
		Body: rules.Canonical(rules.Private())}), http.StatusOK)
	if !strings.Contains(b.page(changed["location"].(string)), "Private, approved with your passkey") {
		t.Error("the new rules are not shown")
	}

	// The card is revoked, and says so.
	b.page(base + "/revoke")
	location(t, b.form(base+"/revoke", nil))
	if got := stranger.status(parsed.ID.String(), tag); got != "revoked" {
		t.Errorf("the card is %v, want revoked", got)
	}
	if w := stranger.open(parsed, "unconscious", ""); w.Code != http.StatusNotFound {
		t.Errorf("a revoked card opens: %d", w.Code)
	}

	// Everything is taken along, and deleted.
	b.page("/account/export")
	export := b.form("/account/export", url.Values{"seal": {"no"}})
	if export.Code != http.StatusOK || !strings.HasPrefix(export.Body.String(), "PK") || !strings.HasPrefix(export.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("the export: %d %v", export.Code, export.Header())
	}
	b.page("/account/delete")
	gone := b.answer(b.approve(emergency.Action{Kind: emergency.ActionDeleteAccount}), http.StatusOK)
	if gone["location"] != "/" || b.cookies[sessionCookie] != "" {
		t.Errorf("deleting led to %v with the cookies %v", gone, b.cookies)
	}
}

func mustJSON(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return body
}

// status asks whether a card is in use.
func (b *browser) status(id string, tag [16]byte) any {
	b.t.Helper()
	return b.answer(b.post("/v1/cards/"+id+"/status", map[string]any{"tag": base64.RawURLEncoding.EncodeToString(tag[:])}), http.StatusOK)["status"]
}

// open breaks the glass of a card, or looks again with the token of a grant.
func (b *browser) open(card cards.Address, reason, grant string) *httptest.ResponseRecorder {
	return b.post("/v1/cards/"+card.ID.String()+"/open", map[string]any{"secret": base64.RawURLEncoding.EncodeToString(card.Secret.Bytes()), "step": "critical",
		"reason": reason, "name": "Kim Example", "role": "paramedic", "organization": "Ambulance 7", "callback": "+46701740605", "grant": grant})
}

// upload sends a document as the import form does.
func (b *browser) upload(path string, document []byte) *httptest.ResponseRecorder {
	body := "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"ips.json\"\r\nContent-Type: application/json\r\n\r\n" + string(document) +
		"\r\n--x\r\nContent-Disposition: form-data; name=\"paste\"\r\n\r\n\r\n--x--\r\n"
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

// TestTwoTabsLoseNothing edits one item in two tabs: the second sees both versions, and saving it keeps what it wrote.
func TestTwoTabsLoseNothing(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	item := person.Edit(t, id, summary.Item{Section: 6, Text: "Aspirin", Detail: "100 mg"})
	path := "/patients/" + string(id) + "/record/medications"
	first, second := b.page(path+"/"+item.ID), b.page(path+"/"+item.ID)

	write := func(page, dose string) *httptest.ResponseRecorder {
		return b.form(path, url.Values{"id": {item.ID}, "tag": {hidden(t, page, "tag")}, "concept": {"Aspirin"}, "detail": {dose}, "status": {"active"}})
	}
	list := b.page(path)
	location(t, write(first, "75 mg"))
	confirm := regexp.MustCompile(`name="id" value="` + regexp.QuoteMeta(item.ID) + `">\s*<input type="hidden" name="tag" value="([^"]*)"`).FindStringSubmatch(list)
	if confirm == nil {
		t.Fatal("the list does not say which version it shows")
	}
	if w := b.form(path, url.Values{"action": {"confirm"}, "id": {item.ID}, "tag": {confirm[1]}}); w.Code != http.StatusConflict {
		t.Errorf("what somebody else changed is confirmed unseen: %d", w.Code)
	}
	conflict := write(second, "300 mg")
	if conflict.Code != http.StatusConflict || !strings.Contains(conflict.Body.String(), "75 mg") || !strings.Contains(conflict.Body.String(), "300 mg") {
		t.Fatalf("the second tab got %d, want both versions: %s", conflict.Code, conflict.Body)
	}
	again := url.Values{}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindAllStringSubmatch(conflict.Body.String(), -1) {
		again.Add(field[1], field[2])
	}
	location(t, b.form(path, again))
	if !strings.Contains(b.page(path), "300 mg") {
		t.Error("what the second tab wrote is lost")
	}
}

// TestARecoveryCodeLetsBackIn uses the printed code: once, and only to make a new passkey.
func TestARecoveryCodeLetsBackIn(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, _ := app.signedIn(t, "Ada Example")
	code := regexp.MustCompile(`[2-9A-Z]{4}(?:-[2-9A-Z]{4}){5}`).FindString(b.form("/account/recovery", nil).Body.String())
	if code == "" {
		t.Fatal("the page shows no code")
	}
	lost := app.browser(t)
	if w := lost.form("/recover", url.Values{"code": {"2222-2222-2222-2222-2222-2222"}}); w.Code != http.StatusNotFound {
		t.Errorf("a wrong code: %d", w.Code)
	}
	if got := location(t, lost.form("/recover", url.Values{"code": {code}})); got != "/account/passkeys/new" {
		t.Fatalf("the code leads to %s", got)
	}
	if got := location(t, lost.get("/home")); got != "/signin" {
		t.Errorf("a recovered session gets to %s", got)
	}
	lost.answer(lost.ceremony("/v1/passkeys", map[string]any{}, lost.keys.Create), http.StatusOK)
	lost.page("/home")
	if w := app.browser(t).form("/recover", url.Values{"code": {code}}); w.Code != http.StatusNotFound {
		t.Errorf("the code works twice: %d", w.Code)
	}
	if got := location(t, b.get("/home")); got != "/signin" {
		t.Error("the old session outlives the recovery")
	}
}

// TestAChangeOfRulesNeedsTheVeryPasskeyTouch replays and alters approvals.
func TestAChangeOfRulesNeedsTheVeryPasskeyTouch(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := string(person.Patient(t, "adult"))
	policy := json.RawMessage(rules.Canonical(rules.Open()))
	request := map[string]any{"kind": "rules", "target": id, "body": policy}

	begun := b.begin("/v1/approve", request)
	if len(begun["text"].([]any)) == 0 || begun["sha256"] == "" {
		t.Error("the approval does not say what is approved")
	}
	if w := b.finish("/v1/approve", begun, b.keys.Get); w.Code != http.StatusOK {
		t.Fatalf("the approval: %d %s", w.Code, w.Body)
	}
	if w := b.finish("/v1/approve", begun, b.keys.Get); w.Code != http.StatusBadRequest {
		t.Errorf("a replayed approval: %d, want 400", w.Code)
	}
	late := b.begin("/v1/approve", request)
	app.Clock.Add(6 * time.Minute)
	if w := b.finish("/v1/approve", late, b.keys.Get); w.Code != http.StatusBadRequest {
		t.Errorf("an approval after six minutes: %d, want 400", w.Code)
	}
	stolen := b.begin("/v1/approve", request)
	other, _ := app.signedIn(t, "Mallory Example")
	if w := other.finish("/v1/approve", stolen, b.keys.Get); w.Code != http.StatusBadRequest {
		t.Errorf("an approval in another browser: %d, want 400", w.Code)
	}
	foreign := b.begin("/v1/approve", request)
	b.keys.Origin = "http://localhost:9999"
	if w := b.finish("/v1/approve", foreign, b.keys.Get); w.Code != http.StatusForbidden {
		t.Errorf("an approval given to another site: %d, want 403", w.Code)
	}
}

// TestAWaitCanBeDeclined: under the Private rules a stranger who asks for more has to wait; the keeper sees it and says no.
func TestAWaitCanBeDeclined(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	issued := person.Issue(t, patient)
	home := "/patients/" + string(patient)
	b.answer(b.approve(emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}), http.StatusOK)

	ask := func() map[string]any {
		return app.browser(t).answer(app.browser(t).post("/v1/cards/"+issued.ID.String()+"/open", map[string]any{"step": "sensitive", "reason": "threat_to_life",
			"secret": base64.RawURLEncoding.EncodeToString(issued.Address.Secret.Bytes()), "name": "Kim Example"}), http.StatusOK)
	}
	if strings.Contains(string(mustJSON(ask()["sections"])), "conditions") {
		t.Fatal("what has to wait opens at once")
	}
	for _, page := range []string{home, home + "/log"} {
		if !strings.Contains(b.page(page), "Somebody waits to open more") {
			t.Errorf("%s does not say that somebody waits", page)
		}
	}
	_, rest, _ := strings.Cut(b.page(home), `action="`+home+"/requests/")
	wait, _, _ := strings.Cut(rest, `"`)
	veto := home + "/requests/" + wait
	log := b.page(location(t, b.form(veto, url.Values{})))
	if !strings.Contains(log, "said no on") || !strings.Contains(log, "declined by a keeper") {
		t.Error("the log does not show that somebody said no")
	}
	if w := b.form(veto, url.Values{}); w.Code != http.StatusNotFound {
		t.Errorf("saying no twice: %d", w.Code)
	}
	app.Clock.Add(25 * time.Hour)
	if strings.Contains(string(mustJSON(ask()["sections"])), "conditions") {
		t.Error("what was declined opens after the wait")
	}
}

// TestTheFloorNeedsThePasskey: what only the patient may see, and what opens the glass, is shut to a browser that was left open; the page asks for the
// passkey and then shows it.
func TestTheFloorNeedsThePasskey(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	patient := person.Patient(t, "adult")
	issued := person.Issue(t, patient)
	home := "/patients/" + string(patient)
	location(t, b.form(home+"/record/private_notes", url.Values{"concept": {"the blue envelope"}}))
	notes, card := home+"/record/private_notes", home+"/cards/"+issued.ID.String()
	if !strings.Contains(b.page(notes), "the blue envelope") {
		t.Fatal("a fresh passkey does not show the floor")
	}
	app.Clock.Add(6 * time.Minute)
	if page := b.page(notes); strings.Contains(page, "the blue envelope") || !strings.Contains(page, `data-approve="verify"`) {
		t.Error("a browser left open shows the floor, or does not ask for the passkey")
	}
	if w := b.get(card); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `data-approve="verify"`) || strings.Contains(w.Body.String(), issued.ShortCode.String()) {
		t.Errorf("the card's own page: %d", w.Code)
	}
	b.page(card + "/revoke")
	b.answer(b.approve(emergency.Action{Kind: emergency.ActionVerify}), http.StatusOK)
	if !strings.Contains(b.page(notes), "the blue envelope") || !strings.Contains(b.page(card), issued.ShortCode.String()) {
		t.Error("the passkey does not open the floor again")
	}
}
