package passkey

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/metadata/providers/memory"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Some organizations take passkeys alone that cannot leave the device which made them. The authenticator then has to say of what model it is (Web
// Authentication level 3, section 6.5), and what it says is checked against the list of the FIDO Alliance (Metadata Service 3). A list of models alone would let
// through whoever makes one up: an attestation of the format "none" is checked against no list by the library. So the outcome is checked here once more.

// MaxMetadata bounds a metadata BLOB, in bytes. The one of 2026 has 9 MB.
const MaxMetadata = 64 << 20

// ErrNoMetadata says that the relying party was given no metadata, without which nothing can be said of a security key.
var ErrNoMetadata = errors.New("passkey: there is no metadata of security keys")

// ErrMetadata says that a metadata BLOB was given which the FIDO Alliance has not signed, or which cannot be read.
var ErrMetadata = errors.New("passkey: this is not a metadata BLOB of the FIDO Alliance")

// proven are the types of attestation behind which a manufacturer's certificate stands (FIDO Registry of Predefined Values, section 3.6.3).
var proven = []string{string(metadata.BasicFull), string(metadata.AttCA), string(metadata.AnonCA)}

// strict is what registers hardware-bound passkeys.
type strict struct {
	web    *webauthn.WebAuthn
	models map[[16]byte]bool // that the metadata lists, by AAGUID
}

// newStrict reads a metadata BLOB (FIDO Metadata Service 3.1, section 3.1.7), a JWS whose certificates lead to root, that of the FIDO Alliance when it is "".
// Models that the library does not understand are not taken.
func newStrict(config webauthn.Config, blob []byte, root string) (*strict, error) {
	if len(blob) > MaxMetadata {
		return nil, fmt.Errorf("%w: it is too large", ErrMetadata)
	}
	options := []metadata.DecoderOption{metadata.WithIgnoreEntryParsingErrors()}
	if root != "" {
		options = append(options, metadata.WithRootCertificate(root))
	}
	decoder, err := metadata.NewDecoder(options...)
	if err != nil {
		return nil, fmt.Errorf("passkey: metadata: %w", err)
	}
	payload, err := decoder.DecodeBytes(blob)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	read, err := decoder.Parse(payload)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	models := read.ToMap()
	s := &strict{models: make(map[[16]byte]bool, len(models))}
	for model := range models {
		s.models[model] = true
	}
	provider, err := memory.New(memory.WithMetadata(models), memory.WithValidateEntry(true), memory.WithValidateEntryPermitZeroAAGUID(false),
		memory.WithValidateTrustAnchor(true), memory.WithValidateStatus(true), memory.WithValidateAttestationTypes(true),
		memory.WithValidateAAGUID(true), memory.WithValidateBackupEligibility(true))
	if err != nil {
		return nil, fmt.Errorf("passkey: metadata: %w", err)
	}
	config.MDS, config.AttestationPreference = provider, protocol.PreferDirectAttestation
	config.AuthenticatorSelection.AuthenticatorAttachment = protocol.CrossPlatform
	if s.web, err = webauthn.New(&config); err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	return s, nil
}

// BeginHardware is BeginRegistration of a passkey that is bound to hardware. It answers ErrNoMetadata when this relying party cannot check one.
func (rp *RelyingParty) BeginHardware(user User) (options, state []byte, err error) {
	if rp.strict == nil {
		return nil, nil, ErrNoMetadata
	}
	return rp.register(rp.strict.web, hardware, user,
		webauthn.WithConveyancePreference(protocol.PreferDirectAttestation),
		webauthn.WithPublicKeyCredentialHints([]protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}))
}

// FinishHardware is FinishRegistration of a passkey that is bound to hardware: one of a model that the metadata lists and does not warn of, whose manufacturer
// vouches for it, which verified its user, and which cannot be copied to another device. Anything else is ErrProof.
func (rp *RelyingParty) FinishHardware(user User, state, response []byte) (Credential, error) {
	if rp.strict == nil {
		return Credential{}, ErrNoMetadata
	}
	credential, err := rp.finish(rp.strict.web, hardware, user, state, response)
	if err != nil {
		return Credential{}, err
	}
	r := credential.record
	var model [16]byte
	if copy(model[:], r.Authenticator.AAGUID) != len(model) || model == [16]byte{} || !rp.strict.models[model] || !slices.Contains(proven, r.AttestationType) ||
		r.Flags.BackupEligible || r.Flags.BackupState || !r.Flags.UserVerified {
		return Credential{}, ErrProof
	}
	credential.hardware = true
	return credential, nil
}
