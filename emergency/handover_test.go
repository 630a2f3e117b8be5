package emergency_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shl"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/rules"
)

// ward is a house in which a responder has opened a record and hands it over.
type ward struct {
	app     *emergencytest.App
	anna    *emergencytest.Person
	patient emergency.PatientID
}

func newWard(t *testing.T) ward {
	t.Helper()
	app := emergencytest.NewApp(t)
	w := ward{app: app, anna: app.SignUp(t, "Anna")}
	w.patient = w.anna.Patient(t, "adult")
	return w
}

// handedOver is an opening with its handover.
type handedOver struct {
	issued emergency.Issued
	opened emergency.Opened
	made   emergency.MadeHandover
	token  string
}

func (w ward) handOver(t *testing.T) handedOver {
	t.Helper()
	ctx := context.Background()
	h := handedOver{issued: w.anna.Issue(t, w.patient)}
	var err error
	if h.opened, err = w.app.Service.Open(ctx, stranger, emergencytest.OpenRequest(h.issued)); err != nil {
		t.Fatal(err)
	}
	if h.made, err = w.app.Service.Handover(ctx, stranger, h.request()); err != nil {
		t.Fatal(err)
	}
	link, err := shl.Parse(h.made.URI)
	if err != nil {
		t.Fatal(err)
	}
	if link.Flag != "P" || !link.Expires.Equal(h.opened.Until.Truncate(time.Second)) || !h.made.Until.Equal(h.opened.Until) {
		t.Errorf("flag %q, expires %v; want P and the end of the grant, %v", link.Flag, link.Expires, h.opened.Until)
	}
	h.token = link.URL[strings.LastIndexByte(link.URL, '/')+1:]
	return h
}

func (h handedOver) request() emergency.HandoverRequest {
	return emergency.HandoverRequest{Card: h.issued.ID, Secret: h.issued.Address.Secret.Bytes(), Grant: h.opened.Grant}
}

func (w ward) take(h handedOver, passcode string) (emergency.OpenedLink, error) {
	return w.app.Service.OpenLink(context.Background(), stranger, emergency.LinkRequest{Token: h.token, Passcode: passcode, Recipient: "Emergency department"})
}

// last is the last entry of the patient.
func (w ward) last(t *testing.T) audit.Event {
	t.Helper()
	view, err := w.app.Service.History(context.Background(), w.anna.Caller(t), w.patient, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return view.Entries[len(view.Entries)-1].Event
}

func TestAHandoverGivesWhatItsGrantGivesAfterTheEntry(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	ctx := context.Background()
	h := w.handOver(t)
	if made := w.last(t); made.Type != audit.HandoverMade || made.Grant != string(h.opened.GrantID) || made.Actor.Name != "Kim Example" || made.Actor.Verified != audit.Claimed {
		t.Errorf("the entry is %+v", made)
	}
	if _, err := w.app.Service.Send(ctx, stranger, h.opened.Grant, emergency.NewMessage{Kind: emergency.MessageNote, Text: "Glucose 3.1 at 14:05"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.app.Service.Send(ctx, stranger, h.opened.Grant, emergency.NewMessage{Text: "We go to St. Example"}); err != nil {
		t.Fatal(err)
	}
	taken, err := w.take(h, h.made.Passcode)
	if err != nil {
		t.Fatal(err)
	}
	if string(taken.Record.JSON) != string(h.opened.Record.JSON) || taken.GrantID != h.opened.GrantID || !taken.Until.Equal(h.opened.Until) {
		t.Error("the handover gives something else than its grant")
	}
	if len(taken.Notes) != 1 || taken.Notes[0].Text != "Glucose 3.1 at 14:05" || taken.Notes[0].Author != "Kim Example" {
		t.Errorf("the responder has noted %+v", taken.Notes)
	}
	if last := w.last(t); last.Type != audit.GlassReopened || last.Details["step"] != "handover" || last.Actor.Name != "Emergency department" || last.Actor.Verified != audit.Claimed || last.Grant != string(h.opened.GrantID) {
		t.Errorf("the entry is %+v", last)
	}
	// The file that a manifest may name.
	file, err := w.app.Service.LinkFile(ctx, taken)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.app.Service.OpenLinkFile(ctx, stranger, file)
	if err != nil || again.Key != taken.Key || len(again.Notes) != 1 {
		t.Errorf("the file: %v, %d notes", err, len(again.Notes))
	}
	if last := w.last(t); last.Details["step"] != "handover" || last.Actor.Name != "Emergency department" {
		t.Errorf("the entry of the file is %+v", last)
	}
	store := w.app.Service.Store
	w.app.Service.Store = mute{store}
	if made, err := w.app.Service.Handover(ctx, stranger, h.request()); !errors.Is(err, emergency.ErrLogUnavailable) || made.URI != "" {
		t.Errorf("with a log that cannot be written: %v, want ErrLogUnavailable", err)
	}
	if taken, err := w.take(h, h.made.Passcode); err == nil || taken.Record.Items > 0 {
		t.Error("a handover was opened without an entry")
	}
	w.app.Service.Store = store
	// A wrong passcode is counted and told, and is no lock of the card.
	var wrong *emergency.PasscodeError
	if _, err := w.take(h, "00000000x"); !errors.As(err, &wrong) || wrong.Remaining != 99 {
		t.Errorf("a wrong passcode: %v, want 99 tries left", err)
	}
	if last := w.last(t); last.Type != audit.GlassRefused || last.Details["cause"] != "wrong_passcode" {
		t.Errorf("the entry of a wrong passcode is %+v", last)
	}
	if _, err := w.app.Service.Open(ctx, stranger, emergencytest.OpenRequest(h.issued)); err != nil {
		t.Errorf("the card after a wrong passcode: %v", err)
	}
}

// TestAHandoverEndsWithItsGrant: whatever ends the grant ends what was handed over, and nothing new is handed over then.
func TestAHandoverEndsWithItsGrant(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	ctx := context.Background()
	cases := []struct {
		name string
		end  func(h handedOver) error
	}{
		{"a keeper ends it", func(h handedOver) error {
			return w.app.Service.EndGrant(ctx, w.anna.Caller(t), w.patient, h.opened.GrantID)
		}},
		{"the card is revoked", func(h handedOver) error {
			return w.app.Service.RevokeCard(ctx, w.anna.Caller(t), w.patient, h.issued.ID)
		}},
		{"the rules change", func(handedOver) error {
			return w.anna.Approve(t, emergency.Action{Kind: emergency.ActionRules, Target: string(w.patient), Body: rules.Canonical(rules.Private())})
		}},
		{"its time is over", func(h handedOver) error {
			w.app.Clock.Add(h.opened.Until.Sub(w.app.Clock.Now()))
			return nil
		}},
	}
	for _, c := range cases {
		h := w.handOver(t)
		taken, err := w.take(h, h.made.Passcode)
		if err != nil {
			t.Fatalf("%s: before: %v", c.name, err)
		}
		file, err := w.app.Service.LinkFile(ctx, taken)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.end(h); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, passcode := range []string{h.made.Passcode, "wrong passcode"} {
			if _, err := w.take(h, passcode); !errors.Is(err, emergency.ErrNoCard) {
				t.Errorf("%s: %v, want ErrNoCard", c.name, err)
			}
		}
		if _, err := w.app.Service.OpenLinkFile(ctx, stranger, file); !errors.Is(err, emergency.ErrNoCard) {
			t.Errorf("%s: the file: %v, want ErrNoCard", c.name, err)
		}
		want := error(emergency.ErrRefused)
		if c.name == "the card is revoked" {
			want = emergency.ErrNoCard
		}
		if _, err := w.app.Service.Handover(ctx, stranger, h.request()); !errors.Is(err, want) {
			t.Errorf("%s: another handover: %v, want %v", c.name, err, want)
		}
	}
}

// TestNoHandoverWithoutAGrant: whoever has no card is told nothing, whoever has no running grant is refused.
func TestNoHandoverWithoutAGrant(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	h := w.handOver(t)
	other := w.handOver(t)
	for n := range 10 { // one was made before
		if _, err := w.app.Service.Handover(context.Background(), stranger, h.request()); errors.Is(err, emergency.ErrTooMany) != (n == 9) {
			t.Errorf("handover %d of one grant: %v", n+2, err)
		}
	}
	for name, c := range map[string]struct {
		change func(*emergency.HandoverRequest)
		want   error
	}{
		"an unknown card":           {func(r *emergency.HandoverRequest) { r.Card = cards.ID{1, 2, 3} }, emergency.ErrNoCard},
		"a wrong secret":            {func(r *emergency.HandoverRequest) { r.Secret = make([]byte, 16) }, emergency.ErrNoCard},
		"an invented grant":         {func(r *emergency.HandoverRequest) { r.Grant = strings.Repeat("A", 43) }, emergency.ErrRefused},
		"no grant":                  {func(r *emergency.HandoverRequest) { r.Grant = "" }, emergency.ErrRefused},
		"the grant of another card": {func(r *emergency.HandoverRequest) { r.Grant = other.opened.Grant }, emergency.ErrRefused},
		"a grant without its card":  {func(r *emergency.HandoverRequest) { r.Card, r.Secret = cards.ID{}, nil }, emergency.ErrRefused},
		"a short secret":            {func(r *emergency.HandoverRequest) { r.Secret = r.Secret[:8] }, emergency.ErrInvalid},
	} {
		request := h.request()
		c.change(&request)
		if made, err := w.app.Service.Handover(context.Background(), stranger, request); !errors.Is(err, c.want) || made.URI != "" {
			t.Errorf("%s: %v, want %v and no link", name, err, c.want)
		}
	}
}

// TestAContactHandsOverWithoutACard: what opened for a contact from afar has no card, and its handover neither. It ends when the contact is stopped.
func TestAContactHandsOverWithoutACard(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	ctx, s := context.Background(), w.app.Service
	ben := named(t, w.app, w.anna, w.patient, emergency.NewContact{Name: "Ben"})
	asks := emergency.ContactOpenRequest{EventProof: ben.proof, Step: "critical", Reason: "unconscious"}
	opened, err := s.OpenAsContact(ctx, stranger, asks)
	var refusal *emergency.Refusal
	if errors.As(err, &refusal) && refusal.Waits {
		w.app.Clock.Add(refusal.WaitUntil.Sub(w.app.Clock.Now()))
		opened, err = s.OpenAsContact(ctx, stranger, asks)
	}
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.Handover(ctx, stranger, emergency.HandoverRequest{Grant: opened.Grant})
	if err != nil {
		t.Fatal(err)
	}
	link, err := shl.Parse(made.URI)
	if err != nil {
		t.Fatal(err)
	}
	h := handedOver{opened: opened, made: made, token: link.URL[strings.LastIndexByte(link.URL, '/')+1:]}
	taken, err := w.take(h, made.Passcode)
	if err != nil || string(taken.Record.JSON) != string(opened.Record.JSON) {
		t.Fatalf("the handover of a contact: %v", err)
	}
	if err := w.anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	if last := w.last(t); last.Actor.Kind != audit.ByResponder || last.Actor.Verified != audit.Claimed || last.Actor.Name != "Emergency department" || last.Details["contact"] != string(ben.id) {
		t.Errorf("the entry is %+v", last)
	}
	if err := s.StopContact(ctx, w.anna.Caller(t), w.patient, ben.id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.take(h, made.Passcode); !errors.Is(err, emergency.ErrNoCard) {
		t.Errorf("after the contact was stopped: %v, want ErrNoCard", err)
	}
}
