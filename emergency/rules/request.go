package rules

import "time"

// Step is the speed at which the glass is broken.
type Step string

// The two speeds. Both are offered on every card, whatever lies behind it.
const (
	StepCritical  Step = "critical"  // section.Critical, on one stated reason
	StepSensitive Step = "sensitive" // everything the rules give, on a second stated reason
)

// Request is what is known about somebody who asks, when it was asked, and what has come of it since. Whoever fills it in has
// verified what it calls verified; the rest is as stated and decides nothing but what this comment says it does.
type Request struct {
	Step         Step
	Proofs       Proofs       // what was shown and verified
	Organization Organization // of the verified badge; it counts only with ProofBadge
	Contact      string       // the contact who has signed in, "" if none
	Country      string       // where the responder states to be; used when the badge's organization names no country
	Incidents    []Incident   // declared incidents that concern this patient, who consented to them
	Reason       Reason       // why; for StepSensitive, the second reason
	ReasonText   string       // needed when Reason is Other
	Stated       Stated

	RequestedAt time.Time  // when it was asked: the start of every wait and of every grant at once; zero is now
	Approvals   []Approval // by contacts, in any order
	Vetoed      bool       // the patient or a contact said no: nothing opens that had to wait
}

// Organization is what a verified badge says about its issuer.
type Organization struct {
	ID      string
	Kind    string // KindEMS, ...
	Country string // ISO 3166-1 alpha-2
}

// Incident is a declared disaster. It counts from From until Until; one without an end counts for nothing.
type Incident struct {
	ID          string
	From, Until time.Time
}

// Stated is what the responder says. None of it is verified and none of it is needed for the critical sections. A name is
// needed for more than those, unless a badge or a contact's sign-in already says who it is.
type Stated struct {
	Name         string
	Role         string
	Organization string
	CallBack     string // telephone number
}

// Approval is a contact's agreement that a wait may end.
type Approval struct {
	Contact string
	At      time.Time
}
