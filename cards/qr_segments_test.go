package cards

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skip2/go-qrcode"
	"pgregory.net/rapid"
	"rsc.io/qr/coding"
)

func TestPart(t *testing.T) {
	const card = "https://locket.example/c/ABEiM0RVZneImaq7zN3u_w#"
	number := strings.Repeat("1234567890", 100)
	for _, test := range []struct {
		name, text string
		version    coding.Version
		want       []coding.Encoding
	}{
		{"digits", "0123456789", 1, []coding.Encoding{coding.Num("0123456789")}},
		{"capitals", "LOCKET: 12", 1, []coding.Encoding{coding.Alpha("LOCKET: 12")}},
		{"octets", "locket", 1, []coding.Encoding{coding.String("locket")}},
		{"not ASCII", "é東", 1, []coding.Encoding{coding.String("é東")}},
		{"few digits are not worth a segment", "abc123def", 1, []coding.Encoding{coding.String("abc123def")}},
		{"a card", card + number, 17, []coding.Encoding{coding.String(card), coding.Num(number)}},
		{"a short address", "https://locket.example/s#7KQ2MX9TRB4H", 3,
			[]coding.Encoding{coding.String("https://locket.example/s#"), coding.Alpha("7KQ2MX9TRB4H")}},
		{"a health card", "shc:/" + number, 22, []coding.Encoding{coding.String("shc:/"), coding.Num(number)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, partText(test.text, test.version)); diff != "" {
				t.Errorf("segments (-want +got):\n%s", diff)
			}
		})
	}
}

// mixed draws texts in which runs of each kind stand beside each other.
func mixed(runs, length int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(1, runs).Draw(t, "runs") {
			alphabet := rapid.SampledFrom([]string{"0123456789", "ABCXYZ $%*+-./:", "abcxyz#_{é"}).Draw(t, "alphabet")
			b.WriteString(rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), 1, length, -1).Draw(t, "run"))
		}
		return b.String()
	})
}

// TestNoPartingIsShorter tries every parting of short texts.
func TestNoPartingIsShorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := mixed(3, 5).Draw(t, "text")
		v := coding.Version(rapid.SampledFrom([]int{9, 26, 40}).Draw(t, "version"))
		got, joined := 0, ""
		for _, s := range partText(text, v) {
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			got += s.Bits(v)
			switch s := s.(type) {
			case coding.Num:
				joined += string(s)
			case coding.Alpha:
				joined += string(s)
			case coding.String:
				joined += string(s)
			}
		}
		if joined != text {
			t.Fatalf("%q is parted into %q", text, joined)
		}
		if want := fewestBits(text, v, make(map[string]int)); got != want {
			t.Fatalf("%q takes %d bits, at best %d", text, got, want)
		}
	})
}

func fewestBits(text string, v coding.Version, known map[string]int) int {
	if text == "" {
		return 0
	}
	if bits, ok := known[text]; ok {
		return bits
	}
	best := -1
	for end := 1; end <= len(text); end++ {
		rest := fewestBits(text[end:], v, known)
		for _, s := range []coding.Encoding{coding.Num(text[:end]), coding.Alpha(text[:end]), coding.String(text[:end])} {
			if bits := s.Bits(v) + rest; s.Check() == nil && (best < 0 || bits < best) {
				best = bits
			}
		}
	}
	known[text] = best
	return best
}

// TestNeverLargerThanAnotherEncoder: what people gain by our parting they must not lose elsewhere.
func TestNeverLargerThanAnotherEncoder(t *testing.T) {
	recovery := map[Level]qrcode.RecoveryLevel{LevelL: qrcode.Low, LevelM: qrcode.Medium, LevelQ: qrcode.High, LevelH: qrcode.Highest}
	rapid.Check(t, func(t *rapid.T) {
		text := mixed(4, 60).Draw(t, "text")
		level := Level(rapid.IntRange(int(LevelL), int(LevelH)).Draw(t, "level"))
		other, err := qrcode.New(text, recovery[level])
		if err != nil {
			t.Fatal(err)
		}
		if m := must(EncodeQR(text, level)); m.Version > other.VersionNumber {
			t.Fatalf("%q is version %d, by another encoder %d", text, m.Version, other.VersionNumber)
		}
	})
}

func TestStrongestQR(t *testing.T) {
	card := testBase + "/c/" + testID().String() + "#"
	for _, test := range []struct {
		name, text string
		maximum    int
		version    int
		level      Level
	}{
		{"as large as M", "1", 0, 1, LevelH},
		{"M is full", strings.Repeat("7", 34), 0, 1, LevelM},
		{"a digit less leaves room for nothing better", strings.Repeat("7", 33), 0, 1, LevelM},
		{"room for Q", strings.Repeat("7", 27), 0, 1, LevelQ},
		{"room for H", strings.Repeat("7", 17), 0, 1, LevelH},
		{"a wallet card of 300 digits", card + strings.Repeat("7", 300), 18, 13, LevelH},
		{"a wallet card of 1,060 digits", card + strings.Repeat("7", 1060), 18, 17, LevelM},
		{"a bracelet", "https://locket.example/s#7KQ2MX9TRB4H", 4, 4, LevelQ},
		{"a bracelet no larger than it must be", "https://locket.example/s#7KQ2MX9TRB4H", 0, 3, LevelM},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := StrongestQR(test.text, test.maximum)
			if err != nil {
				t.Fatal(err)
			}
			if m.Version != test.version || m.Level != test.level {
				t.Errorf("version %d-%s, want %d-%s", m.Version, m.Level, test.version, test.level)
			}
		})
	}
	for _, test := range []struct {
		name, text string
		maximum    int
	}{
		{"nothing", "", 0},
		{"larger than allowed", strings.Repeat("7", 35), 1},
		{"larger than any", strings.Repeat("7", 5597), 0},
		{"huge", strings.Repeat("7", 10<<20), 40},
		{"no such version", "1", -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if m, err := StrongestQR(test.text, test.maximum); err == nil || m.Modules != 0 {
				t.Errorf("got version %d, %v", m.Version, err)
			}
		})
	}
}

// TestStrengthIsFree: no higher level would have fitted, and none costs a version.
func TestStrengthIsFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := mixed(3, 40).Draw(t, "text")
		plain, strong := must(EncodeQR(text, LevelM)), must(StrongestQR(text, 0))
		if strong.Version > plain.Version || strong.Level < LevelM {
			t.Fatalf("version %d-%s instead of %d-M", strong.Version, strong.Level, plain.Version)
		}
		if strong.Level < LevelH && must(EncodeQR(text, strong.Level+1)).Version <= plain.Version {
			t.Fatalf("version %d-%s would have been as small", strong.Version, strong.Level+1)
		}
	})
}

func ExampleStrongestQR() {
	code, err := StrongestQR("https://locket.example/s#7KQ2MX9TRB4H", 4)
	if err != nil {
		panic(err)
	}
	fmt.Println(code.Version, code.Level)
	// Output: 4 Q
}
