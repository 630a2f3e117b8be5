package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// noon is when the people of these tests ask.
var noon = time.Date(2027, time.March, 14, 12, 0, 0, 0, time.UTC)

func badgedRequest(kind string, step Step) Request {
	return Request{Step: step, Proofs: ProofCard | ProofBadge, Organization: Organization{ID: "org-1", Kind: kind, Country: "PT"}, Reason: Unconscious}
}

func bystander(step Step) Request {
	return Request{Step: step, Proofs: ProofCard, Reason: Unconscious, Stated: Stated{Name: "Rui"}}
}

// one is a policy of one rule that lets anyone open the sections at once for ten minutes, changed by the function.
func one(sections section.Set, change func(*Rule)) Policy {
	r := Rule{ID: "rule", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: sections, For: ForBystander}
	if change != nil {
		change(&r)
	}
	return Policy{Format: Format, Rules: []Rule{r}}
}
