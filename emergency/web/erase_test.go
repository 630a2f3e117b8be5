package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// inUse is a service of which a file that holds erased words is in use.
type inUse struct {
	Service
	is *bool
}

func (s inUse) EraseEntries(ctx context.Context, c emergency.Caller, e emergency.Erasure) (emergency.Erasures, error) {
	done, err := s.Service.EraseEntries(ctx, c, e)
	done.Pending = done.Pending || *s.is
	return done, err
}

// TestAnOfficerErasesWords walks from what was found to the question, to what was done, and to what the patient reads of it.
func TestAnOfficerErasesWords(t *testing.T) {
	t.Parallel()
	pending := false
	app := newApp(t, func(c *Config) { c.Service = inUse{c.Service, &pending} })
	patientBrowser, anna := app.signedIn(t, "Ada Example")
	officerBrowser, officer := app.signedIn(t, "Offi Cer")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	link, err := app.House.Service.InviteOfficer(t.Context(), emergency.Caller{Operator: true}, "Offi Cer")
	app.invited(t, officer, link, err)
	request := emergencytest.OpenRequest(issued)
	request.Name = "Zebulon Quagga"
	opened, err := app.House.Service.Open(t.Context(), emergency.Caller{}, request)
	if err != nil {
		t.Fatal(err)
	}
	found := officerBrowser.form("/officer/search", url.Values{"patient": {string(id)}})
	if found.Code != http.StatusOK || !strings.Contains(found.Body.String(), `action="/officer/erase"`) || !strings.Contains(found.Body.String(), string(opened.GrantID)) {
		t.Fatalf("the search offers nothing to erase: %d", found.Code)
	}
	what := url.Values{"patient": {string(id)}, "grant": {string(opened.GrantID)}}
	what.Set("opened", app.Clock.Now().UTC().Format(time.RFC3339))
	asked := officerBrowser.form("/officer/erase", what)
	if page := asked.Body.String(); asked.Code != http.StatusOK || !strings.Contains(page, "<bdi>"+string(id)) || !strings.Contains(page, `<time datetime="`+what.Get("opened")) {
		t.Fatalf("the question does not say of which opening: %d\n%s", asked.Code, page)
	}
	clean(t, asked.Body.String(), "erase")
	if w := officerBrowser.form("/officer/erase/confirm", what); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "Choose why") {
		t.Errorf("without a ground: %d", w.Code)
	}
	what.Set("ground", "request")
	what.Set("reference", strings.Repeat("x", 101))
	if w := officerBrowser.form("/officer/erase/confirm", what); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "at most 100") {
		t.Errorf("with a long reference: %d", w.Code)
	}
	what.Set("reference", "letter 7")
	if w := officerBrowser.form("/officer/erase/confirm", what); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Entries erased: 0.") {
		t.Errorf("of an opening that runs: %d", w.Code)
	}
	if err := app.House.Service.EndGrant(t.Context(), anna.Caller(t), id, opened.GrantID); err != nil {
		t.Fatal(err)
	}
	done := officerBrowser.form("/officer/erase/confirm", what)
	if done.Code != http.StatusOK || !strings.Contains(done.Body.String(), "Entries erased: 2.") { // that it was opened, and that it ended
		t.Errorf("what was done: %d, %s", done.Code, done.Body.String())
	}
	clean(t, done.Body.String(), "erased")
	if strings.Contains(done.Body.String(), "Not finished yet") {
		t.Error("the page says that it is not finished, and it is")
	}
	pending = true
	if page := officerBrowser.form("/officer/erase/confirm", what).Body.String(); !strings.Contains(page, "Not finished yet") || !strings.Contains(page, "tries again every minute") {
		t.Errorf("a file is in use, and the page does not say so:\n%s", page)
	} else {
		clean(t, page, "erase-pending")
	}
	log := patientBrowser.page("/patients/" + string(id) + "/log")
	if strings.Contains(log, "Zebulon") || !strings.Contains(log, "The person asked for it") || !strings.Contains(log, "The privacy officer</bdi>") || !strings.Contains(log, "words of this entry were erased") {
		t.Error("the patient reads the words still, or not that they were erased, why and by whom")
	}
	for _, found := range [][2]string{{"looked", "words of this entry were erased"}, {"new", "words of this entry were erased"}, {"new", "words of an older entry were erased"}} {
		if page := patientBrowser.page("/patients/" + string(id) + "/log?kind=" + found[0]); !strings.Contains(page, found[1]) {
			t.Errorf("%q is not found under %q", found[1], found[0])
		}
	}
	app.Clock.Add(time.Hour)
	what.Set("which", "patient")
	if w := officerBrowser.form("/officer/erase/confirm", what); w.Code != http.StatusForbidden {
		t.Errorf("with a passkey of an hour ago: %d", w.Code)
	}
}

// TestAPrunedLogIsServed: bundles below the minimum are gone, the policy says so, tiles and checkpoint are what they were.
func TestAPrunedLogIsServed(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	operator := emergency.Caller{Operator: true}
	b := app.browser(t)
	if policy := b.page("/audit/log/policy"); !strings.HasPrefix(policy, "minimum 0\n") {
		t.Errorf("the policy is %q", policy)
	}
	for range 260 {
		if err := app.House.Service.RecordOperator(t.Context(), operator, audit.BackupMade, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := app.House.Log.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	tile := b.page("/audit/log/tile/0/000")
	if w := b.get("/audit/log/tile/entries/000"); w.Code != http.StatusOK {
		t.Errorf("a bundle: %d", w.Code)
	}
	if _, err := app.House.Service.EraseEntries(t.Context(), operator, emergency.Erasure{Entries: []emergency.EntryPlace{{Epoch: 1, Index: 3}}, Ground: audit.OnMistake}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.House.Service.PruneLog(t.Context(), operator, 300, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if w := b.get("/audit/log/tile/entries/000"); w.Code != http.StatusGone {
		t.Errorf("a pruned bundle: %d", w.Code)
	}
	if policy := b.page("/audit/log/policy"); !strings.HasPrefix(policy, "minimum 256\n") {
		t.Errorf("the policy is %q", policy)
	}
	if b.page("/audit/log/tile/0/000") != tile {
		t.Error("a tile is another one after the pruning")
	}
}
