package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/locket-health/locket/cards"
)

// tapCookie holds the marks of the last taps of NTAG 424 DNAs by this browser, the newest first: the address of a tap is a ticket for one time, and a page
// that is loaded again must not raise an alarm. It goes to this host alone, and no script reads it.
const tapCookie = "__Host-tap"

const (
	// tapCookieLife is how long a browser keeps its marks, in seconds. What each is worth, the service says.
	tapCookieLife = 600
	// tapsKept is of how many cards a browser keeps the mark: a helper among several people goes from one to the next and back. Every address that looks
	// like a tap gets a mark, so they cannot be without number.
	tapsKept = 4
)

// scanOrTap notes that a card's address was opened: a tap when the tag has put something in, else a scan.
func (s *Server) scanOrTap(ctx context.Context, x *exchange, id cards.ID) error {
	query := x.r.URL.Query()
	if !query.Has("p") && !query.Has("c") {
		return s.Service.Scan(ctx, x.caller, id)
	}
	tapped, err := s.Service.Tap(ctx, x.caller, id, query.Get("p"), query.Get("c"), x.tapMark(id))
	if tapped.Mark != "" {
		x.keepTap(id, tapped.Mark)
	}
	return err
}

// tapMark is the mark that this browser got for its last tap of a card, "" for none.
func (x *exchange) tapMark(id cards.ID) string {
	for _, kept := range x.taps() {
		if mark, found := strings.CutPrefix(kept, tapKey(id)); found {
			return mark
		}
	}
	return ""
}

// keepTap gives the browser a mark, in the place of the one that it had for this card.
func (x *exchange) keepTap(id cards.ID, mark string) {
	key := tapKey(id)
	others := slices.DeleteFunc(x.taps(), func(kept string) bool { return strings.HasPrefix(kept, key) })
	taps := append([]string{key + mark}, others[:min(len(others), tapsKept-1)]...)
	http.SetCookie(x.w, &http.Cookie{Name: tapCookie, Value: strings.Join(taps, "."), Path: "/", MaxAge: tapCookieLife, Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
}

// taps are the marks that this browser has, each behind the key of its card.
func (x *exchange) taps() []string {
	cookie, err := x.r.Cookie(tapCookie)
	if err != nil {
		return nil
	}
	return strings.Split(cookie.Value, ".")
}

// tapKey is what a card's mark is found by among those of a browser; the mark itself names the whole card.
func tapKey(id cards.ID) string { return id.String()[:8] }
