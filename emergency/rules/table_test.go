package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/locket-health/locket/emergency/section"
)

// TestTableOfThePresets keeps the whole table of what the presets give, by person, step, disaster and every set of proofs, as a text that people can read. A
// change of it is a change of what strangers see.
func TestTableOfThePresets(t *testing.T) {
	var table strings.Builder
	for _, policy := range []Policy{Open(), Balanced(), Private()} {
		e := mustCompile(t, policy)
		for _, person := range []string{"", KindEMS, KindHospital, KindClinic, KindShelter, KindFire, KindPolice, "lifeboat", "contact"} {
			for _, incident := range []bool{false, true} {
				for _, step := range []Step{StepCritical, StepSensitive} {
					request := Request{Step: step, Reason: Unconscious, Stated: Stated{Name: "Rui"}}
					name := person
					switch person {
					case "":
						name = "stranger"
					case "contact":
						request.Contact = "sister"
					default:
						request.Organization = Organization{ID: "org-1", Kind: person, Country: "PT"}
					}
					if incident {
						request.Incidents = []Incident{{"flood", noon.Add(-time.Hour), noon.Add(30 * day)}}
						name += " in a disaster"
					}
					fmt.Fprintf(&table, "%s: %s, %s step\n", policy.Preset, name, step)
					tabulate(&table, e, request)
				}
			}
		}
	}
	if diff := cmp.Diff(string(golden(t, "presets.txt", []byte(table.String()))), table.String()); diff != "" {
		t.Errorf("the table of the presets (-want +got):\n%s", diff)
	}
}

// tabulate writes a line for each different answer, with the sets of proofs that lead to it.
func tabulate(table *strings.Builder, e *Engine, request Request) {
	proofs := map[string][]string{}
	var answers []string
	for request.Proofs = 0; request.Proofs <= allProofs; request.Proofs++ {
		shown := strings.Join(request.Proofs.Names(), "+")
		if shown == "" {
			shown = "nothing"
		}
		answer := inWords(e.Decide(request, noon))
		if !slices.Contains(answers, answer) {
			answers = append(answers, answer)
		}
		proofs[answer] = append(proofs[answer], shown)
	}
	for _, answer := range answers {
		fmt.Fprintf(table, "  %s\n    with %s\n", answer, strings.Join(proofs[answer], ", "))
	}
}

// inWords says what a decision opens, until when, and what it opens later.
func inWords(d Decision) string {
	var parts []string
	for _, grant := range d.Grants() {
		parts = append(parts, fmt.Sprintf("%s for %s", named(grant.Sections), grant.Until.Sub(noon)))
	}
	for _, later := range group(d.Later, &d.opens) {
		parts = append(parts, fmt.Sprintf("%s after %s", named(later.Sections), later.Until.Sub(noon)))
	}
	if d.ApprovalsNeeded > 0 {
		parts = append(parts, fmt.Sprintf("sooner by %d", d.ApprovalsNeeded))
	}
	if len(parts) == 0 {
		return "refused: " + string(d.Refusal)
	}
	return strings.Join(parts, "; ")
}

// named is a well-known set by its name, and any other as what it has.
func named(set section.Set) string {
	switch set {
	case everySection:
		return "[all]"
	case section.OrdinarySet:
		return "[ordinary]"
	case section.Critical:
		return "[critical]"
	}
	return strings.Join(set.Names(), " ")
}
