package shl

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/locket-health/locket/cards"
)

const (
	keyIDSize     = len(cards.KeyID{})
	signatureSize = keyIDSize + 64 // and r and s, 32 bytes each, big-endian (RFC 7518, section 3.4)
)

// ReasonUnsigned goes with cards.StatusUnknownIssuer: the link does not say who made it, as most links do not.
const ReasonUnsigned cards.Reason = "unsigned"

// Sign returns the link with the signature of its maker in the member sig, so that a reader knows who made a link before it asks
// for anything there. The specification leaves room for it ("Including signatures in a SMART Health Link payload"): who
// does not know the member passes it over. The signature is the key's id (cards.KeyID) and an ES256 signature of
//
//	"locket-shlink/v1\n" url "\n" key "\n" exp "\n" flag "\n" label
//
// with key and exp as in the link; no part can contain a line break. The signer is the house at the link's host.
//
// It returns ErrMalformed for a link that Encode would not write or that never expires, cards.ErrKey for a key that is not on
// P-256, or the error of the key.
func (l Link) Sign(key crypto.Signer) (Link, error) {
	if err := l.checkStrict(); err != nil {
		return Link{}, err
	}
	if l.Expires.IsZero() {
		return Link{}, malformed("it never expires")
	}
	public, _ := key.Public().(*ecdsa.PublicKey)
	id, err := cards.Key{Public: public}.ID()
	if err != nil {
		return Link{}, err
	}
	signature, err := cryptosigner.Opaque(key).SignPayload(l.signed(), jose.ES256)
	if err == nil && len(signature) != signatureSize-keyIDSize {
		err = errors.New("the key did not return an ECDSA signature")
	}
	if err != nil {
		return Link{}, fmt.Errorf("sign a link: %w", err)
	}
	l.Signature = append(id[:], signature...)
	return l, nil
}

// signed is what the signature is over.
func (l Link) signed() []byte {
	var b bytes.Buffer
	b.WriteString("locket-shlink/v1")
	for _, part := range []string{
		l.URL, encoding.EncodeToString(l.Key[:]), strconv.FormatInt(l.Expires.Unix(), 10), l.Flag, l.Label,
	} {
		b.WriteByte('\n')
		b.WriteString(part)
	}
	return b.Bytes()
}

// Verify says at the time now who made the link: with cards.StatusVerified it is the house at Host. It says nothing about what
// is behind the link. A link without a signature has cards.StatusUnknownIssuer and ReasonUnsigned. The key's retirement does not
// matter: a link does not say when it was made.
//
// Of several things to say the gravest is said: unknown issuer, tampered, revoked, expired.
func (l Link) Verify(keys cards.KeySet, now time.Time) (cards.Status, cards.Reason) {
	if len(l.Signature) != signatureSize {
		return cards.StatusUnknownIssuer, ReasonUnsigned
	}
	key, status, reason := l.signerIn(keys)
	switch {
	case status != cards.StatusVerified:
		return status, reason
	case !key.CompromisedSince.IsZero():
		return cards.StatusRevoked, cards.ReasonKeyCompromised
	case !now.Before(l.Expires):
		return cards.StatusExpired, cards.ReasonPastExpiry
	}
	return cards.StatusVerified, cards.ReasonNone
}

// signerIn finds the key that signed the link for its host. All keys with the link's key id are tried: ids may collide.
func (l Link) signerIn(keys cards.KeySet) (cards.Key, cards.Status, cards.Reason) {
	named := cards.KeyID(l.Signature[:keyIDSize])
	half := keyIDSize + (signatureSize-keyIDSize)/2
	r, s := new(big.Int).SetBytes(l.Signature[keyIDSize:half]), new(big.Int).SetBytes(l.Signature[half:])
	digest := sha256.Sum256(l.signed())
	status, reason := cards.StatusUnknownIssuer, cards.ReasonNoKey
	for _, key := range keys.Keys() {
		if id, err := key.ID(); err != nil || id != named {
			continue
		}
		switch {
		case !ecdsa.Verify(key.Public, digest[:], r, s):
			if reason == cards.ReasonNoKey {
				status, reason = cards.StatusTampered, cards.ReasonSignature
			}
		case key.Issuer != l.issuer():
			status, reason = cards.StatusTampered, cards.ReasonIssuerMismatch
		default:
			return key, cards.StatusVerified, cards.ReasonNone
		}
	}
	return cards.Key{}, status, reason
}

// issuer is the house at the link's host. Houses are named without a port.
func (l Link) issuer() string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// parseSignature reads member sig. What is not ours is somebody else's extra member: it is passed over, which makes the
// link one without a signature.
func parseSignature(raw []byte) []byte {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	signature, err := decodeBase64(text)
	if err != nil || len(signature) != signatureSize {
		return nil
	}
	return signature
}
