package emergency

import (
	"context"
	"errors"
	"slices"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
)

// RevokeCard ends a card: its key is taken off the record, what it has opened ends, its front says revoked from now on.
func (s *Service) RevokeCard(ctx context.Context, c Caller, id PatientID, card cards.ID) error {
	if !c.SignedIn() && !c.Operator {
		return ErrSignIn
	}
	if !c.Operator && !c.fresh(s.now()) {
		return ErrFreshPasskey
	}
	for range attempts {
		var record summary.Record
		var unreadable error
		var active []Card
		if err := s.Store.View(ctx, func(r Reader) error {
			row, err := s.keptCard(r, c, id, card)
			if err != nil {
				return err
			}
			if !row.RevokedAt.IsZero() {
				return ErrNotFound
			}
			own, err := s.ownRecord(r, c, id)
			if record, unreadable = own.whole, err; unreadable != nil {
				s.Logger.ErrorContext(ctx, "a record cannot be read; its card is revoked all the same", "err", unreadable)
			}
			active, err = s.activeCards(r, id)
			return err
		}); err != nil {
			return err
		}
		rest := slices.DeleteFunc(slices.Clone(active), func(other Card) bool { return other.ID == card })
		sealing := SealedRecord{Patient: id, Version: record.Version, UpdatedAt: s.now()}
		var err error
		if unreadable == nil {
			if sealing.Sealed, err = s.sealRecord(record, rest); err != nil {
				return err
			}
		}
		err = s.Store.Update(ctx, func(tx Tx) error {
			if err := s.sameCards(tx, id, active); err != nil {
				return err
			}
			if unreadable == nil {
				if err := tx.ReplaceSealing(sealing); err != nil {
					return err
				}
			}
			return s.revoke(tx, c, card)
		})
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

// revoke destroys what a card opens with, in the same transaction as the entry that says so.
func (s *Service) revoke(tx Tx, c Caller, id cards.ID) error {
	row, err := tx.Card(id)
	if err != nil {
		return err
	}
	now := s.now()
	row.RevokedAt, row.Recipient, row.SealedAddress, row.SealedLabel = now, "", nil, nil
	row.Verifier = [32]byte{}
	if err := tx.PutCard(row); err != nil {
		return err
	}
	if err := tx.DeleteShortCode(id); err != nil {
		return err
	}
	if err := tx.PutRevocation(id); err != nil {
		return err
	}
	if row.Carrier == CarrierSHL {
		if err := endLink(tx, id); err != nil {
			return err
		}
	}
	if err := tx.EndCardGrants(id, "", now); err != nil {
		return err
	}
	event := s.event(c, audit.CardRevoked, string(row.Patient))
	event.Card = id.String()
	tx.Append(event)
	return nil
}
