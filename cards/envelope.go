package cards

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// claims is the payload: a CWT claims set (RFC 8392, section 3). The fields stand in the order of their encoded keys.
type claims struct {
	Issuer    string          `cbor:"1,keyasint"`
	ExpiresAt int64           `cbor:"4,keyasint"`
	IssuedAt  int64           `cbor:"6,keyasint"`
	ID        []byte          `cbor:"7,keyasint"`
	Summary   cbor.RawMessage `cbor:"-65537,keyasint"` // the first number of the private range (RFC 8392, section 9.1.1)
}

const (
	signatureSize = 64 // r and s, 32 bytes each, big-endian (RFC 9053, section 2.1)
	keyIDSize     = len(KeyID{})
)

// encMode and decMode are the two CBOR modes. The decoder only has to be safe: that the encoding is the only one is shown by
// encoding again.
var (
	encMode = must(cbor.CoreDetEncOptions().EncMode())
	decMode = must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   maxDepth + 2,
	}.DecMode())
)

// must is for options that are constants of this file.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Sign returns the envelope of the card: the bytes that travel. The issuer is the Signer's when the card names none, and
// fractions of a second are dropped. It returns ErrMalformed for a card that no reader would accept, ErrKey when the card
// names another issuer, ErrNoFit when the envelope would pass MaxEnvelope, or the error of the key.
func (s *Signer) Sign(card Card) ([]byte, error) {
	if card.Issuer == "" {
		card.Issuer = s.key.Issuer
	}
	if card.Issuer != s.key.Issuer {
		return nil, fmt.Errorf("%w: it belongs to another issuer than the card", ErrKey)
	}
	if err := card.check(); err != nil {
		return nil, err
	}
	payload, err := card.payload()
	if err != nil {
		return nil, err
	}
	envelope, err := cose.Sign1Untagged(rand.Reader, s.es256, s.headers, payload, nil)
	if err != nil {
		return nil, fmt.Errorf("sign a card: %w", err)
	}
	if len(envelope) > MaxEnvelope {
		return nil, fmt.Errorf("%w (%d bytes of at most %d)", ErrNoFit, len(envelope), MaxEnvelope)
	}
	return envelope, nil
}

// payload is the one encoding of the card's claims.
func (c Card) payload() ([]byte, error) {
	return encMode.Marshal(claims{c.Issuer, c.ExpiresAt.Unix(), c.IssuedAt.Unix(), c.ID[:], c.Summary})
}

// headers are the only ones that a card may have: ES256 and a key id, both protected.
func headers(id KeyID) (cose.Headers, error) {
	protected := cose.ProtectedHeader{
		cose.HeaderLabelAlgorithm: cose.AlgorithmES256,
		cose.HeaderLabelKeyID:     id[:],
	}
	raw, err := protected.MarshalCBOR()
	return cose.Headers{RawProtected: raw, Protected: protected}, err
}

// signed is a decoded envelope. Nothing of it is verified.
type signed struct {
	card    Card
	key     KeyID
	message *cose.UntaggedSign1Message
}

// open decodes an envelope, strictly: what it accepts is byte for byte what encoding the result gives. It returns
// ErrTooLong or ErrMalformed.
func open(envelope []byte) (signed, error) {
	if len(envelope) > MaxEnvelope {
		return signed{}, ErrTooLong
	}
	message := new(cose.UntaggedSign1Message)
	if err := message.UnmarshalCBOR(envelope); err != nil {
		return signed{}, malformed("it is not a COSE_Sign1 message")
	}
	kid, ok := message.Headers.Protected[cose.HeaderLabelKeyID].([]byte)
	if !ok || len(kid) != keyIDSize {
		return signed{}, malformed("it does not name its key")
	}
	s := signed{key: KeyID(kid), message: message}
	var c claims
	if err := decMode.Unmarshal(message.Payload, &c); err != nil {
		return signed{}, malformed("its claims are not those of a card")
	}
	if len(c.ID) != len(s.card.ID) {
		return signed{}, malformed("its identifier has not 16 bytes")
	}
	s.card = Card{
		Issuer:    c.Issuer,
		ID:        ID(c.ID),
		IssuedAt:  time.Unix(c.IssuedAt, 0).UTC(),
		ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
		Summary:   c.Summary,
	}
	if err := s.card.check(); err != nil {
		return signed{}, err
	}
	if err := checkSignature(message.Signature); err != nil {
		return signed{}, err
	}
	again, err := s.encode()
	if err != nil || !bytes.Equal(again, envelope) {
		return signed{}, malformed("it is not in its only encoding")
	}
	return s, nil
}

// encode is the envelope of the decoded parts. It takes nothing from the decoded headers but the key id.
func (s signed) encode() ([]byte, error) {
	headers, err := headers(s.key)
	if err != nil {
		return nil, err
	}
	payload, err := s.card.payload()
	if err != nil {
		return nil, err
	}
	return (&cose.UntaggedSign1Message{
		Headers:   headers,
		Payload:   payload,
		Signature: s.message.Signature,
	}).MarshalCBOR()
}

// checkSignature refuses what is no signature at all. Zero in either half verified under every key in some libraries.
func checkSignature(signature []byte) error {
	var zero [signatureSize / 2]byte
	if len(signature) != signatureSize {
		return malformed("its signature has not 64 bytes")
	}
	if r, s := signature[:signatureSize/2], signature[signatureSize/2:]; bytes.Equal(r, zero[:]) || bytes.Equal(s, zero[:]) {
		return malformed("its signature is zero")
	}
	return nil
}

// es256 is the signature algorithm of every card (RFC 9053, section 2.1) over any crypto.Signer.
type es256 struct{ key crypto.Signer }

// Algorithm is part of cose.Signer.
func (es256) Algorithm() cose.Algorithm { return cose.AlgorithmES256 }

// Sign is part of cose.Signer: r and s side by side instead of the ASN.1 that crypto.Signer gives. The library's own way
// there passes no hash to the key, with which keys outside this process cannot sign.
func (e es256) Sign(random io.Reader, content []byte) ([]byte, error) {
	digest := sha256.Sum256(content)
	der, err := e.key.Sign(random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var sequence cryptobyte.String
	var r, s []byte
	input := cryptobyte.String(der)
	if !input.ReadASN1(&sequence, asn1.SEQUENCE) || !input.Empty() ||
		!sequence.ReadASN1Integer(&r) || !sequence.ReadASN1Integer(&s) || !sequence.Empty() ||
		len(r) > signatureSize/2 || len(s) > signatureSize/2 {
		return nil, errors.New("the key did not return an ECDSA signature")
	}
	signature := make([]byte, signatureSize)
	copy(signature[signatureSize/2-len(r):], r)
	copy(signature[signatureSize-len(s):], s)
	return signature, nil
}

// FrontTag is what a reader shows the server to prove that it has the front in its hands, without sending the secret: the
// first 16 bytes of SHA-256("locket/front/v1" || payload). It is over the payload only, so that the twin of a signature
// (r, n-s) gives the same tag; the text in front keeps it apart from every other hash of the payload. It returns ErrTooLong
// or ErrMalformed for bytes that are no card.
func FrontTag(envelope []byte) ([16]byte, error) {
	s, err := open(envelope)
	if err != nil {
		return [16]byte{}, err
	}
	hash := sha256.New()
	hash.Write([]byte("locket/front/v1"))
	hash.Write(s.message.Payload)
	return [16]byte(hash.Sum(nil)), nil
}
