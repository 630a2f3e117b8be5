package cards

import (
	"errors"
	"fmt"
)

// What can be wrong with bytes, addresses, texts and pictures from outside. Every text says what happened and what to do;
// none quotes the input, which may hold a secret.
var (
	// ErrMalformed: the bytes are not a card, or not the only encoding of one.
	ErrMalformed = errors.New("this is not a whole card: it is damaged, cut short or not from Locket; scan the original again")
	// ErrTooLong: longer than any card may be. Nothing of it was decoded.
	ErrTooLong = errors.New("this is longer than any card may be, so it was not read; scan the original again")
	// ErrNewerFormat: the first byte names a format which this version does not know.
	ErrNewerFormat = errors.New("this card is newer than this reader (or its address was cut short); update the reader, or open the address online")
	// ErrMismatch: the card named in the path of an address is not the one in its fragment.
	ErrMismatch = errors.New("the address names one card and carries another, so somebody joined them: trust neither; scan the original again")
	// ErrAddress: not the address of a card.
	ErrAddress = errors.New("this is not the address of a card, which looks like https://HOST/c/ID#DIGITS; scan or copy the whole of it")
	// ErrNoFront: the address of a card without the card in it, as Address.Short gives it.
	ErrNoFront = errors.New("the address ends before the card begins (nothing after #); scan the code again, or open the address online")
	// ErrShortCode: not a short code. The error says which character is wrong, by its place.
	ErrShortCode = errors.New("this is not the code of a card; compare it with the card, character by character")
	// ErrPicture: not a PNG or JPEG.
	ErrPicture = errors.New("this is not a PNG or JPEG picture, or it is damaged; save the picture again")
	// ErrNoCode: a picture without a QR code that can be read.
	ErrNoCode = errors.New("no QR code was found in the picture; take it again, flat, in even light, with the whole code and its white margin in view")
	// ErrNoFit: a front that is too long for its carrier.
	ErrNoFit = errors.New("this does not fit; leave something out of the front, or choose a larger carrier")
	// ErrKey: a key that may not sign or verify cards.
	ErrKey = errors.New("this is not a key for cards")
)

// malformed is an ErrMalformed that says which part is wrong. It never quotes the part.
func malformed(detail string) error { return fmt.Errorf("%w (%s)", ErrMalformed, detail) }
