package emergency

import (
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// Keys of grants come in the order of time, and whoever knows one knows no other.
func TestGrantsAreKnownInTheOrderOfTime(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_000)
	seen := map[string]bool{}
	var last Token
	for i := range 1000 {
		id, secret, hash, err := DrawGrant(rand.Reader, at.Add(time.Duration(i)*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if !validID(string(id)) {
			t.Fatalf("%q is no identifier", id)
		}
		if hashGrant(secret) != hash || hash.IsZero() {
			t.Fatal("a secret does not hash to what is stored")
		}
		if i > 0 && string(hash[:]) <= string(last[:]) {
			t.Fatal("a later grant has an earlier key")
		}
		if secret[8:] == hash.String()[8:] || strings.Contains(secret, string(id)[8:]) {
			t.Fatal("what is stored tells the secret")
		}
		last = hash
		for _, key := range []string{string(id), secret} {
			if seen[key] {
				t.Fatalf("%q was drawn twice", key)
			}
			seen[key] = true
		}
	}
	one, secretOne, _, _ := DrawGrant(rand.Reader, at)
	two, secretTwo, _, _ := DrawGrant(rand.Reader, at)
	if one == two || secretOne == secretTwo || one[:8] != two[:8] {
		t.Errorf("two grants of one moment are %q and %q", one, two)
	}
	if _, _, _, err := DrawGrant(strings.NewReader("too little"), at); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("without randomness: %v", err)
	}
	for _, secret := range []string{"", "!", secretOne[1:], secretOne + "A", strings.ToLower(secretOne) + "="} {
		if !hashGrant(secret).IsZero() {
			t.Errorf("%q hashes to something", secret)
		}
	}
}
