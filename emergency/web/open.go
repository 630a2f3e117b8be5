package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
)

// statusRequest asks whether a card was revoked.
type statusRequest struct {
	Tag string `json:"tag"` // cards.FrontTag in base64url: proves that the reader holds the front
}

// status answers alike for an unknown card and for a reader who does not hold the front.
func (s *Server) status(x *exchange) error {
	var request statusRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	tag, err := base64.RawURLEncoding.Strict().DecodeString(request.Tag)
	if err != nil || len(tag) != 16 {
		return invalid("not_base64", "tag")
	}
	id, err := cards.ParseID(x.variable("id"))
	if err != nil {
		id = cards.ID{} // no card has it: answered like any other unknown one
	}
	status, err := s.Service.Status(x.r.Context(), x.caller, id, tag, x.tapMark(id))
	if err != nil {
		return err
	}
	return x.json(struct {
		Status    string    `json:"status"`
		CheckedAt time.Time `json:"checked_at"`
		Tap       string    `json:"tap"`
	}{status.Status, status.At, string(status.Tap)})
}

// openRequest breaks the glass.
type openRequest struct {
	Secret       string `json:"secret"` // 16 bytes in base64url
	Step         string `json:"step"`
	Reason       string `json:"reason"`
	ReasonText   string `json:"reason_text"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Organization string `json:"organization"`
	CallBack     string `json:"callback"`
	Country      string `json:"country"`
	Badge        string `json:"badge"` // read from another telephone, "" for the caller's own, withoutBadge for none
	Grant        string `json:"grant"` // token of a running grant
}

// withoutBadge is said by whoever is signed in and opens as anybody could.
const withoutBadge = "none"

// opened is what a responder gets, but for its last member, the record. It counts nothing and names nothing that stays closed.
type opened struct {
	Outcome  string          `json:"outcome"`
	Grant    string          `json:"grant"`
	GrantID  string          `json:"grant_id"`
	Until    time.Time       `json:"until"`
	Now      time.Time       `json:"now"`
	Step     string          `json:"step"`
	Lang     string          `json:"lang"`
	Sections []string        `json:"sections"`
	Next     []step          `json:"next"`
	Why      []rules.Message `json:"why"`
	WhyText  []string        `json:"why_text"`
	Entry    entryRef        `json:"entry"`
	Watch    string          `json:"watch"` // of a wait that goes on beside, "" for none
	Badge    *badgeSaid      `json:"badge"` // null when none counted
	Drill    bool            `json:"drill"`
}

// badgeSaid is what a verified badge says.
type badgeSaid struct {
	Organization string `json:"organization"`
	Kind         string `json:"kind"`
	Name         string `json:"name"`
	Authority    string `json:"authority"` // the house that vouches for it, "" for this one
}

type step struct {
	Action string `json:"action"`
}

type entryRef struct {
	Index int64  `json:"index"`
	Leaf  string `json:"leaf"`
}

// waits is what a responder gets who has to come back.
type waits struct {
	Outcome   string          `json:"outcome"`
	Until     time.Time       `json:"until"`
	Now       time.Time       `json:"now"`
	Watch     string          `json:"watch"`     // "" unless the wait began with this request
	Approvals int             `json:"approvals"` // further contacts who could end it by agreeing
	Why       []rules.Message `json:"why"`
	WhyText   []string        `json:"why_text"`
	Actions   []said          `json:"actions"`
}

// open breaks the glass. An unknown card, a revoked one, a wrong secret and an id that is none are one answer.
func (s *Server) open(x *exchange) error {
	var request openRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(request.Secret)
	if err != nil || len(secret) != len(cards.Secret{}) {
		return invalid("not_base64", "secret")
	}
	id, err := cards.ParseID(x.variable("id"))
	if err != nil {
		id = cards.ID{} // no card has it: the service answers, in its own time, as for any other unknown one
	}
	caller, badge := x.caller, request.Badge
	if badge == withoutBadge {
		caller, badge = emergency.Caller{Network: caller.Network, Lang: caller.Lang}, ""
	}
	answer, err := s.Service.Open(x.r.Context(), caller, emergency.OpenRequest{Card: id, Secret: secret, Step: request.Step, Reason: request.Reason,
		ReasonText: request.ReasonText, Name: request.Name, Role: request.Role, Organization: request.Organization, CallBack: request.CallBack,
		Country: request.Country, Tap: x.tapMark(id), Badge: badge, Grant: request.Grant})
	return x.opening(answer, err)
}

// opening answers what the one door has given: the record, a wait, or a refusal.
func (x *exchange) opening(answer emergency.Opened, err error) error {
	x.metrics.opens.WithLabelValues(outcomeOf(err)).Inc()
	var refusal *emergency.Refusal
	if errors.As(err, &refusal) && refusal.Waits {
		return x.json(waits{Outcome: "wait", Until: refusal.WaitUntil, Now: x.Now().UTC(), Watch: refusal.Watch, Approvals: refusal.Approvals,
			Why: refusal.Says, WhyText: x.sentences(refusal.Says), Actions: x.said(refusal.Next)})
	}
	if err != nil {
		return err
	}
	if accepts(x.r, fhir) {
		document, err := x.summaryOf(x, answer)
		if err != nil {
			return err
		}
		return x.bytes(fhir, document)
	}
	out := opened{Outcome: "granted", Grant: answer.Grant, GrantID: string(answer.GrantID), Until: answer.Until, Now: answer.Now, Step: answer.Step,
		Lang: answer.Lang, Sections: answer.Sections.Names(), Next: []step{}, Why: answer.Says, WhyText: x.sentences(answer.Says),
		Entry: entryRef{answer.Entry.Index, answer.Entry.Leaf}, Watch: answer.Watch, Drill: answer.Drill}
	if said := answer.Badge; said.Badge != "" {
		out.Badge = &badgeSaid{Organization: said.Badge, Kind: said.BadgeKind, Name: said.BadgeName, Authority: said.ForeignAuthority}
	}
	for _, action := range answer.Next {
		out.Next = append(out.Next, step{action})
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	// The record is JSON of our own already. Handing it to Marshal would only have it read through again.
	body = append(body[:len(body)-1], `,"record":`...)
	body = append(append(body, answer.Record.JSON...), '}')
	return x.bytes("application/json", body)
}

// outcomeOf names an outcome for the metrics, from a closed list.
func outcomeOf(err error) string {
	var refusal *emergency.Refusal
	switch {
	case err == nil:
		return "granted"
	case errors.As(err, &refusal) && refusal.Waits:
		return "wait"
	case errors.Is(err, emergency.ErrRefused):
		return "refused"
	case errors.Is(err, emergency.ErrNoCard):
		return "no_card"
	case errors.Is(err, emergency.ErrLogUnavailable):
		return "log_unavailable"
	default:
		return "failed"
	}
}

// said puts messages into words and keeps their keys for programs.
func (x *exchange) said(messages []rules.Message) []said {
	list := make([]said, len(messages))
	for i, message := range messages {
		list[i] = said{message.Key, x.sentence(message)}
	}
	return list
}

// sentences says messages of the domain in the reader's language.
func (x *exchange) sentences(messages []rules.Message) []string {
	list := make([]string, len(messages))
	for i, message := range messages {
		list[i] = x.sentence(message)
	}
	return list
}

func (x *exchange) sentence(message rules.Message) string {
	args := make(map[string]any, len(message.Args))
	for name, value := range message.Args {
		if names, ok := value.([]string); ok && name == "sections" {
			value = sectionKeys(names)
		}
		args[name] = value
	}
	return x.T(message.Key, args)
}

// sectionKeys turns stable names of sections into keys of their words.
func sectionKeys(names []string) []locale.Key {
	list := make([]locale.Key, len(names))
	for i, name := range names {
		list[i] = locale.Key("section." + name)
	}
	return list
}

func sectionKey(s section.Section) string { return "section." + s.String() }

// accepts reports whether a program has asked for a type of content by name.
func accepts(r *http.Request, kind string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		name, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), kind) {
			return true
		}
	}
	return false
}
