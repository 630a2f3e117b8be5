package shl

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"

	exact "github.com/go-jose/go-jose/v4/json"
)

// Bounds of a request, in bytes.
const (
	MaxRequest   = 8 << 10
	MaxRecipient = 200
	maxPasscode  = 200
)

// Request is what a reader posts to the address of a link (specification, "SMART Health Link Manifest Request").
type Request struct {
	// Recipient is who says to be asking. Nobody checks it: show and log it as claimed.
	Recipient string
	// Passcode is empty when there is none.
	Passcode string
	// EmbeddedLengthMax is the greatest length of a file in the manifest itself; nil means any.
	EmbeddedLengthMax *int64
}

// ParseRequest reads a request. Members that are not known are passed over. Control characters in the recipient become
// spaces. It returns ErrTooLong, or ErrRequest, also when nobody says to be asking.
func ParseRequest(data []byte) (Request, error) {
	if len(data) > MaxRequest {
		return Request{}, ErrTooLong
	}
	var in struct {
		Recipient         string       `json:"recipient"`
		Passcode          string       `json:"passcode"`
		EmbeddedLengthMax exact.Number `json:"embeddedLengthMax"`
	}
	if !json.Valid(data) || exact.Unmarshal(data, &in) != nil {
		return Request{}, fmt.Errorf("%w: it is not JSON, or not in its form", ErrRequest)
	}
	r := Request{Recipient: cleanRecipient(in.Recipient), Passcode: in.Passcode}
	switch {
	case r.Recipient == "":
		return Request{}, fmt.Errorf("%w: it does not say who asks (recipient)", ErrRequest)
	case len(r.Recipient) > MaxRecipient:
		return Request{}, fmt.Errorf("%w: recipient has more than %d bytes", ErrRequest, MaxRecipient)
	case len(r.Passcode) > maxPasscode:
		return Request{}, fmt.Errorf("%w: passcode has more than %d bytes", ErrRequest, maxPasscode)
	}
	if in.EmbeddedLengthMax != "" {
		limit, err := in.EmbeddedLengthMax.Int64()
		if err != nil || limit < 0 {
			return Request{}, fmt.Errorf("%w: embeddedLengthMax is not a length", ErrRequest)
		}
		r.EmbeddedLengthMax = &limit
	}
	return r, nil
}

func cleanRecipient(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}

// Embeds reports whether a sealed file may stand in the manifest itself; else it gets a location.
func (r Request) Embeds(jwe string) bool {
	return r.EmbeddedLengthMax == nil || int64(len(jwe)) <= *r.EmbeddedLengthMax
}

// Format prints nothing of the request for any verb: it may hold a passcode.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[request]") }

// LogValue is the same.
func (r Request) LogValue() slog.Value { return slog.StringValue("[request]") }

// Manifest is the answer to a Request: the files behind a link, at least one.
type Manifest struct {
	Files []File `json:"files"`
}

// File is one file of a manifest. Either Location or Embedded is set, never both: some readers refuse a file with both.
type File struct {
	// ContentType is TypeHealthCard or TypeFHIR.
	ContentType string `json:"contentType"`
	// Location answers GET with the sealed file as application/jose, to anybody, for at most an hour.
	Location string `json:"location,omitempty"`
	// Embedded is the sealed file itself.
	Embedded string `json:"embedded,omitempty"`
	// LastUpdated is when the content changed last; zero leaves it out.
	LastUpdated time.Time `json:"lastUpdated,omitzero"`
	// Status says whether the content may change; empty leaves it out.
	Status FileStatus `json:"status,omitempty"`
	// FHIRVersion is that of FHIR content; empty means 4.0.1.
	FHIRVersion string `json:"fhirVersion,omitempty"`
}

// FileStatus says whether a file may change.
type FileStatus string

// The statuses of a file that is still good.
const (
	FileFinalized FileStatus = "finalized"
	FileCanChange FileStatus = "can-change"
)

// Encode writes the manifest as application/json. It returns ErrManifest when there is no file, or one with both or neither of
// location and content, or of an unknown type.
func (m Manifest) Encode() ([]byte, error) {
	if len(m.Files) == 0 {
		return nil, fmt.Errorf("%w: it has no file", ErrManifest)
	}
	for _, f := range m.Files {
		switch {
		case f.ContentType != TypeHealthCard && f.ContentType != TypeFHIR:
			return nil, fmt.Errorf("%w: a file is of an unknown type", ErrManifest)
		case (f.Location == "") == (f.Embedded == ""):
			return nil, fmt.Errorf("%w: a file must have either a location or its content", ErrManifest)
		case f.Location != "" && !validURL(f.Location):
			return nil, fmt.Errorf("%w: the location of a file is not https", ErrManifest)
		}
	}
	return json.Marshal(m)
}

// Refusal is the answer to a wrong passcode, with status 401.
type Refusal struct {
	// RemainingAttempts is how many wrong passcodes the link still takes in its whole life before it dies. It counts for the link
	// alone, never for the card.
	RemainingAttempts int `json:"remainingAttempts"`
}
