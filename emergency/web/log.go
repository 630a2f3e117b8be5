package web

import (
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// The public face of the log: the read API of C2SP tlog-tiles below /audit/log/. It shows commitments, and nobody in them.

// notFound is the answer for whatever is not there.
var notFound error = emergency.ErrNotFound

func (s *Server) checkpoint(x *exchange) error {
	signed, err := s.Config.Log.Checkpoint(x.r.Context())
	if err != nil {
		return unpublished(err)
	}
	x.everybodysBusiness(noCache)
	return x.bytes("text/plain; charset=utf-8", signed.Note)
}

func (s *Server) verifierKey(x *exchange) error {
	x.everybodysBusiness(fiveMin)
	return x.bytes("text/plain; charset=utf-8", []byte(s.Config.Log.VKey()+"\n"))
}

// tile serves a tile or an entry bundle. What is published never changes.
func (s *Server) tile(x *exchange) error {
	body, err := s.Config.Log.Tile(x.r.Context(), "tile/"+x.variable("tile"))
	if err != nil {
		return unpublished(err)
	}
	x.everybodysBusiness(immutable)
	return x.bytes("application/octet-stream", body)
}

// unpublished turns "there is no such thing in the published log" into the answer for what is not there.
func unpublished(err error) error {
	if errors.Is(err, audit.ErrNotFound) || errors.Is(err, audit.ErrTilePath) {
		return notFound
	}
	return err
}

// everybodysBusiness marks an answer that any site's page may read and any cache may keep.
func (x *exchange) everybodysBusiness(cache string) {
	public(x.w, cache)
	x.w.Header().Set("Access-Control-Allow-Origin", "*")
	x.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}
