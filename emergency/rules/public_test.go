package rules

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/locket-health/locket/emergency/section"
)

// TestPublicJSON holds the shape of what a responder's page gets.
func TestPublicJSON(t *testing.T) {
	vetoed := bystander(StepSensitive)
	vetoed.Vetoed = true
	answers := map[string]Public{
		"granted":          Decide(Balanced(), bystander(StepCritical), noon).Public(),
		"granted_waiting":  Decide(Private(), bystander(StepSensitive), noon).Public(),
		"granted_declined": Decide(Private(), vetoed, noon).Public(),
		"waiting":          Decide(Balanced(), Request{Step: StepCritical, Contact: "sister", Reason: ThreatToLife}, noon).Public(),
		"refused":          Decide(Policy{Format: Format}, bystander(StepCritical), noon).Public(),
		"no_reason":        Decide(Balanced(), Request{Proofs: ProofCard}, noon).Public(),
		"declined":         Decide(one(section.Critical, func(r *Rule) { r.HowSoon.Wait = day }), vetoed, noon).Public(),
	}
	got, err := json.MarshalIndent(answers, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if want := golden(t, "public.json", got); !bytes.Equal(got, want) {
		t.Errorf("Public as JSON:\n%s", got)
	}
}
