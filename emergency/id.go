package emergency

import (
	"encoding/base64"
	"io"
)

// Identifiers are 128 random bits in unpadded base64url, 22 characters: too many to guess, and they mean nothing to a thief.
type (
	AccountID  string
	PatientID  string
	GrantID    string
	DocumentID string
)

// idLength is the length of an identifier in characters.
const idLength = 22

// newID draws an identifier from rand.
func newID(rand io.Reader) (string, error) {
	var raw [16]byte
	if _, err := io.ReadFull(rand, raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// validID reports whether s is an identifier in its one canonical form.
func validID(s string) bool {
	if len(s) != idLength {
		return false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == 16
}

// ParsePatientID reads an identifier from outside. Whatever is not one answers ErrNotFound, as an unknown one does.
func ParsePatientID(s string) (PatientID, error) {
	if !validID(s) {
		return "", ErrNotFound
	}
	return PatientID(s), nil
}

// ParseAccountID is ParsePatientID for accounts.
func ParseAccountID(s string) (AccountID, error) {
	id, err := ParsePatientID(s)
	return AccountID(id), err
}
