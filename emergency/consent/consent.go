// Package consent writes break-glass rules as a FHIR R4 Consent and reads them back.
//
// The shape is that of IHE PCF (Privacy Consent on FHIR, profile Intermediate): a privacy consent in force whose root provision denies everything, with one
// nested permit for each rule, for the purposes of emergency treatment and break-glass. What FHIR has no element for stands in extensions under our own
// address. Those that limit a permit (a wait, approvals, a tap, a disaster, countries) are modifier extensions, so that no reader may take the permit and
// overlook the limit. The canonical text of the rules, which a passkey has approved, is the attached source.
//
// Decode is the inverse of Encode. It reads the Consents of others too, as far as they can be held as rules: whatever it does not understand makes the
// provision be left out and named, so that what is read never allows more than what was written.
package consent

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// MaxBytes bounds a Consent from outside. The largest policy there can be fits in.
const MaxBytes = 2 << 20

// Errors of documents that are not read at all.
var (
	ErrTooLarge   = errors.New("consent: larger or deeper than can be read")
	ErrNotConsent = errors.New("consent: not a FHIR R4 Consent about privacy")
	ErrNotActive  = errors.New("consent: not in force")
)

// Meta is what a Consent says besides the rules.
type Meta struct {
	Patient   string    // identifier of the patient in the house
	Name      string    // of the patient
	Performer string    // who approved the rules
	House     string    // scheme and host of the house that keeps to them
	HouseName string    // of the house, for people
	At        time.Time // when they were approved
}

// What stands under our own address. The texts never change.
const (
	base = "https://locket.health/fhir/"

	urlPolicy  = base + "policy/break-glass"                         // how rules are meant: emergency/rules
	urlRules   = base + "StructureDefinition/break-glass-rules"      // on the Consent: format, preset, delay in seconds
	urlFor     = base + "StructureDefinition/break-glass-duration"   // on a provision: how long what was opened stays open, in seconds
	urlLimits  = base + "StructureDefinition/break-glass-limits"     // modifies a provision: what it needs besides
	sysSet     = base + "CodeSystem/section"                         // sections of an emergency record
	sysGroup   = base + "NamingSystem/break-glass-group"             // anyone, badged, contact
	sysKind    = base + "NamingSystem/break-glass-organization-kind" // kinds of organization
	sysOrg     = base + "NamingSystem/break-glass-organization"      // organizations of the house
	sysPerson  = base + "NamingSystem/break-glass-contact"           // contacts of the patient
	urlProfile = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
	sysReason  = "http://terminology.hl7.org/CodeSystem/v3-ActReason" // purposes
	sysRole    = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	sysAction  = "http://terminology.hl7.org/CodeSystem/consentaction"
	sysScope   = "http://terminology.hl7.org/CodeSystem/consentscope"
	sysLOINC   = "http://loinc.org"
	sysClass   = "http://hl7.org/fhir/resource-types"
	sysURI     = "urn:ietf:rfc:3986"
)

// Codes of those systems.
const (
	codeScope     = "patient-privacy"
	codeConsent   = "59284-0" // LOINC: Consent Document
	codeRecipient = "IRCP"    // information recipient
	codePrimary   = "PRCP"    // primary information recipient
	codeAccess    = "access"
	codeTreatment = "ETREAT"
	codeBreak     = "BTG"

	groupAnyone  = "anyone"
	groupBadged  = "badged"
	groupContact = "contact"
)

type document struct {
	ResourceType string      `json:"resourceType"`
	Meta         profiles    `json:"meta"`
	Extension    []extension `json:"extension"`
	Status       string      `json:"status"`
	Scope        concept     `json:"scope"`
	Category     []concept   `json:"category"`
	Patient      reference   `json:"patient"`
	DateTime     string      `json:"dateTime"`
	Performer    []reference `json:"performer"`
	Organization []reference `json:"organization"`
	Source       attachment  `json:"sourceAttachment"`
	Policy       []policy    `json:"policy"`
	Provision    provision   `json:"provision"`
}

type profiles struct {
	Profile []string `json:"profile"`
}

type provision struct {
	ID        string      `json:"id,omitempty"`
	Extension []extension `json:"extension,omitempty"`
	Modifier  []extension `json:"modifierExtension,omitempty"`
	Type      string      `json:"type"`
	Period    *period     `json:"period,omitempty"`
	Actor     []actor     `json:"actor,omitempty"`
	Action    []concept   `json:"action,omitempty"`
	Purpose   []coding    `json:"purpose,omitempty"`
	Code      []concept   `json:"code,omitempty"`
	Provision []provision `json:"provision,omitempty"`
}

type extension struct {
	URL       string      `json:"url"`
	Extension []extension `json:"extension,omitempty"`
	Bool      bool        `json:"valueBoolean,omitempty"`
	Code      string      `json:"valueCode,omitempty"`
	String    string      `json:"valueString,omitempty"`
	Number    int64       `json:"valueUnsignedInt,omitempty"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

type concept struct {
	Coding []coding `json:"coding"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type reference struct {
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type actor struct {
	Role      concept   `json:"role"`
	Reference reference `json:"reference"`
}

type period struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

type policy struct {
	URI string `json:"uri"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Data        string `json:"data"`
	Title       string `json:"title"`
}

// Encode writes a valid policy as a Consent. Equal policies and equal Meta give equal bytes.
func Encode(p rules.Policy, m Meta) []byte {
	canonical := rules.Canonical(p)
	if ordered, err := rules.ParsePolicy(canonical); err == nil {
		p = ordered
	}
	patient := reference{Type: "Patient", Identifier: &identifier{m.House, m.Patient}, Display: m.Name}
	d := document{
		ResourceType: "Consent", Meta: profiles{[]string{urlProfile}}, Status: "active", Scope: one(sysScope, codeScope), Category: []concept{one(sysLOINC, codeConsent)},
		Patient: patient, DateTime: m.At.UTC().Format(time.RFC3339), Performer: []reference{{Display: m.Performer}},
		Organization: []reference{{Type: "Organization", Identifier: &identifier{sysURI, m.House}, Display: m.HouseName}},
		Source:       attachment{"application/json", base64.StdEncoding.EncodeToString(canonical), "The approved rules"},
		Policy:       []policy{{urlPolicy}},
		Provision:    provision{Type: "deny"},
	}
	if m.Performer == "" {
		d.Performer = []reference{patient}
	}
	said := []extension{{URL: "format", Number: int64(p.Format)}}
	if p.Preset != "" {
		said = append(said, extension{URL: "preset", Code: p.Preset})
	}
	if p.Delay != 0 {
		said = append(said, extension{URL: "delay", Number: seconds(p.Delay)})
	}
	d.Extension = []extension{{URL: urlRules, Extension: said}}
	for _, r := range p.Rules {
		d.Provision.Provision = append(d.Provision.Provision, permit(r))
	}
	data, err := json.Marshal(d)
	if err != nil {
		return nil // cannot happen: every field is a string, a number or a list of them
	}
	return data
}

func permit(r rules.Rule) provision {
	p := provision{
		ID: r.ID, Type: "permit", Extension: []extension{{URL: urlFor, Number: seconds(r.For)}},
		Actor: []actor{{one(sysRole, codeRecipient), people(r.Who)}}, Action: []concept{one(sysAction, codeAccess)},
		Purpose: []coding{{sysReason, codeTreatment}, {sysReason, codeBreak}},
	}
	if limits := limitsOf(r); len(limits) > 0 {
		p.Modifier = []extension{{URL: urlLimits, Extension: limits}}
	}
	if start, end := r.When.From, r.When.Until; !start.IsZero() || !end.IsZero() {
		p.Period = &period{}
		if !start.IsZero() {
			p.Period.Start = start.UTC().Format(time.RFC3339)
		}
		if !end.IsZero() { // the last second within: the end of a FHIR period belongs to it (R4, section 2.24.0.11)
			p.Period.End = end.UTC().Add(-time.Second).Format(time.RFC3339)
		}
	}
	for _, s := range r.Sections.Sections() {
		p.Code = append(p.Code, one(sysSet, s.String()))
	}
	return p
}

// limitsOf are what must hold besides for a permit to count.
func limitsOf(r rules.Rule) []extension {
	var limits []extension
	for _, name := range (r.Proof &^ standard(r.Who)).Names() {
		limits = append(limits, extension{URL: "proof", Code: name})
	}
	if r.HowSoon.Wait != 0 {
		limits = append(limits, extension{URL: "wait", Number: seconds(r.HowSoon.Wait)})
	}
	if r.HowSoon.Approvals != 0 {
		limits = append(limits, extension{URL: "approvals", Number: int64(r.HowSoon.Approvals)})
	}
	for _, contact := range r.HowSoon.Of {
		limits = append(limits, extension{URL: "of", String: contact})
	}
	if r.When.Incident {
		limits = append(limits, extension{URL: "incident", Bool: true})
	}
	for _, country := range r.Where {
		limits = append(limits, extension{URL: "country", Code: country})
	}
	return limits
}

// standard are the proofs that every rule for these people asks for.
func standard(who rules.Who) rules.Proofs {
	switch who.Kind {
	case rules.Contact:
		return 0
	case rules.Anyone:
		return rules.ProofCard
	default:
		return rules.ProofCard | rules.ProofBadge
	}
}

func people(who rules.Who) reference {
	named := func(kind, system, value string) reference {
		return reference{Type: kind, Identifier: &identifier{system, value}}
	}
	switch who.Kind {
	case rules.Anyone:
		return named("Group", sysGroup, groupAnyone)
	case rules.Badged:
		return named("Group", sysGroup, groupBadged)
	case rules.OrganizationKind:
		return named("Group", sysKind, who.ID)
	case rules.OneOrganization:
		return named("Organization", sysOrg, who.ID)
	}
	if who.ID == "" {
		return named("Group", sysGroup, groupContact)
	}
	return named("RelatedPerson", sysPerson, who.ID)
}

func one(system, code string) concept { return concept{[]coding{{system, code}}} }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// sectionsOf are the sections that other systems name by a code of theirs: the sections of an International Patient Summary, and types of resources.
var sectionsOf = map[coding]section.Set{
	{sysLOINC, "48765-2"}: section.SetOf(section.Allergies),
	{sysLOINC, "11450-4"}: section.SetOf(section.Conditions),
	{sysLOINC, "10160-0"}: section.SetOf(section.Medications),
	{sysLOINC, "42348-3"}: section.SetOf(section.Directives),
	{sysLOINC, "46264-8"}: section.SetOf(section.Devices),
	{sysLOINC, "10162-6"}: section.SetOf(section.Pregnancy),
	{sysLOINC, "30954-2"}: section.SetOf(section.Results),
	{sysLOINC, "8716-3"}:  section.SetOf(section.Vitals),
	{sysLOINC, "11369-6"}: section.SetOf(section.Immunizations),
	{sysLOINC, "47519-4"}: section.SetOf(section.Procedures),

	{sysClass, "AllergyIntolerance"}:  section.SetOf(section.Allergies),
	{sysClass, "Condition"}:           section.SetOf(section.Conditions),
	{sysClass, "MedicationStatement"}: section.SetOf(section.Medications),
	{sysClass, "Device"}:              section.SetOf(section.Devices),
	{sysClass, "DeviceUseStatement"}:  section.SetOf(section.Devices),
	{sysClass, "Immunization"}:        section.SetOf(section.Immunizations),
	{sysClass, "Procedure"}:           section.SetOf(section.Procedures),
	{sysClass, "RelatedPerson"}:       section.SetOf(section.Contacts),
	{sysClass, "Coverage"}:            section.SetOf(section.Insurance),
	{sysClass, "DocumentReference"}:   section.SetOf(section.Documents),
}
