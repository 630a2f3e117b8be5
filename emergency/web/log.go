package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency"
)

// The public face of the log: the read API of C2SP tlog-tiles below /audit/log/. It shows commitments, and nobody in them.

// notFound is the answer for whatever is not there.
var notFound error = emergency.ErrNotFound

// publishedEpoch is the epoch of the log that the address names: the first one below /audit/log/, the n-th below /audit/log/n/. Closed ones stay served.
func (x *exchange) publishedEpoch() (*audit.Published, error) {
	number := 1
	if text := x.variable("epoch"); text != "" {
		var err error
		if number, err = strconv.Atoi(text); err != nil || number < 2 {
			return nil, notFound
		}
	}
	epoch, err := x.Config.Log.Epoch(x.r.Context(), number)
	return epoch, unpublished(err)
}

func (s *Server) checkpoint(x *exchange) error {
	epoch, err := x.publishedEpoch()
	if err != nil {
		return err
	}
	signed, err := epoch.Checkpoint(x.r.Context())
	if err != nil {
		return unpublished(err)
	}
	x.everybodysBusiness(noCache)
	return x.bytes("text/plain; charset=utf-8", signed.Note)
}

func (s *Server) verifierKey(x *exchange) error {
	epoch, err := x.publishedEpoch()
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes("text/plain; charset=utf-8", []byte(epoch.VKey()+"\n"))
}

// verifierKeys serves the keys that sign the epoch's checkpoints, one a line, the present one first: two while one takes the place of another.
func (s *Server) verifierKeys(x *exchange) error {
	epoch, err := x.publishedEpoch()
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes("text/plain; charset=utf-8", []byte(strings.Join(epoch.VKeys(), "\n")+"\n"))
}

// tile serves a tile or an entry bundle. What is published never changes; bundles below the minimum index are gone, and the policy says so.
func (s *Server) tile(x *exchange) error {
	epoch, err := x.publishedEpoch()
	if err != nil {
		return err
	}
	body, err := epoch.Tile(x.r.Context(), "tile/"+x.variable("tile"))
	switch {
	case errors.Is(err, audit.ErrPruned):
		x.everybodysBusiness(fiveMin)
		x.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		return x.send(http.StatusGone, []byte("pruned: see policy\n"))
	case err != nil:
		return unpublished(err)
	}
	x.everybodysBusiness(immutable)
	return x.bytes("application/octet-stream", body)
}

// policy says in lines of a word and a number what the epoch still holds: the index of the first entry whose bundle is served, and for how many days the words of
// an entry are kept; 0 is for ever.
func (s *Server) policy(x *exchange) error {
	epoch, err := x.publishedEpoch()
	if err != nil {
		return err
	}
	minimum, err := epoch.Minimum(x.r.Context())
	if err != nil {
		return err
	}
	x.everybodysBusiness(fiveMin)
	return x.bytes("text/plain; charset=utf-8", fmt.Appendf(nil, "minimum %d\ndays %d\n", minimum, x.Policy.Life/(24*time.Hour)))
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
