package web

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// shownEntries is how many entries a page of the log shows.
const shownEntries = 50

// who shows who looked: every entry in words, the newest first. The browser checks the proof of each.
func (s *Server) who(x *exchange) error {
	p, id, err := x.patientPage("log", "console.log.title")
	if err != nil {
		return err
	}
	newest, err := s.Service.History(x.r.Context(), x.caller, id, 0, 1)
	if err != nil {
		return err
	}
	last := newest.Last
	end := last // the newest that this page shows
	if before, err := strconv.ParseUint(x.r.URL.Query().Get("before"), 10, 64); err == nil && before > 0 {
		end = min(last, before-1)
	}
	after, older := uint64(0), uint64(0)
	if end > shownEntries {
		after = end - shownEntries
		older = after + 1
	}
	view, err := s.Service.History(x.r.Context(), x.caller, id, after, shownEntries)
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
	reviews, err := s.Service.Reviews(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	var entries []entry
	for _, e := range slices.Backward(view.Entries) {
		if e.Seq <= end {
			line := x.entry(e, names)
			line.Review = x.reviewOf(id, e.Event, reviews)
			line.Grant = grantPath(id, e.Event)
			entries = append(entries, line)
		}
	}
	p.Exit, p.Scripts = neutral, []string{"js/console/log.js", "js/console/exit.js"}
	p.D = struct {
		Entries []entry
		Last    uint64
		Unseen  int
		Older   uint64 // the page before this one ends before this number; 0 when this is the oldest
		After   uint64 // number of the entry before the oldest of this page
		Source  string // where the browser gets the proofs
		Base    string
		Waits   []wait
	}{entries, last, p.Nav.Unseen, older, after, "/v1/patients/" + string(id) + "/log", p.Back + "/log", waits}
	return x.show("log", p)
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

// historyAnswer is a part of a patient's log with its proofs.
type historyAnswer struct {
	VKey        string            `json:"vkey"`
	Checkpoint  string            `json:"checkpoint"`  // the signed note that the proofs lead to; "" while none covers any of the entries
	Consistency *consistency      `json:"consistency"` // null unless asked for, and when the published log does not reach the size asked for
	Entries     []historyEntry    `json:"entries"`
	Cards       map[string]string `json:"cards"` // what the keeper calls the cards, by id: the log knows their ids alone
}

// consistency proves that the published log begins with an older one.
type consistency struct {
	Size       int64    `json:"size"` // of the older one
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint"`
}

// history is the log of a patient for programs: what the entries say, word for word, and the proofs. Whoever remembers the size of an older
// checkpoint gets, by ?seen=, the proof that nothing of it was changed.
func (s *Server) history(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	after, err := x.number("after")
	if err != nil {
		return err
	}
	seen, err := x.number("seen")
	if err != nil {
		return err
	}
	view, err := s.Service.History(x.r.Context(), x.caller, id, after, maxProved)
	if err != nil {
		return err
	}
	answer := historyAnswer{VKey: view.VKey, Checkpoint: view.Checkpoint, Entries: []historyEntry{}}
	if answer.Cards, err = s.cardNames(x, id); err != nil {
		return err
	}
	if answer.Consistency, err = s.consistency(x, int64(seen)); err != nil {
		return err
	}
	for _, e := range view.Entries {
		answer.Entries = append(answer.Entries, x.provedEntry(e, answer.Cards))
	}
	return x.json(answer)
}

// number is a whole number of the query, 0 when it is not there.
func (x *exchange) number(name string) (uint64, error) {
	asked := x.r.URL.Query().Get(name)
	if asked == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(asked, 10, 53)
	if err != nil {
		return 0, invalid("not_number", name)
	}
	return n, nil
}

func (s *Server) consistency(x *exchange, seen int64) (*consistency, error) {
	if seen == 0 {
		return nil, nil
	}
	proof, err := s.Config.Log.ProveConsistency(x.r.Context(), seen)
	if errors.Is(err, audit.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &consistency{proof.OldSize, inBase64(proof.Hashes), string(proof.Checkpoint)}, nil
}

func (x *exchange) provedEntry(e emergency.HistoryEntry, cards map[string]string) historyEntry {
	out := historyEntry{Index: e.Index, Seq: e.Seq, Words: []string{x.entry(e, cards).Title}}
	if e.Payload != nil {
		salt, payload := base64.RawURLEncoding.EncodeToString(e.Salt), string(e.Payload)
		out.Salt, out.Payload = &salt, &payload
	}
	if e.Proof != nil {
		out.Proof = &proof{Size: e.Proof.Size, Hashes: inBase64(e.Proof.Hashes)}
	}
	return out
}

func inBase64(hashes []tlog.Hash) []string {
	texts := make([]string, len(hashes))
	for i, hash := range hashes {
		texts[i] = base64.StdEncoding.EncodeToString(hash[:])
	}
	return texts
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
