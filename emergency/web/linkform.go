package web

import (
	"strconv"
	"time"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/section"
)

// linkLives are how long a SMART Health Link may be asked to work, in days. The first is what is offered.
var linkLives = []int{30, 1, 7, 90, 366}

const day = 24 * time.Hour

// linkFields are the questions about a SMART Health Link, filled in with what was sent.
func (x *exchange) linkFields() []field {
	asked := x.r.PostForm != nil
	sections := field{ID: "section", Kind: "checkboxes", Label: x.T("console.link.sections"), Hint: x.T("console.link.sections.hint")}
	wanted := section.OrdinarySet
	if asked {
		wanted, _ = sectionsNamed(x.r.PostForm["section"])
	}
	for _, s := range section.All() {
		if s.Layer() != section.Floor {
			sections.Options = append(sections.Options, option{Value: s.String(), Label: x.T(sectionKey(s)), Chosen: wanted.Has(s)})
		}
	}
	life := field{ID: "life", Kind: "select", Label: x.T("console.link.life")}
	for _, days := range linkLives {
		value := strconv.Itoa(days)
		life.Options = append(life.Options, option{Value: value, Label: x.T("unit.day", "count", days), Chosen: value == x.value("life")})
	}
	return []field{sections, life,
		{ID: "passcode", Kind: "text", Label: x.T("console.link.passcode"), Hint: x.T("console.link.passcode.hint", "count", emergency.MinPasscode), Value: x.value("passcode")},
		{ID: "link_label", Kind: "text", Label: x.T("console.link.label"), Hint: x.T("console.link.label.hint"), Value: x.value("link_label")}}
}

// chosenLink reads the answers.
func (x *exchange) chosenLink() (emergency.LinkChoices, error) {
	sections, ok := sectionsNamed(x.r.PostForm["section"])
	if !ok || sections == 0 {
		return emergency.LinkChoices{}, invalid("not_chosen", "section")
	}
	days, err := strconv.Atoi(x.value("life"))
	if err != nil || days < 1 || days > int(emergency.MaxLinkLife/day) {
		return emergency.LinkChoices{}, invalid("not_number", "life")
	}
	return emergency.LinkChoices{Sections: sections, Passcode: x.value("passcode"), Life: time.Duration(days) * day, Label: x.value("link_label")}, nil
}

// sectionsNamed is a set of sections that can be given away; ok is false when a name is none of one.
func sectionsNamed(names []string) (set section.Set, ok bool) {
	for _, name := range names {
		s, known := section.Parse(name)
		if !known || s.Layer() == section.Floor {
			return 0, false
		}
		set = set.Add(s)
	}
	return set, true
}

// linkFacts say what a link will give, and how.
func (x *exchange) linkFacts(link emergency.LinkChoices, until time.Time) []fact {
	passcode := x.T("console.link.passcode.drawn")
	if link.Passcode != "" {
		passcode = x.T("console.link.passcode.own")
	}
	facts := x.linkGives(link.Sections, until, link.Label)
	return append(facts, fact{Label: x.T("console.link.passcode"), Value: passcode})
}

// issuedLinkFacts say what a link gives, and how many wrong passcodes it still takes while it takes any.
func (x *exchange) issuedLinkFacts(link emergency.IssuedLink) []fact {
	facts := x.linkGives(link.Sections, link.ExpiresAt, link.Label)
	if link.Attempts == 0 {
		return facts
	}
	return append(facts, fact{Label: x.T("console.link.attempts"), Value: strconv.Itoa(link.Attempts)})
}

func (x *exchange) linkGives(sections section.Set, until time.Time, label string) (facts []fact) {
	var names []string
	for _, name := range sections.Names() {
		names = append(names, x.coded("section", name))
	}
	if len(names) > 0 {
		facts = append(facts, fact{Label: x.T("console.link.gives"), Value: x.chain("console.chain", names...)})
	}
	facts = append(facts, fact{Label: x.T("console.link.until"), Value: x.day(until)})
	if label != "" {
		facts = append(facts, fact{Label: x.T("console.link.shown"), Value: label, Own: true})
	}
	return facts
}
