package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/locket-health/locket/emergency/section"
)

// ErrNotCanonical is returned for a text that is not the canonical text of a policy of this format.
var ErrNotCanonical = errors.New("rules: not the canonical text of a policy")

// The canonical text is JSON in the form of RFC 8785: keys in order, no space, and nothing but ASCII, because no name in it
// can hold anything else. What is at its zero value (always, anywhere, at once) is left out. Durations are seconds, dates are
// RFC 3339 in UTC, sections stand in reading order, rules in order of their IDs, countries and contacts in order of their codes.
// The fields below stand in the order of their keys.
type policyText struct {
	Delay  int64      `json:"delay,omitempty"`
	Format int        `json:"format"`
	Preset string     `json:"preset,omitempty"`
	Rules  []ruleText `json:"rules"`
}

type ruleText struct {
	For      int64        `json:"for"`
	HowSoon  *howSoonText `json:"how_soon,omitempty"`
	ID       string       `json:"id"`
	Proof    []string     `json:"proof"`
	Sections section.Set  `json:"sections"`
	When     *whenText    `json:"when,omitempty"`
	Where    []string     `json:"where,omitempty"`
	Who      whoText      `json:"who"`
}

type howSoonText struct {
	Approvals int      `json:"approvals,omitempty"`
	Of        []string `json:"of,omitempty"`
	Wait      int64    `json:"wait"`
}

type whenText struct {
	From     string `json:"from,omitempty"`
	Incident bool   `json:"incident,omitempty"`
	Until    string `json:"until,omitempty"`
}

type whoText struct {
	ID   string  `json:"id,omitempty"`
	Kind WhoKind `json:"kind"`
}

// Canonical returns the exact bytes that a passkey approves and the log keeps. Policies that mean the same rules have the same
// bytes, in whatever order they list them.
func Canonical(p Policy) []byte {
	text := policyText{Delay: seconds(p.Delay), Format: p.Format, Preset: p.Preset, Rules: make([]ruleText, 0, len(p.Rules))}
	for _, r := range p.Rules {
		text.Rules = append(text.Rules, textOf(r))
	}
	slices.SortStableFunc(text.Rules, func(a, b ruleText) int { return strings.Compare(a.ID, b.ID) })
	data, err := json.Marshal(text)
	if err != nil {
		return nil // cannot happen: every field is a string, a number or a list of them
	}
	return data
}

// Hash is the SHA-256 of the canonical text.
func Hash(p Policy) [32]byte { return sha256.Sum256(Canonical(p)) }

// ParsePolicy reads a canonical text of at most MaxPolicyBytes and validates it. It takes the canonical bytes and no others, so
// that spaces, unknown keys, keys given twice or in another case, and rules in another order are all refused: what was approved
// is what is read, byte for byte. The error is ErrNotCanonical or an *InvalidError.
func ParsePolicy(data []byte) (Policy, error) {
	if len(data) > MaxPolicyBytes {
		return Policy{}, fmt.Errorf("%w: longer than %d bytes", ErrNotCanonical, MaxPolicyBytes)
	}
	var text policyText
	if err := json.Unmarshal(data, &text); err != nil {
		return Policy{}, ErrNotCanonical // the cause may quote the text
	}
	delay, ok := duration(text.Delay)
	if !ok {
		return Policy{}, ErrNotCanonical
	}
	p := Policy{Format: text.Format, Preset: text.Preset, Delay: delay}
	if len(text.Rules) > 0 {
		p.Rules = make([]Rule, 0, min(len(text.Rules), MaxRules+1))
	}
	for _, t := range text.Rules {
		r, err := t.rule()
		if err != nil {
			return Policy{}, err
		}
		p.Rules = append(p.Rules, r)
	}
	if !bytes.Equal(Canonical(p), data) {
		return Policy{}, ErrNotCanonical
	}
	if err := p.Validate(); err != nil {
		return Policy{}, err
	}
	return p, nil
}

func textOf(r Rule) ruleText {
	t := ruleText{
		For: seconds(r.For), ID: r.ID, Proof: r.Proof.Names(), Sections: r.Sections,
		Where: slices.Sorted(slices.Values(r.Where)), Who: whoText{ID: r.Who.ID, Kind: r.Who.Kind},
	}
	if h := r.HowSoon; h.Wait != 0 || h.Approvals != 0 || len(h.Of) > 0 {
		t.HowSoon = &howSoonText{Approvals: h.Approvals, Of: slices.Sorted(slices.Values(h.Of)), Wait: seconds(h.Wait)}
	}
	if w := (whenText{From: date(r.When.From), Incident: r.When.Incident, Until: date(r.When.Until)}); w != (whenText{}) {
		t.When = &w
	}
	return t
}

func (t ruleText) rule() (Rule, error) {
	r := Rule{
		ID: t.ID, Who: Who{Kind: t.Who.Kind, ID: t.Who.ID}, Where: t.Where, Sections: t.Sections,
	}
	var ok [5]bool
	r.Proof, ok[0] = parseProofs(t.Proof)
	r.For, ok[1] = duration(t.For)
	ok[2], ok[3], ok[4] = true, true, true
	if t.HowSoon != nil {
		r.HowSoon.Approvals, r.HowSoon.Of = t.HowSoon.Approvals, t.HowSoon.Of
		r.HowSoon.Wait, ok[2] = duration(t.HowSoon.Wait)
	}
	if t.When != nil {
		r.When.Incident = t.When.Incident
		r.When.From, ok[3] = parseDate(t.When.From)
		r.When.Until, ok[4] = parseDate(t.When.Until)
	}
	if ok != [5]bool{true, true, true, true, true} {
		return Rule{}, ErrNotCanonical
	}
	return r, nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// duration turns seconds into a Duration and refuses what would overflow.
func duration(seconds int64) (time.Duration, bool) {
	if seconds < 0 || seconds > int64(MaxDuration/time.Second) {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func parseDate(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC(), err == nil
}
