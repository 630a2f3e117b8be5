package web

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"github.com/locket-health/locket/emergency"
)

// access says who may come through a door at all. Whose patient it is, the service decides.
type access int

const (
	anyone  access = iota // no session is looked at
	visitor               // a session is looked at if there is one
	limited               // signed in, be it by a recovery code
	member                // signed in by a passkey
)

// Largest bodies by what they carry.
const (
	noBody      = 0
	shortBody   = 16 << 10        // what a stranger sends: it is read before anything is known of the sender
	receiptBody = 128 << 10       // fifty receipts
	smallBody   = 64 << 10        // a form, a passkey's answer
	rulesBody   = 512 << 10       // rules as JSON inside JSON
	choiceBody  = 1 << 20         // the choice of a front: one line an item; a draft of rules in a form
	importBody  = 16<<20 + 64<<10 // a document and the form around it
)

// methods are what a route answers, the one that it is for first.
type methods []string

var (
	httpGet     = methods{http.MethodGet, http.MethodHead}
	httpGetOnce = methods{http.MethodGet} // what it gives, it gives once: a HEAD would use it up and be logged as an opening
	httpPost    = methods{http.MethodPost}
	httpOptions = methods{http.MethodOptions}
)

// route is one door of the house.
type route struct {
	name    string // in tests
	methods methods
	pattern string // for gorilla/mux, and what the log and the metrics call it
	access  access
	room    room
	body    int64
	limit   func(limiters) *limit // nil for the limit of everybody alone
	handle  func(*Server, *exchange) error
}

func (s *Server) router() http.Handler {
	router := mux.NewRouter().SkipClean(true) // a redirect to a cleaned path would turn a POST into a GET
	for i := range routes {
		route := &routes[i]
		router.Handle(route.pattern, s.door(route)).Methods(slices.Clone(route.methods)...) // which it keeps and writes to
	}
	router.NotFoundHandler = s.nothing(func(http.ResponseWriter, *http.Request) error { return notFound })
	router.MethodNotAllowedHandler = s.nothing(func(w http.ResponseWriter, r *http.Request) error {
		w.Header()["Allow"] = allowed(router, r)
		return errMethod
	})
	return router
}

// allowed lists the methods that a path has.
func allowed(router *mux.Router, r *http.Request) []string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions} {
		other := *r
		other.Method = method
		var match mux.RouteMatch
		if router.Match(&other, &match) && match.MatchErr == nil {
			methods = append(methods, method)
		}
	}
	return slices.Compact(methods)
}

// nothing answers what no route is for. Guesses count as everything else does.
func (s *Server) nothing(why func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.newExchange(w, r)
		if err := x.pace(s.limits.everybody); err != nil {
			x.fail(err)
			return
		}
		x.fail(why(w, r))
	})
}

// door lets a request in, and turns what comes back as an error into words.
func (s *Server) door(route *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorderOf(w).route = route.pattern
		x := s.newExchange(w, r)
		x.route = route
		if strings.HasPrefix(route.pattern, linksPath) {
			x.openToOrigins() // before anything can be refused: the page of another origin must be able to read why
		}
		if err := x.enter(); err != nil {
			if x.goesToSignIn(err) {
				_ = x.redirect("/signin")
				return
			}
			x.fail(err)
			return
		}
		if err := x.work(func() error { return route.handle(s, x) }); err != nil {
			x.fail(err)
		}
	})
}

// enter counts the try, looks who it is, and reads what was sent.
func (x *exchange) enter() error {
	if limit := x.limits.everybody; x.route.room != free {
		if x.route.room == shown {
			limit = x.limits.log
		}
		if err := x.pace(limit); err != nil {
			return err
		}
	}
	if x.route.limit != nil {
		if err := x.pace(x.route.limit(x.limits)); err != nil {
			return err
		}
	}
	if x.route.access != anyone {
		if err := x.work(x.identify); err != nil {
			return err
		}
	}
	return x.receive()
}

// pace counts one try by whoever asks.
func (x *exchange) pace(l *limit) error {
	if wait := l.allow(x.r.Context(), x.from, ""); wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// identify looks who it is, and whether the route is for them.
func (x *exchange) identify() error {
	if err := x.authenticate(); err != nil {
		return err
	}
	switch {
	case x.route.access == limited && x.caller.Account == "", x.route.access == member && !x.caller.SignedIn():
		return emergency.ErrSignIn
	}
	return nil
}

// receive bounds the body and reads it, but for that of long work, which reads its own at its place.
func (x *exchange) receive() error {
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return nil
	}
	x.r.Body = http.MaxBytesReader(x.w, x.r.Body, x.route.body)
	if x.route.body == noBody || x.route.room == long {
		return nil
	}
	body, err := io.ReadAll(x.r.Body)
	if err != nil {
		return unread(err)
	}
	x.r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// work does something at a place, which is given back by leave as soon as the answer is whole.
func (x *exchange) work(do func() error) error {
	leave, err := x.places.take(x.route.room)
	if err != nil {
		return err
	}
	x.leave = sync.OnceFunc(leave)
	defer func() { x.leave() }() // whichever place it is by then
	return do()
}

// move goes on in another room, for work that is longer than what its route is for.
func (x *exchange) move(to room) error {
	if x.route.room == to {
		return nil
	}
	leave, err := x.places.take(to)
	if err != nil {
		return err
	}
	x.leave()
	x.leave = sync.OnceFunc(leave)
	return nil
}

// goesToSignIn reports whether a stranger who asked for a page is sent to the sign-in page. A form that was filled in is not thrown away by
// a redirect: its sender is told.
func (x *exchange) goesToSignIn(err error) bool {
	return err == error(emergency.ErrSignIn) && x.r.Method == http.MethodGet && wantsPage(x.r)
}
