package emergencytest

import "fmt"

// Fixture is a fictional person's summary.
type Fixture struct {
	Name   string // of the file
	Bundle []byte
}

// Load returns the fixture with the given name. It panics when there is none: the fixtures are part of the program.
func Load(name string) Fixture {
	bundle, err := Fixtures.ReadFile("fixtures/" + name + ".json")
	if err != nil {
		panic(fmt.Sprintf("emergencytest: %v", err))
	}
	return Fixture{Name: name + ".json", Bundle: bundle}
}

// Household is whom the demonstration shows: an adult with a device and an anticoagulant, a traveller whose record is in Japanese, and an
// Arabic-speaking family of four with a child.
func Household() []Fixture {
	var people []Fixture
	for _, name := range []string{"adult", "traveller-ja", "family-ar-mother", "family-ar-father", "family-ar-daughter", "family-ar-grandfather"} {
		people = append(people, Load(name))
	}
	return people
}
