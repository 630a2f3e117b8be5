package emergency_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// secretWord is what stands in every confidential item, and nowhere else.
const secretWord = "xylophagous"

// confiding is a family whose daughter keeps two sections from her mother, and something on the floor of a third.
type confiding struct {
	family
	daughter *emergencytest.Person
	card     emergency.Issued // issued by the daughter, with something confidential on its front
	hidden   []summary.Item
}

func newConfiding(t *testing.T) confiding {
	t.Helper()
	f := confiding{family: newFamily(t, "2010-01-01")}
	f.daughter = f.app.SignUp(t, "Daughter")
	f.joins(t, f.mother, f.daughter, emergency.KeeperSelf)
	ctx, s := t.Context(), f.app.Service
	set := section.SetOf(section.SexualHealth, section.Procedures)
	if err := s.SetConfidential(ctx, f.daughter.Caller(t), f.child, set); err != nil {
		t.Fatal(err)
	}
	for _, item := range []summary.Item{
		{Section: section.SexualHealth, Text: secretWord + " one"},
		{Section: section.Procedures, Text: secretWord + " two", Front: summary.FrontAlways},
		{Section: section.Conditions, Text: secretWord + " three", Hidden: true},
		{Section: section.PrivateNotes, Text: secretWord + " four"},
	} {
		f.hidden = append(f.hidden, f.daughter.Edit(t, f.child, item))
	}
	f.card = f.daughter.Issue(t, f.child)
	return f
}

// TestAGuardianReadsNoConfidentialWord calls every method of the service that takes a caller as a guardian, with what a guardian could know. A method that is made
// tomorrow is called too.
func TestAGuardianReadsNoConfidentialWord(t *testing.T) {
	t.Parallel()
	f := newConfiding(t)
	s, ctx := f.app.Service, t.Context()
	if front := fmt.Sprint(f.card.Front); !strings.Contains(front, secretWord) {
		t.Fatalf("the daughter's card does not say what she put on it: %s", front)
	}
	documents, err := s.Documents(ctx, f.daughter.Caller(t), f.child)
	if err != nil || len(documents) == 0 {
		t.Fatalf("the patient has %d originals, %v", len(documents), err)
	}
	service := reflect.ValueOf(s)
	called := 0
	for i := range service.NumMethod() {
		method, name := service.Method(i), service.Type().Method(i).Name
		var in []reflect.Value
		var out bytes.Buffer
		asks := false
		for _, kind := range argumentsOf(method.Type()) {
			asks = asks || kind == reflect.TypeFor[emergency.Caller]()
			in = append(in, f.argument(t, ctx, kind, &out, documents[0].ID))
		}
		if !asks || strings.HasPrefix(name, "Follow") || name == "SignOut" {
			continue
		}
		if name == "Export" {
			in[len(in)-1] = reflect.ValueOf("") // sealed under a passphrase, which takes a second, it would hide its words from this test too
		}
		called++
		for _, result := range method.Call(in) {
			text, _ := json.Marshal(result.Interface())
			fmt.Fprintf(&out, "%s %+v", text, result.Interface())
		}
		if strings.Contains(out.String(), secretWord) {
			t.Errorf("%s gives a guardian a confidential word", name)
		}
	}
	if called < 70 {
		t.Errorf("only %d methods were called", called)
	}
	for name, call := range map[string]func(emergency.Caller) error{
		"a card with a confidential front, to print again": func(c emergency.Caller) error {
			_, err := s.CardForPrint(ctx, c, f.child, f.card.ID)
			return err
		},
		"an original": func(c emergency.Caller) error {
			_, _, err := s.Document(ctx, c, f.child, documents[0].ID)
			return err
		},
		"what is confidential": func(c emergency.Caller) error { _, err := s.Confidential(ctx, c, f.child); return err },
		"to say what is confidential": func(c emergency.Caller) error {
			return s.SetConfidential(ctx, c, f.child, 0)
		},
		"to confirm what is hidden": func(c emergency.Caller) error {
			return s.ConfirmItem(ctx, c, f.child, f.hidden[0].ID, emergency.ItemTag(f.hidden[0]))
		},
	} {
		if err := call(f.mother.Caller(t)); !errors.Is(err, emergency.ErrNotFound) {
			t.Errorf("a guardian gets %s: %v, want ErrNotFound", name, err)
		}
	}
	mothers, err := s.IssueCard(ctx, f.mother.Caller(t), f.child, emergency.CardChoices{Always: []string{f.hidden[1].ID}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprintf("%+v", mothers), secretWord) {
		t.Error("a card that a guardian issued says something confidential")
	}
	files := export(t, f.app, f.mother, "")
	for name, content := range files {
		if bytes.Contains(content, []byte(secretWord)) || strings.Contains(name, "documents/") {
			t.Errorf("the guardian's export gives away %s", name)
		}
	}

	// Whoever helps in an emergency gets what the rules give, by the guardian's card too.
	policy := rules.Open()
	policy.Preset, policy.Rules[0].Sections = "", section.OrdinarySet|section.SensitiveSet
	if err := f.daughter.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(policy)}); err != nil {
		t.Fatal(err)
	}
	var given string
	for _, step := range []string{"critical", "sensitive"} {
		request := emergencytest.OpenRequest(mothers)
		request.Step = step
		opened, err := s.Open(ctx, stranger, request)
		if err != nil {
			t.Fatal(err)
		}
		given += words(t, shown(t, opened))
	}
	if !strings.Contains(given, secretWord+" one") || !strings.Contains(given, secretWord+" two") {
		t.Error("a responder does not get what the rules give")
	}
	if strings.Contains(given, secretWord+" three") || strings.Contains(given, secretWord+" four") {
		t.Error("a responder gets what is on the floor")
	}
}

func argumentsOf(method reflect.Type) (kinds []reflect.Type) {
	for i := range method.NumIn() {
		if method.IsVariadic() && i == method.NumIn()-1 {
			break
		}
		kinds = append(kinds, method.In(i))
	}
	return kinds
}

// argument is what a guardian would send.
func (f confiding) argument(t *testing.T, ctx context.Context, kind reflect.Type, out io.Writer, document emergency.DocumentID) reflect.Value {
	t.Helper()
	known := []any{f.mother.Caller(t), f.child, f.card.ID, document, emergency.CardChoices{Always: []string{f.hidden[0].ID, f.hidden[1].ID}},
		emergency.Edit{Item: f.hidden[0], Before: emergency.ItemTag(f.hidden[0])}, []emergency.PatientID{f.child}, rules.Open(), section.OrdinarySet,
		emergency.Action{Kind: emergency.ActionRules, Target: string(f.child), Body: rules.Canonical(rules.Open())}, 100, f.card.ID.String()}
	for _, value := range known {
		if reflect.TypeOf(value) == kind {
			if edit, is := value.(emergency.Edit); is {
				edit.Item.Text = "something else"
				return reflect.ValueOf(edit)
			}
			return reflect.ValueOf(value)
		}
	}
	switch kind {
	case reflect.TypeFor[context.Context]():
		return reflect.ValueOf(ctx)
	case reflect.TypeFor[io.Writer]():
		return reflect.ValueOf(out)
	}
	return reflect.Zero(kind)
}

// TestAGuardiansEditLosesNothingHidden edits, adds, removes and imports as a guardian, in any order: what the patient hides stays to the letter, and in its place.
func TestAGuardiansEditLosesNothingHidden(t *testing.T) {
	t.Parallel()
	f := newConfiding(t)
	s, ctx := f.app.Service, t.Context()
	order := func() (kept []summary.Item) {
		record, err := s.Record(ctx, f.daughter.Caller(t), f.child)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range record.Items {
			if strings.HasPrefix(item.Text, secretWord) {
				kept = append(kept, item)
			}
		}
		return kept
	}
	before := words(t, order())
	random := rand.New(rand.NewPCG(8, 22))
	for round := range 25 {
		c := f.mother.Caller(t)
		record, err := s.Record(ctx, c, f.child)
		if err != nil {
			t.Fatal(err)
		}
		item := record.Items[random.IntN(len(record.Items))]
		tag := emergency.ItemTag(item)
		switch random.IntN(5) {
		case 0:
			item.Note = fmt.Sprint("round ", round)
			_, err = s.EditItem(ctx, c, f.child, emergency.Edit{Item: item, Before: tag})
		case 1:
			_, err = s.EditItem(ctx, c, f.child, emergency.Edit{Item: item, Before: tag, Remove: true})
		case 2: // an id that is taken by something that she does not see
			_, err = s.EditItem(ctx, c, f.child, emergency.Edit{Item: summary.Item{ID: f.hidden[random.IntN(4)].ID, Section: section.Conditions, Text: fmt.Sprint("new ", round)}})
		case 3:
			err = s.ConfirmItem(ctx, c, f.child, item.ID, tag)
		case 4:
			var preview emergency.ImportPreview
			if preview, err = s.PreviewImport(ctx, c, f.child, emergencytest.Load("adult").Bundle, "x"); err == nil {
				err = s.ConfirmImport(ctx, c, f.child, preview.Token)
			}
		}
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if after := words(t, order()); after != before {
			t.Fatalf("after round %d what is hidden is %s, want %s", round, after, before)
		}
	}
	if _, err := s.EditItem(ctx, f.mother.Caller(t), f.child, emergency.Edit{Item: summary.Item{Section: section.SexualHealth, Text: "x"}}); !errors.Is(err, emergency.ErrConfidential) {
		t.Errorf("a guardian writes into a confidential section: %v, want ErrConfidential", err)
	}
	if err := s.RevokeCard(ctx, f.mother.Caller(t), f.child, f.card.ID); err != nil {
		t.Fatal(err)
	}
	if after := words(t, order()); after != before {
		t.Errorf("after a guardian revoked a card what is hidden is %s, want %s", after, before)
	}
}

// TestTheLogNamesNothingConfidential: guardians read it too.
func TestTheLogNamesNothingConfidential(t *testing.T) {
	t.Parallel()
	f := newConfiding(t)
	s, ctx := f.app.Service, t.Context()
	if _, err := s.ExportRecord(ctx, f.daughter.Caller(t), f.child); err != nil {
		t.Fatal(err)
	}
	more := section.SetOf(section.SexualHealth, section.Procedures, section.Allergies) // which an opening by a stranger releases
	if err := s.SetConfidential(ctx, f.daughter.Caller(t), f.child, more); err != nil {
		t.Fatal(err)
	}
	opened, err := s.Open(ctx, stranger, emergencytest.OpenRequest(f.card))
	if err != nil {
		t.Fatal(err)
	}
	again := emergencytest.OpenRequest(f.card)
	again.Grant = opened.Grant
	if _, err := s.Open(ctx, stranger, again); err != nil {
		t.Fatal(err)
	}
	history, err := s.History(ctx, f.mother.Caller(t), f.child, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var names []string // that the entries from here on must not say
	choices, openings := 0, 0
	for _, entry := range history.Entries {
		switch entry.Event.Type {
		case audit.Confidential:
			names = more.Names()
			if choices++; choices == 1 {
				names = section.SetOf(section.SexualHealth, section.Procedures).Names()
			}
		case audit.GlassOpened, audit.GlassReopened:
			openings++
		}
		for _, name := range names {
			if bytes.Contains(entry.Payload, []byte(name)) || slices.Contains(entry.Event.Sections, name) {
				t.Errorf("the entry %s names %s", entry.Event.Type, name)
			}
		}
	}
	if choices != 2 || openings != 2 {
		t.Errorf("the log holds %d choices and %d openings, want 2 and 2", choices, openings)
	}
	f.app.Clock.Add(emergency.FreshFor * 2)
	if err := s.SetConfidential(ctx, f.daughter.Caller(t), f.child, 0); !errors.Is(err, emergency.ErrFreshPasskey) {
		t.Errorf("the choice changes without a fresh passkey: %v", err)
	}
	if err := s.SetConfidential(ctx, f.daughter.Caller(t), f.child, section.SetOf(section.Identity)); !errors.Is(err, emergency.ErrInvalid) {
		t.Errorf("who the patient is becomes confidential: %v", err)
	}
}

// TestWhatWasReleasedIsSaidToThePatientAlone: an opening names what was released, which a guardian reads nowhere: not on a page, not in an export, not in a proof. It is
// the same whether anything is kept from them or not. Who opened, when and why they read, and the log itself holds all of it.
func TestWhatWasReleasedIsSaidToThePatientAlone(t *testing.T) {
	t.Parallel()
	f := newConfiding(t)
	s, ctx := f.app.Service, t.Context()
	request := emergencytest.OpenRequest(f.card)
	request.Name = "Robin Rescue"
	opened, err := s.Open(ctx, stranger, request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Log.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	// told is all that a keeper is told of the opening: what it names, and everything as text.
	told := func(p *emergencytest.Person) (entry emergency.HistoryEntry, view emergency.GrantView, proof audit.Receipt, text string) {
		t.Helper()
		if err := p.SignIn(t); err != nil {
			t.Fatal(err)
		}
		history, err := s.History(ctx, p.Caller(t), f.child, 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(history.Entries, func(e emergency.HistoryEntry) bool { return e.Event.Grant == string(opened.GrantID) })
		if at < 0 {
			t.Fatal("the opening is not in the log")
		}
		entry = history.Entries[at]
		if view, err = s.Grant(ctx, p.Caller(t), f.child, opened.GrantID); err != nil {
			t.Fatal(err)
		}
		file, err := s.Proof(ctx, p.Caller(t), f.child, entry.Seq)
		if err != nil {
			t.Fatal(err)
		}
		if proof, err = audit.VerifyReceipt(s.Log.Verifier(), file.Body); err != nil {
			t.Errorf("the proof does not hold: %v", err)
		}
		var log, all bytes.Buffer
		if err := errors.Join(s.ExportLog(ctx, p.Caller(t), f.child, &log), s.Export(ctx, p.Caller(t), &all, "")); err != nil {
			t.Fatal(err)
		}
		for _, files := range []logFiles{readLogFiles(t, log.Bytes(), ""), readLogFiles(t, all.Bytes(), "patient-1/log/")} {
			files.verified(t)
			for _, row := range files.table(t) {
				text += fmt.Sprintf("%q", row)
			}
			for line := range strings.Lines(files["events.ndjson"]) {
				if strings.Contains(line, string(opened.GrantID)) || strings.Contains(line, "Robin Rescue") {
					text += line
				}
			}
			for _, each := range lines[exportedEntry](t, files["entries.ndjson"]) {
				if each.Index == entry.Index && each.Payload != nil {
					text += *each.Payload
				}
			}
		}
		return entry, view, proof, text + readLogFiles(t, all.Bytes(), "patient-1/")["openings.json"]
	}
	allergies := section.Allergies.String()
	entry, view, proof, text := told(f.daughter)
	if entry.Withheld || entry.Payload == nil || !slices.Contains(entry.Event.Sections, allergies) || entry.Event.Items == 0 || view.Withheld || !view.Sections.Has(section.Allergies) ||
		!slices.Contains(proof.Payload.Sections, allergies) || !strings.Contains(text, allergies) {
		t.Errorf("the patient is not told what was released: %+v, %+v, %+v", entry, view, proof.Payload)
	}
	for _, hidden := range []section.Set{section.SetOf(section.SexualHealth), 0} {
		if err := errors.Join(f.daughter.SignIn(t), s.SetConfidential(ctx, f.daughter.Caller(t), f.child, hidden)); err != nil {
			t.Fatal(err)
		}
		entry, view, proof, text := told(f.mother)
		if !entry.Withheld || entry.Payload != nil || entry.Salt != nil || entry.Event.Sections != nil || entry.Event.Items != 0 || !view.Withheld || view.Sections != 0 || proof.Raw != nil {
			t.Errorf("a guardian is told what was released: %+v, %+v, %q", entry, view, proof.Raw)
		}
		if strings.Contains(text, allergies) || !strings.Contains(text, `"Withheld": true`) || !strings.Contains(text, `"items":""`) {
			t.Errorf("a guardian's exports say what was released:\n%s", text)
		}
		if entry.Event.Actor.Name != "Robin Rescue" || entry.Event.Reason == "" || !strings.Contains(text, "Robin Rescue") {
			t.Errorf("a guardian is not told who opened and why: %+v", entry.Event)
		}
	}
}

// TestNoLinkGivesWhatIsConfidential: whoever has link and passcode may be a guardian.
func TestNoLinkGivesWhatIsConfidential(t *testing.T) {
	t.Parallel()
	f := newConfiding(t)
	issued, err := f.app.Service.IssueCard(t.Context(), f.mother.Caller(t), f.child, emergency.CardChoices{Carrier: emergency.CarrierSHL,
		Link: emergency.LinkChoices{Passcode: linkPasscode, Sections: section.OrdinarySet | section.SensitiveSet}}, "")
	if err != nil {
		t.Fatal(err)
	}
	link, err := shl.Parse(issued.Link.URI)
	if err != nil {
		t.Fatal(err)
	}
	l := linked{app: f.app, token: link.URL[strings.LastIndexByte(link.URL, '/')+1:]}
	opened, err := l.open(linkPasscode)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Record.Items == 0 || strings.Contains(words(t, shown(t, opened.Opened)), secretWord) {
		t.Errorf("a link gives %d items, or a confidential word", opened.Record.Items)
	}
}
