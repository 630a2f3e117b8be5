package emergency_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// revoked is what a reader learns from the published list, checked as a reader checks it.
func revoked(t *testing.T, app *emergencytest.App, have []byte) (cards.RevocationHead, cards.Revocations) {
	t.Helper()
	ctx := context.Background()
	text, err := app.Service.RevocationHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := app.Service.TrustedKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	head, err := cards.ParseRevocationHead(text, keys)
	if err != nil {
		t.Fatal(err)
	}
	more, err := app.Service.RevocationEntries(ctx, len(have)/8)
	if err != nil {
		t.Fatal(err)
	}
	list, err := cards.NewRevocations(append(slices.Clone(have), more...))
	if err != nil {
		t.Fatal(err)
	}
	if !head.Matches(list) {
		t.Error("the entries are not those of the head")
	}
	return head, list
}

func TestTheRevocationListGrows(t *testing.T) {
	app := emergencytest.NewApp(t)
	anna := app.SignUp(t, "Anna")
	id := anna.Patient(t, "adult")
	first, second, kept := anna.Issue(t, id), anna.Issue(t, id), anna.Issue(t, id)
	if head, _ := revoked(t, app, nil); head.Count != 0 || !head.ExpiresAt.Equal(head.IssuedAt.Add(cards.RevocationListLife)) {
		t.Errorf("an empty list: %+v", head)
	}
	var have []byte
	for n, card := range []emergency.Issued{first, second} {
		if err := app.Service.RevokeCard(context.Background(), anna.Caller(t), id, card.ID); err != nil {
			t.Fatal(err)
		}
		app.Clock.Add(time.Minute)
		head, list := revoked(t, app, have)
		if head.Count != n+1 || !list.Contains(card.ID) || list.Contains(kept.ID) {
			t.Errorf("after %d: %d entries, has it %v, has another %v", n+1, head.Count, list.Contains(card.ID), list.Contains(kept.ID))
		}
		have = slices.Clone(list.After(0))
	}
	if more, err := app.Service.RevocationEntries(context.Background(), 1000); err != nil || len(more) != 0 {
		t.Errorf("after the end: %d bytes, %v", len(more), err)
	}
	// It comes back the same from another process, and when a patient is deleted all their cards are on it.
	if err := anna.Approve(t, emergency.Action{Kind: emergency.ActionDeletePatient, Target: string(id)}); err != nil {
		t.Fatal(err)
	}
	again := app.BackupAndRestore(t, filepath.Join(t.TempDir(), "restored"))
	if _, list := revoked(t, again, have); list.Count() != 3 || !list.Contains(kept.ID) {
		t.Errorf("after a restore: %d entries", list.Count())
	}
}

func TestTheTrustListFollowsTheHouseAndItsFriends(t *testing.T) {
	app := emergencytest.NewApp(t)
	ctx := context.Background()
	operator := emergency.Caller{Operator: true}
	foreign := emergencytest.NewApp(t)
	key := foreign.Service.Signer.Key()
	key.Issuer = "clinic.example"
	issuer := cards.Issuer{Host: "clinic.example", Name: "Clinic of Example", Keys: []cards.Key{key}}
	if err := app.Service.TrustIssuer(ctx, stranger, issuer); !errors.Is(err, emergency.ErrSignIn) {
		t.Errorf("a stranger: %v", err)
	}
	for name, bad := range map[string]cards.Issuer{
		"itself":        {Host: app.Service.Issuer(), Keys: []cards.Key{app.Service.Signer.Key()}},
		"no keys":       {Host: "clinic.example"},
		"others' keys":  {Host: "other.example", Keys: []cards.Key{key}},
		"no host":       {Host: "clinic/example", Keys: []cards.Key{key}},
		"another place": {Host: "clinic.example", URL: "https://elsewhere.example", Keys: []cards.Key{key}},
	} {
		if err := app.Service.TrustIssuer(ctx, operator, bad); !errors.Is(err, emergency.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if err := app.Service.TrustIssuer(ctx, operator, issuer); err != nil {
		t.Fatal(err)
	}
	list := trustList(t, app)
	if len(list.Issuers) != 2 || list.Issuers[0].Host != app.Service.Issuer() || list.Issuers[1].Name != "Clinic of Example" || len(list.Issuers[1].Keys) != 1 {
		t.Errorf("the list: %+v", list.Issuers)
	}
	if !list.ExpiresAt.Equal(list.IssuedAt.Add(cards.TrustListLife)) {
		t.Errorf("it is good from %v until %v", list.IssuedAt, list.ExpiresAt)
	}
	if err := app.Service.RemoveIssuer(ctx, operator, "clinic.example"); err != nil {
		t.Fatal(err)
	}
	if err := app.Service.RemoveIssuer(ctx, operator, "clinic.example"); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	if list := trustList(t, app); len(list.Issuers) != 1 {
		t.Errorf("after it was removed: %+v", list.Issuers)
	}
}

// TestAKeyThatHasEndedSignsNoCard: a server that was left running beside a rotation issues nothing that readers would not take.
func TestAKeyThatHasEndedSignsNoCard(t *testing.T) {
	ctx := context.Background()
	operator := emergency.Caller{Operator: true}
	for name, end := range map[string]func(*emergency.Service) error{
		"retired": func(s *emergency.Service) error { return s.RetireKey(ctx, operator, s.Signer.Key(), s.Now()) },
		"withdrawn": func(s *emergency.Service) error {
			return s.WithdrawKey(ctx, operator, s.Signer.Key(), s.Now(), emergency.Intent{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			app := emergencytest.NewApp(t)
			anna := app.SignUp(t, "Anna")
			id := anna.Patient(t, "adult")
			anna.Issue(t, id)
			if err := end(app.Service); err != nil {
				t.Fatal(err)
			}
			if _, err := app.Service.IssueCard(ctx, anna.Caller(t), id, emergency.CardChoices{}, ""); err == nil {
				t.Error("a card was issued")
			}
			if views, err := app.Service.Cards(ctx, anna.Caller(t), id); err != nil || len(views) != 1 {
				t.Errorf("%d cards, want the first one (%v)", len(views), err)
			}
		})
	}
}

// trustList reads the list as a reader does that knew the house's key, after the one kept for seconds has gone.
func trustList(t *testing.T, app *emergencytest.App) cards.TrustList {
	t.Helper()
	app.Clock.Add(time.Minute)
	text, err := app.Service.TrustList(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	known, err := cards.NewKeySet(app.Service.Signer.Key())
	if err != nil {
		t.Fatal(err)
	}
	list, err := cards.ParseTrustList(text, known)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestHealthCardsAreRevokedByTheirKey(t *testing.T) {
	app := emergencytest.NewApp(t)
	ctx := context.Background()
	anna := app.SignUp(t, "Anna")
	id := anna.Patient(t, "adult")
	issued, err := app.Service.IssueCard(ctx, anna.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierSHC}, "")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := app.Service.TrustedKeys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	house, err := shc.HouseKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	set, err := shc.NewKeySet(house...)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(lists ...shc.RevocationList) shc.Result {
		t.Helper()
		result, err := shc.Verifier{Keys: set, Revoked: shc.Revocations(lists...)}.Verify(issued.Health.Code, app.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	result := verify()
	if result.Status != cards.StatusVerified || len(issued.Health.Items) == 0 {
		t.Errorf("%s (%s), %d items", result.Status, result.Reason, len(issued.Health.Items))
	}
	if _, err := app.Service.HealthRevocations(ctx, result.KeyID); !errors.Is(err, emergency.ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	wallet := anna.Issue(t, id)
	for _, card := range []emergency.Issued{issued, wallet} {
		if err := app.Service.RevokeCard(ctx, anna.Caller(t), id, card.ID); err != nil {
			t.Fatal(err)
		}
	}
	app.Clock.Add(time.Minute)
	text, err := app.Service.HealthRevocations(ctx, result.KeyID)
	if err != nil {
		t.Fatal(err)
	}
	list, err := shc.ParseRevocations(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Revocations) != 1 || list.Counter != 1 || verify(list).Status != cards.StatusRevoked {
		t.Errorf("%d revocations, counter %d, and the card is %s", len(list.Revocations), list.Counter, verify(list).Status)
	}
	jwks, err := app.Service.JWKS(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var published struct {
		Keys []struct {
			Version int `json:"crlVersion"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &published); err != nil || len(published.Keys) != 1 || published.Keys[0].Version != 1 {
		t.Errorf("the key says %s, %v", jwks, err)
	}
}

// device makes receipts.
type device struct{ key *ecdsa.PrivateKey }

func newDevice(t *testing.T) device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return device{key}
}

func (d device) receipt(t *testing.T, card cards.ID, tag [16]byte, at time.Time) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	point, err := d.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	header := fmt.Sprintf(`{"alg":"ES256","typ":%q,"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, cards.ReceiptType, encode(point[1:33]), encode(point[33:]))
	claims := fmt.Sprintf(`{"v":1,"card":%q,"tag":%q,"read_at":%d,"nonce":%q}`, card, encode(tag[:]), at.Unix(), encode([]byte(rand.Text())[:16]))
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func TestAReadingWithoutANetworkIsReportedLate(t *testing.T) {
	app := emergencytest.NewApp(t)
	ctx := context.Background()
	anna := app.SignUp(t, "Anna")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	readAt := app.Clock.Now().Add(time.Hour).Truncate(time.Second)
	app.Clock.Add(30 * 24 * time.Hour)
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	phone := newDevice(t)
	good := phone.receipt(t, issued.ID, tag, readAt)
	end := "AA"
	if strings.HasSuffix(good, end) { // one signature of 256 does
		end = "Ag"
	}
	receipts := []string{
		good,
		good,
		phone.receipt(t, issued.ID, [16]byte{1}, readAt),
		phone.receipt(t, cards.ID{9}, tag, readAt),
		phone.receipt(t, issued.ID, tag, app.Clock.Now().Add(time.Hour)),
		phone.receipt(t, issued.ID, tag, readAt.Add(-48*time.Hour)), // before the card was issued
		good[:len(good)-2] + end,
		"rubbish",
	}
	want := []string{emergency.ReceiptAccepted, emergency.ReceiptKnown, emergency.ReceiptRefused, emergency.ReceiptRefused, emergency.ReceiptRefused,
		emergency.ReceiptRefused, emergency.ReceiptRefused, emergency.ReceiptRefused}
	got, err := app.Service.ReportReadings(ctx, stranger, receipts)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, want %v (%v)", got, want, err)
	}
	view, err := app.Service.History(ctx, anna.Caller(t), id, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	var late []audit.Event
	for _, entry := range view.Entries {
		if entry.Event.Type == audit.CardReadOffline {
			late = append(late, entry.Event)
		}
	}
	if len(late) != 1 || late[0].Details["read_at"] != readAt.UTC().Format(time.RFC3339) || late[0].Card != issued.ID.String() {
		t.Errorf("the log says %+v", late)
	}
	patient, err := app.Service.Patient(ctx, anna.Caller(t), id)
	if err != nil || patient.Unseen != 1 {
		t.Errorf("%d to look at, want 1 (%v)", patient.Unseen, err)
	}
	if _, err := app.Service.ReportReadings(ctx, stranger, make([]string, emergency.MaxReceipts+1)); !errors.Is(err, emergency.ErrTooLarge) {
		t.Errorf("too many at once: %v", err)
	}
	// Nobody fills a log with receipts: after the share of a minute they come back later, and none is lost.
	flood := make([]string, 0, emergency.MaxReceipts)
	for range emergency.MaxReceipts {
		flood = append(flood, phone.receipt(t, issued.ID, tag, readAt))
	}
	if _, err := app.Service.ReportReadings(ctx, stranger, flood); err != nil {
		t.Fatal(err)
	}
	next := slices.Clone(flood[:20]) // an answer that was lost
	for range 20 {
		next = append(next, phone.receipt(t, issued.ID, tag, readAt))
	}
	got, err = app.Service.ReportReadings(ctx, stranger, next)
	if err != nil || slices.ContainsFunc(got[:20], func(result string) bool { return result != emergency.ReceiptKnown }) {
		t.Errorf("those that were sent before: %v, %v", got, err)
	}
	if !slices.Contains(got, emergency.ReceiptAccepted) || got[len(got)-1] != emergency.ReceiptLater {
		t.Errorf("a flood: %v", got)
	}
	app.Clock.Add(2 * time.Minute)
	if got, err := app.Service.ReportReadings(ctx, stranger, next); err != nil || got[len(got)-1] != emergency.ReceiptAccepted {
		t.Errorf("the same later: %v, %v", got, err)
	}
}

// TestQueuedReadingsAreStoredOnce (F22, in proportion): telephones that were without a network send what has piled up, each reading twice, out of order and all at
// once. Each is an entry once, none is lost, and its time is the device's.
func TestQueuedReadingsAreStoredOnce(t *testing.T) {
	t.Parallel()
	const phones, readings = 4, 60
	app := emergencytest.NewApp(t)
	ctx := t.Context()
	anna := app.SignUp(t, "Anna")
	id := anna.Patient(t, "adult")
	issued := anna.Issue(t, id)
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	began := app.Clock.Now().Truncate(time.Second)
	app.Clock.Add(24 * time.Hour)
	var mu sync.Mutex
	accepted := map[string]int{}
	queues := make([][]string, phones)
	for i := range queues {
		phone := newDevice(t)
		for n := range readings {
			receipt := phone.receipt(t, issued.ID, tag, began.Add(time.Duration(i*readings+n)*time.Minute))
			queues[i] = append(queues[i], receipt, receipt)
		}
		mathrand.Shuffle(len(queues[i]), func(a, b int) { queues[i][a], queues[i][b] = queues[i][b], queues[i][a] })
	}
	for rounds := 0; slices.ContainsFunc(queues, func(q []string) bool { return len(q) > 0 }); rounds++ {
		if rounds > phones*readings {
			t.Fatal("what is told to come back later never gets in")
		}
		var sending sync.WaitGroup
		for i := range queues {
			sending.Go(func() {
				var later []string
				for batch := range slices.Chunk(queues[i], emergency.MaxReceipts) {
					results, err := app.Service.ReportReadings(ctx, stranger, batch)
					if err != nil {
						t.Error(err)
						return
					}
					for n, result := range results {
						switch result {
						case emergency.ReceiptAccepted:
							mu.Lock()
							accepted[batch[n]]++
							mu.Unlock()
						case emergency.ReceiptLater:
							later = append(later, batch[n])
						case emergency.ReceiptRefused:
							t.Error("a reading is refused")
						}
					}
				}
				queues[i] = later
			})
		}
		sending.Wait()
		app.Clock.Add(2 * time.Minute)
	}
	if len(accepted) != phones*readings {
		t.Errorf("%d readings were taken, want %d", len(accepted), phones*readings)
	}
	if err := anna.SignIn(t); err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for after := uint64(0); ; {
		view, err := app.Service.History(ctx, anna.Caller(t), id, after, 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range view.Entries {
			if after = entry.Seq; entry.Event.Type == audit.CardReadOffline {
				at[entry.Event.Details["read_at"]]++
			}
		}
		if after >= view.Last || len(view.Entries) == 0 {
			break
		}
	}
	for n := range phones * readings {
		when := began.Add(time.Duration(n) * time.Minute).UTC().Format(time.RFC3339)
		if at[when] != 1 {
			t.Errorf("the reading at %s has %d entries", when, at[when])
		}
	}
}
