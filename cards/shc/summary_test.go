package shc

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/locket-health/locket/cards"
)

// TestSummaries signs patient summaries of many countries, where they stand beside the checkout, and reads them back from a file.
func TestSummaries(t *testing.T) {
	paths, err := filepath.Glob("../../../shared/data/ips/*.json")
	if err != nil {
		t.Fatal(err)
	}
	bundles := map[string][]byte{"our own": []byte(testBundle)}
	for _, path := range paths {
		if bundles[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	issuer := testIssuerOf(t, testIssuer, "issuer")
	verifier := Verifier{Keys: testKeys(t, testTrusted(t, testIssuer, "issuer"))}
	for name, bundle := range bundles {
		t.Run(name, func(t *testing.T) {
			bundle = bytes.TrimPrefix(bundle, []byte("\xef\xbb\xbf")) // a byte order mark is not JSON
			jws, err := issuer.Sign(Card{NotBefore: testIssued, Bundle: bundle})
			if err != nil {
				t.Fatal(err)
			}
			file, err := MarshalFile(jws)
			if err != nil {
				t.Fatal(err)
			}
			read, err := Read(string(file))
			if err != nil {
				t.Fatal(err)
			}
			result, err := verifier.Verify(read[0], testNow)
			if err != nil || result.Status != cards.StatusVerified {
				t.Fatal(result.Status, err)
			}
			var want bytes.Buffer
			if err := json.Compact(&want, bundle); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(result.Card.Bundle, want.Bytes()) {
				t.Error("another Bundle")
			}
		})
	}
}
