package cards

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTrustListRoundTrip(t *testing.T) {
	want := testTrustList(t)
	want.Issuers[1].Keys[0].CRLVersion = 7
	signer := testSigner(t, testIssuer, "issuer")
	text, err := signer.SignTrustList(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTrustList(text, testKeySet(t, signer.Key()))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("list (-want +got), %v:\n%s", err, diff)
	}
	keys, err := got.KeySet()
	if err != nil || len(keys.Keys()) != 4 {
		t.Fatalf("%d keys, %v", len(keys.Keys()), err)
	}
	if result, err := Verify(testEnvelope(t), keys, testNow); err != nil || result.Status != StatusVerified {
		t.Errorf("a card of the house: %v, %v", result.Status, err)
	}
}

func TestSignTrustListRefuses(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	for _, test := range []struct {
		name   string
		change func(*TrustList)
		want   error
	}{
		{"another issuer", func(l *TrustList) { l.Issuer = otherIssuer }, ErrKey},
		{"no issuers", func(l *TrustList) { l.Issuers = nil }, ErrList},
		{"foreign issuers only", func(l *TrustList) { l.Issuers = l.Issuers[1:] }, ErrList},
		{"a host twice", func(l *TrustList) { l.Issuers = append(l.Issuers, l.Issuers[1]) }, ErrList},
		{"a host that is none", func(l *TrustList) { l.Issuers[1].Host = "a b" }, ErrList},
		{"a key of another", func(l *TrustList) { l.Issuers[1].Keys = l.Issuers[0].Keys }, ErrList},
		{"a key that is none", func(l *TrustList) { l.Issuers[1].Keys = []Key{{Issuer: otherIssuer}} }, ErrKey},
		{"an address elsewhere", func(l *TrustList) { l.Issuers[1].URL = "https://evil.example" }, ErrList},
		{"no times", func(l *TrustList) { l.Edition = Edition{Issuer: testIssuer} }, ErrList},
		{"a long life", func(l *TrustList) { l.ExpiresAt = l.IssuedAt.Add(maxListLife + time.Second) }, ErrList},
		{"too many issuers", func(l *TrustList) { l.Issuers = append(l.Issuers, make([]Issuer, maxIssuers)...) }, ErrList},
	} {
		t.Run(test.name, func(t *testing.T) {
			list := testTrustList(t)
			test.change(&list)
			if text, err := signer.SignTrustList(list); text != "" || !errors.Is(err, test.want) {
				t.Errorf("got %q, %v, want %v", text, err, test.want)
			}
		})
	}
	if _, err := ParseTrustList(strings.Repeat("a", maxTrustList+1), KeySet{}); !errors.Is(err, ErrList) {
		t.Errorf("a long list: %v", err)
	}
}

// TestTheLongestTrustList: what is signed can be read, up to the last key that fits; one more is not signed.
func TestTheLongestTrustList(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	list := testTrustList(t)
	sign := func(issuers int) (string, error) {
		long := list
		long.Issuers = slices.Clone(list.Issuers)
		for i := range issuers { // names that JSON writes in six bytes a letter, and no keys, which take long to read
			long.Issuers = append(long.Issuers, Issuer{Host: fmt.Sprintf("h%03d.example", i), Name: strings.Repeat("<", maxName), Keys: []Key{}})
		}
		return signer.SignTrustList(long)
	}
	none, some := len(must(sign(0))), len(must(sign(10)))
	issuers := 10 * (maxTrustList - none) / (some - none)
	var longest string
	for {
		text, err := sign(issuers)
		if err != nil {
			if text != "" || !errors.Is(err, ErrList) {
				t.Errorf("a key more gives %d bytes, %v", len(text), err)
			}
			break
		}
		if len(text) > maxTrustList {
			t.Fatalf("%d bytes are signed", len(text))
		}
		longest = text
		list.Issuers[0].Keys = append(list.Issuers[0].Keys, list.Issuers[0].Keys[0])
	}
	if len(longest) < maxTrustList-400 { // a key takes less
		t.Errorf("more than %d bytes are refused", len(longest))
	}
	if _, err := ParseTrustList(longest, testKeySet(t, signer.Key())); err != nil {
		t.Errorf("%d bytes are signed and not read: %v", len(longest), err)
	}
}

func TestCleanName(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "Clínica Ejemplo", "Clínica Ejemplo"},
		{"Persian keeps its joiners", "بیمارستان نمونه\u200cای", "بیمارستان نمونه\u200cای"},
		{"overrides", "\u202eelpmaxE\u202c \u2066x\u2069", "elpmaxE x"},
		{"controls and spaces", " A\x00\r\n\tB\u00a0\u2028C ", "A B C"},
		{"not UTF-8", "A\xffB", "AB"},
		{"nothing left", "\u200b\u200e", "host.example"},
		{"cut between letters", strings.Repeat("日", 100), strings.Repeat("日", 66)},
		{"cut without a space at the end", strings.Repeat("a", 199) + " b", strings.Repeat("a", 199)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := cleanName(test.in, "host.example"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestKeySetWith(t *testing.T) {
	house, next := testSigner(t, testIssuer, "issuer").Key(), testSigner(t, testIssuer, "next").Key()
	foreign := testSigner(t, otherIssuer, "issuer").Key() // the same key under another name
	ended, withdrawn := house, house
	ended.NotAfter = testIssued.Add(time.Hour)
	withdrawn.NotAfter, withdrawn.CompromisedSince, withdrawn.CRLVersion = testIssued, testNow, 3
	for _, test := range []struct {
		name string
		sets []KeySet
		want []Key
	}{
		{"nothing", []KeySet{{}, {}}, nil},
		{"others", []KeySet{testKeySet(t, house), testKeySet(t, next, foreign)}, []Key{house, next, foreign}},
		{"the same", []KeySet{testKeySet(t, house, next), testKeySet(t, next, house)}, []Key{house, next}},
		{"withdrawn later", []KeySet{testKeySet(t, house), testKeySet(t, ended), testKeySet(t, withdrawn)}, []Key{withdrawn}},
		{"withdrawn before", []KeySet{testKeySet(t, withdrawn), testKeySet(t, ended), testKeySet(t, house)}, []Key{withdrawn}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.sets[0].With(test.sets[1:]...).Keys()); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzReadTrustList: what is read is signed again and read the same, whatever it was.
func FuzzReadTrustList(f *testing.F) {
	signer := testSigner(f, testIssuer, "issuer")
	text, err := signer.SignTrustList(testTrustList(f))
	if err != nil {
		f.Fatal(err)
	}
	payload, _, err := testKeySet(f, signer.Key()).VerifyJWS(text, TrustListType)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(payload), `{"v":1,"iss":"locket.example","iat":1,"exp":2,"issuers":[]}`, `{"v":1,"v":1}`, `[`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		list, err := readTrustList(payload)
		if err != nil {
			if !errors.Is(err, ErrList) {
				t.Errorf("not an ErrList: %v", err)
			}
			return
		}
		signer, err := NewSigner(list.Issuer, testKey(t, "issuer"))
		if err != nil {
			t.Fatal(err)
		}
		text, err := signer.SignTrustList(list)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseTrustList(text, testKeySet(t, signer.Key()))
		if diff := cmp.Diff(list, again); err != nil || diff != "" {
			t.Errorf("list (-read +read again), %v:\n%s", err, diff)
		}
	})
}

// FuzzParseLists: no text makes a reader stumble, and none that nobody has signed is accepted.
func FuzzParseLists(f *testing.F) {
	signer := testSigner(f, testIssuer, "issuer")
	stranger := testKeySet(f, testSigner(f, testIssuer, "another").Key())
	for _, seed := range []string{jwsHeader(f, "issuer", TrustListType, ""), `{}`} {
		f.Add(rawJWS(f, "issuer", seed, `{"v":1}`))
	}
	list, err := signer.SignTrustList(testTrustList(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(list)
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseTrustList(text, stranger); !errors.Is(err, ErrList) && !errors.Is(err, ErrListSigner) {
			t.Errorf("a trust list: %v", err)
		}
		if _, err := ParseRevocationHead(text, stranger); !errors.Is(err, ErrList) && !errors.Is(err, ErrListSigner) {
			t.Errorf("a revocation list: %v", err)
		}
	})
}
