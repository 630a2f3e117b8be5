package bench

import (
	"bytes"
	"compress/flate"
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
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/summary"
)

// house is the role of the whole of Locket.
type house struct {
	*datadir.House
	serveHouse ServeHouse
	document   []byte
	holders    []patient
	next       atomic.Int64
}

func openHouse(ctx context.Context, with setup, serve ServeHouse) (*house, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil)) // lines are made, as in a server, and go nowhere
	opened, err := datadir.Open(ctx, datadir.Options{Dir: with.Dir, Logger: logger})
	if err != nil {
		return nil, err
	}
	return &house{House: opened, serveHouse: serve, document: with.Document, holders: with.Holders}, nil
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
	case Bulk:
		return h.issuingInBulk()
	case Health:
		return h.issuingHealthCards()
	case Verify:
		return h.verifying()
	case Whole:
		return h.issueWhole, nil
	case doOpening:
		return logged(h.House, h.holders), nil
	case doReport:
		return reported(h.House, h.holders), nil
	case doProve:
		return h.proving()
	case doVerifyLog:
		return h.verifyingLog, nil
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
	_, _, err := h.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, h.document, "bench.json", emergency.CardChoices{})
	return err
}

// issuing is what is done for each card before its short code is sealed and its rows are committed: packing the front, encoding it, signing it, and
// the address that the code and the tag carry.
func (h *house) issuing() (func(int) error, error) {
	press, err := h.newPress()
	return func(int) error {
		_, err := press.address()
		return err
	}, err
}

// issuingInBulk is the same with the drawn code, as a shelter prints cards by the hundred.
func (h *house) issuingInBulk() (func(int) error, error) {
	press, err := h.newPress()
	return func(int) error {
		address, err := press.address()
		if err != nil {
			return err
		}
		code, err := cards.StrongestQR(address.URL(), 0)
		if err != nil {
			return err
		}
		return drawn(code)
	}, err
}

func drawn(code cards.Matrix) error {
	if len(code.SVG(cards.Picture{ModuleMM: cards.CardModule(code)})) == 0 {
		return errors.New("bench: a code without a drawing")
	}
	return nil
}

// press issues cards of one record, again and again.
type press struct {
	signer *cards.Signer
	record summary.Record
	base   string
	budget int
}

func (h *house) newPress() (*press, error) {
	imported, err := summary.Import(h.document)
	if err != nil {
		return nil, err
	}
	signer, err := cards.NewSigner(h.Service.Issuer(), h.Keys.Issuer)
	if err != nil {
		return nil, err
	}
	p := &press{signer: signer, record: imported.Record, base: h.Settings.URL}
	first, err := p.address()
	if err != nil {
		return nil, err
	}
	card, err := cards.Verify(first.Envelope, cards.KeySet{}, time.Now())
	if err != nil {
		return nil, err
	}
	p.budget = emergency.WalletBytes - (1 + len(cards.Secret{}) + len(first.Envelope) - len(card.Card.Summary))
	return p, nil
}

// address packs, signs and addresses one card.
func (p *press) address() (cards.Address, error) {
	card := cards.Card{Issuer: p.signer.Key().Issuer, IssuedAt: time.Now().Truncate(time.Second)}
	card.ExpiresAt = card.IssuedAt.AddDate(3, 0, 0)
	var err error
	if card.ID, err = cards.NewID(rand.Reader); err != nil {
		return cards.Address{}, err
	}
	secret, err := cards.NewSecret(rand.Reader)
	if err != nil {
		return cards.Address{}, err
	}
	packed, err := summary.Pack(p.record, summary.PackOptions{Budget: p.budget})
	if err != nil {
		return cards.Address{}, err
	}
	card.Summary = packed.Encoded
	envelope, err := p.signer.Sign(card)
	if err != nil {
		return cards.Address{}, err
	}
	address := cards.Address{Base: p.base, ID: card.ID, Secret: secret, Envelope: envelope}
	if address.URL() == "" {
		return cards.Address{}, errors.New("bench: a card without an address")
	}
	return address, nil
}

// healthBundle is what a SMART Health Card of a document says, as far as a QR code has room for it.
func healthBundle(document []byte) ([]byte, error) {
	imported, err := summary.Import(document)
	if err != nil {
		return nil, err
	}
	const most = 600 // deflated bytes: with the claims and the signature, a JWS of them fits a code of version 22 at level L
	made, err := summary.HealthCard(imported.Record, summary.HealthCardOptions{Fits: func(bundle []byte) bool {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			return false
		}
		_, err = w.Write(bundle)
		return errors.Join(err, w.Close()) == nil && packed.Len() <= most
	}})
	return made.Bundle, err
}

// issuingHealthCards signs SMART Health Cards of one bundle and draws their codes.
func (h *house) issuingHealthCards() (func(int) error, error) {
	bundle, err := healthBundle(h.document)
	return func(int) error {
		jws, err := h.Service.Health.Sign(shc.Card{NotBefore: time.Now(), Bundle: bundle})
		if err != nil {
			return err
		}
		level, _, err := shc.FitsQR(jws)
		if err != nil {
			return err
		}
		text, err := shc.Numeric(jws)
		if err != nil {
			return err
		}
		code, err := cards.EncodeQR(text, level)
		if err != nil {
			return err
		}
		return drawn(code)
	}, err
}

// verifying is what a reader does with a scanned card: check and decode.
func (h *house) verifying() (func(int) error, error) {
	issued, _, err := h.Service.IssueFromDocument(context.Background(), emergency.Caller{Operator: true}, h.document, "bench.json", emergency.CardChoices{})
	if err != nil {
		return nil, err
	}
	scanned := issued.Address.URL()
	trusted, err := h.Service.TrustedKeys(context.Background())
	if err != nil {
		return nil, err
	}
	return func(int) error {
		address, err := cards.ParseAddress(scanned)
		if err != nil {
			return err
		}
		result, err := cards.Verify(address.Envelope, trusted, time.Now())
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
