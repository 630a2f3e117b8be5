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
	Ready   bool   `json:"ready"`
	Store   string `json:"store"`                   // "ok" or "failing"
	Log     string `json:"log"`                     // "ok", "empty", "refusing" to sign what is contradicted, or "failing"
	Age     int64  `json:"checkpoint_age_s"`        // seconds since the last checkpoint was published
	Size    int64  `json:"checkpoint_size"`         // entries that it covers
	Witness *int64 `json:"witness_age_s,omitempty"` // seconds since a witness last cosigned; none when none ever has
	Check   string `json:"check"`                   // of the whole log: "ok", "failing" or "none" yet
	Checked *int64 `json:"checked_age_s,omitempty"` // seconds since it last found nothing; none when it never has
}

// ready answers whether the server can do its work: the store reads, the log publishes. A log that is contradicted or damaged is said and keeps nobody out:
// an emergency goes on, and its entry is written.
func (s *Server) ready(x *exchange) error {
	report := readiness{Ready: true, Store: "ok", Log: "ok", Check: "none"}
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
	if condition, err := s.Config.Log.Condition(x.r.Context()); err != nil {
		s.Logger.ErrorContext(x.r.Context(), "the condition of the log is not readable", "error", err)
		report.Ready, report.Log = false, "failing"
	} else {
		report.watched(condition, s.Now())
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

// watched adds what those say who watch the log.
func (r *readiness) watched(c audit.Condition, now time.Time) {
	if c.Refusing() && r.Log != "failing" {
		r.Log = "refusing"
	}
	r.Witness, r.Checked = secondsSince(c.Cosigned(), now), secondsSince(c.Check.SignedAt, now)
	switch {
	case c.Check.Alarm != "":
		r.Check = "failing"
	case !c.Check.SignedAt.IsZero():
		r.Check = "ok"
	}
}

// secondsSince is how long ago something was; nil when it never was.
func secondsSince(at, now time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	seconds := int64(max(now.Sub(at), 0) / time.Second)
	return &seconds
}
