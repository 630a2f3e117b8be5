package emergency

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
	"github.com/locket-health/locket/emergency/vault"
)

// CarrierWallet is the wallet card, ID-1 size, printed on both sides.
const CarrierWallet = "wallet"

// WalletBytes is what the fragment of a wallet card's address may hold: a QR code of version 18 at level M, printed at six dots a module, fills
// the height of an ID-1 card (reference figures in deploy/docs/format.md).
const WalletBytes = 440

// CardChoices is what a keeper decides about a front. The zero value chooses by priority alone.
type CardChoices struct {
	Always  []string // ids of items that go on first
	Never   []string // ids of items that stay behind the glass
	Version int64    // of the record that the choice was made from; another one is ErrChanged. 0 is any
}

// CardPreview shows what a card would be before it is issued.
type CardPreview struct {
	RecordVersion       int64 // of the record that the front was made from
	Front               summary.Front
	Left                []summary.Left // what did not fit or was left off
	PayloadBytes        int            // in the fragment of the address, all included
	QRVersion, Modules  int
	ModuleMM            float64
	Warnings            []cards.Warning
	IssuedAt, ExpiresAt time.Time
}

// Issued is a card as its keeper holds it: the only place where its secret and its short code are in the clear.
type Issued struct {
	CardPreview
	ID        cards.ID
	Patient   PatientID
	Carrier   string
	Label     string
	Address   cards.Address
	ShortCode cards.ShortCode
}

// CardView is a card in its keeper's list.
type CardView struct {
	ID                             string
	Carrier, Label                 string
	IssuedAt, ExpiresAt, RevokedAt time.Time
}

// cardLabel is what Card.SealedLabel holds.
type cardLabel struct {
	Label     string          `json:"label"`
	ShortCode cards.ShortCode `json:"short_code"`
	Left      []summary.Left  `json:"left,omitempty"`
}

// PreviewCard packs the front as IssueCard would and says what fits.
func (s *Service) PreviewCard(ctx context.Context, c Caller, id PatientID, choices CardChoices) (CardPreview, error) {
	record, err := s.Record(ctx, c, id)
	if err != nil {
		return CardPreview{}, err
	}
	draft, err := s.draft(record, choices)
	if err != nil {
		return CardPreview{}, err
	}
	err = draft.measure(draft.Address)
	return draft.CardPreview, err
}

// draft packs and signs a card with a fresh id and secret. It touches no store: what is not put there opens nothing.
func (s *Service) draft(record summary.Record, choices CardChoices) (Issued, error) {
	if record.Version == 0 {
		return Issued{}, ErrInvalid.with("field", "record")
	}
	now := s.now().Truncate(time.Second)
	issued := Issued{Carrier: CarrierWallet}
	issued.RecordVersion = record.Version
	issued.IssuedAt, issued.ExpiresAt = now, now.Add(s.CardLife).Truncate(time.Second)
	id, err := cards.NewID(s.Rand)
	if err != nil {
		return Issued{}, err
	}
	secret, err := cards.NewSecret(s.Rand)
	if err != nil {
		return Issued{}, err
	}
	card := cards.Card{Issuer: s.Issuer(), ID: id, IssuedAt: issued.IssuedAt, ExpiresAt: issued.ExpiresAt}
	issued.ID = id
	front, left, err := summary.Pack(record, summary.PackOptions{Budget: WalletBytes - s.overhead, Choices: choices.byItem()})
	if err != nil {
		return Issued{}, ErrInvalid.because(err)
	}
	issued.Front, issued.Left = front, left
	if card.Summary, err = summary.EncodeFront(front); err != nil {
		return Issued{}, ErrInvalid.because(err)
	}
	envelope, err := s.Signer.Sign(card)
	if err != nil {
		return Issued{}, err
	}
	issued.Address = cards.Address{Base: s.URL, ID: id, Secret: secret, Envelope: envelope}
	issued.PayloadBytes = payloadBytes(envelope)
	return issued, nil
}

// payloadBytes is the size of what stands in the fragment of an address: a format byte, the secret and the envelope.
func payloadBytes(envelope []byte) int { return 1 + len(cards.Secret{}) + len(envelope) }

// overhead is what a card of this house needs beside its summary: measured, not computed, so that it follows the format.
func overhead(signer *cards.Signer) (int, error) {
	now := time.Unix(1<<31, 0)
	card := cards.Card{Issuer: signer.Key().Issuer, ID: cards.ID{1}, IssuedAt: now, ExpiresAt: now.Add(time.Hour), Summary: make([]byte, 256)}
	card.Summary[0], card.Summary[1] = 0x58, 254 // a CBOR byte string of 254 bytes
	envelope, err := signer.Sign(card)
	return payloadBytes(envelope) - len(card.Summary), err
}

// printDPI is what card printers have.
const printDPI = 300

// measure fills in how large the printed code becomes, and what to warn of. It draws the code, which costs more than all the rest of issuing.
func (p *CardPreview) measure(address cards.Address) error {
	matrix, err := cards.EncodeQR(address.URL(), cards.LevelM)
	if err != nil {
		return err
	}
	p.QRVersion, p.Modules, p.ModuleMM = matrix.Version, matrix.Modules, cards.CardModule(matrix)
	p.Warnings = cards.Warnings(matrix, p.ModuleMM, printDPI, cards.QuietZone)
	return nil
}

// byItem turns the choices into what the packer reads.
func (c CardChoices) byItem() map[string]string {
	by := make(map[string]string, len(c.Always)+len(c.Never))
	for _, id := range c.Always {
		by[id] = summary.FrontAlways
	}
	for _, id := range c.Never {
		by[id] = summary.FrontNever
	}
	return by
}

// Issuer is the name of this house on its cards: the host of its address, without the port.
func (s *Service) Issuer() string { return s.Signer.Key().Issuer }

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
	if err := s.Store.View(ctx, func(r Reader) (err error) {
		row, err = s.keptCard(r, c, id, card)
		return err
	}); err != nil {
		return Issued{}, err
	}
	if row.SealedAddress == nil {
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
	issued := Issued{ID: row.ID, Patient: id, Carrier: row.Carrier, Label: label.Label, ShortCode: label.ShortCode}
	issued.IssuedAt, issued.ExpiresAt, issued.Left = row.IssuedAt, row.ExpiresAt, label.Left
	if issued.Address, err = cards.ParseAddress(string(plain)); err != nil {
		return Issued{}, err
	}
	issued.PayloadBytes = payloadBytes(issued.Address.Envelope)
	keys, err := cards.NewKeySet(s.Signer.Key())
	if err != nil {
		return Issued{}, err
	}
	opened, err := cards.Verify(issued.Address.Envelope, keys, s.now())
	if err != nil {
		return Issued{}, err
	}
	if issued.Front, err = summary.DecodeFront(opened.Card.Summary); err != nil {
		return Issued{}, err
	}
	return issued, issued.measure(issued.Address)
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
			if record, _, unreadable = s.ownRecord(r, c, id); unreadable != nil {
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
	if err := tx.EndCardGrants(id, "", now); err != nil {
		return err
	}
	event := s.event(c, audit.CardRevoked, string(row.Patient))
	event.Card = id.String()
	tx.Append(event)
	return nil
}
