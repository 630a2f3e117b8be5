package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// reach is how far somebody gets, in words: what each further step adds.
type reach struct {
	Steps   []fact
	Nothing string // said instead when there is no step
}

// seen sets old rules beside new ones for one person.
type seen struct {
	Person        string
	Before, After reach
	Change        string // "" where there are no new rules
	Now, New      string // what the two sides are called, "" where they are one
}

// simulate answers "what would they see?" for a preset beside the present rules, or for the present rules alone.
func (s *Server) simulate(x *exchange) error {
	w, id, err := x.present()
	if err != nil {
		return err
	}
	if query := x.r.URL.Query(); query.Has("preset") {
		policy, found := rules.Preset(query.Get("preset"))
		if !found {
			return invalid("preset", "preset")
		}
		policy.Delay = w.policy.Delay // how long wider rules wait is no matter of a preset
		w.policy = policy
	}
	return x.simulatePage(w, id, nil)
}

// simulateDraft answers it for a draft, and for somebody whom the patient thinks up.
func (s *Server) simulateDraft(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	if _, err := s.Service.Patient(x.r.Context(), x.caller, id); err != nil {
		return err
	}
	w, err := x.readWork(id)
	if err != nil {
		return err
	}
	if x.value("do") != "somebody" {
		return x.simulatePage(w, id, nil)
	}
	choice, faults := x.choice(w.people)
	if len(faults) > 0 {
		return x.simulatePage(w, id, faults)
	}
	return x.simulatePage(w, id, nil, rules.Chosen(choice))
}

// personAsked are the questions about somebody whom a patient thinks up.
var personAsked = []string{"person", "holds", "country", "date", "hour", "declared"}

// choice reads whom the patient has thought up.
func (x *exchange) choice(people people) (rules.Choice, []fault) {
	var faults []fault
	who, which, _ := strings.Cut(x.value("person"), "/")
	choice := rules.Choice{Who: whoOf(who, which), Incident: x.value("declared") == ticked}
	switch choice.Who.Kind {
	case rules.Anyone, rules.Badged, rules.OrganizationKind, rules.Contact:
	case rules.OneOrganization:
		organization, _ := people.Organizations.find(which)
		choice.Kind = organization.Kind
	default:
		faults = append(faults, fault{"person", x.T("editor.fault.choose")})
	}
	switch x.value("holds") {
	case "card":
		choice.Proofs = rules.ProofCard
	case "tap":
		choice.Proofs = rules.ProofCard | rules.ProofTap
	}
	countries, unknown := x.countriesNamed(x.value("country"))
	if len(countries) > 0 {
		choice.Country = countries[0]
	}
	if len(unknown) > 0 || len(countries) > 1 {
		faults = append(faults, fault{"country", x.T("editor.fault.one_country")})
	}
	asked := x.value("date")
	if asked == "" {
		asked = x.today()
	}
	date, err := time.Parse(time.DateOnly, asked)
	hour, wrong := strconv.Atoi(x.value("hour"))
	if err != nil {
		faults = append(faults, fault{"date", x.T("editor.fault.day")})
	}
	if wrong != nil || hour < 0 || hour > 23 {
		faults = append(faults, fault{"hour", x.T("editor.fault.choose")})
	}
	choice.At = date.Add(time.Duration(hour) * time.Hour)
	return choice, faults
}

// somebodyFields ask for a person, filled in with what was asked before.
func (x *exchange) somebodyFields(people people) []field {
	said := map[string]string{"person": string(rules.Anyone), "holds": "card", "date": x.today(), "hour": strconv.Itoa(x.Now().UTC().Hour())}
	if x.r.Method == http.MethodPost && x.value("do") == "somebody" {
		for _, name := range personAsked {
			said[name] = x.value(name)
		}
	}
	who := field{ID: "person", Kind: "select", Label: x.T("editor.somebody.who")}
	for _, o := range x.whoOptions("", people) {
		switch o.Value {
		case whoOrganization:
			for _, each := range people.Organizations.options() {
				who.Options = append(who.Options, option{Value: whoOrganization + "/" + each.Value, Label: each.Label})
			}
		case whoContact:
			for _, each := range people.Contacts.options() {
				who.Options = append(who.Options, option{Value: whoContact + "/" + each.Value, Label: each.Label})
			}
		default:
			who.Options = append(who.Options, o)
		}
	}
	chosen(who.Options, said["person"])
	holds := field{ID: "holds", Kind: "select", Label: x.T("editor.somebody.holds"), Options: chosen([]option{
		{Value: "card", Label: x.T("editor.somebody.card")}, {Value: "tap", Label: x.T("editor.somebody.tap")}, {Value: "none", Label: x.T("editor.somebody.none")},
	}, said["holds"])}
	hour := field{ID: "hour", Kind: "select", Label: x.T("editor.somebody.hour")}
	for h := range 24 {
		hour.Options = append(hour.Options, option{Value: strconv.Itoa(h), Label: time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC).Format("15:04")})
	}
	chosen(hour.Options, said["hour"])
	return []field{who, holds,
		{ID: "country", Kind: "text", Label: x.T("editor.somebody.country"), Hint: x.T("editor.somebody.country.hint"), Value: said["country"]},
		{ID: "date", Kind: "date", Label: x.T("editor.somebody.date"), Hint: x.T("editor.day.hint"), Value: said["date"]},
		hour,
		{ID: "declared", Kind: "checkbox", Label: x.T("editor.somebody.incident"), Ticked: said["declared"] == ticked},
	}
}

// simulatePage shows what people would see, and asks for the passkey that approves exactly these rules.
func (x *exchange) simulatePage(w work, id emergency.PatientID, faults []fault, somebody ...rules.Person) error {
	title := "editor.simulate.title"
	if w.policy.Preset != "" {
		title = "console.simulate.title"
	}
	p, _, err := x.patientPage("rules", title, "preset", x.T("preset."+w.policy.Preset))
	if err != nil {
		return err
	}
	view, err := x.Service.Rules(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	differences, err := x.Service.Simulate(x.r.Context(), x.caller, id, w.policy, somebody...)
	if err != nil {
		return err
	}
	standing := len(differences) - len(somebody)
	same := rules.Hash(view.Policy) == rules.Hash(w.policy)
	fields := x.somebodyFields(w.people)
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(fields, faults)
	}
	thought := x.seen(differences[standing:], same)
	for i := range thought { // whoever was thought up is called as the form calls them
		thought[i].Person = labelOf(fields[0].Options)
	}
	draft := string(rules.Canonical(w.policy))
	p.Back += "/rules"
	p.Faults, p.Scripts = faults, []string{"js/console/approve.js"}
	p.D = struct {
		Base, Draft      string
		Somebody, People []seen
		Fields           []field
		Rules            [][]string
		Delay            string
		Waits            string // when these rules are in force at the earliest, if they wait
		Same             bool   // as those in force
		Settled          bool   // and a passkey has approved them
		Version, Now     int    // which the draft began with, and which is in force
		Kind, Target     string
	}{"/patients/" + string(id), draft, thought, x.seen(differences[:standing], same), fields, x.ruleSentences(w.policy, w.people), x.delayed(w.policy),
		x.waitsUntil(view.Policy, w.policy), same, same && view.Approved, w.base, view.Version, emergency.ActionRules, string(id)}
	return x.render(status, "simulate", p)
}

// labelOf is the label of the option that is chosen.
func labelOf(options []option) string {
	for _, o := range options {
		if o.Chosen {
			return o.Label
		}
	}
	return ""
}

// waitsUntil says when rules that open more take effect if they are approved now, "" where they do not wait.
func (x *exchange) waitsUntil(now, new rules.Policy) string {
	if now.Delay == 0 || !rules.Widens(now, new) {
		return ""
	}
	return x.Catalog.Time(x.lang.Code, x.Now().UTC().Add(now.Delay))
}

// seen says what each person would see, those first for whom something changes.
func (x *exchange) seen(differences []rules.Difference, same bool) (people []seen) {
	stays := func(d rules.Difference) bool { return d.Before.Reach == d.After.Reach }
	ordered := slices.Concat(slices.DeleteFunc(slices.Clone(differences), stays), slices.DeleteFunc(slices.Clone(differences), func(d rules.Difference) bool { return !stays(d) }))
	for _, d := range ordered {
		one := seen{Person: x.T(d.Before.Person.Key), Before: x.reach(d.Before.Reach), After: x.reach(d.After.Reach)}
		if !same {
			one.Change = x.change(d)
		}
		if !stays(d) {
			one.Now, one.New = x.T("console.simulate.before"), x.T("console.simulate.after")
		}
		people = append(people, one)
	}
	return people
}

// reach says what somebody gets at once, what a second reason adds to it, and what a wait adds to that.
func (x *exchange) reach(r rules.Reach) reach {
	var out reach
	for _, step := range []struct {
		key      string
		sections section.Set
	}{{"at_once", r.AtOnce}, {"after_reason", r.AfterReason &^ r.AtOnce}, {"after_wait", r.AfterWait &^ r.AfterReason}} {
		if step.sections != 0 {
			out.Steps = append(out.Steps, fact{Label: x.T("console.reach." + step.key), Value: x.sections(step.sections)})
		}
	}
	if out.Steps == nil {
		out.Nothing = x.T("console.reach.nothing")
	}
	return out
}

// change says in words what the new rules give and take.
func (x *exchange) change(d rules.Difference) string {
	gained, lost := x.sections(d.Gained.AfterWait), x.sections(d.Lost.AfterWait)
	if gained != "" {
		gained = x.T("console.change.gained", "sections", gained)
	}
	if lost != "" {
		lost = x.T("console.change.lost", "sections", lost)
	}
	switch {
	case gained != "" || lost != "":
		return x.chain("console.sentences", gained, lost)
	case d.Before.Reach != d.After.Reach:
		return x.T("console.change.speed")
	default:
		return x.T("console.change.none")
	}
}

// sections lists sections in words, "" for none.
func (x *exchange) sections(set section.Set) string {
	return x.Catalog.Format(x.lang.Code, sectionKeys(set.Names()))
}
