package datadir

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseKnown: what is read is written so that the same is read again.
func FuzzParseKnown(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		f.Fatal(err)
	}
	point := base64.StdEncoding.EncodeToString(public)
	for _, seed := range []string{
		`{"v":1,"iss":"card.example.org","keys":[]}`,
		`{"v":1,"iss":"card.example.org","keys":[{"point":"` + point + `","added":"2026-11-22T08:00:00.123456Z"}]}`,
		`{"v":1,"iss":"card.example.org","keys":[{"point":"` + point + `","added":"2026-11-22T08:00:00Z","not_after":"2026-12-22T09:00:00+01:00","compromised_since":"1970-01-01T00:00:00.001Z"}]}`,
		`{"v":1,"keys":null}`, `[]`, `{"v":2}`, `{"v":1,"keys":[{}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		known, err := parseKnown(content)
		if err != nil {
			return
		}
		text, err := known.text()
		if err != nil {
			return // its spelling made it larger than may be read
		}
		again, err := parseKnown(text)
		if err != nil || !cmp.Equal(again, known) {
			t.Errorf("%s is read as %+v, %v; want %+v", text, again, err, known)
		}
	})
}
