package web

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// invited takes up an invitation.
func (a *app) invited(t *testing.T, p *emergencytest.Person, link emergency.Invited, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link.Link, "#")
	if _, err := a.House.Service.AcceptInvitation(t.Context(), p.Caller(t), token, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
}

// TestANoGoesFromThePatientToTheOfficer walks the pages: the patient says no, the administrator and the officer see it, one answers, the patient reads the answer.
func TestANoGoesFromThePatientToTheOfficer(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	patientBrowser, anna := app.signedIn(t, "Ada Example")
	adminBrowser, admin := app.signedIn(t, "Ad Min")
	officerBrowser, officer := app.signedIn(t, "Offi Cer")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	operator := emergency.Caller{Operator: true}
	organization, link, err := app.House.Service.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "Ambulance 7", Kind: rules.KindEMS})
	app.invited(t, admin, link, err)
	link, err = app.House.Service.InviteOfficer(t.Context(), operator, "Offi Cer")
	app.invited(t, officer, link, err)
	request := emergencytest.OpenRequest(issued)
	request.Name, request.ReasonText = `=HYPERLINK("http://evil.test")`, "<script>alert(1)</script>"
	opened, err := app.House.Service.Open(t.Context(), admin.Caller(t), request)
	if err != nil {
		t.Fatal(err)
	}

	home := "/patients/" + string(id)
	review := home + "/grants/" + string(opened.GrantID) + "/review"
	if log := patientBrowser.page(home + "/log"); !strings.Contains(log, `href="`+review+`"`) {
		t.Error("the log does not ask whether the opening was right")
	}
	clean(t, patientBrowser.page(review), "review")
	if w := patientBrowser.form(review, url.Values{}); w.Code != http.StatusBadRequest {
		t.Errorf("without a verdict: %d", w.Code)
	}
	location(t, patientBrowser.form(review, url.Values{"verdict": {"wrong"}, "words": {"I was at home"}}))

	crew := "/org/" + string(organization)
	page := adminBrowser.page(crew)
	for _, want := range []string{crew + "/reviews/" + string(opened.GrantID), "6 December 2026"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of the organization lacks %q", want)
		}
	}
	if strings.Contains(page, string(id)) || strings.Contains(page, "I was at home") {
		t.Error("the page of the organization says whose record it was, or tells the administrator who opened it what the patient says of them")
	}
	clean(t, page, "organization")
	if w := adminBrowser.form(crew+"/reviews/"+string(opened.GrantID), url.Values{"answer": {"I am right"}}); w.Code != http.StatusForbidden {
		t.Errorf("an administrator answers for their own opening: %d", w.Code)
	}
	page = officerBrowser.page("/officer")
	for _, want := range []string{"I was at home", string(id), "Ambulance 7", "Ad Min"} {
		if !strings.Contains(page, want) {
			t.Errorf("the officer's page lacks %q", want)
		}
	}
	clean(t, page, "officer")
	if strings.Contains(page, "Hartwell") {
		t.Error("the officer's page names the patient")
	}
	if w := officerBrowser.form("/officer/reviews/"+string(opened.GrantID), url.Values{"answer": {" "}}); w.Code != http.StatusBadRequest {
		t.Errorf("an empty answer: %d", w.Code)
	}
	location(t, officerBrowser.form("/officer/reviews/"+string(opened.GrantID), url.Values{"answer": {"We talked to them."}}))
	if log := patientBrowser.page(home + "/log"); !strings.Contains(log, "We talked to them.") || strings.Contains(log, `href="`+review+`"`) {
		t.Error("the patient does not read the answer in the log, or can still say something else")
	}
	if asked := patientBrowser.page(review); !strings.Contains(asked, "We talked to them.") || strings.Contains(asked, `name="verdict"`) {
		t.Error("what was answered is asked again")
	}

	found := officerBrowser.form("/officer/search", url.Values{"patient": {string(id)}, "since": {"2026-11-22"}, "until": {"2026-11-22"}})
	if found.Code != http.StatusOK || !strings.Contains(found.Body.String(), "We talked to them.") {
		t.Errorf("the search: %d", found.Code)
	}
	for name, values := range map[string]url.Values{"a day": {"since": {"yesterday"}}, "a patient": {"patient": {"Hartwell"}}} {
		if w := officerBrowser.form("/officer/search", values); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `id="faults"`) {
			t.Errorf("%s that is none: %d", name, w.Code)
		}
	}
	if page := officerBrowser.form("/officer/search", url.Values{"reason": {"evacuation"}}).Body.String(); strings.Contains(page, "We talked to them.") {
		t.Error("a search for another reason finds it too")
	}
	lastEntry := func() audit.Type {
		log, err := app.House.Service.History(t.Context(), anna.Caller(t), id, 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		return log.Entries[len(log.Entries)-1].Event.Type
	}
	if last := lastEntry(); last != audit.OfficerSearched {
		t.Errorf("the patient reads %s after the search for them", last)
	}
	table := officerBrowser.form("/officer/export", url.Values{"format": {"csv"}})
	rows, err := csv.NewReader(table.Body).ReadAll()
	if err != nil || table.Code != http.StatusOK || len(rows) != 2 || len(rows[0]) != len(rows[1]) {
		t.Fatalf("the table: %d, %v, %v", table.Code, rows, err)
	}
	cells := map[string]string{}
	for i, name := range rows[0] {
		cells[name] = rows[1][i]
	}
	for name, want := range map[string]string{"stated_name": `'=HYPERLINK("http://evil.test")`, "organization": "Ambulance 7", "proof": "badge", "verdict": "wrong",
		"stated_reason": "unconscious", "opened_at": "2026-11-22T09:30:00Z", "drill": "false"} {
		if cells[name] != want {
			t.Errorf("%s is %q, want %q", name, cells[name], want)
		}
	}
	var objects []map[string]any
	file := officerBrowser.form("/officer/export", url.Values{"format": {"json"}, "unbadged": {"yes"}})
	if err := json.Unmarshal(file.Body.Bytes(), &objects); err != nil || len(objects) != 0 {
		t.Errorf("without a badge: %v, %v", objects, err)
	}
	officerBrowser.page("/officer/abuse")
	if last := lastEntry(); last != audit.OfficerExported {
		t.Errorf("the patient reads %s after the export", last)
	}
	for who, w := range map[string]*httptest.ResponseRecorder{
		"the officer": officerBrowser.form("/officer/export", url.Values{"format": {"zip"}, "patient": {string(id)}}),
		"the patient": patientBrowser.form(home+"/log/export", url.Values{}),
	} {
		archive, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
		if err != nil || w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
			t.Fatalf("what %s takes along: %d, %v", who, w.Code, err)
		}
		for _, name := range []string{"bundle.json", "disclosures.csv", "entries.ndjson", "events.ndjson", "vkeys/1.txt", "checkpoints/1.txt"} {
			if file, err := archive.Open(name); err != nil {
				t.Errorf("%s gets no %s: %v", who, name, err)
			} else {
				file.Close()
			}
		}
	}
	clean(t, patientBrowser.page(home+"/log/export"), "log export")
	log := patientBrowser.page(home + "/log")
	if !strings.Contains(log, `href="`+home+`/log/export"`) {
		t.Error("the log does not say how to take it along")
	}
	if strings.Contains(log, "The operator read this log") {
		t.Error("that the patient took the log along is said of the operator")
	}
}

// TestAHandoverOpensForHospitalSoftware: what the responder's screen shows is a SMART Health Link like any other, and the summary behind it has what the responder added.
func TestAHandoverOpensForHospitalSoftware(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, anna := app.signedIn(t, "Ada Example")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	responder := app.browser(t)
	opened := responder.answer(responder.open(issued.Address, "unconscious", ""), http.StatusOK)
	grant := opened["grant"].(string)
	if _, err := app.House.Service.Send(t.Context(), emergency.Caller{}, grant, emergency.NewMessage{Kind: emergency.MessageNote, Text: `Glucose <3 at "14:05"`}); err != nil {
		t.Fatal(err)
	}
	body := map[string]string{"card": issued.ID.String(), "secret": base64.RawURLEncoding.EncodeToString(issued.Address.Secret.Bytes()), "grant": grant}
	made := responder.answer(responder.post("/v1/handover", body), http.StatusOK)
	if !strings.HasPrefix(made["svg"].(string), "<svg ") || made["until"] != opened["until"] {
		t.Errorf("the handover is %v", made)
	}
	link, err := shl.Parse(made["uri"].(string))
	if err != nil {
		t.Fatal(err)
	}
	l := linked{app: app, link: link, hospital: app.browser(t)}
	file := l.manifest(t, l.ask(`{"recipient":"Emergency department","passcode":"`+made["passcode"].(string)+`"}`))
	_, document, err := shl.Decrypt(link.Key, file.Embedded)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			Resource struct {
				ResourceType string
				Section      []struct {
					Title  string
					Code   struct{ Coding []struct{ Code string } }
					Author []struct{ Display string }
					Text   struct{ Status, Div string }
				}
			}
		}
	}
	if err := json.Unmarshal(document, &bundle); err != nil {
		t.Fatal(err)
	}
	sections := bundle.Entry[0].Resource.Section
	last := sections[len(sections)-1]
	if last.Code.Coding[0].Code != "34109-9" || last.Text.Status != "additional" || !strings.Contains(last.Text.Div, "Glucose &lt;3 at &#34;14:05&#34;") {
		t.Errorf("the last section is %+v", last)
	}
	if err := app.House.Service.EndGrant(t.Context(), anna.Caller(t), id, emergency.GrantID(opened["grant_id"].(string))); err != nil {
		t.Fatal(err)
	}
	if w := l.ask(`{"recipient":"Emergency department","passcode":"` + made["passcode"].(string) + `"}`); w.Code != http.StatusNotFound {
		t.Errorf("after the patient has ended the grant: %d", w.Code)
	}
	if w := responder.post("/v1/handover", body); w.Code != http.StatusForbidden {
		t.Errorf("a handover of what has ended: %d", w.Code)
	}
}
