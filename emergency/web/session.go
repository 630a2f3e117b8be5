package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/locket-health/locket/emergency"
)

// sessionCookie is bound to this host and this scheme by its prefix: no other host of the domain can set it.
const sessionCookie = "__Host-locket"

// authenticate fills in the caller from the session cookie. A session that has ended makes a stranger, not an error.
func (x *exchange) authenticate() error {
	cookie, err := x.r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	caller, err := x.Service.Authenticate(x.r.Context(), cookie.Value)
	if errors.Is(err, emergency.ErrSignIn) {
		return nil
	}
	if err != nil {
		return err
	}
	caller.Network, caller.Lang, caller.Wears = x.caller.Network, x.caller.Lang, x.worn()
	x.caller = caller
	return nil
}

// signIn gives the browser its new session. The old one is not taken over: each sign-in has a token of its own.
func (x *exchange) signIn(session emergency.SignedIn) {
	http.SetCookie(x.w, &http.Cookie{Name: sessionCookie, Value: session.Token, Path: "/", MaxAge: int(session.ExpiresAt.Sub(x.Now()) / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// forget takes the session cookie away.
func (x *exchange) forget() {
	http.SetCookie(x.w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// signOut ends the session on the server and in the browser.
func (s *Server) signOut(x *exchange) error {
	if err := s.Service.SignOut(x.r.Context(), x.caller); err != nil {
		return err
	}
	x.forget()
	return x.redirect("/")
}

// onTheWay is how much less of a fresh passkey the browser may count on than the service does, so that a form is not refused for a second that passed
// on its way.
const onTheWay = time.Minute

// freshSeconds is how much longer the caller's passkey counts as fresh; 0 when it must be touched again. Forms carry it, and the page asks
// for the passkey only when it is needed.
func (x *exchange) freshSeconds() int {
	return max(0, int((emergency.FreshFor-onTheWay-x.Now().Sub(x.caller.Verified))/time.Second))
}
