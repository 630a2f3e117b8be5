package cards

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

func testWallpaper(t testing.TB, digits int) (Wallpaper, string) {
	t.Helper()
	text := benchText + strings.Repeat("1234567890", digits/10)
	return Wallpaper{Code: testMatrix(t, text, LevelM), Short: testCode, Host: testIssuer, Words: "ICE - Emergency card"}, text
}

// TestWallpapers draws each size, reads the code in it with another program's decoder and measures what is where.
func TestWallpapers(t *testing.T) {
	w, text := testWallpaper(t, 1060)
	for _, screen := range Screens() {
		t.Run(screen.String(), func(t *testing.T) {
			picture, err := w.draw(screen)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := scan(picture); err != nil || got != text {
				t.Errorf("read %q, %v", got, err)
			}
			if size := picture.Bounds().Size(); size != image.Pt(screen.Width, screen.Height) {
				t.Fatalf("%v pixels", size)
			}
			white, black := uint8(picture.Palette.Index(color.White)), uint8(picture.Palette.Index(color.Black))
			ground := picture.Pix[0]
			var all, box, ink image.Rectangle
			for y := range screen.Height {
				row := picture.Pix[y*picture.Stride:][:screen.Width]
				between := func(first, last int) image.Rectangle {
					if first < 0 {
						return image.Rectangle{}
					}
					return image.Rect(first, y, last+1, y+1)
				}
				box = box.Union(between(bytes.IndexByte(row, white), bytes.LastIndexByte(row, white)))
				ink = ink.Union(between(bytes.IndexByte(row, black), bytes.LastIndexByte(row, black)))
				if right := bytes.TrimLeft(row, string(rune(ground))); len(right) > 0 { // places in the palette are ASCII
					all = all.Union(between(len(row)-len(right), len(bytes.TrimRight(row, string(rune(ground))))-1))
				}
			}
			if 3*all.Min.Y < screen.Height || 6*all.Max.Y > 5*screen.Height {
				t.Errorf("rows %d to %d of %d are drawn on", all.Min.Y, all.Max.Y, screen.Height)
			}
			if all.Min.X < screen.Width/20 || all.Max.X > screen.Width-screen.Width/20 {
				t.Errorf("columns %d to %d of %d are drawn on", all.Min.X, all.Max.X, screen.Width)
			}
			pixels, rest := ink.Dx()/w.Code.Modules, ink.Dx()%w.Code.Modules
			if rest != 0 || ink.Dx() != ink.Dy() || ink.Inset(-QuietZone*pixels) != box {
				t.Errorf("the code %v stands in the box %v, at %d pixels a module", ink, box, pixels)
			}
			if 100*ink.Dx() < 45*screen.Width {
				t.Errorf("the code takes %d of %d pixels", ink.Dx(), screen.Width)
			}
			if left, right := box.Min.X, screen.Width-box.Max.X; left-right > 1 || right-left > 1 {
				t.Errorf("%d pixels are left of the box, %d right of it", left, right)
			}
			if r, g, b, _ := picture.Palette[ground].RGBA(); max(r, g, b) > 0x4000 {
				t.Errorf("the background %v is not dark", picture.Palette[ground])
			}
			if all.Max.Y <= box.Max.Y {
				t.Error("there are no letters below the code")
			}
		})
	}
}

// TestWallpapersTakeEveryWalletCard: whatever fits on a wallet card fits on every screen, under a long name.
func TestWallpapersTakeEveryWalletCard(t *testing.T) {
	for _, version := range []int{1, 4, 11, 18, 22} {
		for _, screen := range Screens() {
			w := Wallpaper{Code: Matrix{Version: version, Modules: 17 + 4*version, dark: newBitmap(17 + 4*version)}, Short: testCode,
				Host: "emergency.a-hospital-with-a-long-name.example:8443"}
			if _, err := w.draw(screen); err != nil {
				t.Errorf("version %d on %s: %v", version, screen, err)
			}
		}
	}
}

// TestWallpaperPNG reads a file, and looks that it is a small one.
func TestWallpaperPNG(t *testing.T) {
	w, text := testWallpaper(t, 1060)
	file, err := w.PNG(Screen{750, 1334})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ScanPNG(bytes.NewReader(file)); err != nil || got != text {
		t.Errorf("read %q, %v", got, err)
	}
	if config, err := png.DecodeConfig(bytes.NewReader(file)); err != nil || config.Width != 750 || config.Height != 1334 {
		t.Errorf("%d x %d pixels, %v", config.Width, config.Height, err)
	}
	if depth := file[24]; depth != 2 || len(file) > 20<<10 {
		t.Errorf("%d bits a pixel, %d bytes", depth, len(file))
	}
}

func TestWallpaperRefuses(t *testing.T) {
	good, _ := testWallpaper(t, 1060)
	huge, _ := testWallpaper(t, 5000)
	usual := Screen{1080, 2400}
	for _, test := range []struct {
		name   string
		change func(*Wallpaper)
		screen Screen
		fit    bool
	}{
		{"no screen", func(*Wallpaper) {}, Screen{}, false},
		{"a negative screen", func(*Wallpaper) {}, Screen{-1080, -2400}, false},
		{"a screen too large to draw", func(*Wallpaper) {}, Screen{maxPictureSide + 1, 2400}, false},
		{"a watch", func(*Wallpaper) {}, Screen{80, 80}, true},
		{"a screen on its side", func(*Wallpaper) {}, Screen{2400, 1080}, true},
		{"a code too large for a small screen", func(w *Wallpaper) { w.Code = huge.Code }, Screen{240, 320}, true},
		{"a host too long", func(w *Wallpaper) { w.Host = strings.Repeat("a.", 100) }, usual, true},
		{"words of another script", func(w *Wallpaper) { w.Words = "بطاقة الطوارئ" }, usual, false},
		{"words with an accent", func(w *Wallpaper) { w.Words = "Notfall-Täschchen" }, usual, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := good
			test.change(&w)
			if file, err := w.PNG(test.screen); file != nil || err == nil || errors.Is(err, ErrNoFit) != test.fit {
				t.Errorf("%d bytes, %v", len(file), err)
			}
		})
	}
}

// TestGlyphs: there is one for everything that codes and hosts are made of, and no two are alike.
func TestGlyphs(t *testing.T) {
	seen := make(map[[glyphHeight]string]rune)
	for _, c := range glyphOrder {
		rows, ok := glyph(c)
		if !ok {
			t.Fatalf("%c is not there", c)
		}
		if other, found := seen[rows]; found {
			t.Errorf("%c looks like %c", c, other)
		}
		seen[rows] = c
		dots := strings.Join(rows[:], "")
		if strings.Trim(dots, ".#") != "" || !strings.Contains(dots, "#") {
			t.Errorf("%c is drawn as %q", c, rows)
		}
	}
	for _, c := range shortCodeAlphabet + "-.:ILOU01" {
		if _, ok := glyph(c); !ok {
			t.Errorf("%c is missing", c)
		}
	}
	for _, c := range "a é[\n" {
		if _, ok := glyph(c); ok {
			t.Errorf("%q is there", c)
		}
	}
	if rows, _ := glyph('7'); strings.Join(rows[:], "\n") != "#####\n....#\n....#\n...#.\n..#..\n..#..\n..#.." {
		t.Errorf("the sheet is read wrong: 7 is %q", rows)
	}
}
