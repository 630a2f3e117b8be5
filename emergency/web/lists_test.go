package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// public gets what any page of any origin may read and any cache may keep.
func (b *browser) public(path, kind, cache string) *httptest.ResponseRecorder {
	b.t.Helper()
	w := b.get(path)
	for header, want := range map[string]string{"Content-Type": kind, "Cache-Control": cache, "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin",
		"Set-Cookie": ""} {
		if got := w.Header().Get(header); got != want {
			b.t.Errorf("%s: %s is %q, want %q", path, header, got, want)
		}
	}
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d", path, w.Code)
	}
	return w
}

// TestAReaderGetsReadyForTheDayWithoutANetwork does what a reader does: the house's keys, the list of issuers that they sign, the list of revoked cards,
// and after a revocation what came to it.
func TestAReaderGetsReadyForTheDayWithoutANetwork(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	first, second, kept := person.Issue(t, id), person.Issue(t, id), person.Issue(t, id)
	b := app.browser(t)
	keys, err := cards.ParseJWKS(b.public("/.well-known/jwks.json", "application/json", fiveMin).Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	list, err := cards.ParseTrustList(b.public("/v1/trust-list", jose, fiveMin).Body.String(), keys)
	if err != nil || len(list.Issuers) != 1 || list.Issuers[0].Host != app.House.Service.Issuer() {
		t.Fatalf("the trust list: %+v, %v", list, err)
	}
	trusted, err := list.KeySet()
	if err != nil {
		t.Fatal(err)
	}
	if result, err := cards.Verify(kept.Address.Envelope, trusted, app.Clock.Now()); err != nil || result.Status != cards.StatusVerified {
		t.Errorf("a front under the list: %v, %v", result.Status, err)
	}

	revoke := func(card emergency.Issued) {
		if err := app.Server.Service.RevokeCard(t.Context(), person.Caller(t), id, card.ID); err != nil {
			t.Fatal(err)
		}
		app.Clock.Add(time.Minute)
	}
	fetch := func(have []byte) cards.Revocations {
		t.Helper()
		head, err := cards.ParseRevocationHead(b.public("/v1/revocations", jose, oneMin).Body.String(), trusted)
		if err != nil {
			t.Fatal(err)
		}
		more := b.public(fmt.Sprintf("/v1/revocations/entries?after=%d", len(have)/8), "application/octet-stream", noCache).Body.Bytes()
		all, err := cards.NewRevocations(append(slices.Clone(have), more...))
		if err != nil || !head.Matches(all) {
			t.Fatalf("the entries are not those of the head: %v", err)
		}
		return all
	}
	revoke(first)
	one := fetch(nil)
	revoke(second)
	entry := cards.RevocationID(first.ID)
	two := fetch(entry[:])
	if !one.Contains(first.ID) || one.Contains(second.ID) || !two.Contains(first.ID) || !two.Contains(second.ID) || two.Contains(kept.ID) {
		t.Error("the list names other cards than those that were revoked")
	}
	for _, after := range []string{"-1", "x", "99999999999999"} {
		if w := b.get("/v1/revocations/entries?after=" + after); w.Code != http.StatusBadRequest {
			t.Errorf("entries after %s: %d", after, w.Code)
		}
	}
	if w := b.get("/v1/revocations/entries?after=1000"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("entries after the last one: %d, %d bytes", w.Code, w.Body.Len())
	}
}

// TestHospitalSoftwareLearnsOfRevokedHealthCards reads the list where the specification of SMART Health Cards puts it.
func TestHospitalSoftwareLearnsOfRevokedHealthCards(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued, err := app.House.Service.IssueCard(t.Context(), person.Caller(t), id, emergency.CardChoices{Carrier: emergency.CarrierSHC}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := app.House.Service.RevokeCard(t.Context(), person.Caller(t), id, issued.ID); err != nil {
		t.Fatal(err)
	}
	b := app.browser(t)
	var keys struct {
		Keys []struct {
			ID      string `json:"kid"`
			Version int    `json:"crlVersion"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(b.public("/.well-known/jwks.json", "application/json", fiveMin).Body.Bytes(), &keys); err != nil || len(keys.Keys) != 1 {
		t.Fatalf("%+v, %v", keys, err)
	}
	var list struct {
		ID      string   `json:"kid"`
		Method  string   `json:"method"`
		Counter int      `json:"ctr"`
		Revoked []string `json:"rids"`
	}
	if err := json.Unmarshal(b.public("/.well-known/crl/"+keys.Keys[0].ID+".json", "application/json", fiveMin).Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	rid := cards.RevocationID(issued.ID)
	if list.ID != keys.Keys[0].ID || list.Method != "rid" || list.Counter != keys.Keys[0].Version || !slices.Equal(list.Revoked, []string{base64.RawURLEncoding.EncodeToString(rid[:])}) {
		t.Errorf("the list is %+v for the key %+v", list, keys.Keys[0])
	}
}

// receipt is what a device makes of a front that it has read without a network.
func receipt(t *testing.T, issued emergency.Issued, at time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	header := fmt.Sprintf(`{"alg":"ES256","typ":%q,"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, cards.ReceiptType, encode(point[1:33]), encode(point[33:]))
	claims := fmt.Sprintf(`{"v":1,"card":%q,"tag":%q,"read_at":%d,"nonce":%q}`, issued.ID, encode(tag[:]), at.Unix(), encode([]byte(rand.Text())[:16]))
	signed := encode([]byte(header)) + "." + encode([]byte(claims))
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// TestAReadingOfflineIsReportedLate sends what a device could not send while it had no network, and finds it in the patient's log.
func TestAReadingOfflineIsReportedLate(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	owner, person := app.signedIn(t, "Ada Example")
	id := person.Patient(t, "adult")
	issued := person.Issue(t, id)
	b := app.browser(t)
	good := receipt(t, issued, app.Clock.Now())
	answer := b.answer(b.post("/v1/receipts", map[string]any{"receipts": []string{good, "rubbish", good}}), http.StatusOK)
	if got := string(mustJSON(answer["results"])); got != `["accepted","refused","known"]` {
		t.Errorf("the answers are %s", got)
	}
	for name, test := range map[string]struct {
		body any
		want int
	}{
		"none":          {map[string]any{"receipts": []string{}}, http.StatusOK},
		"too many":      {map[string]any{"receipts": slices.Repeat([]string{"x"}, emergency.MaxReceipts+1)}, http.StatusRequestEntityTooLarge},
		"too large":     {map[string]any{"receipts": []string{strings.Repeat("x", receiptBody)}}, http.StatusRequestEntityTooLarge},
		"another shape": {`{"receipts":"x"}`, http.StatusBadRequest},
		"another name":  {`{"Receipts":[]}`, http.StatusBadRequest},
	} {
		if w := b.post("/v1/receipts", test.body); w.Code != test.want {
			t.Errorf("%s: %d, want %d", name, w.Code, test.want)
		}
	}
	view, err := app.House.Service.History(t.Context(), person.Caller(t), id, 0, 500)
	if err != nil || view.Entries[len(view.Entries)-1].Event.Type != audit.CardReadOffline {
		t.Fatalf("the last entry is another one: %v", err)
	}
	if page := owner.page("/patients/" + string(id) + "/log"); !strings.Contains(page, "reported late") || !strings.Contains(page, "Read at, as the device says") {
		t.Error("the page does not say that a card was read offline")
	}
}
