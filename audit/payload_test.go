package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/audit/audittest"
)

var previous = bytes.Repeat([]byte{0xfb}, 32)

const wholePayload = `{"actor":{"call_back":"+00 555 0100","kind":"responder","name":"Noor Example","network":"203.0.113.0/24",` +
	`"organization":"Example Ambulance","role":"paramedic","verified":"claimed"},"at":1772352000000,"card":"7K3M9Q2XABCD",` +
	`"details":{"rule":"balanced/2","rules_hash":"2jmj7l5rSw0yVb_vlWAYkK_YBwk"},"grant":"grant-0","items":14,"outcome":"granted",` +
	`"prev":"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s","reason":"ETREAT","reason_text":"found \"unconscious\" in the park",` +
	`"rules_version":3,"sections":["directives","allergies","conditions","medications"],"seq":2,"subject":"patient-0",` +
	`"type":"glass.opened","until":1772366400000,"v":1}`

const smallPayload = `{"actor":{"kind":"server"},"at":1772352000000,"type":"drill","v":1}`

func TestCanonical(t *testing.T) {
	small := audit.Event{Type: audit.Drill, At: audittest.Epoch().In(time.FixedZone("", 3600)), Actor: audit.Actor{Kind: audit.ByServer}}
	for _, c := range []struct {
		name     string
		event    audit.Event
		seq      uint64
		previous []byte
		want     string
	}{
		{"whole", audittest.Event(0), 2, previous, wholePayload},
		{"empty fields left out", small, 0, nil, smallPayload},
	} {
		got := audit.Canonical(c.event, c.seq, c.previous)
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		p, err := audit.ParsePayload(got)
		if err != nil {
			t.Errorf("%s: ParsePayload: %v", c.name, err)
			continue
		}
		want := audit.Payload{Event: c.event, Seq: c.seq, Previous: c.previous}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s: ParsePayload (-want +got):\n%s", c.name, diff)
		}
	}
}

// encoding/json is another writer of JSON: sorted keys, and no escapes that RFC 8785 does not have once HTML escaping is off.
func TestCanonicalIsWhatAnotherEncoderWrites(t *testing.T) {
	for _, payload := range [][]byte{
		audit.Canonical(audittest.Event(3), 7, previous),
		audit.Canonical(largest(), 1, nil),
		audit.Canonical(audit.Event{
			Type: audit.GlassRefused, At: audittest.Epoch(), Subject: "p", Actor: audit.Actor{Kind: audit.ByResponder, Name: `a\"b<&>é救👩‍⚕️`},
		}, 1, nil),
	} {
		d := json.NewDecoder(bytes.NewReader(payload))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.TrimSuffix(b.String(), "\n"), string(payload)); diff != "" {
			t.Errorf("(-encoding/json +Canonical):\n%s", diff)
		}
	}
}

func TestLargestEventFitsMaxPayload(t *testing.T) {
	payload := audit.Canonical(largest(), 1<<53-1, previous)
	if len(payload) > audit.MaxPayload {
		t.Errorf("the largest valid event has %d bytes, MaxPayload is %d", len(payload), audit.MaxPayload)
	}
	if _, err := audit.ParsePayload(payload); err != nil {
		t.Errorf("ParsePayload: %v", err)
	}
}

func TestParsePayloadAcceptsOnlyCanonicalBytes(t *testing.T) {
	swap := func(old, new string) string {
		if !strings.Contains(wholePayload, old) {
			t.Fatalf("the payload does not hold %s", old)
		}
		return strings.Replace(wholePayload, old, new, 1)
	}
	for _, c := range []struct{ name, payload string }{
		{"nothing", ""},
		{"another value", "[]"},
		{"a space", swap(`"v":1`, `"v": 1`)},
		{"a final line break", wholePayload + "\n"},
		{"something behind", wholePayload + "{}"},
		{"cut", wholePayload[:len(wholePayload)-1]},
		{"a later version", swap(`"v":1`, `"v":2`)},
		{"no version", swap(`,"v":1`, ``)},
		{"an unknown field", swap(`"at":`, `"as":1,"at":`)},
		{"a field twice", swap(`"items":14`, `"items":14,"items":14`)},
		{"fields out of order", swap(`"items":14,"outcome":"granted"`, `"outcome":"granted","items":14`)},
		{"an empty field", swap(`"card":"7K3M9Q2XABCD"`, `"card":""`)},
		{"a zero", swap(`"items":14`, `"items":0`)},
		{"a leading zero", swap(`"items":14`, `"items":014`)},
		{"a float", swap(`"items":14`, `"items":14.0`)},
		{"an exponent", swap(`"items":14`, `"items":1e1`)},
		{"a negative number", swap(`"items":14`, `"items":-14`)},
		{"a number out of range", swap(`"items":14`, `"items":2147483648`)},
		{"a number that overflows", swap(`"items":14`, `"items":99999999999999999999999999`)},
		{"a number without digits", swap(`"items":14`, `"items":`)},
		{"a number as text", swap(`"items":14`, `"items":"14"`)},
		{"a text as number", swap(`"card":"7K3M9Q2XABCD"`, `"card":7`)},
		{"null", swap(`"card":"7K3M9Q2XABCD"`, `"card":null`)},
		{"a needless escape", swap(`Noor`, `N\u006for`)},
		{"an escaped slash", swap(`balanced/2`, `balanced\/2`)},
		{"a line break in a text", swap(`Noor`, "No\nor")},
		{"invalid UTF-8", swap(`Noor`, "No\xffor")},
		{"a text without an end", `{"actor":{"kind":"server`},
		{"an escape without an end", `{"actor":{"kind":"server\`},
		{"no sections", swap(`["directives","allergies","conditions","medications"]`, `[]`)},
		{"a section without a name", swap(`["directives"`, `[""`)},
		{"no details", swap(`{"rule":"balanced/2","rules_hash":"2jmj7l5rSw0yVb_vlWAYkK_YBwk"}`, `{}`)},
		{"details out of order", swap(`"rule":`, `"zule":`)},
		{"a detail twice", swap(`"details":{`, `"details":{"rule":"balanced/2",`)},
		{"a subject without a number", swap(`"seq":2,`, ``)},
		{"a number without a subject", swap(`"subject":"patient-0",`, ``)},
		{"a second entry without the first", swap(`"prev":"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s",`, ``)},
		{"a first entry with a previous", swap(`"seq":2`, `"seq":1`)},
		{"a short previous", swap(`"prev":"-_v7`, `"prev":"`)},
		{"a previous with loose bits", swap(`-_s"`, `-_t"`)},
		{"a previous with a line break", swap(`"prev":"-_v7`, "\"prev\":\"-_v7\n")},
		{"a previous in standard base64", swap(`"prev":"-_v7`, `"prev":"+/v7`)},
		{"an event that is not valid", swap(`203.0.113.0/24`, `203.0.113.7/32`)},
		{"too long", `{"actor":{"name":"` + strings.Repeat("x", audit.MaxPayload) + `"}}`},
	} {
		if _, err := audit.ParsePayload([]byte(c.payload)); !errors.Is(err, audit.ErrPayload) && !errors.Is(err, audit.ErrInvalid) {
			t.Errorf("%s: ParsePayload = %v, want an error", c.name, err)
		}
	}
}

func FuzzParsePayload(f *testing.F) {
	f.Add([]byte(wholePayload))
	f.Add([]byte(smallPayload))
	f.Add(audit.Canonical(largest(), 1, nil))
	f.Add([]byte(`{"actor":{"kind":"server"},"at":1,"details":{"a":"\\\""},"seq":1,"subject":"p","type":"drill","until":1,"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := audit.ParsePayload(data)
		if err != nil {
			return
		}
		if got := audit.Canonical(p.Event, p.Seq, p.Previous); !bytes.Equal(got, data) {
			t.Errorf("parsed %q, written again %q", data, got)
		}
	})
}
