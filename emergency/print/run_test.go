package print

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun(t *testing.T) {
	printed := smallest(t)
	for _, test := range []struct {
		name    string
		carrier Carrier
		decoder Decoder
		score   float64
		want    []error
	}{
		{"read by a real decoder", printed, ours(t), 100, nil},
		{"a blank image has no score", blank(printed), ours(t), 0, []error{ErrFloor}},
		{"a decoder that finds nothing", printed, always(""), 0, []error{ErrFloor}},
		{"a wrong text", printed, always("https://locket.example/s#WRONG"), 0, []error{ErrFloor, ErrWrong}},
		{"our own decoder does not count", printed, Own(), 0, []error{ErrFloor}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			report, err := Run(t.Context(), Options{Carriers: []Carrier{test.carrier}, Decoders: []Decoder{test.decoder}, N: 2, Seed: 1, Only: []string{"near", "20cm"}, Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			if got := report.Score(report.Rows[0]); got != test.score {
				t.Errorf("score %g, want %g", got, test.score)
			}
			err = report.Check()
			for _, each := range []error{ErrWrong, ErrFloor} {
				want := false
				for _, expected := range test.want {
					want = want || expected == each
				}
				if errors.Is(err, each) != want {
					t.Errorf("%v: is %v %t, want %t", err, each, !want, want)
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	good := Options{Carriers: []Carrier{smallest(t)}, Decoders: []Decoder{always("")}}
	for _, test := range []struct {
		name   string
		change func(*Options)
	}{
		{"no carriers", func(o *Options) { o.Carriers = nil }},
		{"no decoders", func(o *Options) { o.Decoders = nil }},
		{"fewer than no pictures", func(o *Options) { o.N = -1 }},
		{"too many pictures", func(o *Options) { o.N = maxPictures + 1 }},
		{"a condition that there is not", func(o *Options) { o.Only = []string{"near", "far"} }},
		{"a code that does not fit", func(o *Options) {
			o.Carriers = []Carrier{{Name: "x", Text: "x", Matrix: smallest(t).Matrix, ModuleMM: 1, WidthMM: 20, HeightMM: 20}}
		}},
		{"no code", func(o *Options) { o.Carriers = []Carrier{{Name: "x", ModuleMM: 1, WidthMM: 20, HeightMM: 20}} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := good
			test.change(&options)
			if _, err := Run(t.Context(), options); err == nil {
				t.Error("it ran")
			}
		})
	}
}

func TestRunEndsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Options{Carriers: []Carrier{smallest(t)}, Decoders: []Decoder{always("")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCount(t *testing.T) {
	readings := [][]string{{"card", "", "other", ""}, {"", "", "card", "card"}, {"card", "card", "", ""}}
	got := count(readings, []bool{true, true, false}, "card", 4)
	if diff := cmp.Diff(Cell{Any: 3, Read: []int{1, 2, 2}, Wrong: 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestReportIsWritten(t *testing.T) {
	carrier := smallest(t)
	report := &Report{N: 4, Seed: 9, Decoders: []Reader{{"zbar", true}, {"gozxing", false}},
		Conditions: []Condition{{Name: "near", Scored: true}, {Name: "drops"}},
		Rows:       []Row{{Carrier: carrier, Version: 4, Level: "Q", Cells: []Cell{{Any: 3, Read: []int{3, 1}}, {Any: 0, Read: []int{0, 0}, Wrong: 2}}}}}
	const markdown = `| carrier | code | mm | module | near | drops | score | floor |
|---|---|---|---|---|---|---|---|
| bracelet | V4-Q | 22 | 0.54 | 75 | 0 | 75.0 | 85 |

| carrier | any foreign | zbar | gozxing (ours) |
|---|---|---|---|
| bracelet | 75.0 | 75.0 | 25.0 |

4 pictures a cell, seed 9, 2 read wrong.
`
	var b strings.Builder
	if err := report.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(markdown, b.String()); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "bracelet  V4-Q  22  0.54    75    0      75.0   85") {
		t.Errorf("got:\n%s", b.String())
	}
}

func TestFloors(t *testing.T) {
	for _, test := range []struct {
		name         string
		n, any       int
		floor        float64
		scored       bool
		wantTooShort bool
	}{
		{"many, reached", 100, 80, 80, true, false},
		{"many, short", 100, 79, 80, true, true},
		{"few, by chance", 10, 8, 84, true, false},
		{"few, short", 10, 7, 84, true, true},
		{"conditions that make no score", 100, 0, 80, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			report := &Report{N: test.n, Conditions: []Condition{{Scored: test.scored}}, Rows: []Row{{Carrier: Carrier{Floor: test.floor}, Cells: []Cell{{Any: test.any}}}}}
			if got := errors.Is(report.Check(), ErrFloor); got != test.wantTooShort {
				t.Errorf("too short: %t, want %t", got, test.wantTooShort)
			}
		})
	}
}
