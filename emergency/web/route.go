package web

import (
	"net/http"
	"slices"

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
	noBody     = 0
	smallBody  = 64 << 10        // a form, a passkey's answer
	rulesBody  = 512 << 10       // rules as JSON inside JSON
	choiceBody = 1 << 20         // the choice of a front: one line an item
	importBody = 16<<20 + 64<<10 // a document and the form around it
)

// route is one door of the house.
type route struct {
	name    string // in tests
	method  string
	pattern string // for gorilla/mux, and what the log and the metrics call it
	access  access
	body    int64
	limit   func(limiters) *limit // nil for the limit of everybody alone
	handle  func(*Server, *exchange) error
}

func (s *Server) router() http.Handler {
	router := mux.NewRouter().SkipClean(true) // a redirect to a cleaned path would turn a POST into a GET
	for i := range routes {
		route := &routes[i]
		methods := []string{route.method}
		if route.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
		router.Handle(route.pattern, s.door(route)).Methods(methods...)
	}
	router.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.newExchange(w, r).fail(notFound)
	})
	router.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Allow"] = allowed(router, r)
		s.newExchange(w, r).fail(errMethod)
	})
	return router
}

// allowed lists the methods that a path has.
func allowed(router *mux.Router, r *http.Request) []string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		other := *r
		other.Method = method
		var match mux.RouteMatch
		if router.Match(&other, &match) && match.MatchErr == nil {
			methods = append(methods, method)
		}
	}
	return slices.Compact(methods)
}

// door lets a request in: it bounds the body, counts tries, looks who it is, and turns what comes back as an error into words.
func (s *Server) door(route *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorderOf(w).route = route.pattern
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, route.body)
		}
		x := s.newExchange(w, r)
		x.route = route
		if err := x.enter(); err != nil {
			if x.goesToSignIn(err) {
				_ = x.redirect("/signin")
				return
			}
			x.fail(err)
			return
		}
		if err := route.handle(s, x); err != nil {
			x.fail(err)
		}
	})
}

// enter checks the route's limit and its access.
func (x *exchange) enter() error {
	if x.route.limit != nil {
		if wait := x.route.limit(x.limits).allow(x.r.Context(), x.from, ""); wait > 0 {
			return tooMany(wait)
		}
	}
	if x.route.access == anyone {
		return nil
	}
	if err := x.authenticate(); err != nil {
		return err
	}
	switch {
	case x.route.access == limited && x.caller.Account == "", x.route.access == member && !x.caller.SignedIn():
		return emergency.ErrSignIn
	}
	return nil
}

// goesToSignIn reports whether a stranger who asked for a page is sent to the sign-in page. A form that was filled in is not thrown away by
// a redirect: its sender is told.
func (x *exchange) goesToSignIn(err error) bool {
	return err == error(emergency.ErrSignIn) && x.r.Method == http.MethodGet && wantsPage(x.r)
}
