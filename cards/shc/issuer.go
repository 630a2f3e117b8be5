package shc

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/locket-health/locket/cards"
)

// maxIssuer bounds an issuer's URL, in bytes.
const maxIssuer = 512

// Issuer signs the cards of one issuer. Any number of goroutines may use it.
type Issuer struct {
	url       string
	kid       string
	header    string // the same for every card: base64url of the protected header
	signer    jose.OpaqueSigner
	deflaters sync.Pool // of *flate.Writer, each of which takes most of a megabyte to make
}

// NewIssuer makes the Issuer at url, "https://locket.example", which signs with key. The key may live in a file, an HSM or
// elsewhere, and may be that of a cards.Signer. It returns cards.ErrKey when the key is not on P-256 or url is not https or ends
// in a slash.
func NewIssuer(url string, key crypto.Signer) (*Issuer, error) {
	if !validIssuer(url) {
		return nil, fmt.Errorf("%w: its issuer is not an https address without a slash at the end", cards.ErrKey)
	}
	public, _ := key.Public().(*ecdsa.PublicKey)
	kid, err := keyID(public)
	if err != nil {
		return nil, err
	}
	return &Issuer{
		url:    url,
		kid:    kid,
		header: encoding.EncodeToString([]byte(`{"alg":"ES256","zip":"DEF","kid":"` + kid + `"}`)),
		signer: cryptosigner.Opaque(key),
	}, nil
}

// URL is claim iss of every card of this Issuer.
func (i *Issuer) URL() string { return i.url }

// KeyID is the kid of every card of this Issuer: the thumbprint of its key (RFC 7638) in base64url, 43 characters.
func (i *Issuer) KeyID() string { return i.kid }

// Sign returns the card as a compact JWS. The issuer is this one when the card names none, and fractions of a second are
// dropped. It returns ErrMalformed for a card that no reader should accept, cards.ErrKey when the card names another issuer,
// ErrTooLong when no reader would take so much, or the error of the key.
func (i *Issuer) Sign(card Card) (string, error) {
	if card.Issuer == "" {
		card.Issuer = i.url
	}
	if card.Issuer != i.url {
		return "", fmt.Errorf("%w: it belongs to another issuer than the card", cards.ErrKey)
	}
	payload, err := card.marshal()
	if err != nil {
		return "", err
	}
	if len(payload) > maxPayload {
		return "", ErrTooLong
	}
	packed, err := i.deflate(payload)
	if err != nil {
		return "", fmt.Errorf("pack a SMART Health Card: %w", err)
	}
	length := len(i.header) + encoding.EncodedLen(len(packed)) + encoding.EncodedLen(signatureSize) + 2
	if length > maxJWS {
		return "", ErrTooLong
	}
	text := make([]byte, 0, length)
	text = append(text, i.header...)
	text = append(text, '.')
	text = encoding.AppendEncode(text, packed)
	signature, err := i.signer.SignPayload(text, jose.ES256)
	if err == nil && len(signature) != signatureSize {
		err = errors.New("the key did not return an ECDSA signature")
	}
	if err != nil {
		return "", fmt.Errorf("sign a SMART Health Card: %w", err)
	}
	text = append(text, '.')
	return string(encoding.AppendEncode(text, signature)), nil
}

// deflate packs as small as it can, without the header of zlib or gzip (RFC 1951).
func (i *Issuer) deflate(payload []byte) ([]byte, error) {
	var b bytes.Buffer
	w, ok := i.deflaters.Get().(*flate.Writer)
	if ok {
		w.Reset(&b)
	} else {
		var err error
		if w, err = flate.NewWriter(&b, flate.BestCompression); err != nil {
			return nil, err
		}
	}
	defer i.deflaters.Put(w)
	if _, err := w.Write(payload); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// validIssuer reports whether s may be claim iss: an https URL to which "/.well-known/jwks.json" can be appended.
func validIssuer(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxIssuer && u.Scheme == "https" && u.Hostname() != "" && u.User == nil &&
		!strings.HasSuffix(s, "/") && !strings.ContainsAny(s, "?#")
}
