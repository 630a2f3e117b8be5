package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

// work is what somebody works on in the editor of rules. It travels in the forms of its pages and never in an address, and nothing of it is stored:
// new rules are in force when a passkey has approved exactly their text, and not before.
type work struct {
	policy  rules.Policy
	base    int // the version that it began with
	people  people
	id      string // of the rule that is being changed, "" for a new one
	isNew   bool   // the questions about a new rule are asked one after another
	answers answers
}

// hidden are the fields in which a page hands on what it does not ask itself.
func (w work) hidden(asked question) []field {
	hidden := []field{{ID: "draft", Kind: "hidden", Value: string(rules.Canonical(w.policy))}, {ID: "base", Kind: "hidden", Value: strconv.Itoa(w.base)},
		{ID: "rule", Kind: "hidden", Value: w.id}}
	if w.isNew {
		hidden = append(hidden, field{ID: "new", Kind: "hidden", Value: ticked})
	}
	for _, q := range questions {
		if q.name == asked.name {
			continue
		}
		for _, name := range q.answers {
			for _, value := range w.answers[name] {
				hidden = append(hidden, field{ID: name, Kind: "hidden", Value: value})
			}
		}
	}
	return hidden
}

// readWork reads what a page of the editor has sent.
func (x *exchange) readWork(id emergency.PatientID) (work, error) {
	if err := x.form(); err != nil {
		return work{}, err
	}
	policy, err := rules.ParsePolicy([]byte(x.value("draft")))
	if err != nil {
		return work{}, &emergency.Error{Code: emergency.ErrInvalid.Code, Cause: err}
	}
	base, _ := strconv.Atoi(x.value("base")) // 0 is a version that there never was: the page then says that the rules have changed
	w := work{policy: policy, base: base, id: x.value("rule"), isNew: x.value("new") == ticked, answers: answers{}}
	for _, q := range questions {
		for _, name := range q.answers {
			if values := x.r.PostForm[name]; values != nil {
				w.answers[name] = values
			}
		}
	}
	w.people, err = x.people(id)
	return w, err
}

// beginDraft starts the editor from the rules in force.
func (s *Server) beginDraft(x *exchange) error {
	w, _, err := x.present()
	if err != nil {
		return err
	}
	return x.draftPage(w)
}

// editDraft does one step in the editor: what the button says that was pressed.
func (s *Server) editDraft(x *exchange) error {
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
	step, what, _ := strings.Cut(x.value("do"), ":")
	switch step {
	case "add":
		w.id, w.isNew, w.answers = "", true, newAnswers()
		return x.askPage(w, questions[0], nil)
	case "change":
		rule, found := ruleOf(w.policy, what)
		if !found {
			return notFound
		}
		w.id, w.answers = rule.ID, x.answersOf(rule)
		return x.rulePage(w)
	case "remove":
		w.policy.Rules = slices.DeleteFunc(w.policy.Rules, func(r rules.Rule) bool { return r.ID == what })
		w.policy = labelled(w.policy)
		return x.draftPage(w)
	case "ask":
		q, found := questionNamed(what)
		if !found {
			return notFound
		}
		return x.askPage(w, q, nil)
	case "answer":
		return x.answered(w)
	case "keep":
		return x.keep(w)
	case "wait":
		return x.delayPage(w, nil)
	case "set-wait":
		slowed := w.policy
		slowed.Delay = lengthOf(x.value("delay"))
		if slowed.Validate() != nil {
			return x.delayPage(w, []fault{{"delay", x.T("editor.fault.choose")}})
		}
		w.policy = slowed
		return x.draftPage(w)
	default:
		return x.draftPage(w)
	}
}

func ruleOf(policy rules.Policy, id string) (rules.Rule, bool) {
	for _, r := range policy.Rules {
		if r.ID == id {
			return r, true
		}
	}
	return rules.Rule{}, false
}

// labelled names a policy after the preset whose rules it has, and after none when they are its own.
func labelled(policy rules.Policy) rules.Policy {
	for _, name := range presets {
		preset, _ := rules.Preset(name)
		preset.Delay = policy.Delay
		if policy.Preset = name; rules.Hash(policy) == rules.Hash(preset) {
			return policy
		}
	}
	policy.Preset = ""
	return policy
}

// answered takes the answer to one question and goes on to the next.
func (x *exchange) answered(w work) error {
	q, found := questionNamed(x.value("asked"))
	if !found {
		return notFound
	}
	if was, _ := ruleOf(w.policy, w.id); q.name == "who" && whoAnswer(was.Who) != w.answers.get("who") {
		delete(w.answers, "which") // it named one of others
	}
	_, faults := x.rule(w.answers, w.idOf())
	if own := w.answers.faultsOf(q, faults); len(own) > 0 {
		return x.askPage(w, q, own)
	}
	if next, found := questionNamed(w.answers.next(q, w.isNew)); found {
		return x.askPage(w, next, nil)
	}
	return x.rulePage(w)
}

// idOf is what the rule is or will be called.
func (w work) idOf() string {
	if w.id != "" {
		return w.id
	}
	return ruleID(whoOf(w.answers.get("who"), w.answers.get("which")), w.policy)
}

// keep puts a rule among the others, in the place of the one that it was made from.
func (x *exchange) keep(w work) error {
	rule, faults := x.rule(w.answers, w.idOf())
	if len(faults) > 0 {
		return x.rulePage(w)
	}
	if i := slices.IndexFunc(w.policy.Rules, func(r rules.Rule) bool { return r.ID == rule.ID }); i >= 0 {
		w.policy.Rules[i] = rule
	} else {
		w.policy.Rules = append(w.policy.Rules, rule)
	}
	w.policy = labelled(w.policy)
	if err := w.policy.Validate(); err != nil {
		return &emergency.Error{Code: emergency.ErrInvalid.Code, Cause: err}
	}
	return x.draftPage(w)
}

// draftRule is a rule in the list of the editor.
type draftRule struct {
	ID        string
	Sentences []string
}

func (x *exchange) draftRules(w work) (list []draftRule) {
	for _, r := range w.policy.Rules {
		list = append(list, draftRule{r.ID, x.ruleSentence(r, w.people)})
	}
	return list
}

// delayed says how long new rules that open more wait before they are in force.
func (x *exchange) delayed(policy rules.Policy) string {
	if said := x.sentences(rules.DelaySentence(policy)); len(said) > 0 {
		return said[0]
	}
	return x.T("editor.delay.none")
}

// draftPage lists the rules as they would be.
func (x *exchange) draftPage(w work) error {
	p, id, err := x.patientPage("rules", "editor.draft.title")
	if err != nil {
		return err
	}
	p.Back = ""
	p.D = struct {
		Base, Draft, Delay string
		Version            int
		Rules              []draftRule
		Full               bool
	}{"/patients/" + string(id), string(rules.Canonical(w.policy)), x.delayed(w.policy), w.base, x.draftRules(w), len(w.policy.Rules) >= rules.MaxRules}
	return x.show("draft", p)
}

// delayPage asks how long new rules that open more have to wait.
func (x *exchange) delayPage(w work, faults []fault) error {
	p, id, err := x.patientPage("rules", "editor.delay.title")
	if err != nil {
		return err
	}
	fields := []field{{ID: "delay", Kind: "radio", Label: x.T("editor.delay"), Hint: x.T("editor.delay.hint"),
		Options: x.lengthOptions([]time.Duration{0, time.Hour, wholeDay, 3 * wholeDay, 7 * wholeDay}, secondsOf(w.policy.Delay), "editor.delay.at_once", "")}}
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
		mark(fields, faults)
	}
	p.Back, p.Faults = "", faults
	p.D = struct {
		Base, Draft string
		Version     int
		Fields      []field
	}{"/patients/" + string(id), string(rules.Canonical(w.policy)), w.base, fields}
	return x.render(status, "rules_delay", p)
}
