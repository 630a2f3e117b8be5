package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/locket-health/locket/audit"
)

// health answers that the process runs.
func (s *Server) health(x *exchange) error {
	return x.bytes("text/plain; charset=utf-8", []byte("ok\n"))
}

// readiness is what /readyz answers. The words are for operators: nothing of an error's text, which is in the log.
type readiness struct {
	Ready bool   `json:"ready"`
	Store string `json:"store"`            // "ok" or "failing"
	Log   string `json:"log"`              // "ok", "empty" or "failing"
	Age   int64  `json:"checkpoint_age_s"` // seconds since the last checkpoint was published
	Size  int64  `json:"checkpoint_size"`  // entries that it covers
}

// ready answers whether the server can do its work: the store reads, the log publishes.
func (s *Server) ready(x *exchange) error {
	report := readiness{Ready: true, Store: "ok", Log: "ok"}
	if err := s.Config.Ready(x.r.Context()); err != nil {
		s.Logger.ErrorContext(x.r.Context(), "the server is not ready", "error", err)
		report.Ready, report.Store = false, "failing"
	}
	checkpoint, err := s.Config.Log.Checkpoint(x.r.Context())
	switch {
	case errors.Is(err, audit.ErrNotFound):
		report.Log = "empty"
	case err != nil:
		s.Logger.ErrorContext(x.r.Context(), "the log is not readable", "error", err)
		report.Ready, report.Log = false, "failing"
	default:
		report.Age, report.Size = int64(s.Now().Sub(checkpoint.At)/time.Second), checkpoint.Size
	}
	if report.Ready {
		return x.json(report)
	}
	body, err := json.Marshal(report)
	if err != nil {
		return err
	}
	x.w.Header().Set("Content-Type", "application/json")
	return x.send(http.StatusServiceUnavailable, body)
}
