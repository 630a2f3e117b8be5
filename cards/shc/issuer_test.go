package shc

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/locket-health/locket/cards"
)

// foreign reads a card with another implementation of JOSE and returns header and unpacked payload.
func foreign(t testing.TB, jws string, key *ecdsa.PublicKey) (header map[string]any, payload []byte) {
	t.Helper()
	signed, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	packed, err := signed.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	if payload, err = io.ReadAll(flate.NewReader(bytes.NewReader(packed))); err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(jws, ".")
	data, err := encoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &header); err != nil {
		t.Fatal(err)
	}
	return header, payload
}

// TestSign holds what is written against the letter of the specification, through a foreign reader.
func TestSign(t *testing.T) {
	card := testCard()
	card.Issuer, card.FHIRVersion = "", ""
	card.NotBefore = card.NotBefore.Add(763 * time.Millisecond)
	card.Types = []string{HealthCardType, "https://smarthealth.cards#immunization"}
	card.Bundle = json.RawMessage(" " + strings.ReplaceAll(testBundle, ",", " ,\n\t"))
	jws, err := testIssuerOf(t, testIssuer, "issuer").Sign(card)
	if err != nil {
		t.Fatal(err)
	}
	header, payload := foreign(t, jws, &testKey(t, "issuer").PublicKey)
	wantHeader := map[string]any{"alg": "ES256", "zip": "DEF", "kid": testKID(t)}
	if diff := cmp.Diff(wantHeader, header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	want := `{"iss":"https://locket.example","nbf":1772366400,"exp":1867060800,"vc":{"type":["https://smarthealth.cards#health-card",` +
		`"https://smarthealth.cards#immunization"],"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":` + testBundle +
		`},"rid":"MKyCxh7p6uQ"}}`
	if string(payload) != want {
		t.Errorf("payload %s\nwant    %s", payload, want)
	}
}

// TestSignLeavesOut: members that say nothing are not written, and characters of HTML not escaped.
func TestSignLeavesOut(t *testing.T) {
	jws, err := testIssuerOf(t, testIssuer, "issuer").Sign(Card{NotBefore: testIssued, Bundle: json.RawMessage(`{"note":"<1 & >0"}`)})
	if err != nil {
		t.Fatal(err)
	}
	_, payload := foreign(t, jws, &testKey(t, "issuer").PublicKey)
	want := `{"iss":"https://locket.example","nbf":1772366400,"vc":{"type":["https://smarthealth.cards#health-card"],` +
		`"credentialSubject":{"fhirVersion":"4.0.1","fhirBundle":{"note":"<1 & >0"}}}}`
	if string(payload) != want {
		t.Errorf("payload %s\nwant    %s", payload, want)
	}
}

func TestSignRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Card)
		want   error
	}{
		{"another issuer", func(c *Card) { c.Issuer = "https://other.example" }, cards.ErrKey},
		{"no time of issue", func(c *Card) { c.NotBefore = time.Time{} }, ErrMalformed},
		{"issued before 1970", func(c *Card) { c.NotBefore = time.Unix(-1, 0) }, ErrMalformed},
		{"issued in the first second", func(c *Card) { c.NotBefore = time.Unix(0, 1) }, ErrMalformed},
		{"expires in the year 10000", func(c *Card) { c.Expires = time.Unix(maxTime+1, 0) }, ErrMalformed},
		{"rid too long", func(c *Card) { c.RID = strings.Repeat("a", 25) }, ErrMalformed},
		{"rid with a dot", func(c *Card) { c.RID = "a.1" }, ErrMalformed},
		{"no Bundle", func(c *Card) { c.Bundle = nil }, ErrMalformed},
		{"Bundle an array", func(c *Card) { c.Bundle = json.RawMessage(`[]`) }, ErrMalformed},
		{"Bundle cut short", func(c *Card) { c.Bundle = json.RawMessage(`{"a":1`) }, ErrMalformed},
		{"Bundle twice", func(c *Card) { c.Bundle = json.RawMessage(`{}{}`) }, ErrMalformed},
		{"a member twice", func(c *Card) { c.Bundle = json.RawMessage(`{"a":[{"b":1,"b":2}]}`) }, ErrMalformed},
		{"not UTF-8", func(c *Card) { c.Bundle = json.RawMessage("{\"a\":\"\xff\"}") }, ErrMalformed},
		{"unpacked too long", func(c *Card) {
			c.Bundle = json.RawMessage(`{"a":"` + strings.Repeat("a", maxPayload) + `"}`)
		}, ErrTooLong},
		{"packed too long", func(c *Card) {
			b := make([]byte, maxJWS)
			if _, err := rand.Read(b); err != nil {
				t.Fatal(err)
			}
			c.Bundle = json.RawMessage(`{"a":"` + encoding.EncodeToString(b) + `"}`)
		}, ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			card := testCard()
			test.change(&card)
			if jws, err := testIssuerOf(t, testIssuer, "issuer").Sign(card); !errors.Is(err, test.want) || jws != "" {
				t.Errorf("got %d characters, %v, want %v", len(jws), err, test.want)
			}
		})
	}
}

// broken is a key that cannot sign, or says something else.
type broken struct {
	*ecdsa.PrivateKey
	signature []byte
	err       error
}

func (k broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.signature, k.err }

func TestSignWithABrokenKey(t *testing.T) {
	away := errors.New("the module is away")
	for _, test := range []struct {
		name string
		key  broken
		want error
	}{
		{"an error", broken{err: away}, away},
		{"nothing", broken{}, nil},
		{"no DER", broken{signature: bytes.Repeat([]byte{7}, 64)}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.key.PrivateKey = testKey(t, "issuer")
			issuer, err := NewIssuer(testIssuer, test.key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = issuer.Sign(testCard()); err == nil || (test.want != nil && !errors.Is(err, test.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNewIssuerRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, url string
		key       crypto.Signer
	}{
		{"http", "http://locket.example", testKey(t, "issuer")},
		{"slash", "https://locket.example/", testKey(t, "issuer")},
		{"no host", "https://", testKey(t, "issuer")},
		{"host only", "locket.example", testKey(t, "issuer")},
		{"query", "https://locket.example?a", testKey(t, "issuer")},
		{"fragment", "https://locket.example#a", testKey(t, "issuer")},
		{"user", "https://me@locket.example", testKey(t, "issuer")},
		{"endless", "https://locket.example/" + strings.Repeat("a", maxIssuer), testKey(t, "issuer")},
		{"P-384", testIssuer, p384},
		{"Ed25519", testIssuer, edwards},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := NewIssuer(test.url, test.key); !errors.Is(err, cards.ErrKey) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestSignProperty: whatever is signed, a foreign reader gets the same, and so do we.
func TestSignProperty(t *testing.T) {
	issuer := testIssuerOf(t, testIssuer, "issuer")
	verifier := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringN(0, 2000, -1).Draw(r, "text")
		bundle, err := json.Marshal(map[string]string{"resourceType": "Bundle", "language": text})
		if err != nil {
			r.Fatal(err)
		}
		card := Card{
			Issuer:    testIssuer,
			NotBefore: time.Unix(rapid.Int64Range(1, testNow.Unix()).Draw(r, "nbf"), 0).UTC(),
			RID:       rapid.StringMatching(`[A-Za-z0-9_-]{0,24}`).Draw(r, "rid"),
			Types:     rapid.SliceOf(rapid.StringMatching(`https://smarthealth\.cards#[a-z]{1,9}`)).Draw(r, "types"), FHIRVersion: FHIRVersion, Bundle: bundle,
		}
		jws, err := issuer.Sign(card)
		if err != nil {
			r.Fatal(err)
		}
		var seen struct {
			VC struct {
				CredentialSubject struct{ FHIRBundle struct{ Language string } }
			}
		}
		_, payload := foreign(t, jws, &testKey(t, "issuer").PublicKey)
		if err := json.Unmarshal(payload, &seen); err != nil {
			r.Fatal(err)
		}
		var want struct{ Language string }
		if err := json.Unmarshal(bundle, &want); err != nil {
			r.Fatal(err)
		}
		if got := seen.VC.CredentialSubject.FHIRBundle.Language; got != want.Language {
			r.Errorf("a foreign reader sees %q, want %q", got, want.Language)
		}
		result, err := verifier.Verify(jws, testNow)
		if err != nil || result.Status != cards.StatusVerified {
			r.Fatal(result.Status, err)
		}
		if len(card.Types) == 0 {
			card.Types, result.Card.Types = nil, nil
		}
		if diff := cmp.Diff(fields(card), fields(result.Card)); diff != "" {
			r.Errorf("card (-want +got):\n%s", diff)
		}
	})
}

// fields are those of a card for cmp, which would print a Card by its Format.
func fields(c Card) map[string]any {
	return map[string]any{
		"iss": c.Issuer, "nbf": c.NotBefore, "exp": c.Expires, "rid": c.RID, "types": c.Types,
		"version": c.FHIRVersion, "bundle": string(c.Bundle),
	}
}

// TestSignTogether: an Issuer is for many goroutines, which share what packs.
func TestSignTogether(t *testing.T) {
	issuer := testIssuerOf(t, testIssuer, "issuer")
	want := testJWS(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if jws, err := issuer.Sign(testCard()); err != nil || jws != want {
					t.Errorf("got %d characters, %v", len(jws), err)
				}
			}
		})
	}
	all.Wait()
}

func TestCardHidesThePatient(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		if text := fmt.Sprintf(verb, testCard()); strings.Contains(text, "Ada") || strings.Contains(text, "416461") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if text := testCard().LogValue().String(); strings.Contains(text, "Ada") {
		t.Errorf("logged as %s", text)
	}
}

// BenchmarkSign is what a card costs for a QR code: packed, signed and turned into digits.
func BenchmarkSign(b *testing.B) {
	issuer, err := NewIssuer(testIssuer, testKey(b, "issuer"))
	if err != nil {
		b.Fatal(err)
	}
	card := testCard()
	b.ReportAllocs()
	for b.Loop() {
		jws, err := issuer.Sign(card)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Numeric(jws); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignBare is the floor under BenchmarkSign.
func BenchmarkSignBare(b *testing.B) {
	key := testKey(b, "issuer")
	content := make([]byte, 600)
	b.ReportAllocs()
	for b.Loop() {
		digest := sha256.Sum256(content)
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
}
