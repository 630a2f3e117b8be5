package rules

// Why explains the decision to the patient: what opened and what will, or why nothing did, and then, sentence by sentence, the
// rules that made it so.
func (d Decision) Why() []Message {
	var why []Message
	switch d.Outcome {
	case Refused:
		why = append(why, Message{Key: whyRefused[d.Refusal]})
	default:
		for _, grant := range d.Grants() {
			args := sectionsArg(grant.Sections)
			args["until"] = grant.Until
			why = append(why, Message{Key: KeyWhyOpened, Args: args})
		}
		for _, later := range group(d.Later, &d.opens) {
			args := sectionsArg(later.Sections)
			args["at"] = later.Until
			why = append(why, Message{Key: KeyWhyWaits, Args: args})
		}
		if d.ApprovalsNeeded > 0 {
			why = append(why, Message{Key: KeyWhyApprovals, Args: count(d.ApprovalsNeeded)})
		}
	}
	if d.because == (ruleSet{}) {
		return why
	}
	why = append(why, Message{Key: KeyWhyRules})
	for _, r := range d.rules() {
		why = append(why, Sentence(r)...)
	}
	return why
}

var whyRefused = map[Refusal]string{
	ReasonMissing:     KeyWhyReasonMissing,
	ReasonTextMissing: KeyWhyReasonTextMissing,
	NoRule:            KeyWhyNoRule,
	Vetoed:            KeyWhyVetoed,
	TimeIsOver:        KeyWhyOver,
	RulesUnreadable:   KeyWhyUnreadable,
}
