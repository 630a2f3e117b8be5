package passkey

import (
	"errors"
	"slices"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Credential is a passkey as the server knows it: everything that registration returned, because what is not kept on the first day (backup flags,
// attestation) cannot be asked for again. The zero Credential is none.
type Credential struct {
	record   webauthn.Credential
	hardware bool // FinishHardware has proved it; what an authenticator says of itself is not enough
}

// ID is the credential id, 16 to 1,023 bytes.
func (c Credential) ID() []byte { return slices.Clone(c.record.ID) }

// PublicKey is the COSE_Key (RFC 9052 section 7) that signatures are checked with.
func (c Credential) PublicKey() []byte { return slices.Clone(c.record.PublicKey) }

// SignCount is the highest signature counter seen; 0 for passkeys that are synchronised between devices.
func (c Credential) SignCount() uint32 { return c.record.Authenticator.SignCount }

// Cloned reports that the counter once went back. It stays so.
func (c Credential) Cloned() bool { return c.record.Authenticator.CloneWarning }

// BackedUp reports whether the passkey is, by its own word, synchronised and so survives the loss of the device.
func (c Credential) BackedUp() bool { return c.record.Flags.BackupState }

// Hardware reports whether the passkey was proved, when it was made, to be bound to a security key.
func (c Credential) Hardware() bool { return c.hardware }

// Transports are the ways to reach the authenticator ("internal", "usb", ...), as the browser stated them.
func (c Credential) Transports() []string {
	names := make([]string, len(c.record.Transport))
	for i, t := range c.record.Transport {
		names[i] = string(t)
	}
	return names
}

// stored is the form in which a credential is kept: a CBOR map with integer keys, which are never reused. The flags are kept as the octet that the
// authenticator sent: a copy of four booleans would lose the reserved bits.
type stored struct {
	Version           int      `cbor:"0,keyasint"`
	ID                []byte   `cbor:"1,keyasint"`
	PublicKey         []byte   `cbor:"2,keyasint"`
	Flags             byte     `cbor:"3,keyasint"`
	SignCount         uint32   `cbor:"4,keyasint"`
	Cloned            bool     `cbor:"5,keyasint,omitempty"`
	AAGUID            []byte   `cbor:"6,keyasint,omitempty"`
	Attachment        string   `cbor:"7,keyasint,omitempty"`
	Transports        []string `cbor:"8,keyasint,omitempty"`
	AttestationType   string   `cbor:"9,keyasint,omitempty"`
	AttestationFormat string   `cbor:"10,keyasint,omitempty"`
	ClientDataJSON    []byte   `cbor:"11,keyasint,omitempty"`
	ClientDataHash    []byte   `cbor:"12,keyasint,omitempty"`
	AuthenticatorData []byte   `cbor:"13,keyasint,omitempty"`
	Algorithm         int64    `cbor:"14,keyasint,omitempty"`
	Attestation       []byte   `cbor:"15,keyasint,omitempty"`
	ResidentKey       *bool    `cbor:"16,keyasint,omitempty"`
	PRFEnabled        *bool    `cbor:"17,keyasint,omitempty"`
	HMACSecret        *bool    `cbor:"18,keyasint,omitempty"`
	LargeBlob         *bool    `cbor:"19,keyasint,omitempty"`
	CredProtect       string   `cbor:"20,keyasint,omitempty"`
	MinPinLength      *uint    `cbor:"21,keyasint,omitempty"`
	CredBlobSet       *bool    `cbor:"22,keyasint,omitempty"`
	Hardware          bool     `cbor:"23,keyasint,omitempty"`
}

// storedVersion is the version of stored that is written. Older ones stay readable for ever.
const storedVersion = 1

// errStored says that the bytes are no credential of ours.
var errStored = errors.New("passkey: a stored credential cannot be read")

// MarshalBinary writes the whole credential for storage, deterministically.
func (c Credential) MarshalBinary() ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	r := c.record
	return mode.Marshal(stored{
		Version: storedVersion, ID: r.ID, PublicKey: r.PublicKey, Flags: byte(r.Flags.ProtocolValue()),
		SignCount: r.Authenticator.SignCount, Cloned: r.Authenticator.CloneWarning, AAGUID: r.Authenticator.AAGUID,
		Attachment: string(r.Authenticator.Attachment), Transports: c.Transports(),
		AttestationType: r.AttestationType, AttestationFormat: r.AttestationFormat,
		ClientDataJSON: r.Attestation.ClientDataJSON, ClientDataHash: r.Attestation.ClientDataHash,
		AuthenticatorData: r.Attestation.AuthenticatorData, Algorithm: r.Attestation.PublicKeyAlgorithm, Attestation: r.Attestation.Object,
		ResidentKey: r.Extensions.RK, PRFEnabled: r.Extensions.PRFEnabled, HMACSecret: r.Extensions.HMACSecret,
		LargeBlob: r.Extensions.LargeBlobSupported, CredProtect: string(r.Extensions.CredProtect), MinPinLength: r.Extensions.MinPinLength,
		CredBlobSet: r.Extensions.CredBlobSet, Hardware: c.hardware,
	})
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (c *Credential) UnmarshalBinary(data []byte) error {
	mode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden,
		TagsMd: cbor.TagsForbidden, MaxNestedLevels: 4, MaxArrayElements: 64, MaxMapPairs: 64}.DecMode()
	if err != nil {
		return err
	}
	var s stored
	if len(data) > MaxResponse || mode.Unmarshal(data, &s) != nil || s.Version != storedVersion || len(s.ID) == 0 || len(s.PublicKey) == 0 {
		return errStored
	}
	transports := make([]protocol.AuthenticatorTransport, len(s.Transports))
	for i, t := range s.Transports {
		transports[i] = protocol.AuthenticatorTransport(t)
	}
	c.hardware = s.Hardware
	c.record = webauthn.Credential{
		ID: s.ID, PublicKey: s.PublicKey, AttestationType: s.AttestationType, AttestationFormat: s.AttestationFormat,
		Transport: transports, Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(s.Flags)),
		Authenticator: webauthn.Authenticator{AAGUID: s.AAGUID, SignCount: s.SignCount, CloneWarning: s.Cloned,
			Attachment: protocol.AuthenticatorAttachment(s.Attachment)},
		Attestation: webauthn.CredentialAttestation{ClientDataJSON: s.ClientDataJSON, ClientDataHash: s.ClientDataHash,
			AuthenticatorData: s.AuthenticatorData, PublicKeyAlgorithm: s.Algorithm, Object: s.Attestation},
		Extensions: webauthn.CredentialExtensions{RK: s.ResidentKey, PRFEnabled: s.PRFEnabled, HMACSecret: s.HMACSecret,
			LargeBlobSupported: s.LargeBlob, CredProtect: protocol.CredentialProtectionPolicy(s.CredProtect),
			MinPinLength: s.MinPinLength, CredBlobSet: s.CredBlobSet},
	}
	return nil
}
