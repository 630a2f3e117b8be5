package auditevent

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	fhirID      = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	fhirInstant = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	fhirCode    = regexp.MustCompile(`^\S+( \S+)*$`)
)

// judge finds what keeps a resource from being an AuditEvent of FHIR R4, and of its profile. The definitions themselves are asked in emergency/e2e.
func judge(written Resource) (problems []string) {
	say := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	var tree any
	var r resource
	if err := json.Unmarshal(written.JSON, &tree); err != nil || json.Unmarshal(written.JSON, &r) != nil {
		return []string{"it is no JSON"}
	}
	problems = blanks("", tree)
	say(r.ResourceType == "AuditEvent" && fhirID.MatchString(r.ID) && r.ID == written.ID, "the id %q", r.ID)
	say(fhirInstant.MatchString(r.Recorded), "recorded %q", r.Recorded)
	say(slices.Contains([]string{"0", "4", "8", "12"}, r.Outcome) && slices.Contains([]string{"C", "R", "U", "D", "E"}, r.Action), "outcome or action")
	say(r.Type.System != "" && fhirCode.MatchString(r.Type.Code), "the type")
	say(len(r.Agent) > 0 && r.Source.Observer.Identifier != nil, "no agent or no observer")
	say(slices.ContainsFunc(r.Entity, func(e entity) bool {
		return e.What.Identifier.System == "https://locket.example/audit/log" || e.Type.Code == "Consent"
	}), "the entry of the log is not named")
	for _, c := range r.Subtype {
		say(c.System != "" && fhirCode.MatchString(c.Code), "a subtype")
	}

	is := func(a agent, codes ...coding) bool {
		return a.Type != nil && slices.ContainsFunc(a.Type.Coding, func(c coding) bool { return slices.Contains(codes, c) })
	}
	count := func(code coding) (n int) {
		for _, a := range r.Agent {
			if is(a, code) {
				n++
			}
		}
		return n
	}
	patients := 0
	for _, e := range r.Entity {
		if e.Type == codePerson && e.Role != nil && *e.Role == rolePatient && e.What.Type == "Patient" {
			patients++
		}
	}
	observer := func(code coding) bool {
		return slices.ContainsFunc(r.Agent, func(a agent) bool {
			return is(a, code) && *a.Who.Identifier == *r.Source.Observer.Identifier
		})
	}
	networks := func(codes ...coding) bool {
		for _, a := range r.Agent {
			if is(a, codes...) && a.Network == nil {
				return false
			}
		}
		return true
	}
	switch strings.TrimPrefix(strings.Join(r.Meta.Profile, " "), balp) {
	case "":
	case "PrivacyDisclosure.Source":
		say(r.Type == codeExport && slices.Contains(r.Subtype, codeDisclose) && r.Action == "R", "codes of a disclosure")
		say(count(codeOrigin) == 1 && count(codeTarget) == 1 && observer(codeOrigin) && networks(codeOrigin, codeTarget), "agents of a disclosure")
		say(patients == 1 && len(r.Entity) >= 2, "entities of a disclosure")
	case "AuthZconsent":
		say(r.Type == codeAlert && len(r.Subtype) == 1 && r.Subtype[0] == codeConsent && r.Action == "E", "codes of a decision")
		say(count(codeApp) == 1 && count(codeRecipient) == 1 && count(codeProvider) == 1 && count(codeDecider) == 1, "agents of a decision")
		say(observer(codeDecider) && networks(codeApp), "the decider")
		say(patients == 1 && len(r.Entity) == 2 && r.Entity[1].Type == codeConsentType, "entities of a decision")
		for _, a := range r.Agent {
			say(a.Network == nil || is(a, codeApp), "a network")
			say(a.Role == nil || is(a, codeRecipient), "a role")
		}
	case "PatientRead":
		say(r.Type == codeREST && slices.Contains(r.Subtype, codeReadREST) && r.Action == "R" && r.Outcome == "0", "codes of a read")
		say(count(codeOrigin) == 1 && count(codeTarget) == 1 && networks(codeOrigin, codeTarget), "agents of a read")
		data := 0
		for _, e := range r.Entity {
			if e.Type == codeSystemObject {
				data++
			}
		}
		say(patients == 1 && data == 1, "entities of a read")
	default:
		say(false, "an unknown profile")
	}
	return problems
}

// blanks finds empty strings, lists and objects: FHIR has none.
func blanks(path string, value any) (problems []string) {
	empty := false
	switch value := value.(type) {
	case string:
		empty = strings.TrimSpace(value) == ""
	case []any:
		empty = len(value) == 0
		for i, each := range value {
			problems = append(problems, blanks(fmt.Sprintf("%s[%d]", path, i), each)...)
		}
	case map[string]any:
		empty = len(value) == 0
		for name, each := range value {
			problems = append(problems, blanks(path+"."+name, each)...)
		}
	}
	if empty {
		problems = append(problems, path+" is empty")
	}
	return problems
}
