package web

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// lengthClass is how many bytes two answers may differ in, by what differs between any two of them: the number of an entry.
const lengthClass = 8

// emergencyStep is what somebody who listens on the line sees of a step on the emergency page.
type emergencyStep struct {
	status        int
	headers, said string
	length        int
}

// TestNobodyIsToldThatSomethingIsHidden is promise 4 on the wire: whatever is hidden behind a card, each request of the emergency page has the same status,
// the same headers, the same words and as many bytes for an answer, and no request is made for one card that is not made for every other.
func TestNobodyIsToldThatSomethingIsHidden(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	plain, hiding := person.Patient(t, "adult"), person.Patient(t, "adult")
	person.Edit(t, hiding, summary.Item{Section: section.MentalHealth, Text: "hidden thing"})
	person.Edit(t, hiding, summary.Item{Section: section.PrivateNotes, Text: "hidden thing"})
	person.Edit(t, hiding, summary.Item{Section: section.Conditions, Text: "hidden thing", Hidden: true})
	wallets := map[emergency.PatientID]emergency.Issued{plain: person.Issue(t, plain), hiding: person.Issue(t, hiding)}
	stranger := app.browser(t)

	walk := func(patient emergency.PatientID) map[string]emergencyStep {
		steps := map[string]emergencyStep{}
		post := func(name, path string, body map[string]any) map[string]any {
			w := stranger.post(path, body)
			whole, said := stranger.answer(w, w.Code), stranger.answer(w, w.Code)
			for _, own := range []string{"grant", "grant_id", "watch", "entry"} { // what differs between any two openings
				if _, there := said[own]; there {
					said[own] = said[own] != ""
				}
			}
			for _, own := range []string{"Content-Length", "X-Request-Id"} {
				w.Header().Del(own)
			}
			steps[name] = emergencyStep{w.Code, headersOf(w), string(mustJSON(said)), w.Body.Len()}
			return whole
		}
		address := wallets[patient].Address
		for _, step := range []string{"critical", "sensitive"} {
			opened := post(step, "/v1/cards/"+wallets[patient].ID.String()+"/open", map[string]any{"step": step, "reason": "threat_to_life", "name": "Kim Example",
				"secret": base64.RawURLEncoding.EncodeToString(address.Secret.Bytes())})
			post(step+", thread", "/v1/thread", map[string]any{"grant": opened["grant"], "after": 0})
			post(step+", wait", "/v1/requests/watch", map[string]any{"watch": opened["watch"]})
		}
		return steps
	}
	for _, policy := range []rules.Policy{rules.Balanced(), rules.Private()} {
		for patient := range wallets {
			b.answer(b.approve(emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(policy)}), http.StatusOK)
		}
		want, got := walk(plain), walk(hiding)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			w, g := want[name], got[name]
			if g.status != w.status || g.headers != w.headers || g.said != w.said {
				t.Errorf("%s, %s: with something hidden %d\n%s%s\nwithout %d\n%s%s", policy.Preset, name, g.status, g.headers, g.said, w.status, w.headers, w.said)
			}
			if g.length > w.length+lengthClass || w.length > g.length+lengthClass {
				t.Errorf("%s, %s: %d bytes with something hidden, %d without", policy.Preset, name, g.length, w.length)
			}
		}
	}
}

// TestABadgeIsWornUnlessItIsLeftOff: that of whoever is signed in counts without being shown, one from another telephone counts where it is shown, and one
// that does not count closes nothing.
func TestABadgeIsWornUnlessItIsLeftOff(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	issued := person.Issue(t, person.Patient(t, "adult"))
	medic, _ := app.signedIn(t, "Kim Medic")
	id, link, err := app.House.Service.MakeOrganization(t.Context(), emergency.Caller{Operator: true}, emergency.NewOrganization{Name: "Harbour Rescue", Kind: "ems"})
	if err != nil {
		t.Fatal(err)
	}
	medic.joins(invitationIn(t, link.Link))
	shown, err := app.House.Service.ShowBadge(t.Context(), emergency.Caller{Account: app.accountOf(t, medic)}, id)
	if err != nil {
		t.Fatal(err)
	}
	read, _ := cards.ParseBadgeAddress(shown.Address)
	for _, test := range []struct {
		name, badge string
		browser     *browser
		want        string
	}{
		{"worn", "", medic, "Harbour Rescue"},
		{"left off", withoutBadge, medic, ""},
		{"read from another telephone", read, app.browser(t), "Harbour Rescue"},
		{"none", "", app.browser(t), ""},
		{"not one", "rubbish", app.browser(t), ""},
	} {
		w := test.browser.post("/v1/cards/"+issued.ID.String()+"/open", map[string]any{"step": "critical", "reason": "unconscious", "badge": test.badge,
			"secret": base64.RawURLEncoding.EncodeToString(issued.Address.Secret.Bytes())})
		answer := test.browser.answer(w, http.StatusOK)
		said, _ := answer["badge"].(map[string]any)
		if got, _ := said["organization"].(string); got != test.want || answer["outcome"] != "granted" {
			t.Errorf("%s: %v with the badge of %q, want that of %q", test.name, answer["outcome"], got, test.want)
		}
	}
}
