package web

import (
	"encoding/base64"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
)

// handoverRequest asks for a link that gives what a running grant gives.
type handoverRequest struct {
	Card   string `json:"card"`   // "" for a contact, who asked without one
	Secret string `json:"secret"` // 16 bytes in base64url, "" without a card
	Grant  string `json:"grant"`
}

// handoverAnswer is what a responder shows to the emergency department.
type handoverAnswer struct {
	URI      string    `json:"uri"`
	Passcode string    `json:"passcode"`
	SVG      string    `json:"svg"`
	Until    time.Time `json:"until"`
}

// handover makes the link. An unknown card, a revoked one, a wrong secret and an id that is none are one answer.
func (s *Server) handover(x *exchange) error {
	var request handoverRequest
	if err := decodeJSON(x.r, &request); err != nil {
		return err
	}
	asked := emergency.HandoverRequest{Grant: request.Grant}
	if request.Card != "" || request.Secret != "" {
		secret, err := base64.RawURLEncoding.Strict().DecodeString(request.Secret)
		if err != nil || len(secret) != len(cards.Secret{}) {
			return invalid("not_base64", "secret")
		}
		asked.Secret = secret
		if asked.Card, err = cards.ParseID(request.Card); err != nil {
			asked.Card = cards.ID{} // no card has it: the service answers, in its own time, as for any other unknown one
		}
	}
	made, err := s.Service.Handover(x.r.Context(), x.caller, asked)
	if err != nil {
		return err
	}
	code, err := cards.StrongestQR(made.URI, 0)
	if err != nil {
		return err
	}
	picture := cards.Picture{Title: x.T("handover.picture"), Lang: x.lang.Code}
	return x.json(handoverAnswer{URI: made.URI, Passcode: made.Passcode, SVG: string(code.SVG(picture)), Until: made.Until})
}
