package sun

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	p, c := strings.Repeat("0a", 16), strings.Repeat("0A", 8)
	for _, test := range []struct {
		name, p, c string
		want       error
	}{
		{"whole", p, c, nil},
		{"nothing", "", "", ErrMessage},
		{"no MAC", p, "", ErrMessage},
		{"short", p[:31], c, ErrMessage},
		{"long", p + "00", c, ErrMessage},
		{"MAC short", p, c[:15], ErrMessage},
		{"MAC long", p, c + "0", ErrMessage},
		{"no digit", "g" + p[1:], c, ErrMessage},
		{"MAC no digit", p, "-" + c[1:], ErrMessage},
		{"spaces", " " + p[1:], c, ErrMessage},
		{"full-width digits", "０" + p[3:], c, ErrMessage},
		{"LRP", strings.Repeat("0", 48), c, ErrLRP},
		{"huge", strings.Repeat("0", 1<<20), c, ErrMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			if m, err := Parse(test.p, test.c); !errors.Is(err, test.want) || test.want != nil && m != (Message{}) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestForeignTag: under another key the data do not come out in their one form.
func TestForeignTag(t *testing.T) {
	m, err := Parse("EF963FF7828658A599F3041510671E88", "94EED9EE65337086")
	if err != nil {
		t.Fatal(err)
	}
	if tap, err := m.Open(testMaster()); tap != (Tap{}) || !errors.Is(err, ErrForeign) {
		t.Errorf("got %v, %v", tap, err)
	}
}

// TestEveryBitOfATapCounts: no other counter, serial number, MAC, input or key verifies.
func TestEveryBitOfATapCounts(t *testing.T) {
	m, err := Parse("EF963FF7828658A599F3041510671E88", "94EED9EE65337086")
	if err != nil {
		t.Fatal(err)
	}
	tap, err := m.Open(Key{})
	if err != nil || !tap.Verify(Key{}, "") {
		t.Fatalf("the tap itself: %v", err)
	}
	for bit := range 8 * len(tap.UID) {
		changed := tap
		changed.UID[bit/8] ^= 1 << (bit % 8)
		if changed.Verify(Key{}, "") {
			t.Errorf("bit %d of the UID does not count", bit)
		}
	}
	for bit := range 24 {
		changed := tap
		changed.Counter ^= 1 << bit
		if changed.Verify(Key{}, "") {
			t.Errorf("bit %d of the counter does not count", bit)
		}
	}
	for bit := range 8 * macSize {
		changed := tap
		changed.mac[bit/8] ^= 1 << (bit % 8)
		if changed.Verify(Key{}, "") {
			t.Errorf("bit %d of the MAC does not count", bit)
		}
	}
	if tap.Verify(Key{}, "0") {
		t.Error("the input does not count")
	}
	if tap.Verify(Key{15: 1}, "") {
		t.Error("the key does not count")
	}
}

func TestDecryptRefuses(t *testing.T) {
	for _, digits := range []string{"", "00", strings.Repeat("0", 31), strings.Repeat("0", 288), strings.Repeat("g", 32)} {
		if data, err := (Tap{}).Decrypt(Key{}, digits); data != nil || !errors.Is(err, ErrMessage) {
			t.Errorf("%d digits: %v", len(digits), err)
		}
	}
}

// FuzzMessage: what is read never proves anything under a key that it was not made with, and nothing makes the reader stumble.
func FuzzMessage(f *testing.F) {
	f.Add("EF963FF7828658A599F3041510671E88", "94EED9EE65337086", "CEE9A53E3E463EF1F459635736738962")
	f.Add("1FCBE61B3E4CAD980CBFDD333E7A4AC4A579569BAFD22C5F", "4231608BA7B02BA9", "")
	f.Fuzz(func(t *testing.T, p, c, digits string) {
		m, err := Parse(p, c)
		if err != nil {
			if !errors.Is(err, ErrMessage) && !errors.Is(err, ErrLRP) {
				t.Errorf("not one of ours: %v", err)
			}
			return
		}
		tap, err := m.Open(Key{})
		if err != nil {
			tap = Tap{mac: m.mac}
		}
		if tap.Counter > MaxCounter {
			t.Errorf("counter %d", tap.Counter)
		}
		if tap.Verify(testMaster(), digits) {
			t.Error("proven under a key that nobody has used")
		}
		if data, err := tap.Decrypt(testMaster(), digits); err == nil && len(data) != len(digits)/2 {
			t.Errorf("%d digits gave %d bytes", len(digits), len(data))
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for b.Loop() {
		m, err := Parse("EF963FF7828658A599F3041510671E88", "94EED9EE65337086")
		if err != nil {
			b.Fatal(err)
		}
		tap, err := m.Open(Key{})
		if err != nil || !tap.Verify(Key{}, "") {
			b.Fatal(err)
		}
	}
}
