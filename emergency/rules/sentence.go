package rules

import (
	"slices"
	"strings"
)

// Sentence says a rule in words, for the editor and the explanation: whole sentences, each a message, in the order in which they
// are to be read.
func Sentence(r Rule) []Message {
	said := []Message{sayWho(r)}
	said = append(said, sayProof(r)...)
	said = append(said, saySoon(r.HowSoon)...)
	said = append(said, lasting(r.For, KeyForSeconds, KeyForMinutes, KeyForHours, KeyForDays))
	said = append(said, sayWhen(r.When)...)
	if len(r.Where) > 0 {
		said = append(said, Message{Key: KeyWhere, Args: map[string]any{"countries": slices.Sorted(slices.Values(r.Where))}})
	}
	return append(said, Message{Key: KeyTold})
}

// Sentences says a whole policy in words: each rule in order of their IDs, and at the end how long wider rules wait.
func Sentences(p Policy) []Message {
	var said []Message
	for _, r := range slices.SortedStableFunc(slices.Values(p.Rules), func(a, b Rule) int { return strings.Compare(a.ID, b.ID) }) {
		said = append(said, Sentence(r)...)
	}
	return append(said, DelaySentence(p)...)
}

// DelaySentence says how long wider rules wait: one message, or none when they do not.
func DelaySentence(p Policy) []Message {
	if p.Delay == 0 {
		return nil
	}
	return []Message{lasting(p.Delay, KeyDelaySeconds, KeyDelayMinutes, KeyDelayHours, KeyDelayDays)}
}

func sayWho(r Rule) Message {
	args := sectionsArg(r.Sections)
	key, named := KeyWhoAnyone, true
	switch r.Who.Kind {
	case Anyone:
		named = false
	case Badged:
		key, named = KeyWhoBadged, false
	case OrganizationKind:
		if known, ok := whoKinds[r.Who.ID]; ok {
			key, named = known, false
		} else {
			key = KeyWhoKind
		}
	case OneOrganization:
		key = KeyWhoOrganization
	case Contact:
		key = KeyWhoContact
		if r.Who.ID == "" {
			key, named = KeyWhoAnyContact, false
		}
	}
	if named {
		args["id"] = r.Who.ID
	}
	return Message{Key: key, Args: args}
}

var whoKinds = map[string]string{
	KindEMS: KeyWhoEMS, KindHospital: KeyWhoHospital, KindClinic: KeyWhoClinic,
	KindShelter: KeyWhoShelter, KindFire: KeyWhoFire, KindPolice: KeyWhoPolice,
}

// sayProof leaves out what the first sentence has said: the card of "anyone who holds your card", the badge of a responder.
func sayProof(r Rule) []Message {
	var said []Message
	if r.Proof.Has(ProofCard) && r.Who.Kind != Anyone {
		said = append(said, Message{Key: KeyProofCard})
	}
	if r.Proof.Has(ProofTap) {
		said = append(said, Message{Key: KeyProofTap})
	}
	if r.Proof.Has(ProofPasscode) {
		said = append(said, Message{Key: KeyProofPasscode})
	}
	if r.Proof.Has(ProofBadge) && r.Who.Kind != Badged {
		said = append(said, Message{Key: KeyProofBadge})
	}
	return said
}

func saySoon(h HowSoon) []Message {
	if h.Wait == 0 {
		return []Message{{Key: KeyAtOnce}}
	}
	said := []Message{lasting(h.Wait, KeyWaitSeconds, KeyWaitMinutes, KeyWaitHours, KeyWaitDays)}
	if h.Approvals > 0 && len(h.Of) > 0 {
		return append(said, Message{Key: KeyApprovalsOf, Args: map[string]any{"count": h.Approvals, "total": len(h.Of)}})
	}
	if h.Approvals > 0 {
		said = append(said, Message{Key: KeyApprovals, Args: count(h.Approvals)})
	}
	return said
}

func sayWhen(w When) []Message {
	var said []Message
	switch {
	case !w.From.IsZero() && !w.Until.IsZero():
		said = append(said, Message{Key: KeyBetween, Args: map[string]any{"from": w.From, "until": w.Until}})
	case !w.From.IsZero():
		said = append(said, Message{Key: KeyFrom, Args: map[string]any{"from": w.From}})
	case !w.Until.IsZero():
		said = append(said, Message{Key: KeyUntil, Args: map[string]any{"until": w.Until}})
	}
	if w.Incident {
		said = append(said, Message{Key: KeyIncident})
	}
	return said
}
