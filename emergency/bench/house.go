package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/summary"
)

// house is the role of the whole of Locket.
type house struct {
	*datadir.House
	serveHouse ServeHouse
	document   []byte
	next       atomic.Int64
}

func openHouse(ctx context.Context, with setup, serve ServeHouse) (*house, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil)) // lines are made, as in a server, and go nowhere
	opened, err := datadir.Open(ctx, datadir.Options{Dir: with.Dir, Logger: logger})
	if err != nil {
		return nil, err
	}
	return &house{House: opened, serveHouse: serve, document: with.Document}, nil
}

func (h *house) serve(ctx context.Context, listener net.Listener) error {
	return h.serveHouse(ctx, h.House, listener)
}

func (h *house) close(ctx context.Context) error { return h.House.Close(ctx) }

func (h *house) entries(ctx context.Context) (int64, error) {
	state, err := h.Store.LogState(ctx)
	return state.Size, err
}

func (h *house) work(name string) (func(int) error, error) {
	switch name {
	case Append:
		return h.append, nil
	case Issue:
		return h.issuing()
	case Verify:
		return h.verifying()
	case Whole:
		return h.issueWhole, nil
	}
	return nil, fmt.Errorf("bench: the house does not know the work %q", name)
}

// append adds an entry to the log and waits until it is durable.
func (h *house) append(int) error {
	n := h.next.Add(1)
	event := audit.Event{Type: audit.CardScanned, At: time.Now().UTC().Truncate(time.Millisecond), Subject: "bench-" + strconv.FormatInt(n%10_000, 10),
		Card: "AAAAAAAAAAAAAAAAAAAAAA", Outcome: audit.Done, Actor: audit.Actor{Kind: audit.ByResponder, Verified: audit.Claimed, Network: "127.0.0.0/24"}}
	return h.Store.Update(context.Background(), func(tx emergency.Tx) error {
		tx.Append(event)
		return nil
	})
}

// issueWhole does all that locket issue does for a document, up to the commit.
func (h *house) issueWhole(int) error {
	_, _, err := h.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, h.document, "bench.json")
	return err
}

// issuing is what is done for each card before its short code is sealed and its rows are committed: packing the front, encoding it, signing it, and
// the address that the code and the tag carry.
func (h *house) issuing() (func(int) error, error) {
	imported, err := summary.Import(h.document)
	if err != nil {
		return nil, err
	}
	record := imported.Record
	signer, err := cards.NewSigner(h.Service.Issuer(), h.Keys.Issuer)
	if err != nil {
		return nil, err
	}
	issue := func(budget int) (payload, encoded int, err error) {
		card := cards.Card{Issuer: signer.Key().Issuer, IssuedAt: time.Now().Truncate(time.Second)}
		card.ExpiresAt = card.IssuedAt.AddDate(3, 0, 0)
		if card.ID, err = cards.NewID(rand.Reader); err != nil {
			return 0, 0, err
		}
		secret, err := cards.NewSecret(rand.Reader)
		if err != nil {
			return 0, 0, err
		}
		packed, err := summary.Pack(record, summary.PackOptions{Budget: budget})
		if err != nil {
			return 0, 0, err
		}
		card.Summary = packed.Encoded
		envelope, err := signer.Sign(card)
		if err != nil {
			return 0, 0, err
		}
		address := cards.Address{Base: h.Settings.URL, ID: card.ID, Secret: secret, Envelope: envelope}
		if address.URL() == "" {
			return 0, 0, errors.New("bench: a card without an address")
		}
		return len(envelope), len(card.Summary), nil
	}
	envelope, encoded, err := issue(0)
	if err != nil {
		return nil, err
	}
	budget := emergency.WalletBytes - (1 + len(cards.Secret{}) + envelope - encoded)
	return func(int) error {
		_, _, err := issue(budget)
		return err
	}, nil
}

// verifying is what a reader does with a scanned card: check and decode.
func (h *house) verifying() (func(int) error, error) {
	issued, _, err := h.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, h.document, "bench.json")
	if err != nil {
		return nil, err
	}
	scanned := issued.Address.URL()
	return func(int) error {
		address, err := cards.ParseAddress(scanned)
		if err != nil {
			return err
		}
		result, err := cards.Verify(address.Envelope, h.Trusted, time.Now())
		if err != nil {
			return err
		}
		if result.Status != cards.StatusVerified {
			return fmt.Errorf("bench: a card of the house is %s", result.Status)
		}
		_, err = summary.DecodeFront(result.Card.Summary)
		return err
	}, nil
}
