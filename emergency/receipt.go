package emergency

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
)

// MaxReceipts is how many receipts are taken at once.
const MaxReceipts = 50

// receiptLife is how long after a reading its receipt is taken: a telephone may lie in a drawer for a year.
const receiptLife = 400 * 24 * time.Hour

// What becomes of a receipt. Refused says nothing about why: a guesser learns nothing about any card. Later is for the device to send it again: its card has
// had its share of entries for now.
const (
	ReceiptAccepted = "accepted"
	ReceiptKnown    = "known"
	ReceiptRefused  = "refused"
	ReceiptLater    = "later"
)

// ReportReadings takes the receipts of fronts that were read without a network, at most MaxReceipts, and says of each what became of it, in their order. An
// accepted one is an entry in the log of the card's patient: read offline, reported late. The receipt proves that its device had the front; when
// it was read is as that device says.
func (s *Service) ReportReadings(ctx context.Context, c Caller, receipts []string) ([]string, error) {
	if len(receipts) > MaxReceipts {
		return nil, ErrTooLarge
	}
	results := make([]string, len(receipts))
	now := s.now()
	for i, text := range receipts {
		results[i] = ReceiptRefused
		receipt, err := cards.ParseReceipt(text)
		if err != nil || receipt.ReadAt.After(now.Add(cards.ClockSkew)) || receipt.ReadAt.Before(now.Add(-receiptLife)) {
			continue
		}
		if results[i], err = s.reportReading(ctx, c, receipt, now); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (s *Service) reportReading(ctx context.Context, c Caller, receipt cards.Receipt, now time.Time) (string, error) {
	var card Card
	var drill bool
	err := s.Store.View(ctx, func(r Reader) (err error) {
		if card, err = r.Card(receipt.Card); err != nil {
			return err
		}
		drill, err = drillNow(r, card.Patient, receipt.ReadAt) // a drill without signal is reported when there is one again
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	if subtle.ConstantTimeCompare(card.Tag[:], receipt.Tag[:]) != 1 || err != nil || receipt.ReadAt.Before(card.IssuedAt.Add(-cards.ClockSkew)) {
		return ReceiptRefused, nil
	}
	event := s.scanEvent(c, card.ID, card.Patient, drill)
	event.Type = audit.CardReadOffline
	event.Details["read_at"] = receipt.ReadAt.Format(time.RFC3339)
	event.Details["device"] = base64.RawURLEncoding.EncodeToString(receipt.Device[:8])
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.PutReceipt(Token(receipt.Hash), receipt.ReadAt.Add(receiptLife)); err != nil {
			return err
		}
		if s.entries.count("receipt", card.ID, now) > entryBurst { // one that is known already takes nothing of the share
			return ErrTooMany
		}
		tx.Append(event)
		return nil
	})
	switch {
	case errors.Is(err, ErrConflict):
		return ReceiptKnown, nil
	case errors.Is(err, ErrTooMany):
		return ReceiptLater, nil
	}
	return ReceiptAccepted, err
}
