package web

import (
	"encoding/json"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// inputs finds the hidden and ticked inputs of a page, as a browser would send them again.
var inputs = regexp.MustCompile(`<input type="(hidden|radio|checkbox|text)"[^>]*>`)

// sentAgain is what a form of the editor would send if it were sent as it stands.
func sentAgain(page string) url.Values {
	page = page[strings.Index(page, "<main"):]
	values := url.Values{}
	for _, input := range inputs.FindAllString(page, -1) {
		attribute := func(name string) string {
			if found := regexp.MustCompile(` ` + name + `="([^"]*)"`).FindStringSubmatch(input); found != nil {
				return html.UnescapeString(found[1])
			}
			return ""
		}
		kind := attribute("type")
		if (kind == "radio" || kind == "checkbox") && !strings.Contains(input, " checked") {
			continue
		}
		values.Add(attribute("name"), attribute("value"))
	}
	return values
}

// editor walks through the pages of the editor as somebody without scripts does.
type editor struct {
	*browser
	home, page string
}

// press sends the form of the page with some answers changed and a button pressed.
func (e *editor) press(button string, status int, answers ...string) {
	e.t.Helper()
	values := sentAgain(e.page)
	for i := 0; i+1 < len(answers); i += 2 {
		values.Del(answers[i])
		for part := range strings.SplitSeq(answers[i+1], " ") {
			values.Add(answers[i], part)
		}
	}
	values.Set("do", button)
	w := e.form(e.home+"/rules/draft", values)
	if w.Code != status {
		e.t.Fatalf("%s %v: %d, want %d\n%s", button, answers, w.Code, status, w.Body)
	}
	e.page = w.Body.String()
}

// draft is the draft that the page hands on.
func (e *editor) draft() rules.Policy {
	e.t.Helper()
	policy, err := rules.ParsePolicy([]byte(sentAgain(e.page).Get("draft")))
	if err != nil {
		e.t.Fatalf("the page hands on no draft: %v", err)
	}
	return policy
}

// text is what a page says, without its markup.
func text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " "))), " ")
}

// TestARuleIsMadeFromSentences makes a rule question by question, changes it, takes another out, and approves exactly what was shown.
func TestARuleIsMadeFromSentences(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	e := &editor{browser: b, home: "/patients/" + string(id)}

	e.page = b.page(e.home + "/rules")
	if before := e.draft(); rules.Hash(before) != rules.Hash(rules.Balanced()) {
		t.Fatalf("the editor begins with %s", rules.Canonical(before))
	}
	e.press("add", http.StatusOK)
	e.press("answer", http.StatusBadRequest) // nobody is chosen
	if !strings.Contains(e.page, `aria-invalid`) && !strings.Contains(e.page, `class="field faulty"`) {
		t.Error("the question that was not answered is not marked")
	}
	e.press("answer", http.StatusOK, "who", "kind:fire")
	if got := sentAgain(e.page)["section"]; !slices.Equal(got, section.Critical.Names()) {
		t.Errorf("a new rule begins with %v", got)
	}
	e.press("answer", http.StatusOK, "section", "allergies immunizations")
	e.press("answer", http.StatusOK, "soon", "86400")
	e.press("answer", http.StatusOK, "approvals", "2")
	e.press("answer", http.StatusOK) // for as long as is usual
	want := "The fire service can open: Allergies and Vaccinations. Your card must be there. Their badge must be verified. " +
		"After a wait of 1 day, in which you or a contact can say no. Without the wait if 2 of your contacts agree. It stays open for 4 hours. You are told each time."
	if !strings.Contains(text(e.page), want) {
		t.Errorf("the rule does not read %q:\n%s", want, text(e.page))
	}
	e.press("ask:when", http.StatusOK)
	e.press("answer", http.StatusBadRequest, "from", "2026-12-24", "until", "2026-12-01")
	e.press("answer", http.StatusBadRequest, "from", "soon", "until", "")
	e.press("answer", http.StatusOK, "from", "2026-12-04", "until", "2026-12-24")
	e.press("ask:where", http.StatusOK)
	e.press("answer", http.StatusBadRequest, "where", "Atlantis")
	if !strings.Contains(text(e.page), "We do not know this country: Atlantis.") {
		t.Error("an unknown country is not named")
	}
	e.press("answer", http.StatusOK, "where", "PT;Spain")
	e.press("keep", http.StatusOK)
	e.press("remove:contact", http.StatusOK)

	made, found := ruleOf(e.draft(), "fire")
	day := func(d int) time.Time { return time.Date(2026, 12, d, 0, 0, 0, 0, time.UTC) }
	wanted := rules.Rule{ID: "fire", Who: rules.Who{Kind: rules.OrganizationKind, ID: rules.KindFire}, Proof: rules.ProofCard | rules.ProofBadge,
		Sections: section.SetOf(section.Allergies, section.Immunizations), HowSoon: rules.HowSoon{Wait: 24 * time.Hour, Approvals: 2}, For: rules.ForParamedic,
		When: rules.When{From: day(4), Until: day(25)}, Where: []string{"ES", "PT"}}
	if !found || hashOf(made) != hashOf(wanted) {
		t.Errorf("the rule is %+v, want %+v", made, wanted)
	}
	if _, found := ruleOf(e.draft(), "contact"); found || e.draft().Preset != "" {
		t.Errorf("the draft is %s", rules.Canonical(e.draft()))
	}
	view, err := app.Server.Service.Rules(t.Context(), person.Caller(t), id)
	if err != nil || rules.Hash(view.Policy) != rules.Hash(rules.Balanced()) {
		t.Errorf("a draft changed the rules in force: %v", err)
	}

	w := b.form(e.home+"/simulate", url.Values{"draft": {string(rules.Canonical(e.draft()))}, "do": {"somebody"},
		"person": {"kind:fire"}, "holds": {"card"}, "country": {"Portugal"}, "date": {"2026-12-10"}, "hour": {"3"}})
	if w.Code != http.StatusOK {
		t.Fatalf("the simulation: %d\n%s", w.Code, w.Body)
	}
	if said := text(w.Body.String()); !strings.Contains(said, "After a wait, unless you say no Vaccinations New: Vaccinations.") || !strings.Contains(said, "Only from 4 December 2026, 00:00 UTC until 25 December 2026, 00:00 UTC.") {
		t.Errorf("the simulation says %s", said)
	}
	b.answer(b.approve(emergency.Action{Kind: emergency.ActionRules, Target: string(id), Body: rules.Canonical(e.draft())}), http.StatusOK)
	if page := text(b.page(e.home + "/rules?changed=1")); !strings.Contains(page, "In force: Your own rules") || !strings.Contains(page, "The fire service") {
		t.Errorf("the approved rules are not shown: %s", page)
	}

	// A draft on another device began with the rules before these: it says so, and nobody approves what was compared with rules that are gone.
	w = b.form(e.home+"/simulate", url.Values{"draft": {string(rules.Canonical(rules.Open()))}, "base": {"1"}})
	if !strings.Contains(text(w.Body.String()), "The rules were changed on another device") {
		t.Error("a draft that came too late is shown like any other")
	}
	request := map[string]any{"kind": "rules", "target": id, "body": json.RawMessage(rules.Canonical(rules.Open())), "base": 1}
	if w := b.post("/v1/approve/begin", request); w.Code != http.StatusConflict {
		t.Errorf("an approval against older rules: %d, want 409", w.Code)
	}
}

// TestWiderRulesWaitAndCanBeStopped: with a wait set, rules that open more are shown as waiting, and one press without a passkey stops them.
func TestWiderRulesWaitAndCanBeStopped(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	e := &editor{browser: b, home: "/patients/" + string(id)}
	e.page = b.page(e.home + "/rules/draft")
	e.press("wait", http.StatusOK)
	e.press("set-wait", http.StatusBadRequest, "delay", "60")
	e.press("set-wait", http.StatusOK, "delay", "86400")
	approve := func(policy rules.Policy) {
		b.answer(b.approve(emergency.Action{Kind: emergency.ActionRules, Target: string(id), Body: rules.Canonical(policy)}), http.StatusOK)
	}
	approve(e.draft())

	opened := b.page(e.home + "/simulate?preset=open")
	policy, err := rules.ParsePolicy([]byte(sentAgain(opened).Get("draft")))
	if err != nil || policy.Delay != 24*time.Hour {
		t.Fatalf("a preset takes the wait away: %v, %v", policy.Delay, err)
	}
	if !strings.Contains(text(opened), "Until then you can stop them.") {
		t.Error("nobody says that the rules will wait")
	}
	approve(policy)
	for _, page := range []string{b.page(e.home), b.page(e.home + "/rules?changed=1")} {
		if !strings.Contains(page, e.home+"/rules/stop") || strings.Contains(page, "The new rules are in force.") {
			t.Errorf("the rules that wait are not shown as such: %s", text(page))
		}
	}
	for range 2 { // the second press finds nothing to stop, which is as well
		if w := b.form(e.home+"/rules/stop", url.Values{}); w.Code != http.StatusSeeOther {
			t.Errorf("stopping: %d", w.Code)
		}
	}
	view, err := app.Server.Service.Rules(t.Context(), person.Caller(t), id)
	if err != nil || view.Pending != nil || labelled(view.Policy).Preset != rules.PresetBalanced {
		t.Errorf("in force is %q, %v waits, %v", view.Policy.Preset, view.Pending, err)
	}
}

// TestPeopleAreChosenByName makes a rule for one contact, one for one organization, and lets one contact of two end a wait: the pages say names, the
// rules hold identifiers.
func TestPeopleAreChosenByName(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	service, keeper, operator := app.House.Service, person.Caller(t), emergency.Caller{Operator: true}
	contacts := map[string]string{}
	for _, new := range []emergency.NewContact{{Name: "Grace Hopper"}, {Name: "Mary Jackson"}, {Name: "Myself", Own: true, Mail: "ada@example.org"}} {
		contact, _, err := service.AddContact(t.Context(), keeper, id, new)
		if err != nil {
			t.Fatal(err)
		}
		contacts[new.Name] = string(contact)
	}
	organization, _, err := service.MakeOrganization(t.Context(), operator, emergency.NewOrganization{Name: "Night Bus", Kind: "night_care"})
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{browser: b, home: "/patients/" + string(id)}
	e.page = b.page(e.home + "/rules/draft")
	e.press("add", http.StatusOK)
	if said := text(e.page); !strings.Contains(said, "An organization of the kind “night_care”") {
		t.Errorf("a kind that only this house has is not offered: %s", said)
	}
	e.press("answer", http.StatusOK, "who", "one_contact")
	if said := text(e.page); !strings.Contains(said, "Grace Hopper Mary Jackson") || strings.Contains(said, "Myself") {
		t.Errorf("the contacts are not offered: %s", said)
	}
	e.press("answer", http.StatusBadRequest) // none is chosen
	e.press("answer", http.StatusOK, "which", contacts["Grace Hopper"])
	e.press("answer", http.StatusOK)
	e.press("answer", http.StatusOK, "soon", "3600")
	e.press("answer", http.StatusBadRequest, "approvals", "2", "of", contacts["Mary Jackson"]) // more than are chosen
	e.press("answer", http.StatusOK, "approvals", "1", "of", contacts["Mary Jackson"])
	e.press("answer", http.StatusOK)
	if said := text(e.page); !strings.Contains(said, "Your contact Grace Hopper can open") || strings.Contains(said, contacts["Grace Hopper"]) {
		t.Errorf("the rule reads %s", said)
	}
	e.press("ask:who", http.StatusOK)
	e.press("answer", http.StatusOK, "who", "organization")
	if strings.Contains(e.page, "checked") || strings.Contains(text(e.page), contacts["Grace Hopper"]) {
		t.Error("a contact is offered among the organizations")
	}
	e.press("answer", http.StatusOK, "which", string(organization))
	if said := text(e.page); !strings.Contains(said, "The organization Night Bus can open") || !strings.Contains(said, "Their badge must be verified.") {
		t.Errorf("the rule reads %s", said)
	}
	e.press("keep", http.StatusOK)
	made, found := ruleOf(e.draft(), "organization")
	if who := (rules.Who{Kind: rules.OneOrganization, ID: string(organization)}); !found || made.Who != who || !slices.Equal(made.HowSoon.Of, []string{contacts["Mary Jackson"]}) {
		t.Errorf("the rule is %+v", made)
	}
	w := b.form(e.home+"/simulate", url.Values{"draft": {string(rules.Canonical(e.draft()))}, "do": {"somebody"},
		"person": {"organization/" + string(organization)}, "holds": {"card"}, "date": {""}, "hour": {"3"}})
	if said := text(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, "Whom you asked about Night Bus At once") {
		t.Errorf("the simulation: %d %s", w.Code, said)
	}
	_, stranger := app.signedIn(t, "Mallory Example")
	if _, err := service.People(t.Context(), stranger.Caller(t), id); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("somebody else learns who the contacts are: %v", err)
	}
}

// TestTheEditorKeepsWhatItDoesNotAsk takes every kind of rule through the pages and back without a change.
func TestTheEditorKeepsWhatItDoesNotAsk(t *testing.T) {
	t.Parallel()
	catalog, err := catalogOfAll()
	if err != nil {
		t.Fatal(err)
	}
	moment := time.Date(2026, 12, 4, 10, 30, 0, 0, time.UTC)
	var all []rules.Rule
	for _, name := range presets {
		policy, _ := rules.Preset(name)
		all = append(all, policy.Rules...)
	}
	all = append(all,
		rules.Rule{ID: "odd", Who: rules.Who{Kind: rules.OrganizationKind, ID: "dialysis_unit"}, Proof: rules.ProofCard | rules.ProofTap | rules.ProofPasscode | rules.ProofBadge,
			When: rules.When{From: moment, Until: moment.Add(90 * time.Second), Incident: true}, Where: []string{"CD", "HK", "XK"}, Sections: section.SensitiveSet,
			HowSoon: rules.HowSoon{Wait: 61 * time.Second, Approvals: 2, Of: []string{"a", "b", "c"}}, For: 90 * time.Second},
		rules.Rule{ID: "one", Who: rules.Who{Kind: rules.OneOrganization, ID: "issuer.example:7"}, Proof: rules.ProofCard | rules.ProofBadge, Sections: 1 << 3, For: time.Hour},
		rules.Rule{ID: "sister", Who: rules.Who{Kind: rules.Contact, ID: "sister"}, Proof: rules.ProofCard, Sections: 1 << 3, For: time.Hour})
	for _, lang := range catalog.Languages() {
		x := &exchange{Server: &Server{Config: Config{Catalog: catalog}}, lang: lang}
		for _, r := range all {
			w := work{policy: rules.Policy{Format: rules.Format}, answers: x.answersOf(r)}
			sent := answers{}
			for _, f := range w.hidden(question{}) {
				sent[f.ID] = append(sent[f.ID], f.Value)
			}
			back, faults := x.rule(sent, r.ID)
			if hashOf(back) != hashOf(r) || len(faults) > 0 {
				t.Errorf("%s: %+v comes back as %+v, %v", lang.Code, r, back, faults)
			}
		}
	}
}

// TestEveryCountryIsReadByItsName: what a form shows of a country, it reads.
func TestEveryCountryIsReadByItsName(t *testing.T) {
	t.Parallel()
	catalog, err := catalogOfAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "de", "ar", "ja", "zh"} {
		x := &exchange{Server: &Server{Config: Config{Catalog: catalog}}, lang: locale.Lang{Code: lang}}
		for _, code := range []string{"AX", "BL", "CD", "CG", "CI", "GB", "HK", "MK", "PM", "ST", "US", "XK"} {
			codes, unknown := x.countriesNamed(x.countryNames([]string{code}))
			if !slices.Equal(codes, []string{code}) || len(unknown) > 0 {
				t.Errorf("%s: %q is read as %v, %v", lang, x.country(code), codes, unknown)
			}
		}
	}
}
