// Package shc writes and reads SMART Health Cards (HL7 SMART Health Cards and Links 1.0.0, "SMART Health Cards"): a FHIR Bundle
// in a compact JWS, for hospital software. It writes what the specification asks for to the letter, and reads what is found in
// the field, save where being lenient would let somebody forge a card. It looks into no Bundle and reaches no network.
//
// What a Card says is known by its claims, never by the text of the JWS: an ECDSA signature (r, s) has a twin (r, n-s) that
// anybody can compute and that verifies as well. Cards are revoked by Card.RID, which both copies carry.
package shc

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"
)

const (
	// HealthCardType is the type that every SMART Health Card has.
	HealthCardType = "https://smarthealth.cards#health-card"
	// FHIRVersion is the version of the Bundles that are signed here.
	FHIRVersion = "4.0.1"
	// Extension is that of files (see MarshalFile).
	Extension = ".smart-health-card"
)

// Card is what an issuer signs.
type Card struct {
	// Issuer is an https URL without a slash at the end, "https://locket.example": claim iss. Keys are published below it.
	Issuer string
	// NotBefore is when the card was issued: claim nbf. It is written in whole seconds and read to the millisecond, because
	// cards in the field have fractions.
	NotBefore time.Time
	// Expires is claim exp; zero means never. The card is expired at Expires itself.
	Expires time.Time
	// RID names the card in the revocation list of its key (see RevocationList): at most 24 characters of base64url. A card
	// without one cannot be revoked alone.
	RID string
	// Types are those besides HealthCardType, which says nothing new.
	Types []string
	// FHIRVersion is the version of Bundle. Empty means FHIRVersion when signing, and not stated when reading.
	FHIRVersion string
	// Bundle is a FHIR Bundle of type collection. For a QR code the caller leaves out of it what the specification says ("Payload
	// content minified for QR codes"); spaces between its tokens are dropped when signing.
	Bundle json.RawMessage
}

// String names the issuer and nothing else. The Bundle is a patient's: it never reaches a log by accident.
func (c Card) String() string { return "SMART Health Card of " + c.Issuer }

// Format prints String for every verb, also for %#v and %x.
func (c Card) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue gives the issuer only.
func (c Card) LogValue() slog.Value { return slog.StringValue(c.String()) }
