package witness_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/witness"
)

// known is the vkey of the n-th made-up witness.
func known(t testing.TB, n byte) string {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	w, err := audit.NewWitness(fmt.Sprintf("witness.example/w%d", n), key)
	if err != nil {
		t.Fatal(err)
	}
	return w.String()
}

func TestParseList(t *testing.T) {
	one, two := known(t, 1), known(t, 2)
	list, err := witness.ParseList([]byte("# who watches\n\n" + one + " https://w1.example/submit/\r\n\t" + two + "\thttp://127.0.0.1:7380\n"))
	if err != nil || len(list) != 2 || list[0].Key.String() != one || list[0].URL != "https://w1.example/submit" || list[1].URL != "http://127.0.0.1:7380" {
		t.Errorf("ParseList = %+v, %v", list, err)
	}
	many := ""
	for n := range byte(17) {
		many += known(t, n+1) + " https://w.example\n"
	}
	for name, text := range map[string]string{
		"no address":           one,
		"a word too many":      one + " https://w1.example #1",
		"the key of a log":     "locket.example/audit/log+0ccd2e57+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea https://w1.example",
		"http to another host": one + " http://w1.example",
		"no host":              one + " https:///submit",
		"a password":           one + " https://me:secret@w1.example",
		"a query":              one + " https://w1.example?key=1",
		"twice":                one + " https://w1.example\n" + one + " https://w2.example",
		"too many":             many,
		"too long":             strings.Repeat("#", 65<<10),
	} {
		if list, err := witness.ParseList([]byte(text)); !errors.Is(err, witness.ErrList) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte(known(f, 1) + " https://w1.example/submit\n# a note\n"))
	f.Add([]byte(known(f, 1) + " http://[::1]:80\n" + known(f, 2) + " http://localhost\n"))
	f.Add([]byte("\n \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := witness.ParseList(text)
		if err != nil && !errors.Is(err, witness.ErrList) {
			t.Errorf("an error of no kind: %v", err)
		}
		for _, w := range list {
			if !strings.HasPrefix(w.URL, "https://") && !strings.HasPrefix(w.URL, "http://") || w.Key.Name() == "" {
				t.Errorf("taken: %+v", w)
			}
		}
	})
}
