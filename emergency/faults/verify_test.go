//go:build linux

package faults

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"math/big"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
)

// verdict is what locket verify prints.
type verdict struct {
	Status  string          `json:"status"`
	ID      string          `json:"id"`
	Summary json.RawMessage `json:"summary"`
}

// verify runs locket verify and checks that its exit code says the same as its words.
func verify(t testing.TB, args ...string) verdict {
	t.Helper()
	result := locket(t, append([]string{"verify"}, args...)...)
	var v verdict
	if err := json.Unmarshal([]byte(result.stdout), &v); err != nil {
		t.Fatalf("locket verify: %v: %s%s", err, result.stdout, result.stderr)
	}
	if (result.code == 0) != (v.Status == "verified") || result.code > 1 {
		t.Errorf("status %q with exit code %d", v.Status, result.code)
	}
	return v
}

// A6, A7, A9, promise 9: no forged, altered, foreign, outdated or tricked card of the published vectors is called verified.
func TestForgedCardsAreNotVerified(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "cards", "testdata", "vectors", "*.json"))
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d published vectors, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".json"), func(t *testing.T) {
			var v struct {
				URL    string          `json:"url"`
				JWKS   json.RawMessage `json:"jwks"`
				Status string          `json:"status"`
			}
			if err := json.Unmarshal(content(t, path), &v); err != nil {
				t.Fatal(err)
			}
			trust, file := filepath.Join(t.TempDir(), "trust.json"), filepath.Join(t.TempDir(), "card.url")
			write(t, trust, v.JWKS)
			write(t, file, []byte(v.URL))
			got := verify(t, "--trust", trust, file)
			switch v.Status {
			case "tampered", "unknown_issuer", "unreadable":
				if got.Status != v.Status {
					t.Errorf("%s, want %s", got.Status, v.Status)
				}
			default: // sound envelopes around summaries that are nobody's front
				if got.Status == "verified" {
					t.Error("what cannot be shown was called verified")
				}
			}
		})
	}
}

// A6: a card of one's own with any byte changed is not the card any more; with its signature turned into the twin that anybody can compute it is still
// the same card, also where it was revoked.
func TestAlteredCards(t *testing.T) {
	t.Parallel()
	h, c, gone, _ := ended(t)
	trust := filepath.Join(t.TempDir(), "trust.json")
	write(t, trust, []byte(must(t, "keys", "show", "--data", h.dir).stdout))
	if got := verify(t, "--trust", trust, c.URL); got.Status != "verified" || got.ID != c.ID {
		t.Fatalf("the card itself: %s of %s", got.Status, got.ID)
	}
	for at := 0; at < len(c.address.Envelope); at += 11 {
		altered := c.address
		altered.Envelope = slices.Clone(altered.Envelope)
		altered.Envelope[at] ^= 1
		if got := verify(t, "--trust", trust, altered.URL()); got.Status == "verified" {
			t.Errorf("byte %d changed: %s", at, got.Status)
		}
	}
	if got := verify(t, "--data", h.dir, twin(c.address).URL()); got.Status != "verified" || got.ID != c.ID {
		t.Errorf("the twin: %s of %s, want verified of %s", got.Status, got.ID, c.ID)
	}
	for name, address := range map[string]cards.Address{"revoked": gone.address, "its twin": twin(gone.address)} {
		if got := verify(t, "--data", h.dir, address.URL()); got.Status != "revoked" || got.ID != gone.ID {
			t.Errorf("%s: %s of %s, want revoked of %s", name, got.Status, got.ID, gone.ID)
		}
	}
}

// twin is the same card with the other signature that verifies: (r, n-s) for (r, s). The signature stands at the end of the envelope.
func twin(a cards.Address) cards.Address {
	a.Envelope = slices.Clone(a.Envelope)
	s := a.Envelope[len(a.Envelope)-32:]
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(s)).FillBytes(s)
	return a
}

// forged signs a summary with a key of the forger's own, whose JWKS is written to a file.
func forged(t testing.TB, summary []byte) (a cards.Address, trust string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cards.NewSigner("localhost", key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := cards.NewKeySet(signer.Key())
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := keys.MarshalJWKS()
	if err != nil {
		t.Fatal(err)
	}
	trust = filepath.Join(t.TempDir(), "trust.json")
	write(t, trust, jwks)
	now := time.Now().Truncate(time.Second)
	made := cards.Card{Issuer: "localhost", ID: cards.ID{1}, IssuedAt: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour), Summary: summary}
	envelope, err := signer.Sign(made)
	if err != nil {
		t.Fatal(err)
	}
	return cards.Address{Base: "https://locket.example", ID: made.ID, Envelope: envelope}, trust
}

// A6: a card that inflates to a thousand times its size is refused, also when a trusted key has signed it.
func TestInflatingCardIsRefused(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	writer, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	head := []byte{0x59, byte(packed.Len() >> 8), byte(packed.Len())} // a CBOR byte string
	address, trust := forged(t, append(head, packed.Bytes()...))
	if got := verify(t, "--trust", trust, address.URL()); got.Status != "unreadable" || got.Summary != nil {
		t.Errorf("%s, want unreadable and nothing shown", got.Status)
	}
}

// A9: a telephone follows the first record of a tag and so does the reader; an address further on is none.
func TestOnlyTheFirstRecordOfATagCounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	issued := h.issue(t, household())
	people := listed(t, issued)
	trust := filepath.Join(t.TempDir(), "trust.json")
	write(t, trust, []byte(must(t, "keys", "show", "--data", h.dir).stdout))
	record := func(c card) cards.Record { return cards.URIRecord(c.address.NFCURL()) }
	text, err := cards.TextRecord("en", people[0].address.NFCURL())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		message cards.Message
		status  string
		id      string
	}{
		{"two cards", cards.Message{record(people[0]), record(people[1])}, "verified", people[0].ID},
		{"another site behind", cards.Message{record(people[0]), cards.URIRecord("https://evil.example/")}, "verified", people[0].ID},
		{"another site in front", cards.Message{cards.URIRecord("https://evil.example/"), record(people[0])}, "unreadable", ""},
		{"a script in front", cards.Message{cards.URIRecord("javascript:alert(1)"), record(people[0])}, "unreadable", ""},
		{"a text in front", cards.Message{text, record(people[0])}, "unreadable", ""},
	} {
		encoded, err := test.message.Encode()
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		file := filepath.Join(t.TempDir(), "card.ndef")
		write(t, file, encoded)
		if got := verify(t, "--trust", trust, file); got.Status != test.status || got.ID != test.id {
			t.Errorf("%s: %s of %q, want %s of %q", test.name, got.Status, got.ID, test.status, test.id)
		}
	}
}

// What is no card at all is unreadable, whatever it is, and ends at once.
func TestWhatIsNoCard(t *testing.T) {
	t.Parallel()
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\x00\x00\x00"
	for name, given := range map[string]string{
		"nothing": "", "zeros": strings.Repeat("\x00", 1<<20), "a picture of 4 billion by 4 billion dots": png, "half a picture": png[:20],
		"digits": "https://locket.example/c/AAAAAAAAAAAAAAAAAAAAAA#" + strings.Repeat("9", 1<<20), "not UTF-8": "https://\xff\xfe/c/\xff#\xff",
		"a photograph that is none": "\xff\xd8\xff\xe0" + strings.Repeat("\xff", 1000), "escapes": "http\x1b]0;owned\x07",
	} {
		result := locketReading(t, strings.NewReader(given), "verify", "-")
		if result.code != 1 || !strings.Contains(result.stdout, `"unreadable"`) {
			t.Errorf("%s: exit %d: %.200s%.200s", name, result.code, result.stdout, result.stderr)
		}
		if found := obeyed(result.stdout + result.stderr); found != "" {
			t.Errorf("%s: the terminal gets %s", name, found)
		}
	}
}

// A7, ASVS 8.3.2: a card that is revoked beside a running server opens nothing from the next request on, not even what it had opened, and says so; its front
// stays readable.
func TestRevocationBitesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	issued := h.issue(t, household())
	c, other := issued["adult"], issued["traveller-ja"]
	s := h.serve(t)
	o, got, err := s.open(c)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("before: %v, status %d", err, got.status)
	}
	if status := s.statusOf(t, c.ID, c); status != "active" {
		t.Errorf("before: %s", status)
	}
	must(t, "revoke", "--data", h.dir, "--patient", c.Patient, "--card", c.ID)
	again := opening(c)
	again["grant"] = o.Grant
	for name, request := range map[string]map[string]string{"a new opening": opening(c), "a running grant": again} {
		if got := s.mustPost(t, http.StatusNotFound, "/v1/cards/"+c.ID+"/open", request); got.problem() != "no_card" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if status := s.statusOf(t, c.ID, c); status != "revoked" {
		t.Errorf("afterwards: %s, want revoked", status)
	}
	s.mustPost(t, http.StatusNotFound, "/v1/short-code", map[string]string{"code": c.ShortCode})
	if got := verify(t, "--data", h.dir, c.URL); got.Status != "revoked" || got.Summary == nil {
		t.Errorf("verify: %s, the front is shown: %v", got.Status, got.Summary != nil)
	}
	if result := locket(t, "revoke", "--data", h.dir, "--patient", other.Patient, "--card", c.ID); result.code != 1 {
		t.Errorf("somebody else's card: exit %d", result.code)
	}
	if _, got, err := s.open(other); err != nil || got.status != http.StatusOK {
		t.Errorf("another card: %v, status %d", err, got.status)
	}
}
