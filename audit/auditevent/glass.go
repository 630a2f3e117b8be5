package auditevent

import (
	"slices"
	"strconv"
	"strings"

	"github.com/locket-health/locket/audit"
)

// Steps of an opening that the rules have no part in: what a keeper has put behind a link, and what a responder hands over.
const (
	stepLink     = "link"
	stepHandover = "handover"
)

// breaksGlass reports whether an opening overrides what is closed to everybody: that of a responder in an emergency.
func breaksGlass(e audit.Event) bool {
	return e.Actor.Kind == audit.ByResponder && e.Details["step"] != stepLink && e.Details["step"] != stepHandover
}

// decidesRules reports whether the patient's rules were asked. A wrong secret or passcode never gets that far, and a link is the keeper's own decision.
func decidesRules(e audit.Event) bool {
	step := e.Details["step"]
	return e.RulesVersion > 0 && e.Details["cause"] == "" && step != stepLink && step != stepHandover
}

// start says that somebody broke the glass. No profile of BALP is for it.
func (h House) start(e Entry) resource {
	user := h.user(e.Event)
	return resource{Type: codeAlert, Subtype: []coding{codeStarted, {System: sysOwnEvent, Code: string(e.Event.Type)}}, Action: "E", Outcome: outcomeDone,
		Purpose: h.purposes(e.Event), Agent: []agent{user}, Source: source{Type: []coding{codeServer}},
		Entity: []entity{h.patient(e.Event.Subject), h.logEntry(e, false)}}
}

// disclosure says what was shown to whom (PrivacyDisclosure.Source).
func (h House) disclosure(e Entry) resource {
	v := e.Event
	data := entity{What: h.what("record", v.Subject), Type: codeSystemObject, Role: &roleReport}
	if v.Card != "" {
		data.What = h.what("card", v.Card)
	}
	data.Detail = details("fields-released", strings.Join(v.Sections, ","), "items", number(v.Items), "grant", v.Grant, "step", v.Details["step"])
	if !v.Until.IsZero() {
		data.Detail = append(data.Detail, detail{Type: "until", String: instant(v.Until)})
	}
	agents := []agent{h.origin(), h.browser(codeTarget, v), h.recipient(v)}
	if stated(v.Actor.Organization) {
		agents = append(agents, h.organization(v))
	}
	return resource{Meta: meta{Profile: []string{profileDisclosure}}, Type: codeExport, Subtype: []coding{codeDisclose, {System: sysOwnEvent, Code: string(v.Type)}},
		Action: "R", Outcome: outcomeDone, Purpose: h.purposes(v), Agent: agents, Source: source{Type: []coding{codeServer}},
		Entity: []entity{h.patient(v.Subject), data, h.logEntry(e, true)}}
}

// decision says what the patient's rules decided (AuthZconsent). The profile has no room for the log's entry, and its subtype for nobody else's code: what is
// known beside stands with the rules. Without an organization of health care, as for a bystander, the profile is not claimed.
func (h House) decision(e Entry) resource {
	v := e.Event
	r := resource{Type: codeAlert, Subtype: []coding{codeConsent}, Action: "E", Outcome: outcomeDone, Purpose: h.purposes(v), Source: source{Type: []coding{codeSecurity}},
		Agent: []agent{{Type: conceptOf(codeDecider), Who: h.self()}, h.browser(codeApp, v), h.recipient(v)}}
	switch {
	case v.Type == audit.GlassOpened:
	case v.Outcome == audit.Waiting:
		r.Outcome, r.OutcomeDesc = outcomeFailed, "Not yet: the patient's rules ask for a wait or for the approval of contacts"
	default:
		r.Outcome, r.OutcomeDesc = outcomeFailed, "Denied by the patient's rules"
	}
	if stated(v.Actor.Organization) {
		of := h.organization(v)
		r.Agent = append(r.Agent, of)
		if slices.Equal(of.Type.Coding, []coding{codeProvider}) {
			r.Meta.Profile = []string{profileDecision}
		}
	}
	consent := entity{What: h.what("rules", v.Subject+"@v"+number(v.RulesVersion)), Type: codeConsentType}
	consent.What.Type = "Consent"
	consent.Detail = append(details("event", string(v.Type), "tlog-leaf-sha256", base64Text(e.Leaf[:])), said(v)...)
	r.Entity = []entity{h.patient(v.Subject), consent}
	return r
}

// purposes are why the glass was broken or the record shown. A link is what the keeper asked for, a handover is for the emergency department, and all else
// overrides what is closed to everybody.
func (h House) purposes(v audit.Event) []concept {
	switch {
	case v.Details["step"] == stepLink:
		return []concept{*conceptOf(purposeAsked)}
	case v.Details["step"] == stepHandover:
		return []concept{*conceptOf(purposeRoom)}
	default:
		return []concept{*conceptOf(purposeBreak)}
	}
}

// purposesOfUse are the stated reasons, in the words of HL7 and in our own.
func (h House) purposesOfUse(v audit.Event) []concept {
	var all []concept
	if h.Purpose != nil {
		for _, known := range []coding{purposeTreat, purposeBreak} {
			if h.Purpose(v.Reason) == known.Code {
				all = append(all, *conceptOf(known))
			}
		}
	}
	var own concept
	if v.Reason != "" {
		own.Coding = []coding{{System: sysOwnWhy, Code: v.Reason}}
	}
	if stated(v.ReasonText) {
		own.Text = v.ReasonText
	}
	if own.Coding != nil || own.Text != "" {
		all = append(all, own)
	}
	return all
}

// stated reports whether somebody has said something: FHIR has no blank strings.
func stated(text string) bool { return strings.TrimSpace(text) != "" }

// organization is for whom the user works, as verified or as claimed. It is called a provider of health care unless its badge says that it is something else.
func (h House) organization(v audit.Event) agent {
	a := agent{Extension: verified(v.Actor.Verified), Type: conceptOf(codeProvider), Who: reference{Display: v.Actor.Organization}}
	if v.Actor.Verified != audit.VerifiedBadge {
		a.Extension = verified(audit.Claimed) // a passkey or a code stands behind the person alone
	}
	switch v.Details["organization_kind"] {
	case "", "ems", "hospital", "clinic":
	default:
		a.Type = &concept{Text: "organization"}
	}
	if id := v.Details["organization"]; stated(id) {
		of := h
		if host := v.Details["authority"]; stated(host) { // whose badge it is
			of.URL = "https://" + host
		}
		a.Who = of.what("organization", id)
		a.Who.Type, a.Who.Display = "Organization", v.Actor.Organization
	}
	return a
}

// recipient is the user as whoever was shown something, or asked for it.
func (h House) recipient(v audit.Event) agent {
	a := h.user(v)
	a.Type = conceptOf(codeRecipient)
	return a
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
