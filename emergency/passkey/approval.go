package passkey

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/go-webauthn/webauthn/webauthn"
)

// nonceSize is the number of random bytes before the hash in the challenge of an approval: a challenge must not be predictable, even for a
// change that was approved before.
const nonceSize = 32

// Approval is the proof that a person, verified by the authenticator, approved exactly one action. It holds no secret and can be kept and checked for
// ever by VerifyApproval. Byte fields are standard base64 in JSON.
type Approval struct {
	ClientDataJSON    []byte `json:"client_data_json"`   // Web Authentication level 3, section 5.8.1; its challenge is nonce || SHA-256(action)
	AuthenticatorData []byte `json:"authenticator_data"` // section 6.1
	Signature         []byte `json:"signature"`          // over authenticator data || SHA-256(client data)
	PublicKey         []byte `json:"public_key"`         // COSE_Key of the passkey
	CredentialID      []byte `json:"credential_id"`
	RPID              string `json:"rp_id"`
}

// BeginApproval asks user to approve action, the canonical bytes of a change, with one of user.Credentials. Passkeys whose counter went back are
// not asked; a user with no other gets ErrCloned, one with none at all ErrNone. options is {"publicKey": ...}.
func (rp *RelyingParty) BeginApproval(user User, action []byte) (options, state []byte, err error) {
	sound := user
	sound.Credentials = nil
	for _, c := range user.Credentials {
		if !c.Cloned() {
			sound.Credentials = append(sound.Credentials, c)
		}
	}
	switch {
	case len(user.Credentials) == 0:
		return nil, nil, ErrNone
	case len(sound.Credentials) == 0:
		return nil, nil, ErrCloned
	}
	challenge := make([]byte, nonceSize, nonceSize+sha256.Size)
	rand.Read(challenge) // never fails: crypto/rand ends the program instead
	sum := sha256.Sum256(action)
	// Not the discoverable form: some phones send no user handle when credentials are listed (go-webauthn issue 171).
	assertion, session, err := rp.web.BeginLogin(account{sound}, webauthn.WithChallenge(append(challenge, sum[:]...)))
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: begin approval: %w", err)
	}
	return rp.begun(approval, assertion, session)
}

// FinishApproval checks the browser's response against the state of its Begin and against action, which must be the same bytes again, and returns
// the proof together with the passkey, brought up to date: write it back, also when the error is ErrCloned. It answers ErrCeremony, ErrTooLarge,
// ErrSecret, ErrUnknown, ErrProof, or ErrCloned when the counter of the passkey went back now or before.
func (rp *RelyingParty) FinishApproval(user User, state, action, response []byte) (Approval, Credential, error) {
	session, err := rp.open(approval, state)
	if err != nil {
		return Approval{}, Credential{}, err
	}
	parsed, err := parseAssertion(response)
	if err != nil {
		return Approval{}, Credential{}, err
	}
	if !user.has(parsed.RawID) {
		return Approval{}, Credential{}, ErrUnknown
	}
	record, err := rp.web.ValidateLogin(account{user}, session, parsed)
	if err != nil {
		return Approval{}, Credential{}, ErrProof
	}
	credential := user.current(record)
	proof := Approval{
		ClientDataJSON:    bytes.Clone(parsed.Raw.AssertionResponse.ClientDataJSON),
		AuthenticatorData: bytes.Clone(parsed.Raw.AssertionResponse.AuthenticatorData),
		Signature:         bytes.Clone(parsed.Raw.AssertionResponse.Signature),
		PublicKey:         credential.PublicKey(),
		CredentialID:      credential.ID(),
		RPID:              rp.rpID,
	}
	// The library knows nothing of the action: what a stranger will check later is what is checked now.
	if err := VerifyApproval(proof, action, rp.rpID, rp.origins); err != nil {
		return Approval{}, Credential{}, ErrProof
	}
	if credential.Cloned() {
		return Approval{}, credential, ErrCloned
	}
	return proof, credential, nil
}
