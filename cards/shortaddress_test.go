package cards

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testCode = ShortCode("7KQ2MX9TRB4H")

func TestShortAddressRoundTrips(t *testing.T) {
	for _, base := range []string{
		testBase, "https://xn--lcket-jua.example", "https://locket.example:8443", "http://localhost:8080", "http://[::1]:8080",
		"https://[2001:db8::1]:8080", "https://" + strings.Repeat("a.", 122) + "example:65535",
	} {
		want := ShortAddress{Base: base, Code: testCode}
		got, err := ParseShortAddress(want.URL())
		if err != nil {
			t.Errorf("%s: %v", base, err)
			continue
		}
		if got != want {
			t.Errorf("got %q with code %q, want %q", got.Base, string(got.Code), base)
		}
	}
	if got, want := (ShortAddress{testBase, testCode}).URL(), "https://locket.example/s#7KQ2MX9TRB4H"; got != want {
		t.Errorf("URL is %s, want %s", got, want)
	}
}

func TestParseShortAddressRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrAddress},
		{"a code alone", "7KQ2MX9TRB4H", ErrAddress},
		{"no code", "https://locket.example/s#", ErrShortCode},
		{"no fragment", "https://locket.example/s", ErrAddress},
		{"code cut short", "https://locket.example/s#7KQ2MX9TRB4", ErrShortCode},
		{"a character too many", "https://locket.example/s#7KQ2MX9TRB4HH", ErrShortCode},
		{"a look-alike", "https://locket.example/s#7KQ2MX9TRB4I", ErrShortCode},
		{"code in small letters", "https://locket.example/s#7kq2mx9trb4h", ErrAddress},
		{"code with dashes", "https://locket.example/s#7KQ2-MX9T-RB4H", ErrAddress},
		{"space at the end", "https://locket.example/s#7KQ2MX9TRB4H ", ErrAddress},
		{"code in the path", "https://locket.example/s/7KQ2MX9TRB4H", ErrAddress},
		{"code in the query", "https://locket.example/s?7KQ2MX9TRB4H", ErrAddress},
		{"a query", "https://locket.example/s?x#7KQ2MX9TRB4H", ErrAddress},
		{"a user name", "https://locket.example@evil.example/s#7KQ2MX9TRB4H", ErrAddress},
		{"http abroad", "http://locket.example/s#7KQ2MX9TRB4H", ErrAddress},
		{"https in capitals", "HTTPS://locket.example/s#7KQ2MX9TRB4H", ErrAddress},
		{"host in capitals", "https://LOCKET.example/s#7KQ2MX9TRB4H", ErrAddress},
		{"path of a card", "https://locket.example/c#7KQ2MX9TRB4H", ErrAddress},
		{"no host", "https:///s#7KQ2MX9TRB4H", ErrAddress},
		{"another scheme", "javascript:alert(1)//s#7KQ2MX9TRB4H", ErrAddress},
		{"huge", "https://locket.example/s#" + strings.Repeat("7", 1000), ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a, err := ParseShortAddress(test.text); !errors.Is(err, test.want) || a != (ShortAddress{}) {
				t.Errorf("got %v, %v, want %v", a, err, test.want)
			}
		})
	}
}

// TestShortAddressHidesItsCode: the code finds the card and opens its front.
func TestShortAddressHidesItsCode(t *testing.T) {
	a := ShortAddress{testBase, testCode}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("read", "address", a)
	text := fmt.Sprintf("%v %+v %#v %s %q %x %d", a, a, a, a, a, a, a) + log.String()
	if strings.Contains(text, string(testCode[:4])) || strings.Contains(text, fmt.Sprintf("%x", string(testCode[:4]))) {
		t.Errorf("the code is told: %s", text)
	}
	if diff := cmp.Diff("https://locket.example/s", a.String()); diff != "" {
		t.Error(diff)
	}
}

// FuzzParseShortAddress: a short address has one spelling.
func FuzzParseShortAddress(f *testing.F) {
	for _, seed := range []string{
		ShortAddress{testBase, testCode}.URL(), ShortAddress{"http://[::1]:1", testCode}.URL(), "https://a/s#", "http://localhost/s#7KQ2MX9TRB4H",
		"https://a@b/s#7KQ2MX9TRB4H", "//s#", strings.Repeat("7", 400),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseShortAddress(s); err == nil && a.URL() != s {
			t.Errorf("%q is read, and written as %q", s, a.URL())
		}
	})
}
