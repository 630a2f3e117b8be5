package shl

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func testSealKey(t testing.TB) Key {
	t.Helper()
	k, err := NewKey(counting())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testSealed(t testing.TB, plaintext string) string {
	t.Helper()
	jwe, err := Encrypt(testSealKey(t), TypeFHIR, []byte(plaintext), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jwe
}

// seal makes a file with any header, which need not be true.
func seal(t testing.TB, header string, plaintext []byte) string {
	t.Helper()
	aead, err := newAEAD(testSealKey(t))
	if err != nil {
		t.Fatal(err)
	}
	protected := encoding.EncodeToString([]byte(header))
	iv := make([]byte, ivSize)
	sealed := aead.Seal(nil, iv, plaintext, []byte(protected))
	split := len(sealed) - tagSize
	return protected + ".." + encoding.EncodeToString(iv) + "." + encoding.EncodeToString(sealed[:split]) + "." + encoding.EncodeToString(sealed[split:])
}

func deflate(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEncryptForForeigners: another implementation of JOSE opens our files, and finds the header that the specification asks for.
func TestEncryptForForeigners(t *testing.T) {
	const plaintext = `{"resourceType":"Bundle"}`
	jwe := testSealed(t, plaintext)
	parsed, err := jose.ParseEncryptedCompact(jwe, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	got, err := parsed.Decrypt(testSealKey(t).Bytes())
	if err != nil || string(got) != plaintext {
		t.Errorf("got %s, %v", got, err)
	}
	header, err := encoding.DecodeString(jwe[:strings.IndexByte(jwe, '.')])
	const want = `{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json"}`
	if err != nil || string(header) != want {
		t.Errorf("header %s, %v, want %s", header, err, want)
	}
}

// TestEncryptDrawsAnIV: one key seals many files, so no two may have one IV.
func TestEncryptDrawsAnIV(t *testing.T) {
	if first := testSealed(t, "a"); first == testSealed(t, "a") {
		t.Error("the same file twice")
	}
	random := errors.New("no randomness")
	if _, err := Encrypt(testSealKey(t), TypeFHIR, nil, failing{random}); !errors.Is(err, random) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestDecryptForeigners: files of another implementation, with zip and without cty, as they are found in the field.
func TestDecryptForeigners(t *testing.T) {
	plaintext := strings.Repeat(`{"resourceType":"Bundle"} `, 500)
	for _, test := range []struct {
		name    string
		options *jose.EncrypterOptions
		want    string
	}{
		{"with cty", (&jose.EncrypterOptions{}).WithContentType(TypeHealthCard), TypeHealthCard},
		{"without cty", &jose.EncrypterOptions{}, ""},
		{"with zip", (&jose.EncrypterOptions{Compression: jose.DEFLATE}).WithContentType(TypeFHIR), TypeFHIR},
		{"with more in the header", (&jose.EncrypterOptions{}).WithType("x").WithHeader("kid", "y"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: testSealKey(t).Bytes()}, test.options)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := encrypter.Encrypt([]byte(plaintext))
			if err != nil {
				t.Fatal(err)
			}
			jwe, err := sealed.CompactSerialize()
			if err != nil {
				t.Fatal(err)
			}
			contentType, got, err := Decrypt(testSealKey(t), jwe+"\n")
			if err != nil || string(got) != plaintext || contentType != test.want {
				t.Errorf("got %d bytes of %q, %v, want %d of %q", len(got), contentType, err, len(plaintext), test.want)
			}
		})
	}
}

func TestDecryptRefuses(t *testing.T) {
	good := testSealed(t, "hello")
	parts := strings.Split(good, ".")
	const header = `{"alg":"dir","enc":"A256GCM"}`
	if _, plaintext, err := Decrypt(testSealKey(t), seal(t, header, []byte("hello"))); err != nil || string(plaintext) != "hello" {
		t.Fatalf("the fixture opens as %q, %v", plaintext, err)
	}
	head := func(old, new string) string {
		if !strings.Contains(header, old) {
			t.Fatalf("no %s in the header", old)
		}
		return seal(t, strings.Replace(header, old, new, 1), []byte("hello"))
	}
	flip := func(part int) string {
		p := append([]string(nil), parts...)
		c := byte('A')
		if p[part][0] == c {
			c = 'B'
		}
		p[part] = string(c) + p[part][1:]
		return strings.Join(p, ".")
	}
	for name, test := range map[string]struct {
		jwe  string
		want error
	}{
		"nothing":              {"", ErrMalformed},
		"four parts":           {strings.Join(parts[:4], "."), ErrMalformed},
		"six parts":            {good + ".", ErrMalformed},
		"a key in it":          {parts[0] + ".AAAA." + strings.Join(parts[2:], "."), ErrMalformed},
		"alg A256KW":           {head("dir", "A256KW"), ErrMalformed},
		"alg RSA-OAEP":         {head("dir", "RSA-OAEP"), ErrMalformed},
		"alg PBES2":            {head("dir", "PBES2-HS256+A128KW"), ErrMalformed},
		"alg twice":            {head(`{`, `{"alg":"none",`), ErrMalformed},
		"ALG":                  {head(`"alg"`, `"ALG"`), ErrMalformed},
		"enc A128GCM":          {head("A256GCM", "A128GCM"), ErrMalformed},
		"enc A128CBC-HS256":    {head("A256GCM", "A128CBC-HS256"), ErrMalformed},
		"crit":                 {head(`{`, `{"crit":["exp"],`), ErrMalformed},
		"zip unknown":          {head(`{`, `{"zip":"GZIP",`), ErrMalformed},
		"zip empty":            {head(`{`, `{"zip":"",`), ErrMalformed},
		"zip of nothing":       {head(`{`, `{"zip":"DEF",`), ErrMalformed},
		"cty a number":         {head(`{`, `{"cty":1,`), ErrMalformed},
		"header too long":      {head(`{`, `{"x":"`+strings.Repeat("a", maxHeader)+`",`), ErrMalformed},
		"header no JSON":       {seal(t, "hello", nil), ErrMalformed},
		"header padded":        {parts[0] + "=." + strings.Join(parts[1:], "."), ErrMalformed},
		"a short tag":          {strings.Join(parts[:4], ".") + "." + parts[4][:16], ErrMalformed},
		"no tag":               {strings.Join(parts[:4], ".") + ".", ErrMalformed},
		"a short IV":           {parts[0] + "..AAAA." + strings.Join(parts[3:], "."), ErrMalformed},
		"a line break":         {parts[0] + ".." + parts[2] + ".\n" + strings.Join(parts[3:], "."), ErrMalformed},
		"IV changed":           {flip(2), ErrDecrypt},
		"content changed":      {flip(3), ErrDecrypt},
		"tag changed":          {flip(4), ErrDecrypt},
		"content type changed": {encoding.EncodeToString([]byte(header)) + "." + strings.Join(parts[1:], "."), ErrDecrypt},
		"content cut":          {strings.Join(parts[:3], ".") + "." + parts[3][:4] + "." + parts[4], ErrDecrypt},
		"too long":             {strings.Repeat("a", maxJWE+1), ErrTooLong},
		"zip bomb":             {seal(t, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, deflate(t, strings.Repeat(" ", MaxFile+1))), ErrTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			contentType, plaintext, err := Decrypt(testSealKey(t), test.jwe)
			if !errors.Is(err, test.want) || len(plaintext) != 0 {
				t.Errorf("got %d bytes of %q, %v, want %v", len(plaintext), contentType, err, test.want)
			}
		})
	}
	other := testSealKey(t)
	other[0] ^= 1
	if _, _, err := Decrypt(other, good); !errors.Is(err, ErrDecrypt) {
		t.Errorf("another key: %v", err)
	}
}

func TestEncryptRefuses(t *testing.T) {
	if _, err := Encrypt(testSealKey(t), TypeFHIR, make([]byte, MaxFile+1), rand.Reader); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long file: %v", err)
	}
	if _, err := Encrypt(testSealKey(t), strings.Repeat("a", maxHeader), nil, rand.Reader); !errors.Is(err, ErrTooLong) {
		t.Errorf("a long type: %v", err)
	}
}

// TestLargest: the longest file that is sealed also opens.
func TestLargest(t *testing.T) {
	jwe, err := Encrypt(testSealKey(t), strings.Repeat("\"", maxHeader/8), make([]byte, MaxFile), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, plaintext, err := Decrypt(testSealKey(t), jwe); err != nil || len(plaintext) != MaxFile {
		t.Errorf("got %d bytes, %v", len(plaintext), err)
	}
}

// TestSummaries seals and opens patient summaries of many countries, where they stand beside the checkout.
func TestSummaries(t *testing.T) {
	paths, err := filepath.Glob("../../../shared/data/ips/*.json")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"our own": []byte(`{"resourceType":"Bundle","type":"document"}`)}
	for _, path := range paths {
		if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range files {
		t.Run(name, func(t *testing.T) {
			_, got, err := Decrypt(testSealKey(t), testSealed(t, string(want)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(want))
			}
		})
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add(testSealed(f, "hello"))
	f.Add(seal(f, `{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, deflate(f, "hello")))
	f.Add(seal(f, `{"alg":"dir","enc":"A256GCM","crit":[]}`, nil))
	f.Add("e30....")
	f.Fuzz(func(t *testing.T, jwe string) {
		contentType, plaintext, err := Decrypt(testSealKey(t), jwe)
		if err != nil && len(plaintext) != 0 {
			t.Error("something is opened all the same")
		}
		if err != nil || len(contentType) > maxHeader/8 {
			return
		}
		again, err := Encrypt(testSealKey(t), contentType, plaintext, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, read, err := Decrypt(testSealKey(t), again); err != nil || !bytes.Equal(read, plaintext) {
			t.Errorf("got %q, %v, want %q", read, err, plaintext)
		}
	})
}

func BenchmarkEncrypt(b *testing.B) {
	plaintext := bytes.Repeat([]byte("x"), 64<<10)
	b.SetBytes(int64(len(plaintext)))
	for b.Loop() {
		if _, err := Encrypt(testSealKey(b), TypeFHIR, plaintext, rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
}
