package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/emergency/vault"
)

// IssueCard issues a card for a patient whom the caller keeps, on the carrier that the choices name. It needs a fresh passkey, and a second way into the account.
func (s *Service) IssueCard(ctx context.Context, c Caller, id PatientID, choices CardChoices, label string) (Issued, error) {
	issued, err := s.issue(ctx, c, []PatientID{id}, choices, cardWords{label: label})
	if err != nil {
		return Issued{}, err
	}
	return issued[0], nil
}

// MaxMeeting bounds the name of a meeting place, in bytes.
const MaxMeeting = 200

// IssueSheet issues a card on a family's evacuation sheet for each of some patients whom the caller keeps, in their order: for all of them or for nobody.
// meeting is where they meet, "" when that is not said; it is kept with each card, for the sheet is printed again.
func (s *Service) IssueSheet(ctx context.Context, c Caller, people []PatientID, meeting, label string) ([]Issued, error) {
	for i, id := range people {
		if slices.Contains(people[:i], id) {
			return nil, ErrInvalid.with("field", "person")
		}
	}
	meeting, ok := oneLine(meeting, MaxMeeting)
	if !ok {
		return nil, ErrInvalid.with("field", "meeting")
	}
	return s.issue(ctx, c, people, CardChoices{Carrier: CarrierSheet}, cardWords{label, meeting})
}

// cardWords are what a keeper writes beside a card.
type cardWords struct{ label, meeting string }

// issue issues a card for each of some patients in one transaction.
func (s *Service) issue(ctx context.Context, c Caller, people []PatientID, choices CardChoices, words cardWords) ([]Issued, error) {
	if len(people) == 0 {
		return nil, ErrInvalid.with("field", "person")
	}
	if !c.fresh(s.now()) {
		if !c.SignedIn() {
			return nil, ErrSignIn
		}
		return nil, ErrFreshPasskey
	}
	account, err := s.Account(ctx, c)
	if err != nil {
		return nil, err
	}
	if !account.ReadyToIssue {
		return nil, ErrNoRecovery
	}
	if words.label != "" {
		if words.label, err = cleanName("label", words.label); err != nil {
			return nil, err
		}
	}
	for range attempts {
		made := make([]prepared, len(people))
		issued := make([]Issued, len(people))
		for i, id := range people {
			if made[i], err = s.prepareCard(ctx, c, id, choices, words); err != nil {
				return nil, err
			}
			issued[i] = made[i].issued
		}
		err = s.Store.Update(ctx, func(tx Tx) error {
			for _, card := range made {
				if err := s.putPrepared(tx, c, card); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			return issued, nil
		}
		if !errors.Is(err, ErrConflict) {
			return nil, err
		}
	}
	return nil, ErrConflict
}

// prepared is a card that only has to be written down.
type prepared struct {
	issued  Issued
	rows    cardRows
	sealing SealedRecord
	others  []Card // that the record is sealed to already
}

// prepareCard drafts, signs and seals a card. It writes nothing.
func (s *Service) prepareCard(ctx context.Context, c Caller, id PatientID, choices CardChoices, words cardWords) (prepared, error) {
	var made prepared
	var own owned
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if own, err = s.ownRecord(r, c, id); err != nil {
			return err
		}
		made.others, err = s.activeCards(r, id)
		return err
	}); err != nil {
		return prepared{}, err
	}
	if choices.Version != 0 && choices.Version != own.whole.Version {
		return prepared{}, ErrChanged // what was checked is not what would be issued
	}
	var err error
	if made.issued, err = s.draft(own.shown, choices); err != nil {
		return prepared{}, err
	}
	if made.rows, err = s.cardRows(ctx, id, &made.issued, words); err != nil {
		return prepared{}, err
	}
	if err := made.issued.measure(); err != nil {
		return prepared{}, err
	}
	made.sealing = SealedRecord{Patient: id, Version: own.whole.Version, UpdatedAt: s.now()}
	made.sealing.Sealed, err = s.sealRecord(own.whole, append([]Card{made.rows.card}, made.others...))
	return made, err
}

func (s *Service) putPrepared(tx Tx, c Caller, made prepared) error {
	if err := s.sameCards(tx, made.rows.card.Patient, made.others); err != nil {
		return err
	}
	if err := tx.ReplaceSealing(made.sealing); err != nil {
		return err
	}
	return s.putCard(tx, c, made.rows, made.issued)
}

// cardRows are the rows of a card that is being issued.
type cardRows struct {
	card Card
	code *ShortCode // nil for a SMART Health Card or Link
	link *Link
	tag  *Tag
}

// cardRows draws the short code and seals everything that the store keeps of a card.
func (s *Service) cardRows(ctx context.Context, id PatientID, issued *Issued, words cardWords) (cardRows, error) {
	var rows cardRows
	issued.Label, issued.Meeting, issued.Patient = words.label, words.meeting, id
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
	if !isHealthFormat(issued.Carrier) {
		if issued.ShortCode, err = cards.NewShortCode(s.Rand); err != nil {
			return rows, err
		}
		rows.code = &ShortCode{Card: issued.ID}
		if rows.code.Finder, rows.code.Sealed, err = s.sealCode(ctx, issued.ShortCode, address); err != nil {
			return rows, err
		}
	}
	switch issued.Carrier {
	case CarrierSHL:
		if rows.link, err = s.linkRow(ctx, *issued); err != nil {
			return rows, err
		}
	case CarrierNTAG424:
		rows.tag = &Tag{Card: issued.ID, Counter: int64(sun.NoTaps)}
		if err = s.draftTag(issued); err != nil {
			return rows, err
		}
	}
	plain, err := json.Marshal(cardLabel{Label: words.label, Meeting: words.meeting, ShortCode: issued.ShortCode, Left: issued.Left, Health: issued.Health, Link: issued.Link})
	if err != nil {
		return rows, err
	}
	rows.card.SealedLabel, err = s.seal("card", "label", row, plain)
	return rows, err
}

func (s *Service) putCard(tx Tx, c Caller, rows cardRows, issued Issued) error {
	if err := s.signs(tx); err != nil {
		return err
	}
	if err := tx.PutCard(rows.card); err != nil {
		return err
	}
	if rows.code != nil {
		if err := tx.PutShortCode(*rows.code); err != nil {
			return err
		}
	}
	if rows.link != nil {
		if err := tx.PutLink(*rows.link); err != nil {
			return err
		}
	}
	if rows.tag != nil {
		if err := tx.PutTag(*rows.tag); err != nil {
			return err
		}
	}
	patient, err := tx.Patient(rows.card.Patient)
	if err != nil {
		return err
	}
	event := s.event(c, audit.CardIssued, string(rows.card.Patient))
	event.Card, event.Until = issued.ID.String(), issued.ExpiresAt
	event.Details = map[string]string{"carrier": issued.Carrier}
	switch {
	case issued.Link != nil: // nothing is in a link: what it will give, it gives later
		event.Sections, event.Details["until"] = (issued.Link.Sections &^ patient.Confidential).Names(), issued.Link.ExpiresAt.UTC().Format(time.RFC3339)
	default:
		event.Sections, event.Items = (frontSections(issued.Front) &^ patient.Confidential).Names(), len(issued.Front.Items)
	}
	tx.Append(event)
	return nil
}
