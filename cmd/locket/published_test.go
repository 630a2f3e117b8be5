package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/locket-health/locket/audit"
)

// TestAVerificationSaysWhatItDidNotRead: a server that says of its entries that they were pruned is believed, and not without a word.
func TestAVerificationSaysWhatItDidNotRead(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := printAudit(environment{stdout: &out}, false, audit.Report{Size: 512, Published: 512, Pruned: 256}, nil); err != nil || !strings.Contains(out.String(), " 256 pruned") {
		t.Errorf("%q, %v", &out, err)
	}
}

// TestAPublishedLogIsReadInTurns: whoever is told to come back later does, and asks where the origin of the log says.
func TestAPublishedLogIsReadInTurns(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case r.URL.Path == "/audit/log/2/always" || r.URL.Path == "/audit/log/2/checkpoint" && n == 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case r.URL.Path == "/audit/log/2/checkpoint":
			w.Write([]byte("what was asked for"))
		case r.URL.Path == "/audit/log/2/silent":
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	log := publishedAt(server.URL+"/", "card.example.org/audit/log/2")
	if body, err := log.fetch(t.Context(), "checkpoint"); err != nil || string(body) != "what was asked for" || asked.Load() != 2 {
		t.Errorf("%q, %v, after %d requests", body, err, asked.Load())
	}
	for path, want := range map[string]string{"always": "come back later", "silent": "429", "none": "404"} {
		if _, err := log.fetch(t.Context(), path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
