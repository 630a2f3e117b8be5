package shc

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFile(t *testing.T) {
	data, err := MarshalFile("a.b.c", "d.e.f")
	const want = `{"verifiableCredential":["a.b.c","d.e.f"]}`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v, want %s", data, err, want)
	}
}

func TestMarshalFileRefuses(t *testing.T) {
	long := "a.b." + strings.Repeat("c", maxFile)
	for name, test := range map[string]struct {
		jws  []string
		want error
	}{
		"none":     {nil, ErrMalformed},
		"no JWS":   {[]string{"a.b.c", `"`}, ErrMalformed},
		"too many": {slices.Repeat([]string{"a.b.c"}, maxCredentials+1), ErrTooLong},
		"too long": {[]string{long}, ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := MarshalFile(test.jws...); !errors.Is(err, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	jws := testJWS(t)
	file, err := MarshalFile(jws, "a.b.c")
	if err != nil {
		t.Fatal(err)
	}
	numeric, err := Numeric(jws)
	if err != nil {
		t.Fatal(err)
	}
	const wallet = "https://wallet.example/#"
	for _, test := range []struct {
		name, text string
		jws        []string
		want       error
	}{
		{"a JWS", jws, []string{jws}, nil},
		{"a JWS in a file of its own", jws + "\n", []string{jws}, nil},
		{"a file", string(file), []string{jws, "a.b.c"}, nil},
		{"a file by hand", "{ \"x\": 1,\n \"verifiableCredential\" : [ \"a.b.c\" ] }\n", []string{"a.b.c"}, nil},
		{"the text of a QR code", numeric, []string{jws}, nil},
		{"a deep link", wallet + url.QueryEscape(string(file)), []string{jws, "a.b.c"}, nil},
		{"a deep link that is not escaped", wallet + string(file), []string{jws, "a.b.c"}, nil},
		{"the text of a QR code behind #", "https://viewer.example/#" + numeric, []string{jws}, nil},

		{"nothing", "", nil, ErrMalformed},
		{"an address", "https://locket.example/c/x", nil, ErrMalformed},
		{"an address with a broken escape", "https://locket.example/#%7", nil, ErrMalformed},
		{"an empty file", `{"verifiableCredential":[]}`, nil, ErrMalformed},
		{"another file", `{"resourceType":"Bundle"}`, nil, ErrMalformed},
		{"a file with numbers", `{"verifiableCredential":[1]}`, nil, ErrMalformed},
		{"a file with other texts", `{"verifiableCredential":["hello"]}`, nil, ErrMalformed},
		{"two lists", `{"verifiableCredential":["a.b.c"],"verifiableCredential":["d.e.f"]}`, nil, ErrMalformed},
		{"many cards", `{"verifiableCredential":["a.b.c"` + strings.Repeat(`,"a.b.c"`, maxCredentials) + `]}`, nil, ErrTooLong},
		{"a chunk", "shc:/1/3/5676", nil, ErrChunked},
		{"too long", strings.Repeat("a", 3*maxFile+1), nil, ErrTooLong},
		{"a long file", `{"a":"` + strings.Repeat("a", maxFile) + `"}`, nil, ErrTooLong},
		{"a long JWS", "a.b." + strings.Repeat("c", maxJWS), nil, ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Read(test.text)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if diff := cmp.Diff(test.jws, got); diff != "" {
				t.Errorf("JWS (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"a.b.c", `{"verifiableCredential":["a.b.c"]}`, "shc:/0001000100", "https://w.example/#%7B%22verifiableCredential%22%3A%5B%22a.b.c%22%5D%7D",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		jws, err := Read(text)
		if err != nil {
			if jws != nil {
				t.Error("something is read all the same")
			}
			return
		}
		data, err := MarshalFile(jws...)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseFile(data)
		if err != nil || !slices.Equal(again, jws) {
			t.Errorf("got %v, %v, want %v", again, err, jws)
		}
	})
}
