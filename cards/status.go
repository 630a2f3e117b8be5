package cards

import "time"

// Status is what a reader says of a card. The texts are part of the command line and the API: they never change.
type Status string

// The statuses. Only Verified is trusted; the card of every other one but Unreadable is still shown, marked, because a
// front that may be wrong is better than none, as long as it says so.
const (
	StatusVerified      Status = "verified"
	StatusExpired       Status = "expired"
	StatusNotYetValid   Status = "not_yet_valid"
	StatusRevoked       Status = "revoked"
	StatusUnknownIssuer Status = "unknown_issuer"
	StatusTampered      Status = "tampered"
	StatusUnreadable    Status = "unreadable"
	// StatusUnsigned is said of what nobody has signed, such as the contact of a no-signal code: anybody could have written it.
	StatusUnsigned Status = "unsigned"
	// StatusElsewhere is said of a carrier that has room for a short address alone: the signed card is kept by its issuer.
	StatusElsewhere Status = "elsewhere"
)

// Reason says why a card has its status, for callers to translate. The texts never change.
type Reason string

// The reasons, each with the status it leads to.
const (
	ReasonNone           Reason = ""                // verified
	ReasonNoKey          Reason = "no_key"          // unknown_issuer: no trusted key has the card's key id
	ReasonKeyRetired     Reason = "key_retired"     // unknown_issuer: issued after the key was retired
	ReasonSignature      Reason = "signature"       // tampered: not signed by the key that it names
	ReasonIssuerMismatch Reason = "issuer_mismatch" // tampered: signed by the key of another issuer
	ReasonKeyCompromised Reason = "key_compromised" // revoked: somebody else may hold the key
	ReasonCardRevoked    Reason = "card_revoked"    // revoked: this card
	ReasonIssuedInFuture Reason = "issued_in_future"
	ReasonPastExpiry     Reason = "past_expiry"
	ReasonTooLong        Reason = "too_long"  // unreadable
	ReasonMalformed      Reason = "malformed" // unreadable
)

// ClockSkew is how far in the future a card may have been issued by the reader's clock: clocks differ, and a card must work
// in the minute in which it was printed. Expiry has no such leeway.
const ClockSkew = 10 * time.Minute

// Result is what verifying a card gives.
type Result struct {
	// Card is what the bytes say. With any status but StatusVerified somebody else may have written it.
	Card   Card
	Status Status
	Reason Reason
	// KeyID is the key that the card names.
	KeyID KeyID
}

// RevokedFunc reports whether a card was revoked. It is asked by the ID inside the card, never by bytes or hashes of it.
type RevokedFunc func(ID) bool

// Verifier is what a reader knows.
type Verifier struct {
	// Keys are the trusted keys.
	Keys KeySet
	// Revoked, when not nil, knows revoked cards.
	Revoked RevokedFunc
}

// Verify decides about the bytes of a card at the time now. The error is nil unless the status is StatusUnreadable; then
// it is ErrTooLong or ErrMalformed.
//
// Of several things to say the gravest is said: unreadable, unknown issuer, tampered, revoked, not yet valid, expired.
func (v Verifier) Verify(envelope []byte, now time.Time) (Result, error) {
	s, err := open(envelope)
	if err != nil {
		reason := ReasonMalformed
		if len(envelope) > MaxEnvelope {
			reason = ReasonTooLong
		}
		return Result{Status: StatusUnreadable, Reason: reason}, err
	}
	result := Result{Card: s.card, KeyID: s.key}
	result.Status, result.Reason = v.judge(s, now)
	return result, nil
}

// Verify is Verifier.Verify by a reader that knows of no revocations.
func Verify(envelope []byte, keys KeySet, now time.Time) (Result, error) {
	return Verifier{Keys: keys}.Verify(envelope, now)
}

func (v Verifier) judge(s signed, now time.Time) (Status, Reason) {
	key, status, reason := v.Keys.signerOf(s)
	switch card := s.card; {
	case status != StatusVerified:
		return status, reason
	case !key.CompromisedSince.IsZero():
		return StatusRevoked, ReasonKeyCompromised
	case !key.NotAfter.IsZero() && card.IssuedAt.After(key.NotAfter):
		return StatusUnknownIssuer, ReasonKeyRetired
	case v.Revoked != nil && v.Revoked(card.ID):
		return StatusRevoked, ReasonCardRevoked
	case card.IssuedAt.After(now.Add(ClockSkew)):
		return StatusNotYetValid, ReasonIssuedInFuture
	case !now.Before(card.ExpiresAt):
		return StatusExpired, ReasonPastExpiry
	}
	return StatusVerified, ReasonNone
}

// signerOf finds the key that signed the card for its issuer. All keys with the card's key id are tried: ids may collide.
func (s KeySet) signerOf(card signed) (Key, Status, Reason) {
	candidates := s.byID[card.key]
	if len(candidates) == 0 {
		return Key{}, StatusUnknownIssuer, ReasonNoKey
	}
	reason := ReasonSignature
	for _, candidate := range candidates {
		if !card.signedBy(candidate.Public) {
			continue
		}
		if candidate.Issuer == card.card.Issuer {
			return candidate, StatusVerified, ReasonNone
		}
		reason = ReasonIssuerMismatch
	}
	return Key{}, StatusTampered, reason
}
