package web

import (
	"errors"
	"net/http"

	"github.com/locket-health/locket/emergency"
)

// code is the page on which a short code is typed when the code on a card is damaged.
func (s *Server) code(x *exchange) error { return x.show("code", x.codePage("")) }

func (x *exchange) codePage(problem string) page {
	p := x.newPage("console.code.title")
	p.Back = "/"
	asked := field{ID: "code", Kind: "code", Label: x.T("console.code.label"), Hint: x.T("console.code.hint"), Fault: problem}
	if problem != "" {
		p.Faults = []fault{{"code", problem}}
	}
	p.D = asked
	return p
}

// useCode goes to the card of a short code. What was typed is not shown again: it is a secret.
func (s *Server) useCode(x *exchange) error {
	if err := x.form(); err != nil {
		return err
	}
	address, err := s.Service.FindByShortCode(x.r.Context(), x.caller, x.value("code"))
	if errors.Is(err, emergency.ErrNoCard) {
		return x.render(http.StatusNotFound, "code", x.codePage(x.T("error.no_card")))
	}
	if err != nil {
		return err
	}
	return x.redirect(address)
}

type codeRequest struct {
	Code string `json:"code"`
}

// findCode is useCode for programs.
func (s *Server) findCode(x *exchange) error {
	var request codeRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	address, err := s.Service.FindByShortCode(x.r.Context(), x.caller, request.Code)
	if err != nil {
		return err
	}
	return x.json(map[string]string{"url": address})
}
