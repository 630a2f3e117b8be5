package shc

import (
	"errors"
	"time"

	"github.com/locket-health/locket/cards"
)

// RevokedFunc reports whether the card rid, signed by the key kid and issued at notBefore, was revoked. It is never asked by
// bytes or hashes of a card.
type RevokedFunc func(kid, rid string, notBefore time.Time) bool

// Verifier is what a reader knows.
type Verifier struct {
	// Keys are the trusted keys.
	Keys KeySet
	// Revoked, when not nil, knows revoked cards (see Revocations). It is not asked about a card without a rid.
	Revoked RevokedFunc
}

// Result is what verifying a card gives.
type Result struct {
	// Card is what the text says. With any status but cards.StatusVerified somebody else may have written it.
	Card   Card
	Status cards.Status
	Reason cards.Reason
	// KeyID is the kid that the card names.
	KeyID string
}

// Verify decides about a compact JWS at the time now. The error is nil unless the status is cards.StatusUnreadable; then it is
// ErrTooLong or ErrMalformed.
//
// Of several things to say the gravest is said: unreadable, unknown issuer, tampered, revoked, not yet valid, expired.
func (v Verifier) Verify(jws string, now time.Time) (Result, error) {
	m, card, err := open(jws)
	if err != nil {
		reason := cards.ReasonMalformed
		if errors.Is(err, ErrTooLong) {
			reason = cards.ReasonTooLong
		}
		return Result{Status: cards.StatusUnreadable, Reason: reason}, err
	}
	result := Result{Card: card, KeyID: m.kid}
	result.Status, result.Reason = v.judge(m, card, now)
	return result, nil
}

// open reads a card without verifying anything.
func open(jws string) (message, Card, error) {
	m, err := parseJWS(jws)
	if err != nil {
		return message{}, Card{}, err
	}
	payload, err := inflate(m.packed)
	if err != nil {
		return message{}, Card{}, err
	}
	card, err := parseClaims(payload)
	if err != nil {
		return message{}, Card{}, err
	}
	return m, card, nil
}

func (v Verifier) judge(m message, card Card, now time.Time) (cards.Status, cards.Reason) {
	key, status, reason := v.Keys.signerOf(m, card.Issuer)
	switch {
	case status != cards.StatusVerified:
		return status, reason
	case !key.CompromisedSince.IsZero():
		return cards.StatusRevoked, cards.ReasonKeyCompromised
	case !key.NotAfter.IsZero() && card.NotBefore.After(key.NotAfter):
		return cards.StatusUnknownIssuer, cards.ReasonKeyRetired
	case card.RID != "" && v.Revoked != nil && v.Revoked(m.kid, card.RID, card.NotBefore):
		return cards.StatusRevoked, cards.ReasonCardRevoked
	case card.NotBefore.After(now.Add(cards.ClockSkew)):
		return cards.StatusNotYetValid, cards.ReasonIssuedInFuture
	case !card.Expires.IsZero() && !now.Before(card.Expires):
		return cards.StatusExpired, cards.ReasonPastExpiry
	}
	return cards.StatusVerified, cards.ReasonNone
}

// signerOf finds the key that signed the message for its issuer. All keys with the message's kid are tried: kids may collide.
func (s KeySet) signerOf(m message, issuer string) (Key, cards.Status, cards.Reason) {
	candidates := s.byID[m.kid]
	if len(candidates) == 0 {
		return Key{}, cards.StatusUnknownIssuer, cards.ReasonNoKey
	}
	reason := cards.ReasonSignature
	for _, candidate := range candidates {
		if !m.signedBy(candidate.Public) {
			continue
		}
		if candidate.Issuer == issuer {
			return candidate, cards.StatusVerified, cards.ReasonNone
		}
		reason = cards.ReasonIssuerMismatch
	}
	return Key{}, cards.StatusTampered, reason
}
