package shc

import (
	"errors"
	"fmt"

	"github.com/locket-health/locket/cards"
)

// What can be wrong with a card from outside. No text quotes the card.
var (
	// ErrMalformed: not a SMART Health Card, or one that readers could understand in more than one way.
	ErrMalformed = errors.New("this is not a whole SMART Health Card; scan the code or save the file again")
	// ErrTooLong: longer than any card that is read, as it is or unpacked.
	ErrTooLong = errors.New("this is longer than any SMART Health Card that is read here; ask for a SMART Health Link instead")
	// ErrChunked: one QR code of several. HL7 withdrew that form in December 2022.
	ErrChunked = errors.New("this code is one of several that make one SMART Health Card, a form that is no longer read; ask for its file")
	// ErrRevocations: not a revocation list.
	ErrRevocations = errors.New("this is not the revocation list of SMART Health Cards")
)

// FitError is a cards.ErrNoFit that says by how much.
type FitError struct {
	// Length of the JWS and Limit, both in characters.
	Length, Limit int
}

// Error says both lengths.
func (e *FitError) Error() string {
	return fmt.Sprintf("a SMART Health Card of %d characters does not fit a QR code, which holds %d; leave something out, or use the file",
		e.Length, e.Limit)
}

// Unwrap returns cards.ErrNoFit.
func (e *FitError) Unwrap() error { return cards.ErrNoFit }

// malformed is an ErrMalformed that says which part is wrong. It never quotes the part.
func malformed(detail string) error { return fmt.Errorf("%w (%s)", ErrMalformed, detail) }
