package passkey

import (
	"bytes"
	"slices"

	"github.com/go-webauthn/webauthn/webauthn"
)

// User is somebody who has, or is to get, a passkey.
type User struct {
	// Handle is the opaque user handle that the authenticator stores and gives back at sign-in: 1 to 64 bytes that say nothing about the person.
	Handle []byte
	// Name is what the authenticator lists the passkey under. It is stored on the person's device, not here.
	Name string
	// Credentials are the passkeys that the user already has.
	Credentials []Credential
}

// account shows a User to the library.
type account struct{ User }

func (a account) WebAuthnID() []byte          { return a.Handle }
func (a account) WebAuthnName() string        { return a.Name }
func (a account) WebAuthnDisplayName() string { return a.Name }

func (a account) WebAuthnCredentials() []webauthn.Credential {
	records := make([]webauthn.Credential, len(a.Credentials))
	for i, c := range a.Credentials {
		records[i] = c.record
	}
	return records
}

// current is one of the user's credentials with what a ceremony has changed in it.
func (u User) current(record *webauthn.Credential) Credential {
	at := slices.IndexFunc(u.Credentials, func(c Credential) bool { return bytes.Equal(c.record.ID, record.ID) })
	return Credential{record: *record, hardware: at >= 0 && u.Credentials[at].hardware}
}

// has reports whether the user holds the credential.
func (u User) has(id []byte) bool {
	return slices.ContainsFunc(u.Credentials, func(c Credential) bool { return bytes.Equal(c.record.ID, id) })
}
