package emergency_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// TestARestoredBackupBringsNothingBack: what was erased, deleted or revoked after a backup is so again in a house that was made of it, each with its entry, and
// what nobody took away is there.
func TestARestoredBackupBringsNothingBack(t *testing.T) {
	t.Parallel()
	ctx, operator := context.Background(), emergency.Caller{Operator: true}
	app := emergencytest.NewApp(t)
	anna, ben := app.SignUp(t, "Anna"), app.SignUp(t, "Ben")
	patient, kept, alone := anna.Patient(t, "adult"), anna.Patient(t, "traveller-ja"), ben.Patient(t, "adult")
	lost, other := anna.Issue(t, patient), anna.Issue(t, patient)
	opened, err := app.Service.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(other))
	if err != nil {
		t.Fatal(err)
	}
	app.Clock.Add(200 * time.Hour) // it has ended
	for _, p := range []*emergencytest.Person{anna, ben} {
		if err := p.SignIn(t); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Service.Review(ctx, anna.Caller(t), patient, opened.GrantID, emergency.VerdictRight, ""); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "backup")
	if _, err := datadir.Backup(ctx, app.Dir, "", folder, nil); err != nil {
		t.Fatal(err)
	}

	later := anna.Issue(t, patient) // the backup has never heard of it
	for _, card := range []emergency.Issued{lost, later} {
		if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, card.ID); err != nil {
			t.Fatal(err)
		}
	}
	erased, err := app.Service.EraseEntries(ctx, operator, emergency.Erasure{Subject: string(patient), Grant: opened.GrantID, Ground: audit.OnOrder})
	if err != nil || erased.Erased != 2 || erased.Unlisted { // opened, and what the keeper said of it
		t.Fatalf("EraseEntries = %+v, %v", erased, err)
	}
	if err := ben.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	bens := entriesOf(t, app, string(alone))

	restored := &emergencytest.App{Dir: filepath.Join(t.TempDir(), "restored"), Clock: app.Clock}
	mark := filepath.Join(app.Dir, "high-water")
	before, err := os.ReadFile(mark + ".gone")
	if err != nil {
		t.Fatal(err)
	}
	done, err := datadir.Restore(ctx, folder, datadir.KeyDir(app.Dir, ""), datadir.Options{Dir: restored.Dir, HighWater: mark, Now: app.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(emergency.Repeated{Listed: 6, Entries: 2, Patients: 1, Accounts: 1, Cards: 1}, done.Again); diff != "" {
		t.Errorf("gone again: got (+), want (-):\n%s", diff)
	}
	restored.Open(t)
	s := restored.Service
	if _, err := s.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(lost)); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("the revoked card: %v, want ErrNoCard", err)
	}
	if _, err := s.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(other)); err != nil {
		t.Errorf("a card that nobody revoked: %v", err)
	}
	if err := s.Store.View(ctx, func(r emergency.Reader) error {
		for id, want := range map[emergency.PatientID]bool{patient: false, kept: false, alone: true} {
			if row, err := r.Patient(id); err != nil || !row.DeletedAt.IsZero() != want {
				t.Errorf("a patient is deleted: %v (%v), want %v", !want, err, want)
			}
		}
		if kept, err := r.Kept(emergency.AccountID(bens[0].Subject)); err != nil || len(kept) != 0 {
			t.Errorf("the deleted account keeps %v, %v", kept, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	said := map[audit.Type]int{}
	for _, id := range []emergency.PatientID{patient, alone} {
		history, err := restored.Log.History(ctx, string(id), 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range history {
			if e.Raw != nil && e.Payload.ReasonText == "restored backup" {
				said[e.Payload.Type]++
				if e.Payload.Actor.Kind != audit.ByOperator {
					t.Errorf("%s is said to be by %s", e.Payload.Type, e.Payload.Actor.Kind)
				}
				if e.Payload.Type == audit.EntryErased && e.Payload.Details["ground"] != string(audit.OnOrder) {
					t.Errorf("erased again on the ground %q", e.Payload.Details["ground"])
				}
			}
		}
	}
	if diff := cmp.Diff(map[audit.Type]int{audit.EntryErased: 2, audit.CardRevoked: 1, audit.PatientDeleted: 1}, said); diff != "" {
		t.Errorf("entries that say so: got (+), want (-):\n%s", diff)
	}
	logHolds(t, restored)

	// It is done once, and nothing of it is listed a second time.
	for _, whole := range []bool{false, true} {
		if again, err := s.Repeat(ctx, operator, whole); err != nil || again.Any() || again.Left != 0 {
			t.Errorf("a second time: %+v, %v", again, err)
		}
	}
	if after, err := os.ReadFile(mark + ".gone"); err != nil || len(after) != len(before) {
		t.Errorf("the list has grown from %d to %d bytes (%v)", len(before), len(after), err)
	}
	if _, err := s.Repeat(ctx, anna.Caller(t), true); err == nil {
		t.Error("somebody else repeats what the list says")
	}
}

// TestWhatWasSetBackIsSeenAtTheStart: a server that starts looks at the newest of the list. What somebody has yet to answer for keeps its words until then, and an
// entry that stands where another one stood keeps them for good.
func TestWhatWasSetBackIsSeenAtTheStart(t *testing.T) {
	t.Parallel()
	ctx, operator := context.Background(), emergency.Caller{Operator: true}
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	if _, err := app.Service.Open(ctx, emergency.Caller{}, emergencytest.OpenRequest(anna.Issue(t, patient))); err != nil {
		t.Fatal(err)
	}
	entries := entriesOf(t, app, string(patient))
	first, opening := entries[0], entries[len(entries)-1]
	atItsPlace := func(e audit.Entry, leaf audit.Entry) emergency.Gone {
		return emergency.Gone{Entry: emergency.EntryPlace{Epoch: e.Epoch, Index: e.Index}, Leaf: leaf.Leaf.LeafHash(), Ground: audit.OnRequest}
	}
	for _, c := range []struct {
		name string
		add  []emergency.Gone
		wait time.Duration
		want emergency.Repeated
	}{
		{name: "there is no list"},
		{"another entry stood there", []emergency.Gone{atItsPlace(first, opening)}, 0, emergency.Repeated{Listed: 1}},
		{"the opening runs", []emergency.Gone{atItsPlace(opening, opening), atItsPlace(opening, opening)}, 0, emergency.Repeated{Listed: 3, Left: 1}},
		{"it has ended", nil, 200 * time.Hour, emergency.Repeated{Listed: 3, Entries: 1}},
		{name: "all of it is gone"},
	} {
		app.Clock.Add(c.wait)
		if len(c.add) > 0 {
			if err := app.Service.Gone.Add(ctx, c.add...); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := app.Service.Repeat(ctx, operator, false); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v, want %+v", c.name, got, err, c.want)
		}
	}
	if left := entriesOf(t, app, string(patient)); !left[0].ErasedAt.IsZero() {
		t.Error("an entry was erased that stands where another one stood")
	}
}

// fullList is a list on a disk that takes nothing more.
type fullList struct {
	emergency.GoneList
	full *bool
}

var errFull = errors.New("full")

func (f fullList) Add(ctx context.Context, gone ...emergency.Gone) error {
	if *f.full {
		return errFull
	}
	return f.GoneList.Add(ctx, gone...)
}

// TestNothingIsErasedThatCannotBeListed: words stay while the list cannot be written; a card is revoked all the same, and listed when that is possible again.
func TestNothingIsErasedThatCannotBeListed(t *testing.T) {
	t.Parallel()
	ctx, operator := context.Background(), emergency.Caller{Operator: true}
	app := emergencytest.NewApp(t)
	full := true
	app.Service.Gone = fullList{app.Service.Gone, &full}
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	card := anna.Issue(t, patient)
	if done, err := app.Service.EraseEntries(ctx, operator, onRequest(patient)); !errors.Is(err, emergency.ErrUnlisted) || done.Erased != 0 {
		t.Errorf("EraseEntries = %+v, %v, want ErrUnlisted", done, err)
	}
	if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, card.ID); err != nil {
		t.Errorf("RevokeCard: %v", err)
	}
	listed := func() (n int) {
		t.Helper()
		if _, err := app.Service.Gone.Read(ctx, false, func(part []emergency.Gone) error {
			n += len(part)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, c := range []struct {
		full bool
		want int
	}{{true, 0}, {false, 1}, {false, 1}} {
		full = c.full
		if _, err := app.Service.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if got := listed(); got != c.want {
			t.Errorf("after a sweep with a full disk %v, %d are listed, want %d", c.full, got, c.want)
		}
	}
	// What a crash has left out is listed at the next start, once.
	second := anna.Issue(t, patient)
	full = true
	if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, second.ID); err != nil {
		t.Fatal(err)
	}
	app.Service.Gone = nil // nothing of it outlives the server
	if err := app.House.Close(ctx); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	for range 2 {
		if again, err := app.Service.Repeat(ctx, operator, false); err != nil || again.Any() {
			t.Errorf("Repeat = %+v, %v", again, err)
		}
		if got := listed(); got != 2 {
			t.Errorf("after a crash %d are listed, want both cards", got)
		}
	}
}
