package audit_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

// rfc8032 is the key of RFC 8032 section 7.1, test 1.
func rfc8032(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	return ed25519.NewKeyFromSeed(seed)
}

const (
	origin    = "locket.example/audit/log"
	knownVKey = "locket.example/audit/log+0ccd2e57+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
)

func verifier(t testing.TB, vkey string) audit.Verifier {
	t.Helper()
	v, err := audit.ParseVKey(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func vkeyOf(t testing.TB, name string, key ed25519.PrivateKey) string {
	t.Helper()
	vkey, err := audit.NewVKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return vkey
}

func TestVKeyVector(t *testing.T) {
	if got := vkeyOf(t, origin, rfc8032(t)); got != knownVKey {
		t.Errorf("NewVKey = %s, want %s", got, knownVKey)
	}
	v := verifier(t, knownVKey)
	if v.Name() != origin || v.KeyHash() != 0x0ccd2e57 || v.String() != knownVKey {
		t.Errorf("ParseVKey = %s %08x %s", v.Name(), v.KeyHash(), v)
	}
	foreign, err := note.NewVerifier(knownVKey)
	if err != nil || foreign.KeyHash() != v.KeyHash() {
		t.Errorf("package note reads the vkey as %v, %v", foreign, err)
	}
}

func TestNewVKeyRefuses(t *testing.T) {
	key := rfc8032(t).Public().(ed25519.PublicKey)
	for _, c := range []struct {
		name, origin string
		key          ed25519.PublicKey
	}{
		{"no name", "", key},
		{"a space", "locket example", key},
		{"a plus sign", "locket+example", key},
		{"a line break", "locket\nexample", key},
		{"a control character", "locket\x00", key},
		{"a scheme", "https://locket.example/audit/log", key},
		{"a final slash", "locket.example/", key},
		{"invalid UTF-8", "locket\xff", key},
		{"a long name", strings.Repeat("x", 256), key},
		{"a short key", origin, key[:31]},
		{"no key", origin, nil},
	} {
		if vkey, err := audit.NewVKey(c.origin, c.key); !errors.Is(err, audit.ErrKey) {
			t.Errorf("%s: NewVKey = %q, %v, want ErrKey", c.name, vkey, err)
		}
	}
}

func TestParseVKeyRefuses(t *testing.T) {
	for _, c := range []struct{ name, vkey string }{
		{"nothing", ""},
		{"no key", "locket.example/audit/log"},
		{"upper-case hex", strings.Replace(knownVKey, "0ccd2e57", "0CCD2E57", 1)},
		{"another key ID", strings.Replace(knownVKey, "0ccd2e57", "0ccd2e58", 1)},
		{"another name", strings.Replace(knownVKey, "locket.", "rocket.", 1)},
		{"another algorithm", strings.Replace(knownVKey, "+Ad", "+Bt", 1)},
		{"a short key", knownVKey[:len(knownVKey)-4]},
		{"a line break", knownVKey + "\n"},
		{"a line break in the key", knownVKey[:60] + "\n" + knownVKey[60:]},
		{"too long", strings.Repeat("x", 600) + knownVKey},
	} {
		if _, err := audit.ParseVKey(c.vkey); !errors.Is(err, audit.ErrKey) {
			t.Errorf("%s: ParseVKey = %v, want ErrKey", c.name, err)
		}
	}
}

func FuzzParseVKey(f *testing.F) {
	f.Add(knownVKey)
	f.Add("a+00000000+AQ==")
	f.Fuzz(func(t *testing.T, vkey string) {
		if v, err := audit.ParseVKey(vkey); err == nil && v.String() != vkey {
			t.Errorf("parsed %q, written again %q", vkey, v)
		}
	})
}

// lyingSigner has one key and signs with another, as a key store with mixed-up slots does.
type lyingSigner struct{ public, private ed25519.PrivateKey }

func (s lyingSigner) Public() crypto.PublicKey { return s.public.Public() }

func (s lyingSigner) Sign(_ io.Reader, msg []byte, _ crypto.SignerOpts) ([]byte, error) {
	return ed25519.Sign(s.private, msg), nil
}

func TestLogRefusesKeysThatCannotSign(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := config(audittest.NewMemory())
	c.Signer = p256
	if _, err := audit.New(c); !errors.Is(err, audit.ErrKey) {
		t.Errorf("New with an ECDSA key = %v, want ErrKey", err)
	}
	c = config(audittest.NewMemory())
	c.Signer = lyingSigner{rfc8032(t), audittest.Key()}
	l, err := audit.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Publish(t.Context()); !errors.Is(err, audit.ErrKey) {
		t.Errorf("Publish with a signature that does not verify = %v, want ErrKey", err)
	}
	if _, err := l.Checkpoint(t.Context()); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("a checkpoint with a wrong signature was published: %v", err)
	}
}
