package sun

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
)

// The keys and cards of the tests are invented and fixed.
func testMaster() Key { return Key([]byte("a master of test")) }

func testCard() cards.ID { return cards.ID([]byte("a card of a test")) }

// TestKeysForStayTheSame: tags are written once, so these keys never change. Made with
// `openssl mac -macopt cipher:AES-128-CBC -macopt hexkey:KEY -in INPUT CMAC`, which pads inputs of 26 bytes as AN10922 does.
// They are published too.
func TestKeysForStayTheSame(t *testing.T) {
	want := [5]string{
		"B8E4A23BAF0DD969BE89AB3757FD4121", "2445D7EA216A6D8404B8228EB367A1F3", "F87FD05BC4B2C5B1E4D71DC4260ED20E", "77C72FCE0C02574EF3818339F81B1394", "D46883924DF45D4977CA3EBD7EDB5B52",
	}
	published, err := os.ReadFile("../../deploy/docs/format.md")
	if err != nil {
		t.Fatal(err)
	}
	for slot, key := range KeysFor(testMaster(), testCard()).InOrder() {
		if key.Hex() != want[slot] {
			t.Errorf("key %d is %s, want %s", slot, key.Hex(), want[slot])
		}
		if row := fmt.Sprintf("| %d | `%s` |", slot, want[slot]); !strings.Contains(string(published), row) {
			t.Errorf("the format does not say %s", row)
		}
	}
}

// TestKeysForDiffer: who has all the keys of one tag has none of another.
func TestKeysForDiffer(t *testing.T) {
	otherCard := testCard()
	otherCard[15] ^= 1
	otherMaster := testMaster()
	otherMaster[0] ^= 1
	seen := make(map[Key]string)
	for name, slots := range map[string]Slots{
		"this card": KeysFor(testMaster(), testCard()), "another card": KeysFor(testMaster(), otherCard), "another house": KeysFor(otherMaster, testCard()),
	} {
		for slot, key := range slots.InOrder() {
			name := fmt.Sprintf("%s, slot %d", name, slot)
			if other, found := seen[key]; found {
				t.Errorf("%s has the key of %s", name, other)
			}
			seen[key] = name
		}
	}
}

// TestDiversifyIsNotCMAC: up to 15 bytes, where both fit one block, the padding differs.
func TestDiversifyIsNotCMAC(t *testing.T) {
	for n := 1; n <= 31; n++ {
		input := make([]byte, n)
		key := testMaster().diversify(input)
		cmac := testMaster().cmac(append([]byte{1}, input...))
		if same := key == Key(cmac); same != (n > 15) {
			t.Errorf("%d bytes: the same as CMAC %t", n, same)
		}
	}
}

func TestKeysAreHidden(t *testing.T) {
	key := testMaster()
	secret := hex.EncodeToString(key[:])
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("tag", "key", key)
	text, err := json.Marshal(KeysFor(key, testCard()))
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{
		fmt.Sprint(key), fmt.Sprintf("%x %X %d %s %q %#v %v", key, key, key, key, key, key, []Key{key}), log.String(), string(text),
	} {
		if strings.Contains(strings.ToLower(shown), secret) || strings.Contains(shown, "109") || strings.Contains(shown, "master") {
			t.Errorf("the key is shown: %s", shown)
		}
	}
	if key.Hex() != strings.ToUpper(secret) {
		t.Errorf("Hex is %s", key.Hex())
	}
}
