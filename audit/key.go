package audit

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// ErrKey says that something is not a key, or not a name, that can stand under a checkpoint.
var ErrKey = errors.New("audit: unusable key")

const (
	algorithmEd25519 = 0x01 // c2sp.org/signed-note, signature types
	maxOrigin        = 255
)

// Verifier checks signatures by the key of a log. It is what a vkey stands for. It implements note.Verifier.
type Verifier struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

// NewVKey returns the vkey of an Ed25519 key under a name (c2sp.org/signed-note, verifier keys):
//
//	<name>+<key ID, 8 hex digits>+<base64(0x01 || public key)>
//
// The name of a log's key is the log's origin. It returns an error that wraps [ErrKey].
func NewVKey(name string, key ed25519.PublicKey) (string, error) {
	v, err := newVerifier(name, key)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

func newVerifier(name string, key ed25519.PublicKey) (Verifier, error) {
	if !isOrigin(name) {
		return Verifier{}, fmt.Errorf("%w: the name is empty, too long, or holds a space or plus sign", ErrKey)
	}
	if len(key) != ed25519.PublicKeySize {
		return Verifier{}, fmt.Errorf("%w: an Ed25519 key has %d bytes", ErrKey, ed25519.PublicKeySize)
	}
	return Verifier{name: name, id: keyID(name, algorithmEd25519, key), key: key}, nil
}

// keyID is what a signature line names its key by: the beginning of a hash over the name, the algorithm and the key.
func keyID(name string, algorithm byte, key ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', algorithm})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// ParseVKey reads a vkey as [NewVKey] writes it, and in no other spelling. It returns an error that wraps [ErrKey].
func ParseVKey(vkey string) (Verifier, error) {
	if len(vkey) > 2*maxOrigin {
		return Verifier{}, fmt.Errorf("%w: a vkey is shorter", ErrKey)
	}
	name, rest, _ := strings.Cut(vkey, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algorithmEd25519 {
		return Verifier{}, fmt.Errorf("%w: not the vkey of an Ed25519 key", ErrKey)
	}
	v, err := newVerifier(name, key[1:])
	if err != nil {
		return Verifier{}, err
	}
	if v.String() != vkey {
		return Verifier{}, fmt.Errorf("%w: the key ID of the vkey does not fit its key", ErrKey)
	}
	return v, nil
}

// String returns the vkey.
func (v Verifier) String() string {
	key := append([]byte{algorithmEd25519}, v.key...)
	return fmt.Sprintf("%s+%08x+%s", v.name, v.id, base64.StdEncoding.EncodeToString(key))
}

// Name returns the name of the key, which is the origin of the log.
func (v Verifier) Name() string { return v.name }

// KeyHash returns the key ID.
func (v Verifier) KeyHash() uint32 { return v.id }

// Verify reports whether sig is the key's signature of msg.
func (v Verifier) Verify(msg, sig []byte) bool {
	return len(v.key) == ed25519.PublicKeySize && ed25519.Verify(v.key, msg, sig)
}

// isOrigin reports whether s can name a log: a schema-less address without a slash at its end.
func isOrigin(s string) bool {
	unfit := func(r rune) bool { return r == '+' || unicode.IsSpace(r) || unicode.IsControl(r) }
	return s != "" && len(s) <= maxOrigin && utf8.ValidString(s) && !strings.ContainsFunc(s, unfit) &&
		!strings.HasSuffix(s, "/") && !strings.Contains(s, "://")
}

// signer signs notes with a key that may live elsewhere. It implements note.Signer.
type signer struct {
	Verifier
	private crypto.Signer
}

var _ note.Signer = signer{}

func newSigner(name string, private crypto.Signer) (signer, error) {
	public, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		return signer{}, fmt.Errorf("%w: checkpoints are signed with Ed25519 only", ErrKey)
	}
	v, err := newVerifier(name, public)
	if err != nil {
		return signer{}, err
	}
	return signer{v, private}, nil
}

// Sign returns the signature of msg, checked against the public key: a key store can fail in more ways than by an error.
func (s signer) Sign(msg []byte) ([]byte, error) {
	sig, err := s.private.Sign(nil, msg, crypto.Hash(0))
	if err != nil {
		return nil, err
	}
	if !s.Verify(msg, sig) {
		return nil, fmt.Errorf("%w: it gave a signature that does not verify", ErrKey)
	}
	return sig, nil
}
