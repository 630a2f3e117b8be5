package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

var update = flag.Bool("update", false, "write the golden files anew")

// saidEntry is a row of testdata/entries.json: what the browser must say of a payload (static/js/test/entry.test.mjs reads it too).
type saidEntry struct {
	Lang    string            `json:"lang"`
	Payload json.RawMessage   `json:"payload"` // null when it was erased
	Cards   map[string]string `json:"cards"`
	Title   string            `json:"title"`
	When    string            `json:"when"`
	Facts   [][2]string       `json:"facts"` // label, and value or moment
}

func entryEvents() []audit.Event {
	at := time.Date(2026, 11, 22, 4, 5, 6, 789e6, time.UTC)
	actor := audit.Actor{Kind: audit.ByResponder, Name: "Robin \"R\" Rescue", Role: "paramedic", Organization: "الهلال الأحمر", CallBack: "+46 70 174 06 05",
		Verified: audit.Claimed, Network: "203.0.113.0/24"}
	opened := audit.Event{Type: audit.GlassOpened, At: at, Subject: "p", Actor: actor, Card: "card-1", Sections: []string{"allergies", "medications", "of_tomorrow"}, Items: 12,
		Reason: "unconscious", ReasonText: "意識がない", Outcome: audit.Granted, Until: at.Add(4 * time.Hour), RulesVersion: 3}
	badged := opened
	badged.Actor.Verified, badged.Sections, badged.Card, badged.Reason = audit.VerifiedBadge, []string{"allergies"}, "card-2", "of_tomorrow"
	badged.Details = map[string]string{"authority": "abroad.example"}
	uncounted := audit.Event{Type: audit.GlassOpened, At: at, Subject: "p", Actor: actor, Outcome: audit.Granted, Details: map[string]string{"badge": "not_counted"}}
	by := audit.Actor{Kind: audit.ByAccount, Verified: audit.VerifiedPasskey}
	events := []audit.Event{opened, badged, uncounted,
		{Type: audit.CardScanned, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Card: "card-1", Details: map[string]string{"via": "short_code", "more": "not_logged"}},
		{Type: audit.GlassRefused, At: at, Subject: "p", Actor: actor, Outcome: audit.Refused, Details: map[string]string{"cause": "wrong_secret"}},
		{Type: audit.GlassRefused, At: at, Subject: "p", Actor: actor, Outcome: audit.Waiting},
		{Type: audit.AccountSignedIn, At: at, Subject: "p", Actor: by, Details: map[string]string{"warning": "cloned_passkey"}},
		{Type: audit.CardIssued, At: at, Subject: "p", Actor: by, Card: "card-1", Until: at.Add(time.Hour), Details: map[string]string{"carrier": "bracelet"}},
		{Type: audit.CardReadOffline, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Card: "card-1",
			Details: map[string]string{"read_at": "2026-11-20T23:59:00Z", "device": "AAAAAAAAAAA"}},
		{Type: audit.CardReadOffline, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Details: map[string]string{"read_at": "of tomorrow"}},
		{Type: audit.CardScanned, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Card: "card-1", Details: map[string]string{"drill": "yes"}},
		{Type: audit.DrillFinished, At: at, Subject: "p", Actor: by, Details: map[string]string{"cause": "slow", "seconds": "12"}},
		{Type: "something.new", At: at, Subject: "p", Actor: by},
	}
	abroad := audit.Event{Type: audit.GlassOpened, At: at, Subject: "p", Actor: actor, Outcome: audit.Granted, Details: map[string]string{"country": "SE"}}
	events = append(events, abroad)
	abroad.Actor.Verified = audit.VerifiedBadge
	events = append(events, abroad)
	for _, what := range []string{"", "consent", "log_file", "record"} {
		for _, outcome := range []audit.Outcome{audit.Begun, audit.Done, audit.Failed} {
			events = append(events, audit.Event{Type: audit.DataExported, At: at, Subject: "p", Actor: by, Outcome: outcome, Details: map[string]string{"what": what}})
		}
	}
	events = append(events, audit.Event{Type: audit.DataExported, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByOperator}, Details: map[string]string{"what": "log"}})
	for _, tap := range []string{"live", "reload"} {
		events = append(events, audit.Event{Type: audit.CardScanned, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Details: map[string]string{"tap": tap}})
	}
	for _, tap := range []string{"stale", "wrong", "cloned", "unsupported", "of_tomorrow"} {
		events = append(events, audit.Event{Type: audit.CardTapDoubted, At: at, Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder}, Details: map[string]string{"tap": tap}})
	}
	for i, ground := range audit.Grounds() {
		erasers := []audit.Actor{{Kind: audit.ByOperator, Verified: audit.VerifiedPasskey}, {Kind: audit.ByOperator}, by, {Kind: audit.ByServer}}
		events = append(events, audit.Event{Type: audit.EntryErased, At: at, Subject: "p", Actor: erasers[i], Details: map[string]string{"index": "17", "ground": string(ground)}})
	}
	link := audit.Event{At: at, Subject: "p", Actor: actor, Card: "card-1", Details: map[string]string{"step": "link"}}
	for _, kind := range []audit.Type{audit.GlassOpened, audit.GlassReopened} {
		link.Type, link.Outcome = kind, audit.Granted
		events = append(events, link)
	}
	handed := link
	handed.Type, handed.Details = audit.GlassReopened, map[string]string{"step": "handover"}
	events = append(events, handed)
	for _, kind := range []audit.Type{audit.HandoverMade, audit.ReviewGiven, audit.ReviewAnswered, audit.OfficerSearched, audit.OfficerExported} {
		events = append(events, audit.Event{Type: kind, At: at, Subject: "p", Actor: by, Grant: "grant-1", Details: map[string]string{"verdict": "wrong"}})
	}
	for _, outcome := range []audit.Outcome{audit.Begun, audit.Done, audit.Failed} {
		events = append(events, audit.Event{Type: audit.OfficerExported, At: at, Subject: "p", Actor: by, Outcome: outcome, Details: map[string]string{"stated_reason": "unconscious"}})
	}
	for _, cause := range []string{"wrong_passcode", "link_ended"} {
		events = append(events, audit.Event{Type: audit.GlassRefused, At: at, Subject: "p", Actor: actor, Outcome: audit.Refused,
			Details: map[string]string{"step": "link", "cause": cause}})
	}
	for _, kind := range []audit.Type{audit.CardScanned, audit.CardRevoked, audit.GlassReopened, audit.GlassRefused, audit.RequestWaiting, audit.RequestVetoed,
		audit.RulesChanged, audit.RulesProposed, audit.RulesVetoed, audit.NoticeFailed, audit.NoticeRepeated, audit.ReceiptMade, audit.RecordChanged, audit.RecordImported, audit.PatientCreated, audit.PatientDeleted, audit.DataExported} {
		events = append(events, audit.Event{Type: kind, At: at, Subject: "p", Actor: by, RulesVersion: 1})
	}
	return events
}

// TestTheBrowserSaysEntriesAsTheServerDoes writes down what the server says of every kind of entry in every language. The browser's own words are held
// to the same table, so that the comparison on the page finds lies and nothing else.
func TestTheBrowserSaysEntriesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	catalog, err := catalogOfAll()
	if err != nil {
		t.Fatal(err)
	}
	cards := map[string]string{"card-1": "My wallet"}
	var rows []saidEntry
	for _, lang := range catalog.Languages() {
		x := &exchange{Server: &Server{Config: Config{Catalog: catalog}}, lang: lang}
		say := func(e emergency.HistoryEntry) {
			said := x.entry(e, cards)
			row := saidEntry{Lang: lang.Code, Payload: e.Payload, Cards: cards, Title: said.Title, When: said.When, Facts: [][2]string{}}
			for _, fact := range said.Facts {
				value := fact.Value
				if exact := cmp.Or(fact.When, fact.Code); exact != "" {
					value = exact
				}
				row.Facts = append(row.Facts, [2]string{fact.Label, value})
			}
			rows = append(rows, row)
		}
		for i, event := range entryEvents() {
			if err := event.Validate(); err != nil {
				t.Fatal(err)
			}
			say(emergency.HistoryEntry{Event: event, Payload: audit.Canonical(event, uint64(i+1), nil)})
		}
		say(emergency.HistoryEntry{})
	}
	got, err := json.MarshalIndent(rows, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/entries.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s says otherwise; look at the difference after go test -update", file)
	}
}

// The page of the log loads a few rooms of words. A title that stands in another one would be said by the server alone, and look like a lie.
func TestTheBrowserHasTheWordsOfEntries(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../static/js/console/log.js")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../static/locales/en/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d rooms (%v)", len(files), err)
	}
	said := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]any
		if err := json.Unmarshal(text, &words); err != nil {
			t.Fatal(err)
		}
		room := strings.TrimSuffix(filepath.Base(file), ".json")
		loaded := bytes.Contains(script, []byte("'"+room+"'"))
		for key := range words {
			about, _, _ := strings.Cut(key, ".")
			if !slices.Contains([]string{"log", "fact", "role", "reason", "section", "carrier", "badge_shown", "more", "ground", "erased_by"}, about) {
				continue
			}
			if said++; !loaded {
				t.Errorf("%s.json says %q, and the page of the log does not load it", room, key)
			}
		}
	}
	if said < 100 {
		t.Errorf("only %d words of entries were found", said)
	}
}
