package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// entry is an entry of the log as it is read. The browser says the same from the proved payload (static/js/console/entry.js) and compares.
type entry struct {
	Seq      uint64
	Number   string // its place in the log, in words
	At       string
	When     string // RFC 3339, for the browser
	Title    string
	Facts    []entryFact
	Notice   bool        // an opening, a refusal or a doubted tap
	New      bool        // the keepers are told of it, and this one has not looked yet
	Withheld bool        // what was released is not said
	Proof    string      // where its proof is a file, "" while no checkpoint covers it
	Grant    string      // the page of the opening that it is about, "" for none
	Review   *reviewLine // what was said of an opening, nil for everything else
}

// entryFact is one thing that an entry says. Own marks the words of whoever acted, in whatever language they wrote.
type entryFact struct {
	Label string `json:"label"`
	Value string `json:"value"`
	When  string `json:"-"` // RFC 3339, where the value is a moment
	Code  string `json:"-"` // ISO 3166-1, where the value is the name of a country
	Own   bool   `json:"own"`
}

// entry puts an entry into words. What somebody claimed is called claimed.
func (x *exchange) entry(e emergency.HistoryEntry, cards map[string]string) entry {
	out := entry{Seq: e.Seq, Notice: notice(e.Event), Withheld: e.Withheld, Number: x.T("console.log.entry", "number", e.Index)}
	if e.Epoch > 1 {
		out.Number = x.T("history.entry", "number", e.Index, "log", e.Epoch)
	}
	if e.Payload == nil && !e.Withheld {
		out.Title = x.T("log.erased")
		return out
	}
	event := e.Event
	out.Title = x.title(event)
	out.At, out.When = x.moment(event.At)
	say := func(key, value string) {
		if value != "" {
			out.Facts = append(out.Facts, entryFact{Label: x.T("fact." + key), Value: value})
		}
	}
	quote := func(key, value string) {
		if value != "" {
			out.Facts = append(out.Facts, entryFact{Label: x.T("fact." + key), Value: value, Own: true})
		}
	}
	who := "name"
	if event.Actor.Verified == audit.Claimed {
		who = "name_claimed"
	}
	quote(who, event.Actor.Name)
	say("role", x.coded("role", event.Actor.Role))
	organization := "organization"
	if event.Actor.Verified == audit.VerifiedBadge {
		organization = "badge"
	}
	quote(organization, event.Actor.Organization)
	if code := event.Details["country"]; code != "" {
		key := "fact.country"
		if event.Actor.Verified == audit.VerifiedBadge {
			key = "fact.country_badge"
		}
		out.Facts = append(out.Facts, entryFact{Label: x.T(key), Value: x.country(code), Code: code})
	}
	quote("authority", event.Details["authority"])
	say("badge_shown", x.coded("badge_shown", event.Details["badge"]))
	quote("callback", event.Actor.CallBack)
	say("reason", x.coded("reason", event.Reason))
	quote("reason_text", event.ReasonText)
	var sections []string
	for _, name := range event.Sections {
		sections = append(sections, x.coded("section", name))
	}
	say("sections", x.chain("console.chain", sections...))
	if event.Items > 0 {
		say("items", strconv.Itoa(event.Items))
	}
	if !event.Until.IsZero() && event.Type != audit.CardIssued {
		value, when := x.moment(event.Until)
		out.Facts = append(out.Facts, entryFact{Label: x.T("fact.until"), Value: value, When: when})
	}
	if at, err := time.Parse(time.RFC3339, event.Details["read_at"]); err == nil {
		value, when := x.moment(at)
		out.Facts = append(out.Facts, entryFact{Label: x.T("fact.read_at"), Value: value, When: when})
	}
	if cards != nil {
		name := cards[event.Card]
		if name == "" {
			name = event.Card
		}
		quote("card", name)
	}
	say("carrier", x.coded("carrier", event.Details["carrier"]))
	if event.RulesVersion > 0 {
		say("rules", strconv.Itoa(event.RulesVersion))
	}
	say("network", event.Actor.Network)
	if event.Type == audit.EntryErased {
		say("erased_entry", event.Details["index"])
		say("ground", x.coded("ground", event.Details["ground"]))
		say("erased_by", x.coded("erased_by", eraser(event.Actor)))
	}
	say("drill", x.coded("drill", event.Details["drill"]))
	say("more", x.coded("more", event.Details["more"]))
	return out
}

// eraser says who erased: an officer has touched a passkey, an operator has not, and the service itself erases by age.
func eraser(actor audit.Actor) string {
	switch {
	case actor.Kind == audit.ByServer:
		return "server"
	case actor.Kind != audit.ByOperator:
		return ""
	case actor.Verified == audit.VerifiedPasskey:
		return "officer"
	}
	return "operator"
}

// moment is a moment in words, and as the browser reads it.
func (x *exchange) moment(at time.Time) (words, when string) {
	return x.Catalog.Time(x.lang.Code, at.UTC()), at.UTC().Format(time.RFC3339)
}

// title is what happened in one sentence. Refusals, wrong secrets, short codes, links, taps and kinds of exports have their own.
func (x *exchange) title(event audit.Event) string {
	key := "log." + string(event.Type)
	said := event.Details
	what := said["what"]
	if what != "" && (event.Outcome == audit.Begun || event.Outcome == audit.Failed) {
		what += "." + string(event.Outcome) // without it the sentence says that it was done
	}
	for _, more := range []string{what, said["cause"], said["via"], said["warning"], said["tap"], said["sender"], said["step"], string(event.Outcome)} {
		if more != "" && x.Catalog.Has(key+"."+more) {
			return x.T(key + "." + more)
		}
	}
	if !x.Catalog.Has(key) {
		return x.T("log.other", "type", string(event.Type))
	}
	return x.T(key)
}

func notice(event audit.Event) bool {
	return strings.HasPrefix(string(event.Type), "glass.") || event.Type == audit.CardTapDoubted
}
