package cards

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestPicturesAreReadByAForeignDecoder draws with one library and reads with another.
func TestPicturesAreReadByAForeignDecoder(t *testing.T) {
	for _, test := range []struct {
		name, text string
		level      Level
		pixels     int
	}{
		{"a card at L", testAddress(t).URL(), LevelL, 3},
		{"a card at M", testAddress(t).URL(), LevelM, 6},
		{"a card at Q", testAddress(t).URL(), LevelQ, 4},
		{"a card at H", testAddress(t).URL(), LevelH, 4},
		{"a short address", testAddress(t).Short(), LevelM, 6},
		{"a long card", testBase + "/c/" + testID().String() + "#" + strings.Repeat("1234567890", 200), LevelM, 4},
		{"not ASCII", "Ada é 東京", LevelM, 8},
	} {
		t.Run(test.name, func(t *testing.T) {
			picture, err := testMatrix(t, test.text, test.level).PNG(test.pixels)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := ScanPNG(bytes.NewReader(picture)); err != nil || text != test.text {
				t.Errorf("read %q, %v", text, err)
			}
		})
	}
}

func TestPNG(t *testing.T) {
	m := testMatrix(t, testAddress(t).URL(), LevelM)
	file, err := m.PNG(6)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	side := 6 * (m.Modules + 2*QuietZone)
	if size := picture.Bounds().Size(); size != image.Pt(side, side) {
		t.Errorf("%v pixels, want %d", size, side)
	}
	drawn := make(drawing)
	for y := 0; y < side; y += 6 {
		for x := 0; x < side; x += 6 {
			first := picture.At(x, y)
			for dy := range 6 {
				for dx := range 6 {
					if picture.At(x+dx, y+dy) != first {
						t.Fatalf("the module at %d, %d has two colours", x, y)
					}
				}
			}
			drawn[[2]int{x/6 - QuietZone, y/6 - QuietZone}] = first == color.RGBA{A: 255}
		}
	}
	drawn.check(t, m)
	if depth := file[24]; depth != 1 {
		t.Errorf("%d bits a pixel", depth)
	}
	// 300 dots an inch, as PNG has it: 11,811 a metre both ways.
	chunks := pngChunks(t, file)
	if got, want := chunks["pHYs"], unhex("00002e2300002e2301"); !bytes.Equal(got, want) {
		t.Errorf("pHYs is %x, want %x", got, want)
	}
	for _, pixels := range []int{-1, 0, maxModulePixels + 1} {
		if _, err := m.PNG(pixels); err == nil {
			t.Errorf("%d pixels a module were drawn", pixels)
		}
	}
}

// pngChunks reads the chunks of a PNG and checks their checksums.
func pngChunks(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	chunks := make(map[string][]byte)
	for rest := file[8:]; len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest)
		content := rest[4 : 8+n]
		if crc32.ChecksumIEEE(content) != binary.BigEndian.Uint32(rest[8+n:]) {
			t.Fatalf("chunk %s has a wrong checksum", content[:4])
		}
		chunks[string(content[:4])] = content[4:]
		rest = rest[12+n:]
	}
	return chunks
}

// TestScanPhotograph reads a code that is small in a large grey JPEG, turned a quarter and unevenly lit.
func TestScanPhotograph(t *testing.T) {
	m := testMatrix(t, testAddress(t).Short(), LevelM)
	const pixels, left, top = 5, 300, 150
	picture := image.NewGray(image.Rect(0, 0, 800, 600))
	for y := range 600 {
		for x := range 800 {
			light := 120 + x/8
			mx, my := (x-left)/pixels-QuietZone, (y-top)/pixels-QuietZone
			if side := m.Modules + QuietZone; mx < -QuietZone || my < -QuietZone || x < left || y < top || mx >= side || my >= side {
				light /= 2
			} else if m.At(my, m.Modules-1-mx) {
				light /= 5
			}
			picture.SetGray(x, y, color.Gray{Y: uint8(light)})
		}
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	if text, err := ScanPNG(&file); err != nil || text != testAddress(t).Short() {
		t.Errorf("read %q, %v", text, err)
	}
}

func TestScanRefuses(t *testing.T) {
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewGray(image.Rect(0, 0, 100, 100))); err != nil {
		t.Fatal(err)
	}
	var dot bytes.Buffer
	if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, ErrPicture},
		{"text", []byte("https://locket.example"), ErrPicture},
		{"GIF", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), ErrPicture},
		{"PNG cut short", blank.Bytes()[:blank.Len()/2], ErrPicture},
		{"no code", blank.Bytes(), ErrNoCode},
		{"one pixel", dot.Bytes(), ErrNoCode},
		{"too wide", resized(blank.Bytes(), maxPictureSide+1, 1), ErrTooLong},
		{"too high", resized(blank.Bytes(), 1, maxPictureSide+1), ErrTooLong},
		{"too many pixels", resized(blank.Bytes(), maxPictureSide, maxPictureSide), ErrTooLong},
		{"too many to count", resized(blank.Bytes(), 1<<31-1, 1<<31-1), ErrPicture},
		{"too many bytes", make([]byte, maxPicture+1), ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			if text, err := ScanPNG(bytes.NewReader(test.file)); text != "" || !errors.Is(err, test.want) {
				t.Errorf("read %q, %v, want %v", text, err, test.want)
			}
		})
	}
	if _, err := ScanPNG(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader that fails gave %v", err)
	}
}

// resized changes the size that a PNG claims in its header, not what it holds.
func resized(file []byte, width, height uint32) []byte {
	out := bytes.Clone(file)
	binary.BigEndian.PutUint32(out[16:], width)
	binary.BigEndian.PutUint32(out[20:], height)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func FuzzScanPNG(f *testing.F) {
	picture, err := testMatrix(f, "1", LevelM).PNG(1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(picture)
	f.Add(resized(picture, 1, 8000))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if text, err := ScanPNG(bytes.NewReader(b)); err != nil && text != "" {
			t.Errorf("read %q and %v", text, err)
		}
	})
}
