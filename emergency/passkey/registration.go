package passkey

import (
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// BeginRegistration starts making a passkey for user; authenticators that hold one of user.Credentials already decline. options is the JSON object
// {"publicKey": ...} for navigator.credentials.create after PublicKeyCredential.parseCreationOptionsFromJSON.
func (rp *RelyingParty) BeginRegistration(user User) (options, state []byte, err error) {
	return rp.register(rp.web, registration, user)
}

func (rp *RelyingParty) register(web *webauthn.WebAuthn, kind purpose, user User, more ...webauthn.RegistrationOption) (options, state []byte, err error) {
	person := account{user}
	creation, session, err := web.BeginRegistration(person, append(more,
		webauthn.WithCredentialParameters(algorithms()),
		webauthn.WithExclusions(webauthn.Credentials(person.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithExtensions(webauthn.WithExtensionCredProps()))...)
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: begin registration: %w", err)
	}
	return rp.begun(kind, creation, session)
}

// FinishRegistration checks the browser's response (PublicKeyCredential.toJSON) against the state of its Begin and returns the new passkey.
// It answers ErrCeremony, ErrTooLarge, ErrSecret or ErrProof.
func (rp *RelyingParty) FinishRegistration(user User, state, response []byte) (Credential, error) {
	return rp.finish(rp.web, registration, user, state, response)
}

func (rp *RelyingParty) finish(web *webauthn.WebAuthn, kind purpose, user User, state, response []byte) (Credential, error) {
	session, err := rp.open(kind, state)
	if err != nil {
		return Credential{}, err
	}
	if len(response) > MaxResponse {
		return Credential{}, ErrTooLarge
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Credential{}, ErrProof
	}
	if err := refuseSecrets(parsed.ClientExtensionResults); err != nil {
		return Credential{}, err
	}
	record, err := web.CreateCredential(account{user}, session, parsed)
	if err != nil || len(record.ID) < 16 || len(record.ID) > 1023 {
		return Credential{}, ErrProof
	}
	return Credential{record: *record}, nil
}
