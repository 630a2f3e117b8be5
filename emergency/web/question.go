package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// question is one page of the editor of a rule.
type question struct {
	name    string
	answers []string // names under which its answers are sent
	fields  []string // ids of its fields, where they are not the names of the answers
	first   bool     // asked of every new rule; the others begin with what is usual and can be changed afterwards
	leads   string   // the question that its answer may make necessary
}

// questions in the order in which a new rule is asked for.
var questions = []question{
	{name: "who", answers: []string{"who"}, first: true, leads: "which"},
	{name: "which", answers: []string{"which"}, first: true},
	{name: "proof", answers: []string{"proof"}},
	{name: "sections", answers: []string{"section"}, fields: []string{"sections", "sensitive"}, first: true},
	{name: "soon", answers: []string{"soon"}, first: true, leads: "sooner"},
	{name: "sooner", answers: []string{"approvals", "of"}, first: true},
	{name: "long", answers: []string{"long"}, first: true},
	{name: "when", answers: []string{"from", "until", "incident"}},
	{name: "where", answers: []string{"where"}},
}

func questionNamed(name string) (question, bool) {
	for _, q := range questions {
		if q.name == name {
			return q, true
		}
	}
	return question{}, false
}

func (q question) has(field string) bool {
	return slices.Contains(q.answers, field) || slices.Contains(q.fields, field)
}

// answers are what somebody has said about one rule so far: texts, as the pages of the editor hand them on, so that a wrong one can be shown again.
type answers url.Values

func (a answers) get(name string) string { return strings.TrimSpace(url.Values(a).Get(name)) }

// applies reports whether a question makes sense after what was answered before it.
func (a answers) applies(q question) bool {
	switch q.name {
	case "which":
		return a.get("who") == whoOrganization || a.get("who") == whoContact
	case "sooner":
		return a.get("soon") != "0"
	default:
		return true
	}
}

// next is the question after another one, "" for the page that shows how the rule reads. An answer can make a question necessary that was none.
func (a answers) next(after question, isNew bool) string {
	if q, leads := questionNamed(after.leads); leads && a.applies(q) {
		return q.name
	}
	passed := false
	for _, q := range questions {
		if isNew && passed && q.first && a.applies(q) {
			return q.name
		}
		passed = passed || q.name == after.name
	}
	return ""
}

// The answers to "who" that need a second one.
const (
	whoOrganization = "organization"
	whoContact      = "one_contact"
)

// kindsOffered are the kinds of organization that a rule can always be for.
var kindsOffered = []string{rules.KindEMS, rules.KindHospital, rules.KindClinic, rules.KindShelter, rules.KindFire, rules.KindPolice}

// Waits, and lengths of time for which something stays open, that the editor offers.
var (
	waitsOffered = []time.Duration{0, time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour}
	lastsOffered = []time.Duration{rules.ForBystander, rules.ForParamedic, rules.ForFamily, rules.ForHospital, rules.ForShelter}
)

// usualLength is how long a rule for somebody lasts where nothing else is said.
func usualLength(who rules.Who) time.Duration {
	switch {
	case who.Kind == rules.Anyone:
		return rules.ForBystander
	case who.Kind == rules.Contact:
		return rules.ForFamily
	case who.Kind == rules.OrganizationKind && who.ID == rules.KindHospital:
		return rules.ForHospital
	case who.Kind == rules.OrganizationKind && who.ID == rules.KindShelter:
		return rules.ForShelter
	default:
		return rules.ForParamedic
	}
}

// shownProofs are what somebody can be asked to show besides the badge, which follows from who they are.
var shownProofs = []rules.Proofs{rules.ProofCard, rules.ProofTap, rules.ProofPasscode}

// newAnswers are those of a rule that nobody has said anything about: it would open what matters in the first minutes, at once.
func newAnswers() answers {
	return answers{"section": section.Critical.Names(), "soon": {"0"}, "approvals": {"0"}}
}

// answersOf are the answers that make a rule.
func (x *exchange) answersOf(r rules.Rule) answers {
	a := answers{
		"who": {whoAnswer(r.Who)}, "proof": {proofAnswer(r.Proof)}, "section": r.Sections.Names(), "soon": {secondsOf(r.HowSoon.Wait)},
		"approvals": {strconv.Itoa(r.HowSoon.Approvals)}, "of": r.HowSoon.Of, "long": {secondsOf(r.For)},
		"from": {dayAnswer(r.When.From, 0)}, "until": {dayAnswer(r.When.Until, -wholeDay)}, "where": {x.countryNames(r.Where)},
	}
	if r.Who.Kind == rules.OneOrganization || r.Who.Kind == rules.Contact {
		a["which"] = []string{r.Who.ID}
	}
	if r.When.Incident {
		a["incident"] = []string{ticked}
	}
	return a
}

const wholeDay = 24 * time.Hour

func whoAnswer(who rules.Who) string {
	switch {
	case who.Kind == rules.OrganizationKind:
		return kindPrefix + who.ID
	case who.Kind == rules.Contact && who.ID != "":
		return whoContact
	default:
		return string(who.Kind)
	}
}

// kindPrefix begins the answer that is a kind of organization.
const kindPrefix = "kind:"

// whoOf reads the answers to "who" and "which"; whom they do not name is refused by the rules themselves.
func whoOf(who, which string) rules.Who {
	if kind, found := strings.CutPrefix(who, kindPrefix); found {
		return rules.Who{Kind: rules.OrganizationKind, ID: kind}
	}
	switch who {
	case whoOrganization:
		return rules.Who{Kind: rules.OneOrganization, ID: which}
	case whoContact:
		return rules.Who{Kind: rules.Contact, ID: which}
	case string(rules.OrganizationKind):
		return rules.Who{}
	default:
		return rules.Who{Kind: rules.WhoKind(who)}
	}
}

func proofAnswer(proof rules.Proofs) string {
	if proof &^= rules.ProofBadge; proof == 0 {
		return "none"
	}
	return strings.Join(proof.Names(), "+")
}

// proofOf reads what is to be shown. Only a contact can do without the card, and a responder always shows a badge.
func proofOf(answer string, who rules.Who) rules.Proofs {
	var proof rules.Proofs
	for name := range strings.SplitSeq(answer, "+") {
		for _, known := range shownProofs {
			if known.Names()[0] == name {
				proof |= known
			}
		}
	}
	switch who.Kind {
	case rules.Contact:
	case rules.Anyone:
		proof |= rules.ProofCard
	default:
		proof |= rules.ProofCard | rules.ProofBadge
	}
	return proof
}

func secondsOf(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// lengthOf reads seconds; anything else is no length that a rule can have.
func lengthOf(answer string) time.Duration {
	seconds, err := strconv.ParseInt(answer, 10, 64)
	if err != nil || seconds < 0 || seconds > int64(rules.MaxDuration/time.Second) {
		return -1
	}
	return time.Duration(seconds) * time.Second
}

// dayAnswer is a moment as a form shows it: the day, moved by a day where the last day is meant, or the whole moment where it is not midnight.
func dayAnswer(at time.Time, moved time.Duration) string {
	at = at.UTC()
	switch {
	case at.IsZero():
		return ""
	case at.Equal(at.Truncate(wholeDay)):
		return at.Add(moved).Format(time.DateOnly)
	default:
		return at.Format(time.RFC3339)
	}
}

// momentOf reads what dayAnswer writes.
func momentOf(answer string, moved time.Duration) (time.Time, bool) {
	if answer == "" {
		return time.Time{}, true
	}
	if at, err := time.Parse(time.DateOnly, answer); err == nil {
		return at.Add(moved), true
	}
	at, err := time.Parse(time.RFC3339, answer)
	return at.UTC(), err == nil
}

// rule makes a rule out of answers. The faults are those of all questions, each at its field.
func (x *exchange) rule(a answers, id string) (rules.Rule, []fault) {
	var faults []fault
	wrong := func(field, key string, args ...any) { faults = append(faults, fault{field, x.T(key, args...)}) }
	r := rules.Rule{ID: id, Who: whoOf(a.get("who"), a.get("which"))}
	r.Proof = proofOf(a.get("proof"), r.Who)
	for _, name := range a["section"] {
		s, known := section.Parse(name)
		if !known {
			wrong("sections", rules.KeyInvalidSection)
		}
		r.Sections = r.Sections.Add(s)
	}
	r.HowSoon.Wait, r.For = lengthOf(a.get("soon")), lengthOf(a.get("long"))
	if r.HowSoon.Wait > 0 {
		if n, err := strconv.Atoi(a.get("approvals")); err == nil && n > 0 {
			r.HowSoon.Approvals, r.HowSoon.Of = n, slices.Clone(a["of"])
		}
	}
	if w := a.get("who"); (w == whoOrganization || w == whoContact) && a.get("which") == "" {
		wrong("which", "editor.fault.choose")
	}
	var ok bool
	if r.When.From, ok = momentOf(a.get("from"), 0); !ok {
		wrong("from", "editor.fault.day")
	}
	if r.When.Until, ok = momentOf(a.get("until"), wholeDay); !ok {
		wrong("until", "editor.fault.day")
	}
	r.When.Incident = a.get("incident") == ticked
	var unknown []string
	if r.Where, unknown = x.countriesNamed(a.get("where")); len(unknown) > 0 {
		wrong("where", "editor.fault.country", "names", unknown)
	}
	err := rules.Policy{Format: rules.Format, Rules: []rules.Rule{r}}.Validate()
	for _, f := range x.ruleFaults(err) {
		if f.Field == "which" && r.Who.Kind == rules.OrganizationKind {
			f.Field = "who"
		}
		faults = append(faults, f)
	}
	return r, faults
}

// fieldsOf are the fields of the editor by what the engine calls them.
var fieldsOf = []struct{ engine, field string }{
	{"who.kind", "who"}, {"who.id", "which"}, {"proof", "proof"}, {"sections", "sections"}, {"how_soon.wait", "soon"}, {"how_soon.approvals", "approvals"},
	{"how_soon.of", "of"}, {"for", "long"}, {"when.from", "from"}, {"when.until", "until"}, {"where", "where"},
}

// ruleFaults puts what the engine finds wrong with a policy of one rule beside the questions of the editor.
func (x *exchange) ruleFaults(err error) (faults []fault) {
	var invalid *rules.InvalidError
	if !errors.As(err, &invalid) {
		return nil
	}
	for _, f := range invalid.Faults {
		at := strings.TrimPrefix(f.Field, "rules[0].")
		for _, each := range fieldsOf {
			if strings.HasPrefix(at, each.engine) {
				faults = append(faults, fault{each.field, x.sentence(f.Message)})
			}
		}
	}
	return faults
}

// askedFields are the fields of a question, filled in with what was answered.
func (x *exchange) askedFields(q question, w work) []field {
	a, people := w.answers, w.people
	label := func(name string) string { return x.T("editor." + name) }
	switch q.name {
	case "who":
		return []field{{ID: "who", Kind: "radio", Label: label("who"), Options: chosen(x.whoOptions(a.get("who"), people), a.get("who"))}}
	case "which":
		of, question := people.Organizations, "which_organization"
		if a.get("who") == whoContact {
			of, question = people.Contacts, "which_contact"
		}
		f := field{ID: "which", Kind: "radio", Label: label(question), Options: chosen(of.options(a.get("which")), a.get("which"))}
		if len(f.Options) == 0 {
			f.Hint = x.T("editor." + question + ".none")
		}
		return []field{f}
	case "proof":
		return []field{{ID: "proof", Kind: "radio", Label: label("proof"), Options: x.proofOptions(a)}}
	case "sections":
		usual := ""
		if w.isNew {
			usual = x.T("editor.sections.hint")
		}
		return []field{
			{ID: "sections", Name: "section", Kind: "checkboxes", Label: label("sections"), Hint: usual, Options: x.sectionOptions(section.OrdinarySet, a)},
			{ID: "sensitive", Name: "section", Kind: "checkboxes", Label: label("sensitive"), Hint: x.T("editor.sensitive.hint"), Options: x.sectionOptions(section.SensitiveSet, a)},
		}
	case "soon":
		return []field{{ID: "soon", Kind: "radio", Label: label("soon"), Hint: x.T("editor.soon.hint"), Options: x.lengthOptions(waitsOffered, a.get("soon"), "editor.soon.at_once", "editor.soon.after")}}
	case "sooner":
		return x.soonerFields(a, people)
	case "long":
		present := a.get("long")
		if present == "" {
			present = secondsOf(usualLength(whoOf(a.get("who"), a.get("which"))))
		}
		return []field{{ID: "long", Kind: "radio", Label: label("long"), Options: x.lengthOptions(lastsOffered, present, "", "")}}
	case "when":
		return []field{
			{ID: "from", Kind: "date", Label: label("from"), Hint: x.T("editor.day.hint"), Value: a.get("from")},
			{ID: "until", Kind: "date", Label: label("until"), Hint: x.T("editor.day.hint"), Value: a.get("until")},
			{ID: "incident", Kind: "checkbox", Label: label("incident"), Hint: x.T("editor.incident.hint"), Ticked: a.get("incident") == ticked},
		}
	case "where":
		return []field{{ID: "where", Kind: "text", Label: label("where"), Hint: x.T("editor.where.hint"), Value: a.get("where")}}
	default:
		return nil
	}
}

// chosen marks one option.
func chosen(options []option, value string) []option {
	for i := range options {
		options[i].Chosen = options[i].Value == value
	}
	return options
}

// whoOptions are the people whom a rule can be for: everybody who is always offered, kinds that only some house has, and whoever the rule is for now.
func (x *exchange) whoOptions(present string, people people) []option {
	options := []option{{Value: string(rules.Anyone), Label: x.T("editor.who.anyone")}, {Value: string(rules.Badged), Label: x.T("editor.who.badged")}}
	for _, kind := range x.kinds(present, people) {
		options = append(options, option{Value: kindPrefix + kind, Label: x.whoKind(kind)})
	}
	if len(people.Organizations.options()) > 0 || present == whoOrganization {
		options = append(options, option{Value: whoOrganization, Label: x.T("editor.who.organization")})
	}
	options = append(options, option{Value: string(rules.Contact), Label: x.T("editor.who.contact")})
	if len(people.Contacts.options()) > 0 || present == whoContact {
		options = append(options, option{Value: whoContact, Label: x.T("editor.who.one_contact")})
	}
	return options
}

// kinds are the kinds of organization that can be chosen.
func (x *exchange) kinds(present string, people people) []string {
	kinds := slices.Clone(kindsOffered)
	for _, each := range people.Organizations {
		kinds = append(kinds, each.Kind)
	}
	if kind, found := strings.CutPrefix(present, kindPrefix); found {
		kinds = append(kinds, kind)
	}
	var once []string
	for _, kind := range kinds {
		if kind != "" && !slices.Contains(once, kind) {
			once = append(once, kind)
		}
	}
	return once
}

// whoKind is a kind of organization in words; one that has no words is named as it is.
func (x *exchange) whoKind(kind string) string {
	if slices.Contains(kindsOffered, kind) {
		return x.T("editor.who." + kind)
	}
	return x.T("editor.who.kind", "kind", kind)
}

// proofOptions are what somebody can be asked to show. A passcode is not offered, because nobody is asked for one; a rule that has it keeps it.
func (x *exchange) proofOptions(a answers) []option {
	who := whoOf(a.get("who"), a.get("which"))
	options := []option{{Value: "card", Label: x.T("editor.proof.card"), Hint: x.T("editor.proof.card.hint")}, {Value: "card+tap", Label: x.T("editor.proof.tap"), Hint: x.T("editor.proof.tap.hint")}}
	if who.Kind == rules.Contact {
		options = append([]option{{Value: "none", Label: x.T("editor.proof.none"), Hint: x.T("editor.proof.none.hint")}}, options...)
	}
	present := proofAnswer(proofOf(a.get("proof"), who))
	if !slices.ContainsFunc(options, func(o option) bool { return o.Value == present }) {
		options = append(options, option{Value: present, Label: x.T("editor.as_now")})
	}
	return chosen(options, present)
}

func (x *exchange) sectionOptions(of section.Set, a answers) (options []option) {
	for _, s := range of.Sections() {
		options = append(options, option{Value: s.String(), Label: x.T(sectionKey(s)), Chosen: slices.Contains(a["section"], s.String())})
	}
	return options
}

// lengthOptions are lengths of time in words, the one that the rule has now among them. None at all has words of its own.
func (x *exchange) lengthOptions(offered []time.Duration, present, none, after string) (options []option) {
	if now := lengthOf(present); present != "" && now >= 0 && !slices.Contains(offered, now) {
		offered = append(slices.Clone(offered), now)
		slices.Sort(offered)
	}
	for _, length := range offered {
		label := x.Catalog.Format(x.lang.Code, length)
		switch {
		case length == 0:
			label = x.T(none)
		case length%time.Minute != 0:
			label = x.T("unit.second", "count", int(length/time.Second))
		}
		if length != 0 && after != "" {
			label = x.T(after, "time", label)
		}
		options = append(options, option{Value: secondsOf(length), Label: label})
	}
	return chosen(options, present)
}

// approvalsOffered is how many contacts a rule offers to need.
const approvalsOffered = 3

// soonerFields ask how many contacts can end a wait, and which.
func (x *exchange) soonerFields(a answers, people people) []field {
	present, _ := strconv.Atoi(a.get("approvals"))
	most := min(max(approvalsOffered, present), rules.MaxApprovers)
	approvals := field{ID: "approvals", Kind: "radio", Label: x.T("editor.sooner")}
	for n := range most + 1 {
		label := x.T("editor.sooner.nobody")
		if n > 0 {
			label = x.T("editor.sooner.contacts", "count", n)
		}
		approvals.Options = append(approvals.Options, option{Value: strconv.Itoa(n), Label: label, Chosen: n == present})
	}
	fields := []field{approvals}
	of := field{ID: "of", Kind: "checkboxes", Label: x.T("editor.of"), Hint: x.T("editor.of.hint")}
	for _, o := range people.Contacts.options(a["of"]...) {
		o.Chosen = slices.Contains(a["of"], o.Value)
		of.Options = append(of.Options, o)
	}
	if len(of.Options) > 0 {
		fields = append(fields, of)
	}
	return fields
}

// askPage asks one question about a rule.
func (x *exchange) askPage(w work, q question, faults []fault) error {
	title := "editor.change.title"
	if w.isNew {
		title = "editor.new.title"
	}
	p, id, err := x.patientPage("rules", title)
	if err != nil {
		return err
	}
	fields := x.askedFields(q, w)
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(fields, faults)
	}
	p.Back, p.Faults = "", faults
	p.D = struct {
		Base   string
		Hidden []field
		Fields []field
		Before string
	}{"/patients/" + string(id), append(w.hidden(q), field{ID: "asked", Kind: "hidden", Value: q.name}), fields, w.before(q)}
	return x.render(status, "question", p)
}

// before is the question before another one in the making of a new rule, "" if there is none.
func (w work) before(after question) (name string) {
	if !w.isNew {
		return ""
	}
	for _, q := range questions {
		if q.name == after.name {
			break
		}
		if q.first && w.answers.applies(q) {
			name = q.name
		}
	}
	return name
}

// rulePage shows how a rule reads before it goes among the others, with a way back to each question.
func (x *exchange) rulePage(w work) error {
	r, faults := x.rule(w.answers, w.id)
	for _, q := range questions {
		if own := w.answers.faultsOf(q, faults); len(own) > 0 {
			return x.askPage(w, q, own)
		}
	}
	p, id, err := x.patientPage("rules", "editor.rule.title")
	if err != nil {
		return err
	}
	var changes []option
	for _, q := range questions {
		if w.answers.applies(q) {
			changes = append(changes, option{Value: q.name, Label: x.T("editor.change." + q.name)})
		}
	}
	w.isNew = false
	p.Back = ""
	p.D = struct {
		Base      string
		Hidden    []field
		Sentences []string
		Changes   []option
		Sensitive bool
	}{"/patients/" + string(id), w.hidden(question{}), x.ruleSentence(r, w.people), changes, r.Sections&section.SensitiveSet != 0}
	return x.show("rule", p)
}

// faultsOf are the faults that a question shows. What was never asked is not wrong.
func (a answers) faultsOf(q question, faults []fault) (own []fault) {
	if !a.applies(q) {
		return nil
	}
	for _, f := range faults {
		if q.has(f.Field) && !slices.ContainsFunc(own, func(o fault) bool { return o.Field == f.Field }) {
			own = append(own, f)
		}
	}
	return own
}

// ruleID names a new rule after whom it is for, and differently from all others.
func ruleID(who rules.Who, policy rules.Policy) string {
	name := strings.ReplaceAll(strings.ToLower(string(who.Kind)), "_", "-")
	if who.Kind == rules.OrganizationKind {
		name = strings.ReplaceAll(who.ID, "_", "-")
	}
	if name = name[:min(len(name), rules.MaxIdentifier-8)]; name == "" {
		name = "rule"
	}
	taken := func(id string) bool {
		return slices.ContainsFunc(policy.Rules, func(r rules.Rule) bool { return r.ID == id })
	}
	id := name
	for n := 2; taken(id); n++ {
		id = fmt.Sprintf("%s-%d", name, n)
	}
	return id
}

// today is the day of this moment, as a form shows it.
func (x *exchange) today() string { return string(summary.DateOf(x.Now().UTC())) }
