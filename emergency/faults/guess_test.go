//go:build linux

package faults

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
)

// ended is a house with cards of which one was revoked, and the patient of another was deleted.
func ended(t testing.TB) (h *house, active, revoked, deleted card) {
	t.Helper()
	h = newHouse(t, "")
	issued := h.issue(t, household())
	active, revoked, deleted = issued["family-ar-mother"], issued["adult"], issued["traveller-ja"]
	must(t, "revoke", "--data", h.dir, "--patient", revoked.Patient, "--card", revoked.ID)
	must(t, "delete", "--data", h.dir, "--patient", deleted.Patient, "--yes")
	return h, active, revoked, deleted
}

// alikeAfter is how long the service takes for each answer that must not tell one kind of wrong from another.
const alikeAfter = 250 * time.Millisecond

// numbered is what may differ between two answers that are alike: the time, and the number of the request.
var numbered = regexp.MustCompile(`"(instance|checked_at)":"[^"]*"`)

// told is an answer without what numbers it.
type told struct {
	Status int
	Header http.Header
	Body   string
}

func (a answer) told() told {
	header := maps.Clone(a.header)
	header.Del("Date")
	header.Del("Content-Length") // the request's number grows; the body is compared whole
	return told{a.status, header, numbered.ReplaceAllString(string(a.body), `"$1":""`)}
}

// A1, promise 4: a guesser cannot tell an unknown card from a revoked one, a malformed address or a wrong secret, at any door, and none of
// these answers comes before all of them could.
func TestUnknownRevokedAndMalformedCardsAnswerAlike(t *testing.T) {
	t.Parallel()
	h, active, gone, deleted := ended(t)
	s := h.serve(t)
	ids := map[string]string{
		"unknown": "AAAAAAAAAAAAAAAAAAAAAA", "revoked": gone.ID, "of a deleted patient": deleted.ID, "too short": "AAAA", "too long": strings.Repeat("A", 64), "stray bits": "AAAAAAAAAAAAAAAAAAAAAB",
		"other letters": "!!!!!!!!!!!!!!!!!!!!!!", "escaped": "%2e%2e%2e", "a quote": "%27%20OR%201=1",
	}
	t.Run("reader page", func(t *testing.T) {
		want := s.must(t, http.StatusOK, "GET", "/c/"+active.ID, nil).told()
		for name, id := range ids {
			if diff := cmp.Diff(want, s.must(t, http.StatusOK, "GET", "/c/"+id, nil).told()); diff != "" {
				t.Errorf("%s and known differ (-known +%s):\n%s", name, name, diff)
			}
		}
	})
	t.Run("status", func(t *testing.T) {
		// Who holds the front of a revoked card is told so; who does not is told nothing about any card.
		for name, c := range map[string]card{"revoked": gone, "of a deleted patient": deleted} {
			if got := s.statusOf(t, c.ID, c); got != "revoked" {
				t.Errorf("%s, to the holder of the front: %q, want revoked", name, got)
			}
		}
		want := s.mustPost(t, http.StatusOK, "/v1/cards/"+active.ID+"/status", map[string]string{"tag": "AAAAAAAAAAAAAAAAAAAAAA"}).told()
		for name, id := range ids {
			got := s.mustPost(t, http.StatusOK, "/v1/cards/"+id+"/status", map[string]string{"tag": "AAAAAAAAAAAAAAAAAAAAAA"}).told()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s and a card whose front is not held differ:\n%s", name, diff)
			}
		}
	})
	t.Run("open", func(t *testing.T) {
		wrong := opening(gone) // the right secret of the revoked card, a wrong one for every other
		want := s.slow(t, "/v1/cards/"+active.ID+"/open", wrong)
		for name, id := range ids {
			if diff := cmp.Diff(want, s.slow(t, "/v1/cards/"+id+"/open", wrong)); diff != "" {
				t.Errorf("%s and a wrong secret differ:\n%s", name, diff)
			}
		}
		if diff := cmp.Diff(want, s.slow(t, "/v1/cards/"+deleted.ID+"/open", opening(deleted))); diff != "" {
			t.Errorf("the card of a deleted patient with its secret and a wrong secret differ:\n%s", diff)
		}
		if _, got, err := s.open(active); err != nil || got.status != http.StatusOK {
			t.Errorf("the card itself afterwards: %v, status %d", err, got.status)
		}
	})
	t.Run("short code", func(t *testing.T) {
		want := s.slow(t, "/v1/short-code", map[string]string{"code": "2222-2222-2222"})
		for name, code := range map[string]string{"revoked": gone.ShortCode, "of a deleted patient": deleted.ShortCode, "malformed": "hello", "empty": "", "script": "<script>alert(1)</script>"} {
			if diff := cmp.Diff(want, s.slow(t, "/v1/short-code", map[string]string{"code": code})); diff != "" {
				t.Errorf("%s and unknown differ:\n%s", name, diff)
			}
		}
		if got := s.mustPost(t, http.StatusOK, "/v1/short-code", map[string]string{"code": active.ShortCode}); !strings.Contains(string(got.body), active.ID) {
			t.Errorf("a right code: %s", got.body)
		}
	})
}

// mustPost is post for a request that has to be answered with a status.
func (s *server) mustPost(t testing.TB, status int, path string, value any) answer {
	t.Helper()
	got, err := s.post(path, value)
	if err != nil || got.status != status {
		t.Fatalf("POST %s: %v, status %d, want %d: %s", path, err, got.status, status, got.body)
	}
	return got
}

// slow is a guess that has to be answered with 404, and not too early.
func (s *server) slow(t testing.TB, path string, value any) told {
	t.Helper()
	begun := time.Now()
	got := s.mustPost(t, http.StatusNotFound, path, value)
	if took := time.Since(begun); took < alikeAfter {
		t.Errorf("POST %s: answered after %v, before %v", path, took, alikeAfter)
	}
	return got.told()
}

// A1: ten thousand guesses at random and beside a real card hit nothing, and leave no trace in the log, which nobody can grow from outside.
func TestGuessingCardsFindsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	before := len(h.entries(t))
	page := s.must(t, http.StatusOK, "GET", "/c/"+c.ID, nil) // one entry: this one is known
	const guesses = 10_000
	ids := make(chan string)
	go func() {
		defer close(ids)
		for n := range guesses {
			var id cards.ID
			if n%2 == 0 {
				_, _ = rand.Read(id[:]) // never fails
			} else { // beside a real one, as numbers that are given in order would be
				id = c.address.ID
				id[15], id[14], id[13] = id[15]^byte(n), id[14]^byte(n>>8), id[13]^0x40
			}
			ids <- id.String()
		}
	}()
	var guessers sync.WaitGroup
	for n := range 128 {
		guessers.Go(func() {
			for id := range ids {
				switch n % 4 {
				case 0:
					got, err := s.ask("GET", "/c/"+id, nil)
					if err != nil || got.status != http.StatusOK || !bytes.Equal(got.body, page.body) {
						t.Errorf("GET /c/%s: %v, status %d, another page: %v", id, err, got.status, !bytes.Equal(got.body, page.body))
					}
				case 1:
					got, err := s.post("/v1/cards/"+id+"/status", map[string]string{"tag": "AAAAAAAAAAAAAAAAAAAAAA"})
					if err != nil || !strings.Contains(string(got.body), `"unknown"`) {
						t.Errorf("status of %s: %v, %s", id, err, got.body)
					}
				default:
					if _, got, err := s.open(card{ID: id}); err != nil || got.status != http.StatusNotFound || got.problem() != "no_card" {
						t.Errorf("open %s: %v, status %d %s", id, err, got.status, got.body)
					}
				}
			}
		})
	}
	guessers.Wait()
	if got := len(h.entries(t)); got != before+1 {
		t.Errorf("the log has grown by %d entries, want the 1 of the known card", got-before)
	}
	if _, got, err := s.open(c); err != nil || got.status != http.StatusOK {
		t.Errorf("the card itself afterwards: %v, status %d", err, got.status)
	}
}

// A1, A3, promise 2: somebody who guesses short codes is slowed, also from the other addresses of the network and after a restart; nobody else is.
func TestGuessingShortCodesIsSlowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	c := listed(t, h.issue(t, household()))[0]
	s := h.serve(t)
	// 48 at once, so that few lie beyond the end of a window; those that do are guessed again.
	for end := time.Now().Add(patience); !slowed(t, s); {
		if time.Now().After(end) {
			t.Fatal("a guesser is never slowed")
		}
	}
	s.kill()
	s = h.serve(t)
	got, err := s.guess(200)
	if err != nil || got.status != http.StatusTooManyRequests {
		t.Errorf("after a restart: %v, %d %s, want 429", err, got.status, got.body)
	}
	if got := s.mustPost(t, http.StatusOK, "/v1/short-code", map[string]string{"code": c.ShortCode}); !strings.Contains(string(got.body), c.ID) {
		t.Errorf("somebody else with the right code: %s", got.body)
	}
	s.must(t, http.StatusOK, "GET", "/c/"+c.ID, nil, "X-Forwarded-For", "198.51.100.200")
}

// guess tries a short code from an address of the guesser's network.
func (s *server) guess(n int) (answer, error) {
	return s.post("/v1/short-code", map[string]string{"code": "2222-2222-2222"}, "X-Forwarded-For", fmt.Sprintf("198.51.100.%d", n))
}

// slowed guesses 48 times and reports whether the guesser has now to wait long enough for the rest of the test.
func slowed(t *testing.T, s *server) bool {
	t.Helper()
	var waits atomic.Int64
	var all sync.WaitGroup
	for n := range 48 {
		all.Go(func() {
			got, err := s.guess(n)
			switch {
			case err != nil || got.status != http.StatusNotFound && got.status != http.StatusTooManyRequests:
				t.Errorf("a guess: %v, status %d %s", err, got.status, got.body)
			case got.status == http.StatusTooManyRequests:
				seconds, err := strconv.ParseInt(got.header.Get("Retry-After"), 10, 64)
				if err != nil || seconds < 1 {
					t.Errorf("the guesser is told to wait for %q seconds", got.header.Get("Retry-After"))
				}
				waits.Store(seconds)
			}
		})
	}
	all.Wait()
	return waits.Load() > 20
}
