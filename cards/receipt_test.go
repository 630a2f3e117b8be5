package cards

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// receiptDevice makes receipts as a reader's device does.
type receiptDevice struct {
	key    *ecdsa.PrivateKey
	header map[string]any
	claims map[string]any
}

func newReceiptDevice(t testing.TB) *receiptDevice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x, y, err := coordinates(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	id := ID{1, 2, 3}
	return &receiptDevice{key,
		map[string]any{"alg": "ES256", "typ": ReceiptType, "jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": x, "y": y}},
		map[string]any{"v": 1, "card": id.String(), "tag": encoding.EncodeToString(make([]byte, 16)), "read_at": 1_795_000_000, "nonce": encoding.EncodeToString(make([]byte, 16))},
	}
}

func (d *receiptDevice) sign(t testing.TB) string {
	t.Helper()
	var parts [2]string
	for i, part := range []any{d.header, d.claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = encoding.EncodeToString(text)
	}
	return parts[0] + "." + parts[1] + "." + d.signature(t, parts[0]+"."+parts[1])
}

func (d *receiptDevice) signature(t testing.TB, signed string) string {
	t.Helper()
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	return encoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func TestReceipt(t *testing.T) {
	device := newReceiptDevice(t)
	text := device.sign(t)
	got, err := ParseReceipt(text)
	if err != nil {
		t.Fatal(err)
	}
	thumbprint, err := Thumbprint(&device.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ID{1, 2, 3}); got.Card != want || got.Device != thumbprint || !got.ReadAt.Equal(time.Unix(1_795_000_000, 0)) {
		t.Errorf("got card %v, device %x, read at %v", got.Card, got.Device, got.ReadAt)
	}
	// The twin of its signature is the same receipt, so that nobody can report a reading twice.
	signed, signature, _ := strings.Cut(text[strings.IndexByte(text, '.')+1:], ".")
	raw, err := decodeBase64(signature)
	if err != nil {
		t.Fatal(err)
	}
	twin := new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(raw[32:]))
	copy(raw[32:], twin.FillBytes(make([]byte, 32)))
	again, err := ParseReceipt(text[:strings.IndexByte(text, '.')+1] + signed + "." + encoding.EncodeToString(raw))
	if err != nil || again.Hash != got.Hash {
		t.Errorf("the twin: %v, same hash %v", err, again.Hash == got.Hash)
	}
}

func TestReceiptRefused(t *testing.T) {
	cases := []struct {
		name   string
		change func(*receiptDevice)
	}{
		{"no algorithm", func(d *receiptDevice) { d.header["alg"] = "none" }},
		{"a symmetric algorithm", func(d *receiptDevice) { d.header["alg"] = "HS256" }},
		{"another kind", func(d *receiptDevice) { d.header["typ"] = TrustListType }},
		{"another curve", func(d *receiptDevice) { d.header["jwk"].(map[string]any)["crv"] = "P-384" }},
		{"another key", func(d *receiptDevice) { d.header["jwk"] = newReceiptDevice(t).header["jwk"] }},
		{"a point beside the curve", func(d *receiptDevice) {
			d.header["jwk"].(map[string]any)["x"] = encoding.EncodeToString(make([]byte, 32))
		}},
		{"no key", func(d *receiptDevice) { delete(d.header, "jwk") }},
		{"a later version", func(d *receiptDevice) { d.claims["v"] = 2 }},
		{"no card", func(d *receiptDevice) { d.claims["card"] = "" }},
		{"a short tag", func(d *receiptDevice) { d.claims["tag"] = "AAAA" }},
		{"a short nonce", func(d *receiptDevice) { d.claims["nonce"] = "AAAA" }},
		{"before time began", func(d *receiptDevice) { d.claims["read_at"] = -1 }},
		{"after time ends", func(d *receiptDevice) { d.claims["read_at"] = maxTime + 1 }},
		{"a time in words", func(d *receiptDevice) { d.claims["read_at"] = "now" }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			device := newReceiptDevice(t)
			c.change(device)
			if _, err := ParseReceipt(device.sign(t)); !errors.Is(err, ErrReceipt) {
				t.Errorf("got %v, want ErrReceipt", err)
			}
		})
	}
	whole := newReceiptDevice(t).sign(t)
	for _, text := range []string{"", "..", whole + ".x", whole[1:], whole[:len(whole)-1], strings.Repeat("A", maxReceipt+1), strings.ToUpper(whole)} {
		if _, err := ParseReceipt(text); !errors.Is(err, ErrReceipt) {
			t.Errorf("%d bytes: got %v, want ErrReceipt", len(text), err)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add(newReceiptDevice(f).sign(f))
	f.Add("e30.e30.e30")
	f.Fuzz(func(t *testing.T, text string) {
		if receipt, err := ParseReceipt(text); err == nil && receipt.ReadAt.IsZero() {
			t.Error("a receipt without a time")
		}
	})
}
