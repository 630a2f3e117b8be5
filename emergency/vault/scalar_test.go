package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"filippo.io/age"
)

// TestAScalarIsTheIdentityThatAgeMakesOfIt holds our identity against age's own of the same secret: the same public key and text, and the same
// file key from what age sealed.
func TestAScalarIsTheIdentityThatAgeMakesOfIt(t *testing.T) {
	for range 20 {
		drawn := make([]byte, 32)
		rand.Read(drawn)
		ours, err := identityOf(drawn)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := age.ParseX25519Identity(encodeBech32(secretPrefix, drawn))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Recipient().String(), theirs.Recipient().String(); got != want {
			t.Fatalf("recipient: got %s, want %s", got, want)
		}
		if ours.Secret() != theirs.String() {
			t.Fatal("the secret texts differ")
		}
		fileKey := make([]byte, fileKeySize)
		rand.Read(fileKey)
		stanzas, err := theirs.Recipient().Wrap(fileKey)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ours.Unwrap(stanzas); err != nil || !bytes.Equal(got, fileKey) {
			t.Fatalf("Unwrap: %v", err)
		}
	}
}

func TestAScalarRefusesWhatIsNotForIt(t *testing.T) {
	drawn, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	identity, err := identityOf(drawn)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := identityOf(other)
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(r *Recipient) age.Stanza {
		stanzas, err := r.key.Wrap(make([]byte, fileKeySize))
		if err != nil {
			t.Fatal(err)
		}
		return *stanzas[0]
	}
	mine := wrap(identity.Recipient())
	changed := func(change func(*age.Stanza)) age.Stanza {
		copied := age.Stanza{Type: mine.Type, Args: slices.Clone(mine.Args), Body: slices.Clone(mine.Body)}
		change(&copied)
		return copied
	}
	for _, test := range []struct {
		name   string
		stanza age.Stanza
		want   error
	}{
		{"for somebody else", wrap(stranger.Recipient()), age.ErrIncorrectIdentity},
		{"another type", changed(func(s *age.Stanza) { s.Type = "scrypt" }), age.ErrIncorrectIdentity},
		{"another share", changed(func(s *age.Stanza) { s.Args = wrap(stranger.Recipient()).Args }), age.ErrIncorrectIdentity},
		{"a changed body", changed(func(s *age.Stanza) { s.Body[0] ^= 1 }), age.ErrIncorrectIdentity},
		{"a body that is too long", changed(func(s *age.Stanza) { s.Body = append(s.Body, 0) }), errStanza},
		{"no share", changed(func(s *age.Stanza) { s.Args = nil }), errStanza},
		{"two shares", changed(func(s *age.Stanza) { s.Args = append(s.Args, s.Args[0]) }), errStanza},
		{"a share that is not base64", changed(func(s *age.Stanza) { s.Args[0] = "!" + s.Args[0][1:] }), errStanza},
		{"a share that is too short", changed(func(s *age.Stanza) { s.Args[0] = s.Args[0][:40] }), errStanza},
		{"a share of low order", changed(func(s *age.Stanza) { s.Args[0] = base64.RawStdEncoding.EncodeToString(make([]byte, 32)) }), errStanza},
	} {
		t.Run(test.name, func(t *testing.T) {
			if fileKey, err := identity.key.Unwrap([]*age.Stanza{&test.stanza}); !errors.Is(err, test.want) || fileKey != nil {
				t.Errorf("got %x, %v; want %v", fileKey, err, test.want)
			}
		})
	}
}

// BenchmarkOpening is what a responder's opening asks of the vault: the card's key from its secret, and a record of usual size.
func BenchmarkOpening(b *testing.B) {
	identity, err := CardIdentity([16]byte{1})
	if err != nil {
		b.Fatal(err)
	}
	place := AAD{Table: "record", Column: "sealed", Row: "patient"}
	sealed, err := SealRecord(place, []age.Recipient{identity.Recipient()}, make([]byte, 4000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		identity, err := CardIdentity([16]byte{1})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := OpenRecord(place, identity, sealed, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
}
