package web

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// numberOfRequest is what differs between any two answers, and its digits grow.
var numberOfRequest = regexp.MustCompile(`"instance":"[^"]*"`)

// answered is an answer as a guesser can compare it: status, headers, length and words, without the number of its request.
func answered(w *httptest.ResponseRecorder) string {
	headers := w.Result().Header
	lines := []string{fmt.Sprint(w.Code)}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if name != "Content-Length" { // it is that of the body, which is compared whole
			lines = append(lines, name+": "+strings.Join(headers[name], ", "))
		}
	}
	return strings.Join(append(lines, numberOfRequest.ReplaceAllString(w.Body.String(), "")), "\n")
}

// guessable is a house with one of everything that has ended, and what it was reached by.
type guessable struct {
	*app
	guesser          *browser
	member           *browser // who is signed in, and belongs to nothing
	active, revoked  emergency.Issued
	empty, hiding    emergency.Issued  // of a patient of whom nothing but the name is known, and of one who hides everything
	grants           map[string]string // ended and running ones
	links            map[string]string // paths of SMART Health Links that have ended, with their passcodes
	file             string            // path of a file that was fetched
	events, invites  map[string]string
	badges           map[string]string
	endedWait, codes map[string]string
}

const nobodysToken = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func newGuessable(t *testing.T) guessable {
	t.Helper()
	ctx := t.Context()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	s := app.House.Service
	g := guessable{app: app, guesser: app.browser(t), grants: map[string]string{}, links: map[string]string{}, events: map[string]string{}, invites: map[string]string{},
		badges: map[string]string{}, endedWait: map[string]string{}, codes: map[string]string{}}
	g.guesser.from = "203.0.113.9:1"
	_, anna := app.signedIn(t, "Ada Example")
	_, admin := app.signedIn(t, "Ad Min")
	var medic *emergencytest.Person
	g.member, medic = app.signedIn(t, "Med Ic")
	keeper := func() emergency.Caller { return anna.Caller(t) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	behind := func(link string) string {
		_, secret, _ := strings.Cut(link, "#")
		return secret
	}
	patient := anna.Patient(t, "adult")
	g.active, g.revoked = anna.Issue(t, patient), anna.Issue(t, patient)
	g.empty, g.hiding = anna.Issue(t, app.nameOnly(t, anna)), anna.Issue(t, app.hides(t, anna, app.nameOnly(t, anna)))
	g.codes["of a revoked card"] = g.revoked.ShortCode.String()

	// Grants and a handover that a keeper has ended.
	opened, err := s.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(g.active))
	must(err)
	made, err := s.Handover(ctx, emergency.Caller{}, emergency.HandoverRequest{Card: g.active.ID, Secret: g.active.Address.Secret.Bytes(), Grant: opened.Grant})
	must(err)
	must(s.EndGrant(ctx, keeper(), patient, opened.GrantID))
	ended, err := shl.Parse(made.URI)
	must(err)
	g.grants["ended"], g.links[strings.TrimPrefix(ended.URL, emergencytest.URL)] = opened.Grant, made.Passcode
	ofRevoked, err := s.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(g.revoked))
	must(err)
	g.grants["of a revoked card"] = ofRevoked.Grant

	// A link that was fetched from, and revoked.
	linked, err := s.IssueCard(ctx, keeper(), patient, emergency.CardChoices{Carrier: emergency.CarrierSHL, Link: emergency.LinkChoices{Passcode: linkPasscode}}, "")
	must(err)
	link, err := shl.Parse(linked.Link.URI)
	must(err)
	path := strings.TrimPrefix(link.URL, emergencytest.URL)
	g.links[path] = linkPasscode
	taken, err := s.OpenLink(ctx, emergency.Caller{}, emergency.LinkRequest{Token: path[strings.LastIndexByte(path, '/')+1:], Passcode: linkPasscode, Recipient: "x"})
	must(err)
	name, err := s.LinkFile(ctx, taken)
	must(err)
	_, err = s.OpenLinkFile(ctx, emergency.Caller{}, name)
	must(err)
	g.file = "/shl/file/" + name
	must(s.RevokeCard(ctx, keeper(), patient, linked.ID))
	must(s.RevokeCard(ctx, keeper(), patient, g.revoked.ID))

	// Invitations that were used, withdrawn, and are over; the links of a contact who was stopped.
	organization, used, err := s.MakeOrganization(ctx, emergency.Caller{Operator: true}, emergency.NewOrganization{Name: "Ambulance 7", Kind: rules.KindEMS})
	app.invited(t, admin, used, err)
	toMedic, err := s.InviteMember(ctx, admin.Caller(t), organization, "Med Ic", emergency.RoleResponder)
	app.invited(t, medic, toMedic, err)
	g.invites["used"] = behind(used.Link)
	over, err := s.InviteMember(ctx, admin.Caller(t), organization, "Nobody", emergency.RoleResponder)
	must(err)
	g.invites["over"] = behind(over.Link)
	contact, toContact, err := s.AddContact(ctx, keeper(), patient, emergency.NewContact{Name: "Ben"})
	must(err)
	accepted, err := s.AcceptInvitation(ctx, emergency.Caller{}, behind(toContact.Link), emergency.Acceptance{Code: true})
	must(err)
	g.invites["of a contact, used"], g.events["of a contact who was stopped"] = behind(toContact.Link), behind(accepted.Location)
	must(s.StopContact(ctx, keeper(), patient, contact))

	// Badges that have ended and that were revoked.
	for _, name := range []string{"over", "revoked"} {
		badge, err := s.ShowBadge(ctx, medic.Caller(t), organization)
		must(err)
		g.badges[name] = behind(badge.Address)
	}

	// Waits that were taken back.
	must(anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}))
	request := emergencytest.OpenRequest(g.active)
	request.Step = "sensitive"
	waits, err := s.Open(ctx, emergency.Caller{}, request)
	must(err)
	g.grants["running"], g.endedWait["over"] = waits.Grant, waits.Watch

	app.Clock.Add(10 * 24 * time.Hour) // everything that ends by itself is over
	must(admin.SignIn(t))
	must(medic.SignIn(t))
	g.member.cookies[sessionCookie] = medic.Token
	badge, err := s.ShowBadge(ctx, medic.Caller(t), organization)
	must(err)
	g.badges["revoked"] = behind(badge.Address)
	must(s.SuspendMember(ctx, admin.Caller(t), organization, medic.Caller(t).Account))
	return g
}

// TestUnknownRevokedEmptyAndHiddenAreAlike: a guesser is told nothing. It holds row A18 and promise 4 for every place where something is guessed at: what is unknown, revoked, used, over or no identifier at all
// has one answer, in status, headers, length and words. Of the time that it takes, see emergency.TestUnknownRevokedAndWrongSecretAnswerAlike.
func TestUnknownRevokedEmptyAndHiddenAreAlike(t *testing.T) {
	t.Parallel()
	g := newGuessable(t)
	text := base64.RawURLEncoding.EncodeToString
	wrong := text(make([]byte, 16))
	secretOf := func(issued emergency.Issued) string { return text(issued.Address.Secret.Bytes()) }
	unknown := cards.ID{1, 2, 3}.String()
	places := map[string]map[string]*httptest.ResponseRecorder{}
	ask := func(place, name, path string, body map[string]any) {
		if places[place] == nil {
			places[place] = map[string]*httptest.ResponseRecorder{}
		}
		places[place][name] = g.guesser.post(path, body)
	}

	for name, c := range map[string]struct{ id, secret string }{
		"unknown": {unknown, wrong}, "unknown, with another's secret": {unknown, secretOf(g.active)}, "revoked": {g.revoked.ID.String(), secretOf(g.revoked)},
		"active, wrong secret": {g.active.ID.String(), wrong}, "no id": {"x", wrong},
		"empty, wrong secret": {g.empty.ID.String(), wrong}, "hidden, wrong secret": {g.hiding.ID.String(), wrong},
	} {
		for _, step := range []string{"critical", "sensitive"} {
			ask("open "+step, name, "/v1/cards/"+c.id+"/open", map[string]any{"secret": c.secret, "step": step, "reason": "unconscious"})
		}
		ask("handover", name, "/v1/handover", map[string]any{"card": c.id, "secret": c.secret, "grant": g.grants["of a revoked card"]})
		ask("status", name, "/v1/cards/"+c.id+"/status", map[string]any{"tag": wrong}) // nobody of them has the front
	}
	for name, code := range map[string]string{"unknown": "2222-2222-2222", "of a revoked card": g.codes["of a revoked card"], "no code": "x"} {
		ask("short code", name, "/v1/short-code", map[string]any{"code": code})
	}
	links := map[string]string{"/shl/" + nobodysToken: "12345678"}
	maps.Copy(links, g.links)
	for path, passcode := range links {
		for _, passcode := range []string{passcode, "wrong passcode"} {
			ask("link", path+" "+passcode, path, map[string]any{"recipient": "somebody", "passcode": passcode})
		}
	}
	places["link file"] = map[string]*httptest.ResponseRecorder{}
	for name, path := range map[string]string{"fetched": g.file, "unknown": "/shl/file/" + nobodysToken, "no name": "/shl/file/x"} {
		places["link file"][name] = g.guesser.do(httptest.NewRequest("GET", path, nil))
	}

	grants := map[string]string{"unknown": nobodysToken, "none": "", "no token": "x"}
	maps.Copy(grants, g.grants) // all of them are over now
	for name, grant := range grants {
		ask("thread", name, "/v1/thread", map[string]any{"grant": grant, "after": 0})
		ask("message", name, "/v1/thread/send", map[string]any{"grant": grant, "kind": "text", "text": "hello", "lat": 0, "lon": 0})
		ask("thread, watched", name, "/v1/thread/watch", map[string]any{"grant": grant, "after": 0})
		ask("handover of what was open", name, "/v1/handover", map[string]any{"card": g.active.ID.String(), "secret": secretOf(g.active), "grant": grant})
	}
	waits := map[string]string{"unknown": nobodysToken, "none": "", "no token": "x"}
	maps.Copy(waits, g.endedWait)
	for name, watch := range waits {
		ask("wait", name, "/v1/requests/watch", map[string]any{"watch": watch})
		ask("wait, withdrawn", name, "/v1/requests/withdraw", map[string]any{"watch": watch})
	}
	events := map[string]string{"unknown": nobodysToken, "none": "", "no token": "x", "an invitation": g.invites["over"]}
	maps.Copy(events, g.events)
	for name, token := range events {
		for _, code := range []string{"", "2222-2222-2222"} {
			ask("event", name+" "+code, "/v1/event", map[string]any{"token": token, "code": code})
			ask("agreeing", name+" "+code, "/v1/event/approve", map[string]any{"token": token, "code": code})
			ask("saying no", name+" "+code, "/v1/event/veto", map[string]any{"token": token, "code": code})
			ask("answering", name+" "+code, "/v1/event/send", map[string]any{"token": token, "code": code, "text": "hello"})
			ask("opening as a contact", name+" "+code, "/v1/contact/open", map[string]any{"token": token, "code": code, "step": "critical", "reason": "unconscious", "reason_text": ""})
		}
	}
	invites := map[string]string{"unknown": nobodysToken, "none": "", "no token": "x", "an event": g.events["of a contact who was stopped"]}
	maps.Copy(invites, g.invites)
	for name, token := range invites {
		ask("invitation", name, "/v1/invite", map[string]any{"token": token})
		ask("invitation, taken up", name, "/v1/invite/accept", map[string]any{"token": token, "name": ""})
		ask("invitation, signed up for", name, "/v1/invite/signup", map[string]any{"token": token, "name": "Somebody"})
	}
	places["invitation, taken up by a member"] = map[string]*httptest.ResponseRecorder{}
	for name, token := range invites {
		places["invitation, taken up by a member"][name] = g.member.post("/v1/invite/accept", map[string]any{"token": token, "name": ""})
	}
	badges := map[string]string{"unknown": "e30.e30.AA", "none": "", "no badge": "x"}
	maps.Copy(badges, g.badges)
	for name, badge := range badges {
		ask("badge", name, "/v1/badge", map[string]any{"badge": badge})
	}

	for _, place := range slices.Sorted(maps.Keys(places)) {
		first, names := "", slices.Sorted(maps.Keys(places[place]))
		for _, name := range names {
			got := answered(places[place][name])
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%s: %q and %q are not told the same:\n%s", place, names[0], name, cmp.Diff(first, got))
			}
			if code := places[place][name].Code; code == http.StatusTooManyRequests || code >= 500 {
				t.Errorf("%s: %q answers %d, which compares nothing", place, name, code)
			}
		}
	}
}

// nameOnly makes a patient of whom nothing is known but the name.
func (a *app) nameOnly(t *testing.T, keeper *emergencytest.Person) emergency.PatientID {
	t.Helper()
	id, err := a.House.Service.CreatePatient(t.Context(), keeper.Caller(t), "Somebody Example")
	if err != nil {
		t.Fatal(err)
	}
	record, err := a.House.Service.Record(t.Context(), keeper.Caller(t), id)
	if err != nil {
		t.Fatal(err)
	}
	identity := summary.Identity{Name: summary.Name{Display: "Somebody Example"}}
	if err := a.House.Service.EditIdentity(t.Context(), keeper.Caller(t), id, identity, "en", emergency.IdentityTag(record)); err != nil {
		t.Fatal(err)
	}
	return id
}

// hides has a patient hide something of every kind that can be hidden.
func (a *app) hides(t *testing.T, keeper *emergencytest.Person, id emergency.PatientID) emergency.PatientID {
	t.Helper()
	keeper.Edit(t, id, summary.Item{Section: section.PrivateNotes, Note: "hidden thing"})
	keeper.Edit(t, id, summary.Item{Section: section.Conditions, Text: "hidden thing", Hidden: true})
	keeper.Edit(t, id, summary.Item{Section: section.MentalHealth, Text: "hidden thing", Hidden: true})
	return id
}

// TestAnAnswerIsTheSameWithSomethingHidden holds promise 4 (EHDS Art. 8) to the byte: with something hidden, the answers of the reader page, of the status and of both
// steps have the same headers, the same length and the same words as without, be the rest of the record long or nothing at all.
func TestAnAnswerIsTheSameWithSomethingHidden(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(c *Config) { c.Limits.Off = true })
	_, anna := app.signedIn(t, "Ada Example")
	responder := app.browser(t)
	responder.from = "203.0.113.9:1"
	own := regexp.MustCompile(`"(grant|grant_id|leaf|watch)":"[^"]+"|"index":\d+`) // what differs between any two openings
	answers := func(patient emergency.PatientID) map[string]string {
		issued := anna.Issue(t, patient)
		said := map[string]string{"page": answered(responder.get("/c/" + issued.ID.String()))}
		tag := base64.RawURLEncoding.EncodeToString(make([]byte, 16))
		said["status"] = answered(responder.post("/v1/cards/"+issued.ID.String()+"/status", map[string]any{"tag": tag}))
		for _, step := range []string{"critical", "sensitive"} {
			body := map[string]any{"secret": base64.RawURLEncoding.EncodeToString(issued.Address.Secret.Bytes()), "step": step, "reason": "unconscious"}
			w := responder.post("/v1/cards/"+issued.ID.String()+"/open", body)
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "hidden thing") {
				t.Fatalf("%s: %d %s", step, w.Code, w.Body)
			}
			said[step] = own.ReplaceAllString(answered(w), "")
			said[step+", as a document"] = fmt.Sprint(openAs(responder, issued, fhir).Body.Len())
		}
		return said
	}
	for name, patient := range map[string]func() emergency.PatientID{
		"a long record": func() emergency.PatientID { return anna.Patient(t, "adult") },
		"a name only":   func() emergency.PatientID { return app.nameOnly(t, anna) },
	} {
		plain, hiding := answers(patient()), answers(app.hides(t, anna, patient()))
		for place := range plain {
			if plain[place] != hiding[place] {
				t.Errorf("%s: %s: with something hidden the answer differs:\n%s", name, place, cmp.Diff(plain[place], hiding[place]))
			}
		}
		if len(plain) != 6 {
			t.Errorf("%d answers were compared, want 6", len(plain))
		}
	}
}
