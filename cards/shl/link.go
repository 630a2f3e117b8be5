// Package shl writes and reads SMART Health Links (HL7 SMART Health Cards and Links 1.0.0, "SMART Health Links"): an address and a
// key in one text, for hospital software, and the sealed files that wait there. It writes what the specification asks for to the
// letter and reads what is found in the field. It knows no medicine and reaches no network.
package shl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	exact "github.com/go-jose/go-jose/v4/json"
)

const (
	// Scheme begins a link.
	Scheme = "shlink:/"
	// MaxURL is the greatest length of Link.URL, and MaxLabel that of Link.Label, in characters.
	MaxURL, MaxLabel = 128, 80

	version    = 1
	tokenBytes = 32      // of randomness in the address: the specification asks for 256 bits
	maxLink    = 4 << 10 // bytes, with the address of a viewer in front
	maxFlag    = 26
	maxTime    = 253402300799 // the last second of the year 9999, in seconds since 1970
	// An exp from here on is in milliseconds, as in one of HL7's own examples: as seconds it would be the year 5138.
	firstMillisecond = 100_000_000_000
)

// The flags of a link.
const (
	FlagLongTerm = 'L' // what is behind it may change: come again
	FlagPasscode = 'P' // it opens with a passcode
	FlagDirect   = 'U' // its address answers GET with the only file, without a manifest; never together with FlagPasscode
)

// Link is what a SMART Health Link says. Who has it can ask for the files and open them.
type Link struct {
	// URL is where the manifest is, with at least 256 random bits in it.
	URL string
	// Key opens the files.
	Key Key
	// Expires is a hint: the server decides. Zero means not stated. It is written in whole seconds.
	Expires time.Time
	// Flag has the letters of the flags in alphabetical order. Letters that are not known are kept and mean nothing.
	Flag string
	// Label says in a few words what is behind the link.
	Label string
	// Signature says who made the link (see Sign): 72 bytes, or none.
	Signature []byte
}

// New draws the address and the key of a link. base is where manifests are, "https://locket.example/shl/"; 43 random
// characters are appended to it. It returns ErrMalformed for a base that is too long or not https, or the error of rand.
func New(rand io.Reader, base string) (Link, error) {
	var token [tokenBytes]byte
	if _, err := io.ReadFull(rand, token[:]); err != nil {
		return Link{}, fmt.Errorf("draw the address of a link: %w", err)
	}
	key, err := NewKey(rand)
	if err != nil {
		return Link{}, err
	}
	l := Link{URL: base + encoding.EncodeToString(token[:]), Key: key}
	if !strings.HasSuffix(base, "/") {
		return Link{}, malformed("the place of manifests does not end in a slash")
	}
	return l, l.check()
}

// payload is a link as it is written: minified, without v, which is 1.
type payload struct {
	URL       string `json:"url"`
	Flag      string `json:"flag,omitempty"`
	Key       string `json:"key"`
	Expires   int64  `json:"exp,omitempty"`
	Label     string `json:"label,omitempty"`
	Signature string `json:"sig,omitempty"` // an "extra member" to others, who pass it over
}

// Encode writes the link: viewer and "shlink:/" and the rest. viewer is empty or the address of a page that opens links,
// "https://viewer.example/#"; the link behind # never reaches its server. It returns ErrMalformed for a link that the
// specification forbids, also where Parse is lenient.
func (l Link) Encode(viewer string) (string, error) {
	if err := l.checkStrict(); err != nil {
		return "", err
	}
	if viewer != "" && (!validURL(strings.TrimSuffix(viewer, "#")) || !strings.HasSuffix(viewer, "#")) {
		return "", malformed("the viewer's address is not https or does not end in #")
	}
	p := payload{URL: l.URL, Flag: l.Flag, Key: encoding.EncodeToString(l.Key[:]), Label: l.Label}
	if !l.Expires.IsZero() {
		p.Expires = l.Expires.Unix()
	}
	if len(l.Signature) != 0 {
		p.Signature = encoding.EncodeToString(l.Signature)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(p); err != nil {
		return "", fmt.Errorf("write a link: %w", err)
	}
	text := viewer + Scheme + encoding.EncodeToString(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	if len(text) > maxLink {
		return "", ErrTooLong
	}
	return text, nil
}

// Parse reads a link that may come from anywhere, with or without the address of a viewer in front. Members and flags that are not known are passed over,
// as the specification asks. The address must be https; only this very machine may do with http. Show Host to the user before
// anything is sent there.
//
// It returns ErrTooLong, ErrMalformed, or ErrNewerVersion together with what such a link still says: Expires, Flag and Label.
func Parse(text string) (Link, error) {
	if len(text) > maxLink {
		return Link{}, ErrTooLong
	}
	encoded, err := cutViewer(strings.TrimSpace(text))
	if err != nil {
		return Link{}, err
	}
	data, err := decodeBase64(strings.TrimRight(encoded, "=")) // some encoders pad
	if err != nil {
		return Link{}, err
	}
	var in struct {
		URL       string           `json:"url"`
		Key       string           `json:"key"`
		Expires   exact.Number     `json:"exp"`
		Flag      string           `json:"flag"`
		Label     string           `json:"label"`
		Version   exact.Number     `json:"v"`
		Signature exact.RawMessage `json:"sig"`
	}
	// By exact names, and repeated ones are refused: two readers must not see two links in one text.
	if !json.Valid(data) || exact.Unmarshal(data, &in) != nil {
		return Link{}, malformed("what it says is not JSON, or not in its form")
	}
	l := Link{URL: in.URL, Flag: in.Flag, Label: in.Label, Signature: parseSignature(in.Signature)}
	if l.Expires, err = parseExpiry(in.Expires); err != nil {
		return Link{}, err
	}
	if in.Version != "" {
		if v, err := strconv.ParseFloat(string(in.Version), 64); err != nil || v > version {
			return l.newer()
		}
	}
	if l.Key, err = parseKey(in.Key); err != nil {
		return Link{}, err
	}
	return l, l.check()
}

// newer leaves what keeps its meaning in every version: expiry, flags and label.
func (l Link) newer() (Link, error) {
	l = Link{Expires: l.Expires, Flag: l.Flag, Label: l.Label}
	if err := l.checkWords(); err != nil {
		return Link{}, err
	}
	return l, ErrNewerVersion
}

// cutViewer takes the address of a viewer and the scheme away.
func cutViewer(text string) (string, error) {
	if i := strings.IndexByte(text, '#'); i >= 0 {
		text = text[i+1:]
	}
	if len(text) < len(Scheme) || !strings.EqualFold(text[:len(Scheme)], Scheme) {
		return "", malformed("it does not begin with " + Scheme)
	}
	return text[len(Scheme):], nil
}

func parseExpiry(n exact.Number) (time.Time, error) {
	if n == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(string(n), 64)
	if seconds >= firstMillisecond {
		seconds /= 1000
	}
	if err != nil || !(seconds >= 1 && seconds <= maxTime) {
		return time.Time{}, malformed("its expiry is out of range")
	}
	return time.Unix(int64(math.Floor(seconds)), 0).UTC(), nil
}

// Host is where the link leads, as it is shown to the user, with its port when it is not the usual one.
func (l Link) Host() string {
	u, err := url.Parse(l.URL)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// Has reports whether the link has a flag.
func (l Link) Has(flag rune) bool { return strings.ContainsRune(l.Flag, flag) }

// String names the host and nothing else, so that no log gets a link by accident. Use Encode for the whole.
func (l Link) String() string { return "SMART Health Link to " + l.Host() }

// Format prints String for every verb, also for %#v and %x.
func (l Link) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// LogValue is String.
func (l Link) LogValue() slog.Value { return slog.StringValue(l.String()) }

// check returns ErrMalformed for a link that is neither written nor read.
func (l Link) check() error {
	if len(l.URL) > MaxURL || !validURL(l.URL) {
		return malformed("its address is not https, or longer than 128 characters")
	}
	return l.checkWords()
}

// checkWords is check for the flags and the label.
func (l Link) checkWords() error {
	switch {
	case len(l.Flag) > maxFlag || strings.Trim(l.Flag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "":
		return malformed("its flags are not letters")
	case utf8.RuneCountInString(l.Label) > MaxLabel:
		return malformed("its label is longer than 80 characters")
	case strings.IndexFunc(l.Label, unicode.IsControl) >= 0: // a line break would also make the signed text ambiguous
		return malformed("its label has control characters")
	}
	return nil
}

// checkStrict returns ErrMalformed for a link that is not written.
func (l Link) checkStrict() error {
	if err := l.check(); err != nil {
		return err
	}
	letters := []rune(l.Flag)
	switch {
	case !slices.IsSorted(letters) || len(slices.Compact(letters)) != len(l.Flag) || strings.Trim(l.Flag, "LPU") != "":
		return malformed("its flags are not L, P or U in alphabetical order")
	case l.Has(FlagDirect) && l.Has(FlagPasscode):
		return malformed("a link without a manifest has no passcode")
	case !l.Expires.IsZero() && (l.Expires.Unix() <= 0 || l.Expires.Unix() >= firstMillisecond):
		return malformed("its expiry is out of range")
	case len(utf16.Encode([]rune(l.Label))) > MaxLabel: // readers in JavaScript count a character beyond U+FFFF as two
		return malformed("its label is longer than 80 characters")
	case !utf8.ValidString(l.Label) || strings.IndexFunc(l.Label, isBidiControl) >= 0:
		return malformed("its label is not plain text")
	case len(l.Signature) != 0 && len(l.Signature) != signatureSize:
		return malformed("its signature has not 72 bytes")
	}
	return nil
}

// isBidiControl reports characters that turn the direction of what follows, with which a label could pass for another.
func isBidiControl(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }

// validURL reports whether s is an address to which a request may go: https, or http on this very machine, and with a host in
// ASCII: international names in their xn-- form, so that a look-alike is seen to be one.
func validURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Contains(s, "#") {
		return false
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

// loopback reports whether a host is this machine itself.
func loopback(name string) bool {
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
