package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

var recordPlace = AAD{Table: "record", Column: "sealed", Row: "patient-1"}

func testSecret(b byte) [16]byte { return [16]byte(bytes.Repeat([]byte{b}, 16)) }

func mustCard(t testing.TB, b byte) *Identity {
	t.Helper()
	identity, err := CardIdentity(testSecret(b))
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func mustServer(t testing.TB) *Identity {
	t.Helper()
	identity, err := NewServerIdentity(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func mustSeal(t testing.TB, plaintext []byte, identities ...*Identity) []byte {
	t.Helper()
	var recipients []age.Recipient
	for _, identity := range identities {
		recipients = append(recipients, identity.Recipient())
	}
	sealed, err := SealRecord(recordPlace, recipients, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestRecordOpensForEachRecipient(t *testing.T) {
	server, first, second := mustServer(t), mustCard(t, 1), mustCard(t, 2)
	plaintext := []byte("Anna Example, penicillin")
	sealed := mustSeal(t, plaintext, server, first, second)
	for name, identity := range map[string]*Identity{"server": server, "first card": first, "second card": second} {
		got, err := OpenRecord(recordPlace, identity, sealed, 1<<20)
		if err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%s: OpenRecord = %q, %v, want the plaintext", name, got, err)
		}
	}
	if bytes.Contains(sealed, []byte("Anna")) {
		t.Error("the ciphertext contains the plaintext")
	}
}

// TestTwoKeysOfARecord is promise 3 for records: neither another card nor another place opens one.
func TestTwoKeysOfARecord(t *testing.T) {
	card := mustCard(t, 1)
	sealed := mustSeal(t, []byte("secret"), card)
	cases := map[string]struct {
		place    AAD
		identity age.Identity
	}{
		"another card":   {recordPlace, mustCard(t, 2)},
		"a server":       {recordPlace, mustServer(t)},
		"another row":    {AAD{"record", "sealed", "patient-2"}, card},
		"another column": {AAD{"record", "draft", "patient-1"}, card},
		"another table":  {AAD{"original", "sealed", "patient-1"}, card},
		"parts shifted":  {AAD{"record", "sealedpatient-1", ""}, card},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := OpenRecord(c.place, c.identity, sealed, 1<<20); !errors.Is(err, ErrSealed) || got != nil {
				t.Errorf("OpenRecord = %q, %v, want ErrSealed", got, err)
			}
		})
	}
}

func TestRecordIsRefusedWhenChanged(t *testing.T) {
	card := mustCard(t, 1)
	sealed := mustSeal(t, []byte("secret"), mustServer(t), card)
	for n := range sealed {
		if _, err := OpenRecord(recordPlace, card, sealed[:n], 1<<20); !errors.Is(err, ErrSealed) {
			t.Fatalf("the first %d of %d bytes: %v, want ErrSealed", n, len(sealed), err)
		}
		changed := bytes.Clone(sealed)
		changed[n] ^= 1
		if _, err := OpenRecord(recordPlace, card, changed, 1<<20); !errors.Is(err, ErrSealed) {
			t.Fatalf("byte %d flipped: %v, want ErrSealed", n, err)
		}
	}
	if _, err := OpenRecord(recordPlace, card, append(bytes.Clone(sealed), 0), 1<<20); !errors.Is(err, ErrSealed) {
		t.Errorf("a byte added: %v, want ErrSealed", err)
	}
}

func TestRecordSizes(t *testing.T) {
	card := mustCard(t, 1)
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk} {
		plaintext := bytes.Repeat([]byte{'x'}, size)
		sealed := mustSeal(t, plaintext, card)
		if got, err := OpenRecord(recordPlace, card, sealed, size); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%d bytes: %d bytes back, %v", size, len(got), err)
		}
		if size > 0 {
			if _, err := OpenRecord(recordPlace, card, sealed, size-1); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%d bytes where %d are allowed: %v, want ErrTooLarge", size, size-1, err)
			}
		}
	}
	if _, err := OpenRecord(recordPlace, card, make([]byte, 10<<20), 1<<10); !errors.Is(err, ErrTooLarge) {
		t.Errorf("10 MiB of ciphertext for 1 KiB: %v, want ErrTooLarge", err)
	}
}

func TestRecordNeedsRecipients(t *testing.T) {
	if _, err := SealRecord(recordPlace, nil, nil); !errors.Is(err, ErrRecipients) {
		t.Errorf("no recipient: %v, want ErrRecipients", err)
	}
	card := mustCard(t, 1)
	many := make([]*Identity, MaxRecipients)
	for i := range many {
		many[i] = card
	}
	sealed := mustSeal(t, []byte("x"), many...)
	if _, err := OpenRecord(recordPlace, card, sealed, 10); err != nil {
		t.Errorf("%d recipients: %v", MaxRecipients, err)
	}
	recipients := make([]age.Recipient, MaxRecipients+1)
	for i := range recipients {
		recipients[i] = card.Recipient()
	}
	if _, err := SealRecord(recordPlace, recipients, nil); !errors.Is(err, ErrRecipients) {
		t.Errorf("%d recipients: %v, want ErrRecipients", len(recipients), err)
	}
}

func TestResealShutsOutARevokedCard(t *testing.T) {
	server, revoked, kept := mustServer(t), mustCard(t, 1), mustCard(t, 2)
	sealed := mustSeal(t, []byte("secret"), server, revoked, kept)
	resealed, err := Reseal(recordPlace, server, sealed, 100, []age.Recipient{kept.Recipient(), server.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRecord(recordPlace, revoked, resealed, 100); !errors.Is(err, ErrSealed) {
		t.Errorf("the revoked card: %v, want ErrSealed", err)
	}
	for _, identity := range []*Identity{server, kept} {
		if got, err := OpenRecord(recordPlace, identity, resealed, 100); err != nil || string(got) != "secret" {
			t.Errorf("a card that was kept: %q, %v", got, err)
		}
	}
}

// countingIdentity counts how often a stanza comes as far as a scalar multiplication.
type countingIdentity struct {
	*Identity
	tried int
}

func (c *countingIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for n, stanza := range stanzas {
		if stanza.Type == "X25519" && c.mayBeMine(stanzas, n) {
			c.tried++
		}
	}
	return c.Identity.Unwrap(stanzas)
}

func TestOpeningTriesOneStanzaOnly(t *testing.T) {
	identities := []*Identity{mustServer(t)}
	for b := range byte(20) {
		identities = append(identities, mustCard(t, b))
	}
	sealed := mustSeal(t, []byte("secret"), identities...)
	for i, identity := range identities {
		counting := &countingIdentity{Identity: identity}
		if _, err := OpenRecord(recordPlace, counting, sealed, 100); err != nil || counting.tried != 1 {
			t.Errorf("recipient %d: %d stanzas tried, %v, want 1", i, counting.tried, err)
		}
	}
	stranger := &countingIdentity{Identity: mustCard(t, 99)}
	if _, err := OpenRecord(recordPlace, stranger, sealed, 100); !errors.Is(err, ErrSealed) || stranger.tried != 0 {
		t.Errorf("a stranger: %d stanzas tried, %v, want none", stranger.tried, err)
	}
}

// stockAge finds the age tool, by which the formats of this package are checked from outside.
func stockAge(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("age")
	if err != nil {
		t.Fatal("this test opens our files with the stock age tool: install the Debian package age, as ./deploy/test.sh does")
	}
	return path
}

func TestStockAgeOpensARecord(t *testing.T) {
	tool := stockAge(t)
	server, card := mustServer(t), mustCard(t, 7)
	plaintext := strings.Repeat("Anna Example, penicillin. ", 5000)
	record := filepath.Join(t.TempDir(), "record.age")
	if err := os.WriteFile(record, mustSeal(t, []byte(plaintext), server, mustCard(t, 1), card), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, identity := range map[string]*Identity{"server": server, "card": card} {
		key := filepath.Join(t.TempDir(), "key.txt")
		if err := os.WriteFile(key, []byte(identity.Secret()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := exec.Command(tool, "-d", "-i", key, record)
		cmd.Stderr = &stderr
		if out, err := cmd.Output(); err != nil || string(out) != plaintext {
			t.Errorf("%s: age -d: %v, %d bytes, %s", name, err, len(out), stderr.String())
		}
	}
}

func TestRecordOfStockAgeOpensWithoutHints(t *testing.T) {
	tool, card := stockAge(t), mustCard(t, 7)
	cmd := exec.Command(tool, "-r", mustCard(t, 1).Recipient().String(), "-r", card.Recipient().String())
	cmd.Stdin = strings.NewReader("secret")
	sealed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), card)
	if err != nil {
		t.Fatal(err)
	}
	var plaintext bytes.Buffer
	if _, err := plaintext.ReadFrom(r); err != nil || plaintext.String() != "secret" {
		t.Errorf("= %q, %v", plaintext.String(), err)
	}
}

func FuzzOpenRecord(f *testing.F) {
	card := mustCard(f, 1)
	old := readOld(f, "record.age")
	f.Add(old)
	f.Add(old[:len(old)/2])
	f.Add([]byte("age-encryption.org/v1\n-> X25519 \n\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := OpenRecord(recordPlace, card, data, 1<<16); err == nil && !bytes.Equal(data, old) {
			t.Errorf("%d bytes that nobody sealed were opened", len(data))
		}
	})
}

func BenchmarkSealRecord(b *testing.B) {
	for _, n := range []int{1, 3, 10} {
		b.Run(fmt.Sprintf("recipients=%d", n), func(b *testing.B) {
			recipients := make([]age.Recipient, n)
			for i := range recipients {
				recipients[i] = mustCard(b, byte(i)).Recipient()
			}
			plaintext := make([]byte, 4096)
			for b.Loop() {
				if _, err := SealRecord(recordPlace, recipients, plaintext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpenRecord is what one opening costs, from the secret of the card on.
func BenchmarkOpenRecord(b *testing.B) {
	for _, n := range []int{1, 3, 10} {
		b.Run(fmt.Sprintf("recipients=%d", n), func(b *testing.B) {
			identities := make([]*Identity, n)
			for i := range identities {
				identities[i] = mustCard(b, byte(i))
			}
			sealed := mustSeal(b, make([]byte, 4096), identities...)
			for b.Loop() {
				card, err := CardIdentity(testSecret(byte(n - 1)))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := OpenRecord(recordPlace, card, sealed, 8192); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
