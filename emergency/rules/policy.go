// Package rules is the break-glass engine: what a patient has allowed, and what a request therefore opens.
//
// A Policy is a list of rules, each of the form who x what proof x when x where -> which sections, how soon, for how long.
// Decide is a pure function of the policy, the request and one instant: no clock, no I/O, the same answer every time, and it
// says which rules made the answer. Rules only ever add: a request gets the union of what the rules that match it give, so the
// order of rules never matters and a further rule never takes anything away. The floor (section.FloorSet) is opened by none.
//
// The canonical text of a policy (Canonical) is what a passkey approves and what the log keeps. It is promised to old data: a
// text of Format 1 keeps its meaning in every later version.
package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Format is the version of the rule text that this package writes.
const Format = 1

// Upper bounds. A policy beyond them is refused by Validate and by ParsePolicy.
const (
	MaxRules       = 100
	MaxCountries   = 60
	MaxApprovers   = 10
	MaxIdentifier  = 64
	MinDuration    = time.Minute
	MaxDuration    = 30 * 24 * time.Hour
	MinDelay       = time.Hour
	MaxDelay       = 7 * 24 * time.Hour
	MaxPolicyBytes = 256 << 10
)

// Durations that the editor offers for how long a grant lasts.
const (
	ForBystander = 10 * time.Minute
	ForParamedic = 4 * time.Hour
	ForFamily    = 24 * time.Hour
	ForHospital  = 5 * 24 * time.Hour
	ForShelter   = 14 * 24 * time.Hour
)

// Policy is everything that a patient has said about who may break the glass.
type Policy struct {
	Format int    // Format
	Preset string // the preset it began as (PresetOpen, PresetBalanced, PresetPrivate), "" for none: a label, never a rule
	// Delay is how long rules that open more (Widens) wait once a passkey has approved them, so that the patient can stop what was approved in
	// their name: zero for not at all, else whole seconds, MinDelay to MaxDelay. It decides no request.
	Delay time.Duration
	Rules []Rule // in any order; at most MaxRules
}

// Rule lets somebody open some sections.
type Rule struct {
	ID       string        // names the rule in decisions and in the log: lower-case letters, digits, hyphens; unique in the policy
	Who      Who           // whom the rule is for
	Proof    Proofs        // everything that must be shown; for two ways in, write two rules
	When     When          // the zero value is "always"
	Where    []string      // ISO 3166-1 alpha-2 codes; none is "anywhere"
	Sections section.Set   // what it opens; sensitive sections only when they are named here
	HowSoon  HowSoon       // the zero value is "at once"
	For      time.Duration // how long it stays open: whole seconds, MinDuration to MaxDuration
}

// WhoKind is the way in which a rule names its people.
type WhoKind string

// The kinds of people a rule can name.
const (
	Anyone           WhoKind = "anyone"            // whoever holds the card
	Badged           WhoKind = "badged"            // a responder whose badge was verified
	OrganizationKind WhoKind = "organization_kind" // a badged responder of a kind of organization, such as KindEMS
	OneOrganization  WhoKind = "organization"      // a badged responder of one organization
	Contact          WhoKind = "contact"           // a contact of the patient who has signed in as such
)

// Kinds of organization. The list is open: a badge may state any lower-case word, and a rule may name it.
const (
	KindEMS      = "ems"
	KindHospital = "hospital"
	KindClinic   = "clinic"
	KindShelter  = "shelter"
	KindFire     = "fire"
	KindPolice   = "police"
)

// Who names the people of a rule.
type Who struct {
	Kind WhoKind
	// ID is the kind of organization, the identifier of the organization, or the identifier of the contact ("" is any contact
	// of the patient). It is empty for Anyone and Badged.
	ID string
}

// When limits a rule in time. Both limits hold when both are given.
type When struct {
	From, Until time.Time // whole seconds; the rule opens nothing before From, nor from Until on; a zero time is no limit
	Incident    bool      // only while an incident is declared that concerns the patient
}

// HowSoon says how long a request waits before the rule opens anything.
type HowSoon struct {
	// Wait is the time in which the patient or a contact can veto: zero for at once, else MinDuration to MaxDuration.
	Wait time.Duration
	// Approvals is the number of contacts who can end the wait early by agreeing; zero if nobody can. It needs a Wait.
	Approvals int
	// Of are the contacts whose agreement counts; none is every contact. The person who asks never counts.
	Of []string
}
