package emergency_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

var stranger = emergency.Caller{Network: "203.0.113.0/24"}

// mute is a store whose log cannot be written: every change fails as a full disk makes it fail.
type mute struct{ emergency.Store }

func (mute) Update(context.Context, func(emergency.Tx) error) error {
	return errors.New("disk full")
}

// TestNoLogNoData holds promise 1: when the entry cannot be written, nothing is released; when something is released, its entry is in the log.
func TestNoLogNoData(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()

	store := app.Service.Store
	app.Service.Store = mute{store}
	opened, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if !errors.Is(err, emergency.ErrLogUnavailable) {
		t.Errorf("with a log that cannot be written: %v, want ErrLogUnavailable", err)
	}
	if opened.Record.Items != 0 || shown(t, opened).Identity.Name.String() != "" {
		t.Error("something was released without an entry")
	}

	app.Service.Store = store
	opened, err = app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	if opened.Record.Items == 0 {
		t.Fatal("the rules grant something and nothing was released")
	}
	history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	last := history.Entries[len(history.Entries)-1]
	if last.Index != opened.Entry.Index || last.Event.Type != audit.GlassOpened || last.Event.Items != opened.Record.Items {
		t.Errorf("the last entry is #%d %s with %d items, want #%d %s with %d", last.Index, last.Event.Type, last.Event.Items, opened.Entry.Index,
			audit.GlassOpened, opened.Record.Items)
	}
}

// TestNoLogIsRefusedAtStart is the other half of promise 1.
func TestNoLogIsRefusedAtStart(t *testing.T) {
	app := emergencytest.NewApp(t)
	config := app.Service.Config
	config.Log = nil
	if _, err := emergency.New(config); err == nil {
		t.Error("a service without a log was made")
	}
}

// TestFloorIsNeverReleased holds that no rule, step or preset opens private notes or what the patient moved there.
func TestFloorIsNeverReleased(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	anna.Edit(t, patient, summary.Item{Section: section.PrivateNotes, Text: "floor-note"})
	anna.Edit(t, patient, summary.Item{Section: section.Conditions, Text: "floor-condition", Hidden: true})
	issued := anna.Issue(t, patient)
	for _, preset := range []rules.Policy{rules.Open(), rules.Balanced(), rules.Private()} {
		if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(preset)}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []string{"critical", "sensitive"} {
			request := emergencytest.OpenRequest(issued)
			request.Step = step
			opened, err := app.Service.Open(context.Background(), stranger, request)
			if err != nil {
				t.Fatalf("%s, %s: %v", preset.Preset, step, err)
			}
			text, err := json.Marshal(opened)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("floor-")) {
				t.Errorf("%s, %s: the floor was released", preset.Preset, step)
			}
		}
	}
}

// TestTheFrontNeverLocks holds promise 2: whatever is guessed, however often, the card still opens for whoever holds it.
func TestTheFrontNeverLocks(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	issued := anna.Issue(t, anna.Patient(t, "adult"))
	ctx := context.Background()
	guesser := emergency.Caller{Network: "198.51.100.0/24"}
	var group sync.WaitGroup
	var slowed atomic.Int64
	for range 50 {
		group.Go(func() {
			if _, err := app.Service.FindByShortCode(ctx, guesser, "2222-2222-2222"); errors.Is(err, emergency.ErrTooMany) {
				slowed.Add(1)
			}
		})
	}
	group.Wait()
	if slowed.Load() != 10 {
		t.Errorf("of 50 guesses at the same moment %d were refused, want 10: no guess goes uncounted", slowed.Load())
	}
	if _, err := app.Service.FindByShortCode(ctx, stranger, string(issued.ShortCode)); err != nil {
		t.Errorf("somebody else with the right code: %v", err)
	}
	wrong := emergencytest.OpenRequest(issued)
	wrong.Secret = make([]byte, 16)
	for range 3 {
		if _, err := app.Service.Open(ctx, guesser, wrong); !errors.Is(err, emergency.ErrNoCard) {
			t.Fatalf("a wrong secret: %v", err)
		}
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Errorf("the holder after wrong secrets: %v", err)
	}
}

// TestTwoKeysAStolenDatabaseOpensNothing holds promise 3: nothing personal is readable in the files of the database.
func TestTwoKeysAStolenDatabaseOpensNothing(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Annabella Testperson")
	patient := anna.Patient(t, "adult")
	anna.Edit(t, patient, summary.Item{Section: section.Contacts, Name: "Zebulon Contactson", Phone: "+447700900999"})
	issued := anna.Issue(t, patient)
	request := emergencytest.OpenRequest(issued)
	request.Name, request.ReasonText, request.CallBack = "Quintessa Responder", "found at the xylophone", "+15555550142"
	if _, err := app.Service.Open(context.Background(), stranger, request); err != nil {
		t.Fatal(err)
	}
	record, err := app.Service.Record(context.Background(), anna.Caller(t), patient)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"Annabella", "Zebulon", "447700900999", "Quintessa", "xylophone", "5555550142", string(issued.ShortCode),
		record.Identity.Name.String(), issued.Address.URL(), string(issued.Address.Secret.Bytes())}
	for _, item := range record.Items {
		for _, text := range []string{item.Text, item.Detail, item.Note, item.Name} {
			if len(text) > 5 {
				secrets = append(secrets, text)
			}
		}
	}
	for _, name := range []string{"locket.db", "locket.db-wal"} {
		content, err := os.ReadFile(filepath.Join(app.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s holds %q in the clear", name, secret)
			}
		}
	}
}

// TestNobodyIsToldThatSomethingIsHidden holds promise 4 for the answers of the door.
func TestNobodyIsToldThatSomethingIsHidden(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	open := func(hide bool, step string) emergency.Opened {
		patient := anna.Patient(t, "adult")
		if hide {
			anna.Edit(t, patient, summary.Item{Section: section.MentalHealth, Text: "hidden thing", Hidden: step == "sensitive"})
			anna.Edit(t, patient, summary.Item{Section: section.Conditions, Text: "hidden thing", Hidden: true})
		}
		request := emergencytest.OpenRequest(anna.Issue(t, patient))
		request.Step = step
		opened, err := app.Service.Open(context.Background(), stranger, request)
		if err != nil {
			t.Fatal(err)
		}
		return opened
	}
	for _, step := range []string{"critical", "sensitive"} {
		plain, hiding := open(false, step), open(true, step)
		for _, answer := range []*emergency.Opened{&plain, &hiding} { // what differs between any two openings
			answer.Grant, answer.GrantID, answer.Entry = "", "", emergency.EntryRef{}
		}
		if a, b := words(t, plain), words(t, hiding); a != b {
			t.Errorf("%s: with something hidden the answer differs:\n%s\nwithout:\n%s", step, b, a)
		}
		if len(plain.Next) == 0 {
			t.Errorf("%s: the second step is not offered", step)
		}
	}
}

// TestUnknownRevokedAndWrongSecretAnswerAlike is promise 4 to a guesser.
func TestUnknownRevokedAndWrongSecretAnswerAlike(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	revoked, active := anna.Issue(t, patient), anna.Issue(t, patient)
	ctx := context.Background()
	if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, revoked.ID); err != nil {
		t.Fatal(err)
	}
	unknown := emergencytest.OpenRequest(active)
	unknown.Card = cards.ID{1, 2, 3}
	wrong := emergencytest.OpenRequest(active)
	wrong.Secret = make([]byte, 16)
	for name, request := range map[string]emergency.OpenRequest{"unknown": unknown, "revoked": emergencytest.OpenRequest(revoked), "wrong secret": wrong} {
		started := time.Now()
		opened, err := app.Service.Open(ctx, stranger, request)
		if err != emergency.ErrNoCard {
			t.Errorf("%s: %v, want exactly ErrNoCard", name, err)
		}
		if took := time.Since(started); took < 250*time.Millisecond {
			t.Errorf("%s: answered after %v, before what all such answers take", name, took)
		}
		if opened.Record.Items > 0 {
			t.Errorf("%s: something was released", name)
		}
	}
}

// TestAnEmergencyOpeningCannotBeMuted holds promise 5: every opening and refusal is news to the keepers until one has looked.
func TestAnEmergencyOpeningCannotBeMuted(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	unseen := func() int {
		view, err := app.Service.Patient(ctx, anna.Caller(t), patient)
		if err != nil {
			t.Fatal(err)
		}
		return view.Unseen
	}
	if got := unseen(); got != 0 {
		t.Fatalf("%d unseen before anything happened", got)
	}
	for want := 1; want <= 2; want++ {
		if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
			t.Fatal(err)
		}
		if got := unseen(); got != want {
			t.Errorf("%d unseen after %d openings", got, want)
		}
	}
	// Looking at what was there does not silence what comes later, and looking back does not unsee.
	history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{history.Entries[len(history.Entries)-1].Seq, 1} {
		if err := app.Service.MarkSeen(ctx, anna.Caller(t), patient, seq); err != nil {
			t.Fatal(err)
		}
	}
	if got := unseen(); got != 0 {
		t.Errorf("%d unseen after looking", got)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Fatal(err)
	}
	if got := unseen(); got != 1 {
		t.Errorf("%d unseen after an opening that came after looking, want 1", got)
	}

	// Nor is there anything that a keeper could set which keeps it from a contact who has confirmed: not the rules, not what they have seen, not who else there is.
	told := []contact{
		named(t, app, anna, patient, emergency.NewContact{Name: "Ben", Mail: "ben@example.org", Lang: "ar"}),
		named(t, app, anna, patient, emergency.NewContact{Name: "Cleo", Phone: "112"}),
		named(t, app, anna, patient, emergency.NewContact{Name: "Anna herself", Mail: "anna@example.org", Own: true}),
	}
	if err := app.Service.StopContact(ctx, anna.Caller(t), patient, named(t, app, anna, patient, emergency.NewContact{Name: "Dan", Mail: "dan@example.org"}).id); err != nil {
		t.Fatal(err)
	}
	openings := 0
	for _, policy := range []rules.Policy{rules.Open(), rules.Balanced(), rules.Private()} {
		if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(policy)}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []string{"critical", "sensitive"} {
			if err := app.Service.MarkSeen(ctx, anna.Caller(t), patient, 1<<40); err != nil {
				t.Fatal(err)
			}
			request := emergencytest.OpenRequest(issued)
			request.Step = step
			if _, err := app.Service.Open(ctx, stranger, request); err != nil {
				t.Fatal(err)
			}
			openings++
		}
	}
	for _, each := range told {
		kinds, _ := letters(t, app, patient, each.id)
		got := 0
		for _, kind := range kinds {
			if kind == emergency.NewsOpened {
				got++
			}
		}
		if got != openings {
			t.Errorf("a contact is told of %d openings of %d", got, openings)
		}
	}
}

// TestRulesChangeOnlyByAFreshPasskey holds promise 6: the approval is bound to the exact text, used once, and can be checked later from what an
// export holds, without trusting the server.
func TestRulesChangeOnlyByAFreshPasskey(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	private := emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}

	begun, err := app.Service.BeginApproval(ctx, anna.Caller(t), private)
	if err != nil {
		t.Fatal(err)
	}
	if len(begun.Text) == 0 {
		t.Error("nobody is told in words what is approved")
	}
	response, err := anna.Authenticator.Get(begun.Options)
	if err != nil {
		t.Fatal(err)
	}
	// The answer to one ceremony is worth nothing for another, begun for other rules after the passkey was touched.
	other, err := app.Service.BeginApproval(ctx, anna.Caller(t), emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Open())})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), other.Ceremony, response); !errors.Is(err, emergency.ErrPasskey) {
		t.Errorf("an approval of other rules: %v, want ErrPasskey", err)
	}
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), begun.Ceremony, response); err != nil {
		t.Fatalf("the approval itself: %v", err)
	}
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), begun.Ceremony, response); !errors.Is(err, emergency.ErrCeremony) {
		t.Errorf("the approval replayed: %v, want ErrCeremony", err)
	}
	view, err := app.Service.Rules(ctx, anna.Caller(t), patient)
	if err != nil || view.Preset != rules.PresetPrivate || view.Version != 2 || !view.Approved {
		t.Errorf("rules in force: %s version %d approved %v, %v", view.Preset, view.Version, view.Approved, err)
	}

	files := export(t, app, anna, "")
	var versions []struct {
		Version  int
		Approved *emergency.Approved
	}
	if err := json.Unmarshal(files["patient-1/rules.json"], &versions); err != nil {
		t.Fatal(err)
	}
	if len(versions) != 2 || versions[1].Approved == nil {
		t.Fatalf("the export holds %d versions of the rules", len(versions))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, versions[1].Approved.Action); err != nil {
		t.Fatal(err)
	}
	approval := versions[1].Approved.Approval
	if err := passkey.VerifyApproval(approval, compact.Bytes(), "localhost", []string{emergencytest.URL}); err != nil {
		t.Errorf("the exported approval does not hold: %v", err)
	}
	altered := bytes.Replace(compact.Bytes(), []byte("private"), []byte("opened!"), 1)
	if err := passkey.VerifyApproval(approval, altered, "localhost", []string{emergencytest.URL}); err == nil {
		t.Error("the exported approval holds for altered rules")
	}
}

// TestARuleChangeThatCameTooLateIsRefused: what was approved replaced rules that are no longer there.
func TestARuleChangeThatCameTooLateIsRefused(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	ctx := context.Background()
	late, err := app.Service.BeginApproval(ctx, anna.Caller(t), emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Open())})
	if err != nil {
		t.Fatal(err)
	}
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(patient), Body: rules.Canonical(rules.Private())}); err != nil {
		t.Fatal(err)
	}
	response, err := anna.Authenticator.Get(late.Options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.FinishApproval(ctx, anna.Caller(t), late.Ceremony, response); !errors.Is(err, emergency.ErrChanged) {
		t.Errorf("an approval of rules that replace older ones: %v, want ErrChanged", err)
	}
}

// TestEveryEntryCanBeProved holds promise 7 for everything that a day in the house writes.
func TestEveryEntryCanBeProved(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	if err := app.Service.Scan(ctx, stranger, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued)); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Log.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	history, err := app.Service.History(ctx, anna.Caller(t), patient, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if last := history.Entries[len(history.Entries)-1].Seq; history.Last != last {
		t.Errorf("the last entry is said to be number %d, and is %d", history.Last, last)
	}
	var kinds []audit.Type
	for _, entry := range history.Entries {
		kinds = append(kinds, entry.Event.Type)
		if entry.Proof == nil {
			t.Fatalf("entry %d has no proof", entry.Index)
		}
		if err := audit.VerifyProof(app.Log.Verifier(), audit.Commit(audit.Salt(entry.Salt), entry.Payload), *entry.Proof); err != nil {
			t.Errorf("entry %d: %v", entry.Index, err)
		}
	}
	want := []audit.Type{audit.PatientCreated, audit.RecordImported, audit.CardIssued, audit.CardScanned, audit.GlassOpened, audit.CardRevoked}
	if !slices.Equal(kinds, want) {
		t.Errorf("the patient's entries are %v, want %v", kinds, want)
	}
	if _, err := audit.VerifyStore(ctx, app.Store, app.Log.Keys(), emergency.LogSealer(app.Keys.Data), nil); err != nil {
		t.Error(err)
	}
}

// TestACardOutlivesTheServer holds promise 8: with the public key alone, years later, nothing of the house running.
func TestACardOutlivesTheServer(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	issued := anna.Issue(t, anna.Patient(t, "adult"))
	jwks, err := app.Service.JWKS(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	url := issued.Address.URL()
	if err := app.Store.Close(); err != nil {
		t.Fatal(err)
	}
	keys, err := cards.ParseJWKS(jwks)
	if err != nil {
		t.Fatal(err)
	}
	address, err := cards.ParseAddress(url)
	if err != nil {
		t.Fatal(err)
	}
	for years, want := range map[int]cards.Status{1: cards.StatusVerified, 10: cards.StatusExpired} {
		result, err := cards.Verify(address.Envelope, keys, app.Clock.Now().AddDate(years, 0, 0))
		if err != nil || result.Status != want {
			t.Errorf("after %d years: %s, %v, want %s", years, result.Status, err, want)
		}
		front, err := summary.DecodeFront(result.Card.Summary)
		if err != nil || len(front.Items) == 0 {
			t.Errorf("after %d years the front has %d items, %v", years, len(front.Items), err)
		}
	}
}

// TestEveryItemSaysWhoStatedItAndWhen holds promise 9 for what leaves the house.
func TestEveryItemSaysWhoStatedItAndWhen(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	anna.Edit(t, patient, summary.Item{Section: section.Conditions, Term: "epilepsy"})
	issued := anna.Issue(t, patient)
	for _, item := range issued.Front.Items {
		if item.Source.Kind == "" {
			t.Errorf("on the front nobody states %s %s", item.Section, item.Term)
		}
	}
	opened, err := app.Service.Open(context.Background(), stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range shown(t, opened).Items {
		if item.Source.Kind == "" {
			t.Errorf("behind the glass nobody states %s %s", item.Section, item.Term)
		}
	}
	epilepsy := slices.IndexFunc(shown(t, opened).Items, func(item summary.Item) bool { return item.Term == "epilepsy" && item.Source.Kind == summary.SourceSelf })
	if epilepsy < 0 || shown(t, opened).Items[epilepsy].Confirmed != summary.DateOf(app.Clock.Now()) {
		t.Error("what the patient stated today does not say so")
	}
}

// TestAGrantEnds: after its time the token opens nothing, a clock set back does not bring it back to life, and revoking the card ends it at once.
func TestAGrantEnds(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	patient := anna.Patient(t, "adult")
	issued := anna.Issue(t, patient)
	ctx := context.Background()
	opened, err := app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	again := emergencytest.OpenRequest(issued)
	again.Reason, again.Grant = "", opened.Grant
	reopened, err := app.Service.Open(ctx, stranger, again)
	if err != nil || reopened.Record.Items != opened.Record.Items || !reopened.Until.Equal(opened.Until) {
		t.Fatalf("looking again: %d items until %v, %v", reopened.Record.Items, reopened.Until, err)
	}
	app.Clock.Add(opened.Until.Sub(opened.Now))
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("looking again after the end: %v, want ErrRefused", err)
	}
	app.Clock.Add(-time.Hour)
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrRefused) {
		t.Errorf("looking again after the clock was set back: %v, want ErrRefused", err)
	}
	app.Clock.Add(2 * time.Hour)
	opened, err = app.Service.Open(ctx, stranger, emergencytest.OpenRequest(issued))
	if err != nil {
		t.Fatal(err)
	}
	again.Grant = opened.Grant
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionVerify}); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.RevokeCard(ctx, anna.Caller(t), patient, issued.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Service.Open(ctx, stranger, again); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("a running grant of a revoked card: %v, want ErrNoCard", err)
	}
}

// TestTheReferencePatientFitsAWalletCard is the size promise: everything of the yardstick on one card that prints at six dots a module.
func TestTheReferencePatientFitsAWalletCard(t *testing.T) {
	bundles := map[string][]byte{"our own": emergencytest.Load("reference").Bundle}
	if shared, err := os.ReadFile("../../shared/data/reference-patient/ips.json"); err == nil {
		bundles["the shared one"] = shared
	}
	app := emergencytest.NewApp(t)
	for name, bundle := range bundles {
		issued, imported, err := app.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, bundle, "ips.json", emergency.CardChoices{})
		if err != nil {
			t.Fatal(err)
		}
		if len(issued.Left) != 0 || len(issued.Front.Items) != len(imported.Record.Items) {
			t.Errorf("%s: %d of %d items are on the front, left %v", name, len(issued.Front.Items), len(imported.Record.Items), issued.Left)
		}
		matrix, err := cards.EncodeQR(issued.Address.URL(), cards.LevelM)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, version %d", name, issued.PayloadBytes, matrix.Version)
		if issued.PayloadBytes > emergency.WalletBytes || matrix.Version > 18 {
			t.Errorf("%s: %d bytes, version %d, want at most %d and 18", name, issued.PayloadBytes, matrix.Version, emergency.WalletBytes)
		}
	}
}

// words is all that an answer says, for searching.
func words(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ToLower(string(text))
}
