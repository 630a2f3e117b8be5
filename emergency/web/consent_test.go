package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/consent"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// TestAConsentBecomesADraft reads rules from a file: the page shows them with names, says what it left out, and hands on exactly what it shows.
func TestAConsentBecomesADraft(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	home := "/patients/" + string(id)
	contact, _, err := app.Server.Service.AddContact(t.Context(), person.Caller(t), id, emergency.NewContact{Name: "Grace Hopper", Mail: "grace@example.org", Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	policy := rules.Private()
	policy.Preset = ""
	policy.Rules = append(policy.Rules,
		rules.Rule{ID: "grace", Who: rules.Who{Kind: rules.Contact, ID: string(contact)}, Sections: section.OrdinarySet, For: rules.ForFamily},
		rules.Rule{ID: "stranger", Who: rules.Who{Kind: rules.Contact, ID: "of-another-house"}, Sections: section.OrdinarySet, For: rules.ForFamily})
	document := consent.Encode(policy, consent.Meta{Patient: string(id), House: "https://other.example", At: app.Clock.Now()})

	w := b.upload(home+"/rules/import", document)
	said := text(w.Body.String())
	if w.Code != http.StatusOK || !strings.Contains(said, "Your contact Grace Hopper can open: ") || !strings.Contains(said, "Not known here: of-another-house.") ||
		strings.Contains(said, "left out") {
		t.Errorf("the import: %d %s", w.Code, said)
	}
	if draft := sentAgain(w.Body.String()).Get("draft"); draft != string(rules.Canonical(policy)) {
		t.Errorf("the draft is %s", draft)
	}

	// What one takes along comes back as it is.
	exported := b.get(home + "/consent.json")
	if exported.Code != http.StatusOK || exported.Header().Get("Content-Type") != "application/fhir+json" || !strings.HasPrefix(exported.Header().Get("Content-Disposition"), "attachment") {
		t.Fatalf("the export: %d %v", exported.Code, exported.Header())
	}
	w = b.upload(home+"/rules/import", exported.Body.Bytes())
	if draft := sentAgain(w.Body.String()).Get("draft"); draft != string(rules.Canonical(rules.Balanced())) {
		t.Errorf("the export comes back as %s", draft)
	}

	altered := strings.Replace(string(document), `"type":"permit"`, `"type":"permit","dataPeriod":{"start":"2020"}`, 1)
	w = b.upload(home+"/rules/import", []byte(altered))
	if said := text(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, "1 part was left out") {
		t.Errorf("a limit that cannot be held: %d %s", w.Code, said)
	}
	for name, document := range map[string]string{
		"no JSON": "{", "another resource": `{"resourceType":"Bundle"}`, "too large": strings.Repeat(" ", consent.MaxBytes+1),
		"not in force": strings.Replace(string(document), `"active"`, `"inactive"`, 1),
	} {
		if w := b.upload(home+"/rules/import", []byte(document)); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `href="#file"`) {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}
