package cards

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func testTag(t testing.TB, name string) Tag {
	t.Helper()
	for _, tag := range Tags() {
		if tag.Name == name {
			return tag
		}
	}
	t.Fatalf("no tag %s", name)
	return Tag{}
}

// TestType2Golden compares with the bytes that the makers' data sheets and other libraries give.
func TestType2Golden(t *testing.T) {
	const (
		maker = "000000000000000000000000"
		short = "d1011955046963652e6578616d706c652f632f4162432376312e616263"
		uri   = "https://ice.example/c/AbC#v1.abc"
	)
	long := Message{URIRecord("https://" + strings.Repeat("a", 0x13a))}
	for _, test := range []struct {
		tag     string
		message Message
		want    string
	}{
		{"NTAG213", Message{URIRecord(uri)}, maker + "e1101200" + "0103a00c34" + "031d" + short + "fe"},
		{"NTAG215", Message{URIRecord(uri)}, maker + "e1103e00" + "031d" + short + "fe"},
		{"NTAG216", Message{URIRecord(uri)}, maker + "e1106d00" + "031d" + short + "fe"},
		{"NTAG215", long, maker + "e1103e00" + "03ff0142" + "c1010000013b5504" + strings.Repeat("61", 0x13a) + "fe"},
		{"NTAG216", long, maker + "e1106d00" + "03ff0142" + "c1010000013b5504" + strings.Repeat("61", 0x13a) + "fe"},
	} {
		t.Run(test.tag, func(t *testing.T) {
			tag := testTag(t, test.tag)
			got, err := tag.Image(test.message)
			if err != nil {
				t.Fatal(err)
			}
			want := append(unhex(test.want), make([]byte, 16+tag.Area-len(test.want)/2)...)
			if diff := cmp.Diff(hex.EncodeToString(want), hex.EncodeToString(got)); diff != "" {
				t.Errorf("image (-want +got):\n%s", diff)
			}
			back, err := ParseType2(got)
			if diff := cmp.Diff(test.message, back, cmp.Transformer("bytes", func(r Record) []byte {
				b, err := Message{r}.Encode()
				if err != nil {
					t.Fatal(err)
				}
				return b
			})); err != nil || diff != "" {
				t.Errorf("reads as (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

// TestType2Lengths: on each side of the longer length, and of the end of the tag, a message is written and read back whole.
func TestType2Lengths(t *testing.T) {
	for _, tag := range Tags() {
		if tag.Name == "NTAG424" {
			continue
		}
		for _, length := range []int{5, 6, 253, 254, 255, 256, 257, 258, 259, tag.Message - 1, tag.Message, tag.Message + 1} {
			characters := length - 5
			if length > 255+4 {
				characters -= 3
			}
			message := Message{URIRecord("https://" + strings.Repeat("a", characters))}
			if message.Size() != length {
				continue // no record is that long: the longer length takes three bytes at once
			}
			image, err := tag.Image(message)
			if length > tag.Message {
				if !errors.Is(err, ErrNoFit) || image != nil {
					t.Errorf("%s, %d bytes: %v", tag.Name, length, err)
				}
				continue
			}
			if err != nil || len(image) != 16+tag.Area {
				t.Fatalf("%s, %d bytes: an image of %d, %v", tag.Name, length, len(image), err)
			}
			back, err := ParseType2(image)
			if err != nil || back.Size() != length {
				t.Errorf("%s, %d bytes: read %d, %v", tag.Name, length, back.Size(), err)
			}
		}
	}
}

func TestImageRefuses(t *testing.T) {
	if image, err := testTag(t, "NTAG424").Image(Message{URIRecord(testBase)}); image != nil || !errors.Is(err, ErrNoFit) {
		t.Errorf("a Type 4 tag: %v", err)
	}
	if image, err := testTag(t, "NTAG215").Image(nil); image != nil || !errors.Is(err, ErrNDEF) {
		t.Errorf("no message: %v", err)
	}
}

func TestParseType2(t *testing.T) {
	const (
		head    = "000000000000000000000000" + "e1100200" // 16 bytes of area
		message = "d101035504" + "6162"                   // https://ab
	)
	for _, test := range []struct {
		name, image string
		want        error
	}{
		{"message first", head + "0307" + message + "fe" + "000000000000", nil},
		{"without a terminator", head + "0307" + message + "00000000000000", nil},
		{"after nulls", head + "0000000307" + message + "fe000000", nil},
		{"after a lock entry", head + "0103a00c34" + "0307" + message + "fe00", nil},
		{"after a proprietary entry", head + "fd0100" + "0307" + message + "fe000000", nil},
		{"after an unknown entry", head + "7f0100" + "0307" + message + "fe000000", nil},
		{"length in three bytes", head + "03ff0007" + message + "fe00000000", nil},
		{"more memory than the area", head + "0307" + message + "fe" + "000000000000" + "ffffffff", nil},
		{"the first of two", head + "0307" + message + "0303d00000fe00", nil},

		{"nothing", "", ErrNDEF},
		{"no area", head, ErrNDEF},
		{"an area cut short", head + "0307" + message + "fe", ErrNDEF},
		{"no container", "00000000000000000000000000100200" + "0307" + message + "fe000000000000", ErrNDEF},
		{"another version", "000000000000000000000000e1200200" + "0307" + message + "fe000000000000", ErrNDEF},
		{"behind the terminator", head + "fe0307" + message + "0000000000" + "00", ErrNDEF},
		{"as delivered", head + "0300fe00" + strings.Repeat("00", 12), ErrNDEF},
		{"nulls alone", head + strings.Repeat("00", 16), ErrNDEF},
		{"a length that lies", head + "030f" + message + "fe000000000000", ErrNDEF},
		{"a long length that lies", head + "03ffffff" + message + "fe00000000", ErrNDEF},
		{"a length beyond the area", head + strings.Repeat("00", 15) + "03" + "07" + message, ErrNDEF},
		{"a long length beyond the area", head + strings.Repeat("00", 13) + "03ff00" + "07" + message, ErrNDEF},
		{"a lock entry that lies", head + "01ff" + strings.Repeat("ff", 14), ErrNDEF},
		{"a message that lies", head + "0307" + "d1ff035504" + "6162" + "fe000000000000", ErrNDEF},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := ParseType2(unhex(test.image))
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err != nil {
				return
			}
			if uri, ok := m.URI(); !ok || uri != "https://ab" {
				t.Errorf("address %q, %t", uri, ok)
			}
		})
	}
	if _, err := ParseType2(make([]byte, type2Area+maxNDEF+1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long image: %v", err)
	}
}

// FuzzParseType2: what is read from a tag fits another of the same kind, and reads the same there.
func FuzzParseType2(f *testing.F) {
	for _, tag := range Tags() {
		if image, err := tag.Image(testAddress(f).Message()); err == nil {
			f.Add(image)
		}
		if image, err := tag.Image(Message{URIRecord(testBase)}); err == nil {
			f.Add(image)
		}
	}
	f.Add(unhex("000000000000000000000000e1100200" + "03ffffff"))
	f.Fuzz(func(t *testing.T, image []byte) {
		m, err := ParseType2(image)
		if err != nil {
			return
		}
		want, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		tag := testTag(t, "NTAG216")
		written, err := tag.Image(m)
		if errors.Is(err, ErrNoFit) && len(want) > tag.Message {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseType2(written)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := back.Encode(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read %x, %v, wrote %x", got, err, want)
		}
	})
}
