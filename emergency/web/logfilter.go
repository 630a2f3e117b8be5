package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// The entries of a log by what they are to the person whom they are about.
const (
	kindNew       = "new"       // noticed, and not seen yet
	kindLooked    = "looked"    // somebody has seen something
	kindRefused   = "refused"   // somebody has tried
	kindChanged   = "changed"   // the keepers' own doing
	kindTechnical = "technical" // everything else
)

var logKinds = []string{kindNew, kindLooked, kindRefused, kindChanged, kindTechnical}

// kindsOfTypes and kindsOfRooms say of which kind an entry is: by its type, else by the first word of it. What nobody has thought of is technical.
var (
	kindsOfTypes = map[audit.Type]string{
		audit.CardScanned: kindLooked, audit.CardReadOffline: kindLooked, audit.GlassOpened: kindLooked, audit.GlassReopened: kindLooked,
		audit.HandoverMade: kindLooked, audit.OfficerSearched: kindLooked, audit.OfficerExported: kindLooked, audit.ReceiptMade: kindLooked,
		audit.MessageSent:  kindLooked,
		audit.GlassRefused: kindRefused, audit.CardTapDoubted: kindRefused,
		audit.CardIssued: kindChanged, audit.CardRevoked: kindChanged, audit.GrantEnded: kindChanged, audit.DataExported: kindChanged,
		audit.ReviewGiven: kindChanged, audit.InvitationWithdrawn: kindChanged,
	}
	kindsOfRooms = map[string]string{"request": kindRefused, "record": kindChanged, "rules": kindChanged, "contact": kindChanged, "keeper": kindChanged,
		"patient": kindChanged, "drill": kindChanged}
)

// logKind is the kind of an entry of a type.
func logKind(of audit.Type) string {
	if kind, known := kindsOfTypes[of]; known {
		return kind
	}
	room, _, _ := strings.Cut(string(of), ".")
	if kind, known := kindsOfRooms[room]; known {
		return kind
	}
	return kindTechnical
}

// logDays are the spans that can be chosen.
var logDays = []int{1, 7, 30, 365}

// maxSought bounds the words that are looked for, in bytes.
const maxSought = 200

// logFilter picks entries of a log. The zero filter picks all. What may name somebody travels in the body of a form, never in an address.
type logFilter struct {
	Kind  string // one of logKinds, "" for all
	Card  string // id, "" for all
	Days  int    // how far back, 0 for all
	Words string // that the entry says
	seen  uint64 // up to where the keeper has looked
	since time.Time
}

// logFilter reads what is asked for: the kind of an address, or all that a form says. What is none of the choices is not asked.
func (x *exchange) logFilter(seen uint64, value func(string) string) logFilter {
	f := logFilter{seen: seen}
	if kind := value("kind"); slices.Contains(logKinds, kind) {
		f.Kind = kind
	}
	f.Card = value("card")
	if days, err := strconv.Atoi(value("days")); err == nil && slices.Contains(logDays, days) {
		f.Days, f.since = days, x.Now().AddDate(0, 0, -days)
	}
	if words := strings.Join(strings.Fields(value("words")), " "); len(words) <= maxSought {
		f.Words = words
	}
	return f
}

func (f logFilter) all() bool { return f.Kind == "" && f.Card == "" && f.Days == 0 && f.Words == "" }

// picks reports whether an entry, said as said, is asked for. Of an erased one only kind and time are left to ask for.
func (f logFilter) picks(e emergency.HistoryEntry, said entry) bool {
	switch {
	case f.Kind == kindNew && !said.New, f.Kind != "" && f.Kind != kindNew && logKind(e.Event.Type) != f.Kind:
		return false
	case f.Card != "" && e.Event.Card != f.Card:
		return false
	case f.Words == "":
		return true
	}
	words := strings.ToLower(f.Words)
	if strings.Contains(strings.ToLower(said.Title), words) {
		return true
	}
	return slices.ContainsFunc(said.Facts, func(fact entryFact) bool { return strings.Contains(strings.ToLower(fact.Value), words) })
}

// over reports whether an entry, and so each one before it, is older than what is asked for.
func (f logFilter) over(e emergency.HistoryEntry) bool {
	return !f.since.IsZero() && !e.Event.At.IsZero() && e.Event.At.Before(f.since)
}

// fields are the questions of the filter, with what was asked. They are sent as a form, so that no address holds a name.
func (x *exchange) filterFields(f logFilter, cards map[string]string) []field {
	kind := field{ID: "kind", Kind: "select", Label: x.T("history.find.kind"), Options: []option{{Label: x.T("history.kind.all")}}}
	for _, each := range logKinds {
		kind.Options = append(kind.Options, option{Value: each, Label: x.T("history.kind." + each), Chosen: each == f.Kind})
	}
	card := field{ID: "card", Kind: "select", Label: x.T("fact.card"), Options: []option{{Label: x.T("history.find.card")}}}
	for id, name := range cards {
		card.Options = append(card.Options, option{Value: id, Label: name, Chosen: id == f.Card})
	}
	slices.SortFunc(card.Options[1:], func(a, b option) int { return strings.Compare(a.Label+a.Value, b.Label+b.Value) })
	days := field{ID: "days", Kind: "select", Label: x.T("history.find.days"), Options: []option{{Label: x.T("history.find.days.all")}}}
	for _, each := range logDays {
		days.Options = append(days.Options, option{Value: strconv.Itoa(each), Label: x.T("unit.day", "count", each), Chosen: each == f.Days})
	}
	return []field{kind, card, days, {ID: "words", Kind: "text", Label: x.T("history.find.words"), Hint: x.T("history.find.words.hint"), Value: f.Words}}
}

// asked are the answers to these questions, to be sent again with the next page.
func (f logFilter) asked() []field {
	var list []field
	for _, each := range [][2]string{{"kind", f.Kind}, {"card", f.Card}, {"days", strconv.Itoa(f.Days)}, {"words", f.Words}} {
		list = append(list, field{ID: each[0], Kind: "hidden", Value: each[1]})
	}
	return list
}
