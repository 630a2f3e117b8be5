package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/emergency"
)

// wrap puts around the router what must hold for every answer, also for those of no route: gorilla/mux runs its own middleware only when a
// route was found.
func (s *Server) wrap(router http.Handler) http.Handler {
	return s.observe(s.secure(s.sameOrigin(router)))
}

// observe gives a request its number, catches a panic, counts and logs. The log line has the pattern of the route, never the address asked for:
// addresses name cards and patients. A client is named by its network.
func (s *Server) observe(next http.Handler) http.Handler {
	var number atomic.Uint64
	started := strconv.FormatInt(s.Now().UnixNano(), 36)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := s.Now()
		rec := &recorder{ResponseWriter: w, from: clientAddress(r, s.TrustedProxies)}
		rec.id = started + "-" + strconv.FormatUint(number.Add(1), 36)
		defer func() {
			if failure := recover(); failure != nil {
				if failure == http.ErrAbortHandler {
					panic(failure)
				}
				s.Logger.ErrorContext(r.Context(), "a handler panicked", "id", rec.id, "route", rec.route,
					"panic", fmt.Sprintf("%T", failure), "stack", string(debug.Stack()))
				if rec.status == 0 {
					s.newExchange(rec, r).fail(errInternal)
				}
			}
			took := s.Now().Sub(begun)
			s.metrics.answered(rec.route, r.Method, rec.status, took)
			s.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("id", rec.id), slog.String("method", method(r.Method)),
				slog.String("route", rec.route), slog.Int("status", rec.status), slog.Duration("took", took), slog.String("network", network(rec.from)))
		}()
		next.ServeHTTP(rec, r)
	})
}

// method is the request's method, if it is one of HTTP's: a client can write anything there.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// secure sets the default headers and refuses paths that no link of ours has: control characters, which other programs cut names at.
func (s *Server) secure(next http.Handler) http.Handler {
	headers := defaultHeaders(s.Config.secure())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		for _, h := range headers {
			header[h.name] = h.values
		}
		if strings.ContainsFunc(r.URL.Path, isControl) {
			s.newExchange(w, r).fail(errPath)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 || r == '\ufffd' }

// sameOrigin refuses changes that another site's page asks for with this site's cookies.
func (s *Server) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.URL); err != nil {
		panic(err) // withDefaults checked it
	}
	guard.AddInsecureBypassPattern(linksPath) // no cookie is looked at there, and any origin may ask
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.newExchange(w, r).fail(errCrossOrigin)
	}))
	return guard.Handler(next)
}

// tooMany slows a guesser down.
func tooMany(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &emergency.Error{Code: emergency.ErrTooMany.Code, Args: map[string]any{"retry_after": seconds}}
}
