// Package vault seals what is personal, so that a stolen database or backup opens nothing (HOUSE.md promise 3, "Two keys").
//
// There are three kinds of sealing:
//
//   - A record is an age file (https://age-encryption.org/v1) to recipients: the key of each active card, the server's sealing
//     identity, and whatever else implements age.Recipient later. The stock age tool opens it with the text form of an identity.
//   - A field (a name, an address to notify, a payload of the log) is sealed under the DataKey, which lives in a file outside the
//     database.
//   - A copy for a short code is sealed under the code itself, made slow to guess by argon2id.
//
// Everything sealed is bound to its place (AAD): table, column and row. A ciphertext that was moved does not open.
//
// Formats are promised to old data: what a version has sealed, every later version opens. The types that hold a secret print as
// "redacted" in every form of fmt and slog, and none of them marshals itself.
package vault

import (
	"encoding/binary"
	"errors"
)

// The errors of this package. They say nothing of what was sealed and nothing of the keys.
var (
	// ErrSealed means that a ciphertext does not open: another key, another place, or changed bytes. It does not say which.
	ErrSealed = errors.New("vault: it does not open with this key in this place")
	// ErrTooLarge means that a plaintext is longer than the caller allows.
	ErrTooLarge = errors.New("vault: larger than allowed")
	// ErrKey means that the text of a key cannot be read.
	ErrKey = errors.New("vault: not a key of this kind")
	// ErrRecipients means that a record has no recipient or more than MaxRecipients.
	ErrRecipients = errors.New("vault: a record needs between 1 and 64 recipients")
)

// redacted is what a secret prints as.
const redacted = "redacted"

// AAD is the place of a ciphertext in the database. It is authenticated with the ciphertext and stored nowhere beside it.
type AAD struct {
	Table, Column, Row string
}

// append writes the place so that no two places have the same bytes: each part after its length.
func (a AAD) append(dst []byte) []byte {
	for _, part := range [...]string{a.Table, a.Column, a.Row} {
		dst = binary.AppendUvarint(dst, uint64(len(part)))
		dst = append(dst, part...)
	}
	return dst
}
