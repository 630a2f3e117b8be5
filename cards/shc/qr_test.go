package shc

import (
	"errors"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
)

// TestNumericKnownAnswer: the example that the specification prints, "X" is 43, and the ends of the alphabet.
func TestNumericKnownAnswer(t *testing.T) {
	for _, test := range []struct{ jws, want string }{
		{"eyJ.X.z", "shc:/56762901430177"},
		{"-.-.-", "shc:/0001000100"},
		{"09.AZ._a", "shc:/0312012045015052"},
	} {
		got, err := Numeric(test.jws)
		if err != nil || got != test.want {
			t.Errorf("%s is %s, %v, want %s", test.jws, got, err, test.want)
		}
	}
}

func TestNumericRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		jws  string
		want error
	}{
		"nothing":     {"", ErrMalformed},
		"two parts":   {"a.b", ErrMalformed},
		"empty part":  {"a..b", ErrMalformed},
		"four parts":  {"a.b.c.d", ErrMalformed},
		"a slash":     {"a.b/.c", ErrMalformed},
		"a brace":     {"a.b.{", ErrMalformed},
		"not ASCII":   {"a.b.é", ErrMalformed},
		"a separator": {"a.b.c ", ErrMalformed},
		"too long":    {strings.Repeat("a", maxJWS+1), ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			if text, err := Numeric(test.jws); !errors.Is(err, test.want) || text != "" {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
}

func TestParseNumeric(t *testing.T) {
	jws := testJWS(t)
	text, err := Numeric(jws)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"as written":        {text, nil},
		"capitals":          {strings.ToUpper(text[:5]) + text[5:], nil},
		"nothing":           {"", ErrMalformed},
		"no digits":         {"shc:/", ErrMalformed},
		"no scheme":         {text[5:], ErrMalformed},
		"http in front":     {"http://" + text, ErrMalformed},
		"a chunk":           {"shc:/1/2/5676", ErrChunked},
		"one digit missing": {text[:len(text)-1], ErrMalformed},
		"a letter":          {text[:9] + "x" + text[10:], ErrMalformed},
		"a sign":            {text[:9] + "-" + text[10:], ErrMalformed},
		"beyond z":          {text[:9] + "78" + text[11:], ErrMalformed},
		"no base64url":      {text[:9] + "02" + text[11:], ErrMalformed},
		"digits of Arabic":  {"shc:/٥٦", ErrMalformed},
		"a million digits":  {"shc:/" + strings.Repeat("5", 1_000_000), ErrMalformed},
		"more":              {"shc:/" + strings.Repeat("5", 2*maxJWS+1), ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseNumeric(test.text)
			if !errors.Is(err, test.want) || (test.want == nil) != (got == jws) {
				t.Errorf("got %d characters, %v, want %v", len(got), err, test.want)
			}
		})
	}
}

// jwsOf is a text of the form of a JWS.
func jwsOf(length int) string { return strings.Repeat("a", length-4) + ".b.c" }

// TestFitsQR: the limits that the specification states, and the encoder of this house agrees about the version.
func TestFitsQR(t *testing.T) {
	for _, test := range []struct {
		name    string
		length  int
		level   cards.Level
		version int
	}{
		{"M fills its version", 42, cards.LevelM, 3},
		{"Q makes it no larger", 30, cards.LevelQ, 3},
		{"the last of M", 927, cards.LevelM, 22},
		{"past M", 928, cards.LevelL, 19},
		{"the last of L", 1195, cards.LevelL, 22},
	} {
		t.Run(test.name, func(t *testing.T) {
			level, version, err := FitsQR(jwsOf(test.length))
			if err != nil || level != test.level || version != test.version {
				t.Errorf("got version %d-%s, %v, want %d-%s", version, level, err, test.version, test.level)
			}
		})
	}
	for level, want := range map[cards.Level]int{cards.LevelL: 1195, cards.LevelM: 927, cards.LevelQ: 670, cards.LevelH: 519} {
		if got := capacity(MaxQRVersion, level); got != want {
			t.Errorf("level %s holds %d, want %d", level, got, want)
		}
	}
}

func TestFitsQRSaysByHowMuch(t *testing.T) {
	_, _, err := FitsQR(jwsOf(1562))
	var fit *FitError
	if !errors.As(err, &fit) || !errors.Is(err, cards.ErrNoFit) {
		t.Fatalf("got %v", err)
	}
	if fit.Length != 1562 || fit.Limit != 1195 || !strings.Contains(err.Error(), "1562") || !strings.Contains(err.Error(), "1195") {
		t.Errorf("got %v", err)
	}
	if _, _, err := FitsQR("hello"); !errors.Is(err, ErrMalformed) {
		t.Errorf("no JWS: %v", err)
	}
}

// TestCapacity: at both edges of every version the encoder makes the code that capacity foretells.
func TestCapacity(t *testing.T) {
	for level := cards.LevelL; level <= cards.LevelH; level++ {
		for version := 2; version <= MaxQRVersion; version++ {
			last := capacity(version, level)
			if last < 5 {
				continue // no JWS is as short
			}
			for _, length := range []int{last, last + 1} {
				if length != last && version == MaxQRVersion {
					continue
				}
				text, err := Numeric(jwsOf(length))
				if err != nil {
					t.Fatal(err)
				}
				m, err := cards.EncodeQR(text, level)
				if err != nil {
					t.Fatal(err)
				}
				if want := versionFor(length, level); m.Version != want {
					t.Errorf("%d characters at level %s: version %d, foretold %d", length, level, m.Version, want)
				}
			}
		}
	}
}

func FuzzParseNumeric(f *testing.F) {
	text, err := Numeric(testJWS(f))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{text, "shc:/1/2/56", "SHC:/0001000100", "shc:/5", "shc:/99", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		jws, err := ParseNumeric(text)
		if err != nil {
			return
		}
		if again, err := Numeric(jws); err != nil || !strings.EqualFold(again, text) {
			t.Errorf("%q is written as %q, %v", text, again, err)
		}
	})
}
