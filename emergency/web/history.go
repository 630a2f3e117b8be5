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

// shownEntries is how many entries a page of the log shows, soughtEntries how many a filter reads at a time, and maxSoughtEntries how many for one page.
const (
	shownEntries     = 50
	soughtEntries    = 200
	maxSoughtEntries = 1000
)

// logPage is the data of the page "who looked".
type logPage struct {
	Entries  []entry
	Last     uint64
	End      uint64 // the newest that belongs on this page
	Unseen   int
	Whole    bool   // nothing between the entries is left out
	Partial  bool   // there may be more that fits: older entries were not read
	Older    uint64 // the page before this one ends before this number; 0 when this is the oldest
	Next     string // its address
	After    uint64 // number of the entry before the oldest of this page
	Source   string // where the browser gets the proofs
	Base     string
	Withheld bool // of some entries what was released is not said
	Waits    []wait
	Kinds    []logChip
	Fields   []field // of the filter
	Asked    []field // what the next page is asked for; nil when its address says it
}

// logChip is a way to the entries of one kind.
type logChip struct {
	Label, Path string
	Here        bool
}

// who shows who looked: every entry in words, the newest first and the unread before them. The browser checks the proof of each.
func (s *Server) who(x *exchange) error {
	query := x.r.URL.Query()
	return x.logPage(func(name string) string {
		if name == "kind" || name == "before" {
			return query.Get(name)
		}
		return ""
	})
}

// findEntries is who for some of the entries. The page is the answer to the form: no address leads to it again, and none says whom somebody looked for.
func (s *Server) findEntries(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	return x.logPage(x.value)
}

func (x *exchange) logPage(value func(string) string) error {
	p, id, err := x.patientPage("log", "console.log.title")
	if err != nil {
		return err
	}
	view, err := x.Service.Patient(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	newest, err := x.Service.History(x.r.Context(), x.caller, id, 0, 1)
	if err != nil {
		return err
	}
	names, err := x.cardNames(x, id)
	if err != nil {
		return err
	}
	filter := x.logFilter(view.Seen, value)
	if !filter.all() { // it may read a thousand entries
		if err := x.move(long); err != nil {
			return err
		}
	}
	data := logPage{Last: newest.Last, Unseen: view.Unseen, Whole: filter.all(), Source: "/v1/patients/" + string(id) + "/log", Base: p.Back + "/log"}
	end := data.Last // the newest that this page shows
	if before, err := strconv.ParseUint(value("before"), 10, 64); err == nil && before > 0 {
		end = min(end, before-1)
	}
	data.End = end
	if err := x.pick(&data, id, filter, end, names); err != nil {
		return err
	}
	data.Next = data.Base + "?before=" + strconv.FormatUint(data.Older, 10)
	if filter.Kind != "" {
		data.Next += "&kind=" + filter.Kind
	}
	if data.Waits, err = x.waits(id, names); err != nil {
		return err
	}
	data.Kinds = x.logChips(data.Base, filter)
	data.Fields = x.filterFields(filter, names)
	if filter.Card != "" || filter.Days > 0 || filter.Words != "" {
		data.Asked = filter.asked()
	}
	p.Exit, p.Scripts, p.D = neutral, []string{"js/console/log.js", "js/console/exit.js"}, data
	return x.show("log", p)
}

// pick reads the log backwards from end until the page is full, and puts the unread first.
func (x *exchange) pick(data *logPage, id emergency.PatientID, filter logFilter, end uint64, names map[string]string) error {
	reviews, err := x.Service.Reviews(x.r.Context(), x.caller, id)
	if err != nil {
		return err
	}
	chunk, lowest := uint64(soughtEntries), below(end, maxSoughtEntries)
	if filter.all() {
		chunk, lowest = shownEntries, below(end, shownEntries)
	}
	for data.After = end; data.After > lowest && len(data.Entries) < shownEntries; {
		from := max(below(data.After, chunk), lowest)
		view, err := x.Service.History(x.r.Context(), x.caller, id, from, int(data.After-from))
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(view.Entries) {
			if e.Seq > data.After { // where rows were pruned later ones take their place
				continue
			}
			if filter.over(e) {
				from = 0
				break
			}
			line := x.entry(e, names)
			line.New = e.Seq > filter.seen && emergency.Noticed(e.Event)
			if !filter.picks(e, line) {
				continue
			}
			data.Withheld = data.Withheld || line.Withheld
			line.Review, line.Grant, line.Proof = x.reviewOf(id, e.Event, reviews), grantPath(id, e.Event), proofPath(id, e)
			if data.Entries = append(data.Entries, line); len(data.Entries) == shownEntries {
				from = e.Seq - 1
				break
			}
		}
		if data.After = from; from == 0 {
			break
		}
	}
	if data.After > 0 {
		data.Older = data.After + 1
		data.Partial = len(data.Entries) < shownEntries && !data.Whole
	}
	slices.SortStableFunc(data.Entries, func(a, b entry) int { return unreadFirst(a) - unreadFirst(b) })
	return nil
}

// below is n less by, and never below nothing.
func below(n, by uint64) uint64 { return n - min(n, by) }

func unreadFirst(e entry) int {
	if e.New {
		return 0
	}
	return 1
}

// logChips are the ways to all entries, and to those of one kind.
func (x *exchange) logChips(base string, filter logFilter) []logChip {
	chips := []logChip{{Label: x.T("history.kind.all"), Path: base, Here: filter.all()}}
	for _, kind := range logKinds {
		chips = append(chips, logChip{Label: x.T("history.kind." + kind), Path: base + "?kind=" + kind, Here: filter.Kind == kind})
	}
	return chips
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
	Epoch    int      `json:"epoch"` // of the log, from 1
	Index    int64    `json:"index"` // in its epoch
	Seq      uint64   `json:"seq"`
	Leaf     string   `json:"leaf"`     // base64: the leaf hash, all that is left of an erased entry
	Salt     *string  `json:"salt"`     // base64url; null once erased
	Payload  *string  `json:"payload"`  // the exact canonical JSON; null once erased
	Withheld bool     `json:"withheld"` // salt and payload are there, and not for whoever asks
	Proof    *proof   `json:"proof"`    // null while no checkpoint covers the entry
	Words    []string `json:"words"`
}

type proof struct {
	Size   int64    `json:"size"`
	Hashes []string `json:"hashes"` // base64
}

// maxProved is how many entries one answer of the API holds.
const maxProved = 100

// historyAnswer is a part of a patient's log with its proofs.
type historyAnswer struct {
	Epoch       int               `json:"epoch"` // the present one
	VKey        string            `json:"vkey"`
	VKeys       []string          `json:"vkeys"`       // every key that signs: two while one takes the place of another
	Checkpoint  string            `json:"checkpoint"`  // the signed note that the proofs of the present epoch lead to; "" while none is published
	Consistency *consistency      `json:"consistency"` // null unless asked for, and when the published log does not reach the size asked for
	Successions []succession      `json:"successions"` // how keys that sign no more were followed by others
	Earlier     []earlierEpoch    `json:"earlier"`
	Recoveries  []recoveryEntry   `json:"recoveries"`
	Last        uint64            `json:"last"` // number of the last entry that there is
	Entries     []historyEntry    `json:"entries"`
	Cards       map[string]string `json:"cards"` // what the keeper calls the cards, by id: the log knows their ids alone
}

// earlierEpoch is a closed epoch of the log.
type earlierEpoch struct {
	Epoch      int      `json:"epoch"`
	Origin     string   `json:"origin"`
	VKey       string   `json:"vkey"`
	VKeys      []string `json:"vkeys"`
	Checkpoint string   `json:"checkpoint"` // its last signed note; "" when it has none
}

// succession is a checkpoint that a key which has ended and the one that took its place have both signed.
type succession struct {
	VKey       string `json:"vkey"` // of the later one
	Checkpoint string `json:"checkpoint"`
}

// recoveryEntry is the first entry of an epoch, which says what became of the one before.
type recoveryEntry struct {
	Epoch      int    `json:"epoch"`
	Salt       string `json:"salt"`
	Payload    string `json:"payload"`
	Proof      *proof `json:"proof"`      // null while no checkpoint covers it
	Checkpoint string `json:"checkpoint"` // that the proof leads to
}

// consistency proves that the published log of an epoch begins with an older one.
type consistency struct {
	Size       int64    `json:"size"` // of the older one
	Hashes     []string `json:"hashes"`
	Checkpoint string   `json:"checkpoint"`
}

// history is the log of a patient for programs: what the entries say, word for word, and the proofs. Whoever remembers the size of an older
// checkpoint gets, by ?seen= and the ?epoch= that it was of, the proof that nothing of it was changed.
func (s *Server) history(x *exchange) error {
	id, err := x.patient()
	if err != nil {
		return err
	}
	var asked [3]uint64
	for i, name := range []string{"after", "seen", "epoch"} {
		if asked[i], err = x.number(name); err != nil {
			return err
		}
	}
	view, err := s.Service.History(x.r.Context(), x.caller, id, asked[0], maxProved)
	if err != nil {
		return err
	}
	answer := historyAnswer{Epoch: view.Epoch, VKey: view.VKey, VKeys: view.VKeys, Checkpoint: view.Checkpoint, Successions: []succession{}, Earlier: []earlierEpoch{}, Recoveries: []recoveryEntry{},
		Last: view.Last, Entries: []historyEntry{}}
	if answer.Cards, err = s.cardNames(x, id); err != nil {
		return err
	}
	if asked[2] == 0 {
		asked[2] = uint64(view.Epoch)
	}
	if answer.Consistency, err = s.consistency(x, int(asked[2]), int64(asked[1])); err != nil {
		return err
	}
	for _, each := range view.Successions {
		answer.Successions = append(answer.Successions, succession{each.VKey, string(each.Note)})
	}
	for _, e := range view.Earlier {
		answer.Earlier = append(answer.Earlier, earlierEpoch(e))
	}
	for _, p := range view.Recoveries {
		recovery := recoveryEntry{Epoch: p.Entry.Epoch, Salt: base64.RawURLEncoding.EncodeToString(p.Salt[:]), Payload: string(p.Raw)}
		if p.Proof != nil {
			recovery.Proof, recovery.Checkpoint = &proof{Size: p.Proof.Size, Hashes: inBase64(p.Proof.Hashes)}, string(p.Proof.Checkpoint)
		}
		answer.Recoveries = append(answer.Recoveries, recovery)
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

func (s *Server) consistency(x *exchange, epoch int, seen int64) (*consistency, error) {
	if seen == 0 {
		return nil, nil
	}
	published, err := s.Config.Log.Epoch(x.r.Context(), epoch)
	if errors.Is(err, audit.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	proof, err := published.ProveConsistency(x.r.Context(), seen)
	if errors.Is(err, audit.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &consistency{proof.OldSize, inBase64(proof.Hashes), string(proof.Checkpoint)}, nil
}

func (x *exchange) provedEntry(e emergency.HistoryEntry, cards map[string]string) historyEntry {
	out := historyEntry{Epoch: e.Epoch, Index: e.Index, Seq: e.Seq, Leaf: e.Leaf.String(), Withheld: e.Withheld, Words: []string{x.entry(e, cards).Title}}
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
