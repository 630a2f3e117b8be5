package web

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// receiptIn reads a proof that was answered as a file, and checks it by the key of the log alone.
func (a *app) receiptIn(t *testing.T, w *httptest.ResponseRecorder) audit.Receipt {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("no proof: %d %s", w.Code, w.Body)
	}
	receipt, err := audit.VerifyReceipt(a.House.Log.Verifier(), w.Body.Bytes())
	if err != nil {
		t.Fatalf("the proof does not hold: %v", err)
	}
	_, said, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
	if err != nil || said["filename"] != "1-"+strconv.FormatInt(receipt.Proof.Index, 10)+".tlog-proof" {
		t.Errorf("the file is called %q (%v)", said["filename"], err)
	}
	return receipt
}

// TestAProofIsCheckedWithoutTheHouse saves proofs as a keeper and as a responder, before and after the log is published.
func TestAProofIsCheckedWithoutTheHouse(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	keeper, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued := person.Issue(t, id)
	stranger := app.browser(t)
	opened := stranger.answer(stranger.open(issued.Address, "unconscious", ""), http.StatusOK)
	view, err := app.House.Service.History(t.Context(), person.Caller(t), id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	opening := view.Entries[len(view.Entries)-1]
	path := "/patients/" + string(id) + "/log/" + strconv.FormatUint(opening.Seq, 10) + ".tlog-proof"
	ask := func() *httptest.ResponseRecorder {
		return stranger.post("/v1/proof", map[string]any{"grant": opened["grant"]})
	}
	for name, w := range map[string]*httptest.ResponseRecorder{"keeper": keeper.get(path), "responder": ask()} {
		if w.Code != http.StatusConflict || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s, before it is published: %d", name, w.Code)
		}
	}
	publish(t, app)

	for name, w := range map[string]*httptest.ResponseRecorder{"keeper": keeper.get(path), "responder": ask()} {
		receipt := app.receiptIn(t, w)
		if receipt.Payload.Type != audit.GlassOpened || receipt.Payload.Grant != opened["grant_id"] || receipt.Proof.Index != opening.Index {
			t.Errorf("the %s gets the proof of %s (%s) at %d", name, receipt.Payload.Type, receipt.Payload.Grant, receipt.Proof.Index)
		}
		for _, secret := range []string{"Hartwell", "Imogen", "nticoag", opened["grant"].(string)} {
			if strings.Contains(string(receipt.Raw), secret) {
				t.Errorf("the proof of the %s says %q", name, secret)
			}
		}
	}
	after, err := app.House.Service.History(t.Context(), person.Caller(t), id, opening.Seq, 100)
	if err != nil || len(after.Entries) != 1 || after.Entries[0].Event.Type != audit.ReceiptMade || after.Entries[0].Event.Grant != opened["grant_id"] {
		t.Errorf("the patient reads %v of two proofs of which one was the responder's (%v)", after.Entries, err)
	}

	status := 0
	for range 20 {
		if status = ask().Code; status != http.StatusOK {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("twenty proofs of one opening: %d", status)
	}
	if w := keeper.get(strings.Replace(path, strconv.FormatUint(opening.Seq, 10)+".", "1000.", 1)); w.Code != http.StatusNotFound {
		t.Errorf("an entry that there is not: %d", w.Code)
	}
	if err := app.House.Service.EndGrant(t.Context(), person.Caller(t), id, emergency.GrantID(opened["grant_id"].(string))); err != nil {
		t.Fatal(err)
	}
	if w := ask(); w.Code != http.StatusForbidden {
		t.Errorf("after the opening has ended: %d", w.Code)
	}
}

// TestResponderReadsTheirOwnHistory shows somebody with a badge what they opened, what was said of it and what was answered, and nobody else's.
func TestResponderReadsTheirOwnHistory(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, anna := app.signedIn(t, "Ada Example")
	medics, medic := app.signedIn(t, "Kim Medic")
	others, other := app.signedIn(t, "Ola Other")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	s, operator := app.House.Service, emergency.Caller{Operator: true}
	organization, link, err := s.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "Ambulance 7", Kind: rules.KindEMS, Country: "SE"})
	app.invited(t, medic, link, err)
	link, err = s.InviteMember(t.Context(), medic.Caller(t), organization, "Ola", emergency.RoleResponder)
	app.invited(t, other, link, err)
	request := emergencytest.OpenRequest(issued)
	request.ReasonText = "<b>found in the street</b>"
	opened, err := s.Open(t.Context(), medic.Caller(t), request)
	if err != nil {
		t.Fatal(err)
	}
	request.ReasonText = "somebody else's words"
	if _, err := s.Open(t.Context(), other.Caller(t), request); err != nil {
		t.Fatal(err)
	}
	if err := s.Review(t.Context(), anna.Caller(t), id, opened.GrantID, emergency.VerdictWrong, "I was at home"); err != nil {
		t.Fatal(err)
	}
	if err := s.AnswerReview(t.Context(), other.Caller(t), opened.GrantID, "x"); err == nil {
		t.Fatal("a responder answers for the organization")
	}
	publish(t, app)

	page := medics.page("/badge/history")
	for _, want := range []string{"found in the street", string(id), "this was not right", "/badge/history/" + string(opened.GrantID) + "/proof"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, unwanted := range []string{"<b>found", "Hartwell", "Imogen", "somebody else&#39;s words", "I was at home"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page says %q", unwanted)
		}
	}
	clean(t, page, "own history")
	if older := medics.page("/badge/history?after=" + strconv.FormatInt(app.Clock.Now().AddDate(0, 0, -1).UnixMilli(), 10)); strings.Contains(older, "found in the street") {
		t.Error("a page of what was opened before yesterday shows what was opened today")
	}
	proof := "/badge/history/" + string(opened.GrantID) + "/proof"
	if receipt := app.receiptIn(t, medics.form(proof, url.Values{})); receipt.Payload.Grant != string(opened.GrantID) {
		t.Errorf("the proof is that of %s", receipt.Payload.Grant)
	}
	if w := others.form(proof, url.Values{}); w.Code != http.StatusNotFound {
		t.Errorf("the proof of a colleague's opening: %d", w.Code)
	}
	if err := s.SuspendMember(t.Context(), medic.Caller(t), organization, other.Caller(t).Account); err != nil {
		t.Fatal(err)
	}
	if page := others.page("/badge/history"); !strings.Contains(page, "somebody else&#39;s words") {
		t.Error("whoever has no badge any more does not find what they did with it")
	}
}
