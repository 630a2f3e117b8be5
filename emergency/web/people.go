package web

import (
	"slices"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/rules"
)

// roll is a list of contacts, or of organizations, whom a rule can name.
type roll []emergency.Named

// find finds somebody by the identifier.
func (r roll) find(id string) (emergency.Named, bool) {
	for _, each := range r {
		if each.ID == id {
			return each, true
		}
	}
	return emergency.Named{}, false
}

// name is what somebody is called here; whom nobody knows is called by the identifier.
func (r roll) name(id string) string {
	if found, _ := r.find(id); found.Name != "" {
		return found.Name
	}
	return id
}

// options offers all who are there, and whomever a rule names already.
func (r roll) options(present ...string) (options []option) {
	for _, each := range r {
		if !each.Gone {
			options = append(options, option{Value: each.ID, Label: r.name(each.ID)})
		}
	}
	for _, id := range present {
		if id != "" && !slices.ContainsFunc(options, func(o option) bool { return o.Value == id }) {
			options = append(options, option{Value: id, Label: r.name(id)})
		}
	}
	return options
}

// people are those whom the rules of a patient can name.
type people struct{ Contacts, Organizations roll }

// people finds the patient's contacts and the organizations of this house.
func (x *exchange) people(id emergency.PatientID) (people, error) {
	found, err := x.Service.People(x.r.Context(), x.caller, id)
	return people{found.Contacts, found.Organizations}, err
}

// ruleSentences says each rule of a policy.
func (x *exchange) ruleSentences(policy rules.Policy, people people) [][]string {
	var list [][]string
	for _, rule := range policy.Rules {
		list = append(list, x.ruleSentence(rule, people))
	}
	return list
}

// ruleSentence says one rule, with people and countries by their names.
func (x *exchange) ruleSentence(rule rules.Rule, people people) []string {
	messages := rules.Sentence(rule)
	for i := range messages {
		args := messages[i].Args // made for this message
		switch messages[i].Key {
		case rules.KeyWhoContact:
			args["id"] = people.Contacts.name(rule.Who.ID)
		case rules.KeyWhoOrganization:
			args["id"] = people.Organizations.name(rule.Who.ID)
		case rules.KeyWhere:
			args["countries"] = x.countryList(rule.Where)
		}
	}
	return x.sentences(messages)
}
