package cards

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name   string
		level  Level
		module float64
		dpi    float64
		quiet  int
		want   []WarningCode
		severe bool
	}{
		{name: "six dots at 300 dpi", level: LevelM, module: 0.508, dpi: 300, quiet: 4},
		{name: "five dots at 300 dpi", level: LevelQ, module: 25.4 / 300 * 5, dpi: 300, quiet: 4},
		{name: "0.42 mm", level: LevelM, module: 0.42, dpi: 600, quiet: 4},
		{name: "four dots at 300 dpi", level: LevelM, module: 25.4 / 300 * 4, dpi: 300, quiet: 4, want: []WarningCode{WarnModule}},
		{name: "0.3 mm", level: LevelM, module: 0.3, dpi: 600, quiet: 4, want: []WarningCode{WarnModule}, severe: true},
		{name: "few dots", level: LevelM, module: 0.5, dpi: 200, quiet: 4, want: []WarningCode{WarnDots}},
		{name: "printer not known", level: LevelM, module: 0.5, quiet: 4},
		{name: "narrow margin", level: LevelM, module: 0.5, dpi: 300, quiet: 3, want: []WarningCode{WarnQuietZone}},
		{name: "no margin", level: LevelM, module: 0.5, dpi: 300, want: []WarningCode{WarnQuietZone}, severe: true},
		{name: "level L", level: LevelL, module: 0.5, dpi: 300, quiet: 4, want: []WarningCode{WarnLevel}},
		{name: "everything", level: LevelL, module: 0.25, dpi: 300, quiet: 0,
			want: []WarningCode{WarnModule, WarnDots, WarnQuietZone, WarnLevel}, severe: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var codes []WarningCode
			severe := false
			for _, w := range Warnings(Matrix{Level: test.level}, test.module, test.dpi, test.quiet) {
				codes = append(codes, w.Code)
				severe = severe || w.Severe
				if w.Value >= w.Limit {
					t.Errorf("%s warns of %g, which is not below %g", w.Code, w.Value, w.Limit)
				}
			}
			if diff := cmp.Diff(test.want, codes); diff != "" || severe != test.severe {
				t.Errorf("severe %t, want %t; codes (-want +got):\n%s", severe, test.severe, diff)
			}
		})
	}
}

// TestCarriersPrintWithoutWarnings: what each carrier is made for prints well on the printers that it is made for, in whole
// dots a module, and the next greater code that does not is warned of.
func TestCarriersPrintWithoutWarnings(t *testing.T) {
	for _, test := range []struct {
		name    string
		room    float64 // millimetres, with the quiet zone
		version int     // that it is made for
		dpi     float64
		clean   int // the greatest version without a warning
	}{
		{"wallet card", maxCodeSide, 18, 300, 23},
		{"wallet card", maxCodeSide, 18, 600, 23},
		{"wallet card on a label printer", maxCodeSide, 18, 203, 18},
		{"health card on paper", maxCodeSide, 22, 300, 23},
		{"row of a family sheet", 45, 18, 300, 20},
		{"sticker", 30, 10, 300, 11},
		{"sticker on a label printer", 35, 10, 203, 11},
		{"no-signal code", 46, NoSignalVersion, 300, 20},
		{"bracelet", 18, 4, 300, 4},
		{"bracelet on a label printer", 21, 4, 203, 4},
	} {
		t.Run(fmt.Sprintf("%s at %g dpi", test.name, test.dpi), func(t *testing.T) {
			for version := 1; version <= 40; version++ {
				m := Matrix{Version: version, Modules: 17 + 4*version, Level: LevelM}
				dots := math.Floor(test.room / float64(m.Modules+2*QuietZone) / 25.4 * test.dpi)
				warnings := Warnings(m, dots*25.4/test.dpi, test.dpi, QuietZone)
				if clean := len(warnings) == 0; clean != (version <= test.clean) {
					t.Errorf("version %d in %g dots a module: %v", version, dots, warnings)
				}
			}
			if test.version > test.clean {
				t.Errorf("version %d does not print well", test.version)
			}
		})
	}
}
