package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// nowhere is a response that nobody reads.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(int)             {}

// BenchmarkFront measures what the HTTP edge adds to a scan, without the store: everything from the first middleware to the page.
func BenchmarkFront(b *testing.B) {
	house := emergencytest.NewApp(b)
	config := houseConfig(b, house)
	config.Service = faulty{Service: config.Service, scan: func(context.Context) error { return nil }}
	config.Logger = slog.New(slog.NewJSONHandler(discardWriter{}, nil))
	config.Limits.Off = true
	server, err := New(config)
	if err != nil {
		b.Fatal(err)
	}
	handler := server.Handler()
	r := httptest.NewRequest("GET", "/c/"+cards.ID{1}.String(), nil)
	r.Host, r.RemoteAddr = "localhost:8080", "203.0.113.7:5"
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Accept-Language", "es-ES,es;q=0.9,en;q=0.8")
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(&nowhere{http.Header{}}, r)
	}
}

type discardWriter struct{}

func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }
