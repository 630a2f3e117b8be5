// Package section names the parts of an emergency record, in the order in which a responder reads them, and says
// which layer of the glass each part belongs to. It is the one vocabulary that the record, the rules, the card and the log share.
//
// The numbers are part of the card format (deploy/docs/format.md): they are never reused and never change meaning.
package section

import "math/bits"

// Section is one part of a record. Its number is the key of the part on a card.
type Section uint8

// The sections in reading order. Resuscitation wishes come before everything that they could make pointless; the blood
// group comes last of the ordinary ones, because nobody transfuses from a card.
const (
	Identity      Section = 1
	Directives    Section = 2
	Allergies     Section = 3
	Conditions    Section = 4
	Baseline      Section = 5
	Medications   Section = 6
	Devices       Section = 7
	Pregnancy     Section = 8
	Child         Section = 9
	Needs         Section = 10
	Contacts      Section = 11
	Immunizations Section = 12
	Procedures    Section = 13
	Results       Section = 14
	Vitals        Section = 15
	Insurance     Section = 16
	Documents     Section = 17
	BloodGroup    Section = 18

	// Sensitive sections: off unless a rule names them.
	MentalHealth   Section = 19
	SexualHealth   Section = 20
	SubstanceUse   Section = 21
	OtherSensitive Section = 22

	// PrivateNotes is the floor: no rule releases it.
	PrivateNotes Section = 23
)

// Layer is the depth at which a section lives behind the glass.
type Layer uint8

// The layers of the record. The face and the front are chosen from Ordinary sections when a card is issued.
const (
	Ordinary Layer = iota
	Sensitive
	Floor
)

var names = [...]string{
	Identity: "identity", Directives: "directives", Allergies: "allergies", Conditions: "conditions", Baseline: "baseline",
	Medications: "medications", Devices: "devices", Pregnancy: "pregnancy", Child: "child", Needs: "needs", Contacts: "contacts",
	Immunizations: "immunizations", Procedures: "procedures", Results: "results", Vitals: "vitals", Insurance: "insurance",
	Documents: "documents", BloodGroup: "blood_group", MentalHealth: "mental_health", SexualHealth: "sexual_health",
	SubstanceUse: "substance_use", OtherSensitive: "other_sensitive", PrivateNotes: "private_notes",
}

// All returns every section in reading order.
func All() []Section {
	all := make([]Section, 0, PrivateNotes)
	for s := Identity; s <= PrivateNotes; s++ {
		all = append(all, s)
	}
	return all
}

// Valid reports whether s is a section that this version knows.
func (s Section) Valid() bool { return s >= Identity && s <= PrivateNotes }

// String returns the stable lower-case name used in JSON, in rules and in the log ("blood_group"), or "unknown".
func (s Section) String() string {
	if !s.Valid() {
		return "unknown"
	}
	return names[s]
}

// Parse returns the section with the given stable name.
func Parse(name string) (Section, bool) {
	for s := Identity; s <= PrivateNotes; s++ {
		if names[s] == name {
			return s, true
		}
	}
	return 0, false
}

// MarshalText writes the stable name.
func (s Section) MarshalText() ([]byte, error) {
	if !s.Valid() {
		return nil, errUnknown
	}
	return []byte(names[s]), nil
}

// UnmarshalText reads the stable name.
func (s *Section) UnmarshalText(text []byte) error {
	parsed, ok := Parse(string(text))
	if !ok {
		return errUnknown
	}
	*s = parsed
	return nil
}

// Layer says how deep the section lies.
func (s Section) Layer() Layer {
	switch {
	case s == PrivateNotes:
		return Floor
	case s >= MentalHealth:
		return Sensitive
	default:
		return Ordinary
	}
}

// Set is a set of sections, one bit each.
type Set uint32

// SetOf returns the set of the given sections.
func SetOf(sections ...Section) Set {
	var set Set
	for _, s := range sections {
		set = set.Add(s)
	}
	return set
}

// Critical is what a stranger needs within seconds: opened at the first of the two speeds.
const Critical = Set(1<<Identity | 1<<Directives | 1<<Allergies | 1<<Conditions | 1<<Baseline | 1<<Medications | 1<<Devices |
	1<<Pregnancy | 1<<Child | 1<<Needs | 1<<Contacts | 1<<BloodGroup)

// Layers of the record as sets.
const (
	OrdinarySet  = Set(1<<MentalHealth - 1<<Identity)
	SensitiveSet = Set(1<<MentalHealth | 1<<SexualHealth | 1<<SubstanceUse | 1<<OtherSensitive)
	FloorSet     = Set(1 << PrivateNotes)
)

// Add returns the set with s in it. An invalid section is left out.
func (set Set) Add(s Section) Set {
	if !s.Valid() {
		return set
	}
	return set | 1<<s
}

// Has reports whether s is in the set.
func (set Set) Has(s Section) bool { return s.Valid() && set&(1<<s) != 0 }

// Len is the number of sections in the set.
func (set Set) Len() int { return bits.OnesCount32(uint32(set)) }

// Sections lists the set in reading order.
func (set Set) Sections() []Section {
	list := make([]Section, 0, set.Len())
	for s := Identity; s <= PrivateNotes; s++ {
		if set.Has(s) {
			list = append(list, s)
		}
	}
	return list
}

// Names lists the stable names of the set in reading order.
func (set Set) Names() []string {
	list := make([]string, 0, set.Len())
	for _, s := range set.Sections() {
		list = append(list, s.String())
	}
	return list
}
