package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// maxFaults bounds the list in an InvalidError.
const maxFaults = 20

// InvalidError says what is wrong with a policy. It holds at least one fault and at most 20, in the order of the policy.
type InvalidError struct {
	Faults []Fault
}

// Fault is one thing that is wrong: where, as a path such as "rules[3].for", and what, for people.
type Fault struct {
	Field   string
	Message Message
}

// Error names the first fault by its field and message key. It carries no value of the policy.
func (e *InvalidError) Error() string {
	if len(e.Faults) == 0 {
		return "rules: invalid policy"
	}
	return fmt.Sprintf("rules: invalid policy: %s: %s", e.Faults[0].Field, e.Faults[0].Message.Key)
}

// Validate checks the policy against its bounds and against itself. The error is an *InvalidError.
func (p Policy) Validate() error {
	var c checker
	c.require(p.Format == Format, "format", KeyInvalidFormat, nil)
	c.require(p.Preset == "" || isPreset(p.Preset), "preset", KeyInvalidPreset, nil)
	c.require(p.Delay == 0 || p.Delay >= MinDelay && p.Delay <= MaxDelay && p.Delay%time.Second == 0, "delay", KeyInvalidDelay, nil)
	if len(p.Rules) > MaxRules {
		c.require(false, "rules", KeyInvalidTooMany, count(MaxRules))
		return c.err()
	}
	seen := make(map[string]bool, len(p.Rules))
	for i := range p.Rules {
		c.prefix = fmt.Sprintf("rules[%d].", i)
		c.rule(&p.Rules[i])
		c.require(!seen[p.Rules[i].ID], "id", KeyInvalidTwice, nil)
		seen[p.Rules[i].ID] = true
	}
	return c.err()
}

// checker collects faults.
type checker struct {
	prefix string
	faults []Fault
}

func (c *checker) require(ok bool, field, key string, args map[string]any) {
	if !ok && len(c.faults) < maxFaults {
		c.faults = append(c.faults, Fault{Field: c.prefix + field, Message: Message{Key: key, Args: args}})
	}
}

func (c *checker) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	return &InvalidError{Faults: c.faults}
}

func (c *checker) rule(r *Rule) {
	c.require(isRuleID(r.ID), "id", KeyInvalidID, nil)
	c.who(r)
	c.when(r.When)
	c.where(r.Where)
	c.require(r.Sections != 0, "sections", KeyInvalidNoSection, nil)
	c.require(r.Sections&^(section.OrdinarySet|section.SensitiveSet|section.FloorSet) == 0, "sections", KeyInvalidSection, nil)
	c.require(r.Sections&section.FloorSet == 0, "sections", KeyInvalidFloor, nil)
	c.howSoon(r.HowSoon)
	c.duration("for", r.For)
}

func (c *checker) who(r *Rule) {
	switch r.Who.Kind {
	case Anyone, Badged:
		c.require(r.Who.ID == "", "who.id", KeyInvalidID, nil)
	case OrganizationKind:
		c.require(isWord(r.Who.ID), "who.id", KeyInvalidID, nil)
	case OneOrganization:
		c.require(isIdentifier(r.Who.ID), "who.id", KeyInvalidID, nil)
	case Contact:
		c.require(r.Who.ID == "" || isIdentifier(r.Who.ID), "who.id", KeyInvalidID, nil)
	default:
		c.require(false, "who.kind", KeyInvalidWho, nil)
	}
	c.require(r.Proof&^allProofs == 0, "proof", KeyInvalidProof, nil)
	// The text that a passkey approves says all that is needed; nothing is implied. A contact's sign-in is a proof in itself.
	switch r.Who.Kind {
	case Anyone:
		c.require(r.Proof.Has(ProofCard), "proof", KeyInvalidNeedsCard, nil)
	case Badged, OrganizationKind, OneOrganization:
		c.require(r.Proof.Has(ProofCard), "proof", KeyInvalidNeedsCard, nil)
		c.require(r.Proof.Has(ProofBadge), "proof", KeyInvalidNeedsBadge, nil)
	}
}

func (c *checker) when(w When) {
	c.moment("when.from", w.From)
	c.moment("when.until", w.Until)
	c.require(w.From.IsZero() || w.Until.IsZero() || w.From.Before(w.Until), "when.until", KeyInvalidWindow, nil)
}

func (c *checker) moment(field string, t time.Time) {
	if t.IsZero() {
		return
	}
	c.require(t.Nanosecond() == 0, field, KeyInvalidMoment, nil)
	year := t.UTC().Year()
	c.require(year >= 2000 && year < 2200, field, KeyInvalidMoment, nil)
}

func (c *checker) where(codes []string) {
	if len(codes) > MaxCountries {
		c.require(false, "where", KeyInvalidTooMany, count(MaxCountries))
		return
	}
	for i, code := range codes {
		field := fmt.Sprintf("where[%d]", i)
		c.require(isCountry(code), field, KeyInvalidCountry, nil)
		c.require(!slices.Contains(codes[:i], code), field, KeyInvalidTwice, nil)
	}
}

func (c *checker) howSoon(h HowSoon) {
	if h.Wait != 0 {
		c.duration("how_soon.wait", h.Wait)
	}
	c.require(h.Approvals >= 0 && h.Approvals <= MaxApprovers, "how_soon.approvals", KeyInvalidApprovals, count(MaxApprovers))
	c.require(h.Approvals == 0 || h.Wait > 0, "how_soon.approvals", KeyInvalidApprovalsNoWait, nil)
	if len(h.Of) > MaxApprovers {
		c.require(false, "how_soon.of", KeyInvalidTooMany, count(MaxApprovers))
		return
	}
	c.require(len(h.Of) == 0 || h.Approvals >= 1 && h.Approvals <= len(h.Of), "how_soon.of", KeyInvalidApprovals, count(len(h.Of)))
	for i, contact := range h.Of {
		field := fmt.Sprintf("how_soon.of[%d]", i)
		c.require(isIdentifier(contact), field, KeyInvalidID, nil)
		c.require(!slices.Contains(h.Of[:i], contact), field, KeyInvalidTwice, nil)
	}
}

func (c *checker) duration(field string, d time.Duration) {
	c.require(d >= MinDuration && d <= MaxDuration && d%time.Second == 0, field, KeyInvalidDuration, nil)
}

// isRuleID accepts 1 to MaxIdentifier lower-case letters, digits and hyphens.
func isRuleID(id string) bool { return isMadeOf(id, "abcdefghijklmnopqrstuvwxyz0123456789-") }

// isWord accepts the name of a kind of organization.
func isWord(word string) bool { return isMadeOf(word, "abcdefghijklmnopqrstuvwxyz0123456789_") }

// isIdentifier accepts the identifiers that the rest of the service gives out: base64url, UUIDs, and names with dots or colons.
func isIdentifier(id string) bool {
	return isMadeOf(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:")
}

func isMadeOf(text, alphabet string) bool {
	if text == "" || len(text) > MaxIdentifier {
		return false
	}
	for i := range len(text) {
		if strings.IndexByte(alphabet, text[i]) < 0 {
			return false
		}
	}
	return true
}
