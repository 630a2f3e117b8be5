package cards

import (
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

func testMatrix(t testing.TB, text string, level Level) Matrix {
	t.Helper()
	m, err := EncodeQR(text, level)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEncodeQR(t *testing.T) {
	digits := strings.Repeat("1234567890", 106) // 1,060 digits carry 440 bytes
	for _, test := range []struct {
		name, text string
		level      Level
		version    int
	}{
		{"one digit", "1", LevelM, 1},
		{"greatest version 1 of digits", strings.Repeat("7", 41), LevelL, 1},
		{"one digit more", strings.Repeat("7", 42), LevelL, 2},
		{"capitals", "HTTPS://LOCKET.EXAMPLE", LevelQ, 2},
		{"greatest code", strings.Repeat("7", maxQRText), LevelL, 40},
		{"the reference card, 440 bytes", testBase + "/c/" + testID().String() + "#" + digits, LevelM, 17},
		{"the same at Q", testBase + "/c/" + testID().String() + "#" + digits, LevelQ, 21},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := testMatrix(t, test.text, test.level)
			if m.Version != test.version || m.Modules != 17+4*test.version || m.Level != test.level {
				t.Errorf("version %d-%s of %d modules, want version %d-%s", m.Version, m.Level, m.Modules, test.version, test.level)
			}
		})
	}
}

func TestEncodeQRRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		level      Level
		want       error
	}{
		{"too many digits for any code", strings.Repeat("7", maxQRText+1), LevelL, ErrNoFit},
		{"too many digits for the level", strings.Repeat("7", maxQRText), LevelM, ErrNoFit},
		{"too many letters", strings.Repeat("a", 2954), LevelL, ErrNoFit},
		{"huge", strings.Repeat("7", 10<<20), LevelL, ErrNoFit},
		{"nothing", "", LevelM, nil},
		{"a level that does not exist", "1", LevelH + 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := EncodeQR(test.text, test.level)
			if err == nil || (test.want != nil && !errors.Is(err, test.want)) || m.Modules != 0 {
				t.Errorf("got version %d, %v", m.Version, err)
			}
		})
	}
}

func TestLevelString(t *testing.T) {
	got := fmt.Sprint(LevelL, LevelM, LevelQ, LevelH, LevelH+1, LevelL-1)
	if want := "L M Q H unknown unknown"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestMatrixIsAQRCode looks for the three finder patterns, which a transposed or inverted matrix would not have.
func TestMatrixIsAQRCode(t *testing.T) {
	m := testMatrix(t, testAddress(t).URL(), LevelM)
	finder := []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"}
	for _, corner := range [][2]int{{0, 0}, {m.Modules - 7, 0}, {0, m.Modules - 7}} {
		for y, row := range finder {
			for x, c := range row {
				if m.At(corner[0]+x, corner[1]+y) != (c == '#') {
					t.Fatalf("the finder pattern at %v is wrong in column %d of row %d", corner, x, y)
				}
			}
		}
	}
	for _, outside := range [][2]int{{-1, 0}, {0, -1}, {m.Modules, 0}, {0, m.Modules}} {
		if m.At(outside[0], outside[1]) {
			t.Errorf("the quiet zone is dark at %v", outside)
		}
	}
	if !m.At(8, m.Modules-8) {
		t.Error("the module that is dark in every code is light: the matrix is transposed")
	}
}

// drawing collects the dark modules that a picture shows, for comparison with the matrix.
type drawing map[[2]int]bool

func (d drawing) check(t *testing.T, m Matrix) {
	t.Helper()
	for y := -QuietZone; y < m.Modules+QuietZone; y++ {
		for x := -QuietZone; x < m.Modules+QuietZone; x++ {
			if d[[2]int{x, y}] != m.At(x, y) {
				t.Fatalf("column %d of row %d is drawn wrong", x, y)
			}
		}
	}
}

func TestSVG(t *testing.T) {
	m := testMatrix(t, testAddress(t).URL(), LevelM)
	picture := m.SVG(Picture{ModuleMM: 0.508, Title: `Card of "A" & <script>`, Description: "Scan\x00 me", Lang: `en" onload="x`})
	var svg struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Width   string   `xml:"width,attr"`
		Height  string   `xml:"height,attr"`
		ViewBox string   `xml:"viewBox,attr"`
		Lang    string   `xml:"lang,attr"`
		OnLoad  string   `xml:"onload,attr"`
		Title   string   `xml:"title"`
		Desc    string   `xml:"desc"`
		Path    []struct {
			D    string `xml:"d,attr"`
			Fill string `xml:"fill,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal(picture, &svg); err != nil {
		t.Fatal(err)
	}
	side := m.Modules + 2*QuietZone
	if want := fmt.Sprintf("0 0 %d %d", side, side); svg.ViewBox != want {
		t.Errorf("viewBox %q, want %q", svg.ViewBox, want)
	}
	if want := strconv.FormatFloat(float64(side)*0.508, 'f', -1, 64) + "mm"; svg.Width != want || svg.Height != want {
		t.Errorf("size %s x %s, want %s", svg.Width, svg.Height, want)
	}
	if svg.Title != `Card of "A" & <script>` || svg.Desc != "Scan\uFFFD me" || svg.Lang != `en" onload="x` || svg.OnLoad != "" {
		t.Errorf("texts are %q, %q, %q", svg.Title, svg.Desc, svg.Lang)
	}
	if len(svg.Path) != 2 || svg.Path[0].Fill != "#fff" {
		t.Fatalf("paths are %v", svg.Path)
	}
	drawn := make(drawing)
	runs := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(svg.Path[1].D, -1)
	for _, run := range runs {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(run[i+1])
		}
		if n[2] != n[3] {
			t.Fatalf("run %s is not closed", run[0])
		}
		for x := n[0]; x < n[0]+n[2]; x++ {
			drawn[[2]int{x - QuietZone, n[1] - QuietZone}] = true
		}
	}
	drawn.check(t, m)
}

func TestSVGWithoutSize(t *testing.T) {
	picture := string(testMatrix(t, "1", LevelM).SVG(Picture{}))
	for _, absent := range []string{"width", "height", "<title", "<desc", "lang"} {
		if strings.Contains(picture, absent) {
			t.Errorf("it has %s: %s", absent, picture)
		}
	}
	if err := xml.Unmarshal([]byte(picture), new(struct{})); err != nil {
		t.Error(err)
	}
}

func TestTerminal(t *testing.T) {
	m := testMatrix(t, testAddress(t).URL(), LevelM)
	for _, color := range []bool{false, true} {
		t.Run(fmt.Sprintf("color %t", color), func(t *testing.T) {
			drawn := make(drawing)
			lines := strings.Split(strings.TrimSuffix(m.Terminal(color), "\n"), "\n")
			if want := (m.Modules + 2*QuietZone + 1) / 2; len(lines) != want {
				t.Fatalf("%d lines, want %d", len(lines), want)
			}
			for i, moduleRow := range lines {
				if strings.HasPrefix(moduleRow, "\x1b[") != color || strings.HasSuffix(moduleRow, "\x1b[0m") != color {
					t.Fatalf("colours of moduleRow %d: %q", i, moduleRow)
				}
				moduleRow = strings.TrimSuffix(strings.TrimPrefix(moduleRow, "\x1b[38;5;16;48;5;231m"), "\x1b[0m")
				for x, block := range []rune(moduleRow) {
					ink := map[rune][2]bool{' ': {false, false}, '▀': {true, false}, '▄': {false, true}, '█': {true, true}}[block]
					for half, inked := range ink {
						if y := 2*i + half; inked == color && y < m.Modules+2*QuietZone {
							drawn[[2]int{x - QuietZone, y - QuietZone}] = true
						}
					}
				}
			}
			drawn.check(t, m)
		})
	}
}

// benchText is a wallet card's, version 17.
const benchText = testBase + "/c/ABEiM0RVZneImaq7zN3u_w#"

func BenchmarkEncodeQR(b *testing.B) {
	text := benchText + strings.Repeat("1234567890", 106)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeQR(text, LevelM); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodeQRElsewhere is the same code by another encoder.
func BenchmarkEncodeQRElsewhere(b *testing.B) {
	text := benchText + strings.Repeat("1234567890", 106)
	b.ReportAllocs()
	for b.Loop() {
		code, err := qrcode.New(text, qrcode.Medium)
		if err != nil || len(code.Bitmap()) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	m := testMatrix(b, benchText+strings.Repeat("1234567890", 106), LevelM)
	b.ReportAllocs()
	for b.Loop() {
		if len(m.SVG(Picture{ModuleMM: 0.508})) == 0 {
			b.Fatal("nothing was drawn")
		}
	}
}

// BenchmarkIssue is the bulk path: a card signed, put into an address, encoded and drawn.
func BenchmarkIssue(b *testing.B) {
	signer, err := NewSigner(testIssuer, testKey(b, "issuer"))
	if err != nil {
		b.Fatal(err)
	}
	card := testCard()
	card.Summary = append(unhex("590118"), make([]byte, 280)...)
	b.ReportAllocs()
	for b.Loop() {
		envelope, err := signer.Sign(card)
		if err != nil {
			b.Fatal(err)
		}
		m, err := EncodeQR(Address{Base: testBase, ID: card.ID, Secret: testSecret(), Envelope: envelope}.URL(), LevelM)
		if err != nil || len(m.SVG(Picture{})) == 0 {
			b.Fatal(err)
		}
	}
}
