package rules

// Reason is why somebody asks, as a code that the log keeps.
type Reason string

// The reasons that can be stated.
const (
	Unconscious     Reason = "unconscious"
	PatientConsents Reason = "patient_consents"
	GuardianAbsent  Reason = "guardian_absent"
	ThreatToLife    Reason = "threat_to_life"
	PublicHealth    Reason = "public_health"
	Evacuation      Reason = "evacuation"
	Other           Reason = "other" // needs a text
)

var reasons = [...]Reason{Unconscious, PatientConsents, GuardianAbsent, ThreatToLife, PublicHealth, Evacuation, Other}

// Reasons lists the reasons in the order in which they are offered.
func Reasons() []Reason { return append([]Reason(nil), reasons[:]...) }

// Valid reports whether r is one of the reasons.
func (r Reason) Valid() bool {
	for _, known := range reasons {
		if r == known {
			return true
		}
	}
	return false
}

// ActReason is the code of http://terminology.hl7.org/CodeSystem/v3-ActReason under which the reason is exported: ETREAT
// (emergency treatment) where the person in front of the responder is being treated, BTG (break the glass) for every other
// opening, "" for no reason.
func (r Reason) ActReason() string {
	switch r {
	case Unconscious, PatientConsents, GuardianAbsent, ThreatToLife:
		return "ETREAT"
	case PublicHealth, Evacuation, Other:
		return "BTG"
	default:
		return ""
	}
}
