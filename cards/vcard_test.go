package cards

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func testVCard() VCard {
	return VCard{
		Name:    "Ada Example",
		Phones:  []Phone{{Type: PhoneCell, Number: "+43 664 555 01 23", Who: "Ben Example"}, {Number: "112"}},
		Notes:   []string{"Allergy: penicillin, hives; severe", "Pacemaker"},
		Address: ShortAddress{testBase, testCode},
	}
}

func TestVCardText(t *testing.T) {
	want := strings.Join([]string{
		"BEGIN:VCARD", "VERSION:3.0", "N:ICE Ada Example", "FN:ICE Ada Example", "TEL;TYPE=CELL:+436645550123", "TEL:112",
		`NOTE:Allergy: penicillin\, hives\; severe\nPacemaker`, "URL:https://locket.example/s#7KQ2MX9TRB4H", "END:VCARD", "",
	}, "\r\n")
	if diff := cmp.Diff(want, testVCard().Text()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	m, err := EncodeQR(want, LevelM)
	if err != nil || m.Version > NoSignalVersion || decoded(t, m) != want {
		t.Errorf("as a code: version %d, %v", m.Version, err)
	}
}

// TestVCardInjection: no field can add a property, whatever stands in it.
func TestVCardInjection(t *testing.T) {
	for _, bad := range []string{
		"\r\nTEL:1900", "\nEND:VCARD\nBEGIN:VCARD", "\rURL:x", "\u2028URL:x", "\u2029URL:x", "\u0085URL:x", "\x00\x1b[2J", "a\vb\fc", "\\", `\n`,
		`\\n`, "a,b;c:d", "\u202Egnp.exe", "\u2066\u2069\u200F", "\uFEFF", "\xff\xfe", "  \t ", "",
	} {
		t.Run(fmt.Sprintf("%q", bad), func(t *testing.T) {
			v := VCard{
				Name: "Ada" + bad, Notes: []string{bad + "Pacemaker", bad}, Address: ShortAddress{testBase + bad, testCode},
				Phones: []Phone{{Type: PhoneType("CELL" + bad), Number: "112" + bad, Who: "Ben" + bad}},
			}
			text := v.Text()
			var properties []string
			for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
				name, _, _ := strings.Cut(line, ":")
				properties = append(properties, name)
			}
			got := strings.Join(properties, " ")
			got = strings.Replace(strings.Replace(strings.Replace(got, " URL", "", 1), " TEL", "", 1), ";TYPE=CELL", "", 1)
			if want := "BEGIN VERSION N FN NOTE END"; got != want {
				t.Errorf("the properties are %s in %q", got, text)
			}
			if i := strings.IndexFunc(strings.ReplaceAll(text, "\r\n", ""), func(r rune) bool {
				return r < ' ' || r >= 0x7F && r < 0xA0 || r >= 0x2028 && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0xFEFF
			}); i >= 0 {
				t.Errorf("a control character stands in %q", text)
			}
			if _, err := ParseVCard(text); err != nil {
				t.Errorf("%q is not read: %v", text, err)
			}
		})
	}
}

func TestDialled(t *testing.T) {
	for _, test := range []struct{ number, want string }{
		{"+43 664 555-01-23", "+436645550123"},
		{"0664/555 01 23", "06645550123"},
		{"(020) 7946.0018", "02079460018"},
		{"112", "112"},
		{"٠٢٠٧٩٤٦٠٠١٨", "02079460018"},
		{"+４３６６４５５５", "+43664555"},
		{"\u2066+43\u2069 664", "+43664"},
		{"+44 (0)20 7946 0018", ""},
		{"+44 ( 0 ) 20 7946 0018", ""},
		{"12", ""},
		{"+1234567890123456", ""},
		{"555 0123 ext. 4", ""},
		{"ask at the shop", ""},
		{"1900;postd=9", ""},
		{"112,9", ""},
		{"*#06#", ""},
		{"112+1", ""},
		{"tel:112", ""},
		{"", ""},
		{"+", ""},
	} {
		got, ok := Phone{Number: test.number}.dialled()
		if ok != (test.want != "") || ok && got != test.want {
			t.Errorf("%q is dialled as %q, %t, want %q", test.number, got, ok, test.want)
		}
	}
}

// TestNumbersThatCannotBeDialledAreNotLost: they are told as they were written.
func TestNumbersThatCannotBeDialledAreNotLost(t *testing.T) {
	v := testVCard()
	v.Phones = []Phone{{Number: "ask at the shop", Who: "Ben Example"}, {Number: "112"}, {Number: "none"}, {Who: "nobody"}}
	got, err := ParseVCard(v.Text())
	if err != nil {
		t.Fatal(err)
	}
	want := v
	want.Phones = []Phone{{Number: "112"}}
	want.Notes = append(want.Notes, "Ben Example: ask at the shop", "none")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVCardFit(t *testing.T) {
	long := testVCard()
	long.Notes = nil
	for i := range 40 {
		long.Notes = append(long.Notes, fmt.Sprintf("Note %d, as long as they are", i))
	}
	long.Phones = append(long.Phones, Phone{Number: "ask at the shop"})
	for _, test := range []struct {
		name    string
		maximum int
		level   Level
		version int
	}{
		{"as usual", 0, LevelM, NoSignalVersion},
		{"as usual at Q", 0, LevelQ, NoSignalVersion},
		{"small", 10, LevelM, 10},
		{"everything", 40, LevelL, 40},
	} {
		t.Run(test.name, func(t *testing.T) {
			fitted, left, err := long.Fit(test.maximum, test.level)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(long.notes(), append(fitted.notes(), left.Notes...)); diff != "" {
				t.Errorf("kept and left are not all (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(testVCard().Phones, fitted.Phones); diff != "" || len(left.Phones) > 0 || fitted.Address != long.Address {
				t.Errorf("there is less to call (-want +got):\n%s", diff)
			}
			if m := must(EncodeQR(fitted.Text(), test.level)); m.Version > test.version {
				t.Errorf("version %d, want %d at most", m.Version, test.version)
			}
			if len(left.Notes) == 0 {
				return
			}
			fitted.Notes = append(fitted.Notes, left.Notes[0])
			if m := must(EncodeQR(fitted.Text(), test.level)); m.Version <= test.version {
				t.Errorf("%q would have fitted", left.Notes[0])
			}
		})
	}
	long.Name = strings.Repeat("Ada ", 100)
	if _, _, err := long.Fit(0, LevelM); !errors.Is(err, ErrNoFit) {
		t.Errorf("a long name gave %v", err)
	}
	if _, _, err := testVCard().Fit(0, LevelH+1); err == nil {
		t.Error("a level that does not exist was taken")
	}
}

// TestVCardFitKeepsTheFirstNumbers: where not even the numbers fit, the last of them go, and they are told.
func TestVCardFitKeepsTheFirstNumbers(t *testing.T) {
	many := testVCard()
	many.Phones = nil
	for i := range 60 {
		many.Phones = append(many.Phones, Phone{Number: fmt.Sprintf("+43 664 555 %04d", i), Who: "Ben Example"})
	}
	fitted, left, err := many.Fit(0, LevelM)
	if err != nil {
		t.Fatal(err)
	}
	if len(fitted.Phones) == 0 || len(left.Phones) == 0 || len(fitted.Notes) > 0 || fitted.Name != many.Name || fitted.Address != many.Address {
		t.Errorf("kept %d numbers and %d notes, left %d", len(fitted.Phones), len(fitted.Notes), len(left.Phones))
	}
	if diff := cmp.Diff(many.Phones, slices.Concat(fitted.Phones, left.Phones)); diff != "" {
		t.Errorf("numbers kept and left are not all (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(many.Notes, left.Notes); diff != "" {
		t.Errorf("notes left (-want +got):\n%s", diff)
	}
	if m := must(EncodeQR(fitted.Text(), LevelM)); m.Version > NoSignalVersion {
		t.Errorf("version %d", m.Version)
	}
	fitted.Phones = append(fitted.Phones, left.Phones[0])
	if m := must(EncodeQR(fitted.Text(), LevelM)); m.Version <= NoSignalVersion {
		t.Error("one more would have fitted")
	}
	again, none, err := many.Fit(0, LevelM)
	if err != nil || len(again.Phones) != len(fitted.Phones)-1 || len(none.Phones) != len(left.Phones) {
		t.Errorf("another time it is %d numbers, %v", len(again.Phones), err)
	}
}

func TestParseVCardReadsOtherLineEnds(t *testing.T) {
	text := testVCard().Text()
	for _, text := range []string{
		text, strings.TrimSpace(text), strings.ReplaceAll(text, "\r\n", "\n"), strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")),
	} {
		got, err := ParseVCard(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		want := testVCard()
		want.Phones = []Phone{{Type: PhoneCell, Number: "+436645550123"}, {Number: "112"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestParseVCardRefuses(t *testing.T) {
	good := testVCard().Text()
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			panic("the fixture has no " + old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", ErrVCard},
		{"another contact", "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Example;Ada\r\nFN:Ada Example\r\nEND:VCARD\r\n", ErrVCard},
		{"another version", change("3.0", "4.0"), ErrVCard},
		{"two names", change("FN:", "FN:ICE Eve\r\nFN:"), ErrVCard},
		{"names that differ", change("N:ICE Ada", "N:ICE Eve"), ErrVCard},
		{"a property more", change("END:", "ORG:Evil\r\nEND:"), ErrVCard},
		{"a picture", change("END:", "PHOTO;VALUE=uri:https://evil.example\r\nEND:"), ErrVCard},
		{"a note more", change("URL:", "NOTE:No allergies\r\nURL:"), ErrVCard},
		{"a number with words", change("TEL:112", "TEL:112 or so"), ErrVCard},
		{"a type that is none", change("CELL", "FAX"), ErrVCard},
		{"another address", change("URL:https://locket.example/s#", "URL:https://locket.example/x#"), ErrVCard},
		{"folded", change("penicillin", "peni\r\n cillin"), ErrVCard},
		{"cut short", good[:len(good)/2], ErrVCard},
		{"two contacts", good + good, ErrVCard},
		{"a direction", change("Pacemaker", "\u202EPacemaker"), ErrVCard},
		{"not UTF-8", change("Pacemaker", "\xffPacemaker"), ErrVCard},
		{"huge", good + strings.Repeat(" ", maxVCard), ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			if v, err := ParseVCard(test.text); !errors.Is(err, test.want) || v.Text() != (VCard{}).Text() {
				t.Errorf("got %q, %v, want %v", v.Text(), err, test.want)
			}
		})
	}
}

// TestVCardsRoundTrip: what is written is read, and written again as it was.
func TestVCardsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringN(0, 30, 60)
		v := VCard{Name: field.Draw(t, "name"), Notes: rapid.SliceOfN(field, 0, 5).Draw(t, "notes")}
		for range rapid.IntRange(0, 3).Draw(t, "phones") {
			v.Phones = append(v.Phones, Phone{
				Type:   rapid.SampledFrom([]PhoneType{"", PhoneCell, PhoneHome, PhoneWork}).Draw(t, "type"),
				Number: rapid.OneOf(field, rapid.StringMatching(`\+?[0-9 ]{3,12}`)).Draw(t, "number"),
				Who:    field.Draw(t, "who"),
			})
		}
		back, err := ParseVCard(v.Text())
		if err != nil {
			t.Fatalf("%q: %v", v.Text(), err)
		}
		if diff := cmp.Diff(v.notes(), back.Notes, cmpopts.EquateEmpty()); diff != "" || back.Name != oneLine(v.Name) {
			t.Fatalf("name %q; notes (-want +got):\n%s", back.Name, diff)
		}
	})
}

func TestVCardHidesThePatient(t *testing.T) {
	v := testVCard()
	if text := fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v) + v.LogValue().String(); strings.Contains(text, "Ada") {
		t.Errorf("the name is told: %s", text)
	}
}

// FuzzParseVCard: whatever is read is written again in the same words.
func FuzzParseVCard(f *testing.F) {
	for _, seed := range []string{testVCard().Text(), VCard{}.Text(), "BEGIN:VCARD\nVERSION:3.0\nN:ICE\nFN:ICE\nNOTE:a\\\\n\\nb\nEND:VCARD"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVCard(text)
		if err != nil {
			return
		}
		plain := func(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "\r\n", "\n") }
		if got := v.Text(); plain(got) != plain(text) {
			t.Errorf("%q is written as %q", text, got)
		}
	})
}
