package audit

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxPayload is the length in bytes that no payload of a valid event reaches.
const MaxPayload = 32 << 10

// maxSeq is the largest integer of a payload: what RFC 8785 (section 3.2.2.3) can carry exactly.
const maxSeq = 1<<53 - 1

// ErrPayload says that bytes are not the canonical payload of a valid event.
var ErrPayload = errors.New("audit: malformed payload")

// Payload is an event with its place among the entries of its subject.
type Payload struct {
	Event
	Seq      uint64 // number among the entries of the subject, from 1; 0 without a subject
	Previous []byte // leaf hash of the subject's previous entry, 32 bytes; nil for the first
}

// Canonical returns the bytes that an entry commits to: JSON in the canonical form of RFC 8785, of integers, strings, lists and
// objects only. Empty fields are left out, times are milliseconds since 1970 UTC, previous is base64url without padding. The event
// must be valid.
//
//	{"actor":{"call_back":"","kind":"","name":"","network":"","organization":"","role":"","verified":""},"at":0,"card":"",
//	 "details":{},"grant":"","items":0,"outcome":"","prev":"","reason":"","reason_text":"","rules_version":0,"sections":[],
//	 "seq":0,"subject":"","type":"","until":0,"v":1}
func Canonical(e Event, seq uint64, previous []byte) []byte {
	return appendPayload(make([]byte, 0, 512), &e, seq, previous)
}

func appendPayload(b []byte, e *Event, seq uint64, previous []byte) []byte {
	b = append(b, `{"actor":{`...)
	a := len(b)
	b = appendText(b, a, "call_back", e.Actor.CallBack)
	b = appendText(b, a, "kind", string(e.Actor.Kind))
	b = appendText(b, a, "name", e.Actor.Name)
	b = appendText(b, a, "network", e.Actor.Network)
	b = appendText(b, a, "organization", e.Actor.Organization)
	b = appendText(b, a, "role", e.Actor.Role)
	b = appendText(b, a, "verified", string(e.Actor.Verified))
	b = append(b, '}')

	// From here every field follows another one: no first is needed.
	b = appendInteger(b, "at", e.At.UnixMilli())
	b = appendText(b, 0, "card", e.Card)
	if len(e.Details) > 0 {
		b = append(b, `,"details":{`...)
		first := len(b)
		for _, key := range slices.Sorted(maps.Keys(e.Details)) {
			b = appendKey(b, first, key)
			b = appendString(b, e.Details[key])
		}
		b = append(b, '}')
	}
	b = appendText(b, 0, "grant", e.Grant)
	b = appendInteger(b, "items", int64(e.Items))
	b = appendText(b, 0, "outcome", string(e.Outcome))
	if len(previous) > 0 {
		b = append(b, `,"prev":"`...)
		b = base64.RawURLEncoding.AppendEncode(b, previous)
		b = append(b, '"')
	}
	b = appendText(b, 0, "reason", e.Reason)
	b = appendText(b, 0, "reason_text", e.ReasonText)
	b = appendInteger(b, "rules_version", int64(e.RulesVersion))
	if len(e.Sections) > 0 {
		b = append(b, `,"sections":[`...)
		for i, s := range e.Sections {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, s)
		}
		b = append(b, ']')
	}
	b = appendInteger(b, "seq", int64(seq))
	b = appendText(b, 0, "subject", e.Subject)
	b = appendText(b, 0, "type", string(e.Type))
	if !e.Until.IsZero() {
		b = appendInteger(b, "until", e.Until.UnixMilli())
	}
	return append(b, `,"v":1}`...)
}

// appendKey writes a key, after a comma unless the object began at first.
func appendKey(b []byte, first int, key string) []byte {
	if len(b) != first {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, key...)
	return append(b, '"', ':')
}

func appendText(b []byte, first int, key, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(appendKey(b, first, key), value)
}

func appendInteger(b []byte, key string, value int64) []byte {
	if value == 0 {
		return b
	}
	return strconv.AppendInt(appendKey(b, 0, key), value, 10)
}

// appendString writes a string as RFC 8785 section 3.2.2.2 has it. A valid event holds no control characters, so that quotation
// mark and backslash are all there is to escape.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// ParsePayload reads a payload and accepts nothing but what [Canonical] writes for a valid event: whatever parses is
// written again as the same bytes. It returns an error that wraps [ErrPayload] or [ErrInvalid].
func ParsePayload(data []byte) (Payload, error) {
	if len(data) > MaxPayload {
		return Payload{}, ErrPayload
	}
	p, ok := readPayload(data)
	if !ok {
		return Payload{}, ErrPayload
	}
	if err := p.Event.Validate(); err != nil {
		return Payload{}, err
	}
	if (p.Subject != "") != (p.Seq > 0) || (p.Seq > 1) != (len(p.Previous) == tlog.HashSize) {
		return Payload{}, ErrPayload
	}
	return p, nil
}

func readPayload(data []byte) (p Payload, ok bool) {
	s := scanner{rest: string(data)}
	s.open('{')
	s.require("actor")
	s.open('{')
	p.Actor.CallBack = s.text("call_back")
	p.Actor.Kind = ActorKind(s.text("kind"))
	p.Actor.Name = s.text("name")
	p.Actor.Network = s.text("network")
	p.Actor.Organization = s.text("organization")
	p.Actor.Role = s.text("role")
	p.Actor.Verified = Verification(s.text("verified"))
	s.close('}')
	p.At = s.instant("at")
	p.Card = s.text("card")
	if s.key("details") {
		p.Details = s.details()
	}
	p.Grant = s.text("grant")
	p.Items = int(s.integer("items", maxCount))
	p.Outcome = Outcome(s.text("outcome"))
	p.Previous = s.hash("prev")
	p.Reason = s.text("reason")
	p.ReasonText = s.text("reason_text")
	p.RulesVersion = int(s.integer("rules_version", maxCount))
	if s.key("sections") {
		p.Sections = s.sections()
	}
	p.Seq = uint64(s.integer("seq", maxSeq))
	p.Subject = s.text("subject")
	p.Type = Type(s.text("type"))
	p.Until = s.instant("until")
	s.require("v")
	s.literal(`1`)
	s.close('}')
	return p, !s.bad && len(s.rest) == 0
}
