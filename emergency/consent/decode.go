package consent

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// Bounds of what is read of a document.
const (
	maxLeft    = 200                 // paths of what was left out
	maxPermits = 10 * rules.MaxRules // within the root provision
)

// Decode reads a Consent. left names, as FHIR paths in the order of the document, whatever in it could not be held as rules and was left out. The error is
// ErrTooLarge, ErrNotConsent or ErrNotActive. What is read is valid, in canonical order, and never allows more than the document does: a permit that says
// neither for how long nor for whom becomes the narrowest rule that it can mean.
func Decode(data []byte) (p rules.Policy, left []string, err error) {
	value, err := parse(data)
	if err != nil {
		if errors.Is(err, ErrTooLarge) {
			return p, nil, err
		}
		return p, nil, ErrNotConsent
	}
	root, ok := value.(object)
	if !ok || text(root, "resourceType") != "Consent" || !scoped(root) {
		return p, nil, ErrNotConsent
	}
	if text(root, "status") != "active" {
		return p, nil, ErrNotActive
	}
	d := decoder{policy: rules.Policy{Format: rules.Format}}
	d.document(root)
	ordered, err := rules.ParsePolicy(rules.Canonical(d.policy))
	if err != nil {
		return p, nil, ErrNotConsent // cannot happen: each rule was validated
	}
	return ordered, d.left, nil
}

// scoped reports whether a Consent is about privacy. What says nothing of it may be.
func scoped(root object) bool {
	scope, ok := root["scope"].(object)
	if !ok {
		return root["scope"] == nil
	}
	codes, ok := codings(scope)
	return ok && slices.Contains(codes, coding{sysScope, codeScope})
}

type decoder struct {
	policy rules.Policy
	left   []string
}

func (d *decoder) leave(path string) {
	if len(d.left) < maxLeft {
		d.left = append(d.left, "Consent."+path)
	}
}

// describing are the members of a Consent that limit nothing.
var describing = []string{"resourceType", "id", "meta", "language", "text", "contained", "extension", "identifier", "status", "scope", "category", "patient",
	"dateTime", "performer", "organization", "sourceAttachment", "sourceReference", "policy", "policyRule", "verification", "provision"}

func (d *decoder) document(root object) {
	whole := d.said(root["extension"])
	for _, name := range names(root) {
		if !slices.Contains(describing, name) {
			d.leave(element(name))
			whole = false
		}
	}
	if !whole { // what is not understood may limit everything
		d.leave("provision")
		return
	}
	top, ok := root["provision"].(object)
	if !ok {
		d.leave("provision")
		return
	}
	_, nested := top["provision"]
	switch kind := text(top, "type"); {
	case kind == "permit" && !nested:
		d.permit("provision", top, time.Time{}, time.Time{})
	case kind == "deny" || kind == "" && nested:
		d.exceptions(top)
	default:
		d.leave("provision")
	}
}

// said reads what our own extension says of the whole, and reports whether the rules are of a format that we know. Anything else there is for others.
func (d *decoder) said(value any) bool {
	known := true
	list, _ := objects(value)
	for i, e := range list {
		if text(e, "url") != urlRules {
			continue
		}
		nested, ok := objects(e["extension"])
		for _, n := range nested {
			number, isNumber := wholeNumber(n["valueUnsignedInt"])
			switch name := text(n, "url"); {
			case name == "format":
				known = isNumber && number == rules.Format
				ok = ok && known
			case name == "preset" && preset(text(n, "valueCode")):
				d.policy.Preset = text(n, "valueCode")
			case name == "delay" && isNumber && delay(number) == nil:
				d.policy.Delay = time.Duration(number) * time.Second
			default:
				ok = false
			}
		}
		if !ok {
			d.leave(fmt.Sprintf("extension[%d]", i))
		}
	}
	return known
}

func preset(name string) bool {
	_, ok := rules.Preset(name)
	return ok
}

func delay(seconds int64) error {
	return rules.Policy{Format: rules.Format, Delay: time.Duration(seconds) * time.Second}.Validate()
}

// exceptions reads the permits within a root that denies. A period of the root is one of each of them; anything else that it is limited to cannot be held.
func (d *decoder) exceptions(top object) {
	var from, until time.Time
	ok := only(top, "id", "extension", "type", "period", "provision")
	if value, given := top["period"]; given && ok {
		from, until, ok = readPeriod(value)
	}
	if _, given := top["provision"]; ok && !given {
		return // denies everything: there is nothing to hold
	}
	nested, listed := objects(top["provision"])
	// An exception that denies may be one from the permits beside it: rules only add, so none of them can be held.
	if !ok || !listed || len(nested) > maxPermits || slices.ContainsFunc(nested, func(o object) bool { return text(o, "type") != "permit" }) {
		d.leave("provision")
		return
	}
	for i, o := range nested {
		d.permit(fmt.Sprintf("provision.provision[%d]", i), o, from, until)
	}
}

// permit reads one provision as a rule, or leaves it out.
func (d *decoder) permit(path string, o object, from, until time.Time) {
	r := rules.Rule{ID: d.id(text(o, "id")), Who: rules.Who{Kind: rules.Badged}, Sections: section.OrdinarySet, When: rules.When{From: from, Until: until}}
	ok := true
	unread := func(name string) {
		d.leave(path + "." + element(name))
		ok = false
	}
	if _, class := o["class"]; class && o["code"] != nil { // both must hold, which sections cannot say
		unread("class")
	}
	for _, name := range names(o) {
		read := true
		switch value := o[name]; name {
		case "id", "type", "extension", "modifierExtension":
		case "period":
			read = readWithin(&r.When, value)
		case "actor":
			r.Who, read = readActor(value)
		case "action":
			read = hasCode(value, coding{sysAction, codeAccess})
		case "purpose":
			read = hasPurpose(value)
		case "code":
			r.Sections, read = d.sections(path+".code", value, codings)
		case "class":
			r.Sections, read = d.sections(path+".class", value, func(o object) ([]coding, bool) {
				c, ok := codingOf(o)
				return []coding{c}, ok
			})
		default:
			read = false
		}
		if !read {
			unread(name)
		}
	}
	r.Proof, r.For = standard(r.Who), rules.ForBystander
	if value, given := o["extension"]; given && !readFor(&r, value) {
		unread("extension")
	}
	if value, given := o["modifierExtension"]; given && !readLimits(&r, value) {
		unread("modifierExtension")
	}
	if !ok {
		return
	}
	if (rules.Policy{Format: rules.Format, Rules: []rules.Rule{r}}).Validate() != nil || len(d.policy.Rules) == rules.MaxRules {
		d.leave(path)
		return
	}
	d.policy.Rules = append(d.policy.Rules, r)
}

// id is a name for a rule that no other has: the one given, or with a number behind it. What cannot be the name of a rule becomes "imported".
func (d *decoder) id(name string) string {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		name = "imported"
	}
	taken := func(id string) bool {
		return slices.ContainsFunc(d.policy.Rules, func(r rules.Rule) bool { return r.ID == id })
	}
	if !taken(name) {
		return name
	}
	for i := 2; ; i++ {
		if id := name + "-" + strconv.Itoa(i); !taken(id) {
			return id
		}
	}
}

// readWithin narrows a window to a period.
func readWithin(w *rules.When, value any) bool {
	from, until, ok := readPeriod(value)
	if from.After(w.From) {
		w.From = from
	}
	if w.Until.IsZero() || !until.IsZero() && until.Before(w.Until) {
		w.Until = until
	}
	return ok
}

// readActor reads whom a permit is for: one recipient, whom we can tell.
func readActor(value any) (who rules.Who, ok bool) {
	list, ok := objects(value)
	if !ok || len(list) != 1 || !only(list[0], "id", "role", "reference") {
		return who, false
	}
	role, ok := list[0]["role"].(object)
	if !ok {
		return who, false
	}
	codes, ok := codings(role)
	if !ok || !slices.Contains(codes, coding{sysRole, codeRecipient}) && !slices.Contains(codes, coding{sysRole, codePrimary}) {
		return who, false
	}
	named, ok := list[0]["reference"].(object)
	if !ok || !only(named, "id", "type", "identifier", "display") {
		return who, false
	}
	identified, ok := named["identifier"].(object)
	if !ok || !only(identified, "id", "system", "value") {
		return who, false
	}
	switch system, value := text(identified, "system"), text(identified, "value"); {
	case value == "":
		return who, false
	case system == sysGroup && value == groupAnyone:
		who.Kind = rules.Anyone
	case system == sysGroup && value == groupBadged:
		who.Kind = rules.Badged
	case system == sysGroup && value == groupContact:
		who.Kind = rules.Contact
	case system == sysKind:
		who = rules.Who{Kind: rules.OrganizationKind, ID: value}
	case system == sysOrg:
		who = rules.Who{Kind: rules.OneOrganization, ID: value}
	case system == sysPerson:
		who = rules.Who{Kind: rules.Contact, ID: value}
	default:
		return who, false
	}
	return who, true
}

// hasCode reports whether one of a list of concepts is a code.
func hasCode(value any, want coding) bool {
	list, ok := objects(value)
	return ok && slices.ContainsFunc(list, func(o object) bool {
		codes, ok := codings(o)
		return ok && slices.Contains(codes, want)
	})
}

// hasPurpose reports whether a permit is for breaking the glass, which every opening under a rule is. One for emergency treatment alone is for less.
func hasPurpose(value any) bool {
	list, ok := objects(value)
	return ok && slices.ContainsFunc(list, func(o object) bool {
		c, ok := codingOf(o)
		return ok && c == coding{sysReason, codeBreak}
	})
}

// sections reads which sections a permit is for. A code that is not known permits nothing, and is named; when none is, the permit is for nothing we have.
func (d *decoder) sections(path string, value any, codesOf func(object) ([]coding, bool)) (set section.Set, ok bool) {
	list, ok := objects(value)
	if !ok {
		return 0, false
	}
	for i, o := range list {
		var found section.Set
		codes, _ := codesOf(o)
		for _, c := range codes {
			if s, known := section.Parse(c.Code); known && c.System == sysSet {
				found = found.Add(s)
			}
			found |= sectionsOf[c]
		}
		if found &= section.OrdinarySet | section.SensitiveSet; found == 0 {
			d.leave(fmt.Sprintf("%s[%d]", path, i))
		}
		set |= found
	}
	return set, set != 0
}

// readFor reads how long what was opened stays open.
func readFor(r *rules.Rule, value any) bool {
	list, ok := objects(value)
	for _, e := range list {
		if text(e, "url") != urlFor {
			continue // an extension that is no modifier may be overlooked
		}
		number, whole := wholeNumber(e["valueUnsignedInt"])
		if !whole || !only(e, "url", "valueUnsignedInt") {
			return false
		}
		r.For = time.Duration(number) * time.Second
	}
	return ok
}

// readLimits reads what a permit needs besides. All of it must be understood.
func readLimits(r *rules.Rule, value any) bool {
	list, ok := objects(value)
	if !ok || len(list) != 1 || text(list[0], "url") != urlLimits || !only(list[0], "url", "extension") {
		return false
	}
	nested, ok := objects(list[0]["extension"])
	for _, e := range nested {
		number, _ := wholeNumber(e["valueUnsignedInt"])
		read := len(e) == 2
		switch text(e, "url") {
		case "proof":
			proof, known := proofs[text(e, "valueCode")]
			r.Proof |= proof
			read = read && known
		case "wait":
			read = read && number > 0 && r.HowSoon.Wait == 0
			r.HowSoon.Wait = time.Duration(number) * time.Second
		case "approvals":
			read = read && number > 0 && r.HowSoon.Approvals == 0
			r.HowSoon.Approvals = int(number)
		case "of":
			r.HowSoon.Of = append(r.HowSoon.Of, text(e, "valueString"))
		case "incident":
			yes, _ := e["valueBoolean"].(bool)
			read = read && yes
			r.When.Incident = yes
		case "country":
			r.Where = append(r.Where, text(e, "valueCode"))
		default:
			read = false
		}
		ok = ok && read
	}
	return ok
}

var proofs = map[string]rules.Proofs{"card": rules.ProofCard, "tap": rules.ProofTap, "passcode": rules.ProofPasscode, "badge": rules.ProofBadge}

// wholeNumber is a number that can be one of seconds or of people.
func wholeNumber(value any) (int64, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number.String(), 10, 64)
	return n, err == nil && n >= 0 && n <= int64(rules.MaxDuration/time.Second)
}

// names lists the members of an object in order.
func names(o object) []string { return slices.Sorted(maps.Keys(o)) }

// element is the name of a member as a path says it: "?" for one that cannot be that of a FHIR element.
func element(name string) string {
	if len(name) > 64 || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return "?"
	}
	return name
}
