package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Bounds of an Approval's fields in bytes, far above what browsers and authenticators make.
const (
	maxClientData = 4 << 10
	maxAuthData   = 4 << 10
	maxSignature  = 1 << 10
	maxPublicKey  = 2 << 10
)

// Flags of authenticator data (Web Authentication level 3, section 6.1) that an approval must carry, and where they stand.
const (
	flagUserPresent  = 0x01
	flagUserVerified = 0x04
	authDataHashEnd  = sha256.Size
	authDataMinimum  = sha256.Size + 1 + 4
)

// VerifyApproval reports whether approval proves that the holder of its passkey, present and verified, approved exactly these bytes of action on a page
// of one of origins. It needs no stored state and does not trust the server that kept the approval: only that the public key is the patient's, which
// the log says. It answers ErrProof, wrapped with what does not hold.
//
// It follows Web Authentication level 3, section 7.2, steps 12 to 23, for ES256, EdDSA (Ed25519) and RS256.
func VerifyApproval(approval Approval, action []byte, rpID string, origins []string) error {
	if len(approval.ClientDataJSON) > maxClientData || len(approval.AuthenticatorData) > maxAuthData ||
		len(approval.Signature) > maxSignature || len(approval.PublicKey) > maxPublicKey {
		return unproved("a part of it is too long")
	}
	if err := checkClientData(approval.ClientDataJSON, action, origins); err != nil {
		return err
	}
	if err := checkAuthenticatorData(approval.AuthenticatorData, rpID); err != nil {
		return err
	}
	if approval.RPID != rpID {
		return unproved("it was made for another site")
	}
	sum := sha256.Sum256(approval.ClientDataJSON)
	return checkSignature(approval.PublicKey, slices.Concat(approval.AuthenticatorData, sum[:]), approval.Signature)
}

// unproved says what does not hold, in words without any of the approval's content.
func unproved(what string) error { return &proofError{what} }

type proofError struct{ what string }

func (e *proofError) Error() string { return ErrProof.Error() + ": " + e.what }
func (e *proofError) Unwrap() error { return ErrProof }

// checkClientData checks what the browser said it signed for.
func checkClientData(clientData, action []byte, origins []string) error {
	// Into a map, because names match exactly there: a struct would also take "TYPE" for "type".
	var members map[string]json.RawMessage
	if err := json.Unmarshal(clientData, &members); err != nil {
		return unproved("the client data is not JSON")
	}
	var kind, challenge, origin string
	var crossOrigin bool
	for name, target := range map[string]any{"type": &kind, "challenge": &challenge, "origin": &origin, "crossOrigin": &crossOrigin} {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, target) != nil {
			return unproved("the client data is malformed")
		}
	}
	switch {
	case kind != "webauthn.get":
		return unproved("it is not an assertion")
	case !slices.Contains(origins, origin):
		return unproved("it was made on another page")
	case crossOrigin:
		return unproved("it was made inside a foreign page")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(raw) != nonceSize+sha256.Size {
		return unproved("its challenge is of another kind")
	}
	if sum := sha256.Sum256(action); !bytes.Equal(raw[nonceSize:], sum[:]) {
		return unproved("it approves another action")
	}
	return nil
}

// checkAuthenticatorData checks the site and that the person was there and verified.
func checkAuthenticatorData(data []byte, rpID string) error {
	if len(data) < authDataMinimum {
		return unproved("the authenticator data is too short")
	}
	if sum := sha256.Sum256([]byte(rpID)); !bytes.Equal(data[:authDataHashEnd], sum[:]) {
		return unproved("the authenticator signed for another site")
	}
	if flags := data[authDataHashEnd]; flags&flagUserPresent == 0 || flags&flagUserVerified == 0 {
		return unproved("the person was not verified")
	}
	return nil
}

// checkSignature checks signature over message with a COSE_Key.
func checkSignature(coseKey, message, signature []byte) error {
	key, err := publicKey(coseKey)
	if err != nil {
		return unproved("the public key cannot be used")
	}
	digest := sha256.Sum256(message)
	var ok bool
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, message, signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	if !ok {
		return unproved("the signature does not hold")
	}
	return nil
}

// errKey says that a COSE_Key is malformed or of an algorithm that Locket never asks for.
var errKey = errors.New("passkey: unsupported public key")

// publicKey turns a COSE_Key into a key of the standard library.
func publicKey(coseKey []byte) (crypto.PublicKey, error) {
	parsed, err := webauthncose.ParsePublicKey(coseKey)
	if err != nil {
		return nil, errKey
	}
	switch k := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(k.Algorithm) != webauthncose.AlgES256 {
			return nil, errKey
		}
		return k.ToECDSA()
	case webauthncose.OKPPublicKeyData:
		return ed25519.PublicKey(k.XCoord), nil
	case webauthncose.RSAPublicKeyData:
		exponent, err := webauthncose.ParseRSAPublicKeyDataExponent(&k)
		if err != nil || webauthncose.COSEAlgorithmIdentifier(k.Algorithm) != webauthncose.AlgRS256 {
			return nil, errKey
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(k.Modulus), E: exponent}, nil
	default:
		return nil, errKey
	}
}
