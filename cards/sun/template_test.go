package sun_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/sun"
	"github.com/locket-health/locket/cards/sun/suntest"
)

const (
	testBase = "https://locket.example"
	testCode = "ABCD2345WXYZ"
)

func testCard() cards.ID { return cards.ID([]byte("a card of a test")) }

func testMaster() sun.Key { return sun.Key([]byte("a master of test")) }

func testTemplate(t testing.TB, base, fragment string) sun.Template {
	t.Helper()
	template, err := sun.NewTemplate(base, testCard(), fragment)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestTemplateGolden(t *testing.T) {
	template := testTemplate(t, testBase, testCode)
	const url = "https://locket.example/c/YSBjYXJkIG9mIGEgdGVzdA?p=00000000000000000000000000000000&c=0000000000000000#ABCD2345WXYZ"
	if template.URL() != url {
		t.Errorf("address %s", template.URL())
	}
	// Length, record header, prefix code, then the address without its scheme.
	file := "006f" + "d1016b55" + "04" + hex.EncodeToString([]byte(strings.TrimPrefix(url, "https://")))
	if got := hex.EncodeToString(template.File()); got != file {
		t.Errorf("file %s, want %s", got, file)
	}
	if got := hex.EncodeToString(template.Message()); got != file[4:] {
		t.Errorf("message %s", got)
	}
	// Header of 7 bytes, "locket.example/c/" and the id, then "?p=".
	const picc = 7 + 17 + 22 + 3
	if template.PICCDataOffset() != picc || template.MACOffset() != picc+32+3 || template.MACInputOffset() != picc+32+3 {
		t.Errorf("offsets %d, %d, %d", template.PICCDataOffset(), template.MACInputOffset(), template.MACOffset())
	}
	if got := hex.EncodeToString(template.Settings()); got != "40"+"00e0"+"c1"+"ff12"+"310000"+"540000"+"540000" {
		t.Errorf("settings %s", got)
	}
	if got := hex.EncodeToString(sun.CapabilityContainer()); got != "001720010000ff0406e104010000000506e10500808283" {
		t.Errorf("capability container %s", got)
	}
}

// TestSimulatedTag writes tags of several houses as their settings say, taps them, and reads what a telephone would open.
func TestSimulatedTag(t *testing.T) {
	for _, test := range []struct{ name, base, fragment string }{
		{"short code", testBase, testCode},
		{"with a port", "https://locket.example:8443", testCode},
		{"this machine", "http://localhost:8080", testCode},
		{"a long host", "https://" + strings.Repeat("emergency.", 10) + "example", testCode},
	} {
		t.Run(test.name, func(t *testing.T) {
			slots := sun.KeysFor(testMaster(), testCard())
			template := testTemplate(t, test.base, test.fragment)
			tag := suntest.Tag{UID: sun.UID{4, 1, 2, 3, 4, 5, 6}, Keys: slots.InOrder(), File: template.File(), Settings: template.Settings()}
			taps := sun.NoTaps
			for counter := range uint32(300) {
				file, err := tag.Tap()
				if err != nil {
					t.Fatal(err)
				}
				message, err := cards.ParseNDEF(file[2:])
				if err != nil {
					t.Fatal(err)
				}
				uri, ok := message.URI()
				if !ok || len(uri) != len(template.URL()) {
					t.Fatalf("address %q", uri)
				}
				address, err := sun.ParseAddress(uri)
				if err != nil {
					t.Fatal(err)
				}
				if address.ID != testCard() || address.Short.Base != test.base || string(address.Short.Code) != test.fragment {
					t.Errorf("card %s at %s", address.ID, address.Short)
				}
				tap, err := address.Message.Open(slots.MetaRead)
				if err != nil {
					t.Fatal(err)
				}
				if tap.UID != tag.UID || tap.Counter != counter+1 {
					t.Errorf("tag %s at %d, want %s at %d", tap.UID, tap.Counter, tag.UID, counter+1)
				}
				proven := tap.Verify(slots.FileRead, "")
				verdict := sun.Judge(sun.Sighting{Taps: taps, Counter: tap.Counter, Proven: proven, SameTag: true})
				if verdict != sun.Live {
					t.Errorf("tap %d is %s", tap.Counter, verdict)
				}
				taps = taps.With(tap.Counter)

				// In the path of another card the same tap proves nothing.
				other := testCard()
				other[0] ^= 1
				if tap.Verify(sun.KeysFor(testMaster(), other).FileRead, "") {
					t.Error("the tap proves another card")
				}
			}
		})
	}
}

func TestTagAtTheEndOfItsCounter(t *testing.T) {
	template := testTemplate(t, testBase, testCode)
	slots := sun.KeysFor(testMaster(), testCard())
	tag := suntest.Tag{Counter: sun.MaxCounter - 1, Keys: slots.InOrder(), File: template.File(), Settings: template.Settings()}
	file, err := tag.Tap()
	if err != nil {
		t.Fatal(err)
	}
	at := template.PICCDataOffset()
	message, err := sun.Parse(string(file[at:at+32]), string(file[template.MACOffset():template.MACOffset()+16]))
	if err != nil {
		t.Fatal(err)
	}
	tap, err := message.Open(slots.MetaRead)
	if err != nil || tap.Counter != sun.MaxCounter || !tap.Verify(slots.FileRead, "") {
		t.Errorf("the last tap: counter %d, %v", tap.Counter, err)
	}
	if _, err := tag.Tap(); err == nil {
		t.Error("the tag counts beyond its end")
	}
}

// TestTemplateFillsTheFile to its last byte, and not beyond it.
func TestTemplateFillsTheFile(t *testing.T) {
	for _, base := range []string{testBase, "https://ice.example", "http://localhost:8080"} {
		room := len(testCode) + 256 - len(testTemplate(t, base, testCode).File())
		fits := strings.Repeat("A", room)
		// A fragment that is no card is refused, but not for its length.
		if _, err := sun.NewTemplate(base, testCard(), fits); errors.Is(err, cards.ErrNoFit) || err == nil {
			t.Errorf("%s: %d characters: %v", base, room, err)
		}
		if _, err := sun.NewTemplate(base, testCard(), fits+"A"); !errors.Is(err, cards.ErrNoFit) {
			t.Errorf("%s: %d characters: %v", base, room+1, err)
		}
	}
}

func TestNewTemplateRefuses(t *testing.T) {
	for _, test := range []struct{ name, base, fragment string }{
		{"no base", "", testCode},
		{"a base without TLS", "http://locket.example", testCode},
		{"a base with a path", testBase + "/x", testCode},
		{"a base with a user", "https://user@locket.example", testCode},
		{"no fragment", testBase, ""},
		{"half a code", testBase, testCode[:11]},
		{"a code as people write it", testBase, "ABCD-2345-WXYZ"},
		{"something else", testBase, "../../x"},
	} {
		if _, err := sun.NewTemplate(test.base, testCard(), test.fragment); err == nil {
			t.Errorf("%s is written to a tag", test.name)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	good := testTemplate(t, testBase, testCode).URL()
	for _, test := range []struct{ name, url string }{
		{"nothing", ""},
		{"no query", strings.Replace(good, "?p=", "?x=", 1)},
		{"no MAC", strings.Replace(good, "&c=", "&d=", 1)},
		{"a third value", strings.Replace(good, "#", "&e=1#", 1)},
		{"another order", "https://locket.example/c/YSBjYXJkIG9mIGEgdGVzdA?c=0000000000000000&p=00000000000000000000000000000000#" + testCode},
		{"no fragment", strings.TrimSuffix(good, "#"+testCode)},
		{"another path", strings.Replace(good, "/c/", "/d/", 1)},
		{"a path before", strings.Replace(good, "/c/", "/c/c/", 1)},
		{"a short id", strings.Replace(good, "dGVzdA", "dGVz", 1)},
		{"another scheme", strings.Replace(good, "https", "javascript", 1)},
		{"without TLS", strings.Replace(good, "https", "http", 1)},
		{"a code in small letters", strings.ToLower(good)},
		{"huge", good + strings.Repeat("A", 1<<20)},
	} {
		if address, err := sun.ParseAddress(test.url); err == nil {
			t.Errorf("%s is read as a tap of %s", test.name, address.ID)
		}
	}
	lrp := strings.Replace(good, "p=", "p=0000000000000000", 1)
	if _, err := sun.ParseAddress(lrp); !errors.Is(err, sun.ErrLRP) {
		t.Errorf("a tag in LRP mode: %v", err)
	}
}

// TestTapWithAFront: a front that is short enough stands in the tag itself.
func TestTapWithAFront(t *testing.T) {
	whole := testFront(t)
	_, fragment, _ := strings.Cut(whole.NFCURL(), "#")
	address, err := sun.ParseAddress(whole.Short() + "?p=" + strings.Repeat("0", 32) + "&c=" + strings.Repeat("0", 16) + "#" + fragment)
	if err != nil || address.ID != whole.ID || string(address.Card.Envelope) != string(whole.Envelope) || address.Short.Code != "" {
		t.Errorf("got %v, %v", address.ID, err)
	}
	other := strings.Replace(whole.Short(), "/c/Y", "/c/Z", 1)
	if _, err := sun.ParseAddress(other + "?p=" + strings.Repeat("0", 32) + "&c=" + strings.Repeat("0", 16) + "#" + fragment); !errors.Is(err, cards.ErrMismatch) {
		t.Errorf("in the path of another card: %v", err)
	}
}

// FuzzParseAddress: what is read is what a template gives, with something in the place of its zeros.
func FuzzParseAddress(f *testing.F) {
	f.Add(testTemplate(f, testBase, testCode).URL())
	f.Add("https://locket.example/c/YSBjYXJkIG9mIGEgdGVzdA?p=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086#ABCD2345WXYZ")
	f.Add("?p=&c=#")
	f.Fuzz(func(t *testing.T, s string) {
		address, err := sun.ParseAddress(s)
		if err != nil || address.Short.Code == "" {
			return
		}
		template, err := sun.NewTemplate(address.Short.Base, address.ID, string(address.Short.Code))
		if errors.Is(err, cards.ErrNoFit) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		page, _, _ := strings.Cut(s, "?")
		want, _, _ := strings.Cut(template.URL(), "?")
		if page != want || len(s) != len(template.URL()) {
			t.Errorf("read %q, a template gives %q", s, template.URL())
		}
	})
}
