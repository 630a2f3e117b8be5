package cards

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func TestSignJWS(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	text, err := signer.SignJWS("locket-test+jws", []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	payload, key, err := testKeySet(t, signer.Key()).VerifyJWS(text, "locket-test+jws")
	if err != nil || string(payload) != `{"a":1}` || key.Issuer != testIssuer {
		t.Errorf("got %s by %s, %v", payload, key.Issuer, err)
	}
	if _, _, err := testKeySet(t, signer.Key()).VerifyJWS(text, "locket-other+jws"); !errors.Is(err, ErrList) {
		t.Errorf("of another kind: %v", err)
	}
	if text, err := signer.SignJWS("", nil); text != "" || !errors.Is(err, ErrKey) {
		t.Errorf("without a kind: %q, %v", text, err)
	}
}

// TestForeignJWS: somebody else's software verifies what we sign, and we verify what it signs.
func TestForeignJWS(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	text, err := signer.SignTrustList(testTrustList(t))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := parsed.Verify(&testKey(t, "issuer").PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	const beginning = `{"v":1,"iss":"locket.example","iat":1780299000,"exp":1782891000,"issuers":[{"iss":"locket.example","name":"Example Clinic",`
	if !strings.HasPrefix(string(payload), beginning) {
		t.Errorf("payload %s", payload)
	}
	foreign, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{
		Key: testKey(t, "issuer"), KeyID: parsed.Signatures[0].Header.KeyID,
	}}, (&jose.SignerOptions{}).WithType(TrustListType))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := foreign.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	again, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if list, err := ParseTrustList(again, testKeySet(t, signer.Key())); err != nil || len(list.Issuers) != 2 {
		t.Errorf("got %v, %v", list, err)
	}
}

// TestAListIsNoCard: the key of the cards signs lists too, and neither passes for the other.
func TestAListIsNoCard(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	keys := testKeySet(t, signer.Key())
	list, err := signer.SignTrustList(testTrustList(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify([]byte(list), keys, testNow); !errors.Is(err, ErrMalformed) {
		t.Errorf("a list as a card: %v", err)
	}
	healthCard := rawJWS(t, "issuer", strings.Replace(jwsHeader(t, "issuer", "", ""), `,"typ":""`, `,"zip":"DEF"`, 1), "x")
	for name, text := range map[string]string{
		"a health card": healthCard,
		"a card":        encoding.EncodeToString(testEnvelope(t)),
	} {
		if _, err := ParseTrustList(text, keys); !errors.Is(err, ErrList) {
			t.Errorf("%s as a trust list: %v", name, err)
		}
		if _, err := ParseRevocationHead(text, keys); !errors.Is(err, ErrList) {
			t.Errorf("%s as a revocation list: %v", name, err)
		}
	}
	if _, err := ParseRevocationHead(list, keys); !errors.Is(err, ErrList) {
		t.Errorf("a trust list as a revocation list: %v", err)
	}
}

// TestListsOfOneKeyID: keys may share a key id, so all of them are tried.
func TestListsOfOneKeyID(t *testing.T) {
	set := testKeySet(t, testSigner(t, testIssuer, "issuer").Key())
	other := testKeySet(t, testSigner(t, testIssuer, "another").Key())
	for id := range set.byID {
		for _, keys := range other.byID {
			set.byID[id] = append(keys, set.byID[id]...)
		}
	}
	text, err := testSigner(t, testIssuer, "issuer").SignTrustList(testTrustList(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseTrustList(text, set); err != nil {
		t.Errorf("got %v", err)
	}
}
