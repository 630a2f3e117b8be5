package web

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/locket-health/locket/emergency"
)

// wearsCookie remembers which of their badges somebody wears who belongs to several organizations. It proves nothing.
const wearsCookie = "__Host-locket-wears"

// worn is the organization whose badge this browser wears.
func (x *exchange) worn() emergency.OrganizationID {
	cookie, err := x.r.Cookie(wearsCookie)
	if err != nil {
		return ""
	}
	return emergency.OrganizationID(cookie.Value)
}

// wear chooses which badge counts.
func (s *Server) wear(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	views, err := s.Service.Memberships(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	for _, view := range views {
		if string(view.ID) == x.value("organization") {
			http.SetCookie(x.w, &http.Cookie{Name: wearsCookie, Value: string(view.ID), Path: "/", MaxAge: 365 * 24 * 3600,
				Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
			return x.redirect("/badge")
		}
	}
	return notFound
}

// badge shows the caller's badge as a code for another device to read. Each showing is a badge of its own, which ends soon.
func (s *Server) badge(x *exchange) error {
	views, err := s.Service.Memberships(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	p := x.newPage("org.badge.title")
	p.Back = "/home"
	data := struct {
		Name, Kind, Bearer, Until, When string
		Seconds                         int // until a new one should be made
		Picture                         template.URL
		Choice                          *field
	}{}
	own, err := s.Service.OwnBadge(x.r.Context(), x.caller)
	if errors.Is(err, emergency.ErrNotFound) {
		p.D = data // somebody without a badge
		return x.show("badge", p)
	}
	if err != nil {
		return err
	}
	shown, err := s.Service.ShowBadge(x.r.Context(), x.caller, own.Organization)
	if err != nil {
		return err
	}
	if data.Picture, err = picture(shown.Address); err != nil {
		return err
	}
	data.Name, data.Kind, data.Bearer = shown.Name, x.kind(shown.Kind), shown.Bearer
	data.Until, data.When = x.moment(shown.Until)
	data.Seconds = int(shown.Until.Sub(x.Now())/time.Second) - badgeRenewal
	choice := field{ID: "organization", Kind: "radio", Label: x.T("org.badge.which")}
	for _, view := range views {
		if view.Kind != emergency.KindOperator {
			choice.Options = append(choice.Options, option{Value: string(view.ID), Label: view.Name, Chosen: view.ID == shown.Organization})
		}
	}
	if len(choice.Options) > 1 {
		data.Choice = &choice
	}
	p.Scripts = []string{"js/badge/show.js"}
	p.D = data
	return x.show("badge", p)
}

// badgeRenewal is how many seconds before its end a badge on a screen is made anew.
const badgeRenewal = 120

// badgeWords is a badge as programs get it.
type badgeWords struct {
	Organization string     `json:"organization,omitempty"` // its name
	Kind         string     `json:"kind,omitempty"`
	KindText     string     `json:"kind_text,omitempty"`
	Name         string     `json:"name,omitempty"` // of the bearer
	Authority    string     `json:"authority,omitempty"`
	Until        *time.Time `json:"until,omitempty"`
}

func (x *exchange) badgeWords(view emergency.BadgeView) badgeWords {
	said := badgeWords{Organization: view.Name, Kind: view.Kind, KindText: x.kind(view.Kind), Name: view.Bearer, Authority: view.Authority}
	if !view.Until.IsZero() {
		said.Until = &view.Until
	}
	return said
}

// ownBadge says what badge the caller wears when they open a card: nothing for whoever wears none.
func (s *Server) ownBadge(x *exchange) error {
	view, err := s.Service.OwnBadge(x.r.Context(), x.caller)
	if errors.Is(err, emergency.ErrNotFound) {
		return x.json(badgeWords{})
	}
	if err != nil {
		return err
	}
	return x.json(x.badgeWords(view))
}

// checkBadge says whether a badge counts that was read from another device. Whatever is wrong with one that does not, the answer is the same.
func (s *Server) checkBadge(x *exchange) error {
	var request struct {
		Badge string `json:"badge"`
	}
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	view, err := s.Service.CheckBadge(x.r.Context(), x.caller, request.Badge)
	if err != nil {
		return err
	}
	return x.json(x.badgeWords(view))
}

// readBadge serves the page that reads a badge from the address of its code, and keeps it on this device. It is the same for everybody, like the reader's.
func (s *Server) readBadge(x *exchange) error { return x.fixed(s.badges, s.readerPolicy) }
