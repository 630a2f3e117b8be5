package shl

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	exact "github.com/go-jose/go-jose/v4/json"
)

const (
	// MaxFile is the greatest length of a file, opened and unpacked, in bytes. Deflate packs up to a thousand to one, so it is
	// counted while unpacking.
	MaxFile = 8 << 20

	maxHeader = 8 << 10 // characters
	// A file that is not packed, in base64url, and what stands around it.
	maxJWE  = (MaxFile*8+5)/6 + maxHeader + 64
	ivSize  = 12
	tagSize = 16
)

// The types of files that are written here (specification, "Pre-protocol step").
const (
	TypeHealthCard = "application/smart-health-card"
	TypeFHIR       = "application/fhir+json"
)

// Encrypt seals a file for a link: a compact JWE (RFC 7516) with alg dir, enc A256GCM and the type of the content as cty. It is
// never packed: browsers' libraries dropped zip. rand must be fresh every time, since one key seals every file and every version of
// it. It returns ErrTooLong for a file that Decrypt would not open, or the error of rand.
func Encrypt(key Key, contentType string, plaintext []byte, rand io.Reader) (string, error) {
	if len(plaintext) > MaxFile || len(contentType) > maxHeader/8 {
		return "", ErrTooLong
	}
	header, err := json.Marshal(struct {
		Algorithm   string `json:"alg"`
		Encryption  string `json:"enc"`
		ContentType string `json:"cty"`
	}{"dir", "A256GCM", contentType})
	if err != nil {
		return "", fmt.Errorf("seal a file: %w", err)
	}
	aead, err := newAEAD(key)
	if err != nil {
		return "", fmt.Errorf("seal a file: %w", err)
	}
	var iv [ivSize]byte
	if _, err := io.ReadFull(rand, iv[:]); err != nil {
		return "", fmt.Errorf("seal a file: %w", err)
	}
	protected := encoding.EncodeToString(header)
	sealed := aead.Seal(nil, iv[:], plaintext, []byte(protected))
	split := len(sealed) - tagSize
	return strings.Join([]string{
		protected,
		"", // the key is known to both: there is none in the file
		encoding.EncodeToString(iv[:]),
		encoding.EncodeToString(sealed[:split]),
		encoding.EncodeToString(sealed[split:]),
	}, "."), nil
}

// Decrypt opens a file of a link. contentType is empty where the file does not say it, as in one of HL7's own examples. The
// key and the algorithm are not the file's to choose: what is not alg dir and enc A256GCM is refused. It returns ErrTooLong,
// ErrMalformed or ErrDecrypt.
func Decrypt(key Key, jwe string) (contentType string, plaintext []byte, err error) {
	if len(jwe) > maxJWE {
		return "", nil, ErrTooLong
	}
	parts := strings.SplitN(strings.TrimSpace(jwe), ".", 6)
	if len(parts) != 5 || parts[1] != "" || len(parts[0]) > maxHeader {
		return "", nil, malformed("the file is not sealed for the key of a link")
	}
	contentType, packed, err := parseHeader(parts[0])
	if err != nil {
		return "", nil, err
	}
	var iv, ciphertext, tag []byte
	for i, part := range []*[]byte{&iv, &ciphertext, &tag} {
		if *part, err = decodeBase64(parts[2+i]); err != nil {
			return "", nil, err
		}
	}
	if len(iv) != ivSize || len(tag) != tagSize {
		return "", nil, malformed("the file is not sealed with A256GCM")
	}
	aead, err := newAEAD(key)
	if err != nil {
		return "", nil, fmt.Errorf("open a file: %w", err)
	}
	if plaintext, err = aead.Open(nil, iv, append(ciphertext, tag...), []byte(parts[0])); err != nil {
		return "", nil, ErrDecrypt
	}
	if packed {
		plaintext, err = inflate(plaintext)
	}
	return contentType, plaintext, err
}

// parseHeader reads the protected header.
func parseHeader(text string) (contentType string, packed bool, err error) {
	data, err := decodeBase64(text)
	if err != nil {
		return "", false, err
	}
	var header struct {
		Algorithm   string           `json:"alg"`
		Encryption  string           `json:"enc"`
		ContentType string           `json:"cty"`
		Compression *string          `json:"zip"`
		Critical    exact.RawMessage `json:"crit"`
	}
	if !json.Valid(data) || exact.Unmarshal(data, &header) != nil {
		return "", false, malformed("the header of the file is not JSON, or not in its form")
	}
	switch {
	case header.Algorithm != "dir" || header.Encryption != "A256GCM":
		return "", false, malformed("the file is not sealed with the key of a link and A256GCM")
	case header.Compression != nil && *header.Compression != "DEF":
		return "", false, malformed("the file is packed in an unknown way")
	case header.Critical != nil: // RFC 7516, section 4.1.13: we know no extension
		return "", false, malformed("the file asks for an extension that is not known here")
	}
	return header.ContentType, header.Compression != nil, nil
}

func newAEAD(key Key) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// inflate unpacks raw deflate (RFC 1951). It returns ErrTooLong past MaxFile, and ErrMalformed.
func inflate(packed []byte) ([]byte, error) {
	plaintext, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), MaxFile+1))
	switch {
	case err != nil:
		return nil, malformed("the file cannot be unpacked")
	case len(plaintext) > MaxFile:
		return nil, fmt.Errorf("%w (more than %d bytes unpacked)", ErrTooLong, MaxFile)
	}
	return plaintext, nil
}
