package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

var fieldPlace = AAD{Table: "account", Column: "name", Row: "7"}

func mustDataKey(t testing.TB) *DataKey {
	t.Helper()
	key, err := NewDataKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestFieldRoundTrip(t *testing.T) {
	key := mustDataKey(t)
	for _, size := range []int{0, 1, 15, 16, 17, 4096, 1 << 20} {
		plaintext := bytes.Repeat([]byte{'x'}, size)
		sealed, err := key.Seal(fieldPlace, plaintext)
		if err != nil || len(sealed) != size+FieldOverhead {
			t.Fatalf("%d bytes: Seal = %d bytes, %v", size, len(sealed), err)
		}
		if got, err := key.Open(fieldPlace, sealed); err != nil || !bytes.Equal(got, plaintext) {
			t.Errorf("%d bytes: Open = %d bytes, %v", size, len(got), err)
		}
	}
}

// TestTwoKeysOfAField is promise 3 for fields: neither another key nor another place opens one.
func TestTwoKeysOfAField(t *testing.T) {
	key := mustDataKey(t)
	sealed, err := key.Seal(fieldPlace, []byte("Anna Example"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("Anna")) {
		t.Error("the ciphertext contains the plaintext")
	}
	cases := map[string]struct {
		key   *DataKey
		place AAD
	}{
		"another key":     {mustDataKey(t), fieldPlace},
		"another row":     {key, AAD{"account", "name", "8"}},
		"another column":  {key, AAD{"account", "mail", "7"}},
		"another table":   {key, AAD{"patient", "name", "7"}},
		"column and row":  {key, AAD{"account", "7", "name"}},
		"parts shifted":   {key, AAD{"account", "name7", ""}},
		"no place at all": {key, AAD{}},
		"no key at all":   {&DataKey{}, fieldPlace},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := c.key.Open(c.place, sealed); !errors.Is(err, ErrSealed) || got != nil {
				t.Errorf("Open = %q, %v, want ErrSealed", got, err)
			}
		})
	}
}

func TestFieldIsRefusedWhenChanged(t *testing.T) {
	key := mustDataKey(t)
	sealed, err := key.Seal(fieldPlace, []byte("Anna Example"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range sealed {
		if _, err := key.Open(fieldPlace, sealed[:n]); !errors.Is(err, ErrSealed) {
			t.Fatalf("the first %d of %d bytes: %v, want ErrSealed", n, len(sealed), err)
		}
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[n] ^= 1 << bit
			if _, err := key.Open(fieldPlace, changed); !errors.Is(err, ErrSealed) {
				t.Fatalf("bit %d of byte %d flipped: %v, want ErrSealed", bit, n, err)
			}
		}
	}
}

func TestRotation(t *testing.T) {
	first := mustDataKey(t)
	old, err := first.Seal(fieldPlace, []byte("old"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := first.Rotate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Open(fieldPlace, old); err != nil || string(got) != "old" {
		t.Errorf("after rotation the old field opens as %q, %v", got, err)
	}
	fresh, err := second.Seal(fieldPlace, []byte("new"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Open(fieldPlace, fresh); !errors.Is(err, ErrSealed) {
		t.Errorf("the key of before opens a field of after: %v", err)
	}
	if !second.Stale(old) || second.Stale(fresh) || first.Stale(old) {
		t.Error("Stale does not tell the fields under the older key")
	}
	// The number of the key cannot be changed to another one that is known.
	moved := bytes.Clone(fresh)
	moved[0] = 1
	if _, err := second.Open(fieldPlace, moved); !errors.Is(err, ErrSealed) {
		t.Errorf("a field under another number: %v, want ErrSealed", err)
	}
	if first.KeyedHash("mail", []byte("a")) != second.KeyedHash("mail", []byte("a")) {
		t.Error("rotation changed what is found by a hash")
	}
	if !bytes.Equal(first.Pepper(), second.Pepper()) {
		t.Error("rotation changed the pepper")
	}
}

func TestRotationEnds(t *testing.T) {
	key := mustDataKey(t)
	for range maxDataKeys - 1 {
		var err error
		if key, err = key.Rotate(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := key.Rotate(rand.Reader); err == nil {
		t.Error("a key with the number 256 was made")
	}
	if back, err := ParseDataKey(key.Text()); err != nil || !bytes.Equal(back.Text(), key.Text()) {
		t.Errorf("the largest key file is not read: %v", err)
	}
}

func TestDataKeyText(t *testing.T) {
	key, err := mustDataKey(t).Rotate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Seal(fieldPlace, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseDataKey(append([]byte("# keep this apart from the database\r\n\n"), key.Text()...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := back.Open(fieldPlace, sealed); err != nil {
		t.Errorf("a key that was written and read does not open: %v", err)
	}

	line := strings.SplitAfter(string(key.Text()), "\n")
	cases := map[string]string{
		"empty":          "",
		"comment only":   "# nothing\n",
		"second missing": line[1],
		"wrong order":    line[1] + line[0],
		"twice":          line[0] + line[0],
		"one word more":  strings.TrimSpace(line[0]) + " x\n",
		"other word":     strings.Replace(line[0], dataKeyWord, "other", 1),
		"short key":      strings.TrimSpace(line[0])[:len(line[0])-3],
		"padded":         strings.TrimSpace(line[0]) + "=",
		"not canonical":  strings.TrimSpace(line[0])[:len(line[0])-2] + "_",
		"too long":       strings.Repeat("#\n", maxKeyFile),
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseDataKey([]byte(text)); !errors.Is(err, ErrKey) {
				t.Errorf("ParseDataKey = %v, want ErrKey", err)
			}
		})
	}
}

func TestNoKeyWithoutRandomness(t *testing.T) {
	if _, err := NewDataKey(bytes.NewReader(make([]byte, dataKeySize-1))); err == nil {
		t.Error("a key was made of 31 bytes")
	}
	if _, err := (&DataKey{}).Seal(fieldPlace, nil); !errors.Is(err, ErrKey) {
		t.Errorf("Seal with no key = %v, want ErrKey", err)
	}
}

func TestKeyedHashKeepsPurposesApart(t *testing.T) {
	key := mustDataKey(t)
	base := key.KeyedHash("mail", []byte("anna@example.org"))
	if key.KeyedHash("mail", []byte("anna@example.org")) != base {
		t.Error("the same data has two hashes")
	}
	if key.KeyedHash("mail", []byte("anna@example.com")) == base {
		t.Error("other data has the same hash")
	}
	if key.KeyedHash("mai", []byte("lanna@example.org")) == base {
		t.Error("purpose and data run into each other")
	}
	if mustDataKey(t).KeyedHash("mail", []byte("anna@example.org")) == base {
		t.Error("another key makes the same hash")
	}
}

func TestSecretsPrintAsRedacted(t *testing.T) {
	key, server := mustDataKey(t), mustServer(t)
	secrets := []string{server.Secret(), strings.TrimPrefix(server.Secret(), "AGE-SECRET-KEY-1")}
	for _, word := range strings.Fields(string(key.Text())) {
		if len(word) == 43 {
			secrets = append(secrets, word)
		}
	}
	for i := range key.keys {
		secrets = append(secrets, fmt.Sprint(key.keys[i].secret[:]), fmt.Sprintf("%x", key.keys[i].secret))
	}
	var log bytes.Buffer
	for _, value := range []any{key, *key, server, *server} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			fmt.Fprintf(&log, verb+"\n", value)
		}
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", value)
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("a secret was printed:\n%s", log.String())
		}
	}
	if strings.Contains(log.String(), "0x") || !strings.Contains(log.String(), redacted) {
		t.Errorf("printed:\n%s", log.String())
	}
}

func FuzzOpenField(f *testing.F) {
	key, err := ParseDataKey(readOld(f, "data.key"))
	if err != nil {
		f.Fatal(err)
	}
	old := readOld(f, "field")
	f.Add(old)
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1}, FieldOverhead))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := key.Open(fieldPlace, data); err == nil && !bytes.Equal(data, old) {
			t.Errorf("%d bytes that nobody sealed were opened", len(data))
		}
	})
}

func FuzzParseDataKey(f *testing.F) {
	f.Add(mustDataKey(f).Text())
	f.Add([]byte("locket-data-key 1 AA\n"))
	f.Add([]byte("#\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ParseDataKey(data)
		if err != nil {
			return
		}
		back, err := ParseDataKey(key.Text())
		if err != nil || !bytes.Equal(back.Text(), key.Text()) {
			t.Errorf("a key that was read is not read again: %v", err)
		}
	})
}

func BenchmarkSealField(b *testing.B) {
	key, plaintext := mustDataKey(b), make([]byte, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Seal(fieldPlace, plaintext); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenField(b *testing.B) {
	key := mustDataKey(b)
	sealed, err := key.Seal(fieldPlace, make([]byte, 1024))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := key.Open(fieldPlace, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
