package cards

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/skip2/go-qrcode"
	"rsc.io/qr/coding"
)

// TestEveryCodeIsDecoded fills every code that there is, in all three modes, and reads it with another program's decoder.
func TestEveryCodeIsDecoded(t *testing.T) {
	text := func(n int) string {
		return strings.Repeat("locket#", n/16+1)[:n/16+1] + strings.Repeat("LOCKET: ", n/8+1)[:n/8] + strings.Repeat("8675309", n/7+1)[:n]
	}
	for version := 1; version <= 40; version++ {
		for level := LevelL; level <= LevelH; level++ {
			t.Run(fmt.Sprintf("%d-%s", version, level), func(t *testing.T) {
				// The first length that is too much for the version: three digits take ten bits.
				n := sort.Search(3*coding.Version(version).DataBytes(coding.Level(level)), func(n int) bool {
					f, err := fitQR(text(n), level)
					return err != nil || int(f.version) > version
				})
				want := text(n - 1)
				m := must(EncodeQR(want, level))
				if m.Version != version || m.Level != level || m.Modules != 17+4*version {
					t.Fatalf("%d characters make version %d-%s of %d modules", len(want), m.Version, m.Level, m.Modules)
				}
				if got := decoded(t, m); got != want {
					t.Errorf("read %q, want %q", got, want)
				}
			})
		}
	}
}

// decoded reads the modules without looking for them in a picture.
func decoded(t testing.TB, m Matrix) string {
	t.Helper()
	modules, err := gozxing.NewSquareBitMatrix(m.Modules)
	if err != nil {
		t.Fatal(err)
	}
	for y := range m.Modules {
		for x := range m.Modules {
			if m.At(x, y) {
				modules.Set(x, y)
			}
		}
	}
	result, err := decoder.NewDecoder().Decode(modules, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

// TestSameModulesAsAnotherEncoder compares every module, for the decoder above would correct some. The other encoder may
// prefer another mask, as any encoder may: the mask that it took is read from its format bits. It is slow, so not every
// version is there; small ones come often enough for every mask.
func TestSameModulesAsAnotherEncoder(t *testing.T) {
	recovery := [...]qrcode.RecoveryLevel{LevelL: qrcode.Low, LevelM: qrcode.Medium, LevelQ: qrcode.High, LevelH: qrcode.Highest}
	masks := make(map[int]bool)
	versions := []int{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 17, 18, 20, 21, 27, 28, 34, 35, 40}
	for i, version := range versions {
		level := Level(i % len(recovery))
		t.Run(fmt.Sprintf("%d-%s", version, level), func(t *testing.T) {
			text := strings.Repeat(strconv.Itoa(8675309+i), version)
			other, err := qrcode.NewWithForcedVersion(text, version, recovery[level])
			if err != nil {
				t.Fatal(err)
			}
			other.DisableBorder = true
			want := other.Bitmap()
			// Bits 12 to 10 of the format, less what the standard XORs them with (ISO/IEC 18004, section 7.9).
			mask := 0
			for _, x := range []int{2, 3, 4} {
				mask <<= 1
				if want[8][x] {
					mask |= 1
				}
			}
			mask ^= 0b101
			masks[mask] = true

			var words coding.Bits
			coding.Num(text).Encode(&words, coding.Version(version))
			words.AddCheckBytes(coding.Version(version), coding.Level(level))
			l := qrLayouts[version][level]()
			got := l.place(words.Bytes())
			for i := range got {
				got[i] ^= l.masks[mask][i]
			}
			for y, row := range want {
				for x, dark := range row {
					if got.at(x, y) != dark {
						t.Fatalf("with mask %d the module in column %d of row %d differs", mask, x, y)
					}
				}
			}
		})
	}
	if len(masks) != 8 {
		t.Errorf("only the masks %v of eight were compared", masks)
	}
}
