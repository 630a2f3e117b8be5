package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/datadir"
)

// clinic is another issuer, called localhost, with pages that can be changed.
type clinic struct {
	t       *testing.T
	address string
	pages   map[string]http.HandlerFunc
}

func newClinic(t *testing.T) *clinic {
	c := &clinic{t: t, pages: map[string]http.HandlerFunc{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page, found := c.pages[r.URL.Path]; found {
			page(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.address = "http://localhost:" + at.Port()
	return c
}

func text(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(content)) }
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// newKey makes a key of an issuer.
func newKey(t *testing.T, issuer string) *cards.Signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := cards.NewSigner(issuer, private)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// publish publishes keys, and a list with them that the first of them has signed.
func (c *clinic) publish(signer *cards.Signer, others ...cards.Key) {
	c.t.Helper()
	c.publishKeys(append([]cards.Key{signer.Key()}, others...)...)
	now := time.Now().Truncate(time.Second)
	list, err := signer.SignTrustList(cards.TrustList{Edition: cards.Edition{Issuer: signer.Key().Issuer, IssuedAt: now, ExpiresAt: now.Add(cards.TrustListLife)},
		Issuers: []cards.Issuer{{Host: signer.Key().Issuer, Name: "The clinic", Keys: append([]cards.Key{signer.Key()}, others...)}}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.pages["/v1/trust-list"] = text(list)
}

func (c *clinic) publishKeys(keys ...cards.Key) {
	c.t.Helper()
	set, err := cards.NewKeySet(keys...)
	if err != nil {
		c.t.Fatal(err)
	}
	jwks, err := set.MarshalJWKS()
	if err != nil {
		c.t.Fatal(err)
	}
	c.pages["/.well-known/jwks.json"] = text(string(jwks))
}

// trust runs locket trust add.
func (c *clinic) trust(data string, key cards.Key, more ...string) (code int, said string) {
	c.t.Helper()
	id, err := fingerprintOf(key)
	if err != nil {
		c.t.Fatal(err)
	}
	var out bytes.Buffer
	args := append([]string{"trust", "add", "--data", data, "--fingerprint", id, c.address}, more...)
	code = run(c.t.Context(), args, environment{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }})
	return code, out.String()
}

// trusted are the keys of the clinic that the house believes.
func (c *clinic) trusted(data string) []cards.Key {
	c.t.Helper()
	house, err := datadir.Open(c.t.Context(), datadir.Options{Dir: data})
	if err != nil {
		c.t.Fatal(err)
	}
	defer house.Close(c.t.Context())
	issuers, err := house.Service.Issuers(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, issuer := range issuers[1:] {
		if issuer.Host == "localhost" {
			return issuer.Keys
		}
	}
	return nil
}

func newData(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	if err := datadir.Init(t.Context(), data, "", datadir.Settings{URL: "https://card.example.org"}); err != nil {
		t.Fatal(err)
	}
	return data
}

// TestOnlyAMissingListIsNoList: an issuer that publishes no list is trusted by the key that was read out; one whose list cannot be had is asked again later.
func TestOnlyAMissingListIsNoList(t *testing.T) {
	signer := newKey(t, "localhost")
	for _, c := range []struct {
		name string
		list http.HandlerFunc
		code int
		says string
	}{
		{"no list", http.NotFound, exitOK, "are believed now: 1 of its keys"},
		{"forbidden", status(http.StatusForbidden), exitFailed, "403 Forbidden"},
		{"broken", status(http.StatusInternalServerError), exitFailed, "500 Internal Server Error"},
		{"gone", status(http.StatusGone), exitFailed, "410 Gone"},
		{"moved", http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, exitFailed, "302 Found"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, exitFailed, "could not be had"},
		{"cut off in the middle", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		}, exitFailed, "could not be had"},
		{"no end", text(strings.Repeat("A", maxFetched+1)), exitFailed, "too long"},
		{"rubbish", text("rubbish"), exitFailed, "does not hold"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, clinic := newData(t), newClinic(t)
			clinic.publishKeys(signer.Key())
			clinic.pages["/v1/trust-list"] = c.list
			code, said := clinic.trust(data, signer.Key())
			if code != c.code || !strings.Contains(said, c.says) {
				t.Errorf("exit code %d, want %d with %q; it says:\n%s", code, c.code, c.says, said)
			}
			if keys := clinic.trusted(data); len(keys) > 0 != (c.code == exitOK) {
				t.Errorf("%d keys are trusted", len(keys))
			}
		})
	}
}

// TestAKeySpeaksForItsOwnHostOnly: whoever is asked by one name cannot have another's keys trusted, or take another's place.
func TestAKeySpeaksForItsOwnHostOnly(t *testing.T) {
	data, clinic := newData(t), newClinic(t)
	other := newKey(t, "hospital.example")
	clinic.publish(other)
	if code, said := clinic.trust(data, other.Key()); code != exitFailed || !strings.Contains(said, "signs for another host: for hospital.example, not for localhost") {
		t.Errorf("exit code %d; it says:\n%s", code, said)
	}
}

func TestATrustedIssuerIsFollowedFromKeyToKey(t *testing.T) {
	first, second, third := newKey(t, "localhost"), newKey(t, "localhost"), newKey(t, "localhost")
	withdrawn := first.Key()
	withdrawn.CompromisedSince = time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name    string
		publish func(*clinic)
		pin     cards.Key
		more    []string
		code    int
		want    []cards.Key
	}{
		{"the same again", func(c *clinic) { c.publish(first) }, first.Key(), nil, exitOK, []cards.Key{first.Key()}},
		{"another key, which the first names", func(c *clinic) { c.publish(first, second.Key()) }, first.Key(), nil, exitOK, []cards.Key{first.Key(), second.Key()}},
		{"another key, which the first does not name", func(c *clinic) { c.publish(second, first.Key()) }, second.Key(), nil, exitFailed, []cards.Key{first.Key()}},
		{"another key in place of the first", func(c *clinic) { c.publish(second) }, second.Key(), nil, exitFailed, []cards.Key{first.Key()}},
		{"another key, without a list", func(c *clinic) {
			c.publishKeys(second.Key())
			delete(c.pages, "/v1/trust-list")
		}, second.Key(), nil, exitFailed, []cards.Key{first.Key()}},
		{"the first withdrawn by another", func(c *clinic) { c.publish(second, withdrawn) }, second.Key(), nil, exitFailed, []cards.Key{first.Key()}},
		{"replaced", func(c *clinic) { c.publish(second, third.Key()) }, second.Key(), []string{"--replace"}, exitOK, []cards.Key{second.Key(), third.Key()}},
		{"the same, without a list", func(c *clinic) { delete(c.pages, "/v1/trust-list") }, first.Key(), nil, exitOK, []cards.Key{first.Key()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, clinic := newData(t), newClinic(t)
			clinic.publish(first)
			if code, said := clinic.trust(data, first.Key()); code != exitOK {
				t.Fatal(said)
			}
			c.publish(clinic)
			code, said := clinic.trust(data, c.pin, c.more...)
			if code != c.code || (code == exitFailed) != strings.Contains(said, "with --replace") {
				t.Errorf("exit code %d, want %d; it says:\n%s", code, c.code, said)
			}
			if got := clinic.trusted(data); len(got) != len(c.want) || slices.ContainsFunc(c.want, func(key cards.Key) bool { return !holds(got, key) }) {
				t.Errorf("trusted are %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestWhatAnIssuerHasWithdrawnStaysWithdrawn: a list of before brings nothing back.
func TestWhatAnIssuerHasWithdrawnStaysWithdrawn(t *testing.T) {
	data, clinic := newData(t), newClinic(t)
	present, former := newKey(t, "localhost"), newKey(t, "localhost").Key()
	withdrawn := former
	withdrawn.CompromisedSince = time.Now().Add(-time.Hour).Truncate(time.Second)
	for _, former := range [][]cards.Key{{withdrawn}, {former}, nil} {
		clinic.publish(present, former...)
		if code, said := clinic.trust(data, present.Key()); code != exitOK {
			t.Fatal(said)
		}
		keys := clinic.trusted(data)
		i := slices.IndexFunc(keys, func(key cards.Key) bool { return key.Public.Equal(withdrawn.Public) })
		if len(keys) != 2 || i < 0 || !keys[i].CompromisedSince.Equal(withdrawn.CompromisedSince) {
			t.Errorf("trusted are %+v", keys)
		}
	}
}
