package rules

import "time"

// Choice is somebody whom a patient thinks up to ask "what would they see?".
type Choice struct {
	Who      Who       // as a rule names them; any contact is one whom no rule names
	Kind     string    // of the organization, when Who names one organization
	Proofs   Proofs    // ProofCard, ProofTap, ProofPasscode: what they hold or know. The badge follows from Who
	Country  string    // where they are, and for a responder with a badge, where the organization is
	At       time.Time // when they ask
	Incident bool      // while a disaster is declared that concerns the patient
	Reason   Reason    // "" is the likeliest one
}

// Chosen is that person for See and Compare. Whoever taps the tag has the card in the hand.
func Chosen(c Choice) Person {
	r := Request{Proofs: c.Proofs &^ ProofBadge, Country: c.Country, Reason: c.Reason, Stated: Stated{Name: "-"}}
	if r.Proofs.Has(ProofTap) {
		r.Proofs |= ProofCard
	}
	likeliest := Unconscious
	switch c.Who.Kind {
	case Badged:
		r.Proofs |= ProofBadge
		r.Organization = Organization{ID: simulated, Country: c.Country}
	case OrganizationKind:
		r.Proofs |= ProofBadge
		r.Organization = Organization{ID: simulated, Kind: c.Who.ID, Country: c.Country}
	case OneOrganization:
		r.Proofs |= ProofBadge
		r.Organization = Organization{ID: c.Who.ID, Kind: c.Kind, Country: c.Country}
	case Contact:
		likeliest = ThreatToLife
		if r.Contact = c.Who.ID; r.Contact == "" {
			r.Contact = simulated
		}
	}
	if r.Reason == "" {
		r.Reason = likeliest
	}
	if r.Reason == Other {
		r.ReasonText = "-"
	}
	if c.Incident {
		r.Incidents = []Incident{{ID: simulated, From: c.At, Until: c.At.Add(ForShelter)}}
	}
	return Person{KeyPersonChosen, r, c.At}
}

// simulated is the identifier of an organization, an incident or a contact whom no rule names.
const simulated = "simulated"
