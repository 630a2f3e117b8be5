package cards

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func text(t testing.TB, language, words string) Record {
	t.Helper()
	r, err := TextRecord(language, words)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNDEFGolden compares with the bytes that other libraries write.
func TestNDEFGolden(t *testing.T) {
	for _, test := range []struct {
		name    string
		message Message
		want    string
	}{
		{"address", Message{URIRecord("https://ice.example/c/AbC#v1.abc")},
			"d1011955046963652e6578616d706c652f632f4162432376312e616263"},
		{"address, text and an application", Message{
			URIRecord("https://ice.example/c/AbC#v1.abc"),
			text(t, "en", "ICE: Penicillin"),
			{TypeName: 4, Type: []byte("android.com:pkg"), Payload: []byte("org.example.ice")},
		}, "91011955046963652e6578616d706c652f632f4162432376312e616263" + "1101125402656e4943453a2050656e6963696c6c696e" +
			"540f0f616e64726f69642e636f6d3a706b676f72672e6578616d706c652e696365"},
		{"long address", Message{URIRecord("https://" + strings.Repeat("a", 0x13a))},
			"c1010000013b5504" + strings.Repeat("61", 0x13a)},
		{"longest short address", Message{URIRecord("https://" + strings.Repeat("a", 254))},
			"d101ff5504" + strings.Repeat("61", 254)},
		{"local address", Message{URIRecord("http://localhost/")}, "d1010b55036c6f63616c686f73742f"},
		{"another scheme", Message{URIRecord("geo:1,2")}, "d101085500" + hex.EncodeToString([]byte("geo:1,2"))},
		{"with an identifier", Message{{TypeName: 2, Type: []byte("a/b"), ID: []byte("i"), Payload: []byte("p")}}, "da030101612f626970"},
		{"empty", Message{{}}, "d00000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.message.Encode()
			if err != nil || hex.EncodeToString(got) != test.want {
				t.Errorf("got %x, %v, want %s", got, err, test.want)
			}
			if test.message.Size() != len(got) {
				t.Errorf("Size is %d, the message has %d bytes", test.message.Size(), len(got))
			}
			back, err := ParseNDEF(got)
			if diff := cmp.Diff(test.message, back, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Errorf("reads as (-want +got), %v:\n%s", err, diff)
			}
		})
	}
}

func TestSmartPosterIsRead(t *testing.T) {
	const (
		uri     = "55046963652e6578616d706c652f632f416243"
		title   = "5101115402656e456d657267656e63792063617264"
		another = "510103550461"
	)
	poster := func(payload string) string { return fmt.Sprintf("d102%02x5370%s", len(payload)/2, payload) }
	for _, test := range []struct {
		name, message, want string
	}{
		{"golden", "d1022b5370" + "910112" + uri + title, "https://ice.example/c/AbC"},
		{"the address alone", poster("d10112" + uri), "https://ice.example/c/AbC"},
		{"the title first", poster("9101115402656e456d657267656e63792063617264" + "510112" + uri), "https://ice.example/c/AbC"},
		{"two addresses", poster("910112" + uri + another), ""},
		{"no address", poster("d1" + title[2:]), ""},
		{"another scheme", poster("d10104" + "5505" + "313132"), ""},
		{"nothing", poster(""), ""},
		{"a poster in a poster", poster("d10219" + "5370" + "d10112" + uri), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := ParseNDEF(unhex(test.message))
			if err != nil || len(m) != 1 {
				t.Fatalf("got %v, %v", m, err)
			}
			if uri, ok := m.URI(); uri != test.want || ok != (test.want != "") {
				t.Errorf("address %q, %t, want %q", uri, ok, test.want)
			}
		})
	}
	m, err := ParseNDEF(unhex("d1022b5370" + "910112" + uri + title))
	if err != nil {
		t.Fatal(err)
	}
	inside, err := ParseNDEF(m[0].Payload)
	if err != nil || len(inside) != 2 {
		t.Fatalf("inside: %v, %v", inside, err)
	}
	if language, words, ok := inside[1].Text(); !ok || language != "en" || words != "Emergency card" {
		t.Errorf("title %q in %q, %t", words, language, ok)
	}
}

func TestParseNDEFRefuses(t *testing.T) {
	for _, test := range []struct {
		name, message string
		want          error
	}{
		{"nothing", "", ErrNDEF},
		{"cut in the head", "d101", ErrNDEF},
		{"cut in the payload", "d10119550469", ErrNDEF},
		{"cut in a long length", "c101000001", ErrNDEF},
		{"long length that lies", "c101ffffffff5504", ErrNDEF},
		{"type length that lies", "d1ff025504", ErrNDEF},
		{"identifier length that lies", "d90101ff5504", ErrNDEF},
		{"no room for an identifier length", "d80000", ErrNDEF},
		{"bytes after the end", "d00000" + "00", ErrNDEF},
		{"no end", "900000", ErrNDEF},
		{"no beginning", "500000", ErrNDEF},
		{"two beginnings", "900000" + "d00000", ErrNDEF},
		{"chunk", "f10101" + "5504", ErrNDEF},
		{"unchanged", "d6000100", ErrNDEF},
		{"reserved", "d7000100", ErrNDEF},
		{"empty with a payload", "d0000100", ErrNDEF},
		{"unknown with a type", "d501006100", ErrNDEF},
		{"too many records", "900000" + strings.Repeat("100000", 40) + "500000", ErrTooLong},
		{"too long", strings.Repeat("00", maxNDEF+1), ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			if m, err := ParseNDEF(unhex(test.message)); m != nil || !errors.Is(err, test.want) {
				t.Errorf("got %v, %v, want %v", m, err, test.want)
			}
		})
	}
}

func TestEncodeNDEFRefuses(t *testing.T) {
	long := bytes.Repeat([]byte{'a'}, 256)
	for _, test := range []struct {
		name    string
		message Message
		want    error
	}{
		{"no records", nil, ErrNDEF},
		{"long type", Message{{TypeName: 2, Type: long}}, ErrNoFit},
		{"long identifier", Message{{TypeName: 2, Type: long[:1], ID: long}}, ErrNoFit},
		{"long message", Message{{TypeName: 2, Type: long[:1], Payload: bytes.Repeat(long, 16)}}, ErrNoFit},
		{"many records", make(Message, maxRecords+1), ErrNoFit},
	} {
		t.Run(test.name, func(t *testing.T) {
			if b, err := test.message.Encode(); b != nil || !errors.Is(err, test.want) {
				t.Errorf("got %x, %v, want %v", b, err, test.want)
			}
		})
	}
	if _, err := TextRecord(strings.Repeat("a", 64), ""); !errors.Is(err, ErrNoFit) {
		t.Errorf("a long language gave %v", err)
	}
}

func TestRecordsOfOtherKinds(t *testing.T) {
	for _, test := range []struct {
		name   string
		record Record
	}{
		{"empty", Record{}},
		{"address without a payload", Record{TypeName: 1, Type: []byte("U")}},
		{"address with an unknown prefix", Record{TypeName: 1, Type: []byte("U"), Payload: []byte("\xfftel")}},
		{"telephone", Record{TypeName: 1, Type: []byte("U"), Payload: []byte("\x05112")}},
		{"script", URIRecord("javascript:alert(1)")},
		{"address that is not UTF-8", Record{TypeName: 1, Type: []byte("U"), Payload: []byte("\x04\xff")}},
		{"text without a payload", Record{TypeName: 1, Type: []byte("T")}},
		{"text in UTF-16", Record{TypeName: 1, Type: []byte("T"), Payload: []byte("\x82en\x00a")}},
		{"text shorter than its language", Record{TypeName: 1, Type: []byte("T"), Payload: []byte("\x05en")}},
		{"text that is not UTF-8", Record{TypeName: 1, Type: []byte("T"), Payload: []byte("\x02en\xff")}},
		{"a media type", Record{TypeName: 2, Type: []byte("U"), Payload: []byte("\x04a")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if uri, ok := test.record.URI(); ok {
				t.Errorf("is the address %q", uri)
			}
			if language, words, ok := test.record.Text(); ok {
				t.Errorf("is the text %q in %q", words, language)
			}
			if _, err := (Message{test.record, URIRecord(testAddress(t).NFCURL())}).Address(); !errors.Is(err, ErrAddress) {
				t.Errorf("the address behind it was read: %v", err)
			}
		})
	}
}

func TestAddressOnATag(t *testing.T) {
	want := testAddress(t)
	file, err := want.Message(text(t, "en", "Emergency card: scan or tap")).Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseNDEF(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Address()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("address (-want +got):\n%s", diff)
	}
	if _, err := (Message{}).Address(); !errors.Is(err, ErrAddress) {
		t.Errorf("an empty message gave %v", err)
	}
}

func TestShortAddressOnATag(t *testing.T) {
	want := ShortAddress{Base: testBase, Code: "ABCD2345WXYZ"}
	file, err := Message{URIRecord(want.URL()), text(t, "en", "Emergency card")}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseNDEF(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.ShortAddress(); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := m.Address(); !errors.Is(err, ErrAddress) {
		t.Errorf("as a whole address: %v", err)
	}
	if _, err := testAddress(t).Message().ShortAddress(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a whole address as a short one: %v", err)
	}
	if _, err := (Message{}).ShortAddress(); !errors.Is(err, ErrAddress) {
		t.Errorf("an empty message gave %v", err)
	}
}

// FuzzParseNDEF: what is read is written the same way again, unless a short payload had a long length.
func FuzzParseNDEF(f *testing.F) {
	for _, seed := range []string{
		"d1011955046963652e6578616d706c652f632f4162432376312e616263", "d00000", "c1010000000155", "da030101612f626970",
		"900000500000", "d1022b5370",
		"d1022b5370" + "91011255046963652e6578616d706c652f632f416243" + "5101115402656e456d657267656e63792063617264",
	} {
		f.Add(unhex(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseNDEF(b)
		if err != nil {
			return
		}
		for _, r := range m {
			r.URI()
			r.Text()
		}
		m.URI()
		written, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseNDEF(written)
		if diff := cmp.Diff(m, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("reads as (-first +again), %v:\n%s", err, diff)
		}
	})
}
