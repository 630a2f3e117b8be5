package cards

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// claims is the payload: a CWT claims set (RFC 8392, section 3). The fields stand in the order of their encoded keys. Writing
// is left to the libraries for CBOR and COSE; reading, which everybody waits for, is done here, and held to theirs by
// FuzzEnvelope.
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

// encMode writes core deterministic encoding (RFC 8949, section 4.2.1).
var encMode = must(cbor.CoreDetEncOptions().EncMode())

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

// What stands in the same place of every envelope (RFC 9052, section 4.2): an array of four with the protected headers, which
// are a map of the algorithm ES256 and a key id of eight bytes; after the key id, no unprotected headers; after the payload,
// 64 bytes of signature.
const (
	envelopeBegin   = "\x84" + protectedBegin
	protectedBegin  = "\x4d\xa2\x01\x26\x04\x48"
	unprotectedNone = "\xa0"
	signatureBegin  = "\x58\x40"
	signedBegin     = "\x84\x6aSignature1" // of what is signed (RFC 9052, section 4.4), before the protected headers
	externalNone    = "\x40"
	issuerLabel     = "\x01"
	expiryLabel     = "\x04"
	issuedLabel     = "\x06"
	identifierLabel = "\x07\x50"
	summaryLabel    = "\x3a\x00\x01\x00\x00"
	claimsBegin     = "\xa5" + issuerLabel
)

// signed is a decoded envelope. Nothing of it is verified. Its slices are parts of the envelope.
type signed struct {
	card Card
	key  KeyID
	// payload is the claims as they stand in the envelope, and item the same with the length in front.
	payload, item []byte
	signature     []byte
}

// open decodes an envelope, strictly: a card has one encoding, so what can vary is read in its one form and the rest is
// compared. What it accepts is byte for byte what encoding the result gives. It returns ErrTooLong or ErrMalformed.
func open(envelope []byte) (signed, error) {
	if len(envelope) > MaxEnvelope {
		return signed{}, ErrTooLong
	}
	r := envelopeReader{rest: envelope}
	var s signed
	r.literal(envelopeBegin)
	copy(s.key[:], r.bytes(int64(keyIDSize)))
	r.literal(unprotectedNone)
	s.item = r.rest
	s.payload = r.bytes(r.argument(majorBytes))
	s.item = s.item[:len(s.item)-len(r.rest)]
	r.literal(signatureBegin)
	s.signature = r.bytes(signatureSize)
	if r.failed || len(r.rest) != 0 {
		return signed{}, malformed("it is not a COSE_Sign1 message with the headers of a card")
	}

	r = envelopeReader{rest: s.payload}
	r.literal(claimsBegin)
	s.card.Issuer = string(r.bytes(r.argument(majorText)))
	r.literal(expiryLabel)
	s.card.ExpiresAt = r.time()
	r.literal(issuedLabel)
	s.card.IssuedAt = r.time()
	r.literal(identifierLabel)
	copy(s.card.ID[:], r.bytes(int64(len(s.card.ID))))
	r.literal(summaryLabel)
	s.card.Summary = bytes.Clone(r.rest)
	if r.failed {
		return signed{}, malformed("its claims are not those of a card")
	}
	if err := s.card.check(); err != nil {
		return signed{}, err
	}
	// Zero in either half verified under every key in some libraries.
	var zero [signatureSize / 2]byte
	if bytes.Equal(s.signature[:len(zero)], zero[:]) || bytes.Equal(s.signature[len(zero):], zero[:]) {
		return signed{}, malformed("its signature is zero")
	}
	return s, nil
}

// envelopeReader takes an envelope apart from the front. After the first failure it reads nothing more.
type envelopeReader struct {
	rest   []byte
	failed bool
}

// literal takes bytes that stand in every envelope.
func (r *envelopeReader) literal(want string) {
	if got := r.bytes(int64(len(want))); string(got) != want {
		r.fail()
	}
}

// bytes takes n bytes.
func (r *envelopeReader) bytes(n int64) []byte {
	if n < 0 || n > int64(len(r.rest)) {
		r.fail()
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

// argument takes the head of an item of the major type and gives its length or number.
func (r *envelopeReader) argument(major byte) int64 {
	got, argument, rest, err := head(r.rest)
	if err != nil || got != major || argument > math.MaxInt64 {
		r.fail()
		return 0
	}
	r.rest = rest
	return int64(argument)
}

// time takes a time in whole seconds. Card.check holds it to its range.
func (r *envelopeReader) time() time.Time { return time.Unix(r.argument(majorUint), 0).UTC() }

func (r *envelopeReader) fail() { r.rest, r.failed = nil, true }

// signedBy reports whether the key made the signature: over the Sig_structure of RFC 9052, section 4.4, which repeats the
// protected headers and the payload as they stand in the envelope.
func (s signed) signedBy(key *ecdsa.PublicKey) bool {
	content := make([]byte, 0, len(signedBegin)+len(protectedBegin)+keyIDSize+len(externalNone)+len(s.item))
	content = append(content, signedBegin+protectedBegin...)
	content = append(content, s.key[:]...)
	content = append(content, externalNone...)
	content = append(content, s.item...)
	return verifyES256(key, sha256.Sum256(content), s.signature)
}

// verifyES256 reports whether the key made the signature of signatureSize bytes.
func verifyES256(key *ecdsa.PublicKey, digest [sha256.Size]byte, signature []byte) bool {
	r, s := new(big.Int).SetBytes(signature[:signatureSize/2]), new(big.Int).SetBytes(signature[signatureSize/2:])
	return ecdsa.Verify(key, digest[:], r, s)
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
	hash.Write(s.payload)
	return [16]byte(hash.Sum(nil)), nil
}
