package cards

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestParseShortCode(t *testing.T) {
	const want = ShortCode("23456789ABCD")
	for _, test := range []struct{ name, text string }{
		{"as printed", "2345-6789-ABCD"},
		{"bare", "23456789ABCD"},
		{"lower case", "2345-6789-abcd"},
		{"spaces", "  2345 6789\tABCD\n"},
		{"typographic dashes", "2345–6789—ABCD"},
		{"minus", "2345−6789−ABCD"},
		{"full width", "２３４５－６７８９－ＡＢｃｄ"},
		{"ideographic space", "2345　6789　ABCD"},
		{"arabic digits", "٢٣٤٥-٦٧٨٩-ABCD"},
		{"persian digits", "۲۳۴۵ ۶۷۸۹ ABCD"},
		{"hindi digits", "२३४५ ६७८९ ABCD"},
		{"left-to-right marks", "\u200e2345-6789-ABCD\u200e"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseShortCode(test.text)
			if err != nil || got != want {
				t.Errorf("got %q, %v, want %q", string(got), err, string(want))
			}
		})
	}
}

func TestParseShortCodeRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       error
		says       string
	}{
		{"empty", "", ErrShortCode, "0 of 12"},
		{"short", "2345-6789-ABC", ErrShortCode, "11 of 12"},
		{"long", "2345-6789-ABCDE", ErrShortCode, "more than 12"},
		{"zero", "2345-6789-AB0D", ErrShortCode, "character 11"},
		{"letter o", "O345-6789-ABCD", ErrShortCode, "character 1 "},
		{"letter l", "2345-l789-ABCD", ErrShortCode, "character 5"},
		{"letter u", "2345-6789-ABCU", ErrShortCode, "character 12"},
		{"cyrillic", "2345-6789-АBCD", ErrShortCode, "character 9"},
		{"dotless i folds to nothing of ours", "2345-6789-ıBCD", ErrShortCode, "character 9"},
		{"long s folds to nothing of ours", "2345-6789-ABCſ", ErrShortCode, "character 12"},
		{"invalid UTF-8", "2345-6789-ABC\xff", ErrShortCode, "character 12"},
		{"huge", strings.Repeat("2", 1000), ErrTooLong, ""},
		{"many dashes", strings.Repeat("-", 1000), ErrTooLong, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseShortCode(test.text)
			if got != "" || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %q, %v, want %v with %q", string(got), err, test.want, test.says)
			}
		})
	}
}

func TestNewShortCode(t *testing.T) {
	counts := make(map[byte]int)
	const n = 2000
	for range n {
		code, err := NewShortCode(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseShortCode(code.String()); err != nil || again != code {
			t.Fatalf("%s reads as %q, %v", code, string(again), err)
		}
		for i := range len(code) {
			counts[code[i]]++
		}
	}
	// 24,000 draws of 30 letters: 800 each, and a deviation of 28. Six of them is one run in some ten million.
	for _, letter := range []byte(shortCodeAlphabet) {
		if c := counts[letter]; c < 800-6*28 || c > 800+6*28 {
			t.Errorf("%c was drawn %d times of %d", letter, c, n*shortCodeLength)
		}
	}
}

func TestNewShortCodeDrawsBiasedBytesAgain(t *testing.T) {
	source := append(bytes.Repeat([]byte{255, 240}, shortCodeLength/2), bytes.Repeat([]byte{239}, shortCodeLength)...)
	code, err := NewShortCode(bytes.NewReader(source))
	if err != nil || code != ShortCode(strings.Repeat("Z", shortCodeLength)) {
		t.Errorf("got %q, %v", string(code), err)
	}
	if _, err := NewShortCode(bytes.NewReader(source[:5])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends gave %v", err)
	}
}

func TestShortCodeIsNotLogged(t *testing.T) {
	var log bytes.Buffer
	code := ShortCode("23456789ABCD")
	slog.New(slog.NewTextHandler(&log, nil)).Info("typed", "code", code)
	if strings.Contains(log.String(), "2345") {
		t.Errorf("the log has the code: %s", log.String())
	}
	if got := fmt.Sprint(code); got != "2345-6789-ABCD" {
		t.Errorf("printed as %s", got)
	}
}

func FuzzParseShortCode(f *testing.F) {
	for _, seed := range []string{"2345-6789-ABCD", "２３４５ ٦٧٨٩ abcd", "0O1ILU", "\xff", strings.Repeat("-", 90)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := ParseShortCode(s)
		if err != nil {
			return
		}
		if again, err := ParseShortCode(code.String()); err != nil || again != code {
			t.Errorf("%q reads as %q, then %q, %v", s, string(code), string(again), err)
		}
	})
}
