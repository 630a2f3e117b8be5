package passkey

import (
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Assertion is a sign-in that was proved.
type Assertion struct {
	// Handle is the user handle of who signed in.
	Handle []byte
	// Credential is the passkey used, brought up to date: write it back. Cloned says that its counter went back; the sign-in stands, the
	// owner is to be told, and the passkey approves nothing any more.
	Credential Credential
}

// BeginSignIn starts a sign-in that asks for no name: the authenticator offers the passkeys that it holds for this site. When conditional is true
// the browser offers them in the autocompletion of a form field instead of a dialogue. options is {"publicKey": ..., "mediation"?: "conditional"}.
func (rp *RelyingParty) BeginSignIn(conditional bool) (options, state []byte, err error) {
	mediation := protocol.MediationDefault
	if conditional {
		mediation = protocol.MediationConditional
	}
	assertion, session, err := rp.web.BeginDiscoverableMediatedLogin(mediation)
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: begin sign-in: %w", err)
	}
	return rp.begun(signIn, assertion, session)
}

// FinishSignIn checks the browser's response against the state of its Begin. lookup finds the user who has the given handle and holds the given
// credential, with that credential; its error is returned as it is. Otherwise it answers ErrCeremony, ErrTooLarge, ErrSecret, ErrUnknown or
// ErrProof.
func (rp *RelyingParty) FinishSignIn(state, response []byte, lookup func(credential, handle []byte) (User, error)) (Assertion, error) {
	session, err := rp.open(signIn, state)
	if err != nil {
		return Assertion{}, err
	}
	parsed, err := parseAssertion(response)
	if err != nil {
		return Assertion{}, err
	}
	user, err := lookup(parsed.RawID, parsed.Response.UserHandle)
	if err != nil {
		return Assertion{}, err
	}
	if !user.has(parsed.RawID) {
		return Assertion{}, ErrUnknown
	}
	found := func(_, _ []byte) (webauthn.User, error) { return account{user}, nil }
	_, record, err := rp.web.ValidatePasskeyLogin(found, session, parsed)
	if err != nil {
		return Assertion{}, ErrProof
	}
	return Assertion{Handle: user.Handle, Credential: user.current(record)}, nil
}
