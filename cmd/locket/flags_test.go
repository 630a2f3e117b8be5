package main

import (
	"slices"
	"testing"
)

func TestAnIdentifierMayBeginWithADash(t *testing.T) {
	const dashed, dashes = "-AbCdEfGhIjKlMnOpQrStw", "--bCdEfGhIjKlMnOpQrStw"
	for _, test := range []struct {
		args []string
		data string
		rest []string
		ok   bool
	}{
		{args: []string{dashed}, rest: []string{dashed}, ok: true},
		{args: []string{"--data", "data", dashed}, data: "data", rest: []string{dashed}, ok: true},
		{args: []string{"--yes", dashed, "--data", "data", dashes}, data: "data", rest: []string{dashed, dashes}, ok: true},
		{args: []string{"--data", dashed}, data: dashed, ok: true},
		{args: []string{"--data=" + dashed, "plain", dashed}, data: dashed, rest: []string{"plain", dashed}, ok: true},
		{args: []string{"plain", "--", dashed, "--data"}, rest: []string{"plain", dashed, "--data"}, ok: true},
		{args: []string{"--", "--", dashed}, rest: []string{"--", dashed}, ok: true},
		{args: []string{dashed[:21]}},
		{args: []string{"--nothing"}},
	} {
		f := newFlags("test", func(string) string { return "" })
		data := f.text("data", "", "DIR", "")
		f.toggle("yes", "")
		err := f.parse(test.args)
		if (err == nil) != test.ok {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		if test.ok && (*data != test.data || !slices.Equal(f.Args(), test.rest)) {
			t.Errorf("%q gave --data %q and %q", test.args, *data, f.Args())
		}
	}
}
