package emergency_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// entriesOf is what the store holds about a subject.
func entriesOf(t *testing.T, app *emergencytest.App, subject string) []audit.Entry {
	t.Helper()
	entries, err := app.Store.SubjectEntries(context.Background(), subject, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// logHolds verifies the whole log of a house and returns how many entries were erased.
func logHolds(t *testing.T, app *emergencytest.App) audit.Report {
	t.Helper()
	if _, err := app.Log.Publish(context.Background()); err != nil {
		t.Fatal(err)
	}
	report, err := audit.VerifyStore(context.Background(), app.Store, app.Log.Keys(), emergency.LogSealer(app.Keys.Data), nil)
	if err != nil {
		t.Errorf("the log does not hold: %v", err)
	}
	return report
}

// unseen is how many entries about a patient a keeper has not looked at, as the list and as the page of the patient say it.
func unseen(t *testing.T, s *emergency.Service, keeper *emergencytest.Person, patient emergency.PatientID) int {
	t.Helper()
	ctx, c := context.Background(), keeper.Caller(t)
	view, err := s.Patient(ctx, c, patient)
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Patients(ctx, c)
	if err != nil || !slices.ContainsFunc(list, func(each emergency.PatientView) bool { return each.ID == patient && each.Unseen == view.Unseen }) {
		t.Errorf("the list says otherwise than %d unseen: %+v, %v", view.Unseen, list, err)
	}
	return view.Unseen
}

// reference is as long as one may be, in letters that take two bytes each.
var reference = "Лист " + strings.Repeat("7", 95)

// onRequest is an erasure of everything about a patient.
func onRequest(patient emergency.PatientID) emergency.Erasure {
	return emergency.Erasure{Subject: string(patient), Ground: audit.OnRequest, Reference: reference}
}

// TestWordsAreErasedAndTheLogHolds: what a responder said goes, that something happened stays, and the patient reads when the words went and why.
func TestWordsAreErasedAndTheLogHolds(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	opened := w.open(t, w.medic.Caller(t), w.issued)
	if _, err := s.SearchOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{Patient: w.patient}); err != nil {
		t.Fatal(err)
	}
	about := emergency.Erasure{Subject: string(w.patient), Grant: opened.GrantID, Ground: audit.OnMistake}
	if done, err := s.EraseEntries(ctx, w.officer.Caller(t), about); err != nil || done.Erased != 0 || done.Kept == 0 {
		t.Errorf("of an opening that still runs: %+v, %v", done, err)
	}
	w.app.Clock.Add(200 * time.Hour)
	for _, p := range []*emergencytest.Person{w.anna, w.medic, w.officer} {
		if err := p.SignIn(t); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Review(ctx, w.anna.Caller(t), w.patient, opened.GrantID, emergency.VerdictWrong, "I was at home"); err != nil {
		t.Fatal(err)
	}
	if done, err := s.EraseEntries(ctx, w.officer.Caller(t), about); err != nil || done.Erased != 0 || done.Kept == 0 {
		t.Errorf("of an opening that somebody has yet to answer for: %+v, %v", done, err)
	}
	if err := s.AnswerReview(ctx, w.officer.Caller(t), opened.GrantID, "We talked to them."); err != nil {
		t.Fatal(err)
	}
	before, news := entriesOf(t, w.app, string(w.patient)), unseen(t, s, w.anna, w.patient)
	done, err := s.EraseEntries(ctx, w.officer.Caller(t), about)
	if err != nil || done.Erased == 0 || done.Pending {
		t.Fatalf("the words about the opening: %+v, %v", done, err)
	}
	if got := unseen(t, s, w.anna, w.patient); got != news+done.Erased {
		t.Errorf("the keeper has %d to look at, want %d and what was erased", got, news)
	}
	if found, err := s.SearchOpenings(ctx, w.officer.Caller(t), emergency.OfficerQuery{Patient: w.patient}); err != nil || len(found) != 1 || found[0].Stated.Name != "" {
		t.Errorf("the officer still reads who opened: %+v, %v", found, err)
	}

	w.app.Clock.Add(time.Minute)
	all, err := s.EraseEntries(ctx, emergency.Caller{Operator: true}, onRequest(w.patient))
	if err != nil || all.Erased == 0 || all.Kept == 0 {
		t.Fatalf("everything about the patient: %+v, %v", all, err)
	}
	after := entriesOf(t, w.app, string(w.patient))
	for i, was := range before {
		is := after[i]
		if is.Index != was.Index || is.Seq != was.Seq || is.Type != was.Type || !is.At.Equal(was.At) || is.Leaf != was.Leaf || is.Subject != was.Subject {
			t.Errorf("entry %d was %+v and is %+v", i, was, is)
		}
		gone, stays := is.Sealed == nil, was.Type == audit.OfficerSearched || was.Type == audit.EntryErased
		if gone == is.ErasedAt.IsZero() || gone && stays || !gone && was.Type == audit.GlassOpened {
			t.Errorf("entry %d (%s): its words are gone: %v, erased at %v", i, was.Type, gone, is.ErasedAt)
		}
	}
	report := logHolds(t, w.app)
	if report.Erased != int64(done.Erased+all.Erased) {
		t.Errorf("%d entries are erased, want %d and %d", report.Erased, done.Erased, all.Erased)
	}
	last := w.lastEntry(t)
	if last.Type != audit.EntryErased || last.Details["ground"] != "request" || last.ReasonText != reference || last.Actor.Kind != audit.ByOperator {
		t.Errorf("the last entry is %+v", last)
	}
	again, err := s.EraseEntries(ctx, emergency.Caller{Operator: true}, onRequest(w.patient))
	if err != nil || again.Erased != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	w.open(t, w.medic.Caller(t), w.issued) // the chain goes on
	logHolds(t, w.app)
}

func TestWhoMayErase(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	operator := emergency.Caller{Operator: true}
	all := onRequest(w.patient)
	entry := entriesOf(t, w.app, string(w.patient))[0]
	single := emergency.Erasure{Entries: []emergency.EntryPlace{{Epoch: 1, Index: entry.Index}}, Ground: audit.OnMistake}
	stale := w.officer.Caller(t)
	stale.Verified = w.app.Clock.Now().Add(-time.Hour)
	edited := func(edit func(e *emergency.Erasure)) emergency.Erasure {
		e := all
		edit(&e)
		return e
	}
	for _, c := range []struct {
		name string
		by   emergency.Caller
		what emergency.Erasure
		want error
	}{
		{"a stranger", emergency.Caller{}, all, emergency.ErrSignIn},
		{"a patient", w.anna.Caller(t), all, emergency.ErrNotFound},
		{"an administrator", w.admin.Caller(t), all, emergency.ErrNotFound},
		{"an officer without a fresh passkey", stale, all, emergency.ErrFreshPasskey},
		{"an officer, words about an account", w.officer.Caller(t), onRequest(emergency.PatientID(w.officer.Caller(t).Account)), emergency.ErrNotFound},
		{"an officer, by numbers", w.officer.Caller(t), single, emergency.ErrNotFound},
		{"by age", operator, edited(func(e *emergency.Erasure) { e.Ground = audit.OnAge }), emergency.ErrInvalid},
		{"without a ground", operator, edited(func(e *emergency.Erasure) { e.Ground = "" }), emergency.ErrInvalid},
		{"with a long reference", operator, edited(func(e *emergency.Erasure) { e.Reference = strings.Repeat("ж", 101) }), emergency.ErrInvalid},
		{"with a reference of two lines", operator, edited(func(e *emergency.Erasure) { e.Reference = "a\nb" }), emergency.ErrInvalid},
		{"nothing", operator, edited(func(e *emergency.Erasure) { e.Subject = "" }), emergency.ErrInvalid},
		{"nobody", operator, onRequest("0123456789abcdefABCDEF"), emergency.ErrNotFound},
		{"an entry that there is not", operator, emergency.Erasure{Entries: []emergency.EntryPlace{{Epoch: 1, Index: 5000}}, Ground: audit.OnMistake}, emergency.ErrNotFound},
	} {
		if done, err := s.EraseEntries(ctx, c.by, c.what); !errors.Is(err, c.want) || done.Erased != 0 {
			t.Errorf("%s: %+v, %v, want %v", c.name, done, err, c.want)
		}
	}
	if done, err := s.EraseEntries(ctx, operator, single); err != nil || done.Erased != 1 {
		t.Errorf("an operator, by numbers: %+v, %v", done, err)
	}
	if _, err := s.EraseEntries(ctx, operator, single); !errors.Is(err, emergency.ErrConflict) {
		t.Errorf("a second time: %v", err)
	}
	logHolds(t, w.app)
}

// busyStore is a store in which something else happens meanwhile, and which counts how often it was scrubbed.
type busyStore struct {
	emergency.Store
	beforeUpdate, duringScrub func() // each happens once
	scrubbed                  int
}

func (b *busyStore) Update(ctx context.Context, change func(emergency.Tx) error) error {
	if do := b.beforeUpdate; do != nil {
		b.beforeUpdate = nil
		do()
	}
	return b.Store.Update(ctx, change)
}

func (b *busyStore) Scrub(ctx context.Context) error {
	b.scrubbed++
	err := b.Store.Scrub(ctx)
	if do := b.duringScrub; do != nil {
		b.duringScrub = nil
		do()
	}
	return err
}

// TestNobodyErasesForThemselves: an officer who opened leaves the words about it to the operator. What a keeper calls wrong at the last moment keeps its words.
func TestNobodyErasesForThemselves(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	ctx, s := context.Background(), w.app.Service
	invited, err := s.InviteMember(ctx, w.admin.Caller(t), w.organization, "Offi Cer", emergency.RoleResponder)
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(invited.Link, "#")
	if _, err := s.AcceptInvitation(ctx, w.officer.Caller(t), token, emergency.Acceptance{}); err != nil {
		t.Fatal(err)
	}
	own, medics := w.open(t, w.officer.Caller(t), w.issued), w.open(t, w.medic.Caller(t), w.issued)
	w.app.Clock.Add(200 * time.Hour)
	for _, p := range []*emergencytest.Person{w.anna, w.officer} {
		if err := p.SignIn(t); err != nil {
			t.Fatal(err)
		}
	}
	about := func(opened emergency.Opened) emergency.Erasure {
		return emergency.Erasure{Subject: string(w.patient), Grant: opened.GrantID, Ground: audit.OnMistake}
	}
	if done, err := s.EraseEntries(ctx, w.officer.Caller(t), about(own)); err != nil || done.Erased != 0 || done.Kept == 0 {
		t.Errorf("an officer, of an opening of their own: %+v, %v", done, err)
	}
	if done, err := s.EraseEntries(ctx, emergency.Caller{Operator: true}, about(own)); err != nil || done.Erased == 0 {
		t.Errorf("the operator: %+v, %v", done, err)
	}
	officer, anna := w.officer.Caller(t), w.anna.Caller(t)
	s.Store = &busyStore{Store: s.Store, beforeUpdate: func() {
		if err := s.Review(ctx, anna, w.patient, medics.GrantID, emergency.VerdictWrong, ""); err != nil {
			t.Error(err)
		}
	}}
	if done, err := s.EraseEntries(ctx, officer, about(medics)); err != nil || done.Erased != 0 || done.Kept == 0 {
		t.Errorf("of an opening that a keeper calls wrong at that moment: %+v, %v", done, err)
	}
	logHolds(t, w.app)
}

// TestWhatIsDeletedDuringAScrubIsScrubbedToo: the next sweep takes it out of the files, and so does an erasure that is asked for again.
func TestWhatIsDeletedDuringAScrubIsScrubbedToo(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := context.Background(), app.Service
	ben := app.SignUp(t, "Ben")
	patient := ben.Patient(t, "traveller-ja")
	single := emergency.Erasure{Entries: []emergency.EntryPlace{{Epoch: 1, Index: entriesOf(t, app, string(patient))[0].Index}}, Ground: audit.OnMistake}
	store := &busyStore{Store: s.Store, duringScrub: func() {
		if err := ben.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(patient)}); err != nil {
			t.Error(err)
		}
	}}
	s.Store = store
	for i, want := range []int{1, 2, 2} {
		if _, err := s.Sweep(ctx); err != nil || store.scrubbed != want {
			t.Errorf("after sweep %d the files were scrubbed %d times (%v), want %d", i+1, store.scrubbed, err, want)
		}
	}
	for i, want := range []error{nil, emergency.ErrConflict} {
		if _, err := s.EraseEntries(ctx, emergency.Caller{Operator: true}, single); !errors.Is(err, want) || store.scrubbed != 3+i {
			t.Errorf("after erasure %d: scrubbed %d times (%v), want %d", i+1, store.scrubbed, err, 3+i)
		}
	}
}

// A20: what was erased, or was of a deleted patient, is nowhere in the files of the house, nor in a backup made afterwards, nor in the server's own log.
func TestNothingOfWhatWasErasedIsLeft(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	var serverLog bytes.Buffer
	app.Service.Logger = slog.New(slog.NewTextHandler(&serverLog, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, s := context.Background(), app.Service
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	patient, deleted := anna.Patient(t, "adult"), ben.Patient(t, "traveller-ja")
	issued := anna.Issue(t, patient)
	lost := ben.Issue(t, deleted)
	open := emergencytest.OpenRequest(issued)
	open.Name, open.ReasonText, open.CallBack = "Zebulon Quagga", "lay under the old yew", "+00 555 0177"
	if _, err := s.Open(ctx, emergency.Caller{}, open); err != nil {
		t.Fatal(err)
	}

	needles := map[string][]byte{"the name": []byte("Zebulon Quagga"), "the words": []byte("old yew"), "the number": []byte("555 0177")}
	history, err := s.History(ctx, anna.Caller(t), patient, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entriesOf(t, app, string(patient)) {
		if h := history.Entries[i]; h.Event.Type == audit.GlassOpened {
			needles["the sealed bytes"], needles["the salt"] = e.Sealed, h.Salt
			needles["the payload"], needles["the salt as text"] = h.Payload, []byte(base64.RawURLEncoding.EncodeToString(h.Salt))
		}
	}
	if err := app.Store.View(ctx, func(r emergency.Reader) error {
		record, err := r.Record(deleted)
		if err != nil {
			return err
		}
		card, err := r.Card(lost.ID)
		if err != nil {
			return err
		}
		_, body, _ := bytes.Cut(record.Sealed, []byte("\n--- ")) // all records of age begin alike
		needles["the sealed record"], needles["the sealed address of the card"] = body, card.SealedAddress
		needles["the recipient of the card"] = []byte(card.Recipient)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	database := datadir.DatabasePath(app.Dir)
	inFiles := func(files ...string) map[string]bool {
		found := make(map[string]bool)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			for name, needle := range needles {
				if contains(raw, needle) {
					found[name] = true
				}
			}
		}
		return found
	}
	before := inFiles(database, database+"-wal")
	for _, name := range []string{"the sealed bytes", "the sealed record", "the sealed address of the card"} {
		if !before[name] {
			t.Errorf("%s are not found before anything is erased: this test would find nothing", name)
		}
	}
	for _, name := range []string{"the name", "the words", "the number", "the salt", "the payload"} {
		if before[name] {
			t.Errorf("%s stand in the open", name)
		}
	}

	app.Clock.Add(200 * time.Hour) // the opening has ended
	older := filepath.Join(t.TempDir(), "backup")
	if _, err := datadir.Backup(ctx, app.Dir, "", older, nil); err != nil {
		t.Fatal(err)
	}
	done, err := s.EraseEntries(ctx, emergency.Caller{Operator: true}, onRequest(patient))
	if err != nil || done.Erased == 0 || done.Pending || done.Unlisted {
		t.Fatalf("EraseEntries = %+v, %v", done, err)
	}
	if err := ben.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := ben.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(deleted)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(ctx); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "backup")
	if _, err := datadir.Backup(ctx, app.Dir, "", copied, nil); err != nil {
		t.Fatal(err)
	}
	mark := filepath.Join(t.TempDir(), "mark") // of its own: the old house goes on
	if list, err := os.ReadFile(filepath.Join(app.Dir, "high-water.gone")); err != nil || os.WriteFile(mark+".gone", list, 0o600) != nil {
		t.Fatal("the list of what is gone cannot be copied", err)
	}
	restored := datadir.Options{Dir: filepath.Join(t.TempDir(), "restored"), HighWater: mark, Now: app.Clock.Now}
	back, err := datadir.Restore(ctx, older, datadir.KeyDir(app.Dir, ""), restored)
	if err != nil || back.Again.Entries < done.Erased || back.Again.Patients != 1 || back.Again.Left != 0 || back.Again.Unreadable != 0 {
		t.Errorf("the restored house has gone again: %+v (%v), want %d entries and a patient", back.Again, err, done.Erased)
	}
	if before := inFiles(datadir.DatabasePath(older)); !before["the sealed bytes"] || !before["the sealed record"] {
		t.Error("the older backup holds nothing of what was erased since: this test would find nothing in a house made of it")
	}
	again := datadir.DatabasePath(restored.Dir)
	for file, found := range map[string]map[string]bool{
		"the database": inFiles(database), "its write-ahead log": inFiles(database + "-wal"), "a backup made afterwards": inFiles(datadir.DatabasePath(copied)),
		"a house restored from a backup made before": inFiles(again, again+"-wal"), "the list of what is gone": inFiles(mark + ".gone"),
	} {
		for name := range found {
			t.Errorf("%s is left in %s", name, file)
		}
	}
	for name, needle := range needles {
		if contains(serverLog.Bytes(), needle) {
			t.Errorf("%s stands in the server's log", name)
		}
	}
	logHolds(t, app)
}

// contains reports whether any 24 bytes of a needle, or all of a shorter one, are found: a page may hold a part of it.
func contains(raw, needle []byte) bool {
	const part = 24
	if len(needle) <= part {
		return bytes.Contains(raw, needle)
	}
	for at := 0; at+part <= len(needle); at += part {
		if bytes.Contains(raw, needle[at:at+part]) {
			return true
		}
	}
	return false
}

// TestWordsAreErasedByAge goes through four years of openings.
func TestWordsAreErasedByAge(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := context.Background(), app.Service
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	open := emergencytest.OpenRequest(anna.Issue(t, patient))
	year := 365 * 24 * time.Hour
	for range 3 {
		if _, err := s.Open(ctx, emergency.Caller{}, open); err != nil {
			t.Fatal(err)
		}
		app.Clock.Add(year - 40*24*time.Hour) // the card is valid for three years
	}
	if _, err := s.EraseExpired(ctx, emergency.MinLogLife-time.Hour, 10); err == nil {
		t.Error("words are erased after less than three years")
	}
	app.Clock.Add(4*emergency.MinLogLife/3 - 3*(year-40*24*time.Hour)) // four years after the first
	old := 0
	for _, e := range entriesOf(t, app, string(patient)) {
		if e.At.Before(app.Clock.Now().Add(-emergency.MinLogLife)) && e.Sealed != nil {
			old++
		}
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	news := unseen(t, s, anna, patient)
	erased, err := s.EraseExpired(ctx, emergency.MinLogLife, 2)
	if got := unseen(t, s, anna, patient); got != news {
		t.Errorf("the keeper has %d to look at, want the %d from before anything was erased by age", got, news)
	}
	if err != nil || erased < old || old == 0 {
		t.Errorf("EraseExpired = %d, %v, want at least the %d of the patient", erased, err, old)
	}
	openings := slices.DeleteFunc(entriesOf(t, app, string(patient)), func(e audit.Entry) bool { return e.Type != audit.GlassOpened })
	if len(openings) != 3 || !openings[2].ErasedAt.IsZero() || openings[0].ErasedAt.IsZero() {
		t.Errorf("the openings are %+v", openings)
	}
	if last := entriesOf(t, app, string(patient)); last[len(last)-1].Type != audit.EntryErased {
		t.Errorf("the last entry is %s", last[len(last)-1].Type)
	}
	if report := logHolds(t, app); report.Erased != int64(erased) {
		t.Errorf("%d entries are erased, want %d", report.Erased, erased)
	}
	if erased, err := s.EraseExpired(ctx, emergency.MinLogLife, 2); err != nil || erased != 0 {
		t.Errorf("a second time: %d, %v", erased, err)
	}

	// A clock that has leapt while the house was shut erases nothing.
	if err := app.House.Close(ctx); err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(10 * year)
	app.Open(t)
	if erased, err := app.Service.EraseExpired(ctx, emergency.MinLogLife, 2); err == nil || erased != 0 {
		t.Errorf("after a leap of ten years: %d, %v", erased, err)
	}
}

// TestPrunedRowsLeaveTheirProof: rows go, receipts hold, and the patient still sees that there was something.
func TestPrunedRowsLeaveTheirProof(t *testing.T) {
	t.Parallel()
	app := emergencytest.NewApp(t)
	ctx, s := context.Background(), app.Service
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	operator := emergency.Caller{Operator: true}
	if _, err := s.PruneLog(ctx, operator, 1000, time.Time{}); !errors.Is(err, emergency.ErrConflict) {
		t.Errorf("of a log of a few entries: %v", err)
	}
	for range 300 {
		if err := s.RecordOperator(ctx, operator, audit.BackupMade, nil); err != nil {
			t.Fatal(err)
		}
	}
	logHolds(t, app)
	history, err := app.Log.History(ctx, string(patient), 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := history[0].Receipt()
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.EraseEntries(ctx, operator, onRequest(patient))
	if err != nil {
		t.Fatal(err)
	}
	logHolds(t, app)
	if _, err := s.PruneLog(ctx, anna.Caller(t), 300, time.Time{}); err == nil {
		t.Error("somebody else prunes the log")
	}
	pruned, err := s.PruneLog(ctx, operator, 0, app.Clock.Now().Add(time.Hour))
	if err != nil || pruned.Index != 256 || pruned.Rows != done.Erased {
		t.Errorf("PruneLog = %+v, %v, want %d rows below 256", pruned, err, done.Erased)
	}
	if report := logHolds(t, app); report.Pruned != int64(done.Erased) || report.Erased != 0 {
		t.Errorf("report = %+v", report)
	}
	if _, err := audit.VerifyReceipt(app.Log.Verifier(), receipt); err != nil {
		t.Errorf("a receipt from before: %v", err)
	}
	if left := entriesOf(t, app, string(patient)); len(left) != done.Erased || left[0].Type != audit.EntryErased || left[0].Seq != uint64(done.Erased+1) {
		t.Errorf("%d entries are left, the first of them %+v", len(left), left[0])
	}
}
