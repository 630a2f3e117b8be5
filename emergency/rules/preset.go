package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// The names of the presets.
const (
	PresetOpen     = "open"
	PresetBalanced = "balanced" // the default
	PresetPrivate  = "private"
)

func isPreset(name string) bool {
	return name == PresetOpen || name == PresetBalanced || name == PresetPrivate
}

// Preset returns the rules of the preset of that name.
func Preset(name string) (Policy, bool) {
	switch name {
	case PresetOpen:
		return Open(), true
	case PresetBalanced:
		return Balanced(), true
	case PresetPrivate:
		return Private(), true
	default:
		return Policy{}, false
	}
}

const (
	badgedCard = ProofCard | ProofBadge
	day        = 24 * time.Hour
)

// What keeps somebody alive and brings help, and what a shelter needs to look after somebody for two weeks.
const (
	vital = section.Set(1<<section.Identity | 1<<section.Directives | 1<<section.Allergies | 1<<section.Contacts)

	shelter = section.Set(1<<section.Identity | 1<<section.Allergies | 1<<section.Conditions | 1<<section.Medications |
		1<<section.Devices | 1<<section.Pregnancy | 1<<section.Child | 1<<section.Needs | 1<<section.Contacts | 1<<section.Immunizations)
)

// Open lets whoever holds the card open all that is not sensitive, and a hospital the sensitive part too.
func Open() Policy {
	return Policy{Format: Format, Preset: PresetOpen, Rules: []Rule{
		{ID: "anyone", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.OrdinarySet, For: ForBystander},
		{ID: "badged", Who: Who{Kind: Badged}, Proof: badgedCard, Sections: section.OrdinarySet, For: ForParamedic},
		{ID: "hospital", Who: Who{OrganizationKind, KindHospital}, Proof: badgedCard,
			Sections: section.OrdinarySet | section.SensitiveSet, For: ForHospital},
		{ID: "shelter", Who: Who{OrganizationKind, KindShelter}, Proof: badgedCard, Sections: section.OrdinarySet, For: ForShelter},
		{ID: "contact", Who: Who{Kind: Contact}, Sections: section.OrdinarySet, For: ForFamily},
	}}
}

// Balanced, the default, gives a stranger what is needed within minutes, professionals what they work with, a shelter its part
// while a disaster is declared, and a contact the rest after a day in which the patient can say no.
func Balanced() Policy {
	return Policy{Format: Format, Preset: PresetBalanced, Rules: []Rule{
		{ID: "anyone", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.Critical, For: ForBystander},
		{ID: "badged", Who: Who{Kind: Badged}, Proof: badgedCard, Sections: section.Critical, For: ForParamedic},
		{ID: "ems", Who: Who{OrganizationKind, KindEMS}, Proof: badgedCard, Sections: section.OrdinarySet, For: ForParamedic},
		{ID: "clinic", Who: Who{OrganizationKind, KindClinic}, Proof: badgedCard, Sections: section.OrdinarySet, For: ForParamedic},
		{ID: "hospital", Who: Who{OrganizationKind, KindHospital}, Proof: badgedCard,
			Sections: section.OrdinarySet | section.SensitiveSet, For: ForHospital},
		{ID: "shelter", Who: Who{OrganizationKind, KindShelter}, Proof: badgedCard, When: When{Incident: true},
			Sections: shelter, For: ForShelter},
		{ID: "contact", Who: Who{Kind: Contact}, Sections: section.OrdinarySet,
			HowSoon: HowSoon{Wait: day, Approvals: 2}, For: ForFamily},
	}}
}

// Private gives a stranger only what keeps the patient alive and brings help, and professionals the critical sections; the rest
// comes after a wait, which one contact can end for whoever stands beside the patient.
func Private() Policy {
	return Policy{Format: Format, Preset: PresetPrivate, Rules: []Rule{
		{ID: "anyone", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: vital, For: ForBystander},
		{ID: "anyone-later", Who: Who{Kind: Anyone}, Proof: ProofCard, Sections: section.Critical,
			HowSoon: HowSoon{Wait: day, Approvals: 1}, For: ForParamedic},
		{ID: "ems", Who: Who{OrganizationKind, KindEMS}, Proof: badgedCard, Sections: section.Critical, For: ForParamedic},
		{ID: "hospital", Who: Who{OrganizationKind, KindHospital}, Proof: badgedCard, Sections: section.Critical, For: ForHospital},
		{ID: "hospital-later", Who: Who{OrganizationKind, KindHospital}, Proof: badgedCard, Sections: section.OrdinarySet,
			HowSoon: HowSoon{Wait: day, Approvals: 1}, For: ForHospital},
		{ID: "contact", Who: Who{Kind: Contact}, Sections: section.OrdinarySet,
			HowSoon: HowSoon{Wait: 7 * day, Approvals: 2}, For: ForFamily},
	}}
}
