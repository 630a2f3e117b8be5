package print

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const zbarReport = `<barcodes xmlns='http://zbar.sourceforge.net/2008/barcode'>
<source href='a.pgm'>
<index num='0'>
<symbol type='QR-Code' quality='1' orientation='UP'><data><![CDATA[https://locket.example/s#ABC]]></data></symbol>
</index>
</source>
<source href='b.pgm'>
</source>
</barcodes>
`

func TestParseZbar(t *testing.T) {
	for _, test := range []struct {
		name, report string
		want         map[string]string
		bad          bool
	}{
		{"one of two", zbarReport, map[string]string{"a.pgm": "https://locket.example/s#ABC"}, false},
		{"nothing", "", nil, false},
		{"cut short", zbarReport[:120], nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseZbar([]byte(test.report))
			if (err != nil) != test.bad {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParseZbar(f *testing.F) {
	f.Add([]byte(zbarReport))
	f.Add([]byte("<barcodes/>"))
	f.Fuzz(func(t *testing.T, report []byte) {
		found, err := parseZbar(report)
		if err != nil && found != nil {
			t.Error("something was found in a report that is none")
		}
	})
}

func TestPicturesAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.pgm")
	picture := image.NewGray(image.Rect(-3, -2, 4, 3))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i * 7)
	}
	if err := writePGM(file, picture); err != nil {
		t.Fatal(err)
	}
	got, err := readPGM(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(picture.Pix, got.Pix); diff != "" || got.Rect != image.Rect(0, 0, 7, 5) {
		t.Errorf("%v %s", got.Rect, diff)
	}
}

func TestReadPGMRefuses(t *testing.T) {
	for _, test := range []struct{ name, content string }{
		{"nothing", ""},
		{"another kind", "P6\n1 1\n255\nabc"},
		{"too few pixels", "P5\n2 2\n255\nabc"},
		{"too many pixels", "P5\n1 2\n255\nabc"},
		{"no pixels", "P5\n0 0\n255\n"},
		{"less than none", "P5\n-1 -1\n255\na"},
		{"more than there is", "P5\n4294967296 4294967296\n255\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.pgm")
			if err := os.WriteFile(file, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := readPGM(file); err == nil {
				t.Error("it was read")
			}
		})
	}
}

func TestWriteSamples(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSamples(&b, smallest(t), 1); err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := picture.Bounds().Max, image.Pt(7*154-4, 2*154-4); got != want {
		t.Errorf("a picture of %v, want %v", got, want)
	}
}
