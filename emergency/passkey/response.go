package passkey

import (
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// begun packs what a Begin returns.
func (rp *RelyingParty) begun(p purpose, ceremony any, session *webauthn.SessionData) (options, state []byte, err error) {
	if options, err = json.Marshal(ceremony); err != nil {
		return nil, nil, fmt.Errorf("passkey: write %s options: %w", p, err)
	}
	if state, err = rp.seal(p, session); err != nil {
		return nil, nil, err
	}
	return options, state, nil
}

// parseAssertion reads the response of a sign-in or an approval.
func parseAssertion(response []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(response) > MaxResponse {
		return nil, ErrTooLarge
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, ErrProof
	}
	return parsed, refuseSecrets(parsed.ClientExtensionResults)
}

// refuseSecrets refuses a response that carries key material. PublicKeyCredential.toJSON includes the outputs of the PRF extension, which are the
// keys of a vault that the server must never see: a page that posts them is broken, and is told so before anything is stored.
func refuseSecrets(outputs protocol.AuthenticationExtensionsClientOutputs) error {
	if outputs.PRF != nil && outputs.PRF.Results != nil || outputs.HMACGetSecret != nil || outputs.LargeBlob != nil && len(outputs.LargeBlob.Blob) > 0 {
		return ErrSecret
	}
	return nil
}
