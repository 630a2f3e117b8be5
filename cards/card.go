// Package cards makes and reads the signed emergency card: the front that anybody may read, the address that carries it,
// and the pictures, tag messages and pages that carry the address. It knows no medicine, no network and no database.
//
// A card is a CBOR Web Token (RFC 8392) in an untagged COSE_Sign1 (RFC 9052), signed with ES256. There is exactly one
// encoding of every card: bytes that decode are the bytes that encoding the result gives again, and everything else is refused.
//
// What is promised to cards that are already printed:
//
//   - Format version 1, as written here, stays readable for ever. A format that this one cannot express gets another first
//     byte in the address ([FormatVersion]), and older readers answer [ErrNewerFormat] instead of guessing.
//   - Claim numbers never change meaning and are never reused.
//   - A card is known by the [ID] inside it, never by its bytes or a hash of them: an ECDSA signature (r, s) has a twin
//     (r, n-s) that anybody can compute and that verifies as well.
package cards

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// MaxEnvelope is the greatest length of a signed card, in bytes. Longer input is refused before it is looked at.
const MaxEnvelope = 2048

// Card is what an issuer signs: the claims of RFC 8392, section 3.1, and the summary.
type Card struct {
	// Issuer is the host that issued the card, with its port when it is not the usual one ("locket.example",
	// "localhost:8080"): claim iss. It has no scheme and no path: every byte is paid for in module size.
	Issuer string
	// ID names the card in addresses, revocations and the log: claim cti.
	ID ID
	// IssuedAt and ExpiresAt are claims iat and exp, in whole seconds, UTC. The card is expired at ExpiresAt itself.
	IssuedAt, ExpiresAt time.Time
	// Summary is the front: exactly one deterministic CBOR item (RFC 8949, section 4.2.1), either a map or a byte string
	// (a map compressed by the caller), without tags and floating-point numbers. This package never looks into it.
	Summary []byte
}

// String names the card by its issuer and ID. The summary is a patient's: it never reaches a log by accident.
func (c Card) String() string { return fmt.Sprintf("card %s of %s", c.ID, c.Issuer) }

// Format prints String for every verb, also for %#v and %x.
func (c Card) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue gives issuer and ID only.
func (c Card) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", c.Issuer), slog.String("id", c.ID.String()))
}

// maxTime is the last second of the year 9999, the greatest time that RFC 3339 can write.
const maxTime = 253402300799

// check reports in what the card is not one that may be signed, or one that a signer could have made.
func (c Card) check() error {
	switch iat, exp := c.IssuedAt.Unix(), c.ExpiresAt.Unix(); {
	case !validHost(c.Issuer):
		return malformed("the issuer is not a host name")
	case c.ID == ID{}:
		return malformed("the card has no identifier")
	case iat <= 0 || iat > maxTime:
		return malformed("the time of issue is out of range")
	case exp <= iat || exp > maxTime:
		return malformed("the card does not expire after it was issued")
	}
	return checkSummary(c.Summary)
}
