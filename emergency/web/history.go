package web

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// shownEntries is how many entries a page of the log shows.
const shownEntries = 50

// entry is an entry of the log as it is read.
type entry struct {
	Index  int64
	Seq    uint64
	At     string
	When   string // RFC 3339, for the browser
	Title  string
	Facts  []fact
	Notice bool   // an opening or a refusal
	Proof  string // "proven" or "waiting": what the server can say before the browser has checked it
}

// who shows who looked: every entry in words, the newest first. The browser checks the proof of each.
func (s *Server) who(x *exchange) error {
	p, id, err := x.patientPage("log", "console.log.title")
	if err != nil {
		return err
	}
	read := x.historyOf(id)
	last, err := read.last()
	if err != nil {
		return err
	}
	end := last // the newest that this page shows
	if before, err := strconv.ParseUint(x.r.URL.Query().Get("before"), 10, 64); err == nil && before > 0 {
		end = min(last, before-1)
	}
	after, older := uint64(0), uint64(0)
	if end > shownEntries {
		after = end - shownEntries
		older = after + 1
	}
	view, err := read(after, shownEntries)
	if err != nil {
		return err
	}
	names, err := s.cardNames(x, id)
	if err != nil {
		return err
	}
	waits, err := x.waits(id, names)
	if err != nil {
		return err
	}
	var entries []entry
	for _, e := range slices.Backward(view.Entries) {
		if e.Seq <= end {
			entries = append(entries, x.entry(e, names))
		}
	}
	p.Exit, p.Scripts = true, []string{"js/console/log.js", "js/console/exit.js"}
	p.D = struct {
		Entries []entry
		Last    uint64
		Unseen  int
		Older   uint64 // the page before this one ends before this number; 0 when this is the oldest
		Source  string
		Base    string
		Waits   []wait
	}{entries, last, p.Nav.Unseen, older, "/v1/patients/" + string(id) + "/log?after=" + strconv.FormatUint(after, 10), p.Back + "/log", waits}
	return x.show("log", p)
}

// reading reads at most limit entries of somebody's log behind the one with number after.
type reading func(after uint64, limit int) (emergency.HistoryView, error)

// historyOf reads the log of a patient.
func (x *exchange) historyOf(id emergency.PatientID) reading {
	return func(after uint64, limit int) (emergency.HistoryView, error) {
		return x.Service.History(x.r.Context(), x.caller, id, after, limit)
	}
}

// last finds the number of the newest entry, 0 when there is none: a log is read forward, and its page begins at the end.
func (read reading) last() (uint64, error) {
	has := func(seq uint64) (bool, error) {
		view, err := read(seq-1, 1)
		return len(view.Entries) > 0, err
	}
	var low, high uint64 = 0, 1 // low is there (or 0), high is not known to be
	for {
		found, err := has(high)
		if err != nil {
			return 0, err
		}
		if !found {
			break
		}
		low, high = high, high*2
	}
	for high-low > 1 {
		middle := low + (high-low)/2
		found, err := has(middle)
		if err != nil {
			return 0, err
		}
		if found {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// cardNames are what a patient's cards are called.
func (s *Server) cardNames(x *exchange, id emergency.PatientID) (map[string]string, error) {
	views, err := s.Service.Cards(x.r.Context(), x.caller, id)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(views))
	for _, view := range views {
		names[view.ID] = view.Label
		if view.Label == "" {
			names[view.ID] = x.T("console.log.card_of", "carrier", x.coded("carrier", view.Carrier), "date", x.day(view.IssuedAt))
		}
	}
	return names, nil
}

// entry puts an entry into words. What somebody claimed is called claimed.
func (x *exchange) entry(e emergency.HistoryEntry, names map[string]string) entry {
	event := e.Event
	out := entry{Index: e.Index, Seq: e.Seq, Title: x.title(event), Notice: notice(event), Proof: "waiting"}
	if e.Proof != nil {
		out.Proof = "proven"
	}
	if e.Payload == nil {
		out.Title = x.T("log.erased")
		return out
	}
	out.At, out.When = x.Catalog.Time(x.lang.Code, event.At.UTC()), event.At.UTC().Format(time.RFC3339)
	add := func(key, value string, own bool) {
		if value != "" {
			out.Facts = append(out.Facts, fact{x.T("fact." + key), value, own})
		}
	}
	claimed := event.Actor.Verified == audit.Claimed
	if claimed {
		add("name_claimed", event.Actor.Name, true)
	} else {
		add("name", event.Actor.Name, true)
	}
	add("role", x.coded("role", event.Actor.Role), false)
	add("organization", event.Actor.Organization, true)
	add("callback", event.Actor.CallBack, true)
	add("reason", x.coded("reason", event.Reason), false)
	add("reason_text", event.ReasonText, true)
	if len(event.Sections) > 0 {
		add("sections", x.Catalog.Format(x.lang.Code, sectionKeys(event.Sections)), false)
	}
	if event.Items > 0 {
		add("items", strconv.Itoa(event.Items), false)
	}
	if !event.Until.IsZero() && event.Type != audit.CardIssued {
		add("until", x.Catalog.Time(x.lang.Code, event.Until.UTC()), false)
	}
	if event.Card != "" && names != nil {
		name := names[event.Card]
		if name == "" {
			name = event.Card
		}
		add("card", name, true)
	}
	if event.RulesVersion > 0 {
		add("rules", strconv.Itoa(event.RulesVersion), false)
	}
	add("network", event.Actor.Network, false)
	return out
}

// title is what happened in one sentence. Refusals, wrong secrets and short codes have their own.
func (x *exchange) title(event audit.Event) string {
	key := "log." + string(event.Type)
	for _, more := range []string{event.Details["cause"], event.Details["via"], event.Details["warning"], string(event.Outcome)} {
		if more != "" && x.Catalog.Has(key+"."+more) {
			return x.T(key + "." + more)
		}
	}
	if !x.Catalog.Has(key) {
		return x.T("log.other", "type", string(event.Type))
	}
	return x.T(key)
}

func notice(event audit.Event) bool { return strings.HasPrefix(string(event.Type), "glass.") }

// historyEntry is an entry with what a browser needs to check it.
type historyEntry struct {
	Index   int64    `json:"index"`
	Seq     uint64   `json:"seq"`
	Salt    *string  `json:"salt"`    // base64url; null once erased
	Payload *string  `json:"payload"` // the exact canonical JSON; null once erased
	Proof   *proof   `json:"proof"`   // null while no checkpoint covers the entry
	Words   []string `json:"words"`
}

type proof struct {
	Size   int64    `json:"size"`
	Hashes []string `json:"hashes"` // base64
}

// maxProved is how many entries one answer of the API holds.
const maxProved = 100

// history is the log of a patient for programs: what the entries say, word for word, and the proofs.
func (s *Server) history(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	after := uint64(0)
	if asked := x.r.URL.Query().Get("after"); asked != "" {
		if after, err = strconv.ParseUint(asked, 10, 53); err != nil {
			return invalid("not_number", "after")
		}
	}
	view, err := s.Service.History(x.r.Context(), x.caller, id, after, maxProved)
	if err != nil {
		return err
	}
	names, err := s.cardNames(x, id)
	if err != nil {
		return err
	}
	entries := []historyEntry{}
	for _, e := range view.Entries {
		out := historyEntry{Index: e.Index, Seq: e.Seq, Words: []string{x.entry(e, names).Title}}
		if e.Payload != nil {
			salt, payload := base64.RawURLEncoding.EncodeToString(e.Salt), string(e.Payload)
			out.Salt, out.Payload = &salt, &payload
		}
		if e.Proof != nil {
			out.Proof = &proof{Size: e.Proof.Size, Hashes: []string{}}
			for _, hash := range e.Proof.Hashes {
				out.Proof.Hashes = append(out.Proof.Hashes, base64.StdEncoding.EncodeToString(hash[:]))
			}
		}
		entries = append(entries, out)
	}
	return x.json(struct {
		Checkpoint string         `json:"checkpoint"`
		VKey       string         `json:"vkey"`
		Entries    []historyEntry `json:"entries"`
	}{view.Checkpoint, view.VKey, entries})
}

// markSeen remembers up to where somebody has looked. Entries that come later are announced again.
func (s *Server) markSeen(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	id, err := x.patient()
	if err != nil {
		return err
	}
	seq, err := strconv.ParseUint(x.value("seq"), 10, 53)
	if err != nil {
		return invalid("not_number", "seq")
	}
	if err := s.Service.MarkSeen(x.r.Context(), x.caller, id, seq); err != nil {
		return err
	}
	return x.redirect("/patients/" + string(id) + "/log")
}
