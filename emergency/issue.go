package emergency

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// IssueCard issues a wallet card for a patient whom the caller keeps. It needs a fresh passkey, and a second way into the account.
func (s *Service) IssueCard(ctx context.Context, c Caller, id PatientID, choices CardChoices, label string) (Issued, error) {
	if !c.fresh(s.now()) {
		if !c.SignedIn() {
			return Issued{}, ErrSignIn
		}
		return Issued{}, ErrFreshPasskey
	}
	account, err := s.Account(ctx, c)
	if err != nil {
		return Issued{}, err
	}
	if !account.ReadyToIssue {
		return Issued{}, ErrNoRecovery
	}
	if label != "" {
		if label, err = cleanName("label", label); err != nil {
			return Issued{}, err
		}
	}
	for range attempts {
		var record summary.Record
		var others []Card
		if err := s.Store.View(ctx, func(r Reader) (err error) {
			if record, _, err = s.ownRecord(r, c, id); err != nil {
				return err
			}
			others, err = s.activeCards(r, id)
			return err
		}); err != nil {
			return Issued{}, err
		}
		if choices.Version != 0 && choices.Version != record.Version {
			return Issued{}, ErrChanged // what was checked is not what would be issued
		}
		issued, err := s.draft(record, choices)
		if err != nil {
			return Issued{}, err
		}
		if err := issued.measure(issued.Address); err != nil {
			return Issued{}, err
		}
		rows, err := s.cardRows(ctx, id, &issued, label)
		if err != nil {
			return Issued{}, err
		}
		sealing := SealedRecord{Patient: id, Version: record.Version, UpdatedAt: s.now()}
		if sealing.Sealed, err = s.sealRecord(record, append([]Card{rows.card}, others...)); err != nil {
			return Issued{}, err
		}
		err = s.Store.Update(ctx, func(tx Tx) error {
			if err := s.sameCards(tx, id, others); err != nil {
				return err
			}
			if err := tx.ReplaceSealing(sealing); err != nil {
				return err
			}
			return s.putCard(tx, c, rows, issued)
		})
		if !errors.Is(err, ErrConflict) {
			return issued, err
		}
	}
	return Issued{}, ErrConflict
}

// cardRows are the rows of a card that is being issued.
type cardRows struct {
	card Card
	code ShortCode
}

// cardRows draws the short code and seals everything that the store keeps of a card.
func (s *Service) cardRows(ctx context.Context, id PatientID, issued *Issued, label string) (cardRows, error) {
	var rows cardRows
	code, err := cards.NewShortCode(s.Rand)
	if err != nil {
		return rows, err
	}
	issued.ShortCode, issued.Label, issued.Patient = code, label, id
	tag, err := cards.FrontTag(issued.Address.Envelope)
	if err != nil {
		return rows, err
	}
	secret, row := [16]byte(issued.Address.Secret.Bytes()), issued.ID.String()
	rows.card = Card{ID: issued.ID, Patient: id, Carrier: issued.Carrier, Key: s.Signer.KeyID(), IssuedAt: issued.IssuedAt, ExpiresAt: issued.ExpiresAt,
		Tag: tag}
	if rows.card.Verifier, err = vault.CardVerifier(secret); err != nil {
		return rows, err
	}
	if rows.card.Recipient, err = vault.CardRecipient(secret); err != nil {
		return rows, err
	}
	address := []byte(issued.Address.URL())
	if rows.card.SealedAddress, err = s.seal("card", "address", row, address); err != nil {
		return rows, err
	}
	plain, err := json.Marshal(cardLabel{Label: label, ShortCode: code, Left: issued.Left})
	if err != nil {
		return rows, err
	}
	if rows.card.SealedLabel, err = s.seal("card", "label", row, plain); err != nil {
		return rows, err
	}
	rows.code.Card = issued.ID
	rows.code.Finder, rows.code.Sealed, err = s.sealCode(ctx, code, address)
	return rows, err
}

func (s *Service) putCard(tx Tx, c Caller, rows cardRows, issued Issued) error {
	if err := tx.PutCard(rows.card); err != nil {
		return err
	}
	if err := tx.PutShortCode(rows.code); err != nil {
		return err
	}
	event := s.event(c, audit.CardIssued, string(rows.card.Patient))
	event.Card, event.Until = issued.ID.String(), issued.ExpiresAt
	event.Sections, event.Items = frontSections(issued.Front).Names(), len(issued.Front.Items)
	event.Details = map[string]string{"carrier": issued.Carrier}
	tx.Append(event)
	return nil
}
