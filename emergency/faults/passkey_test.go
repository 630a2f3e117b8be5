//go:build linux

package faults

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/locket-health/locket/emergency/passkey/passkeytest"
)

// begun is the first half of a ceremony.
type begun struct {
	Ceremony  string          `json:"ceremony"`
	PublicKey json.RawMessage `json:"publicKey"`
}

// begin asks for a ceremony.
func (s *server) begin(t testing.TB, path string, value any, header ...string) begun {
	t.Helper()
	got, err := s.post(path+"/begin", value, header...)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%s/begin: %v, status %d %s", path, err, got.status, got.body)
	}
	var b begun
	if err := json.Unmarshal(got.body, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// touched is the second half of a ceremony, answered by a device.
func (b begun) touched(t testing.TB, touch func(options []byte) ([]byte, error)) map[string]any {
	t.Helper()
	options, err := json.Marshal(map[string]json.RawMessage{"publicKey": b.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	credential, err := touch(options)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"ceremony": b.Ceremony, "credential": json.RawMessage(credential)}
}

// session is the cookie that an answer sets, as a browser sends it back; "" is none.
func (a answer) session() string {
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return cookie
}

// signUp makes an account and returns its device and its session.
func (s *server) signUp(t testing.TB) (*passkeytest.Authenticator, string) {
	t.Helper()
	device := passkeytest.New(s.url)
	answer := s.begin(t, "/v1/signup", map[string]string{"name": "Anna Account-Name"}).touched(t, device.Create)
	got := s.mustPost(t, http.StatusOK, "/v1/signup/finish", answer)
	s.house.secrets = append(s.house.secrets, strings.TrimPrefix(got.session(), "__Host-locket="), "Account-Name")
	return device, got.session()
}

// A5: what was said to the server once says nothing a second time, in another place, or afterwards.
func TestReplaysAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	people := listed(t, h.issue(t, household()))
	s := h.serve(t)
	device, session := s.signUp(t)
	refused := func(t *testing.T, path string, value any, header ...string) {
		t.Helper()
		got, err := s.post(path, value, header...)
		if err != nil || got.status < 400 || got.status > 403 || got.session() != "" {
			t.Errorf("POST %s: %v, status %d with session %q, want a refusal", path, err, got.status, got.session())
		}
	}

	t.Run("a sign-in, twice", func(t *testing.T) {
		answer := s.begin(t, "/v1/signin", struct{}{}).touched(t, device.Get)
		if got := s.mustPost(t, http.StatusOK, "/v1/signin/finish", answer); got.session() == "" || got.session() == session {
			t.Error("a sign-in does not give a session of its own")
		}
		refused(t, "/v1/signin/finish", answer)
	})
	t.Run("a sign-in, 64 times at once", func(t *testing.T) {
		answer := s.begin(t, "/v1/signin", struct{}{}).touched(t, device.Get)
		var winners atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				if got, err := s.post("/v1/signin/finish", answer); err == nil && got.status == http.StatusOK {
					winners.Add(1)
				}
			})
		}
		all.Wait()
		if n := winners.Load(); n != 1 {
			t.Errorf("%d of them signed in, want 1", n)
		}
	})
	t.Run("a sign-up, twice", func(t *testing.T) {
		answer := s.begin(t, "/v1/signup", map[string]string{"name": "Ben Account-Name"}).touched(t, passkeytest.New(s.url).Create)
		s.mustPost(t, http.StatusOK, "/v1/signup/finish", answer)
		refused(t, "/v1/signup/finish", answer)
	})
	t.Run("a sign-in as an approval", func(t *testing.T) {
		answer := s.begin(t, "/v1/signin", struct{}{}).touched(t, device.Get)
		refused(t, "/v1/approve/finish", answer, "Cookie", session)
	})
	t.Run("an answer from another site's page", func(t *testing.T) {
		there := device.Copy()
		there.Origin = "https://locket.evil.example"
		refused(t, "/v1/signin/finish", s.begin(t, "/v1/signin", struct{}{}).touched(t, there.Get))
	})
	t.Run("an approval, twice", func(t *testing.T) {
		answer := s.begin(t, "/v1/approve", map[string]any{"kind": "verify", "target": ""}, "Cookie", session).touched(t, device.Get)
		if got, err := s.post("/v1/approve/finish", answer, "Cookie", session); err != nil || got.status != http.StatusOK {
			t.Fatalf("%v, status %d %s", err, got.status, got.body)
		}
		refused(t, "/v1/approve/finish", answer, "Cookie", session)
	})
	t.Run("an approval in another session", func(t *testing.T) {
		answer := s.begin(t, "/v1/approve", map[string]any{"kind": "verify", "target": ""}, "Cookie", session).touched(t, device.Get)
		other := s.mustPost(t, http.StatusOK, "/v1/signin/finish", s.begin(t, "/v1/signin", struct{}{}).touched(t, device.Get)).session()
		refused(t, "/v1/approve/finish", answer, "Cookie", other)
	})
	t.Run("a grant with another card", func(t *testing.T) {
		o, got, err := s.open(people[0])
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("%v, status %d", err, got.status)
		}
		again := opening(people[0])
		again["grant"] = o.Grant
		s.mustPost(t, http.StatusOK, "/v1/cards/"+people[0].ID+"/open", again)
		other := opening(people[1])
		other["grant"] = o.Grant
		refused(t, "/v1/cards/"+people[1].ID+"/open", other)
		other["grant"] = strings.Repeat("A", len(o.Grant))
		refused(t, "/v1/cards/"+people[1].ID+"/open", other)
	})
	t.Run("a session that was signed out", func(t *testing.T) {
		s.must(t, http.StatusOK, "GET", "/home", nil, "Cookie", session)
		s.must(t, http.StatusSeeOther, "POST", "/signout", nil, "Cookie", session, "Content-Type", "application/x-www-form-urlencoded")
		if got, err := s.ask("GET", "/home", nil, "Cookie", session, "Accept", "text/html"); err != nil || got.status == http.StatusOK {
			t.Errorf("%v, status %d, want to be sent away", err, got.status)
		}
		refused(t, "/v1/approve/begin", map[string]any{"kind": "verify", "target": ""}, "Cookie", session)
	})
}
