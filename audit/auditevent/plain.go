package auditevent

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
)

// readsOwn reports whether an entry says that keepers got something of their own patient: the record, the log, a receipt.
func (h House) readsOwn(v audit.Event) bool {
	own := v.Actor.Kind == audit.ByAccount || v.Actor.Kind == audit.ByPatient
	return own && h.isPatient(v) && (v.Type == audit.DataExported || v.Type == audit.ReceiptMade) && (v.Outcome == audit.Done || v.Outcome == "")
}

// read says what a keeper got (PatientRead).
func (h House) read(e Entry) resource {
	v := e.Event
	data := entity{What: h.what("record", v.Subject), Type: codeSystemObject, Role: &roleResource, Detail: said(v)}
	if v.Type == audit.ReceiptMade || v.Details["what"] == "log" || v.Details["what"] == "log_file" {
		data.What = h.what("log", v.Subject)
	}
	return resource{Meta: meta{Profile: []string{profileRead}}, Type: codeREST, Subtype: []coding{codeReadREST, {System: sysOwnEvent, Code: string(v.Type)}},
		Action: "R", Outcome: outcomeDone, Purpose: []concept{*conceptOf(purposeAsked)}, Agent: []agent{h.browser(codeTarget, v), h.origin(), h.recipient(v)},
		Source: source{Type: []coding{codeServer}}, Entity: []entity{h.patient(v.Subject), data, h.logEntry(e, true)}}
}

// plain is an AuditEvent of no profile.
func (h House) plain(e Entry) resource {
	v := e.Event
	m := meaningOf(v.Type)
	r := resource{Type: m.code, Subtype: m.subtypes(v.Type), Action: m.action, Agent: []agent{h.user(v)}, Source: source{Type: []coding{codeServer}}}
	r.Outcome, r.OutcomeDesc = outcomeOf(v)
	if stated(v.Actor.Organization) {
		r.Agent = append(r.Agent, h.organization(v))
	}
	if v.Subject != "" {
		r.Entity = append(r.Entity, h.subject(v))
	}
	if v.Card != "" {
		r.Entity = append(r.Entity, entity{What: h.what("card", v.Card), Type: codeSystemObject, Role: &roleSecurity})
	}
	r.Entity = append(r.Entity, h.logEntry(e, true))
	return r
}

// outcomeOf says how an entry ended.
func outcomeOf(v audit.Event) (code, text string) {
	switch v.Outcome {
	case audit.Refused:
		return outcomeFailed, "Refused"
	case audit.Failed:
		return outcomeFailed, "Begun, and did not succeed"
	case audit.Waiting:
		return outcomeDone, "It waits"
	case audit.Begun:
		return outcomeDone, "Begun: another entry says how it ended"
	}
	switch v.Type {
	case audit.NoticeFailed:
		return outcomeMinor, "Somebody could not be told"
	case audit.CardTapDoubted:
		return outcomeMinor, "The tap does not prove that the tag is the original one"
	case audit.LogAlarm:
		return outcomeFailed, "Something contradicts the log"
	}
	return outcomeDone, ""
}

// whoErased stands where somebody was named.
const whoErased = "erased"

// erased is what is left of an entry whose content is gone: what kind of thing happened, when, about whom, and that it was erased.
func (h House) erased(e Entry) resource {
	m := meaningOf(e.Event.Type)
	r := resource{Type: m.code, Subtype: m.subtypes(e.Event.Type), Action: m.action, Outcome: outcomeDone,
		OutcomeDesc: "The content of this entry was erased on " + e.ErasedAt.UTC().Format(time.DateOnly) + ": its proof shows the place of its leaf alone",
		Agent:       []agent{{Who: reference{Display: whoErased}}}, Source: source{Type: []coding{codeServer}}}
	if e.Event.Subject != "" {
		r.Entity = append(r.Entity, h.subject(e.Event))
	}
	r.Entity = append(r.Entity, h.logEntry(e, true))
	return r
}

// self is the house: who records, and who decides.
func (h House) self() reference { return reference{Identifier: &identifier{sysURI, h.URL}} }

// what refers to something of the house by its kind and number.
func (h House) what(kind, id string) reference {
	return reference{Identifier: &identifier{h.URL + "/" + kind, id}}
}

func (h House) patient(id string) entity {
	what := h.what("patient", id)
	what.Type = "Patient"
	return entity{What: what, Type: codePerson, Role: &rolePatient}
}

func (h House) isPatient(v audit.Event) bool {
	switch meaningOf(v.Type).about {
	case aboutPatient:
		return v.Subject != ""
	case aboutEither:
		return v.Subject != "" && h.IsPatient != nil && h.IsPatient(v.Subject)
	}
	return false
}

// subject is whom or what an entry is about.
func (h House) subject(v audit.Event) entity {
	switch about := meaningOf(v.Type).about; {
	case h.isPatient(v):
		return h.patient(v.Subject)
	case about == aboutAccount:
		return entity{What: h.what("account", v.Subject), Type: codePerson, Role: &roleUser}
	case about == aboutOrganization:
		what := h.what("organization", v.Subject)
		what.Type = "Organization"
		return entity{What: what, Type: codeOrganization}
	}
	return entity{What: h.what("subject", v.Subject), Type: codeOther}
}

// logEntry names the entry that a resource was made from; whole adds what the entry says besides, and its proof.
func (h House) logEntry(e Entry, whole bool) entity {
	out := entity{What: reference{Identifier: &identifier{e.address(), index(e)}}, Type: codeOther,
		Detail: []detail{{Type: "tlog-leaf-sha256", String: base64Text(e.Leaf[:])}}}
	if !whole {
		return out
	}
	out.Detail = append(out.Detail, said(e.Event)...)
	if e.Proof != nil {
		out.Detail = append(out.Detail, detail{Type: "c2sp.org/tlog-proof@v1", Base64: base64Text(e.Proof)})
	}
	return out
}

// said are the further facts of an event.
func said(v audit.Event) []detail {
	out := details("call-back", v.Actor.CallBack, "rules-version", number(v.RulesVersion))
	if v.Type != audit.GlassOpened && v.Type != audit.GlassReopened {
		out = append(out, details("sections", strings.Join(v.Sections, ","), "items", number(v.Items), "grant", v.Grant)...)
		if v.Actor.Kind != audit.ByResponder && v.Actor.Kind != audit.ByContact {
			out = append(out, details("reason", v.Reason, "reason-text", v.ReasonText)...) // else it is the purpose of use
		}
		if !v.Until.IsZero() {
			out = append(out, detail{Type: "until", String: instant(v.Until)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v.Details)) {
		out = append(out, details(key, v.Details[key])...)
	}
	return out
}

// details makes details of pairs of a type and a text; a blank text is left out.
func details(pairs ...string) []detail {
	var out []detail
	for i := 0; i < len(pairs); i += 2 {
		if stated(pairs[i+1]) {
			out = append(out, detail{Type: pairs[i], String: pairs[i+1]})
		}
	}
	return out
}

// user is who acted, as known. What stands behind that is said by an extension, and a name that nobody gave is not made up.
func (h House) user(v audit.Event) agent {
	a := agent{Extension: verified(v.Actor.Verified), Type: conceptOf(codeHuman), Requestor: true}
	switch v.Actor.Kind {
	case audit.ByServer:
		return agent{Type: conceptOf(codeApp), Who: h.self(), Requestor: true}
	case audit.ByOperator:
		a.Who.Display = "operator"
	case audit.ByAccount:
		a.Who.Display = "holder of an account"
	case audit.ByPatient:
		a.Who.Display = "patient"
	case audit.ByContact:
		a.Type, a.Who.Display = conceptOf(codeRecipient), "contact of the patient"
		if id := v.Details["contact"]; stated(id) {
			a.Who.Identifier = &identifier{h.URL + "/contact", id}
		}
	default:
		a.Type, a.Who.Display = conceptOf(codeRecipient), "not stated"
	}
	if stated(v.Actor.Name) {
		a.Who.Display = v.Actor.Name
	}
	if stated(v.Actor.Role) {
		a.Role = []concept{{Text: v.Actor.Role}}
		if isCode(v.Actor.Role) {
			a.Role = []concept{*conceptOf(coding{System: sysOwnRole, Code: v.Actor.Role})}
		}
	}
	if v.Actor.Kind == audit.ByResponder || v.Actor.Kind == audit.ByContact {
		a.PurposeOfUse = h.purposesOfUse(v)
	}
	return a
}

// origin is the house as the source of what was shown.
func (h House) origin() agent {
	return agent{Type: conceptOf(codeOrigin), Who: h.self(), Network: &network{Address: h.URL, Type: "5"}}
}

// browser is the machine that asked. Its address is known in part alone, or not at all.
func (h House) browser(part coding, v audit.Event) agent {
	a := agent{Type: conceptOf(part), Who: reference{Display: "browser of whoever asked"}, Network: &network{Address: v.Actor.Network, Type: "2"}}
	if v.Actor.Network == "" {
		a.Network = &network{Extension: []extension{{urlAbsent, "unknown"}}}
	}
	return a
}

// verified says what stands behind who an agent says they are.
func verified(by audit.Verification) []extension {
	if by == "" {
		return nil
	}
	return []extension{{urlVerified, string(by)}}
}

func conceptOf(c coding) *concept { return &concept{Coding: []coding{c}} }

// isCode reports whether a stated role is one of the words that are offered, not something typed.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}
