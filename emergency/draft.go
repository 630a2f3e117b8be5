package emergency

import (
	"context"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
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
	packed, err := summary.Pack(record, summary.PackOptions{Budget: WalletBytes - s.overhead, Choices: choices.byItem()})
	if err != nil {
		return Issued{}, ErrInvalid.because(err)
	}
	issued.Front, issued.Left, card.Summary = packed.Front, packed.Left, packed.Encoded
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
