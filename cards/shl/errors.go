package shl

import (
	"errors"
	"fmt"
)

// What can be wrong with links, requests and files from outside. No text quotes them: they hold keys and passcodes.
var (
	// ErrMalformed: not a SMART Health Link, or one that readers could understand in more than one way.
	ErrMalformed = errors.New("this is not a whole SMART Health Link; scan or copy the original again")
	// ErrTooLong: longer than any link, request or file that is read.
	ErrTooLong = errors.New("this is longer than anything that is read of a SMART Health Link")
	// ErrNewerVersion: a link of a version after 1. Its label and expiry are read all the same, because they keep their meaning.
	ErrNewerVersion = errors.New("this SMART Health Link is newer than this reader; update the reader")
	// ErrDecrypt: a file that does not open with this key.
	ErrDecrypt = errors.New("this file does not open with the key of the SMART Health Link: it belongs to another link or was changed")
	// ErrRequest: a request for a manifest that is not one.
	ErrRequest = errors.New("this is not a request for the manifest of a SMART Health Link")
	// ErrManifest: a manifest that is not one.
	ErrManifest = errors.New("this is not the manifest of a SMART Health Link")
)

// malformed is an ErrMalformed that says which part is wrong. It never quotes the part.
func malformed(detail string) error { return fmt.Errorf("%w (%s)", ErrMalformed, detail) }
