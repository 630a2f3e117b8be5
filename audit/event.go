package audit

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid says that an event breaks a bound of [Event.Validate]. The text names the field, never its value.
var ErrInvalid = errors.New("audit: invalid event")

// Type says what happened. The set is open: a type is a lower-case word, or words joined by dots. A type that was once
// logged never changes its meaning.
type Type string

// The types of the present rooms.
const (
	CardIssued      Type = "card.issued"
	CardScanned     Type = "card.scanned"
	CardReadOffline Type = "card.read_offline" // a front was read without a network; reported later by the device that read it
	CardTapDoubted  Type = "card.tap_doubted"  // a tap that does not prove that the tag is the original one
	CardRevoked     Type = "card.revoked"
	GlassOpened     Type = "glass.opened"
	GlassReopened   Type = "glass.reopened"
	GlassRefused    Type = "glass.refused"
	GrantEnded      Type = "grant.ended" // before its time, by a keeper

	RequestWaiting   Type = "request.waiting"
	RequestApproved  Type = "request.approved" // by one contact; the wait may end
	RequestVetoed    Type = "request.vetoed"
	RequestWithdrawn Type = "request.withdrawn" // by whoever had asked
	MessageSent      Type = "message.sent"      // in the thread of a grant
	HandoverMade     Type = "handover.made"     // a link for the emergency department, bound to a grant
	ReviewGiven      Type = "review.given"      // a keeper has said whether an opening was right
	ReviewAnswered   Type = "review.answered"
	OfficerSearched  Type = "officer.searched" // by a privacy officer, among openings
	OfficerExported  Type = "officer.exported"

	NoticeFailed   Type = "notice.failed"   // somebody could not be told
	NoticeRepeated Type = "notice.repeated" // given up before, and tried again

	RulesChanged  Type = "rules.changed"
	RulesProposed Type = "rules.proposed" // approved, and in force after the delay that the patient had set
	RulesVetoed   Type = "rules.vetoed"   // a keeper stopped them before that

	OrganizationMade      Type = "organization.made"
	OrganizationChanged   Type = "organization.changed"
	OrganizationSuspended Type = "organization.suspended"
	OrganizationRestored  Type = "organization.restored"
	MemberInvited         Type = "member.invited"
	InvitationWithdrawn   Type = "invitation.withdrawn"
	MemberAdded           Type = "member.added"
	MemberSuspended       Type = "member.suspended"
	MemberRestored        Type = "member.restored"
	BadgeIssued           Type = "badge.issued"
	BadgeRevoked          Type = "badge.revoked"

	ContactInvited   Type = "contact.invited"
	ContactConfirmed Type = "contact.confirmed"
	ContactStopped   Type = "contact.stopped"
	KeeperInvited    Type = "keeper.invited"
	KeeperAdded      Type = "keeper.added"
	KeeperRemoved    Type = "keeper.removed"
	HandedOver       Type = "patient.handed_over"  // a grown child keeps the record now
	Confidential     Type = "patient.confidential" // what the patient keeps from guardians has changed

	RecordChanged   Type = "record.changed"
	RecordImported  Type = "record.imported"
	PatientCreated  Type = "patient.created"
	PatientDeleted  Type = "patient.deleted"
	AccountCreated  Type = "account.created"
	AccountSignedIn Type = "account.signed_in"
	AccountDeleted  Type = "account.deleted"
	PasskeyAdded    Type = "passkey.added"
	PasskeyRemoved  Type = "passkey.removed"
	RecoverySet     Type = "recovery.set"
	RecoveryUsed    Type = "recovery.used"
	DataExported    Type = "data.exported"
	KeyMade         Type = "key.made"
	KeyPromoted     Type = "key.promoted" // published before, and signs from now on
	KeyRetired      Type = "key.retired"
	KeyWithdrawn    Type = "key.withdrawn" // somebody else may have it
	IssuerTrusted   Type = "issuer.trusted"
	IssuerRemoved   Type = "issuer.removed"
	BackupMade      Type = "backup.made"
	BackupRestored  Type = "backup.restored"

	EntryErased Type = "entry.erased" // the content of another entry of the same subject, which the details name
	LogPruned   Type = "log.pruned"   // rows of erased entries below an index
	LogEpoch    Type = "log.epoch"    // the log goes on as a new one: the details say what is known of the end of the old
	LogAlarm    Type = "log.alarm"    // a check, a witness or the high-water mark contradicts the log
	ReceiptMade Type = "receipt.made" // somebody was given the proof of an entry as a file

	Drill         Type = "drill" // begun
	DrillFinished Type = "drill.finished"
)

// ActorKind says in which capacity somebody acted.
type ActorKind string

// The capacities in which somebody acts.
const (
	ByPatient   ActorKind = "patient"
	ByAccount   ActorKind = "account"
	ByResponder ActorKind = "responder"
	ByContact   ActorKind = "contact"
	ByOperator  ActorKind = "operator"
	ByServer    ActorKind = "server"
)

// Verification says what stands behind the words of an [Actor].
type Verification string

// What can stand behind an actor's words, the weakest first. Empty when there is nothing to verify (the server itself).
const (
	Claimed         Verification = "claimed"
	VerifiedCard    Verification = "card"
	VerifiedPasskey Verification = "passkey"
	VerifiedBadge   Verification = "badge"
	VerifiedCode    Verification = "code" // a contact's own code
)

// Outcome says how an event ended. Empty when it could end in one way only.
type Outcome string

// The ways in which an event ends.
const (
	Granted Outcome = "granted"
	Refused Outcome = "refused"
	Waiting Outcome = "wait"
	Done    Outcome = "done"
	Begun   Outcome = "begun"  // an intention, before what can fail half-way; the entry of how it ended names this one's index
	Failed  Outcome = "failed" // begun, and did not succeed
)

// Actor is who did it, in the words given at the time. Every text is as claimed unless Verified says otherwise.
type Actor struct {
	Kind         ActorKind    // required
	Name         string       // at most 256 bytes
	Role         string       // at most 128 bytes
	Organization string       // at most 256 bytes
	CallBack     string       // telephone number or address to call back, at most 128 bytes
	Verified     Verification // what stands behind the words
	Network      string       // truncated client address in CIDR form, at most /24 (IPv4) or /64 (IPv6); a whole address is refused
}

// Event is what happened, before it has a place in the log. It holds names of sections and counts, never a value of a record.
type Event struct {
	Type         Type      // required
	At           time.Time // required; whole milliseconds, logged in UTC
	Subject      string    // pseudonymous patient identifier, at most 64 bytes; empty for an event about no patient
	Actor        Actor
	Card         string            // card identifier, at most 64 bytes; empty if none
	Sections     []string          // names of the released sections, at most 64, in reading order
	Items        int               // how many items were released
	Reason       string            // coded reason, at most 64 bytes
	ReasonText   string            // reason as typed, at most 2,000 bytes
	Outcome      Outcome           // how it ended
	Grant        string            // grant identifier, at most 64 bytes; empty if none
	Until        time.Time         // end of the grant; zero if none; whole milliseconds
	RulesVersion int               // version of the rules that decided; 0 if none did
	Details      map[string]string // further facts; at most 32, 8,192 bytes in all, for example a passkey's approval
}

// Bounds of an event. They keep every payload below [MaxPayload].
const (
	maxIdentifier  = 64
	maxCode        = 64
	maxName        = 256
	maxRole        = 128
	maxCallBack    = 128
	maxReasonText  = 2000
	maxSections    = 64
	maxDetails     = 32
	maxDetailBytes = 8192
	maxCount       = 1<<31 - 1
	maxMillis      = 253_402_300_799_999 // the end of the year 9999
)

// Validate checks every field against its bound: sizes, valid UTF-8, no control characters, known words where the set is
// closed, whole milliseconds, a truncated network. It returns an error that wraps [ErrInvalid].
func (e Event) Validate() error {
	var c checker
	c.that(isCode(string(e.Type), false), "type", "is not a lower-case word or words joined by dots")
	c.instant("at", e.At)
	c.identifier("subject", e.Subject)
	c.actor(e.Actor)
	c.identifier("card", e.Card)
	c.that(len(e.Sections) <= maxSections, "sections", "are too many")
	for _, s := range e.Sections {
		c.that(isCode(s, false), "sections", "hold something that is not the name of a section")
	}
	c.count("items", e.Items)
	c.that(e.Reason == "" || isCode(e.Reason, true), "reason", "is not a code")
	c.text("reason_text", e.ReasonText, maxReasonText)
	switch e.Outcome {
	case "", Granted, Refused, Waiting, Done, Begun, Failed:
	default:
		c.fail("outcome", "is unknown")
	}
	c.identifier("grant", e.Grant)
	if !e.Until.IsZero() {
		c.instant("until", e.Until)
	}
	c.count("rules_version", e.RulesVersion)
	c.details(e.Details)
	return c.err
}

// checker keeps the first thing that is wrong with an event.
type checker struct{ err error }

func (c *checker) fail(field, problem string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s %s", ErrInvalid, field, problem)
	}
}

func (c *checker) that(ok bool, field, problem string) {
	if !ok {
		c.fail(field, problem)
	}
}

func (c *checker) actor(a Actor) {
	switch a.Kind {
	case ByPatient, ByAccount, ByResponder, ByContact, ByOperator, ByServer:
	default:
		c.fail("actor.kind", "is unknown")
	}
	switch a.Verified {
	case "", Claimed, VerifiedCard, VerifiedPasskey, VerifiedBadge, VerifiedCode:
	default:
		c.fail("actor.verified", "is unknown")
	}
	c.text("actor.name", a.Name, maxName)
	c.text("actor.role", a.Role, maxRole)
	c.text("actor.organization", a.Organization, maxName)
	c.text("actor.call_back", a.CallBack, maxCallBack)
	c.that(a.Network == "" || isTruncated(a.Network), "actor.network", "is not a truncated address")
}

func (c *checker) details(details map[string]string) {
	c.that(len(details) <= maxDetails, "details", "are too many")
	total := 0
	for key, value := range details {
		c.that(isCode(key, true), "details", "hold a key that is not a code")
		c.text("details", value, maxDetailBytes)
		total += len(key) + len(value)
	}
	c.that(total <= maxDetailBytes, "details", "are too long")
}

func (c *checker) count(field string, n int) {
	c.that(0 <= n && n <= maxCount, field, "is out of range")
}

func (c *checker) instant(field string, t time.Time) {
	ms := t.UnixMilli()
	c.that(0 < ms && ms <= maxMillis, field, "is missing or out of range")
	c.that(t.Nanosecond()%int(time.Millisecond) == 0, field, "is not in whole milliseconds")
}

func (c *checker) identifier(field, s string) {
	ok := len(s) <= maxIdentifier
	for i := 0; ok && i < len(s); i++ {
		ok = '!' <= s[i] && s[i] <= '~'
	}
	c.that(ok, field, "is too long or holds something else than visible ASCII")
}

func (c *checker) text(field, s string, limit int) {
	c.that(len(s) <= limit, field, "is too long")
	c.that(isText(s), field, "is not valid UTF-8 or holds control characters")
}

// isCode reports whether s is a short word of ASCII letters, digits, '_', '-' and '.' that begins with a letter.
func isCode(s string, upper bool) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; {
		case 'a' <= b && b <= 'z', upper && 'A' <= b && b <= 'Z':
		case i > 0 && ('0' <= b && b <= '9' || b == '_' || b == '-' || b == '.'):
		default:
			return false
		}
	}
	return true
}

// isText reports whether s is valid UTF-8 without control characters (Unicode category Cc).
func isText(s string) bool {
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if b < ' ' || b == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) {
			return false
		}
		i += n
	}
	return true
}

// isTruncated reports whether s is a network that no longer names one machine. Whole addresses must not reach the log.
func isTruncated(s string) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() {
		return false
	}
	if p.Addr().Is4() {
		return p.Bits() <= 24
	}
	return p.Bits() <= 64
}
