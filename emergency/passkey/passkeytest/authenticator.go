// Package passkeytest is an authenticator and the browser before it, in software: it answers the options of package passkey as a page would post them.
// Tests of other packages drive sign-up, sign-in and approvals with it, and its fields make it lie.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// Flags of authenticator data (Web Authentication level 3, section 6.1).
const (
	UserPresent    byte = 0x01
	UserVerified   byte = 0x04
	BackupEligible byte = 0x08
	BackupState    byte = 0x10
	attested       byte = 0x40
)

// Authenticator holds passkeys (ES256, attestation "none"), and the page that uses them. The exported fields may be changed between calls.
type Authenticator struct {
	Origin string         // of the page
	Flags  byte           // of every answer
	Step   int64          // what the signature counter grows by; 0 and a counter of 0 is a synchronised passkey
	Alter  func(*Answer)  // changes what is signed, just before it is
	Output map[string]any // clientExtensionResults of every answer
	Model  *Model         // what it says of itself when a passkey is made; nil: nothing (attestation "none")

	keys []*passkey
}

// Answer is what an authenticator is about to sign.
type Answer struct {
	Type      string // "webauthn.create" or "webauthn.get"
	Challenge string // base64url, as in the options
	Origin    string
	RPID      string
	Flags     byte
	Count     uint32
	Cross     bool // crossOrigin
}

type passkey struct {
	id, handle []byte
	rpID       string
	private    *ecdsa.PrivateKey
	count      uint32
}

// New returns an authenticator without passkeys, before a page of origin, whose user is present and verified.
func New(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Flags: UserPresent | UserVerified, Step: 1}
}

// Synced returns an authenticator whose passkeys are synchronised between devices: they are backed up and do not count.
func Synced(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Flags: UserPresent | UserVerified | BackupEligible | BackupState}
}

// descriptor names a credential in the options.
type descriptor struct {
	ID string `json:"id"`
}

// ErrNone is what a browser would answer when no passkey fits, or one is there already that must not be.
var ErrNone = errors.New("passkeytest: no passkey can answer these options")

// Create answers the options of a registration, {"publicKey": ...}, with the JSON of PublicKeyCredential.toJSON.
func (a *Authenticator) Create(options []byte) ([]byte, error) {
	var o struct {
		PublicKey struct {
			RP                 struct{ ID string }
			User               struct{ ID string }
			Challenge          string
			ExcludeCredentials []descriptor
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	for _, excluded := range o.PublicKey.ExcludeCredentials {
		if a.find(excluded.ID) != nil {
			return nil, ErrNone
		}
	}
	handle, err := base64.RawURLEncoding.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		return nil, err
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	key := &passkey{id: make([]byte, 32), handle: handle, rpID: o.PublicKey.RP.ID, private: private}
	rand.Read(key.id)
	coseKey, err := encodeKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}

	answer := a.answer("webauthn.create", o.PublicKey.Challenge, key)
	data := answer.data(attested)
	data = append(data, a.Model.aaguid()...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(key.id)))
	data = append(append(data, key.id...), coseKey...)
	format, statement, err := a.Model.attest(private, data, answer.clientData())
	if err != nil {
		return nil, err
	}
	object, err := cbor.Marshal(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
	if err != nil {
		return nil, err
	}
	a.keys = append(a.keys, key)
	return a.post(key, map[string]any{
		"clientDataJSON": encode(answer.clientData()), "attestationObject": encode(object), "transports": []string{"internal"},
	})
}

// Get answers the options of a sign-in or an approval with the JSON of PublicKeyCredential.toJSON. When the options name credentials it uses
// one of them and, as some phones do, leaves the user handle out.
func (a *Authenticator) Get(options []byte) ([]byte, error) {
	var o struct {
		PublicKey struct {
			RPID             string
			Challenge        string
			AllowCredentials []descriptor
		}
	}
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	listed := len(o.PublicKey.AllowCredentials) > 0
	var key *passkey
	for _, k := range a.keys {
		named := slices.ContainsFunc(o.PublicKey.AllowCredentials, func(d descriptor) bool { return d.ID == encode(k.id) })
		if k.rpID == o.PublicKey.RPID && (!listed || named) {
			key = k // the newest that fits
		}
	}
	if key == nil {
		return nil, ErrNone
	}
	key.count = uint32(int64(key.count) + a.Step)
	answer := a.answer("webauthn.get", o.PublicKey.Challenge, key)
	data, client := answer.data(0), answer.clientData()
	sum := sha256.Sum256(client)
	digest := sha256.Sum256(slices.Concat(data, sum[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, key.private, digest[:])
	if err != nil {
		return nil, err
	}
	response := map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature)}
	if !listed {
		response["userHandle"] = encode(key.handle)
	}
	return a.post(key, response)
}

// Copy returns an authenticator with the same passkeys and counters, as somebody has who copied the device.
func (a *Authenticator) Copy() *Authenticator {
	clone := *a
	clone.keys = nil
	for _, k := range a.keys {
		twin := *k
		clone.keys = append(clone.keys, &twin)
	}
	return &clone
}

func (a *Authenticator) find(id string) *passkey {
	for _, k := range a.keys {
		if encode(k.id) == id {
			return k
		}
	}
	return nil
}

func (a *Authenticator) answer(kind, challenge string, key *passkey) Answer {
	answer := Answer{Type: kind, Challenge: challenge, Origin: a.Origin, RPID: key.rpID, Flags: a.Flags, Count: key.count}
	if a.Alter != nil {
		a.Alter(&answer)
	}
	return answer
}

func (a Answer) data(more byte) []byte {
	sum := sha256.Sum256([]byte(a.RPID))
	return binary.BigEndian.AppendUint32(append(sum[:], a.Flags|more), a.Count)
}

func (a Answer) clientData() []byte {
	return fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":%t}`, a.Type, a.Challenge, a.Origin, a.Cross)
}

func (a *Authenticator) post(key *passkey, response map[string]any) ([]byte, error) {
	output := a.Output
	if output == nil {
		output = map[string]any{}
	}
	return json.Marshal(map[string]any{
		"id": encode(key.id), "rawId": encode(key.id), "type": "public-key", "authenticatorAttachment": "platform",
		"response": response, "clientExtensionResults": output,
	})
}

// encodeKey writes a COSE_Key (RFC 9053 section 7.1).
func encodeKey(public *ecdsa.PublicKey) ([]byte, error) {
	point, err := public.Bytes() // 4 || x || y
	if err != nil {
		return nil, err
	}
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
