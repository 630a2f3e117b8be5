package emergency_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// export returns the files of a person's export. With a passphrase the sealed file is opened with the stock age tool.
func export(t *testing.T, app *emergencytest.App, p *emergencytest.Person, passphrase string) map[string][]byte {
	t.Helper()
	var out bytes.Buffer
	if err := app.Service.Export(context.Background(), p.Caller(t), &out, passphrase); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[file.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestExportHoldsEverything(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	anna.Edit(t, patient, summary.Item{Section: section.PrivateNotes, Text: "for my eyes"})
	anna.Issue(t, patient)
	files := export(t, app, anna, "")
	original := emergencytest.Load("adult")
	if !bytes.Equal(files["patient-1/documents/1-adult.json"], original.Bundle) {
		t.Error("the original document is not there byte for byte")
	}
	if !bytes.Contains(files["patient-1/record.json"], []byte("for my eyes")) {
		t.Error("the owner's private note is missing")
	}
	if violations, err := summary.CheckIPS(files["patient-1/ips.json"]); err != nil || len(violations) > 0 {
		t.Errorf("ips.json is no IPS: %v, %v", violations, err)
	}
	if lines := bytes.Count(files["patient-1/log/entries.ndjson"], []byte("\n")); lines < 5 {
		t.Errorf("%d log entries", lines)
	}
	names := slices.Sorted(maps.Keys(files))
	first := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "patient-1/log/proofs/1-") })
	if first < 0 {
		t.Fatalf("the files are %v", names)
	}
	receipt, err := audit.ParseReceipt(files[names[first]])
	if err != nil || receipt.Payload.Subject != string(patient) {
		t.Errorf("the first receipt is about %q: %v", receipt.Payload.Subject, err)
	}
	if bytes.Contains(files["patient-1/cards.json"], []byte("#")) {
		t.Error("a card's secret is in the export")
	}
}

func TestExportNeedsAFreshPasskeyAndALongPassphrase(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	if err := app.Service.Export(ctx, anna.Caller(t), io.Discard, "short"); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("a short passphrase: %v", err)
	}
	app.Clock.Add(6 * time.Minute)
	if err := app.Service.Export(ctx, anna.Caller(t), io.Discard, ""); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("a stale session: %v", err)
	}
	if err := app.Service.Export(ctx, stranger, io.Discard, ""); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger: %v", err)
	}
}

// TestSealedExportIsAnAgeFile: that the stock tool opens such a file with its passphrase is tested in package vault and in the browser tests.
func TestSealedExportIsAnAgeFile(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	anna.Patient(t, "adult")
	var out bytes.Buffer
	if err := app.Service.Export(context.Background(), anna.Caller(t), &out, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("age-encryption.org/v1\n-> scrypt ")) || bytes.Contains(out.Bytes(), []byte("ips.json")) {
		t.Error("the sealed export is not an age file with a passphrase")
	}
}

// TestTwoTabs: nobody's change is lost silently.
func TestTwoTabs(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	item := anna.Edit(t, patient, summary.Item{Section: section.Conditions, Text: "first"})
	before := emergency.ItemTag(item)

	mine, theirs := item, item
	theirs.Text, mine.Text = "theirs", "mine"
	if _, err := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: theirs, Before: before}); err != nil {
		t.Fatal(err)
	}
	_, err := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: mine, Before: before})
	var conflict *emergency.ConflictError
	if !errors.As(err, &conflict) || !errors.Is(err, emergency.ErrConflict) || conflict.Theirs.Text != "theirs" || conflict.Mine.Text != "mine" {
		t.Fatalf("the second tab: %v", err)
	}
	if _, err := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: mine, Before: emergency.ItemTag(conflict.Theirs)}); err != nil {
		t.Errorf("after looking at both: %v", err)
	}
	// Two changes of different items at the same moment are both kept.
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			item := summary.Item{Section: section.Conditions, Text: fmt.Sprintf("parallel %d", i)}
			if _, err := app.Service.EditItem(ctx, anna.Caller(t), patient, emergency.Edit{Item: item}); err != nil {
				t.Errorf("parallel edit %d: %v", i, err)
			}
		})
	}
	group.Wait()
	record, err := app.Service.Record(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	text := words(t, record)
	for i := range 8 {
		if !strings.Contains(text, fmt.Sprintf("parallel %d", i)) {
			t.Errorf("parallel edit %d is lost", i)
		}
	}
}

// TestAnotherAccountFindsNothing walks the methods that name a patient: somebody else's is not told from none.
func TestAnotherAccountFindsNothing(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	patient := anna.Patient(t, "adult")
	card := anna.Issue(t, patient)
	ctx := context.Background()
	s := app.Service
	for name, call := range map[string]func(emergency.Caller) error{
		"Patient": func(c emergency.Caller) error { _, err := s.Patient(ctx, c, patient); return err },
		"Record":  func(c emergency.Caller) error { _, err := s.Record(ctx, c, patient); return err },
		"EditItem": func(c emergency.Caller) error {
			_, err := s.EditItem(ctx, c, patient, emergency.Edit{Item: summary.Item{Section: section.Conditions, Text: "x"}})
			return err
		},
		"ConfirmItem": func(c emergency.Caller) error { return s.ConfirmItem(ctx, c, patient, "x", "y") },
		"Card":        func(c emergency.Caller) error { _, err := s.Card(ctx, c, patient, card.ID); return err },
		"Review": func(c emergency.Caller) error {
			return s.Review(ctx, c, patient, "x", emergency.VerdictWrong, "")
		},
		"Reviews":  func(c emergency.Caller) error { _, err := s.Reviews(ctx, c, patient); return err },
		"Requests": func(c emergency.Caller) error { _, err := s.Requests(ctx, c, patient); return err },
		"Veto":     func(c emergency.Caller) error { return s.Veto(ctx, c, patient, "x") },
		"Document": func(c emergency.Caller) error { _, _, err := s.Document(ctx, c, patient, "x"); return err },
		"PreviewImport": func(c emergency.Caller) error {
			_, err := s.PreviewImport(ctx, c, patient, []byte("{}"), "x")
			return err
		},
		"Documents": func(c emergency.Caller) error { _, err := s.Documents(ctx, c, patient); return err },
		"PreviewCard": func(c emergency.Caller) error {
			_, err := s.PreviewCard(ctx, c, patient, emergency.CardChoices{})
			return err
		},
		"IssueCard": func(c emergency.Caller) error {
			_, err := s.IssueCard(ctx, c, patient, emergency.CardChoices{}, "")
			return err
		},
		"Cards":        func(c emergency.Caller) error { _, err := s.Cards(ctx, c, patient); return err },
		"CardForPrint": func(c emergency.Caller) error { _, err := s.CardForPrint(ctx, c, patient, card.ID); return err },
		"RevokeCard":   func(c emergency.Caller) error { return s.RevokeCard(ctx, c, patient, card.ID) },
		"Rules":        func(c emergency.Caller) error { _, err := s.Rules(ctx, c, patient); return err },
		"History":      func(c emergency.Caller) error { _, err := s.History(ctx, c, patient, 0, 10); return err },
		"MarkSeen":     func(c emergency.Caller) error { return s.MarkSeen(ctx, c, patient, 99) },
		"ExportRecord": func(c emergency.Caller) error { _, err := s.ExportRecord(ctx, c, patient); return err },
		"rules": func(c emergency.Caller) error {
			_, err := s.BeginApproval(ctx, c, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(patient)})
			return err
		},
	} {
		if err := call(ben.Caller(t)); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("%s by another account: %v, want ErrNotFound", name, err)
		}
		if err := call(stranger); !errors.Is(err, emergency.ErrSignIn) {
			t.Errorf("%s by a stranger: %v, want ErrSignIn", name, err)
		}
	}
	// Another patient's card under one's own patient is not found either.
	own := ben.Patient(t, "traveller-ja")
	if _, err := s.CardForPrint(ctx, ben.Caller(t), own, card.ID); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("another's card under one's own patient: %v", err)
	}
	// The operator does not read what somebody keeps.
	if _, err := s.Record(ctx, emergency.Caller{Operator: true}, patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the operator reads a kept record: %v", err)
	}
}

// TestFirstCardNeedsASecondWayIn: a lost phone must not lose the record.
func TestFirstCardNeedsASecondWayIn(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	patient := anna.Patient(t, "adult")
	code, err := app.Service.MakeRecovery(ctx, anna.Caller(t))
	if err != nil {
		t.Fatal(err)
	}
	limited, err := app.Service.UseRecovery(ctx, stranger, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	if err != nil {
		t.Fatal(err)
	}
	c, err := app.Service.Authenticate(ctx, limited.Token)
	if err != nil || !c.Limited {
		t.Fatalf("a recovery code gives %+v, %v", c, err)
	}
	if _, err := app.Service.Record(ctx, c, patient); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a limited session reads a record: %v", err)
	}
	if _, err := app.Service.Authenticate(ctx, anna.Token); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("the other sessions live on after a recovery: %v", err)
	}
	if _, err := app.Service.UseRecovery(ctx, stranger, code); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a recovery code works twice: %v", err)
	}
	begun, err := app.Service.BeginPasskey(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	second := emergencytest.NewAuthenticator()
	response, err := second.Create(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.FinishPasskey(ctx, c, begun.Ceremony, response, "New phone"); err != nil {
		t.Fatal(err)
	}
	c, err = app.Service.Authenticate(ctx, limited.Token)
	if err != nil || c.Limited {
		t.Fatalf("after the new passkey: %+v, %v", c, err)
	}
	account, err := app.Service.Account(ctx, c)
	if err != nil || len(account.Passkeys) != 2 || account.HasRecovery {
		t.Errorf("the account has %d passkeys and a recovery code: %v, %v", len(account.Passkeys), account.HasRecovery, err)
	}
}

// TestDeletionKeepsTheLog: everything personal goes, the entries stay and hold.
func TestDeletionKeepsTheLog(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	tag := tagOf(t, issued)
	c := anna.Caller(t)
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Authenticate(ctx, anna.Token); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("the session lives on: %v", err)
	}
	if _, err := app.Service.Record(ctx, c, patient); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the record is still there: %v", err)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("the card of a deleted patient opens: %v", err)
	}
	if status, err := app.Service.Status(ctx, stranger, issued.ID, tag, ""); err != nil || status.Status != emergency.StatusRevoked {
		t.Errorf("the front of a deleted patient's card is %q, %v", status.Status, err)
	}
	if _, err := app.Service.FindByShortCode(ctx, stranger, string(issued.ShortCode)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("the short code still works: %v", err)
	}
	if _, err := app.Log.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	report, err := audit.VerifyStore(ctx, app.Store, app.Log.Keys(), emergency.LogSealer(app.Keys.Data), nil)
	if err != nil || report.Size < 6 {
		t.Errorf("the log after the deletion: %+v, %v", report, err)
	}
}

// TestCeremonyIsUsedOnce in a race of 64: one winner.
func TestCeremonyIsUsedOnce(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	ctx := context.Background()
	begun, err := app.Service.BeginSignin(ctx, stranger)
	if err != nil {
		t.Fatal(err)
	}
	response, err := anna.Authenticator.Get(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 64 {
		group.Go(func() {
			_, err := app.Service.FinishSignin(ctx, stranger, begun.Ceremony, response)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, emergency.ErrCeremony) {
				t.Errorf("a loser is told %v", err)
			}
		})
	}
	group.Wait()
	if won != 1 {
		t.Errorf("%d of 64 answers to one ceremony signed in", won)
	}
}

// TestCeremonyEnds after five minutes, in another session, for another purpose, and is not brought back by a clock set back.
func TestCeremonyEnds(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	ctx := context.Background()
	begin := func() (emergency.Begun, []byte) {
		begun, err := app.Service.BeginApproval(ctx, anna.Caller(t), emergency.Action{Kind: emergency.ActionVerify})
		if err != nil {
			t.Fatal(err)
		}
		response, err := anna.Authenticator.Get(begun.Options)
		if err != nil {
			t.Fatal(err)
		}
		return begun, response
	}
	begun, response := begin()
	if _, err := app.Service.FinishApproval(ctx, ben.Caller(t), begun.Ceremony, response); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("in another's session: %v", err)
	}
	begun, response = begin()
	if err := app.Service.FinishPasskey(ctx, anna.Caller(t), begun.Ceremony, response, ""); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("for another purpose: %v", err)
	}
	begun, response = begin()
	app.Clock.Add(5 * time.Minute)
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), begun.Ceremony, response); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("after five minutes: %v", err)
	}
	app.Clock.Add(-5 * time.Minute)
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), begun.Ceremony, response); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("after the clock was set back: %v", err)
	}
}

// TestShortCodeReachesTheSameCard and makes an entry that says how.
func TestShortCodeReachesTheSameCard(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	for _, by := range []struct {
		caller emergency.Caller
		kind   audit.ActorKind
	}{{stranger, audit.ByResponder}, {emergency.Caller{Operator: true}, audit.ByOperator}} {
		address, err := app.Service.FindByShortCode(ctx, by.caller, strings.ToLower(issued.ShortCode.String()))
		if err != nil || address != issued.Address.URL() {
			t.Fatalf("the short code leads to %q, %v", address, err)
		}
		history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		last := history.Entries[len(history.Entries)-1].Event
		if last.Type != audit.CardScanned || last.Details["via"] != "short_code" || last.Actor.Kind != by.kind {
			t.Errorf("the last entry is %s %v by %s, want one by %s", last.Type, last.Details, last.Actor.Kind, by.kind)
		}
	}
	printed, err := app.Service.CardForPrint(ctx, anna.Caller(t), patient, issued.ID)
	if err != nil || printed.Address.URL() != issued.Address.URL() || printed.ShortCode != issued.ShortCode {
		t.Errorf("printing it again: %v", err)
	}
}

// TestNobodyCanGrowTheLogFromOutside: guesses make no entries, and one card makes no more than its share.
func TestNobodyCanGrowTheLogFromOutside(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	size := func() int64 {
		state, err := app.Store.LogState(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return state.Size
	}
	before := size()
	for i := range 100 {
		if err := app.Service.Scan(ctx, stranger, [16]byte{byte(i), 1}); err != nil {
			t.Fatal(err)
		}
	}
	if got := size(); got != before {
		t.Errorf("scans of cards that do not exist made %d entries", got-before)
	}
	for range 200 {
		if err := app.Service.Scan(ctx, stranger, issued.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := size() - before; got != 60 {
		t.Errorf("200 scans of one card within a minute made %d entries, want 60", got)
	}
	app.Clock.Add(time.Minute)
	if err := app.Service.Scan(ctx, stranger, issued.ID); err != nil {
		t.Fatal(err)
	}
	if got := size() - before; got != 61 {
		t.Errorf("a minute later: %d entries, want 61", got)
	}
}

// TestBackupAndRestore is the drill: a copy of a running house, brought up elsewhere with the keys, opens cards and proves its log.
func TestBackupAndRestore(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	restored := app.BackupAndRestore(t, filepath.Join(t.TempDir(), "backup"))
	opened, err := restored.Service.Open(context.Background(), stranger, emergencytest.OpenRequest(issued))
	if err != nil || opened.Record.Items == 0 {
		t.Errorf("the restored house opens %d items, %v", opened.Record.Items, err)
	}
}
