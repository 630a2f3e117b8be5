package sun

import (
	"crypto/aes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hexBytes are written as hexadecimal digits in the files of vectors.
type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

func (b hexBytes) key(t *testing.T) Key {
	t.Helper()
	if len(b) != len(Key{}) {
		t.Fatalf("a key of %d bytes", len(b))
	}
	return Key(b)
}

func load(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		t.Fatal(err)
	}
}

// TestPublishedTaps reads taps that others have published, of real tags among them. Absent members were not published.
func TestPublishedTaps(t *testing.T) {
	var vectors []struct {
		Name        string
		Meta, File  hexBytes
		P, C        string // no P where the tag does not encrypt its serial number
		UID         hexBytes
		Counter     uint32
		PICC, SV2   hexBytes
		KMAC, MAC   hexBytes
		Enc         string
		Data, Input string
		Proven      bool
		Error       string
	}
	load(t, "taps.json", &vectors)
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			if v.Error != "" {
				if _, err := Parse(v.P, v.C); !errors.Is(err, ErrLRP) {
					t.Errorf("got %v", err)
				}
				return
			}
			var tap Tap
			var err error
			if v.P == "" {
				tap = Tap{UID: UID(v.UID), Counter: v.Counter}
				_, err = hex.Decode(tap.mac[:], []byte(v.C))
			} else {
				var m Message
				if m, err = Parse(v.P, v.C); err == nil {
					tap, err = m.Open(v.Meta.key(t))
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if tap.UID != UID(v.UID) || tap.Counter != v.Counter {
				t.Errorf("tag %s at %d, want %X at %d", tap.UID, tap.Counter, v.UID, v.Counter)
			}
			file := v.File.key(t)
			if got := tap.Verify(file, v.Input); got != v.Proven {
				t.Errorf("proven %t, want %t", got, v.Proven)
			}
			if v.PICC != nil {
				var p hexBytes
				if err := p.UnmarshalText([]byte(v.P)); err != nil {
					t.Fatal(err)
				}
				if got := encrypt(v.Meta.key(t).cipher(), [aes.BlockSize]byte(v.PICC)); string(got[:]) != string(p) {
					t.Errorf("the data encrypt to %X", got)
				}
			}
			vector := tap.vector(0x3c, 0xc3)
			if v.SV2 != nil && string(vector) != string(v.SV2) {
				t.Errorf("SV2 %X", vector)
			}
			session := file.cmac(vector)
			if v.KMAC != nil && string(session[:]) != string(v.KMAC) {
				t.Errorf("key of the MAC %X", session)
			}
			if full := Key(session).cmac([]byte(v.Input)); v.MAC != nil && string(full[:]) != string(v.MAC) {
				t.Errorf("whole MAC %X", full)
			}
			if v.Enc != "" {
				for _, digits := range []string{v.Enc, strings.ToLower(v.Enc)} {
					if data, err := tap.Decrypt(file, digits); err != nil || string(data) != v.Data {
						t.Errorf("data %q, %v", data, err)
					}
				}
			}
			if v.P != "" {
				for _, lower := range []func(string) string{strings.ToLower, strings.ToUpper} {
					if _, err := Parse(lower(v.P), lower(v.C)); err != nil {
						t.Errorf("in other letters: %v", err)
					}
				}
			}
		})
	}
}

func TestPublishedKeys(t *testing.T) {
	var vectors struct {
		CMAC []struct {
			Name              string
			Key, Message, MAC hexBytes
		}
		Session []struct {
			Name                       string
			File, UID, SV1, KEnc, KMAC hexBytes
			Counter                    uint32
		}
		Subkeys struct {
			Name               string
			Master, K0, K1, K2 hexBytes
		}
		Diversification []struct {
			Name               string
			Master, Input, Key hexBytes
		}
	}
	load(t, "keys.json", &vectors)
	for _, v := range vectors.CMAC {
		if got := v.Key.key(t).cmac(v.Message); string(got[:]) != string(v.MAC) {
			t.Errorf("%s: %x", v.Name, got)
		}
	}
	for _, v := range vectors.Session {
		tap := Tap{UID: UID(v.UID), Counter: v.Counter}
		if got := tap.vector(0xc3, 0x3c); string(got) != string(v.SV1) {
			t.Errorf("%s: SV1 %X", v.Name, got)
		}
		file := v.File.key(t)
		if got := file.cmac(tap.vector(0xc3, 0x3c)); string(got[:]) != string(v.KEnc) {
			t.Errorf("%s: key of the encryption %X", v.Name, got)
		}
		if got := file.cmac(tap.vector(0x3c, 0xc3)); string(got[:]) != string(v.KMAC) {
			t.Errorf("%s: key of the MAC %X", v.Name, got)
		}
	}
	s := vectors.Subkeys
	k0 := encrypt(s.Master.key(t).cipher(), [aes.BlockSize]byte{})
	k1 := double(k0)
	if k2 := double(k1); string(k0[:]) != string(s.K0) || string(k1[:]) != string(s.K1) || string(k2[:]) != string(s.K2) {
		t.Errorf("%s: %X %X %X", s.Name, k0, k1, k2)
	}
	for _, v := range vectors.Diversification {
		if got := v.Master.key(t).diversify(v.Input); string(got[:]) != string(v.Key) {
			t.Errorf("%s: %s", v.Name, got.Hex())
		}
	}
}
