package vault

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"filippo.io/age"
)

const (
	identityLabel = "locket/card/identity/v1"
	verifierLabel = "locket/card/verifier/v1"
	hintLabel     = "locket/vault/hint/v1"

	secretPrefix = "AGE-SECRET-KEY-"
	publicPrefix = "AGE"
)

// Identity is a private key that opens records: of a card, or of the server. It is an X25519 identity of age
// (https://age-encryption.org/v1, "The X25519 recipient type") that finds its own stanza by a hint, so that opening costs one
// scalar multiplication however many recipients a record has. It is immutable and safe for concurrent use.
type Identity struct {
	key       key
	recipient *Recipient
}

// key is a private key with its secret text form: age's own, read from a text, or a scalar of ours.
type key interface {
	age.Identity
	String() string
}

var _ age.Identity = (*Identity)(nil)

// CardIdentity is the key of the card with this secret: HKDF-SHA-256 of the secret under a label of its own.
func CardIdentity(secret [16]byte) (*Identity, error) {
	derived, err := hkdf.Key(sha256.New, secret[:], nil, identityLabel, 32)
	if err != nil {
		return nil, err
	}
	return identityOf(derived)
}

// CardIdentityOf is CardIdentity for a card whose public key is known, which saves the multiplication that makes it. With a public key that is not this
// card's the identity opens nothing.
func CardIdentityOf(secret [16]byte, recipient string) (*Identity, error) {
	derived, err := hkdf.Key(sha256.New, secret[:], nil, identityLabel, 32)
	if err != nil {
		return nil, err
	}
	private, err := ecdh.X25519().NewPrivateKey(derived)
	if err != nil {
		return nil, ErrKey
	}
	known, err := ParseRecipient(recipient)
	if err != nil {
		return nil, err
	}
	public := decodeBech32(known.text, len(publicPrefix))
	if len(public) != len(derived) {
		return nil, ErrKey
	}
	return &Identity{key: scalar{private, public}, recipient: known}, nil
}

// CardRecipient is the public key ("age1...") of the card with this secret. The server keeps it, to seal without the card.
func CardRecipient(secret [16]byte) (string, error) {
	identity, err := CardIdentity(secret)
	if err != nil {
		return "", err
	}
	return identity.Recipient().String(), nil
}

// CardVerifier is what the server keeps to recognise the secret of a card without knowing it.
func CardVerifier(secret [16]byte) ([32]byte, error) {
	verifier, err := hkdf.Key(sha256.New, secret[:], nil, verifierLabel, 32)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(verifier), nil
}

// CheckCard reports, in constant time, whether the verifier is that of the secret.
func CheckCard(secret [16]byte, verifier [32]byte) bool {
	want, err := CardVerifier(secret)
	return err == nil && subtle.ConstantTimeCompare(want[:], verifier[:]) == 1
}

// NewServerIdentity makes a sealing identity for a server. Randomness is crypto/rand.Reader except in tests.
func NewServerIdentity(random io.Reader) (*Identity, error) {
	drawn := make([]byte, 32)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, fmt.Errorf("vault: no randomness for a key: %w", err)
	}
	return identityOf(drawn)
}

// ParseServerIdentity reads the text form of an identity ("AGE-SECRET-KEY-1..."), with space or newlines around it, as age-keygen
// writes it less the comments. The error is ErrKey.
func ParseServerIdentity(text string) (*Identity, error) {
	const maxText = 256
	if len(text) > maxText {
		return nil, ErrKey
	}
	return parseIdentity(string(bytes.TrimSpace([]byte(text))))
}

// identityOf makes an identity of 32 bytes that were drawn or derived here.
func identityOf(bytes []byte) (*Identity, error) {
	private, err := ecdh.X25519().NewPrivateKey(bytes)
	if err != nil {
		return nil, ErrKey
	}
	public := private.PublicKey().Bytes()
	recipient, err := ParseRecipient(strings.ToLower(encodeBech32(publicPrefix, public)))
	return &Identity{key: scalar{private, public}, recipient: recipient}, err
}

func parseIdentity(text string) (*Identity, error) {
	key, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, ErrKey // the cause quotes the text
	}
	return &Identity{key: key, recipient: &Recipient{key: key.Recipient(), text: key.Recipient().String()}}, nil
}

// Secret is the secret text form ("AGE-SECRET-KEY-1..."), which the stock age tool reads from a file with -i.
func (i *Identity) Secret() string { return i.key.String() }

// Recipient is the public half.
func (i *Identity) Recipient() *Recipient { return i.recipient }

// Unwrap takes the file key from the stanza that is for this identity. It tries the stanzas that a hint says are its own, and
// those without a hint, which is how another tool writes them.
func (i *Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) > maxStanzas {
		return nil, age.ErrIncorrectIdentity
	}
	for n := range stanzas {
		if !i.mayBeMine(stanzas, n) {
			continue
		}
		fileKey, err := i.key.Unwrap(stanzas[n : n+1])
		if errors.Is(err, age.ErrIncorrectIdentity) {
			continue
		}
		return fileKey, err
	}
	return nil, age.ErrIncorrectIdentity
}

// mayBeMine reports whether the stanza at n is worth a scalar multiplication.
func (i *Identity) mayBeMine(stanzas []*age.Stanza, n int) bool {
	if stanzas[n].Type != "X25519" || len(stanzas[n].Args) != 1 {
		return false
	}
	if n == 0 || stanzas[n-1].Type != hintType {
		return true
	}
	return slices.Equal(stanzas[n-1].Args, []string{i.recipient.hint(stanzas[n])})
}

// Format and LogValue keep the secret out of every text.
func (i Identity) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }
func (i Identity) LogValue() slog.Value       { return slog.StringValue(redacted) }

// Recipient is a public key to which records are sealed: the public half of an Identity.
type Recipient struct {
	key  *age.X25519Recipient
	text string
}

var _ age.Recipient = (*Recipient)(nil)

// ParseRecipient reads the text form of a recipient ("age1..."). The error is ErrKey.
func ParseRecipient(text string) (*Recipient, error) {
	key, err := age.ParseX25519Recipient(text)
	if err != nil {
		return nil, ErrKey
	}
	return &Recipient{key: key, text: key.String()}, nil
}

// String is the text form ("age1..."), which the stock age tool takes with -r.
func (r *Recipient) String() string { return r.text }

// hintType is the type of a stanza that stands before the X25519 stanza it speaks of. Its one argument is a hint: who holds the
// recipient can tell that the next stanza is for it, without a scalar multiplication. Readers of age files pass over stanzas of
// types they do not know.
const hintType = "locket.health/hint"

// Wrap seals a file key to the recipient, with a hint before it.
func (r *Recipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	stanzas, err := r.key.Wrap(fileKey)
	if err != nil {
		return nil, err
	}
	if len(stanzas) != 1 || len(stanzas[0].Args) != 1 {
		return nil, errors.New("vault: age wrote another stanza than X25519")
	}
	return []*age.Stanza{{Type: hintType, Args: []string{r.hint(stanzas[0])}}, stanzas[0]}, nil
}

// hint is 32 bits of a hash of the stanza's own ephemeral share and the recipient: another in every file, and wrong for
// somebody else's stanza once in 2^32.
func (r *Recipient) hint(stanza *age.Stanza) string {
	hash := sha256.New()
	io.WriteString(hash, hintLabel)
	io.WriteString(hash, stanza.Args[0])
	io.WriteString(hash, r.text)
	return base64.RawStdEncoding.EncodeToString(hash.Sum(nil)[:4])
}
