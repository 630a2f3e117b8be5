package cards

import (
	"bytes"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAddressRoundTrips(t *testing.T) {
	for _, base := range []string{
		testBase, "https://xn--lcket-jua.example", "https://locket.example:8443", "http://localhost:8080", "http://localhost",
		"http://127.0.0.1:8080", "https://[2001:db8::1]:8080", "http://[::1]:8080",
	} {
		want := testAddress(t)
		want.Base = base
		for _, text := range []string{want.URL(), want.NFCURL()} {
			got, err := ParseAddress(text)
			if err != nil {
				t.Errorf("%s: %v", base, err)
				continue
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", base, diff)
			}
		}
	}
}

func TestAddressForms(t *testing.T) {
	address := testAddress(t)
	url, tag := address.URL(), address.NFCURL()
	short := "https://locket.example/c/ABEiM0RVZneImaq7zN3u_w"
	if address.Short() != short || !strings.HasPrefix(url, short+"#") || !strings.HasPrefix(tag, short+"#A") {
		t.Errorf("forms are\n%s\n%s\n%s", address.Short(), url, tag)
	}
	if strings.Trim(strings.TrimPrefix(url, short+"#"), "0123456789") != "" {
		t.Errorf("the fragment for QR codes is not digits: %s", url)
	}
}

// TestFormsAreNeverConfused: every card's base64url begins with a letter, every card's number with a digit other than zero.
func TestFormsAreNeverConfused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Address{
			Base:     testBase,
			Secret:   Secret(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "secret")),
			Envelope: rapid.SliceOfN(rapid.Byte(), 1, MaxEnvelope).Draw(t, "envelope"),
		}
		for _, text := range []string{a.URL(), a.NFCURL()} {
			_, fragment, _ := strings.Cut(text, "#")
			secret, envelope, err := ParseFragment(fragment)
			if err != nil || secret != a.Secret || !bytes.Equal(envelope, a.Envelope) {
				t.Fatalf("%s reads as %x, %x, %v", fragment, secret.Bytes(), envelope, err)
			}
			if (fragment[0] == 'A') != (text == a.NFCURL()) {
				t.Fatalf("%s begins like the other form", fragment)
			}
		}
	})
}

func TestParseAddressRefusesHosts(t *testing.T) {
	good := testAddress(t).URL()
	for _, test := range []struct{ name, base string }{
		{"no scheme", "locket.example"},
		{"no host", "https://"},
		{"scheme in capitals", "HTTPS://locket.example"},
		{"host in capitals", "https://Locket.example"},
		{"ftp", "ftp://localhost"},
		{"http abroad", "http://locket.example"},
		{"http to an address that looks local", "http://localhost.evil.example"},
		{"http to another machine", "http://192.168.0.1"},
		{"port zero", "https://locket.example:0"},
		{"port empty", "https://locket.example:"},
		{"port too great", "https://locket.example:65536"},
		{"port with a zero", "https://locket.example:0443"},
		{"port with a sign", "https://locket.example:+443"},
		{"label empty", "https://locket..example"},
		{"dot at the end", "https://locket.example."},
		{"hyphen", "https://-locket.example"},
		{"underscore", "https://locket_example"},
		{"label long", "https://" + strings.Repeat("a", 64) + ".example"},
		{"name long", "https://" + strings.Repeat("a.", 127) + "example"},
		{"escape", "https://locket%2eexample"},
		{"space", "https://locket .example"},
		{"IPv6 not in its usual form", "https://[2001:DB8::1]"},
		{"IPv6 with a zone", "https://[fe80::1%25eth0]"},
		{"IPv6 open", "https://[::1"},
		{"IPv4 in brackets", "https://[127.0.0.1]"},
		{"backslash", `https://locket.example\@evil.example`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a, err := ParseAddress(strings.Replace(good, testBase, test.base, 1)); !errors.Is(err, ErrAddress) {
				t.Errorf("got %v, %v", a, err)
			}
		})
	}
}

// TestBoundsOfFragments holds the constants to what they are derived from.
func TestBoundsOfFragments(t *testing.T) {
	greatest := new(big.Int).SetBytes(bytes.Repeat([]byte{255}, maxFragment))
	if got := len(greatest.String()); got != maxDigits {
		t.Errorf("%d bytes are %d digits, not %d", maxFragment, got, maxDigits)
	}
	if got := encoding.EncodedLen(maxFragment); got != base64MaxLength {
		t.Errorf("%d bytes are %d characters, not %d", maxFragment, got, base64MaxLength)
	}
	if fragmentHeader+MaxEnvelope > maxFragment {
		t.Error("the longest card is longer than the longest fragment")
	}
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"digits", strings.Repeat("9", maxDigits), ErrNewerFormat},
		{"a digit more", strings.Repeat("9", maxDigits+1), ErrTooLong},
		{"base64url", strings.Repeat("_", base64MaxLength), ErrNewerFormat},
		{"a character more", strings.Repeat("_", base64MaxLength+1), ErrTooLong},
		{"empty", "", ErrNoFront},
		{"one digit", "1", ErrMalformed},
		{"digits of another script", "١٢٣", ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, _, err := ParseFragment(test.text); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

// TestNumberBytes compares with arithmetic of any precision.
func TestNumberBytes(t *testing.T) {
	for _, digits := range []string{"1", "9", "255", "256", "18446744073709551615", "18446744073709551616", strings.Repeat("9", maxDigits)} {
		number, _ := new(big.Int).SetString(digits, 10)
		if got, want := numberBytes(digits), number.Bytes(); !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", digits, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 1, 600).Draw(t, "bytes")
		want[0] |= 1
		if got := numberBytes(new(big.Int).SetBytes(want).String()); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
	})
}

// FuzzParseAddress: an address has two spellings and no third.
func FuzzParseAddress(f *testing.F) {
	good := testAddress(f)
	for _, seed := range []string{
		good.URL(), good.NFCURL(), good.Short(), good.Short() + "#A", good.Short() + "#0", "https://a@b/c/#1", "http://[::1]:1/c/#9",
		"//", "#", "javascript:1#1", strings.Repeat("9", 6000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if s != a.URL() && s != a.NFCURL() {
			t.Errorf("%q is read, and written as %q or %q", s, a.URL(), a.NFCURL())
		}
	})
}

// FuzzParseFragment reaches the fragment without the bounds of a whole address around it.
func FuzzParseFragment(f *testing.F) {
	for _, seed := range []string{"1", "A", "AA", "Ag", strings.Repeat("9", maxDigits), strings.Repeat("_", base64MaxLength), "A\r\nA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		secret, envelope, err := ParseFragment(s)
		if err != nil {
			return
		}
		a := Address{Secret: secret, Envelope: envelope}
		if !strings.HasSuffix(a.URL(), "#"+s) && !strings.HasSuffix(a.NFCURL(), "#"+s) {
			t.Errorf("%q has a third spelling", s)
		}
	})
}
