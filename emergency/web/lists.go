package web

import (
	"errors"
	"strconv"

	"github.com/locket-health/locket/emergency"
)

// What readers keep for the day without a network: keys, the list of trusted issuers, the list of revoked cards. Any site's page may read them.

const (
	jose = "application/jose"
	// oneMin is for what must be known soon after it happened: a reader asks for a card's own status anyhow while it has a network.
	oneMin = "public, max-age=60"
)

// issuerKeys serves the keys that fronts and health cards of this house are checked with.
func (s *Server) issuerKeys(x *exchange) error {
	keys, err := s.Service.JWKS(x.r.Context())
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes("application/json", keys)
}

// trustList serves the issuers whose cards readers of this house believe, signed.
func (s *Server) trustList(x *exchange) error {
	list, err := s.Service.TrustList(x.r.Context())
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes(jose, []byte(list))
}

// revocations serves the signed head of the list of revoked cards.
func (s *Server) revocations(x *exchange) error {
	head, err := s.Service.RevocationHead(x.r.Context())
	if err != nil {
		return err
	}
	x.everybodysBusiness(oneMin)
	return x.bytes(jose, []byte(head))
}

// revocationEntries serves the entries of the list after those that a reader has.
func (s *Server) revocationEntries(x *exchange) error {
	after := 0
	if text := x.r.URL.Query().Get("after"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return invalid("not_number", "after")
		}
		after = int(n)
	}
	entries, err := s.Service.RevocationEntries(x.r.Context(), after)
	if err != nil {
		return err
	}
	x.everybodysBusiness(noCache)
	return x.bytes("application/octet-stream", entries)
}

// healthRevocations serves the list of revoked SMART Health Cards of one key, where the specification says it is.
func (s *Server) healthRevocations(x *exchange) error {
	list, err := s.Service.HealthRevocations(x.r.Context(), x.variable("kid"))
	if errors.Is(err, emergency.ErrNotFound) {
		return notFound
	}
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes("application/json", list)
}
