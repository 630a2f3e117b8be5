package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// MaxRecipients is to how many recipients a record can be sealed.
const MaxRecipients = 64

const (
	placeType  = "locket.health/place"
	placeLabel = "locket/vault/place/v1"

	// A record of MaxRecipients has a place, and a hint and a stanza for each; recipients of other kinds may write more.
	maxStanzas = 1 + 4*MaxRecipients
	// The most that an age file can be longer than its plaintext: a header, a nonce, and a tag for each chunk of 64 KiB.
	maxHeader = 64 << 10
	chunk     = 64 << 10
	tag       = 16
)

// SealRecord encrypts a record for its place to every one of the recipients. The result is an ordinary age file.
func SealRecord(place AAD, recipients []age.Recipient, plaintext []byte) ([]byte, error) {
	if len(recipients) == 0 || len(recipients) > MaxRecipients {
		return nil, ErrRecipients
	}
	all := append([]age.Recipient{placeStanza(place)}, recipients...)
	var sealed bytes.Buffer
	sealed.Grow(len(plaintext) + 256*len(all))
	w, err := age.Encrypt(&sealed, all...)
	if err != nil {
		return nil, fmt.Errorf("vault: seal a record: %w", err)
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, fmt.Errorf("vault: seal a record: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("vault: seal a record: %w", err)
	}
	return sealed.Bytes(), nil
}

// OpenRecord decrypts a record of at most maxBytes that was sealed for this place. The error is ErrTooLarge, or ErrSealed.
func OpenRecord(place AAD, identity age.Identity, sealed []byte, maxBytes int) ([]byte, error) {
	if len(sealed) > maxHeader+maxBytes+tag*(maxBytes/chunk+2) {
		return nil, ErrTooLarge
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), placedIdentity{placeStanza(place), identity})
	if err != nil {
		return nil, ErrSealed
	}
	plaintext := bytes.NewBuffer(make([]byte, 0, min(len(sealed), maxBytes)+bytes.MinRead))
	if _, err := plaintext.ReadFrom(io.LimitReader(r, int64(maxBytes)+1)); err != nil {
		return nil, ErrSealed
	}
	if plaintext.Len() > maxBytes {
		return nil, ErrTooLarge
	}
	return plaintext.Bytes(), nil
}

// Reseal encrypts a record anew, under a fresh file key, to other recipients: whoever is no longer among them cannot open the
// result, even with the file key of the old ciphertext. The errors are those of OpenRecord and SealRecord.
func Reseal(place AAD, identity age.Identity, sealed []byte, maxBytes int, recipients []age.Recipient) ([]byte, error) {
	plaintext, err := OpenRecord(place, identity, sealed, maxBytes)
	if err != nil {
		return nil, err
	}
	return SealRecord(place, recipients, plaintext)
}

// placeStanza is an age recipient that nobody opens: its stanza holds a hash of the place, which the header's MAC, under the file
// key, then covers. Readers of age files pass over it.
type placeStanza AAD

func (p placeStanza) Wrap([]byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: placeType, Args: []string{p.hash()}}}, nil
}

func (p placeStanza) hash() string {
	sum := sha256.Sum256(AAD(p).append([]byte(placeLabel)))
	return base64.RawStdEncoding.EncodeToString(sum[:])
}

// placedIdentity is an identity that opens only what was sealed for one place.
type placedIdentity struct {
	place    placeStanza
	identity age.Identity
}

var errPlace = errors.New("vault: sealed for another place")

func (p placedIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) < 2 || stanzas[0].Type != placeType || len(stanzas[0].Args) != 1 || stanzas[0].Args[0] != p.place.hash() {
		return nil, errPlace
	}
	return p.identity.Unwrap(stanzas[1:])
}
