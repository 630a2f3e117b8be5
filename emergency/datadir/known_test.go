package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/datadir"
)

func TestWhatIsKnownOfTheKeysIsReadStrictly(t *testing.T) {
	dir := newHouse(t)
	rotate(t, dir, true)
	path := filepath.Join(dir, "keys", "issuer-keys.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	for _, c := range []struct{ name, content string }{
		{"nothing in it", ""},
		{"no JSON", "rubbish"},
		{"half of it", good[:len(good)/2]},
		{"something after it", good + "{}"},
		{"another version", strings.Replace(good, `"v": 1`, `"v": 2`, 1)},
		{"another house", strings.Replace(good, "card.example.org", "clinic.example", 1)},
		{"a word more", strings.Replace(good, `"v": 1`, `"v": 1, "signs": true`, 1)},
		{"no point", strings.Replace(good, `"point": "B`, `"point": "C`, 1)},
		{"a time that the store takes for none", strings.Replace(good, `"added": "20`, `"added": "19`, 1)},
		{"too large", good + strings.Repeat(" ", 256<<10)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.content == good {
				t.Fatal("the case changes nothing")
			}
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := datadir.Open(t.Context(), datadir.Options{Dir: dir})
			if !errors.Is(err, datadir.ErrKnownKeys) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "put back the copy") {
				t.Errorf("got %v, want ErrKnownKeys with what to do", err)
			}
		})
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	issue(t, dir)
}
