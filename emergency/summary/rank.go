package summary

import (
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/terms"
)

// The tiers of Rank. What a paramedic asked for first comes first (Zorab 2015: history, what is normal for this person,
// resuscitation status), what nobody acts on in the street comes last: nobody transfuses from a card.
const (
	tierDirective = iota + 1 // wishes that could make everything else pointless, and what must NOT be done
	tierAllergy              // an allergy that kills
	tierCritical             // life-critical conditions, medicines, devices, needs; pregnancy; what is normal; the child's weight
	tierContact              // whom to call
	tierTreatment            // what changes treatment, and whatever has no code: nobody knows that it does not
	tierUseful               // the rest
	tierPast                 // resolved, stopped, inactive
	tierBlood                // blood group
)

// Rank orders items for the face and the front of a card: a lower rank is read first and gets room first. It is a tier (see above), then the
// section in reading order, then the priority of the term. Items of equal rank keep the holder's order; whoever must not get the child comes after
// everybody whom one may call.
func Rank(item Item) int { return rankOf(&item) }

func rankOf(item *Item) int {
	priority := priorityOf(item.Term)
	if item.Section == section.Contacts && item.Collect == CollectMustNot {
		priority = lastOfSection
	}
	return tier(item, priority)*1000 + int(item.Section)*10 + priority
}

// lastOfSection is a priority behind those of the catalogue.
const lastOfSection = 9

// priorityOf is the catalogue's priority of a term, 2 for plain words.
func priorityOf(key string) int {
	catalogue, err := terms.Load()
	if err != nil {
		return 2
	}
	if term, known := catalogue.ByKey(key); known {
		return term.Priority
	}
	return 2
}

func tier(item *Item, priority int) int {
	if past(item.Status) {
		return tierPast
	}
	switch item.Section {
	case section.Directives:
		return tierDirective
	case section.BloodGroup:
		return tierBlood
	case section.Contacts:
		return tierContact
	case section.Baseline, section.Pregnancy, section.Child:
		return tierCritical
	case section.Allergies:
		switch {
		case item.Absent != "":
			return tierTreatment
		case dangerous(item):
			return tierAllergy
		case priority == 1:
			return tierCritical
		}
		return tierTreatment
	case section.Immunizations, section.Procedures, section.Results, section.Vitals, section.Insurance, section.Documents:
		return tierUseful
	}
	switch {
	case item.Absent != "" || priority == 3:
		return tierUseful
	case priority == 1:
		return tierCritical
	}
	return tierTreatment
}

// dangerous reports whether an allergy was said to be severe or ended, once, in something that kills.
func dangerous(item *Item) bool {
	if item.Severity == "severe" || item.Criticality == "high" {
		return true
	}
	for _, reaction := range item.Reactions {
		if reaction.Term != "" && priorityOf(reaction.Term) == 1 {
			return true
		}
	}
	return false
}

// past reports whether a status says that the item is over.
func past(status string) bool {
	switch status {
	case "inactive", "resolved", "remission", "stopped", "not-taken", "rejected", "superseded", "cancelled":
		return true
	}
	return false
}
