package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"
)

// TestCardKeysNeverChange holds the derivations of format 1: a change would shut every card that was ever issued.
func TestCardKeysNeverChange(t *testing.T) {
	secret := [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	recipient, err := CardRecipient(secret)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := CardVerifier(secret)
	if err != nil {
		t.Fatal(err)
	}
	if want := "age1hjyqjma3msx3hwmwsa90na4z9e33nk4u63ezkkk2wwzkupx4xukqs6x7ly"; recipient != want {
		t.Errorf("CardRecipient = %s, want %s", recipient, want)
	}
	if got, want := hex.EncodeToString(verifier[:]), "6b854e1358c16a550deccd6b886f3a33aec7b44af0be707dced8c4d62f97234a"; got != want {
		t.Errorf("CardVerifier = %s, want %s", got, want)
	}
}

func TestCheckCard(t *testing.T) {
	verifier, err := CardVerifier(testSecret(1))
	if err != nil {
		t.Fatal(err)
	}
	if !CheckCard(testSecret(1), verifier) {
		t.Error("the card's own secret is not recognised")
	}
	if CheckCard(testSecret(2), verifier) {
		t.Error("another secret is recognised")
	}
	if CheckCard(testSecret(1), [32]byte{}) {
		t.Error("an empty verifier is taken")
	}
	scalar := mustCard(t, 1).Secret()
	if strings.Contains(scalar, strings.ToUpper(hex.EncodeToString(verifier[:]))) {
		t.Error("the verifier gives the key away")
	}
}

func TestServerIdentityText(t *testing.T) {
	identity := mustServer(t)
	back, err := ParseServerIdentity(" " + identity.Secret() + "\n")
	if err != nil || back.Recipient().String() != identity.Recipient().String() {
		t.Errorf("ParseServerIdentity = %v", err)
	}
	for name, text := range map[string]string{
		"empty":        "",
		"a recipient":  identity.Recipient().String(),
		"lower case":   strings.Replace(identity.Secret(), "A", "a", 1),
		"one less":     identity.Secret()[:len(identity.Secret())-1],
		"wrong digit":  identity.Secret()[:len(identity.Secret())-1] + "!",
		"very long":    strings.Repeat("A", 1<<20),
		"other prefix": "AGE-PLUGIN-X-1QQQQ",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseServerIdentity(text)
			if !errors.Is(err, ErrKey) {
				t.Errorf("ParseServerIdentity = %v, want ErrKey", err)
			}
			if err != nil && len(text) > 4 && strings.Contains(err.Error(), text[4:]) {
				t.Error("the error quotes the key")
			}
		})
	}
	if _, err := NewServerIdentity(iotest.ErrReader(errors.New("empty"))); err == nil {
		t.Error("a key was made without randomness")
	}
}

func TestParseRecipient(t *testing.T) {
	identity := mustCard(t, 3)
	r, err := ParseRecipient(identity.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealRecord(recordPlace, []age.Recipient{r}, []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenRecord(recordPlace, identity, sealed, 100); err != nil || string(got) != "secret" {
		t.Errorf("sealed to the text of a recipient: %q, %v", got, err)
	}
	for _, text := range []string{"", "age1", "age1qqqq", identity.Secret()} {
		if _, err := ParseRecipient(text); !errors.Is(err, ErrKey) {
			t.Errorf("ParseRecipient(%d bytes) = %v, want ErrKey", len(text), err)
		}
	}
}

// TestBech32 compares what this package writes with what age reads and writes.
func TestBech32(t *testing.T) {
	for range 100 {
		scalar := make([]byte, 32)
		if _, err := rand.Read(scalar); err != nil {
			t.Fatal(err)
		}
		text := encodeBech32(secretPrefix, scalar)
		identity, err := age.ParseX25519Identity(text)
		if err != nil {
			t.Fatalf("age does not read it: %v", err)
		}
		if identity.String() != text {
			t.Errorf("age writes another text")
		}
	}
}

func TestIdentityPassesOverForeignStanzas(t *testing.T) {
	card := mustCard(t, 1)
	fileKey := bytes.Repeat([]byte{5}, 16)
	own, err := card.Recipient().Wrap(fileKey)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := mustCard(t, 2).Recipient().Wrap(fileKey)
	if err != nil {
		t.Fatal(err)
	}
	hint, x25519 := own[0], own[1]
	cases := map[string]struct {
		stanzas []*age.Stanza
		opens   bool
	}{
		"own":                  {[]*age.Stanza{hint, x25519}, true},
		"own without a hint":   {[]*age.Stanza{x25519}, true},
		"behind a stranger's":  {[]*age.Stanza{foreign[0], foreign[1], hint, x25519}, true},
		"behind another kind":  {[]*age.Stanza{{Type: "scrypt", Args: []string{"a", "b"}}, hint, x25519}, true},
		"stranger's, own hint": {[]*age.Stanza{hint, foreign[1]}, false},
		"stranger's unhinted":  {[]*age.Stanza{foreign[1]}, false},
		"hint without stanza":  {[]*age.Stanza{hint}, false},
		"no arguments":         {[]*age.Stanza{{Type: hintType}, {Type: "X25519"}}, false},
		"none":                 {nil, false},
		"too many":             {append(make([]*age.Stanza, 0), manyStanzas(x25519, maxStanzas+1)...), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := card.Unwrap(c.stanzas)
			if c.opens && (err != nil || !bytes.Equal(got, fileKey)) {
				t.Errorf("Unwrap = %x, %v, want the file key", got, err)
			}
			if !c.opens && !errors.Is(err, age.ErrIncorrectIdentity) {
				t.Errorf("Unwrap = %v, want ErrIncorrectIdentity", err)
			}
		})
	}
}

func manyStanzas(stanza *age.Stanza, n int) []*age.Stanza {
	stanzas := make([]*age.Stanza, n)
	for i := range stanzas {
		stanzas[i] = stanza
	}
	return stanzas
}
