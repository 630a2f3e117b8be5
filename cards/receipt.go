package cards

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ReceiptType is the typ header of a receipt: a signature made for anything else is none.
const ReceiptType = "locket-receipt+jws"

// maxReceipt bounds the receipt of a reading, in bytes.
const maxReceipt = 2048

// ErrReceipt: bytes that are not the receipt of a reading, or not signed by the device that they name.
var ErrReceipt = errors.New("this is not the receipt of a reading, or its device did not sign it")

// Receipt says that a device has read a front without a network. The device signs with a key of its own that nobody vouches for: receipts of one device
// belong together, and nobody can change one under way. That whoever made it held the front shows in the tag.
type Receipt struct {
	// Card is the card, Tag the FrontTag of the front that was read.
	Card ID
	Tag  [16]byte
	// ReadAt is when, by the clock of the device.
	ReadAt time.Time
	// Device is the thumbprint (RFC 7638) of the key that signed.
	Device [sha256.Size]byte
	// Hash is the SHA-256 of what was signed. Two receipts with the same one are the same receipt, however they are signed.
	Hash [sha256.Size]byte
}

// ParseReceipt reads a receipt, a compact JWS (RFC 7515, section 7.1) with ES256 and the device's public key in its header, and checks its signature. It
// returns ErrReceipt. When it was read, and of which card, is for the caller to judge.
func ParseReceipt(text string) (Receipt, error) {
	parts := strings.Split(text, ".")
	if len(text) > maxReceipt || len(parts) != 3 {
		return Receipt{}, ErrReceipt
	}
	device, err := receiptKey(parts[0])
	if err != nil {
		return Receipt{}, err
	}
	signature, err := decodeBase64(parts[2])
	if err != nil || len(signature) != signatureSize {
		return Receipt{}, ErrReceipt
	}
	receipt := Receipt{Hash: sha256.Sum256([]byte(parts[0] + "." + parts[1]))}
	if !verifyES256(device, receipt.Hash, signature) {
		return Receipt{}, fmt.Errorf("%w: its signature does not hold", ErrReceipt)
	}
	if receipt.Device, err = Thumbprint(device); err != nil {
		return Receipt{}, err
	}
	return receipt, receipt.readClaims(parts[1])
}

// receiptKey reads the protected header, and the key in it.
func receiptKey(part string) (*ecdsa.PublicKey, error) {
	var algorithm, kind string
	var key json.RawMessage
	header, err := decodeBase64(part)
	if err == nil {
		_, err = readObject(header, map[string]any{"alg": &algorithm, "typ": &kind, "jwk": &key})
	}
	if err != nil || algorithm != "ES256" || kind != ReceiptType {
		return nil, ErrReceipt
	}
	var family, curve, textX, textY string
	if _, err := readObject(key, map[string]any{"kty": &family, "crv": &curve, "x": &textX, "y": &textY}); err != nil || family != "EC" || curve != "P-256" {
		return nil, ErrReceipt
	}
	public, err := publicKey(textX, textY)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	return public, nil
}

func (r *Receipt) readClaims(part string) error {
	var version, readAt int64
	var card, tag, nonce string
	claims, err := decodeBase64(part)
	if err == nil {
		_, err = readObject(claims, map[string]any{"v": &version, "card": &card, "tag": &tag, "read_at": &readAt, "nonce": &nonce})
	}
	if err != nil || version != 1 || readAt <= 0 || readAt > maxTime {
		return ErrReceipt
	}
	tagBytes, errTag := decodeBase64(tag)
	nonceBytes, errNonce := decodeBase64(nonce)
	if errTag != nil || errNonce != nil || len(tagBytes) != len(r.Tag) || len(nonceBytes) != 16 {
		return ErrReceipt
	}
	r.Tag, r.ReadAt = [16]byte(tagBytes), time.Unix(readAt, 0).UTC()
	if r.Card, err = ParseID(card); err != nil {
		return ErrReceipt
	}
	return nil
}
