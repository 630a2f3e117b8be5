package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// The keys of every Message of this package, each with its English text. {count} is the number that a plural follows;
// {sections} is a []string of section names and {countries} one of country codes, both to be listed in the reader's language;
// {until}, {from} and {at} are instants; {total} is a number; {id} is an identifier as it stands.

// A rule as sentences, in this order: who may open what, what must be shown, how soon, for how long, when, where.
const (
	KeyWhoAnyone       = "rules.who.anyone"       // Anyone who holds your card can open: {sections}.
	KeyWhoBadged       = "rules.who.badged"       // Any responder with a verified badge can open: {sections}.
	KeyWhoEMS          = "rules.who.ems"          // An ambulance crew can open: {sections}.
	KeyWhoHospital     = "rules.who.hospital"     // A hospital can open: {sections}.
	KeyWhoClinic       = "rules.who.clinic"       // A clinic or practice can open: {sections}.
	KeyWhoShelter      = "rules.who.shelter"      // A shelter can open: {sections}.
	KeyWhoFire         = "rules.who.fire"         // The fire service can open: {sections}.
	KeyWhoPolice       = "rules.who.police"       // The police can open: {sections}.
	KeyWhoKind         = "rules.who.kind"         // An organization of the kind “{id}” can open: {sections}.
	KeyWhoOrganization = "rules.who.organization" // The organization {id} can open: {sections}.
	KeyWhoContact      = "rules.who.contact"      // Your contact {id} can open: {sections}.
	KeyWhoAnyContact   = "rules.who.any_contact"  // Any of your contacts can open: {sections}.

	KeyProofCard     = "rules.proof.card"     // Your card must be there.
	KeyProofTap      = "rules.proof.tap"      // The card must be tapped: a photograph of it is not enough.
	KeyProofPasscode = "rules.proof.passcode" // Your passcode must be given.
	KeyProofBadge    = "rules.proof.badge"    // Their badge must be verified.

	KeyAtOnce      = "rules.soon.at_once"   // At once.
	KeyWaitSeconds = "rules.soon.seconds"   // After a wait of {count} seconds, in which you or a contact can say no.
	KeyWaitMinutes = "rules.soon.minutes"   // After a wait of {count} minutes, in which you or a contact can say no.
	KeyWaitHours   = "rules.soon.hours"     // After a wait of {count} hours, in which you or a contact can say no.
	KeyWaitDays    = "rules.soon.days"      // After a wait of {count} days, in which you or a contact can say no.
	KeyApprovals   = "rules.soon.approvals" // Without the wait if {count} of your contacts agree.
	KeyApprovalsOf = "rules.soon.of"        // Without the wait if {count} of {total} chosen contacts agree.

	KeyForSeconds = "rules.for.seconds" // It stays open for {count} seconds.
	KeyForMinutes = "rules.for.minutes" // It stays open for {count} minutes.
	KeyForHours   = "rules.for.hours"   // It stays open for {count} hours.
	KeyForDays    = "rules.for.days"    // It stays open for {count} days.

	KeyFrom     = "rules.when.from"     // Only from {from}.
	KeyUntil    = "rules.when.until"    // Only until {until}.
	KeyBetween  = "rules.when.between"  // Only from {from} until {until}.
	KeyIncident = "rules.when.incident" // Only while a disaster is declared that concerns you.
	KeyWhere    = "rules.where"         // Only in: {countries}.

	KeyTold = "rules.told" // You are told each time.
)

// How long wider rules wait.
const (
	KeyDelaySeconds = "rules.delay.seconds" // New rules that open more wait for {count} seconds first. Until then you can stop them.
	KeyDelayMinutes = "rules.delay.minutes" // New rules that open more wait for {count} minutes first. Until then you can stop them.
	KeyDelayHours   = "rules.delay.hours"   // New rules that open more wait for {count} hours first. Until then you can stop them.
	KeyDelayDays    = "rules.delay.days"    // New rules that open more wait for {count} days first. Until then you can stop them.
)

// A decision, for the patient and the log.
const (
	KeyWhyOpened            = "rules.why.opened"              // Opened until {until}: {sections}.
	KeyWhyWaits             = "rules.why.waits"               // Opens at {at}, unless you or a contact says no: {sections}.
	KeyWhyApprovals         = "rules.why.approvals"           // It opens sooner if {count} more of your contacts agree.
	KeyWhyVetoed            = "rules.why.vetoed"              // Nothing was opened, because you or a contact said no.
	KeyWhyOver              = "rules.why.time_is_over"        // Nothing is open any more: the time that your rules gave is over.
	KeyWhyNoRule            = "rules.why.no_rule"             // Nothing was opened, because none of your rules lets this person in.
	KeyWhyReasonMissing     = "rules.why.reason_missing"      // Nothing was opened, because no reason was stated.
	KeyWhyReasonTextMissing = "rules.why.reason_text_missing" // Nothing was opened, because the reason “other” was stated without words.
	KeyWhyUnreadable        = "rules.why.rules_unreadable"    // Nothing was opened, because your rules could not be read. Please save them again.
	KeyWhyRules             = "rules.why.rules"               // This is so because your rules say:
)

// What the person who asked is told: what happened.
const (
	KeySaysOpen              = "rules.says.open"                // Open until {until}. The patient is told.
	KeySaysWait              = "rules.says.wait"                // Your request was passed on. Unless it is declined, you can open more from {at}.
	KeySaysApprovals         = "rules.says.approvals"           // It can be sooner if {count} more contacts agree.
	KeySaysDeclined          = "rules.says.declined"            // Your request to see more was declined.
	KeySaysOver              = "rules.says.time_is_over"        // Your time is over.
	KeySaysNothing           = "rules.says.nothing"             // There is nothing to open for you here.
	KeySaysReasonMissing     = "rules.says.reason_missing"      // Please choose a reason.
	KeySaysReasonTextMissing = "rules.says.reason_text_missing" // Please say the reason in a few words.
)

// What the person who asked is told: what can be done now.
const (
	KeyNextFront    = "rules.next.front"    // What is on the card stays readable: read it first.
	KeyNextContacts = "rules.next.contacts" // Call the contacts on the card.
	KeyNextBadge    = "rules.next.badge"    // If you work for an ambulance, a hospital or a shelter, show your badge and ask again.
	KeyNextName     = "rules.next.name"     // Say who you are to ask for more.
	KeyNextReason   = "rules.next.reason"   // Choose a reason and ask again.
	KeyNextAgain    = "rules.next.again"    // If it is still needed, ask again.
	KeyNextWait     = "rules.next.wait"     // You can leave this page and come back.
)

// The people of “what would they see?”.
const (
	KeyPersonBystander  = "rules.person.bystander"  // A bystander in Lisbon
	KeyPersonParamedic  = "rules.person.paramedic"  // A paramedic with a badge, at 03:00
	KeyPersonHospital   = "rules.person.hospital"   // A hospital abroad
	KeyPersonShelter    = "rules.person.shelter"    // A shelter during a declared flood
	KeyPersonContact    = "rules.person.contact"    // One of your contacts, asking from home tonight
	KeyPersonPhotograph = "rules.person.photograph" // A stranger with a photograph of your card
	KeyPersonChosen     = "rules.person.chosen"     // Whom you have chosen
)

// What is wrong with a policy.
const (
	KeyInvalidFormat          = "rules.invalid.format"            // These rules were written by another version of Locket.
	KeyInvalidPreset          = "rules.invalid.preset"            // There is no preset of this name.
	KeyInvalidTooMany         = "rules.invalid.too_many"          // At most {count} are possible here.
	KeyInvalidTwice           = "rules.invalid.twice"             // This is named twice.
	KeyInvalidID              = "rules.invalid.id"                // This name is not possible here.
	KeyInvalidWho             = "rules.invalid.who"               // Say whom the rule is for.
	KeyInvalidProof           = "rules.invalid.proof"             // This cannot be asked for as a proof.
	KeyInvalidNeedsCard       = "rules.invalid.needs_card"        // Only a contact can be let in without the card.
	KeyInvalidNeedsBadge      = "rules.invalid.needs_badge"       // A rule for responders needs their badge as a proof.
	KeyInvalidMoment          = "rules.invalid.moment"            // This date is not possible.
	KeyInvalidWindow          = "rules.invalid.window"            // The end must come after the beginning.
	KeyInvalidCountry         = "rules.invalid.country"           // This is not the code of a country.
	KeyInvalidNoSection       = "rules.invalid.no_section"        // Choose at least one section.
	KeyInvalidSection         = "rules.invalid.section"           // This section is not known.
	KeyInvalidFloor           = "rules.invalid.floor"             // Private notes are opened by no rule.
	KeyInvalidApprovals       = "rules.invalid.approvals"         // Between 1 and {count} contacts can be asked to agree.
	KeyInvalidApprovalsNoWait = "rules.invalid.approvals_no_wait" // Contacts can only shorten a wait: choose a wait first.
	KeyInvalidDuration        = "rules.invalid.duration"          // Choose between one minute and 30 days, in whole seconds.
	KeyInvalidDelay           = "rules.invalid.delay"             // Choose between one hour and 7 days, or no wait at all.
)

func count(n int) map[string]any { return map[string]any{"count": n} }

func sectionsArg(set section.Set) map[string]any { return map[string]any{"sections": set.Names()} }

// lasting picks the key for the largest unit in which the duration is a whole number.
func lasting(d time.Duration, seconds, minutes, hours, days string) Message {
	units := [...]struct {
		unit time.Duration
		key  string
	}{{24 * time.Hour, days}, {time.Hour, hours}, {time.Minute, minutes}}
	for _, u := range units {
		if d >= u.unit && d%u.unit == 0 {
			return Message{Key: u.key, Args: count(int(d / u.unit))}
		}
	}
	return Message{Key: seconds, Args: count(int(d / time.Second))}
}
