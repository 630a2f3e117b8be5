package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

// openingPayload is the payload of an opening as responders make them.
func openingPayload() []byte {
	at := time.UnixMilli(1795355561726).UTC()
	id := func(b byte) string { return strings.Repeat(string(b), 21) + "A" }
	return Canonical(Event{Type: GlassOpened, At: at, Subject: id('s'), Card: id('c'), Grant: id('g'), Outcome: Granted, Reason: "unconscious", RulesVersion: 1, Items: 12,
		Sections: []string{"identity", "allergies", "conditions", "medications"}, Until: at.Add(4 * time.Hour), Details: map[string]string{"step": "critical"},
		Actor: Actor{Kind: ByResponder, Name: "Kim Example", Role: "paramedic", Organization: "Ambulance 7", Verified: Claimed, Network: "127.0.0.0/24"}},
		3, bytes.Repeat([]byte{7}, 32))
}

// The words of the list stand behind numbers in every log. It may grow at its end.
func TestTheListOfPhrasesStays(t *testing.T) {
	const counted, want = 107, "a81b77e7bfcb5ef1ee352d1c80975221297625bef51e3c5e1248be19b6490e23"
	sum := sha256.Sum256([]byte(strings.Join(phrases[:counted], "\n")))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the first %d phrases have changed: %s", counted, got)
	}
	if len(phrases) > shorts+1<<8 {
		t.Errorf("%d phrases have no room in one byte", len(phrases))
	}
	seen := make(map[string]bool)
	for _, phrase := range phrases {
		if len(phrase) < phraseHash || !strings.ContainsAny(phrase[:1], `{,"`) || seen[phrase] {
			t.Errorf("%s is never found", phrase)
		}
		seen[phrase] = true
	}
}

func TestAPackedPayloadGivesBackItsBytes(t *testing.T) {
	opening := openingPayload()
	for name, payload := range map[string][]byte{
		"an opening":                 opening,
		"nothing":                    []byte(`{}`),
		"a word in a text":           []byte(`{"actor":{"name":"a\",\"card\":\"b"}}`),
		"an identifier":              []byte(`{"a":"AAAAAAAAAAAAAAAAAAAAAA"}`),
		"an identifier that is none": []byte(`{"a":"AAAAAAAAAAAAAAAAAAAAAB"}`),
		"a word of that length":      []byte(`{"a":"twenty-two characters!"}`),
		"a hash":                     []byte(`{"a":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`),
		"a hash that is none":        []byte(`{"a":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"}`),
		"a time":                     []byte(`{"a":1795355561726}`),
		"a long number":              []byte(`{"a":17953555617261}`),
		"a number with zeros":        []byte(`{"a":"x:0795355561726"}`),
		"the end of a text":          []byte(`{"a":"1795355561726`),
		"another script":             []byte(`{"a":"Ärztin Łucja 医生"}`),
		"a cut phrase":               []byte(`{"actor":{"kin`),
	} {
		packed := appendPacked([]byte("before"), payload)
		back, ok := unpack(packed[len("before"):])
		if !ok || !bytes.Equal(back, payload) {
			t.Errorf("%s: got %q, %v", name, back, ok)
		}
	}
	if packed := appendPacked(nil, opening); 3*len(packed) > len(opening) {
		t.Errorf("an opening of %d bytes takes %d", len(opening), len(packed))
	}
	if back, ok := unpack(opening); !ok || !bytes.Equal(back, opening) {
		t.Errorf("a payload as older logs keep it: %q, %v", back, ok)
	}
}

func TestWhatIsNoPackedPayloadIsRefused(t *testing.T) {
	for name, packed := range map[string][]byte{
		"nothing":                {},
		"another form":           {2, '{', '}'},
		"a number without bytes": {packedForm, packedTime, 1, 2, 3},
		"half an identifier":     append([]byte{packedForm, packedID}, make([]byte, 15)...),
		"half a hash":            append([]byte{packedForm, packedHash}, make([]byte, 31)...),
		"no phrase":              {packedForm, packedLong},
		"an unknown phrase":      {packedForm, packedLong, 255},
		"the form again":         {packedForm, packedForm},
		"too long":               append([]byte{packedForm}, bytes.Repeat([]byte{firstShort}, MaxPayload/len(phrases[0])+1)...),
		"too long as it is":      append([]byte("{"), make([]byte, MaxPayload)...),
	} {
		if back, ok := unpack(packed); ok {
			t.Errorf("%s: got %q", name, back)
		}
	}
}

func FuzzPackedPayload(f *testing.F) {
	f.Add(openingPayload())
	f.Add(appendPacked(nil, openingPayload()))
	f.Add([]byte{packedForm, packedTime, 0, 0, 0, 0, 0, 1, packedLong, 3, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		payload, ok := unpack(data)
		if !ok {
			return
		}
		if len(payload) > MaxPayload {
			t.Fatalf("%d bytes", len(payload))
		}
		if bytes.ContainsFunc(payload, func(r rune) bool { return r < ' ' }) {
			return // of no event
		}
		if back, ok := unpack(appendPacked(nil, payload)); !ok || !bytes.Equal(back, payload) {
			t.Errorf("%q comes back as %q, %v", payload, back, ok)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	payload := openingPayload()
	var packed []byte
	b.Run("pack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			packed = appendPacked(packed[:0], payload)
		}
		b.ReportMetric(float64(len(packed)), "bytes")
	})
	b.Run("unpack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok := unpack(packed); !ok {
				b.Fatal("it does not come back")
			}
		}
	})
}
