package cards

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestThumbprint checks the key of RFC 7517, appendix A.1, against the thumbprint that the jose tool gives for it.
func TestThumbprint(t *testing.T) {
	x, errX := encoding.DecodeString("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")
	y, errY := encoding.DecodeString("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")
	if errX != nil || errY != nil {
		t.Fatal(errX, errY)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Fatal(err)
	}
	thumbprint, err := Thumbprint(public)
	if err != nil {
		t.Fatal(err)
	}
	const want = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
	if got := encoding.EncodeToString(thumbprint[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	id, err := Key{Public: public}.ID()
	if err != nil || id.String() != "cn-I_WNMClc" {
		t.Errorf("key id %s, %v", id, err)
	}
}

func TestKeySetRefuses(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		key  Key
	}{
		{"no key", Key{Issuer: testIssuer}},
		{"P-384", Key{Issuer: testIssuer, Public: &p384.PublicKey}},
		{"no issuer", Key{Public: &testKey(t, "issuer").PublicKey}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := NewKeySet(test.key); !errors.Is(err, ErrKey) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestJWKSRoundTrip(t *testing.T) {
	retired := testSigner(t, testIssuer, "retired").Key()
	retired.NotAfter = testIssued
	stolen := testSigner(t, "localhost:8080", "stolen").Key()
	stolen.CompromisedSince = testIssued.Add(time.Hour)
	want := []Key{testSigner(t, testIssuer, "issuer").Key(), retired, stolen}
	text, err := testKeySet(t, want...).MarshalJWKS()
	if err != nil {
		t.Fatal(err)
	}
	set, err := ParseJWKS(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, set.Keys()); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	again, err := set.MarshalJWKS()
	if err != nil || string(again) != string(text) {
		t.Errorf("written again: %s, %v", again, err)
	}
	if strings.Contains(string(text), `"d"`) {
		t.Error("a private member is written")
	}
	empty, err := KeySet{}.MarshalJWKS()
	if err != nil || string(empty) != `{"keys":[]}` {
		t.Errorf("the empty set is %s, %v", empty, err)
	}
}

// testJWK is the key of the fixture with some members changed; nil takes a member away.
func testJWK(t testing.TB, change map[string]any) string {
	t.Helper()
	text, err := testKeySet(t, testSigner(t, testIssuer, "issuer").Key()).MarshalJWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for name, value := range change {
		if value == nil {
			delete(set.Keys[0], name)
		} else {
			set.Keys[0][name] = value
		}
	}
	out, err := json.Marshal(set.Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestParseJWKS(t *testing.T) {
	good := testJWK(t, nil)
	for _, test := range []struct {
		name, text string
		keys       int
		want       error
	}{
		{"one key", `{"keys":[` + good + `]}`, 1, nil},
		{"members in front and spaces", ` { "x" : [1, {"keys":2}], "keys" : [ ` + good + ` ] } `, 1, nil},
		{"without use and alg", `{"keys":[` + testJWK(t, map[string]any{"use": nil, "alg": nil}) + `]}`, 1, nil},
		{"an RSA key besides", `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},` + good + `]}`, 1, nil},
		{"a key for encryption", `{"keys":[` + testJWK(t, map[string]any{"use": "enc"}) + `]}`, 0, nil},
		{"another algorithm", `{"keys":[` + testJWK(t, map[string]any{"alg": "ES384"}) + `]}`, 0, nil},
		{"another curve", `{"keys":[` + testJWK(t, map[string]any{"crv": "secp256k1"}) + `]}`, 0, nil},
		{"empty", `{"keys":[]}`, 0, nil},

		{"nothing", ``, 0, ErrKey},
		{"not an object", `[]`, 0, ErrKey},
		{"null", `null`, 0, ErrKey},
		{"no keys", `{}`, 0, ErrKey},
		{"keys null", `{"keys":null}`, 0, ErrKey},
		{"KEYS", `{"KEYS":[` + good + `]}`, 0, ErrKey},
		{"keys an object", `{"keys":{}}`, 0, ErrKey},
		{"keys twice", `{"keys":[],"keys":[` + good + `]}`, 0, ErrKey},
		{"text after it", `{"keys":[]}{}`, 0, ErrKey},
		{"brace after it", `{"keys":[]}}`, 0, ErrKey},
		{"cut short", `{"keys":[` + good + `]`, 0, ErrKey},
		{"cut in a key", `{"keys":[` + good[:20], 0, ErrKey},
		{"a key that is a text", `{"keys":["x"]}`, 0, ErrKey},
		{"private", `{"keys":[` + testJWK(t, map[string]any{"d": "AQAB"}) + `]}`, 0, ErrKey},
		{"private RSA", `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}]}`, 0, ErrKey},
		{"symmetric", `{"keys":[{"kty":"oct","k":"AQAB"}]}`, 0, ErrKey},
		{"kid twice", `{"keys":[` + strings.Replace(good, `{`, `{"kid":"a",`, 1) + `]}`, 0, ErrKey},
		{"kid of another key", `{"keys":[` + testJWK(t, map[string]any{"kid": "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"}) + `]}`, 0, ErrKey},
		{"no kid", `{"keys":[` + testJWK(t, map[string]any{"kid": nil}) + `]}`, 0, ErrKey},
		{"kty a number", `{"keys":[` + testJWK(t, map[string]any{"kty": 2}) + `]}`, 0, ErrKey},
		{"x short", `{"keys":[` + testJWK(t, map[string]any{"x": "AQAB"}) + `]}`, 0, ErrKey},
		{"x padded", `{"keys":[` + testJWK(t, map[string]any{"x": "tQ5Zd3T6lYf5vQW-tgCwBhOpGXXmMK1NIOgmmTeUOfQ="}) + `]}`, 0, ErrKey},
		{"off the curve", `{"keys":[` + testJWK(t, map[string]any{"y": strings.Repeat("A", 43)}) + `]}`, 0, ErrKey},
		{"no issuer", `{"keys":[` + testJWK(t, map[string]any{"iss": nil}) + `]}`, 0, ErrKey},
		{"issuer a URL", `{"keys":[` + testJWK(t, map[string]any{"iss": testBase}) + `]}`, 0, ErrKey},
		{"exp negative", `{"keys":[` + testJWK(t, map[string]any{"exp": -1}) + `]}`, 0, ErrKey},
		{"exp fractional", `{"keys":[` + testJWK(t, map[string]any{"exp": 1.5}) + `]}`, 0, ErrKey},
		{"revoked without a time", `{"keys":[` + testJWK(t, map[string]any{"revoked": map[string]any{}}) + `]}`, 0, ErrKey},
		{"deep", `{"keys":` + strings.Repeat("[", 20000) + `}`, 0, ErrKey},
		{"too many", `{"keys":[` + strings.Repeat("{},", maxKeys) + `{}]}`, 0, ErrTooLong},
		{"too long", strings.Repeat(" ", maxJWKS+1), 0, ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := ParseJWKS([]byte(test.text))
			if !errors.Is(err, test.want) || len(set.Keys()) != test.keys {
				t.Errorf("got %d keys, %v, want %d, %v", len(set.Keys()), err, test.keys, test.want)
			}
		})
	}
}

// TestPrivateKeyIsNotQuoted: the error about a private key must not spread it further.
func TestPrivateKeyIsNotQuoted(t *testing.T) {
	_, err := ParseJWKS(fmt.Appendf(nil, `{"keys":[%s]}`, testJWK(t, map[string]any{"d": "hush"})))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

func FuzzParseJWKS(f *testing.F) {
	good := testJWK(f, map[string]any{"exp": 1, "revoked": map[string]any{"revoked_at": 1}})
	for _, seed := range []string{`{"keys":[` + good + `]}`, `{"keys":[],"keys":[]}`, `{"keys":[{"kty":"oct","k":"a"}]}`, `[`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		set, err := ParseJWKS(b)
		if err != nil {
			return
		}
		text, err := set.MarshalJWKS()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseJWKS(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(set.Keys(), again.Keys()); diff != "" {
			t.Errorf("keys (-read +read again):\n%s", diff)
		}
	})
}
