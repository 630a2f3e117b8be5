package rules

import (
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// Outcome is the answer in one word.
type Outcome string

// The outcomes.
const (
	Granted Outcome = "granted" // something is open now; more may open later
	Wait    Outcome = "wait"    // nothing is open yet, something will be unless it is vetoed
	Refused Outcome = "refused" // nothing is open and nothing will be
)

// Refusal is why a request is refused.
type Refusal string

// The refusals.
const (
	NotRefused        Refusal = ""
	ReasonMissing     Refusal = "reason_missing"      // no coded reason was stated
	ReasonTextMissing Refusal = "reason_text_missing" // the reason Other was stated without a text
	NoRule            Refusal = "no_rule"             // no rule opens anything for this request
	Vetoed            Refusal = "vetoed"              // what had to wait was vetoed
	TimeIsOver        Refusal = "time_is_over"        // what this request had opened has closed again: ask anew
	RulesUnreadable   Refusal = "rules_unreadable"    // the policy is not valid
)

// Decision is the answer to a request at one instant. It is for the patient and the log; what the person who asked may be
// told is Public. Two decisions of one engine can be compared with ==.
type Decision struct {
	Outcome  Outcome
	Refusal  Refusal     // set when Outcome is Refused
	Sections section.Set // open now
	Until    time.Time   // the earliest moment at which one of Sections closes; zero if none is open. Grants has each

	Later           section.Set // what more opens by itself if nobody vetoes
	WaitUntil       time.Time   // the earliest moment at which some of Later opens; zero if there is none
	ApprovalsNeeded int         // the fewest further approvals that open some of Later now; zero if approvals change nothing

	engine  *Engine
	because ruleSet
	closes  instants // by section: when it closes, zero if it is not open
	opens   instants // by section: when it opens, zero if it does not
	asker   asker
}

// Grant is a set of sections that close at the same moment.
type Grant struct {
	Sections section.Set `json:"sections"`
	Until    time.Time   `json:"until"`
}

// asker is what the words of an answer depend on besides the rules.
type asker struct {
	step    Step
	badged  bool
	contact bool
	unnamed bool // the sensitive step was asked for without a name
	vetoed  bool
}

// UntilOf is the moment at which a section closes, the zero time if it is not open.
func (d Decision) UntilOf(s section.Section) time.Time {
	if !d.Sections.Has(s) {
		return time.Time{}
	}
	return instant(d.closes[s])
}

// OpensAt is the moment at which a section of Later opens, the zero time if it does not.
func (d Decision) OpensAt(s section.Section) time.Time {
	if !d.Later.Has(s) {
		return time.Time{}
	}
	return instant(d.opens[s])
}

// Grants lists what is open by the moment at which it closes, the earliest first.
func (d Decision) Grants() []Grant { return group(d.Sections, &d.closes) }

// Because lists the rules that made the decision, in order of their IDs: they make it by themselves, and none of them can be
// left out. Of rules that say the same, one is listed.
func (d Decision) Because() []string {
	var ids []string
	for _, r := range d.rules() {
		ids = append(ids, r.ID)
	}
	return ids
}

// rules are the rules of Because.
func (d Decision) rules() []Rule {
	if d.engine == nil {
		return nil
	}
	var made []Rule
	for i := range d.engine.rules {
		if d.because.has(i) {
			made = append(made, d.engine.rules[i].Rule)
		}
	}
	return made
}
