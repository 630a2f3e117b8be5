package emergency

import (
	"context"
	"errors"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/summary"
)

// CardChoices is what a keeper decides about a card. The zero value is a wallet card whose front is chosen by priority alone.
type CardChoices struct {
	Carrier string      // one of Carriers; "" is a wallet card
	Link    LinkChoices // of a SMART Health Link
	Always  []string    // ids of items that go on first
	Never   []string    // ids of items that stay behind the glass
	Version int64       // of the record that the choice was made from; another one is ErrChanged. 0 is any
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
	Meeting   string // where a family meets, on the card of its sheet
	Address   cards.Address
	ShortCode cards.ShortCode // "" for what has none: a SMART Health Card or Link
	Health    *IssuedHealth   // the SMART Health Card
	Link      *IssuedLink     // the SMART Health Link
	Tag       *IssuedTag      // what an NTAG 424 DNA is written with
}

// PreviewCard packs the front as IssueCard would and says what fits.
func (s *Service) PreviewCard(ctx context.Context, c Caller, id PatientID, choices CardChoices) (CardPreview, error) {
	record, err := s.Record(ctx, c, id)
	if err != nil {
		return CardPreview{}, err
	}
	draft, err := s.draft(record, choices)
	if err == nil {
		draft.ShortCode = "222222222222" // none is drawn yet; all are as long
		err = draft.measure()
	}
	return draft.CardPreview, err
}

// draft packs and signs a card with a fresh id and secret. It touches no store: what is not put there opens nothing.
func (s *Service) draft(record summary.Record, choices CardChoices) (Issued, error) {
	if record.Version == 0 {
		return Issued{}, ErrInvalid.with("field", "record")
	}
	if choices.Carrier == "" {
		choices.Carrier = CarrierWallet
	}
	room, ok := s.room(choices.Carrier)
	if !ok {
		return Issued{}, ErrInvalid.with("field", "carrier")
	}
	now := s.now().Truncate(time.Second)
	issued := Issued{Carrier: choices.Carrier}
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
	packed, err := summary.Pack(record, summary.PackOptions{Budget: min(room-s.overhead, summary.MaxFront), Choices: choices.byItem()})
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
	switch issued.Carrier {
	case CarrierSHC:
		err = s.draftHealthCard(&issued, record, choices)
	case CarrierSHL:
		err = s.draftLink(&issued, choices)
	}
	return issued, err
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

// measure fills in how large the printed code becomes, and what to warn of; a carrier without one of its own is left as it is.
func (i *Issued) measure() error {
	matrix, err := i.Code()
	if errors.Is(err, cards.ErrNoFit) {
		return ErrNoFit.because(err)
	}
	if err != nil || matrix.Modules == 0 {
		return err
	}
	i.Measured(matrix, codeSide(i.Carrier))
	return nil
}

// Measured notes how a code is printed whose side with its quiet zone is sideMM millimetres; 0 is as large as it can be on a wallet card.
func (i *Issued) Measured(matrix cards.Matrix, sideMM float64) {
	i.QRVersion, i.Modules, i.ModuleMM = matrix.Version, matrix.Modules, cards.CardModule(matrix)
	if sideMM > 0 {
		i.ModuleMM = sideMM / float64(matrix.Modules+2*cards.QuietZone)
	}
	i.Warnings = cards.Warnings(matrix, i.ModuleMM, printDPI, cards.QuietZone)
	if i.Carrier == CarrierWallpaper { // it is not printed
		i.ModuleMM, i.Warnings = 0, nil
	}
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
