package emergency

import (
	"errors"
	"fmt"
)

// Error is a refusal that a person can read: a stable code for programs, which is also the key of its words in the locales
// ("error.<code>"), arguments for those words, and the cause, which never leaves the server.
type Error struct {
	Code  string
	Args  map[string]any
	Cause error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.Cause)
	}
	return e.Code
}

func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors with the same code equal, whatever they carry.
func (e *Error) Is(target error) bool {
	var other *Error
	return errors.As(target, &other) && other.Code == e.Code
}

// because returns a copy of e that carries its cause.
func (e *Error) because(cause error) *Error { return &Error{Code: e.Code, Args: e.Args, Cause: cause} }

// with returns a copy of e that carries an argument for its words.
func (e *Error) with(name string, value any) *Error {
	args := map[string]any{name: value}
	for k, v := range e.Args {
		args[k] = v
	}
	return &Error{Code: e.Code, Args: args, Cause: e.Cause}
}

// What the domain refuses, and why. web turns each into a status and words, once.
var (
	ErrNotFound       = &Error{Code: "not_found"}         // no such thing, or not the caller's: the two are not told apart
	ErrSignIn         = &Error{Code: "sign_in"}           // nobody is signed in
	ErrFreshPasskey   = &Error{Code: "fresh_passkey"}     // the act needs a passkey touched just now
	ErrNoCard         = &Error{Code: "no_card"}           // unknown, revoked or wrong secret: one answer for all three
	ErrRefused        = &Error{Code: "refused"}           // the rules do not let this responder in
	ErrInvalid        = &Error{Code: "invalid"}           // the input cannot be taken as it is; Args says what and where
	ErrConflict       = &Error{Code: "conflict"}          // somebody else changed the record meanwhile
	ErrPasscode       = &Error{Code: "passcode"}          // the passcode of a link is wrong
	ErrContactCode    = &Error{Code: "contact_code"}      // the code of a contact is wrong, or was not given
	ErrTooMany        = &Error{Code: "too_many"}          // slowed down; Args["retry_after"] in seconds
	ErrLogUnavailable = &Error{Code: "log_unavailable"}   // the log cannot be written: no log, no data
	ErrUnlisted       = &Error{Code: "unlisted"}          // the list of what is gone cannot be written, so nothing is erased
	ErrUnpublished    = &Error{Code: "unpublished"}       // no checkpoint covers the entry yet: its proof comes with the next one
	ErrBusy           = &Error{Code: "busy"}              // the server is shedding load or stopping
	ErrCeremony       = &Error{Code: "ceremony"}          // a passkey ceremony is unknown, used, expired or not this one
	ErrPasskey        = &Error{Code: "passkey"}           // the passkey did not prove what was asked
	ErrClonedPasskey  = &Error{Code: "cloned_passkey"}    // the passkey's counter went back
	ErrLastPasskey    = &Error{Code: "last_passkey"}      // the only way in may not be removed
	ErrCooling        = &Error{Code: "cooling"}           // after a recovery, what cannot be undone waits, or needs a passkey from before
	ErrNoRecovery     = &Error{Code: "no_recovery"}       // a second passkey or a recovery code comes before the first card
	ErrTooLarge       = &Error{Code: "too_large"}         // the input is larger than what is read
	ErrNoFit          = &Error{Code: "no_fit"}            // the carrier has no room for what it must hold
	ErrMember         = &Error{Code: "member"}            // somebody belongs to the organization already, or was suspended there
	ErrLastAdmin      = &Error{Code: "last_admin"}        // an organization keeps one administrator
	ErrHardware       = &Error{Code: "hardware"}          // the organization takes passkeys alone that are bound to hardware
	ErrNoMetadata     = &Error{Code: "no_metadata"}       // this house knows no metadata of security keys
	ErrGuardian       = &Error{Code: "guardian"}          // a guardian does not decide this, or one keeper not about another
	ErrConfidential   = &Error{Code: "confidential"}      // the patient keeps the section from guardians
	ErrKeeper         = &Error{Code: "keeper"}            // somebody keeps the record already
	ErrLastKeeper     = &Error{Code: "last_keeper"}       // a record keeps one keeper who is not a guardian
	ErrTooYoung       = &Error{Code: "too_young"}         // Args["age"]: nobody younger, or without a birth date, gets an account for their own record
	ErrOwnReview      = &Error{Code: "own_review"}        // whoever opened does not answer for it
	ErrChanged        = &Error{Code: "changed_meanwhile"} // what was approved is not what there is any more
)
