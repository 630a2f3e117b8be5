package emergency

import (
	"context"
	"encoding/json"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
)

// CardView is a card in its keeper's list.
type CardView struct {
	ID                             string
	Carrier, Label                 string
	IssuedAt, ExpiresAt, RevokedAt time.Time
}

// cardLabel is what Card.SealedLabel holds.
type cardLabel struct {
	Label     string          `json:"label"`
	Meeting   string          `json:"meeting,omitempty"`
	ShortCode cards.ShortCode `json:"short_code"`
	Left      []summary.Left  `json:"left,omitempty"`
	Health    *IssuedHealth   `json:"health,omitempty"`
	Link      *IssuedLink     `json:"link,omitempty"`
}

// Cards lists a patient's cards, the revoked ones too.
func (s *Service) Cards(ctx context.Context, c Caller, id PatientID) ([]CardView, error) {
	var views []CardView
	err := s.Store.View(ctx, func(r Reader) error {
		if _, err := s.keptIn(r, c, id); err != nil {
			return err
		}
		rows, err := r.Cards(id)
		if err != nil {
			return err
		}
		for _, row := range rows {
			view, err := s.viewCard(row)
			if err != nil {
				return err
			}
			views = append(views, view)
		}
		return nil
	})
	return views, err
}

func (s *Service) openLabel(row Card) (cardLabel, error) {
	var label cardLabel
	plain, err := s.unseal("card", "label", row.ID.String(), row.SealedLabel)
	if err != nil || plain == nil {
		return label, err
	}
	return label, json.Unmarshal(plain, &label)
}

// Card returns a card of a patient whom the caller keeps, without its secret.
func (s *Service) Card(ctx context.Context, c Caller, id PatientID, card cards.ID) (CardView, error) {
	var view CardView
	err := s.Store.View(ctx, func(r Reader) error {
		row, err := s.keptCard(r, c, id, card)
		if err != nil {
			return err
		}
		view, err = s.viewCard(row)
		return err
	})
	return view, err
}

func (s *Service) viewCard(row Card) (CardView, error) {
	label, err := s.openLabel(row)
	return CardView{ID: row.ID.String(), Carrier: row.Carrier, Label: label.Label, IssuedAt: row.IssuedAt, ExpiresAt: row.ExpiresAt,
		RevokedAt: row.RevokedAt}, err
}

// CardForPrint returns an active card of a patient whom the caller keeps, to be printed again. It holds what opens the glass, so it needs a fresh passkey
// as issuing does.
func (s *Service) CardForPrint(ctx context.Context, c Caller, id PatientID, card cards.ID) (Issued, error) {
	if c.SignedIn() && !c.fresh(s.now()) {
		return Issued{}, ErrFreshPasskey
	}
	var row Card
	var link Link
	var hides hides
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		if row, err = s.keptCard(r, c, id, card); err != nil {
			return err
		}
		patient, err := r.Patient(id)
		if err != nil {
			return err
		}
		if hides, err = s.hiddenFrom(r, c, patient); err != nil || row.Carrier != CarrierSHL {
			return err
		}
		link, err = r.LinkOf(card)
		return err
	}); err != nil {
		return Issued{}, err
	}
	if row.SealedAddress == nil || row.Carrier == CarrierSHC && hides.any() {
		return Issued{}, ErrNotFound
	}
	plain, err := s.unseal("card", "address", row.ID.String(), row.SealedAddress)
	if err != nil {
		return Issued{}, err
	}
	label, err := s.openLabel(row)
	if err != nil {
		return Issued{}, err
	}
	issued := Issued{ID: row.ID, Patient: id, Carrier: row.Carrier, Label: label.Label, Meeting: label.Meeting, ShortCode: label.ShortCode, Health: label.Health, Link: label.Link}
	if issued.Link != nil {
		issued.Link.Attempts = link.Attempts
	}
	issued.IssuedAt, issued.ExpiresAt, issued.Left = row.IssuedAt, row.ExpiresAt, label.Left
	if issued.Address, err = cards.ParseAddress(string(plain)); err != nil {
		return Issued{}, err
	}
	issued.PayloadBytes = payloadBytes(issued.Address.Envelope)
	if issued.Front, err = s.readFront(ctx, issued.Address.Envelope); err != nil {
		return Issued{}, err
	}
	if hides.front(issued.Front) {
		return Issued{}, ErrNotFound // the patient has put on it what is no guardian's to read
	}
	if issued.Carrier == CarrierNTAG424 {
		if err := s.draftTag(&issued); err != nil {
			return Issued{}, err
		}
	}
	return issued, issued.measure()
}

// keptCard reads a card of a patient whom the caller keeps.
func (s *Service) keptCard(r Reader, c Caller, id PatientID, card cards.ID) (Card, error) {
	if _, err := s.keptIn(r, c, id); err != nil {
		return Card{}, err
	}
	row, err := r.Card(card)
	if err != nil {
		return Card{}, err
	}
	if row.Patient != id {
		return Card{}, ErrNotFound
	}
	return row, nil
}
