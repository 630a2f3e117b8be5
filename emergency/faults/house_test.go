//go:build linux

package faults

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/emergency/datadir"
	"github.com/locket-health/locket/emergency/emergencytest"
)

// house is a data directory.
type house struct {
	dir     string
	secrets []string         // what no log of a server may hold
	env     []string         // for the servers that it starts, beside the environment of the tests
	now     func() time.Time // of a house that is opened in the tests' own process; nil is the machine's clock
}

// newHouse makes a data directory in dir, or in a folder of the test for "".
func newHouse(t testing.TB, dir string) *house {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
	}
	must(t, "keys", "init", "--data", dir)
	return &house{dir: dir, secrets: slices.Clone(responder)}
}

// card is what the files of an issued card say.
type card struct {
	ID            string `json:"id"`
	Patient       string `json:"patient"`
	URL           string `json:"url"`
	ShortCode     string `json:"short_code"`
	OnFront       []any  `json:"on_front"`
	LeftOut       []any  `json:"left_out"`
	NotUnderstood []any  `json:"not_understood"`
	folder        string
	address       cards.Address
}

// secret is what opens the glass, as the API takes it.
func (c card) secret() string { return base64.RawURLEncoding.EncodeToString(c.address.Secret.Bytes()) }

// issue issues a card for each document and returns them by the documents' names.
func (h *house) issue(t testing.TB, documents map[string][]byte) map[string]card {
	t.Helper()
	in, out := t.TempDir(), t.TempDir()
	for name, document := range documents {
		write(t, filepath.Join(in, name+".json"), document)
	}
	must(t, "issue", "--data", h.dir, "--in", in, "--out", out)
	issued := make(map[string]card, len(documents))
	for name := range documents {
		issued[name] = h.read(t, filepath.Join(out, name))
	}
	return issued
}

// read reads the card in a folder that locket issue has filled.
func (h *house) read(t testing.TB, folder string) card {
	t.Helper()
	c := card{folder: folder}
	if err := json.Unmarshal(content(t, filepath.Join(folder, "card.json")), &c); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.address, err = cards.ParseAddress(c.URL); err != nil {
		t.Fatal(err)
	}
	_, fragment, _ := strings.Cut(c.URL, "#")
	h.secrets = append(h.secrets, fragment, c.secret(), c.ShortCode, strings.ReplaceAll(c.ShortCode, "-", ""))
	return c
}

// household are the fictional people of the demonstration.
func household() map[string][]byte {
	people := map[string][]byte{}
	for _, person := range emergencytest.Household() {
		people[strings.TrimSuffix(person.Name, ".json")] = person.Bundle
	}
	return people
}

// listed are the cards of a map in an order that a seed can draw from.
func listed(t testing.TB, issued map[string]card) []card {
	t.Helper()
	var list []card
	for _, person := range emergencytest.Household() {
		if c, ok := issued[strings.TrimSuffix(person.Name, ".json")]; ok {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		t.Fatal("no card was issued")
	}
	return list
}

// entries reads the whole log past the program, and checks the database and the log by the way (I3, I4).
func (h *house) entries(t testing.TB) []audit.Entry {
	t.Helper()
	if result := must(t, "audit", "verify", "--data", h.dir, "--json"); !strings.Contains(result.stdout, `"ok":true`) {
		t.Errorf("the log does not hold: %s", result.stdout)
	}
	store, _, err := datadir.OpenReadOnly(t.Context(), h.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Check(t.Context(), true); err != nil {
		t.Errorf("the database is damaged: %v", err)
	}
	state, err := store.LogState(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := store.Entries(t.Context(), 0, state.Size)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(entries)) != state.Size {
		t.Fatalf("the log has %d entries and says %d", len(entries), state.Size)
	}
	return entries
}

// count counts the entries of a type.
func count(entries []audit.Entry, kind audit.Type) int {
	n := 0
	for _, entry := range entries {
		if entry.Type == kind {
			n++
		}
	}
	return n
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
