package web

import "net/http"

// neutral is where somebody goes who must not be seen reading a page of ours.
const neutral = "https://www.wikipedia.org/"

// exit leaves at once. Whoever presses Back is asked to sign in, and finds no page of ours kept; nothing that fails here keeps anybody. Another
// site's link only leads away: it signs nobody out.
func (s *Server) exit(x *exchange) error {
	if x.r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		x.leaveSession()
	}
	x.w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(x.w, x.r, neutral, http.StatusSeeOther)
	return nil
}

func (x *exchange) leaveSession() {
	err := x.authenticate()
	if err == nil && x.caller.Account != "" {
		err = x.Service.SignOut(x.r.Context(), x.caller)
	}
	if err != nil {
		x.Logger.WarnContext(x.r.Context(), "somebody left without being signed out on the server", "id", recorderOf(x.w).id, "error", err)
	}
	x.forget()
}
