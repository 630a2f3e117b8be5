package cards

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/veraison/go-cose"
)

var update = flag.Bool("update", false, "write the golden files again")

// vector is one published case: what a reader must say of an address. Every reader of Locket cards, in any language, is
// tested on these files.
type vector struct {
	Name string `json:"name"`
	// About says what the case is for.
	About string          `json:"about"`
	URL   string          `json:"url"`
	JWKS  json.RawMessage `json:"jwks"`
	// Now is the time by the reader's clock, in seconds since 1970.
	Now int64 `json:"now"`
	// Revoked lists the ids of the cards that the reader knows to be revoked.
	Revoked []string `json:"revoked,omitempty"`

	Status Status `json:"status"`
	Reason Reason `json:"reason,omitempty"`
	// Error is set for unreadable ones: malformed, too_long, newer_format, mismatch, no_front or address.
	Error string `json:"error,omitempty"`
	// The claims, when the card can be read; times in seconds since 1970.
	ID         string `json:"id,omitempty"`
	Issuer     string `json:"issuer,omitempty"`
	Issued     int64  `json:"issued,omitempty"`
	Expires    int64  `json:"expires,omitempty"`
	SummaryHex string `json:"summary_hex,omitempty"`
	// FrontTagHex is what the reader shows the server.
	FrontTagHex string `json:"front_tag_hex,omitempty"`
}

// errorNames are the values of vector.Error.
var errorNames = map[error]string{
	ErrMalformed: "malformed", ErrTooLong: "too_long", ErrNewerFormat: "newer_format", ErrMismatch: "mismatch",
	ErrNoFront: "no_front", ErrAddress: "address",
}

func errorName(err error) string {
	for sentinel, name := range errorNames {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	return ""
}

// read is what a reader does with an address; it fills in the second half of the vector.
func (v vector) read(t *testing.T) vector {
	t.Helper()
	got := vector{Name: v.Name, About: v.About, URL: v.URL, JWKS: v.JWKS, Now: v.Now, Revoked: v.Revoked}
	keys, err := ParseJWKS(v.JWKS)
	if err != nil {
		t.Fatal(err)
	}
	address, err := ParseAddress(v.URL)
	if err != nil {
		got.Status, got.Error = StatusUnreadable, errorName(err)
		return got
	}
	revoked := func(id ID) bool { return slices.Contains(v.Revoked, id.String()) }
	result, err := Verifier{Keys: keys, Revoked: revoked}.Verify(address.Envelope, time.Unix(v.Now, 0))
	if err != nil {
		t.Fatalf("the address parses and the card does not: %v", err)
	}
	tag, err := FrontTag(address.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	got.Status, got.Reason = result.Status, result.Reason
	got.ID, got.Issuer = result.Card.ID.String(), result.Card.Issuer
	got.Issued, got.Expires = result.Card.IssuedAt.Unix(), result.Card.ExpiresAt.Unix()
	got.SummaryHex, got.FrontTagHex = hex.EncodeToString(result.Card.Summary), hex.EncodeToString(tag[:])
	return got
}

// TestVectors reads every published vector, and checks that the published files are the ones that this source makes.
func TestVectors(t *testing.T) {
	dir := filepath.Join("testdata", "vectors")
	made := make(map[string]bool)
	for _, v := range makeVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			if made[v.Name] {
				t.Fatal("two vectors have this name")
			}
			made[v.Name] = true
			want := v.Status
			got := v.read(t)
			if got.Status != want || got.Error != v.Error || got.Reason != v.Reason {
				t.Errorf("status %q (%s%s), want %q (%s%s)", got.Status, got.Reason, got.Error, want, v.Reason, v.Error)
			}
			published(t, dir, v.Name, got)
		})
	}
	noOther(t, dir, made)
}

// TestMalleatedSignatureIsTheSameCard: the twin (r, n-s) of a signature verifies, and leads to the same card, the same tag
// and the same revocation. Nothing may therefore be keyed on the bytes of an envelope.
func TestMalleatedSignatureIsTheSameCard(t *testing.T) {
	original := testEnvelope(t)
	twin := malleate(original)
	if bytes.Equal(original, twin) {
		t.Fatal("the twin is the original")
	}
	var tags [2][16]byte
	keys := testKeySet(t, testSigner(t, testIssuer, "issuer").Key())
	for i, envelope := range [][]byte{original, twin} {
		result, err := Verify(envelope, keys, testNow)
		if err != nil || result.Status != StatusVerified || result.Card.ID != testID() {
			t.Errorf("envelope %d: %v, %v", i, result, err)
		}
		revoked := Verifier{Keys: keys, Revoked: func(id ID) bool { return id == testID() }}
		if result, _ := revoked.Verify(envelope, testNow); result.Status != StatusRevoked {
			t.Errorf("envelope %d after revocation: %q", i, result.Status)
		}
		if tags[i], err = FrontTag(envelope); err != nil {
			t.Fatal(err)
		}
	}
	if tags[0] != tags[1] {
		t.Error("the twin has another front tag")
	}
}

func malleate(envelope []byte) []byte {
	twin := bytes.Clone(envelope)
	half := twin[len(twin)-32:]
	new(big.Int).Sub(elliptic.P256().Params().N, new(big.Int).SetBytes(half)).FillBytes(half)
	return twin
}

// makeVectors lists the cases. Each of the unreadable ones is signed as it stands, so that nothing but its form is wrong.
func makeVectors(t *testing.T) []vector {
	t.Helper()
	issuer := testSigner(t, testIssuer, "issuer")
	trusted := testKeySet(t, issuer.Key())
	good := testAddress(t)

	var vectors []vector
	add := func(v vector) {
		if v.JWKS == nil {
			v.JWKS = jwksOf(t, trusted)
		}
		if v.Now == 0 {
			v.Now = testNow.Unix()
		}
		if v.Status == "" {
			v.Status = StatusVerified
		}
		vectors = append(vectors, v)
	}
	with := func(change func(*Address)) string {
		a := good
		a.Envelope = bytes.Clone(a.Envelope)
		change(&a)
		return a.URL()
	}
	sign := func(change func(*Card)) string {
		card := testCard()
		change(&card)
		envelope, err := issuer.Sign(card)
		if err != nil {
			t.Fatal(err)
		}
		return with(func(a *Address) { a.ID, a.Envelope = card.ID, envelope })
	}
	keySet := func(change func(*Key)) json.RawMessage {
		key := issuer.Key()
		change(&key)
		return jwksOf(t, testKeySet(t, key))
	}

	// Cards that verify.
	add(vector{Name: "good-digits", About: "a card as in a QR code", URL: good.URL()})
	add(vector{Name: "good-base64url", About: "the same card as on a tag", URL: good.NFCURL()})
	add(vector{Name: "good-compressed", About: "the summary is a byte string", URL: sign(func(c *Card) {
		c.Summary = unhex("46" + "636465666768")
	})})
	add(vector{Name: "good-local", About: "http is for this very machine, and the issuer has a port", JWKS: jwksOf(t, testKeySet(t,
		testSigner(t, "localhost:8080", "issuer").Key())), URL: func() string {
		card := testCard()
		card.Issuer = ""
		envelope, err := testSigner(t, "localhost:8080", "issuer").Sign(card)
		if err != nil {
			t.Fatal(err)
		}
		return with(func(a *Address) { a.Base, a.Envelope = "http://localhost:8080", envelope })
	}()})
	add(vector{Name: "good-malleated-signature", About: "(r, n-s) verifies too, and is the same card", URL: with(func(a *Address) {
		a.Envelope = malleate(a.Envelope)
	})})
	add(vector{Name: "good-clock-behind", About: "issued ten minutes after now", URL: good.URL(),
		Now: testIssued.Add(-ClockSkew).Unix()})
	add(vector{Name: "good-last-second", About: "one second before it expires", URL: good.URL(), Now: testExpires.Unix() - 1})
	add(vector{Name: "good-retired-key", About: "issued in the last second of its key", URL: good.URL(),
		JWKS: keySet(func(k *Key) { k.NotAfter = testIssued })})
	add(vector{Name: "good-other-revoked", About: "another card is revoked", URL: good.URL(),
		Revoked: []string{ID(unhex("ffffffffffffffffffffffffffffffff")).String()}})

	// Cards that can be read and say so.
	add(vector{Name: "expired", URL: good.URL(), Now: testExpires.Unix(), About: "in the second in which it expires",
		Status: StatusExpired, Reason: ReasonPastExpiry})
	add(vector{Name: "not-yet-valid", URL: good.URL(), Now: testIssued.Add(-ClockSkew).Unix() - 1,
		About: "issued more than ten minutes after now", Status: StatusNotYetValid, Reason: ReasonIssuedInFuture})
	add(vector{Name: "revoked", URL: good.URL(), Revoked: []string{testID().String()}, About: "this card is revoked",
		Status: StatusRevoked, Reason: ReasonCardRevoked})
	add(vector{Name: "revoked-and-expired", URL: good.URL(), Now: testExpires.Unix(), Revoked: []string{testID().String()},
		About: "the graver thing is said", Status: StatusRevoked, Reason: ReasonCardRevoked})
	add(vector{Name: "revoked-key", URL: good.URL(), About: "the key was compromised, after the card was issued",
		JWKS:   keySet(func(k *Key) { k.CompromisedSince = testIssued.AddDate(0, 1, 0) }),
		Status: StatusRevoked, Reason: ReasonKeyCompromised})
	add(vector{Name: "unknown-key", URL: good.URL(), About: "nobody trusted has the key",
		JWKS:   jwksOf(t, testKeySet(t, testSigner(t, testIssuer, "another").Key())),
		Status: StatusUnknownIssuer, Reason: ReasonNoKey})
	add(vector{Name: "unknown-no-keys", URL: good.URL(), About: "a reader that trusts nobody", JWKS: jwksOf(t, KeySet{}),
		Status: StatusUnknownIssuer, Reason: ReasonNoKey})
	add(vector{Name: "unknown-retired-key", URL: good.URL(), About: "issued a second after its key was retired",
		JWKS:   keySet(func(k *Key) { k.NotAfter = testIssued.Add(-time.Second) }),
		Status: StatusUnknownIssuer, Reason: ReasonKeyRetired})
	add(vector{Name: "tampered-summary", About: "one bit of a text of the summary is another", URL: with(func(a *Address) {
		a.Envelope[bytes.Index(a.Envelope, []byte("hives"))] ^= 1
	}), Status: StatusTampered, Reason: ReasonSignature})
	add(vector{Name: "tampered-signature", About: "one bit of the signature is another", URL: with(func(a *Address) {
		a.Envelope[len(a.Envelope)-1] ^= 1
	}), Status: StatusTampered, Reason: ReasonSignature})
	add(vector{Name: "tampered-expiry", About: "expires later than the issuer said", URL: with(func(a *Address) {
		i := bytes.Index(a.Envelope, unhex("041a")) + 2
		a.Envelope[i+1]++
	}), Status: StatusTampered, Reason: ReasonSignature})
	add(vector{Name: "tampered-swapped-issuer", About: "the key of one issuer signs in the name of another", URL: good.URL(),
		JWKS: jwksOf(t, testKeySet(t, testSigner(t, otherIssuer, "issuer").Key())), Status: StatusTampered, Reason: ReasonIssuerMismatch})

	// Envelopes that are not the only encoding of a card.
	kid := issuer.KeyID()
	header := unhex("a2012604" + "48" + hex.EncodeToString(kid[:]))
	payload := func(fields ...string) []byte { return unhex(strings.Join(fields, "")) }
	const (
		iss = "01" + "6e" + "6c6f636b65742e6578616d706c65"
		exp = "04" + "1a" + "6f491640"
		iat = "06" + "1a" + "69a42a40"
		cti = "07" + "50" + "00112233445566778899aabbccddeeff"
		sum = "3a00010000"
		one = "a10001" // {0: 1}
	)
	plain := payload("a5", iss, exp, iat, cti, sum, one)
	unreadable := func(name, about string, envelope []byte) {
		add(vector{Name: name, About: about, URL: with(func(a *Address) { a.Envelope = envelope }),
			Status: StatusUnreadable, Error: "malformed"})
	}
	assembled := func(name, about string, header, unprotected, payload []byte) {
		unreadable(name, about, assemble(t, header, unprotected, payload))
	}
	claimed := func(name, about string, payload []byte) { assembled(name, about, header, unhex("a0"), payload) }
	headed := func(name, about, header string) { assembled(name, about, unhex(header), unhex("a0"), plain) }

	add(vector{Name: "good-assembled", About: "the bad ones below differ from this one in one thing only",
		URL: with(func(a *Address) { a.Envelope = assemble(t, header, unhex("a0"), plain) })})
	kidHex := hex.EncodeToString(kid[:])
	headed("header-alg-none", "no algorithm", "a1"+"0448"+kidHex)
	headed("header-alg-es384", "another algorithm", "a2"+"013822"+"0448"+kidHex)
	headed("header-alg-hs256", "a symmetric algorithm, as if the public key were the secret", "a2"+"0105"+"0448"+kidHex)
	headed("header-alg-text", "the algorithm by name", "a2"+"01"+"654553323536"+"0448"+kidHex)
	headed("header-kid-missing", "no key id", "a1"+"0126")
	headed("header-kid-short", "a key id of seven bytes", "a2"+"0126"+"0447"+kidHex[:14])
	headed("header-kid-text", "a key id that is a text", "a2"+"0126"+"0468"+"2e2e2f6b65792e78")
	headed("header-extra", "a content type besides", "a3"+"0126"+"0300"+"0448"+kidHex)
	headed("header-order", "the key id before the algorithm", "a2"+"0448"+kidHex+"0126")
	headed("header-twice", "the key id twice", "a3"+"0126"+"0448"+kidHex+"0448"+kidHex)
	headed("header-long-int", "the algorithm in two bytes", "a2"+"013806"+"0448"+kidHex)
	assembled("header-unprotected", "a header that nobody signed", header, unhex("a1"+"0448"+kidHex), plain)
	claimed("claim-long-int", "the time of issue in eight bytes", payload("a5", iss, exp, "061b"+"0000000069a42a40", cti, sum, one))
	claimed("claim-order", "issued before expires", payload("a5", iss, iat, exp, cti, sum, one))
	claimed("claim-twice", "the issuer twice", payload("a6", iss, iss, exp, iat, cti, sum, one))
	claimed("claim-unknown", "a subject", payload("a6", iss, "026161", exp, iat, cti, sum, one))
	claimed("claim-iss-missing", "no issuer", payload("a4", exp, iat, cti, sum, one))
	claimed("claim-iss-url", "the issuer is a URL", payload("a5", "01"+"72"+hex.EncodeToString([]byte("https://locket.exa")), exp, iat, cti, sum, one))
	claimed("claim-iss-case", "the issuer has a capital", payload("a5", "01"+"6e"+hex.EncodeToString([]byte("Locket.example")), exp, iat, cti, sum, one))
	claimed("claim-exp-missing", "a card that never expires", payload("a4", iss, iat, cti, sum, one))
	claimed("claim-exp-before-iat", "expires when it is issued", payload("a5", iss, "04"+"1a"+"69a42a40", iat, cti, sum, one))
	claimed("claim-exp-float", "expires at a floating-point time", payload("a5", iss, "04"+"fb41dbdab630000000", iat, cti, sum, one))
	claimed("claim-exp-far", "expires after the year 9999", payload("a5", iss, "04"+"1b"+"0000003afff44180", iat, cti, sum, one))
	claimed("claim-iat-negative", "issued before 1970", payload("a5", iss, exp, "0620", cti, sum, one))
	claimed("claim-cti-short", "an identifier of fifteen bytes", payload("a5", iss, exp, iat, "07"+"4f"+"00112233445566778899aabbccddee", sum, one))
	claimed("claim-cti-array", "an identifier of sixteen numbers", payload("a5", iss, exp, iat, "07"+"90"+"00010203040506070809000102030405", sum, one))
	claimed("summary-missing", "no summary", payload("a4", iss, exp, iat, cti))
	claimed("summary-text", "the summary is a text", payload("a5", iss, exp, iat, cti, sum, "6161"))
	claimed("summary-long-int", "a number of the summary is too wide", payload("a5", iss, exp, iat, cti, sum, "a1001801"))
	claimed("summary-order", "the keys of the summary are out of order", payload("a5", iss, exp, iat, cti, sum, "a201000000"))
	claimed("summary-twice", "a key of the summary is there twice", payload("a5", iss, exp, iat, cti, sum, "a200000001"))
	claimed("summary-float", "a floating-point number", payload("a5", iss, exp, iat, cti, sum, "a100f93c00"))
	claimed("summary-tag", "a tag", payload("a5", iss, exp, iat, cti, sum, "a100c11a69a42a40"))
	claimed("summary-indefinite", "a map of indefinite length", payload("a5", iss, exp, iat, cti, sum, "bf0001ff"))
	claimed("summary-utf8", "a text that is not UTF-8", payload("a5", iss, exp, iat, cti, sum, "a10061ff"))
	claimed("summary-deep", "arrays nested seventeen deep", payload("a5", iss, exp, iat, cti, sum, "a100"+strings.Repeat("81", 16)+"00"))
	claimed("payload-empty", "no claims", nil)
	claimed("payload-trailing", "a byte after the claims", append(bytes.Clone(plain), 0))
	claimed("payload-indefinite", "claims of indefinite length", payload("bf", iss, exp, iat, cti, sum, one, "ff"))

	envelope := good.Envelope
	unreadable("envelope-truncated", "the last byte is missing", envelope[:len(envelope)-1])
	unreadable("envelope-trailing", "a byte too many", append(bytes.Clone(envelope), 0))
	unreadable("envelope-tagged", "with the tag of COSE_Sign1", append([]byte{0xd2}, envelope...))
	unreadable("envelope-long-length", "the length of the signature in two bytes", slices.Concat(
		envelope[:len(envelope)-66], unhex("590040"), envelope[len(envelope)-64:]))
	unreadable("signature-r-zero", "r is zero", slices.Concat(envelope[:len(envelope)-64], make([]byte, 32), envelope[len(envelope)-32:]))
	unreadable("signature-s-zero", "s is zero", slices.Concat(envelope[:len(envelope)-32], make([]byte, 32)))
	unreadable("signature-short", "the signature has 63 bytes", slices.Concat(
		envelope[:len(envelope)-66], unhex("583f"), envelope[len(envelope)-63:]))

	// Fragments and addresses.
	fragment := func(name, about, failure, fragment string) {
		add(vector{Name: name, About: about, URL: good.Short() + "#" + fragment, Status: StatusUnreadable, Error: failure})
	}
	_, digits, _ := strings.Cut(good.URL(), "#")
	_, text, _ := strings.Cut(good.NFCURL(), "#")
	later := append([]byte{2}, good.fragment()[1:]...)
	fragment("fragment-newer-digits", "the first byte is 2", "newer_format", new(big.Int).SetBytes(later).String())
	fragment("fragment-newer-base64url", "the first byte is 2", "newer_format", base64.RawURLEncoding.EncodeToString(later))
	fragment("fragment-version-zero", "the first byte is 0", "malformed",
		base64.RawURLEncoding.EncodeToString(append([]byte{0}, good.fragment()[1:]...)))
	fragment("fragment-leading-zero", "a zero before the number", "malformed", "0"+digits)
	fragment("fragment-secret-only", "no card after the secret", "malformed",
		new(big.Int).SetBytes(good.fragment()[:fragmentHeader]).String())
	fragment("fragment-truncated-base64url", "the last four characters are missing", "malformed", text[:len(text)-4])
	// The last character holds bits beyond the last byte, which must be zero.
	last := len(text) - 1
	if len(good.fragment())%3 == 0 {
		t.Fatal("the fixture has no stray bits: change its length")
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	fragment("fragment-stray-bits", "base64url with bits that belong to no byte", "malformed",
		text[:last]+string(alphabet[strings.IndexByte(alphabet, text[last])+1]))
	fragment("fragment-padding", "base64url with padding", "malformed", text+strings.Repeat("=", 3-len(good.fragment())%3))
	fragment("fragment-line-break", "base64url with a line break", "malformed", text[:40]+"\n"+text[40:])
	fragment("fragment-percent", "base64url with an escape", "malformed", "%41"+text[1:])
	fragment("fragment-sign", "a number with a sign", "malformed", "+"+digits)
	fragment("fragment-missing", "the address without the card", "no_front", "")
	fragment("fragment-huge", "six thousand digits", "too_long", strings.Repeat("9", 6000))
	add(vector{Name: "fragment-envelope-huge", About: "an envelope of 2,049 bytes", Status: StatusUnreadable, Error: "too_long",
		URL: with(func(a *Address) { a.Envelope = make([]byte, MaxEnvelope+1) })})
	address := func(name, about, failure, url string) {
		add(vector{Name: name, About: about, URL: url, Status: StatusUnreadable, Error: failure})
	}
	address("address-mismatch", "path and fragment name different cards", "mismatch", with(func(a *Address) { a.ID[0] ^= 1 }))
	path := "/c/" + testID().String() + "#" + digits
	address("address-http", "a public host without TLS", "address", "http://locket.example"+path)
	address("address-user", "a user name that looks like the host", "address", "https://locket.example@evil.example"+path)
	address("address-query", "a query", "address", strings.Replace(good.URL(), "#", "?next=//evil.example#", 1))
	address("address-script", "a script", "address", "javascript:alert(1)//c/"+path)
	address("address-idn", "a look-alike host in Cyrillic", "address", "https://lоcket.example"+path)
	address("address-prefix", "a path before the card", "address", "https://locket.example/x"+path)
	address("address-escape", "an escape in the path", "address", strings.Replace(good.URL(), "/c/", "/%63/", 1))
	address("address-id-long", "a longer id", "address", strings.Replace(good.URL(), "#", "A#", 1))

	slices.SortFunc(vectors, func(a, b vector) int { return strings.Compare(a.Name, b.Name) })
	return vectors
}

// assemble signs any header and payload, as an issuer that has lost its way would, and puts them together by hand.
func assemble(t *testing.T, protected, unprotected, payload []byte) []byte {
	t.Helper()
	toBeSigned, err := encMode.Marshal([]any{"Signature1", protected, []byte{}, payload})
	if err != nil {
		t.Fatal(err)
	}
	signature, err := es256{repeatable{testKey(t, "issuer")}}.Sign(nil, toBeSigned)
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := func(b []byte) []byte {
		out, err := encMode.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if payload == nil {
		payload = []byte{}
	}
	return slices.Concat([]byte{0x84}, bytesOf(protected), unprotected, bytesOf(payload), bytesOf(signature))
}

func jwksOf(t *testing.T, set KeySet) json.RawMessage {
	t.Helper()
	text, err := set.MarshalJWKS()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestErrorNames keeps the published names of the errors apart.
func TestErrorNames(t *testing.T) {
	names := slices.Sorted(maps.Values(errorNames))
	if len(slices.Compact(names)) != len(errorNames) {
		t.Errorf("two errors share a name: %v", names)
	}
}

// TestForeignDecoder reads a card with the COSE library alone, as somebody else's software would.
func TestForeignDecoder(t *testing.T) {
	var message cose.UntaggedSign1Message
	if err := message.UnmarshalCBOR(testEnvelope(t)); err != nil {
		t.Fatal(err)
	}
	public := testKey(t, "issuer").PublicKey
	verifier, err := cose.NewVerifier(cose.AlgorithmES256, &public)
	if err != nil {
		t.Fatal(err)
	}
	if err := message.Verify(nil, verifier); err != nil {
		t.Error(err)
	}
}
