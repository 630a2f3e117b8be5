package rules

// Proofs is a set of things shown by the person who asks.
type Proofs uint8

// The proofs. ProofCard, the secret inside the code or tag, is the base of every rule that is not for a contact.
const (
	ProofCard     Proofs = 1 << iota // the card's secret: a static code, a photograph of it will do
	ProofTap                         // a live tap of the tag, with a counter that rose
	ProofPasscode                    // a passcode that the patient told somebody
	ProofBadge                       // the badge or passkey of the responder, verified

	allProofs = ProofCard | ProofTap | ProofPasscode | ProofBadge
)

var proofNames = [...]struct {
	proof Proofs
	name  string
}{{ProofCard, "card"}, {ProofTap, "tap"}, {ProofPasscode, "passcode"}, {ProofBadge, "badge"}}

// Has reports whether everything in other was shown.
func (p Proofs) Has(other Proofs) bool { return other&^p == 0 }

// Names lists the stable names of the set: "card", "tap", "passcode", "badge", in this order.
func (p Proofs) Names() []string {
	names := make([]string, 0, len(proofNames))
	for _, known := range proofNames {
		if p.Has(known.proof) {
			names = append(names, known.name)
		}
	}
	return names
}

func parseProofs(names []string) (Proofs, bool) {
	var set Proofs
	for _, name := range names {
		before := set
		for _, known := range proofNames {
			if known.name == name {
				set |= known.proof
			}
		}
		if set == before {
			return 0, false
		}
	}
	return set, true
}
