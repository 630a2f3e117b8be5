package vault

import (
	"bufio"
	"bytes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed field is the number of its key (1 byte), a random nonce (24 bytes), the ciphertext and its tag (16 bytes).
//
// The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03). Its nonces are 192 bits and random, so that 2^80 fields under
// one key meet with a probability below 2^-32: no field ever has to be counted. (AES-GCM with its 96 bits would have to change
// keys after 2^32 fields, which a log of a large deployment reaches within a year.)
const (
	// FieldOverhead is by how many bytes a sealed field is longer than its plaintext.
	FieldOverhead = 1 + chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

	dataKeySize  = 32
	maxDataKeys  = 255
	maxKeyFile   = 64 << 10
	dataKeyWord  = "locket-data-key"
	fieldLabel   = "locket/vault/field/v1"
	lookupLabel  = "locket/vault/lookup/v1"
	pepperLabel  = "locket/vault/pepper/v1"
	stackForArgs = 128
)

// DataKey seals fields and hashes what must be found again. It holds the key in use and the ones before it: the newest seals,
// every one opens what it has sealed, and lookups stay with the first, because a hash cannot be made again without the
// plaintext. It is safe for concurrent use.
type DataKey struct {
	keys   []fieldKey // in order of their numbers; the last one seals
	lookup []byte
	pepper []byte
}

type fieldKey struct {
	number byte
	secret [dataKeySize]byte
	aead   cipher.AEAD
}

// NewDataKey makes a data key with one key in it. Randomness is crypto/rand.Reader except in tests.
func NewDataKey(random io.Reader) (*DataKey, error) {
	return (&DataKey{}).Rotate(random)
}

// Rotate returns a data key that opens everything that k opens and seals under a new key.
func (k *DataKey) Rotate(random io.Reader) (*DataKey, error) {
	if len(k.keys) == maxDataKeys {
		return nil, fmt.Errorf("vault: a data key can be renewed %d times", maxDataKeys-1)
	}
	var secret [dataKeySize]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return nil, fmt.Errorf("vault: no randomness for a key: %w", err)
	}
	next := &DataKey{keys: slices.Clone(k.keys), lookup: k.lookup, pepper: k.pepper}
	if err := next.add(len(k.keys)+1, secret); err != nil {
		return nil, err
	}
	return next, nil
}

// ParseDataKey reads the text that Text writes. The error is ErrKey.
func ParseDataKey(text []byte) (*DataKey, error) {
	if len(text) > maxKeyFile {
		return nil, ErrKey
	}
	k := &DataKey{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != dataKeyWord || words[1] != strconv.Itoa(len(k.keys)+1) || len(k.keys) == maxDataKeys {
			return nil, ErrKey
		}
		secret, err := base64.RawURLEncoding.Strict().DecodeString(words[2])
		if err != nil || len(secret) != dataKeySize {
			return nil, ErrKey
		}
		if err := k.add(len(k.keys)+1, [dataKeySize]byte(secret)); err != nil {
			return nil, err
		}
	}
	if lines.Err() != nil || len(k.keys) == 0 {
		return nil, ErrKey
	}
	return k, nil
}

// Text is the secret text of the key file: one line a key, the first key first. Keep it apart from the database, mode 0600.
func (k *DataKey) Text() []byte {
	var text bytes.Buffer
	for i := range k.keys {
		key := &k.keys[i]
		fmt.Fprintf(&text, "%s %d %s\n", dataKeyWord, key.number, base64.RawURLEncoding.EncodeToString(key.secret[:]))
	}
	return text.Bytes()
}

func (k *DataKey) add(number int, secret [dataKeySize]byte) error {
	derive := func(label string) ([]byte, error) { return hkdf.Key(sha256.New, secret[:], nil, label, dataKeySize) }
	sub, err := derive(fieldLabel)
	if err != nil {
		return err
	}
	aead, err := chacha20poly1305.NewX(sub)
	if err != nil {
		return err
	}
	if len(k.keys) == 0 {
		if k.lookup, err = derive(lookupLabel); err != nil {
			return err
		}
		if k.pepper, err = derive(pepperLabel); err != nil {
			return err
		}
	}
	k.keys = append(k.keys, fieldKey{byte(number), secret, aead})
	return nil
}

// Seal encrypts a field for its place. The result is FieldOverhead bytes longer than the plaintext.
func (k *DataKey) Seal(place AAD, plaintext []byte) ([]byte, error) {
	if len(k.keys) == 0 {
		return nil, ErrKey
	}
	key := &k.keys[len(k.keys)-1]
	sealed := make([]byte, 1+chacha20poly1305.NonceSizeX, len(plaintext)+FieldOverhead)
	sealed[0] = key.number
	nonce := sealed[1:]
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return key.aead.Seal(sealed, nonce, plaintext, place.bound(key.number)), nil
}

// Open decrypts a field that was sealed for this place. The error is ErrSealed.
func (k *DataKey) Open(place AAD, sealed []byte) ([]byte, error) {
	if len(sealed) < FieldOverhead || sealed[0] == 0 || int(sealed[0]) > len(k.keys) {
		return nil, ErrSealed
	}
	key := &k.keys[sealed[0]-1]
	nonce, ciphertext := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	plaintext, err := key.aead.Open(nil, nonce, ciphertext, place.bound(key.number))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// Stale reports whether a sealed field is under an older key than the one that seals now, so that a rotation can seal it again.
func (k *DataKey) Stale(sealed []byte) bool {
	return len(sealed) > 0 && int(sealed[0]) != len(k.keys)
}

// KeyedHash is what the database keeps instead of something it has to find again, such as an address: HMAC-SHA-256 under a key
// of its own. Hashes for different purposes cannot be compared. Rotation does not change them.
func (k *DataKey) KeyedHash(purpose string, data []byte) [32]byte {
	return keyedHash(k.lookup, purpose, data)
}

// Pepper is the secret that SealCode and OpenCode mix into a short code (32 bytes). Rotation does not change it.
func (k *DataKey) Pepper() []byte { return bytes.Clone(k.pepper) }

// bound is the place with the number of the key.
func (a AAD) bound(number byte) []byte {
	return a.append(append(make([]byte, 0, stackForArgs), number))
}

func keyedHash(key []byte, purpose string, data []byte) (sum [32]byte) {
	mac := hmac.New(sha256.New, key)
	mac.Write(binary.AppendUvarint(nil, uint64(len(purpose))))
	io.WriteString(mac, purpose)
	mac.Write(data)
	mac.Sum(sum[:0])
	return sum
}

// Format and LogValue keep the secret out of every text.
func (k DataKey) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }
func (k DataKey) LogValue() slog.Value       { return slog.StringValue(redacted) }
