package emergency_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/vault"
)

// contact is somebody who was named, and what they hold.
type contact struct {
	id    emergency.ContactID
	proof emergency.EventProof // by the link that is theirs for years, and their code
}

// named has a keeper name somebody, who confirms by a code.
func named(t *testing.T, app *emergencytest.App, keeper *emergencytest.Person, patient emergency.PatientID, added emergency.NewContact) contact {
	t.Helper()
	ctx := context.Background()
	id, made, err := app.Service.AddContact(ctx, keeper.Caller(t), patient, added)
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := app.Service.AcceptInvitation(ctx, stranger, secretOf(t, made.Link), emergency.Acceptance{Code: true})
	if err != nil {
		t.Fatal(err)
	}
	return contact{id, emergency.EventProof{Token: secretOf(t, accepted.Location), Code: accepted.Code}}
}

// secretOf is what stands behind the # of a link.
func secretOf(t *testing.T, link string) string {
	t.Helper()
	_, secret, found := strings.Cut(link, "#")
	if !found {
		t.Fatalf("the link %q has no secret", link)
	}
	return secret
}

// letters are the notices to a contact, in the order in which they were written.
func letters(t *testing.T, app *emergencytest.App, patient emergency.PatientID, to emergency.ContactID) (kinds, links []string) {
	t.Helper()
	var rows []emergency.Notice
	if err := app.Store.View(context.Background(), func(r emergency.Reader) (err error) {
		rows, err = r.Notices(patient)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Contact != to {
			continue
		}
		plain, err := app.Service.Data.Open(vault.AAD{Table: "notice", Column: "letter", Row: string(row.ID)}, row.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		var letter struct{ Kind, Link string }
		if err := json.Unmarshal(plain, &letter); err != nil {
			t.Fatal(err)
		}
		kinds, links = append(kinds, letter.Kind), append(links, letter.Link)
	}
	return kinds, links
}

// told is the proof that a contact has by the link of the last notice of a kind.
func (c contact) told(t *testing.T, app *emergencytest.App, patient emergency.PatientID, kind string) emergency.EventProof {
	t.Helper()
	kinds, links := letters(t, app, patient, c.id)
	for i := len(kinds) - 1; i >= 0; i-- {
		if kinds[i] == kind {
			return emergency.EventProof{Token: secretOf(t, links[i]), Code: c.proof.Code}
		}
	}
	t.Fatalf("no notice of %q among %v", kind, kinds)
	return emergency.EventProof{}
}

// TestAContactEndsAWait is the whole story of a wait with contacts: asked for, watched, agreed to, opened; and what nobody else may do meanwhile.
func TestAContactEndsAWait(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil || opened.Watch == "" {
		t.Fatalf("asked: watch %q, %v", opened.Watch, err)
	}
	state := func() emergency.WaitState {
		t.Helper()
		state, err := app.Service.WaitState(ctx, stranger, opened.Watch)
		if err != nil {
			t.Fatal(err)
		}
		return state
	}
	if got := state(); got.State != emergency.WaitWaiting || !got.OpensAt.Equal(app.Clock.Now().Add(24*time.Hour)) || got.Needed == 0 {
		t.Fatalf("while it waits: %+v", got)
	}
	woken, stop, err := app.Service.FollowWait(ctx, stranger, opened.Watch)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	proof := ben.told(t, app, patient, emergency.NewsWaiting)
	bare, err := app.Service.Event(ctx, stranger, emergency.EventProof{Token: proof.Token}, 0)
	if err != nil || bare.Proven || bare.Name != "" || bare.Stated != (emergency.Stated{}) || bare.Initials == "" || bare.Proof != emergency.ProofCode {
		t.Errorf("the link alone shows %+v, %v", bare, err)
	}
	if err := app.Service.Approve(ctx, stranger, emergency.EventProof{Token: proof.Token}); !errors.Is(err, emergency.ErrContactCode) {
		t.Errorf("agreeing without a proof: %v", err)
	}
	if _, err := app.Service.Event(ctx, stranger, emergency.EventProof{Token: proof.Token, Code: "2222-2222-2222"}, 0); !errors.Is(err, emergency.ErrContactCode) {
		t.Errorf("a wrong code: %v", err)
	}
	view, err := app.Service.Event(ctx, stranger, proof, 0)
	if err != nil || !view.Proven || !view.CanApprove || !view.CanVeto || view.Stated.Name != "Kim Example" || view.Stated.Reason != "unconscious" {
		t.Fatalf("with the code: %+v, %v", view, err)
	}
	ticket := emergency.EventProof{Token: proof.Token, Ticket: view.Ticket}
	if again, err := app.Service.Event(ctx, stranger, emergency.EventProof{Token: ben.proof.Token, Ticket: view.Ticket}, 0); err != nil || again.Proven {
		t.Errorf("a ticket proves another link: %+v, %v", again.Proven, err)
	}
	if err := app.Service.Approve(ctx, stranger, ticket); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.Approve(ctx, stranger, ticket); err != nil {
		t.Errorf("agreeing twice: %v", err)
	}
	select {
	case <-woken:
	default:
		t.Error("the page of whoever waits is not woken")
	}
	if got := state(); got.State != emergency.WaitOpen || got.Approvals != 1 {
		t.Fatalf("after the approval: %+v", got)
	}
	after, err := app.Service.Open(ctx, stranger, request)
	if err != nil || !after.Sections.Has(section.Conditions) {
		t.Errorf("after the approval: %v, %v", after.Sections.Names(), err)
	}
	history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	approved := 0
	for _, entry := range history.Entries {
		if entry.Event.Type == audit.RequestApproved {
			approved++
			if entry.Event.Actor.Kind != audit.ByContact || entry.Event.Actor.Verified != audit.VerifiedCode || entry.Event.Details["contact"] != string(ben.id) {
				t.Errorf("the entry of the approval: %+v", entry.Event)
			}
		}
	}
	if approved != 1 {
		t.Errorf("%d entries of approvals, want 1", approved)
	}
}

// TestWhatIsTakenBackIsForgotten: a wait that was withdrawn counts for nothing, and a veto cannot be got around by withdrawing.
func TestWhatIsTakenBackIsForgotten(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ask := func() emergency.Opened {
		t.Helper()
		opened, err := app.Service.Open(ctx, stranger, request)
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	first := ask()
	if state, err := app.Service.Withdraw(ctx, stranger, first.Watch); err != nil || state.State != emergency.WaitWithdrawn {
		t.Fatalf("withdrawn: %+v, %v", state, err)
	}
	app.Clock.Add(24 * time.Hour)
	second := ask()
	if second.Sections.Has(section.Conditions) || second.Watch == "" {
		t.Errorf("a wait that was taken back opens %v", second.Sections.Names())
	}
	if state, err := app.Service.WaitState(ctx, stranger, first.Watch); err != nil || state.State != emergency.WaitOver {
		t.Errorf("the old wait is %+v, %v", state, err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.Veto(ctx, anna.Caller(t), patient, waitOf(t, app, anna, patient)); err != nil {
		t.Fatal(err)
	}
	if state, err := app.Service.Withdraw(ctx, stranger, second.Watch); err != nil || state.State != emergency.WaitVetoed {
		t.Errorf("withdrawing what was refused: %+v, %v", state, err)
	}
	app.Clock.Add(24 * time.Hour)
	if after := ask(); after.Sections.Has(section.Conditions) {
		t.Error("a veto is got around by withdrawing")
	}
	for _, watch := range []string{"", "rubbish", strings.Repeat("A", 43)} {
		if state, err := app.Service.WaitState(ctx, stranger, watch); err != nil || state.State != emergency.WaitOver {
			t.Errorf("an unknown wait is %+v, %v", state, err)
		}
		if state, err := app.Service.Withdraw(ctx, stranger, watch); err != nil || state.State != emergency.WaitOver {
			t.Errorf("an unknown wait, withdrawn, is %+v, %v", state, err)
		}
	}
}

// TestAnUnconfirmedContactMayDoNothing (Vaultwarden, GHSA-937x-3j8m-7w7p): whoever was named but has not confirmed is told nothing, has no code, and their
// invitation opens no event.
func TestAnUnconfirmedContactMayDoNothing(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	id, made, err := app.Service.AddContact(ctx, anna.Caller(t), patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, request); err != nil {
		t.Fatal(err)
	}
	if kinds, _ := letters(t, app, patient, id); len(kinds) != 1 || kinds[0] != emergency.NewsInvited {
		t.Errorf("somebody who has not confirmed is told %v", kinds)
	}
	proof := emergency.EventProof{Token: secretOf(t, made.Link), Code: "2222-2222-2222"}
	for name, act := range map[string]func() error{
		"look": func() error { _, err := app.Service.Event(ctx, stranger, proof, 0); return err }, "agree": func() error { return app.Service.Approve(ctx, stranger, proof) },
		"say no": func() error { return app.Service.VetoAsContact(ctx, stranger, proof) }, "write": func() error { return app.Service.SendAsContact(ctx, stranger, proof, "Hello") },
		"ask": func() error {
			_, err := app.Service.OpenAsContact(ctx, stranger, emergency.ContactOpenRequest{EventProof: proof, Reason: "unconscious"})
			return err
		},
	} {
		if err := act(); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("somebody who has not confirmed may %s: %v", name, err)
		}
	}
	if _, err := app.Service.AcceptInvitation(ctx, stranger, secretOf(t, made.Link), emergency.Acceptance{}); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("confirming without a code or an account: %v", err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, stranger, secretOf(t, made.Link), emergency.Acceptance{Code: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, stranger, secretOf(t, made.Link), emergency.Acceptance{Code: true}); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("confirming twice by one link: %v", err)
	}
	app.Clock.Add(emergency.FreshFor + time.Second)
	if _, _, err := app.Service.AddContact(ctx, anna.Caller(t), patient, emergency.NewContact{Name: "Eve"}); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("a browser that was left open names a contact: %v", err)
	}
}

// TestAStoppedContactIsOneNoMore (Vaultwarden, CVE-2026-95814): the next request of a contact who was stopped fails, what they opened is closed, and their
// agreement counts no more. Who stops of their own accord is told of nothing, and the keepers are told that.
func TestAStoppedContactIsOneNoMore(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	cleo := named(t, app, anna, patient, emergency.NewContact{Name: "Cleo", Phone: "+49 (30) 1234567"})
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil {
		t.Fatal(err)
	}
	proof := ben.told(t, app, patient, emergency.NewsWaiting)
	if err := app.Service.Approve(ctx, stranger, proof); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.StopContact(ctx, anna.Caller(t), patient, ben.id); err != nil {
		t.Fatal(err)
	}
	if state, err := app.Service.WaitState(ctx, stranger, opened.Watch); err != nil || state.State != emergency.WaitWaiting || state.Approvals != 0 {
		t.Errorf("with the agreement of somebody who was stopped: %+v, %v", state, err)
	}
	for _, each := range []emergency.EventProof{proof, ben.proof} {
		if _, err := app.Service.Event(ctx, stranger, each, 0); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("a stopped contact looks: %v", err)
		}
		if _, err := app.Service.OpenAsContact(ctx, stranger, emergency.ContactOpenRequest{EventProof: each, Reason: "unconscious"}); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("a stopped contact asks: %v", err)
		}
	}
	before, err := app.Service.Patient(ctx, anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Service.StopAsContact(ctx, stranger, cleo.told(t, app, patient, emergency.NewsWaiting).Token); err != nil {
		t.Fatal(err)
	}
	if after, err := app.Service.Patient(ctx, anna.Caller(t), patient); err != nil || after.Unseen != before.Unseen+1 {
		t.Errorf("%d unseen, %d before a contact stopped, %v", after.Unseen, before.Unseen, err)
	}
	told, _ := letters(t, app, patient, cleo.id)
	if _, err := app.Service.Open(ctx, stranger, request); err != nil {
		t.Fatal(err)
	}
	if again, _ := letters(t, app, patient, cleo.id); len(again) != len(told) {
		t.Error("who wants to be told no more is told")
	}
}

// TestAContactHasNoSayAboutOthers (Vaultwarden, CVE-2024-39924): a contact acts for the patient who has named them, whatever else they know.
func TestAContactHasNoSayAboutOthers(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	mallory := app.SignUp(t, "Mallory")
	theirs := mallory.Patient(t, "adult")
	own := named(t, app, mallory, theirs, emergency.NewContact{Name: "Accomplice"})
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil {
		t.Fatal(err)
	}
	proof := ben.told(t, app, patient, emergency.NewsWaiting)
	proof.Code = own.proof.Code
	if err := app.Service.Approve(ctx, stranger, proof); !errors.Is(err, emergency.ErrContactCode) {
		t.Errorf("another patient's contact agrees: %v", err)
	}
	if err := app.Service.Approve(ctx, mallory.Caller(t), emergency.EventProof{Token: proof.Token}); !errors.Is(err, emergency.ErrContactCode) {
		t.Errorf("another account agrees: %v", err)
	}
	for name, err := range map[string]error{
		"stops a contact": app.Service.StopContact(ctx, mallory.Caller(t), theirs, ben.id),
		"reads a grant":   second(app.Service.Grant(ctx, mallory.Caller(t), theirs, opened.GrantID)),
		"ends a grant":    app.Service.EndGrant(ctx, mallory.Caller(t), theirs, opened.GrantID),
		"writes":          app.Service.SendAsKeeper(ctx, mallory.Caller(t), theirs, opened.GrantID, "Hello"),
		"lists contacts":  second(app.Service.Contacts(ctx, mallory.Caller(t), patient)),
	} {
		if !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("somebody else %s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestAContactAsksFromAfar: by the same door, with a wait in which the patient can say no, and without a say about their own request.
func TestAContactAsksFromAfar(t *testing.T) {
	app, anna, patient, _ := waiting(t)
	ctx := context.Background()
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	cleo := named(t, app, anna, patient, emergency.NewContact{Name: "Cleo", Mail: "cleo@example.org"})
	asks := emergency.ContactOpenRequest{EventProof: ben.proof, Step: "critical", Reason: "threat_to_life"}
	_, err := app.Service.OpenAsContact(ctx, stranger, asks)
	var refusal *emergency.Refusal
	if !errors.As(err, &refusal) || !refusal.Waits || refusal.Watch == "" {
		t.Fatalf("a contact asks: %v", err)
	}
	if theirs, err := app.Service.Event(ctx, stranger, ben.told(t, app, patient, emergency.NewsWaiting), 0); err != nil || !theirs.CanVeto || theirs.CanApprove {
		t.Errorf("whoever asked, or in whose name it was asked, sees %+v, %v", theirs, err)
	}
	other, err := app.Service.Event(ctx, stranger, cleo.told(t, app, patient, emergency.NewsWaiting), 0)
	if err != nil || other.Stated.Contact != "Ben" || !other.CanVeto || other.Wait == nil || other.Wait.Needed == 0 || !other.CanApprove {
		t.Errorf("another contact sees %+v, %v", other, err)
	}
	if err := app.Service.Approve(ctx, stranger, ben.told(t, app, patient, emergency.NewsWaiting)); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a contact agrees with themselves: %v", err)
	}
	app.Clock.Add(refusal.WaitUntil.Sub(app.Clock.Now()))
	opened, err := app.Service.OpenAsContact(ctx, stranger, asks)
	if err != nil || opened.Record.Items == 0 {
		t.Fatalf("after the wait: %d items, %v", opened.Record.Items, err)
	}
	asks.Grant = opened.Grant
	if again, err := app.Service.OpenAsContact(ctx, stranger, asks); err != nil || again.Record.Items != opened.Record.Items {
		t.Errorf("looked at again: %d items, %v", again.Record.Items, err)
	}
	asks.EventProof = cleo.proof
	if _, err := app.Service.OpenAsContact(ctx, stranger, asks); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("another contact looks with that grant: %v", err)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.StopContact(ctx, anna.Caller(t), patient, ben.id); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Thread(ctx, stranger, opened.Grant, 0); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("what a stopped contact opened goes on: %v", err)
	}
}

// TestAThreadLastsAsLongAsItsGrant: both sides write and read while it runs; a keeper ends it at once; then the responder has nothing, and the keeper what was said.
func TestAThreadLastsAsLongAsItsGrant(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	request.Step = "critical"
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil {
		t.Fatal(err)
	}
	woken, stop, err := app.Service.FollowThread(ctx, stranger, opened.Grant)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	proof := ben.told(t, app, patient, emergency.NewsOpened)
	const secret = "She had insulin at noon"
	for _, send := range []func() error{
		func() error { return app.Service.SendAsContact(ctx, stranger, proof, "  "+secret+" ") },
		func() error {
			return app.Service.SendAsKeeper(ctx, anna.Caller(t), patient, opened.GrantID, "I am on my way")
		},
		func() error {
			return second(app.Service.Send(ctx, stranger, opened.Grant, emergency.NewMessage{Kind: emergency.MessageLocation, Lat: 52.520008, Lon: 13.404954}))
		},
		func() error {
			return second(app.Service.Send(ctx, stranger, opened.Grant, emergency.NewMessage{Kind: emergency.MessageNote, Text: "Found at the bus stop"}))
		},
	} {
		if err := send(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
		default:
			t.Error("a page is not woken by a message")
		}
	}
	for name, message := range map[string]emergency.NewMessage{"empty": {}, "too long": {Text: strings.Repeat("ä", 1001)}, "of an unknown kind": {Kind: "prescription", Text: "x"},
		"with control characters": {Text: "a\x00b"}, "nowhere": {Kind: emergency.MessageLocation, Lat: 91}} {
		if _, err := app.Service.Send(ctx, stranger, opened.Grant, message); !errors.Is(err, emergency.ErrInvalid) {
			t.Errorf("a message that is %s: %v", name, err)
		}
	}
	thread, err := app.Service.Thread(ctx, stranger, opened.Grant, 0)
	if err != nil || len(thread.Messages) != 4 || thread.Ended {
		t.Fatalf("the thread: %+v, %v", thread, err)
	}
	if m := thread.Messages[0]; m.Number != 1 || m.Sender != emergency.SenderContact || m.Name != "Ben" || m.Text != secret {
		t.Errorf("the first message: %+v", m)
	}
	if m := thread.Messages[2]; m.Lat != 52.52 || m.Lon != 13.405 || m.Sender != emergency.SenderResponder || m.Name != "Kim Example" {
		t.Errorf("where the responder is: %+v", m)
	}
	if rest, err := app.Service.Thread(ctx, stranger, opened.Grant, 3); err != nil || len(rest.Messages) != 1 {
		t.Errorf("after the third: %+v, %v", rest, err)
	}
	kinds, _ := letters(t, app, patient, ben.id)
	slices.Sort(kinds) // the clock stands still, so they have no order; of what one side writes in a row one is told once
	if want := []string{emergency.NewsInvited, emergency.NewsMessage, emergency.NewsMessage, emergency.NewsOpened}; !slices.Equal(kinds, want) {
		t.Errorf("the contact is told %v", kinds)
	}
	if err := app.Service.EndGrant(ctx, anna.Caller(t), patient, opened.GrantID); err != nil {
		t.Fatal(err)
	}
	select {
	case <-woken:
	default:
		t.Error("a page is not woken by the end")
	}
	for name, err := range map[string]error{
		"reads":        second(app.Service.Thread(ctx, stranger, opened.Grant, 0)),
		"writes":       second(app.Service.Send(ctx, stranger, opened.Grant, emergency.NewMessage{Text: "x"})),
		"is answered":  app.Service.SendAsContact(ctx, stranger, proof, "x"),
		"is answered,": app.Service.SendAsKeeper(ctx, anna.Caller(t), patient, opened.GrantID, "x"),
	} {
		if !errors.Is(err, emergency.ErrRefused) {
			t.Errorf("a responder %s after the end: %v", name, err)
		}
	}
	if view, err := app.Service.Event(ctx, stranger, proof, 0); err != nil || !view.Ended || view.Thread != nil {
		t.Errorf("a contact after the end: %+v, %v", view, err)
	}
	if kept, err := app.Service.Grant(ctx, anna.Caller(t), patient, opened.GrantID); err != nil || kept.Running || len(kept.Thread.Messages) != 4 || kept.Stated.Name != "Kim Example" {
		t.Errorf("what the keeper keeps: %+v, %v", kept, err)
	}
	history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, entry := range history.Entries {
		if strings.Contains(string(entry.Payload), secret) {
			t.Error("the log holds what was written")
		}
		if entry.Event.Type == audit.MessageSent {
			sent++
		}
	}
	if sent != 4 {
		t.Errorf("%d entries of messages, want 4", sent)
	}
}

// TestAContactWithAPasskey needs no code, agrees with a passkey touched just now alone, and is one no more when the account is deleted.
func TestAContactWithAPasskey(t *testing.T) {
	app, anna, patient, request := waiting(t)
	ctx := context.Background()
	ben := app.SignUp(t, "Ben")
	id, made, err := app.Service.AddContact(ctx, anna.Caller(t), patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := app.Service.AcceptInvitation(ctx, ben.Caller(t), secretOf(t, made.Link), emergency.Acceptance{})
	if err != nil || accepted.Code != "" {
		t.Fatalf("accepted: %+v, %v", accepted, err)
	}
	opened, err := app.Service.Open(ctx, stranger, request)
	if err != nil {
		t.Fatal(err)
	}
	proof := contact{id: id}.told(t, app, patient, emergency.NewsWaiting)
	proof.Code = "2222-2222-2222"
	if view, err := app.Service.Event(ctx, stranger, proof, 0); err != nil || view.Proven || view.Proof != emergency.ProofPasskey {
		t.Errorf("with a code that there is none of: %+v, %v", view, err)
	}
	app.Clock.Add(emergency.FreshFor + time.Second)
	if err := app.Service.Approve(ctx, ben.Caller(t), proof); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("agreeing in a browser that was left open: %v", err)
	}
	if err := ben.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.Approve(ctx, ben.Caller(t), proof); err != nil {
		t.Fatal(err)
	}
	if state, err := app.Service.WaitState(ctx, stranger, opened.Watch); err != nil || state.State != emergency.WaitOpen {
		t.Errorf("after the agreement: %+v, %v", state, err)
	}
	if err := ben.Approve(t, emergency.Action{Kind: emergency.ActionDeleteAccount}); err != nil {
		t.Fatal(err)
	}
	contacts, err := app.Service.Contacts(ctx, anna.Caller(t), patient)
	if err != nil || len(contacts) != 1 || contacts[0].StoppedAt.IsZero() {
		t.Errorf("after the account was deleted: %+v, %v", contacts, err)
	}
}

// TestAContactsCodeIsGuessedSlowlyAndNeverLocked (rows A3 and A4; Vaultwarden, CVE-2026-43914): whoever holds the link and guesses at the code is slowed before
// each try, over a restart too, and the contact elsewhere is not.
func TestAContactsCodeIsGuessedSlowlyAndNeverLocked(t *testing.T) {
	app, anna, patient, _ := waiting(t)
	ctx := context.Background()
	ben := named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	guesser := emergency.Caller{Network: "192.0.2.0/24"}
	wrong := emergency.EventProof{Token: ben.proof.Token, Code: "2222-2222-2222"}
	tries := 0
	for ; tries < 50; tries++ {
		err := second(app.Service.Event(ctx, guesser, wrong, 0))
		if errors.Is(err, emergency.ErrTooMany) {
			break
		}
		if !errors.Is(err, emergency.ErrContactCode) {
			t.Fatal(err)
		}
	}
	if tries == 0 || tries > 10 {
		t.Errorf("%d tries before a guesser is slowed", tries)
	}
	if err := app.Store.Close(); err != nil {
		t.Fatal(err)
	}
	app.Open(t)
	for name, err := range map[string]error{"looks": second(app.Service.Event(ctx, guesser, ben.proof, 0)), "agrees": app.Service.Approve(ctx, guesser, wrong),
		"asks": second(app.Service.OpenAsContact(ctx, guesser, emergency.ContactOpenRequest{EventProof: wrong, Reason: "unconscious"}))} {
		if !errors.Is(err, emergency.ErrTooMany) {
			t.Errorf("after a restart the guesser %s: %v", name, err)
		}
	}
	for range 8 { // right codes are no guesses
		if view, err := app.Service.Event(ctx, stranger, ben.proof, 0); err != nil || !view.Proven {
			t.Fatalf("the contact elsewhere: %+v, %v", view, err)
		}
	}
}

// TestNobodyIsWrittenToWithoutEnd: an invitation is mail to somebody who has not asked for any.
func TestNobodyIsWrittenToWithoutEnd(t *testing.T) {
	app, anna, patient, _ := waiting(t)
	ctx := context.Background()
	id, first, err := app.Service.AddContact(ctx, anna.Caller(t), patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for ; sent < 50 && err == nil; sent++ {
		_, err = app.Service.InviteContact(ctx, anna.Caller(t), patient, id)
	}
	if !errors.Is(err, emergency.ErrTooMany) || sent > 10 {
		t.Errorf("after %d invitations: %v", sent, err)
	}
	if _, err := app.Service.AcceptInvitation(ctx, stranger, secretOf(t, first.Link), emergency.Acceptance{Code: true}); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("the link before the last one works: %v", err)
	}
	for name, wrong := range map[string]emergency.NewContact{"nobody": {}, "a name in the address": {Name: "B", Mail: "Ben <ben@example.org>"}, "two addresses": {Name: "B", Mail: "a@b.org,c@d.org"},
		"a line in the address": {Name: "B", Mail: "a@b.org\r\nBcc: c@d.org"}, "letters in the number": {Name: "B", Phone: "call me"}, "no language": {Name: "B", Lang: "../en"}} {
		if _, _, err := app.Service.AddContact(ctx, anna.Caller(t), patient, wrong); !errors.Is(err, emergency.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
