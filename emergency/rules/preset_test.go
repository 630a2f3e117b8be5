package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// sight is what one of the people of the table sees at one step.
type sight struct {
	open   section.Set
	lasts  time.Duration // how long the first of it stays
	later  section.Set
	wait   time.Duration
	needed int
}

// TestPresets is the whole table of the presets: every kind of person, every set of proofs, both steps, with an incident and without.
func TestPresets(t *testing.T) {
	const (
		ordinary  = section.OrdinarySet
		all       = section.OrdinarySet | section.SensitiveSet
		critical  = section.Critical
		vitals    = section.Set(1<<section.Identity | 1<<section.Directives | 1<<section.Allergies | 1<<section.Contacts)
		week      = 7 * 24 * time.Hour
		tenMin    = 10 * time.Minute
		fourHours = 4 * time.Hour
		oneDay    = 24 * time.Hour
		fiveDays  = 5 * 24 * time.Hour
		fortnight = 14 * 24 * time.Hour
	)
	nothing := sight{}
	now := func(open section.Set, lasts time.Duration) sight { return sight{open: open, lasts: lasts} }
	both := func(s sight) [2]sight { return [2]sight{s, s} }

	// By preset and person: the critical step, the sensitive step. With the card, and with the badge if there is one.
	people := []string{"nobody", "ems", "hospital", "clinic", "shelter", "fire", "police", "lifeboat"}
	table := map[string]map[string][2]sight{
		PresetOpen: {
			"nobody":   {now(critical, tenMin), now(ordinary, tenMin)},
			"ems":      {now(critical, fourHours), now(ordinary, fourHours)},
			"hospital": {now(critical, fiveDays), now(all, fiveDays)},
			"clinic":   {now(critical, fourHours), now(ordinary, fourHours)},
			"shelter":  {now(critical, fortnight), now(ordinary, fortnight)},
			"fire":     {now(critical, fourHours), now(ordinary, fourHours)},
			"police":   {now(critical, fourHours), now(ordinary, fourHours)},
			"lifeboat": {now(critical, fourHours), now(ordinary, fourHours)},
		},
		PresetBalanced: {
			"nobody":   both(now(critical, tenMin)),
			"ems":      {now(critical, fourHours), now(ordinary, fourHours)},
			"hospital": {now(critical, fiveDays), now(all, fiveDays)},
			"clinic":   {now(critical, fourHours), now(ordinary, fourHours)},
			"shelter":  both(now(critical, fourHours)),
			"fire":     both(now(critical, fourHours)),
			"police":   both(now(critical, fourHours)),
			"lifeboat": both(now(critical, fourHours)),
		},
		PresetPrivate: {
			"nobody":   both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
			"ems":      both(now(critical, fourHours)),
			"hospital": {now(critical, fiveDays), sight{critical, fiveDays, ordinary &^ critical, oneDay, 1}},
			"clinic":   both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
			"shelter":  both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
			"fire":     both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
			"police":   both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
			"lifeboat": both(sight{vitals, tenMin, critical &^ vitals, oneDay, 1}),
		},
	}
	// While a disaster is declared, this alone is different: a shelter keeps its part for a fortnight, and immunizations with it.
	sheltered := section.Set(1<<section.Identity | 1<<section.Allergies | 1<<section.Conditions | 1<<section.Medications | 1<<section.Devices |
		1<<section.Pregnancy | 1<<section.Child | 1<<section.Needs | 1<<section.Contacts | 1<<section.Immunizations)
	disaster := [2]sight{now(critical, fourHours), now(critical|1<<section.Immunizations, fourHours)}
	// A contact, with no card at hand.
	family := map[string][2]sight{
		PresetOpen:     {now(critical, oneDay), now(ordinary, oneDay)},
		PresetBalanced: {sight{later: critical, wait: oneDay, needed: 2}, sight{later: ordinary, wait: oneDay, needed: 2}},
		PresetPrivate:  {sight{later: critical, wait: week, needed: 2}, sight{later: ordinary, wait: week, needed: 2}},
	}

	for name := range table {
		policy, ok := Preset(name)
		if !ok {
			t.Fatalf("no preset %q", name)
		}
		e, err := Compile(policy)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, step := range []Step{StepCritical, StepSensitive} {
			for _, incident := range []bool{false, true} {
				for proofs := range allProofs + 1 {
					for _, person := range people {
						request := bystander(step)
						request.Proofs = proofs
						if person != "nobody" {
							request.Organization = Organization{ID: "org-1", Kind: person, Country: "PT"}
						}
						if incident {
							request.Incidents = []Incident{{"flood", noon.Add(-time.Hour), noon.Add(30 * 24 * time.Hour)}}
						}
						want := table[name][person][i]
						switch {
						case !proofs.Has(ProofCard):
							want = nothing
						case !proofs.Has(ProofBadge):
							want = table[name]["nobody"][i] // an organization that is only claimed
						case person == "nobody" && name != PresetPrivate:
							want = table[name]["police"][i] // a badge that names no kind of organization
						case incident && person == "shelter" && name == PresetBalanced:
							want = disaster[i]
						}
						place := fmt.Sprintf("%s/%s/%s/%v/incident=%v", name, person, step, proofs.Names(), incident)
						checkSight(t, place, e.Decide(request, noon), want)
						if incident && person == "shelter" && name == PresetBalanced && proofs.Has(badgedCard) {
							if until := e.Decide(request, noon).UntilOf(section.Needs); !until.Equal(noon.Add(fortnight)) {
								t.Errorf("%s: needs until %v", place, until)
							}
							if got := longest(e.Decide(request, noon)); got != sheltered&e.Decide(request, noon).Sections {
								t.Errorf("%s: for a fortnight %v", place, got.Names())
							}
						}
					}
				}
				request := Request{Step: step, Contact: "sister", Reason: PatientConsents}
				checkSight(t, fmt.Sprintf("%s/contact/%s", name, step), e.Decide(request, noon), family[name][i])
			}
		}
	}
	if _, ok := Preset("reckless"); ok {
		t.Error("there is a preset of any name")
	}
}

func checkSight(t *testing.T, place string, d Decision, want sight) {
	t.Helper()
	got := sight{open: d.Sections, later: d.Later, needed: d.ApprovalsNeeded}
	if !d.Until.IsZero() {
		got.lasts = d.Until.Sub(noon)
	}
	if !d.WaitUntil.IsZero() {
		got.wait = d.WaitUntil.Sub(noon)
	}
	if got != want {
		t.Errorf("%s:\n got %v for %v, later %v after %v, %d approvals\nwant %v for %v, later %v after %v, %d approvals", place,
			got.open.Names(), got.lasts, got.later.Names(), got.wait, got.needed,
			want.open.Names(), want.lasts, want.later.Names(), want.wait, want.needed)
	}
	outcome := Refused
	if want.open != 0 {
		outcome = Granted
	} else if want.later != 0 {
		outcome = Wait
	}
	if d.Outcome != outcome {
		t.Errorf("%s: %s, want %s", place, d.Outcome, outcome)
	}
}

// longest are the sections that close last.
func longest(d Decision) section.Set {
	grants := d.Grants()
	return grants[len(grants)-1].Sections
}

// TestPresetsAreOrdered holds that Open gives everybody at least what Balanced gives, and Balanced what Private gives.
func TestPresetsAreOrdered(t *testing.T) {
	order := []Policy{Private(), Balanced(), Open()}
	for i := range order[1:] {
		for _, request := range everyRequest() {
			less, more := Decide(order[i], request, noon), Decide(order[i+1], request, noon)
			if lost := less.Sections &^ more.Sections; lost != 0 {
				t.Errorf("%s gives %+v %v, which %s does not", order[i].Preset, request, lost.Names(), order[i+1].Preset)
			}
			for _, s := range less.Sections.Sections() {
				if less.UntilOf(s).After(more.UntilOf(s)) {
					t.Errorf("%s gives %+v %v for longer than %s", order[i].Preset, request, s, order[i+1].Preset)
				}
			}
			if lost := (less.Sections | less.Later) &^ (more.Sections | more.Later); lost != 0 {
				t.Errorf("%s gives %+v %v in the end, which %s does not", order[i].Preset, request, lost.Names(), order[i+1].Preset)
			}
		}
	}
}

// everyRequest is every combination of who, proof, step and incident.
func everyRequest() []Request {
	var requests []Request
	for _, step := range []Step{StepCritical, StepSensitive} {
		for _, kind := range []string{"", KindEMS, KindHospital, KindClinic, KindShelter, KindFire, KindPolice, "lifeboat"} {
			for _, contact := range []string{"", "sister"} {
				for _, incidents := range [][]Incident{nil, {{"flood", noon, noon.Add(time.Hour)}}} {
					for proofs := range allProofs + 1 {
						requests = append(requests, Request{Step: step, Proofs: proofs, Organization: Organization{ID: "org-1", Kind: kind},
							Contact: contact, Incidents: incidents, Reason: Unconscious, Stated: Stated{Name: "Rui"}})
					}
				}
			}
		}
	}
	return requests
}

// TestUnbadgedIsNeverRefusedTheCriticalSections holds for every preset that whoever holds the card, and says nothing but a
// reason, gets at once what the rules give to anyone.
func TestUnbadgedIsNeverRefusedTheCriticalSections(t *testing.T) {
	for _, policy := range []Policy{Open(), Balanced(), Private()} {
		for _, step := range []Step{StepCritical, StepSensitive} {
			d := Decide(policy, Request{Step: step, Proofs: ProofCard, Reason: Unconscious}, noon)
			if d.Outcome != Granted || d.Sections&vital != vital {
				t.Errorf("%s, %s: %s %v", policy.Preset, step, d.Outcome, d.Sections.Names())
			}
		}
	}
}
