package cards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestID(t *testing.T) {
	id, err := NewID(bytes.NewReader(bytes.Repeat([]byte{0xfb}, 16)))
	if err != nil {
		t.Fatal(err)
	}
	const text = "-_v7-_v7-_v7-_v7-_v7-w"
	if id.String() != text {
		t.Errorf("String() = %s, want %s", id, text)
	}
	if parsed, err := ParseID(text); err != nil || parsed != id {
		t.Errorf("ParseID = %v, %v", parsed, err)
	}
	object, err := json.Marshal(map[string]ID{"id": id})
	if err != nil || string(object) != `{"id":"`+text+`"}` {
		t.Errorf("JSON is %s, %v", object, err)
	}
	var back map[string]ID
	if err := json.Unmarshal(object, &back); err != nil || back["id"] != id {
		t.Errorf("JSON reads as %v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"id":"x"}`), &back); !errors.Is(err, ErrMalformed) {
		t.Errorf("a bad id in JSON gave %v", err)
	}
	if _, err := NewID(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends gave %v", err)
	}
}

func TestParseIDRefuses(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"empty", ""},
		{"short", "-_v7-_v7-_v7-_v7-_v7-"},
		{"padded", "-_v7-_v7-_v7-_v7-_v7-w=="},
		{"stray bits", "-_v7-_v7-_v7-_v7-_v7-x"},
		{"standard alphabet", "+/v7+/v7+/v7+/v7+/v7+w"},
		{"line break", "-_v7-_v7-_v7-_v7-_v7-\n"},
		{"zero byte", "-_v7-_v7-_v7-_v7-_v7\x00w"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if id, err := ParseID(test.text); !errors.Is(err, ErrMalformed) {
				t.Errorf("got %v, %v", id, err)
			}
		})
	}
}

// TestSecretIsNeverPrinted walks through the ways in which a value ends up in a text by accident.
func TestSecretIsNeverPrinted(t *testing.T) {
	secret, err := NewSecret(strings.NewReader("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	address := Address{Base: testBase, ID: testID(), Secret: secret, Envelope: testEnvelope(t)}
	card := testCard()
	var text bytes.Buffer
	for _, value := range []any{secret, &secret, []Secret{secret}, struct{ S Secret }{secret}, address, &address, card, &card} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x"} {
			fmt.Fprintf(&text, verb+"\n", value)
		}
		slog.New(slog.NewTextHandler(&text, nil)).Info("text", "value", value)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("json", "value", value)
	}
	text.WriteString(secret.String() + address.String() + card.String())
	object, err := json.Marshal(map[string]any{"secret": secret})
	if err != nil {
		t.Fatal(err)
	}
	text.Write(object)
	for name, leak := range map[string]string{
		"characters":             "0123456789abcdef",
		"hexadecimal":            "30313233",
		"hexadecimal, spaced":    "30 31 32 33",
		"decimal":                "48 49 50 51",
		"JSON array":             "48,49,50,51",
		"Go syntax":              "0x30, 0x31",
		"summary":                "Ada Example",
		"summary in hexadecimal": "416461",
		"summary in decimal":     "65 100 97",
		"summary in base64":      "oACCYmVu",
		"digits of the address":  strings.Split(address.URL(), "#")[1],
	} {
		if strings.Contains(strings.ToLower(text.String()), strings.ToLower(leak)) {
			t.Errorf("printed in %s", name)
		}
	}
	if string(secret.Bytes()) != "0123456789abcdef" {
		t.Error("Bytes is not the secret")
	}
	secret.Bytes()[0] = 'x'
	if string(secret.Bytes()) != "0123456789abcdef" {
		t.Error("Bytes gives the inside away")
	}
	if !secret.Equal(Secret([]byte("0123456789abcdef"))) || secret.Equal(testSecret()) {
		t.Error("Equal is wrong")
	}
	if _, err := NewSecret(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends gave %v", err)
	}
}
