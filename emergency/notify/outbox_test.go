package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/notify"
	"github.com/locket-health/locket/static"
)

var stranger = emergency.Caller{Network: "203.0.113.0/24"}

func words(t *testing.T) notify.Words {
	t.Helper()
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return notify.Words{Catalog: catalog}
}

// newOutbox puts senders behind a house, as a server does.
func newOutbox(t *testing.T, app *emergencytest.App, senders ...notify.Sender) *notify.Outbox {
	t.Helper()
	return observedOutbox(t, app, prometheus.NewRegistry(), io.Discard, senders...)
}

// observedOutbox is newOutbox with its metrics and its log.
func observedOutbox(t *testing.T, app *emergencytest.App, registry *prometheus.Registry, log io.Writer, senders ...notify.Sender) *notify.Outbox {
	t.Helper()
	app.Service.Ways = nil
	for _, sender := range senders {
		app.Service.Ways = append(app.Service.Ways, sender.Way())
	}
	outbox, err := notify.New(notify.Config{Service: app.Service, Words: words(t), Senders: senders, Registry: registry, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Drain: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	return outbox
}

func deliver(t *testing.T, outbox *notify.Outbox) {
	t.Helper()
	if err := outbox.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// kept is a sender that keeps what it is given, and says what a test wants it to.
type kept struct {
	way  string
	says func(context.Context, notify.Message) error

	mu   sync.Mutex
	sent []notify.Message
}

func (k *kept) Way() string { return k.way }

func (k *kept) Send(ctx context.Context, m notify.Message) error {
	if k.says != nil {
		if err := k.says(ctx, m); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent = append(k.sent, m)
	return nil
}

// take returns whom it was sent to since the last call, sorted.
func (k *kept) take() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var to []string
	for _, m := range k.sent {
		to = append(to, m.To+" "+m.Kind)
	}
	k.sent = nil
	slices.Sort(to)
	return to
}

// household is a patient with a card and contacts who were told of their invitation already.
type household struct {
	*emergencytest.App
	keeper  *emergencytest.Person
	patient emergency.PatientID
	card    emergency.Issued
}

func newHousehold(t *testing.T, contacts ...emergency.NewContact) household {
	t.Helper()
	h := household{App: emergencytest.NewApp(t)}
	h.keeper = h.SignUp(t, "Anna")
	h.patient = h.keeper.Patient(t, "adult")
	h.card = h.keeper.Issue(t, h.patient)
	for _, contact := range contacts {
		h.keeper.Contact(t, h.patient, contact)
	}
	return h
}

func (h household) open(t *testing.T) {
	t.Helper()
	if _, err := h.Service.Open(t.Context(), stranger, emergencytest.OpenRequest(h.card)); err != nil {
		t.Fatal(err)
	}
}

// states counts the notices of a kind by state.
func (h household) states(t *testing.T, kind string) map[string]int {
	t.Helper()
	notices, err := h.Service.Notices(t.Context(), h.keeper.Caller(t), h.patient)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for _, notice := range notices {
		if notice.Kind == kind {
			states[notice.State]++
		}
	}
	return states
}

var (
	ben = emergency.NewContact{Name: "Ben Secretname", Mail: "ben@home.example", Lang: "en"}
	cem = emergency.NewContact{Name: "Cem Secretname", Phone: "+15550101", Lang: "en"}
	dag = emergency.NewContact{Name: "Dag Secretname", Mail: "dag@home.example", Phone: "+15550102", Lang: "en"}
)

// TestAnOpeningReachesEveryContact by a real mail server and a real gateway, and what it says names nobody and nothing of the record.
func TestAnOpeningReachesEveryContact(t *testing.T) {
	t.Parallel()
	secured, roots := certificates(t)
	server := startMail(t, secured, false)
	var mu sync.Mutex
	var asked []string
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, string(body))
	}))
	defer gateway.Close()
	h := newHousehold(t, ben, cem, dag)
	outbox := newOutbox(t, h.App, newMail(t, server.config(notify.TLSMandatory, roots)), newWebhook(t, gateway.URL))
	deliver(t, outbox) // the invitations
	if n := len(server.take()); n != 2 || len(asked) != 2 {
		t.Fatalf("%d mails and %d questions for the invitations, want 2 and 2", n, len(asked))
	}
	asked = nil

	h.open(t)
	deliver(t, outbox)
	mails := server.take()
	if len(mails) != 2 || len(asked) != 2 {
		t.Fatalf("%d mails and %d questions, want 2 and 2", len(mails), len(asked))
	}
	said := strings.Join(asked, "\n")
	for _, mail := range mails {
		said += mail.Subject + mail.Text
		lines := strings.Split(strings.TrimSpace(mail.Text), "\n")
		if link := lines[len(lines)-1]; !strings.HasPrefix(link, emergencytest.URL+"/event#") {
			t.Errorf("the last line is %q, want the link", link)
		}
	}
	for _, told := range h.private(t) {
		if strings.Contains(strings.ToLower(said), strings.ToLower(told)) {
			t.Errorf("%q is in a message:\n%s", told, said)
		}
	}
	if got := h.states(t, "opened"); got[emergency.NoticeSent] != 3 || len(got) != 1 {
		t.Errorf("the notices are %v, want 3 sent", got)
	}
	deliver(t, outbox)
	if n := len(server.take()); n != 0 || len(asked) != 2 {
		t.Errorf("%d mails and %d questions more", n, len(asked)-2)
	}
}

// private is everything that no message may hold: what is in the record, whom it is about, who the contacts are, and what the responder has stated.
func (h household) private(t *testing.T) []string {
	t.Helper()
	record, err := h.Service.Record(t.Context(), h.keeper.Caller(t), h.patient)
	if err != nil {
		t.Fatal(err)
	}
	request := emergencytest.OpenRequest(h.card)
	list := []string{"Secretname", request.Name, request.Role, request.Organization, request.Reason, string(record.Identity.Birth), h.card.ID.String()}
	list = append(list, strings.Fields(record.Identity.Name.String())...)
	label := func(term string) string {
		text, _ := h.Terms.Label(term, "en")
		return text
	}
	for _, item := range record.Items {
		list = append(list, label(item.Term), item.Text, item.Detail, item.Note, item.Name, item.Phone)
		for _, reaction := range item.Reactions {
			list = append(list, label(reaction.Term), reaction.Text)
		}
	}
	list = slices.DeleteFunc(list, func(text string) bool { return text == "" })
	if len(list) < 30 {
		t.Fatalf("only %d things are private: the search is broken", len(list))
	}
	return list
}

func TestADrillIsCalledOne(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, ben)
	sender := &kept{way: emergency.WayMail}
	outbox := newOutbox(t, h.App, sender)
	patient, err := h.stored(t)
	if err != nil {
		t.Fatal(err)
	}
	patient.DrillUntil = h.Clock.Now().Add(time.Minute)
	if err := h.Store.Update(t.Context(), func(tx emergency.Tx) error { return tx.PutPatient(patient) }); err != nil {
		t.Fatal(err)
	}
	deliver(t, outbox)
	sender.take()
	h.open(t)
	deliver(t, outbox)
	opened := sender.sent[0]
	if !strings.HasPrefix(opened.Subject, "Drill: ") || !strings.HasPrefix(opened.Text, words(t).Catalog.T("en", "notice.drill.text")) {
		t.Errorf("a drill is told as %q\n%s", opened.Subject, opened.Text)
	}
}

func (h household) stored(t *testing.T) (patient emergency.Patient, err error) {
	err = h.Store.View(t.Context(), func(r emergency.Reader) (err error) {
		patient, err = r.Patient(h.patient)
		return err
	})
	return patient, err
}

// TestEveryNoticeHasWords in English; that every language has them is tested in package locale.
func TestEveryNoticeHasWords(t *testing.T) {
	t.Parallel()
	catalog, tried := words(t).Catalog, 0
	for _, kind := range []string{emergency.NewsOpened, emergency.NewsWaiting, emergency.NewsVetoed, emergency.NewsMessage, emergency.NewsRules, emergency.NewsInvited,
		emergency.NewsDrill, emergency.NewsReview, emergency.NewsPasskeys, emergency.NewsKeepers, emergency.NewsRulesNow} {
		tried++
		for _, part := range []string{".subject", ".text", ".name"} {
			if key := "notice." + kind + part; !catalog.Has(key) {
				t.Errorf("there are no words for %s", key)
			}
		}
	}
	if subjects := len(catalog.Under("en", "notice.")); subjects != 3*tried+3 { // and the two of a drill, and the one before a link
		t.Errorf("%d texts for %d kinds", subjects, tried)
	}
}

// TestWhatOneWayDoesNotTakeGoesByTheOther: what has gone out goes out no second time.
func TestWhatOneWayDoesNotTakeGoesByTheOther(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, dag)
	mail, phone := &kept{way: emergency.WayMail}, &kept{way: emergency.WayPhone}
	outbox := newOutbox(t, h.App, mail, phone)
	deliver(t, outbox)
	mail.take()
	phone.take()

	phone.says = func(context.Context, notify.Message) error { return &notify.Failure{Class: "deferred"} }
	h.open(t)
	deliver(t, outbox)
	if got := mail.take(); len(got) != 1 {
		t.Errorf("mails %v, want one", got)
	}
	if got := h.states(t, "opened"); got[emergency.NoticeWaiting] != 1 {
		t.Errorf("the notice is %v, want waiting for the telephone", got)
	}
	phone.says = nil
	h.Clock.Add(2 * time.Minute)
	deliver(t, outbox)
	if mails, calls := mail.take(), phone.take(); len(mails) != 0 || len(calls) != 1 {
		t.Errorf("mails %v and calls %v, want one call", mails, calls)
	}
	// Refused by one way for good, and taken by the other: told.
	phone.says = func(context.Context, notify.Message) error { return &notify.Failure{Class: "refused", Refused: true} }
	h.open(t)
	deliver(t, outbox)
	if got := h.states(t, "opened"); got[emergency.NoticeSent] != 2 || len(got) != 1 {
		t.Errorf("the notices are %v, want 2 sent", got)
	}
}

// TestTwoServersSendNothingTwice at the same moment.
func TestTwoServersSendNothingTwice(t *testing.T) {
	t.Parallel()
	contacts := []emergency.NewContact{ben, dag}
	h := newHousehold(t, contacts...)
	sender := &kept{way: emergency.WayMail}
	first, second := newOutbox(t, h.App, sender), newOutbox(t, h.App, sender)
	deliver(t, first)
	sender.take()
	for range 4 {
		h.open(t)
	}
	var group sync.WaitGroup
	for _, outbox := range []*notify.Outbox{first, second} {
		group.Go(func() {
			if err := outbox.Deliver(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := sender.take(); len(got) != 8 {
		t.Errorf("%d mails, want 8: %v", len(got), got)
	}
}

// TestTheOutboxWakes: nobody waits for a round of polling, and a server that stops gives back what it has begun.
func TestTheOutboxWakes(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, ben)
	began := make(chan notify.Message)
	sender := &kept{way: emergency.WayMail}
	outbox := newOutbox(t, h.App, sender)
	deliver(t, outbox)
	sender.take()
	sender.says = func(ctx context.Context, m notify.Message) error {
		began <- m
		<-ctx.Done() // a slow server
		return ctx.Err()
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- outbox.Run(ctx) }()
	h.open(t)
	first := <-began
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the outbox ended with %v", err)
	}
	// The next server on the same directory sends it at once, as the same message.
	if err := h.Store.Close(); err != nil {
		t.Fatal(err)
	}
	h.App.Open(t)
	sender.says = nil
	next := newOutbox(t, h.App, sender)
	deliver(t, next)
	sender.mu.Lock()
	defer sender.mu.Unlock()
	if len(sender.sent) != 1 || sender.sent[0].ID != first.ID {
		t.Errorf("after the stop came %v, want the message %s", sender.sent, first.ID)
	}
}

// TestAFailedStoreLosesNothing lets each write of an opening and of its sending fail in turn: what happened is told to everybody, what did not to nobody.
func TestAFailedStoreLosesNothing(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, ben, dag)
	sender := &kept{way: emergency.WayMail}
	outbox := newOutbox(t, h.App, sender)
	deliver(t, outbox)
	sender.take()
	good := h.Service.Store
	for _, written := range []bool{false, true} {
		for n := 1; ; n++ {
			// The nth write fails: nothing of it is kept, or all of it and nobody is told so.
			store := &failing{Store: good, nth: n, written: written}
			h.Service.Store = store
			_, opening := h.Service.Open(t.Context(), stranger, emergencytest.OpenRequest(h.card))
			sending := outbox.Deliver(t.Context())
			h.Service.Store = good
			happened := opening == nil || written
			h.Clock.Add(10 * time.Minute) // leases end
			deliver(t, outbox)
			got := slices.Compact(sender.take())
			switch {
			case happened && len(got) != 2:
				t.Errorf("write %d fails (kept: %v): %v were told, want both", n, written, got)
			case !happened && len(got) != 0:
				t.Errorf("write %d fails: %v were told of what did not happen", n, got)
			}
			if states := h.states(t, "opened"); states[emergency.NoticeWaiting] != 0 {
				t.Errorf("write %d fails (kept: %v): the notices are %v", n, written, states)
			}
			if store.writes < n { // no write was left to fail
				if opening != nil || sending != nil || n < 4 {
					t.Errorf("without a failure: %v, %v after %d writes", opening, sending, store.writes)
				}
				break
			}
		}
	}
}

// failing is a store whose nth write fails.
type failing struct {
	emergency.Store
	mu      sync.Mutex
	nth     int
	writes  int
	written bool // though it was written
}

var errDisk = errors.New("disk full")

func (f *failing) Update(ctx context.Context, change func(emergency.Tx) error) error {
	f.mu.Lock()
	f.writes++
	fails := f.writes == f.nth
	f.mu.Unlock()
	if !fails {
		return f.Store.Update(ctx, change)
	}
	if f.written {
		if err := f.Store.Update(ctx, change); err != nil {
			return err
		}
	}
	return errDisk
}

// TestEverySendThatFailsIsRepeated: whichever attempts fail, everybody is told, and nobody whom an attempt reached is told again.
func TestEverySendThatFailsIsRepeated(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, ben, dag)
	sender := &kept{way: emergency.WayMail}
	outbox := newOutbox(t, h.App, sender)
	deliver(t, outbox)
	sender.take()
	for pattern := range 16 { // which of the first four attempts fail
		var mu sync.Mutex
		attempt := 0
		sender.says = func(context.Context, notify.Message) error {
			mu.Lock()
			defer mu.Unlock()
			attempt++
			if attempt <= 4 && pattern&(1<<(attempt-1)) != 0 {
				return &notify.Failure{Class: "broken"}
			}
			return nil
		}
		h.open(t)
		for range 5 {
			deliver(t, outbox)
			h.Clock.Add(20 * time.Minute)
		}
		if got := sender.take(); len(got) != 2 || got[0] == got[1] {
			t.Errorf("attempts %04b fail: %v, want both told once", pattern, got)
		}
	}
}

// TestWhatIsGivenUpIsSeen by the keepers, and by the operator without a name or an address, who can have it sent again.
func TestWhatIsGivenUpIsSeen(t *testing.T) {
	t.Parallel()
	h := newHousehold(t, ben)
	sender := &kept{way: emergency.WayMail}
	registry, logged := prometheus.NewRegistry(), new(bytes.Buffer)
	outbox := observedOutbox(t, h.App, registry, logged, sender)
	deliver(t, outbox)
	sender.take()
	sender.says = func(_ context.Context, m notify.Message) error {
		return &notify.Failure{Class: "refused", Refused: true, Cause: errors.New("550 no " + m.To + " here")}
	}
	h.open(t)
	deliver(t, outbox)
	if got := h.states(t, "opened"); got[emergency.NoticeDead] != 1 {
		t.Fatalf("the notice is %v, want dead at once", got)
	}
	if text := logged.String(); !strings.Contains(text, "refused") || strings.Contains(text, "ben@") || strings.Contains(text, "Secretname") || strings.Contains(text, "#") {
		t.Errorf("the log of the server says %q", text)
	}
	if got := counted(t, registry); !maps.Equal(got, map[string]float64{"opened dead": 1, "invited sent": 1}) {
		t.Errorf("the metrics count %v", got)
	}
	view, err := h.Service.Patient(t.Context(), h.keeper.Caller(t), h.patient)
	if err != nil || view.Unseen < 2 {
		t.Errorf("%d entries are to be seen, want the opening and that somebody was not told: %v", view.Unseen, err)
	}
	operator := emergency.Caller{Operator: true}
	dead, err := h.Service.DeadLetters(t.Context(), operator)
	if err != nil || len(dead) != 1 || dead[0].Failure != "refused" || dead[0].Kind != "opened" || dead[0].Attempts != 1 {
		t.Fatalf("the operator sees %+v, %v", dead, err)
	}
	text, err := json.Marshal(dead)
	if err != nil || strings.Contains(string(text), "ben") || strings.Contains(string(text), "Secretname") {
		t.Errorf("the operator reads %s, %v", text, err)
	}
	if _, err := h.Service.DeadLetters(t.Context(), h.keeper.Caller(t)); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a keeper lists the letters of the house: %v", err)
	}
	sender.says = nil
	if err := h.Service.RetryLetter(t.Context(), operator, dead[0].ID); err != nil {
		t.Fatal(err)
	}
	deliver(t, outbox)
	if got := sender.take(); len(got) != 1 {
		t.Errorf("after another try %v were told, want one", got)
	}
	if err := h.Service.RetryLetter(t.Context(), operator, dead[0].ID); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("to send again what was sent: %v, want ErrNotFound", err)
	}
}

// counted are the metrics by kind and state.
func counted(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			sums[strings.Join(labels, " ")] = metric.GetCounter().GetValue()
		}
	}
	return sums
}
