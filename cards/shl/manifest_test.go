package shl

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseRequest(t *testing.T) {
	long := strings.Repeat("a", MaxRecipient)
	for _, test := range []struct {
		name, text          string
		recipient, passcode string
		limit               int64 // -1 is none
	}{
		{"all of it", `{"recipient":"Example Clinic","passcode":"1234","embeddedLengthMax":200}`, "Example Clinic", "1234", 200},
		{"the least", `{"recipient":"x"}`, "x", "", -1},
		{"a longest name", `{"recipient":"` + long + `"}`, long, "", -1},
		{"spaces and lines", "{\"recipient\":\" Example\\r\\nClinic \"}", "Example  Clinic", "", -1},
		{"nothing embedded", `{"recipient":"x","embeddedLengthMax":0}`, "x", "", 0},
		{"members that are null", `{"recipient":"x","passcode":null,"embeddedLengthMax":null}`, "x", "", -1},
		{"members that are not known", `{"recipient":"x","url":"https://x.example","Passcode":"9","more":{"a":[]}}`, "x", "", -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := ParseRequest([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			limit := int64(-1)
			if r.EmbeddedLengthMax != nil {
				limit = *r.EmbeddedLengthMax
			}
			if r.Recipient != test.recipient || r.Passcode != test.passcode || limit != test.limit {
				t.Errorf("got %q, %q, %d", r.Recipient, r.Passcode, limit)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"nothing", ``, ErrRequest},
		{"no JSON", `recipient=x`, ErrRequest},
		{"an array", `[]`, ErrRequest},
		{"two objects", `{"recipient":"x"}{}`, ErrRequest},
		{"nobody", `{}`, ErrRequest},
		{"null", `null`, ErrRequest},
		{"recipient null", `{"recipient":null}`, ErrRequest},
		{"recipient empty", `{"recipient":""}`, ErrRequest},
		{"recipient blank", "{\"recipient\":\" \\t\\n\"}", ErrRequest},
		{"recipient a number", `{"recipient":1}`, ErrRequest},
		{"recipient twice", `{"recipient":"x","recipient":"y"}`, ErrRequest},
		{"Recipient", `{"Recipient":"x"}`, ErrRequest},
		{"a long recipient", `{"recipient":"` + strings.Repeat("a", MaxRecipient+1) + `"}`, ErrRequest},
		{"a long passcode", `{"recipient":"x","passcode":"` + strings.Repeat("a", maxPasscode+1) + `"}`, ErrRequest},
		{"passcode a number", `{"recipient":"x","passcode":1234}`, ErrRequest},
		{"passcode twice", `{"recipient":"x","passcode":"1","passcode":"2"}`, ErrRequest},
		{"a negative length", `{"recipient":"x","embeddedLengthMax":-1}`, ErrRequest},
		{"half a length", `{"recipient":"x","embeddedLengthMax":1.5}`, ErrRequest},
		{"a length beyond all", `{"recipient":"x","embeddedLengthMax":1e30}`, ErrRequest},
		{"deep", `{"recipient":"x","a":` + strings.Repeat("[", 4000), ErrRequest},
		{"too long", strings.Repeat(" ", MaxRequest+1), ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			if r, err := ParseRequest([]byte(test.text)); !errors.Is(err, test.want) || r.Recipient != "" {
				t.Errorf("got %q, %v", r.Recipient, err)
			}
		})
	}
}

func TestEmbeds(t *testing.T) {
	limit := int64(5)
	for _, test := range []struct {
		name  string
		limit *int64
		jwe   string
		want  bool
	}{
		{"no limit", nil, strings.Repeat("a", 1<<20), true},
		{"just fits", &limit, "abcde", true},
		{"too long", &limit, "abcdef", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := (Request{EmbeddedLengthMax: test.limit}).Embeds(test.jwe); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestRequestHidesThePasscode(t *testing.T) {
	r := Request{Recipient: "x", Passcode: "hush"}
	for _, text := range []string{fmt.Sprint(r), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r), fmt.Sprintf("%s", &r), r.LogValue().String()} {
		if strings.Contains(text, "hush") {
			t.Errorf("printed as %s", text)
		}
	}
	_, err := ParseRequest([]byte(`{"recipient":"x","passcode":"hush","hush":1,"hush":2,"passcode":"hush"}`))
	if err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

func TestManifest(t *testing.T) {
	m := Manifest{Files: []File{
		{ContentType: TypeFHIR, Embedded: "a..b.c.d", LastUpdated: testNow, Status: FileCanChange, FHIRVersion: "4.0.1"},
		{ContentType: TypeHealthCard, Location: "https://locket.example/shl/file/x"},
	}}
	const want = `{"files":[{"contentType":"application/fhir+json","embedded":"a..b.c.d","lastUpdated":"2026-06-01T08:30:00Z",` +
		`"status":"can-change","fhirVersion":"4.0.1"},` +
		`{"contentType":"application/smart-health-card","location":"https://locket.example/shl/file/x"}]}`
	got, err := m.Encode()
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	refusal, err := json.Marshal(Refusal{RemainingAttempts: 0})
	if err != nil || string(refusal) != `{"remainingAttempts":0}` {
		t.Errorf("refused by %s, %v", refusal, err)
	}
}

func TestManifestRefuses(t *testing.T) {
	for name, files := range map[string][]File{
		"no file":       nil,
		"both":          {{ContentType: TypeFHIR, Embedded: "a", Location: "https://locket.example/x"}},
		"neither":       {{ContentType: TypeFHIR}},
		"no type":       {{Embedded: "a"}},
		"another type":  {{ContentType: "application/pdf", Embedded: "a"}},
		"http location": {{ContentType: TypeFHIR, Location: "http://locket.example/x", LastUpdated: time.Time{}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := (Manifest{Files: files}).Encode(); !errors.Is(err, ErrManifest) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzParseRequest(f *testing.F) {
	for _, seed := range []string{
		`{"recipient":"Example Clinic","passcode":"1234","embeddedLengthMax":200}`, `{"recipient":"x","embeddedLengthMax":1e3}`,
		"{\"recipient\":\"\\u0000\"}", `{`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRequest(data)
		if err != nil {
			return
		}
		if r.Recipient == "" || len(r.Recipient) > MaxRecipient || len(r.Passcode) > maxPasscode {
			t.Errorf("a recipient of %d bytes, a passcode of %d", len(r.Recipient), len(r.Passcode))
		}
		if r.EmbeddedLengthMax != nil && *r.EmbeddedLengthMax < 0 {
			t.Errorf("at most %d characters", *r.EmbeddedLengthMax)
		}
	})
}
