package cards

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Signed lists travel as compact JWS (RFC 7515, section 7.1), signed with ES256 by the key of the cards. The header typ says
// which kind of text it is (RFC 8725, section 3.11), and is checked before anything else is believed: a front, which is COSE,
// a health card, which has no typ of ours, and two lists of different kinds can never stand for one another.

// ErrList: a text that is no list, or not of the kind that was asked for.
var ErrList = errors.New("this is not a list of Locket, or it is damaged; keep the one you have and fetch it again")

// ErrListSigner: a list that no trusted key of its issuer has signed.
var ErrListSigner = errors.New("this list is not signed by a key that is trusted for its issuer; keep the one you have")

// listError is an ErrList that says which part is wrong. It never quotes the part.
func listError(detail string) error { return fmt.Errorf("%w (%s)", ErrList, detail) }

// SignJWS signs a payload as a compact JWS with the headers alg, kid (the RFC 7638 thumbprint of the key, 43 characters) and
// typ. It returns ErrKey for an empty typ, which would leave open what was signed, or the error of the key.
func (s *Signer) SignJWS(typ string, payload []byte) (string, error) {
	if typ == "" {
		return "", fmt.Errorf("%w: it signs nothing of which the kind is not said", ErrKey)
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: joseSigner{s}}, options)
	if err != nil {
		return "", fmt.Errorf("sign a %s: %w", typ, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign a %s: %w", typ, err)
	}
	return signed.CompactSerialize()
}

// VerifyJWS reads what SignJWS writes, of the kind typ, and returns the payload and the trusted key that signed it. Whether
// that key may speak for the issuer whom the payload names is for the caller to compare.
//
// No other header than alg, kid and typ is accepted, so nothing of what JOSE lets a text say about its own verification (jwk,
// jku, x5u, crit, b64) is ever looked at. It returns ErrList, or ErrListSigner when no key of the set has signed the text or
// the one that did may be in other hands.
func (s KeySet) VerifyJWS(text, typ string) ([]byte, Key, error) {
	kid, err := jwsKeyID(text, typ)
	if err != nil {
		return nil, Key{}, err
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, Key{}, listError("it is not a JWS signed with ES256")
	}
	for _, candidate := range s.byID[kid] {
		if payload, err := signed.Verify(candidate.Public); err == nil && candidate.CompromisedSince.IsZero() {
			return payload, candidate, nil
		}
	}
	return nil, Key{}, ErrListSigner
}

// jwsKeyID checks the form and the headers of a compact JWS and returns the key that it names.
func jwsKeyID(text, typ string) (KeyID, error) {
	parts := strings.SplitN(text, ".", 4)
	if len(parts) != 3 {
		return KeyID{}, listError("it does not have the three parts of a JWS")
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := decodeBase64(part)
		if err != nil {
			return KeyID{}, listError("one of its parts is not the only base64url text of its bytes")
		}
		decoded[i] = b
	}
	var header struct{ alg, kid, typ string }
	member, err := readObject(decoded[0], map[string]any{"alg": &header.alg, "kid": &header.kid, "typ": &header.typ})
	if err != nil {
		return KeyID{}, listError("its header is not a JSON object with every member once")
	}
	thumbprint, err := decodeBase64(header.kid)
	switch {
	case len(member) != 3 || header.alg != string(jose.ES256):
		return KeyID{}, listError("its headers are not alg ES256, kid and typ alone")
	case header.typ != typ:
		return KeyID{}, listError("it is of another kind")
	case err != nil || len(thumbprint) != 32:
		return KeyID{}, listError("its kid is not a thumbprint")
	}
	return KeyID(thumbprint[:keyIDSize]), nil
}

// joseSigner lets go-jose sign with a crypto.Signer, which may keep its key outside this process.
type joseSigner struct{ *Signer }

// Public is part of jose.OpaqueSigner; the KeyID becomes the header kid.
func (s joseSigner) Public() *jose.JSONWebKey {
	return &jose.JSONWebKey{Key: s.key.Public, KeyID: encoding.EncodeToString(s.thumbprint[:])}
}

// Algs is part of jose.OpaqueSigner.
func (joseSigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.ES256} }

// SignPayload is part of jose.OpaqueSigner.
func (s joseSigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return s.es256.Sign(rand.Reader, payload)
}

// readObject reads one JSON object into fields, by exact names, and returns all its members. Repeated members are refused;
// decoding into a struct would take "KTY" for "kty" and the last of two values. The error says what is wrong without quoting.
func readObject(data []byte, fields map[string]any) (map[string]json.RawMessage, error) {
	notJSON := errors.New("it is not a JSON object")
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notJSON
	}
	object := make(map[string]json.RawMessage)
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, notJSON
		}
		text, ok := name.(string)
		if _, repeated := object[text]; repeated || !ok {
			return nil, errors.New("it repeats a member")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, notJSON
		}
		object[text] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, notJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notJSON
	}
	for name, field := range fields {
		if value, found := object[name]; found && json.Unmarshal(value, field) != nil {
			return nil, fmt.Errorf("its member %s is of the wrong type", name)
		}
	}
	return object, nil
}
