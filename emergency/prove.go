package emergency

import (
	"context"
	"errors"
	"strconv"

	"github.com/locket-health/locket/audit"
)

// ProveEntry returns the receipt of any entry of the published log (see [audit.Proved.Receipt]) for an operator, who reads with it what the entry says:
// that is an entry too. It returns ErrNotFound for what is not published, and an error that wraps [audit.ErrPruned] for an entry whose row is gone.
func (s *Service) ProveEntry(ctx context.Context, c Caller, place EntryPlace) ([]byte, error) {
	if !c.Operator {
		return nil, ErrSignIn
	}
	proved, err := s.Log.Proved(ctx, place.Epoch, place.Index)
	if err != nil {
		return nil, notPublished(err)
	}
	text, err := proved.Receipt()
	if err != nil {
		return nil, notPublished(err)
	}
	event := s.event(c, audit.ReceiptMade, proved.Entry.Subject)
	event.Details = map[string]string{"epoch": strconv.Itoa(place.Epoch), "index": strconv.FormatInt(place.Index, 10)}
	if err := s.Store.Update(ctx, func(tx Tx) error {
		tx.Append(event)
		return nil
	}); err != nil {
		return nil, noLogNoData(err)
	}
	return text, nil
}

// notPublished is what the domain says of an entry that the published log does not hold.
func notPublished(err error) error {
	if errors.Is(err, audit.ErrNotFound) {
		return ErrNotFound.because(err)
	}
	return err
}
