package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// largest returns a valid event that is as large as the bounds allow.
func largest() audit.Event {
	text := func(n int) string { return strings.Repeat(`"`, n) } // escaped, each takes two bytes
	e := audit.Event{
		Type: audit.Type(strings.Repeat("a", 64)), At: time.UnixMilli(253_402_300_799_999).UTC(), Subject: text(64),
		Actor: audit.Actor{
			Kind: audit.ByResponder, Name: text(256), Role: text(128), Organization: text(256), CallBack: text(128),
			Verified: audit.VerifiedPasskey, Network: "2001:db8:ffff:ffff::/64",
		},
		Card: text(64), Items: 1<<31 - 1, Reason: strings.Repeat("R", 64), ReasonText: text(2000), Outcome: audit.Refused,
		Grant: text(64), Until: time.UnixMilli(253_402_300_799_999).UTC(), RulesVersion: 1<<31 - 1, Details: map[string]string{},
	}
	for range 64 {
		e.Sections = append(e.Sections, strings.Repeat("s", 64))
	}
	for i := range 32 {
		e.Details[fmt.Sprintf("key%02d", i)] = text(8192/32 - 5)
	}
	return e
}

func TestValidate(t *testing.T) {
	now := audittest.Epoch()
	for _, c := range []struct {
		name string
		edit func(*audit.Event)
		ok   bool
	}{
		{"a whole event", func(*audit.Event) {}, true},
		{"the largest event", func(e *audit.Event) { *e = largest() }, true},
		{"the smallest event", func(e *audit.Event) {
			*e = audit.Event{Type: audit.Drill, At: now, Actor: audit.Actor{Kind: audit.ByServer}}
		}, true},
		{"a later type", func(e *audit.Event) { e.Type = "shelter.checked_in" }, true},
		{"words of several scripts", func(e *audit.Event) { e.Actor.Name = "نور 救急 \u200fé 👩‍⚕️" }, true},
		{"a replacement character", func(e *audit.Event) { e.ReasonText = "\ufffd" }, true},
		{"no type", func(e *audit.Event) { e.Type = "" }, false},
		{"an upper-case type", func(e *audit.Event) { e.Type = "Card.issued" }, false},
		{"a long type", func(e *audit.Event) { e.Type = audit.Type(strings.Repeat("a", 65)) }, false},
		{"no time", func(e *audit.Event) { e.At = time.Time{} }, false},
		{"a time before 1970", func(e *audit.Event) { e.At = time.UnixMilli(-1) }, false},
		{"a time after 9999", func(e *audit.Event) { e.At = time.UnixMilli(253_402_300_800_000) }, false},
		{"microseconds", func(e *audit.Event) { e.At = now.Add(time.Microsecond) }, false},
		{"microseconds at the end", func(e *audit.Event) { e.Until = now.Add(time.Microsecond) }, false},
		{"a long subject", func(e *audit.Event) { e.Subject = strings.Repeat("x", 65) }, false},
		{"a subject with a space", func(e *audit.Event) { e.Subject = "a b" }, false},
		{"a card beyond ASCII", func(e *audit.Event) { e.Card = "é" }, false},
		{"a long grant", func(e *audit.Event) { e.Grant = strings.Repeat("x", 65) }, false},
		{"no kind of actor", func(e *audit.Event) { e.Actor.Kind = "" }, false},
		{"an unknown kind of actor", func(e *audit.Event) { e.Actor.Kind = "robot" }, false},
		{"an unknown verification", func(e *audit.Event) { e.Actor.Verified = "yes" }, false},
		{"a long name", func(e *audit.Event) { e.Actor.Name = strings.Repeat("x", 257) }, false},
		{"a long role", func(e *audit.Event) { e.Actor.Role = strings.Repeat("x", 129) }, false},
		{"a long organization", func(e *audit.Event) { e.Actor.Organization = strings.Repeat("x", 257) }, false},
		{"a long call-back", func(e *audit.Event) { e.Actor.CallBack = strings.Repeat("x", 129) }, false},
		{"a name that is not UTF-8", func(e *audit.Event) { e.Actor.Name = "\xff" }, false},
		{"a line break", func(e *audit.Event) { e.ReasonText = "a\nb" }, false},
		{"a terminal escape", func(e *audit.Event) { e.Actor.Role = "\x1b[2J" }, false},
		{"a delete character", func(e *audit.Event) { e.Actor.Role = "\x7f" }, false},
		{"a C1 control character", func(e *audit.Event) { e.Actor.Role = "\u009b" }, false},
		{"a whole IPv4 address", func(e *audit.Event) { e.Actor.Network = "203.0.113.7" }, false},
		{"one IPv4 machine", func(e *audit.Event) { e.Actor.Network = "203.0.113.7/32" }, false},
		{"an IPv4 network that is too small", func(e *audit.Event) { e.Actor.Network = "203.0.113.0/25" }, false},
		{"bits behind the network", func(e *audit.Event) { e.Actor.Network = "203.0.113.7/24" }, false},
		{"an IPv6 network", func(e *audit.Event) { e.Actor.Network = "2001:db8::/48" }, true},
		{"an IPv6 network that is too small", func(e *audit.Event) { e.Actor.Network = "2001:db8::/65" }, false},
		{"a section with a value", func(e *audit.Event) { e.Sections = []string{"allergies: penicillin"} }, false},
		{"too many sections", func(e *audit.Event) { e.Sections = make([]string, 65) }, false},
		{"negative items", func(e *audit.Event) { e.Items = -1 }, false},
		{"a typed reason as a code", func(e *audit.Event) { e.Reason = "she fell" }, false},
		{"a long typed reason", func(e *audit.Event) { e.ReasonText = strings.Repeat("x", 2001) }, false},
		{"an unknown outcome", func(e *audit.Event) { e.Outcome = "maybe" }, false},
		{"a negative rules version", func(e *audit.Event) { e.RulesVersion = -1 }, false},
		{"too many details", func(e *audit.Event) {
			e.Details = map[string]string{}
			for i := range 33 {
				e.Details[fmt.Sprintf("k%d", i)] = "x"
			}
		}, false},
		{"details that are too long together", func(e *audit.Event) {
			e.Details = map[string]string{"a": strings.Repeat("x", 4096), "b": strings.Repeat("x", 4096)}
		}, false},
		{"a detail without a key", func(e *audit.Event) { e.Details = map[string]string{"": "x"} }, false},
		{"a detail with a control character", func(e *audit.Event) { e.Details = map[string]string{"a": "\x00"} }, false},
	} {
		e := audittest.Event(0)
		c.edit(&e)
		err := e.Validate()
		if (err == nil) != c.ok || err != nil && !errors.Is(err, audit.ErrInvalid) {
			t.Errorf("%s: Validate = %v, want valid %v", c.name, err, c.ok)
		}
	}
}

func TestValidateNamesTheFieldNeverTheValue(t *testing.T) {
	e := audittest.Event(0)
	e.Actor.Name = "Secret Person\n"
	err := e.Validate()
	if err == nil || !strings.Contains(err.Error(), "actor.name") || strings.Contains(err.Error(), "Secret") {
		t.Errorf("Validate = %v", err)
	}
}
