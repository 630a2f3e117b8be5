package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Person is somebody for whom the patient can ask "what would they see?".
type Person struct {
	Key     string    // names the person in words: KeyPersonBystander, ...
	Request Request   // its Step is of no account: a person takes both
	At      time.Time // when they ask
}

// Simulations are the people whom every patient is shown before rules are saved. Today is any moment of the day on which they
// ask, in the patient's time zone; contact is the identifier of one of the patient's contacts, or "" if there is none, and then
// nobody asks as a contact.
func Simulations(today time.Time, contact string) []Person {
	at := func(hour int) time.Time {
		return time.Date(today.Year(), today.Month(), today.Day(), hour, 0, 0, 0, today.Location())
	}
	card := Request{Proofs: ProofCard, Reason: Unconscious, Stated: Stated{Name: "-"}} // says who it is, whoever that may be
	badged := func(kind, country string, reason Reason) Request {
		r := card
		r.Proofs, r.Reason = badgedCard, reason
		r.Organization = Organization{ID: simulated, Kind: kind, Country: country}
		return r
	}

	bystander, photograph := card, card
	bystander.Country = "PT"
	photograph.Reason, photograph.ReasonText = Other, "-"
	sheltered := badged(KindShelter, "", Evacuation)
	sheltered.Incidents = []Incident{{ID: simulated, From: at(0), Until: at(0).Add(ForShelter)}}

	people := []Person{
		{KeyPersonBystander, bystander, at(15)},
		{KeyPersonParamedic, badged(KindEMS, "", Unconscious), at(3)},
		{KeyPersonHospital, badged(KindHospital, "ES", ThreatToLife), at(11)},
		{KeyPersonShelter, sheltered, at(18)},
		{KeyPersonPhotograph, photograph, at(23)},
	}
	if contact != "" {
		family := Request{Contact: contact, Reason: ThreatToLife}
		people = append(people, Person{KeyPersonContact, family, at(21)})
	}
	return people
}

// Reach is how far somebody gets. Each set holds the one before it.
type Reach struct {
	AtOnce      section.Set // on the first reason
	AfterReason section.Set // on the second reason
	AfterWait   section.Set // when nobody vetoes
}

// View is what one person would see.
type View struct {
	Person    Person
	Reach     Reach
	Critical  Decision // the answer to the first step
	Sensitive Decision // the answer to the second step, asked at the same moment
}

// See answers both steps of a person.
func (e *Engine) See(p Person) View {
	v := View{Person: p}
	p.Request.Step = StepCritical
	v.Critical = e.Decide(p.Request, p.At)
	p.Request.Step = StepSensitive
	v.Sensitive = e.Decide(p.Request, p.At)
	v.Reach.AtOnce = v.Critical.Sections
	v.Reach.AfterReason = v.Reach.AtOnce | v.Sensitive.Sections
	v.Reach.AfterWait = v.Reach.AfterReason | v.Critical.Later | v.Sensitive.Later
	return v
}

// Difference is what a change of rules means for one person.
type Difference struct {
	Before, After View
	Gained, Lost  Reach // by speed: a section that is now waited for is lost AtOnce and not lost AfterWait
}

// Compare sets old rules beside new ones for each person.
func Compare(old, new *Engine, people []Person) []Difference {
	differences := make([]Difference, 0, len(people))
	for _, p := range people {
		d := Difference{Before: old.See(p), After: new.See(p)}
		d.Gained, d.Lost = d.After.Reach.without(d.Before.Reach), d.Before.Reach.without(d.After.Reach)
		differences = append(differences, d)
	}
	return differences
}

func (r Reach) without(other Reach) Reach {
	return Reach{r.AtOnce &^ other.AtOnce, r.AfterReason &^ other.AfterReason, r.AfterWait &^ other.AfterWait}
}
