package shc

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	exact "github.com/go-jose/go-jose/v4/json"
)

const (
	// maxPayload is the greatest length of the claims, unpacked, in bytes. Deflate packs up to a thousand to one, so it is
	// counted while unpacking. The reader of VintaSoftware's kill-the-clipboard has the same bound.
	maxPayload = 5 << 20
	// maxRID is the greatest length of a rid (specification, "Revocation").
	maxRID = 24
	// maxTime is the last second of the year 9999, in seconds since 1970.
	maxTime = 253402300799
)

// claims are the payload as it is written: the claims in the order of the specification.
type claims struct {
	Issuer    string     `json:"iss"`
	NotBefore int64      `json:"nbf"`
	Expires   int64      `json:"exp,omitempty"`
	VC        credential `json:"vc"`
}

type credential struct {
	Types   []string `json:"type"`
	Subject subject  `json:"credentialSubject"`
	RID     string   `json:"rid,omitempty"`
}

type subject struct {
	FHIRVersion string          `json:"fhirVersion"`
	Bundle      json.RawMessage `json:"fhirBundle"`
}

// marshal writes the claims of the card as minified JSON. It returns ErrMalformed for a card that no reader should accept.
func (c Card) marshal() ([]byte, error) {
	c.NotBefore, c.Expires = c.NotBefore.Truncate(time.Second), c.Expires.Truncate(time.Second)
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := checkJSON(c.Bundle); err != nil {
		return nil, err
	}
	out := claims{
		Issuer:    c.Issuer,
		NotBefore: c.NotBefore.Unix(),
		VC: credential{
			Types:   []string{HealthCardType},
			Subject: subject{FHIRVersion: c.FHIRVersion, Bundle: c.Bundle},
			RID:     c.RID,
		},
	}
	for _, kind := range c.Types {
		if kind != HealthCardType {
			out.VC.Types = append(out.VC.Types, kind)
		}
	}
	if out.VC.Subject.FHIRVersion == "" {
		out.VC.Subject.FHIRVersion = FHIRVersion
	}
	if !c.Expires.IsZero() {
		out.Expires = c.Expires.Unix()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b) // minifies the Bundle
	e.SetEscapeHTML(false)   // \u003c is five bytes more than <
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("write the claims of a SMART Health Card: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// parseClaims reads claims, leniently: numbers of seconds with fractions, members that should be there but say nothing.
func parseClaims(data []byte) (Card, error) {
	var in struct {
		Issuer    string       `json:"iss"`
		NotBefore exact.Number `json:"nbf"`
		Expires   exact.Number `json:"exp"`
		VC        struct {
			Types   []string `json:"type"`
			RID     string   `json:"rid"`
			Subject struct {
				FHIRVersion string           `json:"fhirVersion"`
				Bundle      exact.RawMessage `json:"fhirBundle"`
			} `json:"credentialSubject"`
		} `json:"vc"`
	}
	if err := decode(data, &in); err != nil {
		return Card{}, err
	}
	notBefore, err := numericDate(in.NotBefore)
	if err != nil {
		return Card{}, err
	}
	card := Card{
		Issuer: in.Issuer, NotBefore: notBefore, RID: in.VC.RID,
		FHIRVersion: in.VC.Subject.FHIRVersion, Bundle: json.RawMessage(in.VC.Subject.Bundle),
	}
	if in.Expires != "" {
		if card.Expires, err = numericDate(in.Expires); err != nil {
			return Card{}, err
		}
	}
	if !slices.Contains(in.VC.Types, HealthCardType) {
		return Card{}, malformed("it is a credential of another type")
	}
	card.Types = slices.DeleteFunc(in.VC.Types, func(kind string) bool { return kind == HealthCardType })
	return card, card.check()
}

// check returns ErrMalformed for a card that is neither written nor read.
func (c Card) check() error {
	switch {
	case !validIssuer(c.Issuer):
		return malformed("its issuer is not an https address without a slash at the end")
	case c.NotBefore.Unix() <= 0 || c.NotBefore.Unix() > maxTime:
		return malformed("its time of issue is out of range")
	case !c.Expires.IsZero() && (c.Expires.Unix() <= 0 || c.Expires.Unix() > maxTime):
		return malformed("its expiry is out of range")
	case len(c.RID) > maxRID || !isBase64Alphabet(c.RID):
		return malformed("its revocation identifier is not one")
	case !bytes.HasPrefix(bytes.TrimLeft(c.Bundle, " \t\r\n"), []byte("{")):
		return malformed("it has no Bundle")
	}
	return nil
}

// numericDate reads seconds since 1970 (RFC 7519, section 2), to the millisecond.
func numericDate(n exact.Number) (time.Time, error) {
	seconds, err := strconv.ParseFloat(string(n), 64)
	if err != nil || !(seconds > 0 && seconds <= maxTime) {
		return time.Time{}, malformed("one of its times is out of range")
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), nil
}

// isBase64Alphabet reports whether s has no other characters than base64url has.
func isBase64Alphabet(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	}) < 0
}

// inflate unpacks raw deflate (RFC 1951). It returns ErrTooLong past maxPayload, and ErrMalformed for anything but exactly one
// packed text.
func inflate(packed []byte) ([]byte, error) {
	in := bytes.NewReader(packed) // being an io.ByteReader it is read no further than the end of the packed text
	payload, err := io.ReadAll(io.LimitReader(flate.NewReader(in), maxPayload+1))
	switch {
	case err != nil:
		return nil, malformed("it cannot be unpacked")
	case len(payload) > maxPayload:
		return nil, fmt.Errorf("%w (more than %d bytes unpacked)", ErrTooLong, maxPayload)
	case in.Len() != 0:
		return nil, malformed("something follows what is packed")
	}
	return payload, nil
}
