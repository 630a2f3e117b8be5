package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/locket-health/locket/emergency/section"
)

func mustCompile(t testing.TB, p Policy) *Engine {
	t.Helper()
	e, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestWhatWouldTheySee(t *testing.T) {
	const all = section.OrdinarySet | section.SensitiveSet
	want := map[string]map[string]Reach{
		PresetOpen: {
			KeyPersonBystander:  {section.Critical, section.OrdinarySet, section.OrdinarySet},
			KeyPersonParamedic:  {section.Critical, section.OrdinarySet, section.OrdinarySet},
			KeyPersonHospital:   {section.Critical, all, all},
			KeyPersonShelter:    {section.Critical, section.OrdinarySet, section.OrdinarySet},
			KeyPersonPhotograph: {section.Critical, section.OrdinarySet, section.OrdinarySet},
			KeyPersonContact:    {section.Critical, section.OrdinarySet, section.OrdinarySet},
		},
		PresetBalanced: {
			KeyPersonBystander:  {section.Critical, section.Critical, section.Critical},
			KeyPersonParamedic:  {section.Critical, section.OrdinarySet, section.OrdinarySet},
			KeyPersonHospital:   {section.Critical, all, all},
			KeyPersonShelter:    {section.Critical, section.Critical | shelter, section.Critical | shelter},
			KeyPersonPhotograph: {section.Critical, section.Critical, section.Critical},
			KeyPersonContact:    {0, 0, section.OrdinarySet},
		},
		PresetPrivate: {
			KeyPersonBystander:  {vital, vital, section.Critical},
			KeyPersonParamedic:  {section.Critical, section.Critical, section.Critical},
			KeyPersonHospital:   {section.Critical, section.Critical, section.OrdinarySet},
			KeyPersonShelter:    {vital, vital, section.Critical},
			KeyPersonPhotograph: {vital, vital, section.Critical},
			KeyPersonContact:    {0, 0, section.OrdinarySet},
		},
	}
	for name, people := range want {
		policy, _ := Preset(name)
		e := mustCompile(t, policy)
		got := map[string]Reach{}
		for _, person := range Simulations(noon, "sister") {
			view := e.See(person)
			got[person.Key] = view.Reach
			if view.Critical.asker.step != StepCritical || view.Sensitive.asker.step != StepSensitive {
				t.Errorf("%s, %s: the steps are mixed up", name, person.Key)
			}
		}
		if diff := cmp.Diff(people, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSimulationsKeepToTheDayOfThePatient(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*60*60)
	today := time.Date(2027, 3, 14, 23, 30, 0, 0, tokyo)
	for _, person := range Simulations(today, "") {
		if person.Key == KeyPersonContact {
			t.Error("a contact asks where there is none")
		}
		if y, m, d := person.At.Date(); y != 2027 || m != 3 || d != 14 || person.At.Location() != tokyo {
			t.Errorf("%s asks at %v", person.Key, person.At)
		}
		if person.Key == KeyPersonParamedic && person.At.Hour() != 3 {
			t.Errorf("the paramedic comes at %v", person.At)
		}
	}
}

// TestARuleForATripShowsInTheSimulation: a rule for one country lets the person there in and nobody else.
func TestARuleForATripShowsInTheSimulation(t *testing.T) {
	e := mustCompile(t, one(section.Critical, in("PT")))
	for _, person := range Simulations(noon, "") {
		if reached := e.See(person).Reach.AtOnce != 0; reached != (person.Key == KeyPersonBystander) {
			t.Errorf("%s: reached %v", person.Key, reached)
		}
	}
}

func TestCompare(t *testing.T) {
	people := Simulations(noon, "sister")
	got := map[string][2]Reach{}
	for _, d := range Compare(mustCompile(t, Balanced()), mustCompile(t, Private()), people) {
		if d.Before.Person.Key != d.After.Person.Key {
			t.Errorf("%s is compared with %s", d.Before.Person.Key, d.After.Person.Key)
		}
		got[d.Before.Person.Key] = [2]Reach{d.Gained, d.Lost}
	}
	rest := section.Critical &^ vital
	beyond := section.OrdinarySet &^ section.Critical
	immunizations := section.SetOf(section.Immunizations)
	want := map[string][2]Reach{
		KeyPersonBystander:  {{}, {rest, rest, 0}},
		KeyPersonParamedic:  {{}, {0, beyond, beyond}},
		KeyPersonHospital:   {{}, {0, beyond | section.SensitiveSet, section.SensitiveSet}},
		KeyPersonShelter:    {{}, {rest, rest | immunizations, immunizations}},
		KeyPersonPhotograph: {{}, {rest, rest, 0}},
		KeyPersonContact:    {{}, {}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("from Balanced to Private (-want +got):\n%s", diff)
	}
	for _, d := range Compare(mustCompile(t, Private()), mustCompile(t, Balanced()), people) {
		if d.Lost != (Reach{}) {
			t.Errorf("%s loses from Private to Balanced", d.Before.Person.Key)
		}
		if d.Gained != want[d.Before.Person.Key][1] {
			t.Errorf("%s does not gain back what it lost", d.Before.Person.Key)
		}
	}
}
