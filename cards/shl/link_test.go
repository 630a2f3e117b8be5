package shl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/cards"
)

// TestKnownLink is the example of the specification ("Example SMART Health Link Generation").
func TestKnownLink(t *testing.T) {
	key, err := parseKey("rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q")
	if err != nil {
		t.Fatal(err)
	}
	want := Link{
		URL: "https://ehr.example.org/qr/Y9xwkUdtmN9wwoJoN3ffJIhX2UGvCL1JnlPVNL3kDWM/m", Key: key, Flag: "LP",
		Label: "Back-to-school immunizations for Oliver Brown",
	}
	const text = "shlink:/eyJ1cmwiOiJodHRwczovL2Voci5leGFtcGxlLm9yZy9xci9ZOXh3a1VkdG1OOXd3b0pvTjNmZkpJaFgyVUd2Q0wxSm5sUFZOTDNrRFdNL20iLCJmbGFn" +
		"IjoiTFAiLCJrZXkiOiJyeFRnWWxPYUtKUEZ0Y0VkMHFjY2VOOHdFVTRwOTRTcUF3SVdRZTZ1WDdRIiwibGFiZWwiOiJCYWNrLXRvLXNjaG9vbCBpbW11bml6" +
		"YXRpb25zIGZvciBPbGl2ZXIgQnJvd24ifQ"
	for _, viewer := range []string{"", "https://viewer.example.org#"} {
		got, err := want.Encode(viewer)
		if err != nil || got != viewer+text {
			t.Errorf("written %s, %v\nwant    %s", got, err, viewer+text)
		}
		read, err := Parse(viewer + text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fields(want), fields(read)); diff != "" {
			t.Errorf("link (-want +got):\n%s", diff)
		}
	}
}

func TestNew(t *testing.T) {
	l, err := New(counting(), testBase)
	if err != nil {
		t.Fatal(err)
	}
	const want = "https://locket.example/shl/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	if l.URL != want || l.Key.Bytes()[0] != 32 || l.Host() != testHost {
		t.Errorf("got %s at %s, key from %d on", l.URL, l.Host(), l.Key.Bytes()[0])
	}
	for name, base := range map[string]string{
		"http":     "http://locket.example/shl/",
		"no slash": "https://locket.example/shl",
		"too long": "https://locket.example/" + strings.Repeat("a", 70) + "/",
		"no host":  "https:///shl/",
		"nothing":  "",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(counting(), base); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, length := range []int{0, 32, 63} {
		if _, err := New(bytes.NewReader(make([]byte, length)), testBase); err == nil {
			t.Errorf("a link of %d random bytes", length)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Link){
		"http":                   func(l *Link) { l.URL = "http" + strings.TrimPrefix(l.URL, "https") },
		"a long address":         func(l *Link) { l.URL += strings.Repeat("a", MaxURL) },
		"a fragment":             func(l *Link) { l.URL += "#" },
		"a user":                 func(l *Link) { l.URL = strings.Replace(l.URL, "://", "://me@", 1) },
		"a space":                func(l *Link) { l.URL += " " },
		"flags out of order":     func(l *Link) { l.Flag = "PL" },
		"a flag twice":           func(l *Link) { l.Flag = "PP" },
		"an unknown flag":        func(l *Link) { l.Flag = "X" },
		"U with P":               func(l *Link) { l.Flag = "PU" },
		"a long label":           func(l *Link) { l.Label = strings.Repeat("é", MaxLabel+1) },
		"a label of 41 pictures": func(l *Link) { l.Label = strings.Repeat("😀", MaxLabel/2+1) },
		"two lines":              func(l *Link) { l.Label = "a\nb" },
		"a label turned round":   func(l *Link) { l.Label = "\u202Ecod.elpmaxe" },
		"no UTF-8":               func(l *Link) { l.Label = "\xff" },
		"expired in 1969":        func(l *Link) { l.Expires = time.Unix(-1, 0) },
		"expires in 5138":        func(l *Link) { l.Expires = time.Unix(firstMillisecond, 0) },
		"half a signature":       func(l *Link) { l.Signature = make([]byte, 36) },
	} {
		t.Run(name, func(t *testing.T) {
			l := testLink(t)
			change(&l)
			if text, err := l.Encode(""); !errors.Is(err, ErrMalformed) || text != "" {
				t.Errorf("got %d characters, %v", len(text), err)
			}
		})
	}
	for _, viewer := range []string{"https://viewer.example", "http://viewer.example#", "viewer#", "#", "https://viewer.example/#a#"} {
		if _, err := testLink(t).Encode(viewer); !errors.Is(err, ErrMalformed) {
			t.Errorf("viewer %s: %v", viewer, err)
		}
	}
	if _, err := testLink(t).Encode("https://viewer.example/" + strings.Repeat("a", maxLink) + "#"); !errors.Is(err, ErrTooLong) {
		t.Errorf("an endless viewer: %v", err)
	}
}

// linkOf is the link that says what the JSON says.
func linkOf(text string) string { return Scheme + encoding.EncodeToString([]byte(text)) }

const testKeyText = "rxTgYlOaKJPFtcEd0qcceN8wEU4p94SqAwIWQe6uX7Q"

// payloadOf is a link's JSON with nothing but what has to be there, and more.
func payloadOf(more string) string {
	return `{"url":"https://links.example/x","key":"` + testKeyText + `"` + more + `}`
}

// TestReadsTheField: what links in the field look like.
func TestReadsTheField(t *testing.T) {
	plain := linkOf(payloadOf(""))
	for _, test := range []struct {
		name, text string
		exp        time.Time
		flag       string
	}{
		{"nothing but what has to be there", plain, time.Time{}, ""},
		{"scheme in capitals", "SHLINK:/" + plain[len(Scheme):], time.Time{}, ""},
		{"spaces around", " " + plain + "\n", time.Time{}, ""},
		{"padded", plain + "==", time.Time{}, ""},
		{"a viewer with a path and a query", "https://viewer.example/a?b=c#" + plain, time.Time{}, ""},
		{"spaces in the JSON", linkOf(" { " + strings.TrimPrefix(payloadOf(" "), "{")), time.Time{}, ""},
		{"exp in seconds", linkOf(payloadOf(`,"exp":1811808000`)), testExpires, ""},
		{"exp in milliseconds, as HL7's example", linkOf(payloadOf(`,"exp":1811808000000`)), testExpires, ""},
		{"exp with a fraction", linkOf(payloadOf(`,"exp":1811808000.763`)), testExpires, ""},
		{"exp null", linkOf(payloadOf(`,"exp":null`)), time.Time{}, ""},
		{"v 1", linkOf(payloadOf(`,"v":1`)), time.Time{}, ""},
		{"flags that are not known", linkOf(payloadOf(`,"flag":"LPXz"`)), time.Time{}, "LPXz"},
		{"flags out of order", linkOf(payloadOf(`,"flag":"PL"`)), time.Time{}, "PL"},
		{"members that are not known", linkOf(payloadOf(`,"extension":[{"a":{}}],"_x":1,"KEY":"y"`)), time.Time{}, ""},
		{"somebody else's sig", linkOf(payloadOf(`,"sig":{"a":1}`)), time.Time{}, ""},
		{"somebody else's sig, a text", linkOf(payloadOf(`,"sig":"AAAA"`)), time.Time{}, ""},
		{"this machine", linkOf(strings.Replace(payloadOf(""), "https://links.example", "http://127.0.0.1:8080", 1)), time.Time{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if !l.Expires.Equal(test.exp) || l.Flag != test.flag || l.Signature != nil || encoding.EncodeToString(l.Key[:]) != testKeyText {
				t.Errorf("got %v", fields(l))
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"nothing":               {"", ErrMalformed},
		"another scheme":        {"https://locket.example/", ErrMalformed},
		"nothing behind #":      {"https://locket.example/#", ErrMalformed},
		"vhlink":                {"vhlink:/" + linkOf(payloadOf(""))[len(Scheme):], ErrMalformed},
		"no base64url":          {"shlink:/{}", ErrMalformed},
		"a line break":          {linkOf(payloadOf(""))[:40] + "\n" + linkOf(payloadOf(""))[40:], ErrMalformed},
		"no JSON":               {linkOf("hello"), ErrMalformed},
		"an array":              {linkOf("[]"), ErrMalformed},
		"two objects":           {linkOf(payloadOf("") + "{}"), ErrMalformed},
		"url twice":             {linkOf(payloadOf(`,"url":"https://other.example/x"`)), ErrMalformed},
		"key twice":             {linkOf(payloadOf(`,"key":"` + testKeyText + `"`)), ErrMalformed},
		"URL":                   {linkOf(strings.Replace(payloadOf(""), "url", "URL", 1)), ErrMalformed},
		"no key":                {linkOf(`{"url":"https://links.example/x"}`), ErrMalformed},
		"a short key":           {linkOf(strings.Replace(payloadOf(""), testKeyText, testKeyText[:42], 1)), ErrMalformed},
		"a key with stray bits": {linkOf(strings.Replace(payloadOf(""), testKeyText, testKeyText[:42]+"R", 1)), ErrMalformed},
		"http":                  {linkOf(strings.Replace(payloadOf(""), "https", "http", 1)), ErrMalformed},
		"javascript":            {linkOf(strings.Replace(payloadOf(""), "https:", "javascript:", 1)), ErrMalformed},
		"no host":               {linkOf(strings.Replace(payloadOf(""), "links.example", "", 1)), ErrMalformed},
		"a look-alike":          {linkOf(strings.Replace(payloadOf(""), "links", "lіnks", 1)), ErrMalformed},
		"a user":                {linkOf(strings.Replace(payloadOf(""), "links", "locket.example@links", 1)), ErrMalformed},
		"a long address":        {linkOf(strings.Replace(payloadOf(""), "/x", "/"+strings.Repeat("x", MaxURL), 1)), ErrMalformed},
		"url a number":          {linkOf(`{"url":1,"key":"` + testKeyText + `"}`), ErrMalformed},
		"exp a text":            {linkOf(payloadOf(`,"exp":"soon"`)), ErrMalformed},
		"exp zero":              {linkOf(payloadOf(`,"exp":0`)), ErrMalformed},
		"exp negative":          {linkOf(payloadOf(`,"exp":-1`)), ErrMalformed},
		"exp endless":           {linkOf(payloadOf(`,"exp":1e999999999`)), ErrMalformed},
		"exp after 9999":        {linkOf(payloadOf(`,"exp":253402300800000`)), ErrMalformed},
		"flag a number":         {linkOf(payloadOf(`,"flag":1`)), ErrMalformed},
		"flag of two lines":     {linkOf(payloadOf(`,"flag":"P\nP"`)), ErrMalformed},
		"a long label":          {linkOf(payloadOf(`,"label":"` + strings.Repeat("é", MaxLabel+1) + `"`)), ErrMalformed},
		"a label of two lines":  {linkOf(payloadOf(`,"label":"a\nb"`)), ErrMalformed},
		"deep":                  {linkOf(payloadOf(`,"x":` + strings.Repeat("[", 2000))), ErrMalformed},
		"v 2":                   {linkOf(payloadOf(`,"v":2`)), ErrNewerVersion},
		"v 2 without the rest":  {linkOf(`{"v":2}`), ErrNewerVersion},
		"v 2, a long label":     {linkOf(`{"v":2,"label":"` + strings.Repeat("a", 81) + `"}`), ErrMalformed},
		"too long":              {Scheme + strings.Repeat("A", maxLink), ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Parse(test.text)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.want != ErrMalformed && l.URL != "" {
				t.Error("its address is given out")
			}
		})
	}
}

// TestNewerVersionStillSpeaks: expiry, flags and label keep their meaning in every version.
func TestNewerVersionStillSpeaks(t *testing.T) {
	l, err := Parse(linkOf(payloadOf(`,"v":2,"label":"Summary","flag":"L","exp":1811808000`)))
	if !errors.Is(err, ErrNewerVersion) || l.Label != "Summary" || l.Flag != "L" || !l.Expires.Equal(testExpires) {
		t.Errorf("got %v, %v", fields(l), err)
	}
	if l.URL != "" || l.Key != (Key{}) {
		t.Error("address and key are given out")
	}
}

func TestHas(t *testing.T) {
	l := Link{Flag: "LP"}
	if !l.Has(FlagLongTerm) || !l.Has(FlagPasscode) || l.Has(FlagDirect) {
		t.Errorf("flags %s", l.Flag)
	}
}

func TestLinkHidesItself(t *testing.T) {
	l := testSigned(t)
	key := encoding.EncodeToString(l.Key[:])
	token := strings.TrimPrefix(l.URL, testBase)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		for _, value := range []any{l, l.Key, &l} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, key) || strings.Contains(text, token) || strings.Contains(text, fmt.Sprintf("%x", l.Key.Bytes())) ||
				strings.Contains(text, "Ada") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
	for _, text := range []string{l.LogValue().String(), l.Key.LogValue().String(), l.Key.String()} {
		if strings.Contains(text, key) || strings.Contains(text, token) {
			t.Errorf("logged as %s", text)
		}
	}
	data, err := json.Marshal(l)
	if err != nil || strings.Contains(string(data), key) {
		t.Errorf("in JSON %s, %v", data, err)
	}
}

// TestQRSize states how large the code of a link is, at level M as the specification recommends.
func TestQRSize(t *testing.T) {
	bare := testLink(t)
	bare.Label = ""
	for _, test := range []struct {
		name    string
		link    Link
		version int
	}{
		{"without label and signature", bare, 11},
		{"with a label", testLink(t), 12},
		{"with a label and a signature", testSigned(t), 16},
	} {
		t.Run(test.name, func(t *testing.T) {
			m, err := cards.EncodeQR(testText(t, test.link), cards.LevelM)
			if err != nil || m.Version > test.version {
				t.Errorf("version %d, %v, want at most %d (%d characters)", m.Version, err, test.version, len(testText(t, test.link)))
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	signed := testSigned(f)
	f.Add(testText(f, signed))
	viewed, err := signed.Encode("https://viewer.example/#")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(viewed)
	for _, text := range []string{payloadOf(""), payloadOf(`,"exp":1767225600000,"v":1`), `{"v":2,"label":"a"}`, `{"url":1}`, `[`} {
		f.Add(linkOf(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse(text)
		if err != nil {
			return
		}
		if !validURL(l.URL) || l.Host() == "" || len(l.URL) > MaxURL {
			t.Fatalf("a link to %q", l.URL)
		}
		again, err := l.Encode("")
		if err != nil {
			return // read leniently: not to be written
		}
		read, err := Parse(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fields(l), fields(read)); diff != "" {
			t.Errorf("link (-read +written):\n%s", diff)
		}
	})
}
