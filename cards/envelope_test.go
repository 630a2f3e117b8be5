package cards

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/veraison/go-cose"
	"pgregory.net/rapid"
)

func TestSignAndVerify(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	card := testCard()
	card.Issuer = ""
	card.IssuedAt = card.IssuedAt.Add(999 * time.Millisecond).In(time.FixedZone("east", 3600))
	envelope, err := signer.Sign(card)
	if err != nil {
		t.Fatal(err)
	}
	result, err := Verify(envelope, testKeySet(t, signer.Key()), testNow)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{Card: testCard(), Status: StatusVerified, KeyID: signer.KeyID()}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

// TestOverhead holds the size of what is not summary: every byte costs module size on the card.
func TestOverhead(t *testing.T) {
	card := testCard()
	card.Summary = make([]byte, 300)
	copy(card.Summary, unhex("590129")) // a byte string of 297
	envelope, err := testSigner(t, testIssuer, "issuer").Sign(card)
	if err != nil {
		t.Fatal(err)
	}
	const cose, claims = 85, 52
	if got := len(envelope) - len(card.Summary); got != cose+claims {
		t.Errorf("the envelope adds %d bytes, want %d", got, cose+claims)
	}
}

func TestSignRefuses(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	for _, test := range []struct {
		name   string
		change func(*Card)
		want   error
	}{
		{"another issuer", func(c *Card) { c.Issuer = otherIssuer }, ErrKey},
		{"no id", func(c *Card) { c.ID = ID{} }, ErrMalformed},
		{"no time of issue", func(c *Card) { c.IssuedAt = time.Time{} }, ErrMalformed},
		{"no expiry", func(c *Card) { c.ExpiresAt = time.Time{} }, ErrMalformed},
		{"expires at once", func(c *Card) { c.ExpiresAt = c.IssuedAt.Add(time.Second / 2) }, ErrMalformed},
		{"expires in the year 10000", func(c *Card) { c.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, ErrMalformed},
		{"no summary", func(c *Card) { c.Summary = nil }, ErrMalformed},
		{"summary is a number", func(c *Card) { c.Summary = []byte{1} }, ErrMalformed},
		{"summary is cut short", func(c *Card) { c.Summary = c.Summary[:len(c.Summary)-1] }, ErrMalformed},
		{"summary is two items", func(c *Card) { c.Summary = append(c.Summary, 0) }, ErrMalformed},
		{"summary counts more than it has", func(c *Card) { c.Summary = unhex("bbffffffffffffffff") }, ErrMalformed},
		{"summary is a reserved form", func(c *Card) { c.Summary = unhex("bc") }, ErrMalformed},
		{"summary has undefined", func(c *Card) { c.Summary = unhex("a100f7") }, ErrMalformed},
		{"summary has a simple value in two bytes", func(c *Card) { c.Summary = unhex("a100f8ff") }, ErrMalformed},
		{"summary text is longer than the rest", func(c *Card) { c.Summary = unhex("a1007bffffffffffffffff") }, ErrMalformed},
		{"summary is too long", func(c *Card) { c.Summary = append(unhex("590800"), make([]byte, 2048)...) }, ErrNoFit},
	} {
		t.Run(test.name, func(t *testing.T) {
			card := testCard()
			test.change(&card)
			if envelope, err := signer.Sign(card); envelope != nil || !errors.Is(err, test.want) {
				t.Errorf("got %d bytes, %v, want %v", len(envelope), err, test.want)
			}
		})
	}
}

// odd is a key that returns what a test tells it to.
type odd struct {
	crypto.Signer
	der []byte
	err error
}

func (k odd) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.der, k.err }

func TestSignWithOddKeys(t *testing.T) {
	away := errors.New("the HSM is away")
	for _, test := range []struct {
		name string
		der  string
		err  error
	}{
		{"an error", "", away},
		{"nothing", "", nil},
		{"not a sequence", "0400", nil},
		{"one number", "3003020101", nil},
		{"three numbers", "3009020101020101020101", nil},
		{"negative", "3006020180020101", nil},
		{"bytes after it", "300602010102010100", nil},
		{"too long", "3026" + "0221" + "01" + "0000000000000000000000000000000000000000000000000000000000000000" + "020101", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			signer, err := NewSigner(testIssuer, odd{testKey(t, "issuer"), unhex(test.der), test.err})
			if err != nil {
				t.Fatal(err)
			}
			envelope, err := signer.Sign(testCard())
			if envelope != nil || err == nil || (test.err != nil && !errors.Is(err, test.err)) {
				t.Errorf("got %d bytes, %v", len(envelope), err)
			}
		})
	}
	t.Run("small numbers", func(t *testing.T) {
		signature, err := es256{odd{der: unhex("3006020101020102")}}.Sign(nil, nil)
		want := make([]byte, 64)
		want[31], want[63] = 1, 2
		if err != nil || !bytes.Equal(signature, want) {
			t.Errorf("got %x, %v", signature, err)
		}
	})
}

func TestNewSignerRefuses(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, issuer string
		key          crypto.Signer
	}{
		{"Ed25519", testIssuer, edwards},
		{"P-384", testIssuer, p384},
		{"issuer is a URL", testBase, testKey(t, "issuer")},
		{"no issuer", "", testKey(t, "issuer")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := NewSigner(test.issuer, test.key); !errors.Is(err, ErrKey) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestVerifyTriesEveryKeyOfAnID: eight bytes of a hash may be shared, and then the card is as good with either key.
func TestVerifyTriesEveryKeyOfAnID(t *testing.T) {
	right, wrong := testSigner(t, testIssuer, "issuer"), testSigner(t, testIssuer, "another")
	set := testKeySet(t, right.Key(), wrong.Key())
	set.byID[right.KeyID()] = append(set.byID[wrong.KeyID()], set.byID[right.KeyID()]...)
	if result, err := Verify(testEnvelope(t), set, testNow); err != nil || result.Status != StatusVerified {
		t.Errorf("got %q, %v", result.Status, err)
	}
	set.byID[right.KeyID()] = set.byID[wrong.KeyID()]
	if result, err := Verify(testEnvelope(t), set, testNow); err != nil || result.Status != StatusTampered {
		t.Errorf("with the wrong key only: %q, %v", result.Status, err)
	}
}

// TestOneKeyForTwoIssuers: a key may be published under two names, and each card is its own issuer's.
func TestOneKeyForTwoIssuers(t *testing.T) {
	first, second := testSigner(t, otherIssuer, "issuer"), testSigner(t, testIssuer, "issuer")
	result, err := Verify(testEnvelope(t), testKeySet(t, first.Key(), second.Key()), testNow)
	if err != nil || result.Status != StatusVerified || result.Card.Issuer != testIssuer {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestFrontTag(t *testing.T) {
	envelope := testEnvelope(t)
	tag, err := FrontTag(envelope)
	if err != nil {
		t.Fatal(err)
	}
	// The payload is the third of the four parts: after 1 + 14 + 1 bytes and a length of two, before 2 + 64 bytes.
	payload := envelope[18 : len(envelope)-66]
	want := sha256.Sum256(append([]byte("locket/front/v1"), payload...))
	if !bytes.Equal(tag[:], want[:16]) {
		t.Errorf("got %x, want %x", tag, want[:16])
	}
	if _, err := FrontTag(envelope[1:]); !errors.Is(err, ErrMalformed) {
		t.Errorf("of no card: %v", err)
	}
}

// TestFlippedBits: no bit of a card can be changed and the card still be verified.
func TestFlippedBits(t *testing.T) {
	envelope := testEnvelope(t)
	keys := testKeySet(t, testSigner(t, testIssuer, "issuer").Key())
	for i := range len(envelope) * 8 {
		changed := bytes.Clone(envelope)
		changed[i/8] ^= 1 << (i % 8)
		if result, _ := Verify(changed, keys, testNow); result.Status == StatusVerified {
			t.Errorf("bit %d of byte %d does not matter", i%8, i/8)
		}
	}
}

// TestTruncated: no beginning of a card is a card.
func TestTruncated(t *testing.T) {
	envelope := testEnvelope(t)
	for i := range envelope {
		if result, err := Verify(envelope[:i], KeySet{}, testNow); !errors.Is(err, ErrMalformed) || result.Status != StatusUnreadable {
			t.Errorf("the first %d bytes are %q, %v", i, result.Status, err)
		}
	}
}

func TestEveryCardRoundTrips(t *testing.T) {
	signer := testSigner(t, testIssuer, "issuer")
	keys := testKeySet(t, signer.Key())
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 600).Draw(t, "content")
		summary, err := encMode.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		issued := rapid.Int64Range(1, maxTime-1).Draw(t, "issued")
		card := Card{
			Issuer:    testIssuer,
			ID:        ID(rapid.SliceOfN(rapid.ByteRange(1, 255), 16, 16).Draw(t, "id")),
			IssuedAt:  time.Unix(issued, 0).UTC(),
			ExpiresAt: time.Unix(rapid.Int64Range(issued+1, maxTime).Draw(t, "expires"), 0).UTC(),
			Summary:   summary,
		}
		envelope, err := signer.Sign(card)
		if err != nil {
			t.Fatal(err)
		}
		result, err := Verify(envelope, keys, card.IssuedAt)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(Result{Card: card, Status: StatusVerified, KeyID: signer.KeyID()}, result); diff != "" {
			t.Fatalf("result (-want +got):\n%s", diff)
		}
	})
}

// openElsewhere reads an envelope with the libraries for COSE and CBOR alone, and then encodes it again to see that this was
// its only encoding. It is slow, and open must agree with it on every input.
func openElsewhere(envelope []byte) (signed, error) {
	if len(envelope) > MaxEnvelope {
		return signed{}, ErrTooLong
	}
	decoding := must(cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   maxDepth + 2,
	}.DecMode())
	var message cose.UntaggedSign1Message
	if err := message.UnmarshalCBOR(envelope); err != nil {
		return signed{}, ErrMalformed
	}
	kid, ok := message.Headers.Protected[cose.HeaderLabelKeyID].([]byte)
	if !ok || len(kid) != keyIDSize {
		return signed{}, ErrMalformed
	}
	var c claims
	if err := decoding.Unmarshal(message.Payload, &c); err != nil || len(c.ID) != len(ID{}) {
		return signed{}, ErrMalformed
	}
	card := Card{
		Issuer: c.Issuer, ID: ID(c.ID), IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
		Summary: c.Summary,
	}
	zero := make([]byte, 32)
	if err := card.check(); err != nil || len(message.Signature) != 64 ||
		bytes.Equal(message.Signature[:32], zero) || bytes.Equal(message.Signature[32:], zero) {
		return signed{}, ErrMalformed
	}
	again := cose.UntaggedSign1Message{
		Headers: must(headers(KeyID(kid))), Payload: must(card.payload()), Signature: message.Signature,
	}
	if !bytes.Equal(must(again.MarshalCBOR()), envelope) {
		return signed{}, ErrMalformed
	}
	return signed{card: card, key: KeyID(kid), payload: message.Payload, signature: message.Signature}, nil
}

// FuzzEnvelope: whatever decodes is what the libraries decode and what they encode again to the same bytes, and nothing else
// decodes. Each input is tried as it is, and as the claims of an envelope in which all the rest is right.
func FuzzEnvelope(f *testing.F) {
	envelope := testEnvelope(f)
	f.Add(envelope)
	f.Add(malleate(envelope))
	f.Add(envelope[:100])
	f.Add(append([]byte{0xd2}, envelope...))
	f.Add(bytes.Repeat([]byte{0x81}, MaxEnvelope))
	f.Add([]byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	good, err := open(envelope)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.payload)
	f.Fuzz(func(t *testing.T, b []byte) {
		wrapped := slices.Concat(envelope[:16], must(encMode.Marshal(b)), envelope[len(envelope)-66:])
		for _, b := range [][]byte{b, wrapped} {
			got, err := open(b)
			want, wantErr := openElsewhere(b)
			switch {
			case err == nil && wantErr == nil:
			case errors.Is(err, ErrTooLong) && errors.Is(wantErr, ErrTooLong), errors.Is(err, ErrMalformed) && errors.Is(wantErr, ErrMalformed):
				continue
			default:
				t.Fatalf("%x gives %v, elsewhere %v", b, err, wantErr)
			}
			want.item = got.item
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(signed{})); diff != "" {
				t.Errorf("%x (-elsewhere +here):\n%s", b, diff)
			}
		}
	})
}

// TestVerifyAgreesWithTheLibrary: the bytes that we hash are those that RFC 9052, section 4.4, says.
func TestVerifyAgreesWithTheLibrary(t *testing.T) {
	key := testKey(t, "issuer").PublicKey
	verifier := must(cose.NewVerifier(cose.AlgorithmES256, &key))
	for _, size := range []int{0, 23, 24, 255, 256, 1500} { // lengths are written in one, two and three bytes
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			card := testCard()
			card.Summary = must(encMode.Marshal(make([]byte, size)))
			envelope := must(testSigner(t, testIssuer, "issuer").Sign(card))
			for _, flipped := range []byte{0, 1} {
				envelope[len(envelope)-1] ^= flipped
				s := must(open(envelope))
				var message cose.UntaggedSign1Message
				if err := message.UnmarshalCBOR(envelope); err != nil {
					t.Fatal(err)
				}
				valid := message.Verify(nil, verifier) == nil
				if valid != (flipped == 0) || s.signedBy(&key) != valid {
					t.Errorf("with %d bits flipped the library says %t, we %t", flipped, valid, s.signedBy(&key))
				}
			}
		})
	}
}

// BenchmarkSign stands beside BenchmarkSignBare: the difference is what making a card costs besides the signature.
func BenchmarkSign(b *testing.B) {
	signer, err := NewSigner(testIssuer, testKey(b, "issuer"))
	if err != nil {
		b.Fatal(err)
	}
	card := testCard()
	card.Summary = append(unhex("590118"), make([]byte, 280)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signer.Sign(card); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignBare is the floor under BenchmarkSign.
func BenchmarkSignBare(b *testing.B) {
	key := testKey(b, "issuer")
	content := make([]byte, 360)
	b.ReportAllocs()
	for b.Loop() {
		digest := sha256.Sum256(content)
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// benchAddress is the address of a wallet card, version 17.
func benchAddress(b *testing.B) (string, KeySet) {
	signer := testSigner(b, testIssuer, "issuer")
	card := testCard()
	card.Summary = append(unhex("590118"), make([]byte, 280)...)
	address := Address{Base: testBase, ID: card.ID, Secret: testSecret(), Envelope: must(signer.Sign(card))}
	return address.URL(), testKeySet(b, signer.Key())
}

// BenchmarkVerify is what a reader does with a scanned address. It stands beside BenchmarkVerifyBare.
func BenchmarkVerify(b *testing.B) {
	scanned, keys := benchAddress(b)
	b.ReportAllocs()
	for b.Loop() {
		address, err := ParseAddress(scanned)
		if err != nil {
			b.Fatal(err)
		}
		if result, _ := Verify(address.Envelope, keys, testNow); result.Status != StatusVerified {
			b.Fatal(result.Status)
		}
	}
}

// BenchmarkVerifyBare is the floor under BenchmarkVerify: the check of one signature over as many bytes.
func BenchmarkVerifyBare(b *testing.B) {
	key := testKey(b, "issuer")
	content := make([]byte, 360)
	digest := sha256.Sum256(content)
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		digest := sha256.Sum256(content)
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			b.Fatal("the signature does not hold")
		}
	}
}

// BenchmarkParseAddress is the part of BenchmarkVerify before the signature.
func BenchmarkParseAddress(b *testing.B) {
	scanned, _ := benchAddress(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseAddress(scanned); err != nil {
			b.Fatal(err)
		}
	}
}
