package vault

import (
	"bytes"
	"testing"

	"filippo.io/age"
)

// TestAKnownPublicKeySavesWorkAndNothingElse: the identity that is told its public key opens what the other opens, and with a wrong one nothing.
func TestAKnownPublicKeySavesWorkAndNothingElse(t *testing.T) {
	for n := range 50 {
		secret := [16]byte{byte(n), 7}
		whole, err := CardIdentity(secret)
		if err != nil {
			t.Fatal(err)
		}
		known, err := CardIdentityOf(secret, whole.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		place := AAD{Table: "record", Column: "sealed", Row: "x"}
		sealed, err := SealRecord(place, []age.Recipient{whole.Recipient()}, []byte("behind the glass"))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := OpenRecord(place, known, sealed, 100)
		if err != nil || !bytes.Equal(opened, []byte("behind the glass")) {
			t.Fatalf("secret %d: %q, %v", n, opened, err)
		}
		other, err := CardRecipient([16]byte{byte(n), 8})
		if err != nil {
			t.Fatal(err)
		}
		wrong, err := CardIdentityOf(secret, other)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRecord(place, wrong, sealed, 100); err == nil {
			t.Error("an identity with another's public key opens the record")
		}
	}
	for _, text := range []string{"", "age1", "age1qqqq", "rubbish"} {
		if _, err := CardIdentityOf([16]byte{1}, text); err == nil {
			t.Errorf("%q is taken for a public key", text)
		}
	}
}
