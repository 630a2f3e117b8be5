package cards

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testFace is the face of an invented person, as full as a card usually is.
func testFace() Face {
	return Face{
		Lang: "en", Dir: "ltr", Title: "Emergency card", Name: "Ada Marlow-Okonkwo", Born: "Born 4 May 1957 (female)",
		Lines: []Line{
			{Label: "Medicines", Text: "warfarin 3 mg at night; bisoprolol 2.5 mg in the morning; metformin 1 g twice a day"},
			{Label: "Allergies", Text: "penicillin (anaphylaxis), latex (hives), iodine contrast (rash)", Critical: true},
			{Label: "Pacemaker", Text: "dual chamber, left chest; not safe for MRI", Critical: true},
			{Label: "Conditions", Text: "atrial fibrillation, diabetes mellitus type 2, heart failure, asthma"},
			{Label: "Resuscitation", Text: "no restriction known", Critical: true},
			{Label: "In her own words", Text: "Ich höre links schlecht. Bitte rechts sprechen.", Lang: "de"},
			{Label: "Call", Text: "Ben Okonkwo (husband) +44 20 7946 0958"},
			{Label: "Call", Text: "Dr. Lys Verne (general practice) +44 20 7946 0123"},
		},
		More: "More than fits here: scan the code",
		Scan: []Phrase{
			{Text: "In an emergency, scan this code.", Lang: "en"},
			{Text: "En caso de emergencia, escanee este código.", Lang: "es"},
			{Text: "في حالة الطوارئ، امسح هذا الرمز.", Lang: "ar", Dir: "rtl"},
			{Text: "緊急時はこのコードを読み取ってください。", Lang: "ja"},
			{Text: "En cas d’urgence, scannez ce code.", Lang: "fr"},
			{Text: "Im Notfall diesen Code scannen.", Lang: "de"},
		},
		Code: "23456789ABCD", CodeWords: "Code damaged? Type this at", Host: "locket.example",
		Issuer: "Issued by locket.example", Expires: "Valid until 1 March 2029", CodeTitle: "QR code of the emergency card",
	}
}

// testPrintedCode is a code as large as one of the reference patient: version 17.
func testPrintedCode(t testing.TB) Matrix {
	t.Helper()
	return testMatrix(t, testBase+"/c/"+testID().String()+"#"+strings.Repeat("1234567890", 106), LevelM)
}

func printed(t testing.TB, o PrintOptions, cards ...PrintedCard) string {
	t.Helper()
	var page bytes.Buffer
	if err := WritePrintPage(&page, o, cards...); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestWritePrintPageGolden(t *testing.T) {
	arabic := Face{
		Lang: "ar", Dir: "rtl", Title: "بطاقة طوارئ", Name: "ليلى المثالي", Born: "الميلاد ١٢ مارس ١٩٨٨",
		Lines: []Line{
			{Label: "الحساسية", Text: "البنسلين (صدمة تحسسية)", Critical: true},
			{Label: "الأدوية", Text: "إنسولين غلارجين ١٨ وحدة مساءً"},
			{Label: "اتصل", Text: "+962 6 555 0100", Dir: "ltr"},
		},
		Scan: []Phrase{{Text: "في حالة الطوارئ، امسح هذا الرمز.", Lang: "ar", Dir: "rtl"}, {Text: "In an emergency, scan this code.", Lang: "en", Dir: "ltr"}},
		Code: "ZYXWVTSRQPNM", CodeWords: "الرمز تالف؟ اكتب هذا في", Host: "locket.example",
		Issuer: "صادرة عن locket.example", Expires: "صالحة حتى ١ مارس ٢٠٢٩", CodeTitle: "رمز بطاقة الطوارئ", Demo: true,
	}
	code := testMatrix(t, testAddress(t).URL(), LevelM)
	for _, test := range []struct {
		name    string
		options PrintOptions
		cards   []PrintedCard
	}{
		{"card", PrintOptions{Lang: "en", Title: "Card of Ada Marlow-Okonkwo"}, []PrintedCard{{testFace(), testPrintedCode(t)}}},
		{"a4", PrintOptions{Paper: PaperA4, Nonce: "bm9uY2U", Lang: "ar", Dir: "rtl", Title: "بطاقات", CutWords: "قص عند العلامات واطو في الوسط."},
			[]PrintedCard{{arabic, code}, {testFace(), code}}},
		{"letter", PrintOptions{Paper: PaperLetter, Lang: "en", Dir: "ltr", Title: "Cards", CutWords: "Cut along the marks, fold in the middle."},
			[]PrintedCard{{Face{Name: "Ada"}, code}}},
		{"contrast", PrintOptions{Lang: "en", Title: "Card of Ada Marlow-Okonkwo", HighContrast: true}, []PrintedCard{{testFace(), testPrintedCode(t)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := printed(t, test.options, test.cards...)
			golden(t, test.name, got)
		})
	}
}

// golden compares a page with the one that was looked at and printed.
func golden(t *testing.T, name, page string) {
	t.Helper()
	path := filepath.Join("testdata", "print", name+".html")
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page); diff != "" {
		t.Errorf("page (-golden +got):\n%s", diff)
	}
}

// TestPrintPageIsSelfContained: nothing runs, nothing is fetched, and nothing but the one style element needs the nonce.
func TestPrintPageIsSelfContained(t *testing.T) {
	page := printed(t, PrintOptions{Nonce: "bm9uY2U"}, PrintedCard{testFace(), testPrintedCode(t)})
	page = strings.Replace(page, `<link rel="icon" href="data:,">`, "", 1) // which keeps browsers from asking for /favicon.ico
	for _, absent := range []string{"<script", "<link", "<img", "src=", "href=", "url(", "@import", "style=", " on", "javascript:"} {
		if strings.Contains(regexp.MustCompile(`(?s)>[^<]*<`).ReplaceAllString(page, "><"), absent) {
			t.Errorf("the page has %q", absent)
		}
	}
	if got := strings.Count(page, `<style nonce="bm9uY2U">`); got != 1 {
		t.Errorf("%d style elements have the nonce", got)
	}
	if strings.Contains(printed(t, PrintOptions{}), "nonce") {
		t.Error("a page without a nonce has one")
	}
}

// TestPrintPageShowsMarkupAsText: a name is a name, whatever is in it.
func TestPrintPageShowsMarkupAsText(t *testing.T) {
	const attack = `"'></style></svg><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	phrase := Phrase{Text: attack, Lang: attack, Dir: attack}
	face := Face{
		Lang: attack, Dir: attack, Title: attack, Name: attack, Born: attack, More: attack, CodeWords: attack, Host: attack,
		Issuer: attack, Expires: attack, CodeTitle: attack, Code: "23456789ABCD", Scan: []Phrase{phrase},
		Lines: []Line{{Label: attack, Text: attack, Lang: attack, Dir: attack, Critical: true}},
	}
	page := printed(t, PrintOptions{Paper: PaperA4, Nonce: attack, Lang: attack, Dir: attack, Title: attack, CutWords: attack},
		PrintedCard{face, testMatrix(t, "1", LevelM)})
	for _, absent := range []string{"<script", "<img", "</style></svg>"} {
		if strings.Contains(page, absent) {
			t.Errorf("the page has %q", absent)
		}
	}
	if tags := strings.Count(page, "<style"); tags != 1 {
		t.Errorf("%d style elements", tags)
	}
}

func TestPrintPageSizes(t *testing.T) {
	for paper, want := range map[Paper]string{
		"":          "@page{size:85.6mm 54mm;margin:0}",
		PaperCard:   "@page{size:85.6mm 54mm;margin:0}",
		PaperA4:     "@page{size:A4;margin:8mm}",
		PaperLetter: "@page{size:letter;margin:8mm}",
	} {
		if page := printed(t, PrintOptions{Paper: paper}); !strings.Contains(page, want) {
			t.Errorf("paper %q has no %s", paper, want)
		}
	}
	if err := WritePrintPage(new(bytes.Buffer), PrintOptions{Paper: "b5"}); err == nil {
		t.Error("a paper that does not exist was printed on")
	}
}

type fullDisk struct{}

var errFull = errors.New("the disk is full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWritePrintPageReturnsTheErrorOfTheWriter(t *testing.T) {
	if err := WritePrintPage(fullDisk{}, PrintOptions{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// TestPrintedCodeSize holds the promise of the wallet card: 45 mm and six dots a module at version 18.
func TestPrintedCodeSize(t *testing.T) {
	for _, test := range []struct {
		version int
		module  float64
		side    float64
	}{
		{5, 13 * 25.4 / 300, 49.53},
		{17, 6 * 25.4 / 300, 47.244},
		{18, 6 * 25.4 / 300, 49.276},
		{19, 50.0 / 101, 50},
		{40, 50.0 / 185, 50},
	} {
		m := Matrix{Version: test.version, Modules: 17 + 4*test.version}
		module := CardModule(m)
		side := module * float64(m.Modules+2*QuietZone)
		if diff := module - test.module; diff > 1e-9 || diff < -1e-9 || side > test.side+1e-9 || side < test.side-1e-9 {
			t.Errorf("version %d: module %.4f mm, side %.3f mm, want %.4f and %.3f", test.version, module, side, test.module, test.side)
		}
	}
}

func TestSplit(t *testing.T) {
	face := testFace()
	printed, left := face.Split()
	var labels []string
	for _, line := range printed {
		labels = append(labels, line.Label)
	}
	want := []string{"Allergies", "Pacemaker", "Resuscitation", "Medicines", "Conditions", "In her own words", "Call", "Call"}
	if diff := cmp.Diff(want, labels); diff != "" || len(left) != 0 || Fit(face) != len(want) {
		t.Errorf("%d left; printed (-want +got):\n%s", len(left), diff)
	}

	face.Lines = nil
	for i := range 40 {
		face.Lines = append(face.Lines, Line{Label: "Line", Text: fmt.Sprint(i)})
	}
	printed, left = face.Split()
	if len(printed)+len(left) != 40 || len(printed) < 10 || len(printed) > 16 || Fit(face) != len(printed) {
		t.Errorf("%d of 40 short lines fit on a card", len(printed))
	}
	if left[0].Text != fmt.Sprint(len(printed)) {
		t.Errorf("line %s follows line %d", left[0].Text, len(printed)-1)
	}
	withoutMore := face
	withoutMore.More = ""
	if Fit(withoutMore) <= Fit(face) {
		t.Errorf("%d lines fit without the last sentence, %d with it", Fit(withoutMore), Fit(face))
	}

	face.Lines = []Line{{Text: strings.Repeat("long ", 2000)}, {Text: "short"}}
	if Fit(face) != 0 {
		t.Error("a line longer than the card fits")
	}
	if Fit(Face{}) != 0 {
		t.Error("something of nothing fits")
	}
}

// TestWhatDoesNotFitIsNotPrinted: a line is printed whole or not at all.
func TestWhatDoesNotFitIsNotPrinted(t *testing.T) {
	face := testFace()
	for i := range 40 {
		face.Lines = append(face.Lines, Line{Text: fmt.Sprintf("number<%d>", i)})
	}
	page := printed(t, PrintOptions{}, PrintedCard{face, testPrintedCode(t)})
	shown, left := face.Split()
	for _, line := range shown {
		if !strings.Contains(page, strings.NewReplacer("<", "&lt;", ">", "&gt;", "+", "&#43;").Replace(line.Text)) {
			t.Errorf("not printed: %s", line.Text)
		}
	}
	for _, line := range left {
		if strings.Contains(page, strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(line.Text)) {
			t.Errorf("printed: %s", line.Text)
		}
	}
	if !strings.Contains(page, face.More) || strings.Contains(printed(t, PrintOptions{}, PrintedCard{testFace(), testPrintedCode(t)}), face.More) {
		t.Error("the last sentence stands where nothing is left, or does not where something is")
	}
}

func TestLongNamesEndInAnEllipsis(t *testing.T) {
	face := testFace()
	face.Name = strings.Repeat("Maximiliana ", 100)
	page := printed(t, PrintOptions{}, PrintedCard{face, testPrintedCode(t)})
	if !strings.Contains(page, `<p class="name small"><bdi>Maximiliana Maximiliana`) || !strings.Contains(page, "…</bdi></p>") {
		t.Error("a name of a thousand letters is not shortened")
	}
	if Fit(face) < Fit(testFace())-2 { // its second row, and that of the last sentence
		t.Errorf("with a name of a thousand letters %d lines fit, else %d", Fit(face), Fit(testFace()))
	}
	face.Name = "Ada Ek"
	if page := printed(t, PrintOptions{}, PrintedCard{face, testPrintedCode(t)}); !strings.Contains(page, `<p class="name large"><bdi>Ada Ek</bdi></p>`) {
		t.Error("a short name is not printed large")
	}
}

func TestRows(t *testing.T) {
	for _, test := range []struct {
		name, text string
		width      float64
		want       int
	}{
		{"nothing", "", 30, 0},
		{"a word", "word", 30, 1},
		{"two words in two rows", "emergency emergency", 15, 2},
		{"a long word is broken", strings.Repeat("w", 30), 20, 4},
		{"no spaces in Japanese", strings.Repeat("緊", 30), 26, 3},
		{"no-break spaces do not break", "emergency\u00a0emergency x", 15, 3},
		{"marks take no width", "e" + strings.Repeat("\u0301", 500), 5, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := rows(test.width, 7, span{text: test.text, weight: regular}); got != test.want {
				t.Errorf("%d rows, want %d", got, test.want)
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Allergies", "penicillin (anaphylaxis)", "Ada", true)
	f.Add("", strings.Repeat("緊", 300), strings.Repeat("w", 999), false)
	f.Add("\xff", "\u202e\u0301", "\n\n", true)
	code := testMatrix(f, "1", LevelM)
	f.Fuzz(func(t *testing.T, label, text, name string, critical bool) {
		if len(label)+len(text)+len(name) > 10_000 {
			return
		}
		face := Face{Name: name, Lines: []Line{{Label: label, Text: text, Critical: critical}, {Text: "short"}}}
		printedLines, left := face.Split()
		if len(printedLines)+len(left) != 2 {
			t.Errorf("%d lines printed, %d left", len(printedLines), len(left))
		}
		if err := WritePrintPage(new(bytes.Buffer), PrintOptions{}, PrintedCard{face, code}); err != nil {
			t.Error(err)
		}
	})
}
