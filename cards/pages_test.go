package cards

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pageFace is a face with the same text in each of its fields.
func pageFace(text string) Face {
	return Face{Lang: "en", Dir: "ltr", Title: text, Name: text, Born: text, More: text, CodeWords: text, Host: text, Issuer: text, Expires: text, CodeTitle: text,
		Code: "2A3B4C5D6E7F", Scan: []Phrase{{Text: text, Lang: "en", Dir: "ltr"}}, Lines: []Line{{Label: text, Text: text, Critical: true}, {Label: text, Text: text}}}
}

func pageCode(t testing.TB, text string) Matrix {
	t.Helper()
	code, err := EncodeQR(text, LevelM)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// pages writes every page with the same text in each of its fields.
func pages(t testing.TB, o PrintOptions, text string) map[string]string {
	t.Helper()
	face, code := pageFace(text), pageCode(t, "https://locket.example/s#2A3B4C5D6E7F")
	lines := []Line{{Label: text, Text: text, Critical: true}}
	labels := make([]Label, 0, len(Layouts()))
	for _, layout := range Layouts() {
		labels = append(labels, Label{Layout: layout, Face: face, Code: code, Heading: text, Lines: lines, Copies: 2})
	}
	written := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"large":  func(w io.Writer) error { return WriteLargePrint(w, o, PrintedCard{Face: face, Code: code}) },
		"labels": func(w io.Writer) error { return WriteLabels(w, o, labels...) },
		"notes": func(w io.Writer) error {
			return WriteInstructions(w, o, Instructions{Face: face, Heading: text, Warning: text, Code: code, CodeSide: 38, Steps: []string{text}, Values: lines})
		},
		"sheet": func(w io.Writer) error {
			person := SheetPerson{Face: face, Code: code, Supplies: lines, Collect: lines, Barred: lines, CollectHeading: text, BarredHeading: text}
			return WriteSheet(w, o, Sheet{Household: text, Printed: text, Shared: lines, Foot: text, People: []SheetPerson{person, person}})
		},
	} {
		var page bytes.Buffer
		if err := write(&page); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		written[name] = page.String()
	}
	return written
}

// TestNoFieldOfAPageIsObeyed: what people write is printed, wherever it stands.
func TestNoFieldOfAPageIsObeyed(t *testing.T) {
	const hostile = "<script>alert(1)</script><svg onload=x>\u202egnp.exe\u2066\"'><b>javascript:alert(1)\r\n</style>\x00"
	o := PrintOptions{Lang: "en", Dir: "ltr", Title: hostile, CutWords: hostile}
	for name, page := range pages(t, o, hostile) {
		for _, forbidden := range []string{"<script", "<svg onload", "onload=x>", "\u202e", "\x00", "\"'><b>", "</style>\n</style>"} {
			if strings.Contains(page, forbidden) {
				t.Errorf("%s: %q stands in the page as it was written", name, forbidden)
			}
		}
		if strings.Count(page, "<style") != 1 || strings.Count(page, "</style>") != 1 {
			t.Errorf("%s: more than one style sheet", name)
		}
		if !strings.Contains(page, "&lt;script&gt;") {
			t.Errorf("%s: what was written is not printed", name)
		}
	}
}

// TestPagesSayWhatTheyWereGiven, in their language and direction, for the paper that was asked for.
func TestPagesSayWhatTheyWereGiven(t *testing.T) {
	for paper, css := range map[Paper]string{"": "size:A4", PaperA4: "size:A4", PaperLetter: "size:letter"} {
		for name, page := range pages(t, PrintOptions{Paper: paper, Lang: "ar", Dir: "rtl", Title: "Title", Nonce: "N0nce", HighContrast: true}, "words of ours") {
			for _, wanted := range []string{css, `<html lang="ar" dir="rtl">`, `nonce="N0nce"`, "words of ours", "2A3B-4C5D-6E7F", `class="contrast"`, "<svg"} {
				if name == "notes" && wanted == "2A3B-4C5D-6E7F" {
					continue // a page about a carrier, not the carrier
				}
				if !strings.Contains(page, wanted) {
					t.Errorf("%s on %q lacks %q", name, paper, wanted)
				}
			}
			if strings.Contains(page, "<script") || strings.Contains(page, "http://") && !strings.Contains(page, "http://www.w3.org") {
				t.Errorf("%s loads something", name)
			}
		}
	}
	for name, write := range map[string]func(PrintOptions) error{
		"large":  func(o PrintOptions) error { return WriteLargePrint(io.Discard, o) },
		"labels": func(o PrintOptions) error { return WriteLabels(io.Discard, o) },
		"notes":  func(o PrintOptions) error { return WriteInstructions(io.Discard, o, Instructions{}) },
		"sheet":  func(o PrintOptions) error { return WriteSheet(io.Discard, o, Sheet{}) },
	} {
		for _, paper := range []Paper{PaperCard, "a3"} {
			if err := write(PrintOptions{Paper: paper}); !errors.Is(err, errPaper) {
				t.Errorf("%s on %q: got %v, want errPaper", name, paper, err)
			}
		}
	}
}

// TestLabelsAreLargeEnough: the codes that stickers and bracelets are filled with have modules that telephones read, and fit their label.
func TestLabelsAreLargeEnough(t *testing.T) {
	full := Matrix{Version: 13, Modules: 69}
	short := Matrix{Version: 4, Modules: 33}
	for _, layout := range Layouts() {
		code, least := full, minModule
		if layout.Strip {
			code, least = short, 0.4
		}
		if module := layout.Module(code); module < least {
			t.Errorf("%s: a module is %.3f mm, want %.2f", layout.Name, module, least)
		}
		if layout.CodeSide > layout.Height-2 || layout.CodeSide > layout.Width-2 {
			t.Errorf("%s: a code of %g mm on a label of %g x %g", layout.Name, layout.CodeSide, layout.Width, layout.Height)
		}
		if copies := layout.Copies(PaperA4); copies < 1 {
			t.Errorf("%s: no copy fits a page", layout.Name)
		}
	}
}

// TestCopiesOfASheet: as many as were counted on a printed page, and not one that begins the next.
func TestCopiesOfASheet(t *testing.T) {
	counted := map[string][2]int{LayoutSticker: {12, 12}, LayoutHelmet: {10, 10}, LayoutBicycle: {5, 5}, LayoutCarSeat: {8, 6}, LayoutBracelet: {8, 8}}
	for _, layout := range Layouts() {
		if got := [2]int{layout.Copies(PaperA4), layout.Copies(PaperLetter)}; got != counted[layout.Name] {
			t.Errorf("%s: %d on A4 and Letter, want %d", layout.Name, got, counted[layout.Name])
		}
		if got := layout.Copies(PaperCard); got != 0 {
			t.Errorf("%s: %d on a card, want none", layout.Name, got)
		}
	}
}

// TestNoCodeShrinksInSilence: a code that a label has no room for is refused, and one on a sheet gets more room.
func TestNoCodeShrinksInSilence(t *testing.T) {
	large := pageCode(t, strings.Repeat("x", 1500))
	for _, layout := range Layouts() {
		if err := WriteLabels(io.Discard, PrintOptions{}, Label{Layout: layout, Code: large}); !errors.Is(err, ErrNoFit) {
			t.Errorf("%s: got %v, want ErrNoFit", layout.Name, err)
		}
	}
	if module := SheetModule(large); module < minModule {
		t.Errorf("a module of a sheet is %.3f mm", module)
	}
	if module := SheetModule(Matrix{Modules: 89}); module < 0.44 || module > 0.45 {
		t.Errorf("a module of version 18 is %.3f mm on a sheet", module)
	}
}

// TestPagesGolden holds the pages as they were looked at and printed.
func TestPagesGolden(t *testing.T) {
	for name, page := range pages(t, PrintOptions{Lang: "en", Dir: "ltr", Title: "Pages", CutWords: "This line is 50 mm long.", Nonce: "bm9uY2U"}, "words of ours") {
		t.Run(name, func(t *testing.T) { golden(t, name, page) })
	}
}

// TestPagesAreSelfContained: nothing runs, nothing is fetched, and nothing but the one style element needs the nonce.
func TestPagesAreSelfContained(t *testing.T) {
	for name, page := range pages(t, PrintOptions{Nonce: "bm9uY2U"}, "words of ours") {
		page = strings.Replace(page, `<link rel="icon" href="data:,">`, "", 1)
		for _, absent := range []string{"<script", "<link", "<img", "src=", "href=", "url(", "@import", "style=", "javascript:", "tel:"} {
			if strings.Contains(page, absent) {
				t.Errorf("%s has %q", name, absent)
			}
		}
		if got := strings.Count(page, `<style nonce="bm9uY2U">`); got != 1 {
			t.Errorf("%s: %d style elements have the nonce", name, got)
		}
	}
}

// TestPagesAreNeverEmptyHanded: a page with nothing on it, or with people without a name, is a page all the same.
func TestPagesAreNeverEmptyHanded(t *testing.T) {
	code := pageCode(t, "1")
	for name, write := range map[string]func(io.Writer) error{
		"sheet of nobody": func(w io.Writer) error { return WriteSheet(w, PrintOptions{}, Sheet{Foot: "Scan"}) },
		"sheet of one without a name": func(w io.Writer) error {
			return WriteSheet(w, PrintOptions{}, Sheet{Foot: "Scan", People: []SheetPerson{{Code: code}}})
		},
		"no labels": func(w io.Writer) error { return WriteLabels(w, PrintOptions{}) },
		"a label without words": func(w io.Writer) error {
			return WriteLabels(w, PrintOptions{}, Label{Layout: Layouts()[0], Code: code})
		},
		"no large cards": func(w io.Writer) error { return WriteLargePrint(w, PrintOptions{}) },
		"a large card":   func(w io.Writer) error { return WriteLargePrint(w, PrintOptions{}, PrintedCard{Code: code}) },
		"instructions":   func(w io.Writer) error { return WriteInstructions(w, PrintOptions{}, Instructions{}) },
	} {
		var page bytes.Buffer
		if err := write(&page); err != nil || !strings.HasSuffix(page.String(), "</html>\n") {
			t.Errorf("%s: %v, and the page ends in %.20q", name, err, page.String()[max(0, page.Len()-20):])
		}
	}
}

// TestSheetMarksWhatRunsOut: what lasts for days only stands out as an allergy does.
func TestSheetMarksWhatRunsOut(t *testing.T) {
	person := SheetPerson{Code: pageCode(t, "1"), Supplies: []Line{{Text: "5 days left", Critical: true}, {Text: "90 days left"}}}
	var page bytes.Buffer
	if err := WriteSheet(&page, PrintOptions{}, Sheet{People: []SheetPerson{person}}); err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{`<li class="supply critical"><span dir="auto">5 days left`, `<li class="supply"><span dir="auto">90 days left`} {
		if !strings.Contains(page.String(), wanted) {
			t.Errorf("the page lacks %s", wanted)
		}
	}
}

func TestSplitLabel(t *testing.T) {
	layouts := map[string]Layout{}
	for _, layout := range Layouts() {
		layouts[layout.Name] = layout
	}
	face := testFace()
	wide := slices.Repeat([]Line{{Text: strings.Repeat("n", 45)}}, 20)
	huge := []Line{{Text: strings.Repeat("long ", 200), Critical: true}, {Text: "short"}}
	for _, test := range []struct {
		name    string
		layout  string
		options PrintOptions
		lines   []Line
		want    int
	}{
		{"nothing", LayoutHelmet, PrintOptions{}, nil, 0},
		{"a helmet", LayoutHelmet, PrintOptions{}, face.Lines, 3},
		{"a bicycle", LayoutBicycle, PrintOptions{}, face.Lines, 4},
		{"a car seat", LayoutCarSeat, PrintOptions{}, face.Lines, 4},
		{"rows as long as the label is wide", LayoutBicycle, PrintOptions{}, wide, 7},
		{"the same in high contrast", LayoutBicycle, PrintOptions{HighContrast: true}, wide, 3},
		{"a bracelet", LayoutBracelet, PrintOptions{}, face.Lines, 2},
		{"no words but the heading under a code", LayoutSticker, PrintOptions{}, face.Lines, 0},
		{"a line longer than the label", LayoutCarSeat, PrintOptions{}, huge, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			label := Label{Layout: layouts[test.layout], Face: face, Code: pageCode(t, "1"), Heading: "Emergency: scan", Lines: test.lines}
			printed, left := test.options.SplitLabel(label)
			if len(printed) != test.want || len(left) != len(test.lines)-test.want {
				t.Errorf("%d lines printed and %d left of %d, want %d printed", len(printed), len(left), len(test.lines), test.want)
			}
			if diff := cmp.Diff((Face{Lines: test.lines}).ordered(), append(append([]Line{}, printed...), left...)); diff != "" {
				t.Errorf("lines (-given +split):\n%s", diff)
			}
			var page bytes.Buffer
			if err := WriteLabels(&page, test.options, label); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(page.String(), "</li>"); got != len(printed) {
				t.Errorf("%d lines stand on the label, want %d", got, len(printed))
			}
			if got, want := strings.Contains(page.String(), `<p class="where">… `), len(left) > 0 && !label.Layout.Below; got != want {
				t.Errorf("the dots stand there: %t, want %t", got, want)
			}
		})
	}
}

// TestLabelNames: a name on a strip takes no more room than the strip has.
func TestLabelNames(t *testing.T) {
	label := Label{Face: Face{Name: strings.Repeat("Maximiliana ", 100)}, Code: pageCode(t, "1"), Heading: "Emergency: scan"}
	for _, layout := range Layouts() {
		label.Layout = layout
		var page bytes.Buffer
		if err := WriteLabels(&page, PrintOptions{}, label); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(page.String(), "…</bdi></p>"); got != layout.Strip {
			t.Errorf("%s: a shortened name stands there: %t", layout.Name, got)
		}
	}
}

// TestStyleSheetsHaveTheMeasures with which the room is computed.
func TestStyleSheetsHaveTheMeasures(t *testing.T) {
	normal, contrast := typeOf(false), typeOf(true)
	sizes := func(size cardType) string {
		return fmt.Sprintf("--small: %gpt; --line: %gpt; --critical: %gpt; --name: %gpt;", size.small, size.line, size.critical, size.name)
	}
	for _, test := range []struct{ name, css, wanted string }{
		{"card", printCSS, ".side { " + sizes(normal)},
		{"card in high contrast", printCSS, ".contrast .side { " + sizes(contrast)},
		{"card", printCSS, fmt.Sprintf("inline-size: %gmm; block-size: %gmm;", cardWidth, cardHeight)},
		{"label", labelCSS, fmt.Sprintf("gap: 1.5mm; padding: %gmm; font-size: %gpt;", labelPadding, labelPoints)},
		{"label's mark", labelCSS, fmt.Sprintf(".labels { --mark: %gmm; }", labelGap/2-1)},
		{"label's heading", labelCSS, fmt.Sprintf(".title { font-weight: bold; font-size: %gpt; }", titlePoints)},
		{"label's small heading", labelCSS, fmt.Sprintf(".title.small { font-size: %gpt; }", smallPoints)},
		{"label's name", labelCSS, fmt.Sprintf(".name { font-weight: bold; font-size: %gpt; }", namePoints)},
		{"strip", labelCSS, fmt.Sprintf(".strip { padding-block: %gmm; gap: %gmm; }", tightPadding, stripGap)},
		{"tall scripts", pageCSS, ":is(:lang(" + strings.Join(tallScripts[:], "), :lang(") + ")) { --leading: 1.5; }"},
	} {
		if !strings.Contains(test.css, test.wanted) {
			t.Errorf("%s: the style sheet lacks %s", test.name, test.wanted)
		}
	}
	for _, layout := range Layouts() {
		wanted := fmt.Sprintf(".%s{inline-size:%gmm;block-size:%gmm}", layout.Name, layout.Width, layout.Height)
		if !strings.Contains(layoutRules(), wanted) {
			t.Errorf("the rules lack %s", wanted)
		}
	}
	for _, css := range []string{pageCSS, printCSS, sheetCSS, labelCSS, largeCSS, notesCSS} {
		for _, physical := range []string{"left:", "right:", "left;", "right;"} {
			if strings.Contains(css, physical) {
				t.Errorf("a style sheet says %s, which is wrong from right to left", physical)
			}
		}
	}
}
