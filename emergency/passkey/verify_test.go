package passkey_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/locket-health/locket/emergency/passkey"
)

// handmade signs an approval of action with any key, as no library is trusted to do it.
func handmade(t testing.TB, action []byte, coseKey map[int]any, sign func(message []byte) ([]byte, error)) passkey.Approval {
	t.Helper()
	sum := sha256.Sum256(action)
	challenge := base64.RawURLEncoding.EncodeToString(append(bytes.Repeat([]byte{7}, 32), sum[:]...))
	site := sha256.Sum256([]byte(rpID))
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	key, err := mode.Marshal(coseKey)
	if err != nil {
		t.Fatal(err)
	}
	a := passkey.Approval{
		ClientDataJSON:    fmt.Appendf(nil, `{"type":"webauthn.get","challenge":%q,"origin":%q,"crossOrigin":false}`, challenge, origin),
		AuthenticatorData: append(site[:], 0x05, 0, 0, 0, 1),
		PublicKey:         key,
		RPID:              rpID,
	}
	if a.Signature, err = sign(signed(a)); err != nil {
		t.Fatal(err)
	}
	return a
}

// signed is what the signature of an approval covers.
func signed(a passkey.Approval) []byte {
	sum := sha256.Sum256(a.ClientDataJSON)
	return slices.Concat(a.AuthenticatorData, sum[:])
}

var action = []byte(`{"action":"rules"}`)

// ed25519Approval returns a sound approval and the key, made from seed, that signed it.
func ed25519Approval(t testing.TB, seed byte) (passkey.Approval, ed25519.PrivateKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	public := private.Public().(ed25519.PublicKey)
	return handmade(t, action, map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(public)},
		func(m []byte) ([]byte, error) { return ed25519.Sign(private, m), nil }), private
}

func TestVerifyApprovalOfEveryAlgorithm(t *testing.T) {
	edwards, _ := ed25519Approval(t, 1)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := ecKey.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for name, approval := range map[string]passkey.Approval{
		"EdDSA": edwards,
		"ES256": handmade(t, action, map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}, func(m []byte) ([]byte, error) {
			digest := sha256.Sum256(m)
			return ecdsa.SignASN1(rand.Reader, ecKey, digest[:])
		}),
		"RS256": handmade(t, action, map[int]any{1: 3, 3: -257, -1: rsaKey.N.Bytes(), -2: []byte{1, 0, 1}}, func(m []byte) ([]byte, error) {
			digest := sha256.Sum256(m)
			return rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
		}),
	} {
		t.Run(name, func(t *testing.T) {
			if err := passkey.VerifyApproval(approval, action, rpID, []string{"https://other.example.org", origin}); err != nil {
				t.Errorf("a sound approval: %v", err)
			}
			approval.Signature = bytes.Clone(approval.Signature)
			approval.Signature[len(approval.Signature)-1] ^= 1
			if err := passkey.VerifyApproval(approval, action, rpID, []string{origin}); !errors.Is(err, passkey.ErrProof) {
				t.Errorf("an altered signature: got %v, want ErrProof", err)
			}
		})
	}
}

// Whoever keeps an approval can alter it, and even sign it again with a key of his own: each of these is sound but for one thing.
func TestVerifyApprovalFindsEveryAlteration(t *testing.T) {
	sound, private := ed25519Approval(t, 1)
	replace := func(old, new string) func(a *passkey.Approval) {
		return func(a *passkey.Approval) {
			a.ClientDataJSON = bytes.Replace(a.ClientDataJSON, []byte(old), []byte(new), 1)
		}
	}
	flags := func(to byte) func(a *passkey.Approval) {
		return func(a *passkey.Approval) { a.AuthenticatorData[32] = to }
	}
	for _, c := range []struct {
		name   string
		alter  func(a *passkey.Approval)
		action []byte
		rpID   string
	}{
		{"another action", func(*passkey.Approval) {}, []byte(`{"action":"rulez"}`), rpID},
		{"no action", func(*passkey.Approval) {}, nil, rpID},
		{"checked for another site", func(*passkey.Approval) {}, action, "example.org"},
		{"says another site", func(a *passkey.Approval) { a.RPID = "example.org" }, action, rpID},
		{"signed for another site", func(a *passkey.Approval) { a.AuthenticatorData[0] ^= 1 }, action, rpID},
		{"a registration", replace("webauthn.get", "webauthn.create"), action, rpID},
		{"a type by another name", replace(`"type"`, `"TYPE"`), action, rpID},
		{"another page", replace(origin, "https://card.example.com"), action, rpID},
		{"a page that begins alike", replace(origin, origin+".evil.test"), action, rpID},
		{"inside a foreign page", replace(`"crossOrigin":false`, `"crossOrigin":true`), action, rpID},
		{"a challenge with padding", replace(`","origin"`, `=","origin"`), action, rpID},
		{"a shorter challenge", replace(`"challenge":"BwcH`, `"challenge":"`), action, rpID},
		{"a page that is no text", replace(`"`+origin+`"`, "7"), action, rpID},
		{"not JSON", replace("{", "["), action, rpID},
		{"nobody verified", flags(0x01), action, rpID},
		{"nobody there", flags(0x04), action, rpID},
		{"short authenticator data", func(a *passkey.Approval) { a.AuthenticatorData = a.AuthenticatorData[:36] }, action, rpID},
		{"no authenticator data", func(a *passkey.Approval) { a.AuthenticatorData = nil }, action, rpID},
		{"long client data", func(a *passkey.Approval) {
			a.ClientDataJSON = append(a.ClientDataJSON, bytes.Repeat([]byte(" "), 4<<10)...)
		}, action, rpID},
		{"no key", func(a *passkey.Approval) { a.PublicKey = nil }, action, rpID},
		{"a key of another kind", func(a *passkey.Approval) { a.PublicKey = []byte{0xa1, 0x01, 0x04} }, action, rpID},
		{"a long key", func(a *passkey.Approval) { a.PublicKey = make([]byte, 4<<10) }, action, rpID},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := sound
			a.ClientDataJSON, a.AuthenticatorData = bytes.Clone(sound.ClientDataJSON), bytes.Clone(sound.AuthenticatorData)
			c.alter(&a)
			a.Signature = ed25519.Sign(private, signed(a)) // so that the signature is not what fails
			if err := passkey.VerifyApproval(a, c.action, c.rpID, []string{origin}); !errors.Is(err, passkey.ErrProof) {
				t.Errorf("got %v, want ErrProof", err)
			}
		})
	}
	t.Run("not signed again", func(t *testing.T) {
		a := sound
		a.ClientDataJSON = append(bytes.Clone(a.ClientDataJSON), ' ')
		if err := passkey.VerifyApproval(a, action, rpID, []string{origin}); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("by another key", func(t *testing.T) {
		a := sound
		other, _ := ed25519Approval(t, 2)
		a.PublicKey = other.PublicKey
		if err := passkey.VerifyApproval(a, action, rpID, []string{origin}); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
	t.Run("where no page is trusted", func(t *testing.T) {
		if err := passkey.VerifyApproval(sound, action, rpID, nil); !errors.Is(err, passkey.ErrProof) {
			t.Errorf("got %v, want ErrProof", err)
		}
	})
}
