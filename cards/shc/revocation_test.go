package shc

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRevocationList writes the example of the specification and reads it back.
func TestRevocationList(t *testing.T) {
	list := RevocationList{KeyID: "kid", Counter: 3, Revocations: []Revocation{
		{RID: "AQPCj4wwk6Mt"}, {RID: "lHKzqFUMjhs", Before: time.Date(2021, 11, 15, 12, 0, 0, 0, time.UTC)},
	}}
	const want = `{"kid":"kid","method":"rid","ctr":3,"rids":["AQPCj4wwk6Mt","lHKzqFUMjhs.1636977600"]}`
	data, err := json.Marshal(list)
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v, want %s", data, err, want)
	}
	read, err := ParseRevocations(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list, read); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	empty, err := json.Marshal(RevocationList{KeyID: "kid", Counter: 1})
	if err != nil || string(empty) != `{"kid":"kid","method":"rid","ctr":1,"rids":[]}` {
		t.Errorf("the empty list is %s, %v", empty, err)
	}
}

func TestRevocationListRefuses(t *testing.T) {
	for name, list := range map[string]RevocationList{
		"no key":             {Counter: 1},
		"no version":         {KeyID: "kid"},
		"an empty rid":       {KeyID: "kid", Counter: 1, Revocations: []Revocation{{}}},
		"a rid with a dot":   {KeyID: "kid", Counter: 1, Revocations: []Revocation{{RID: "a.1"}}},
		"a rid that is long": {KeyID: "kid", Counter: 1, Revocations: []Revocation{{RID: strings.Repeat("a", 25)}}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := json.Marshal(list); !errors.Is(err, ErrRevocations) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestParseRevocations(t *testing.T) {
	for _, test := range []struct {
		name, text string
		rids       int
		want       error
	}{
		{"a counter in quotes", `{"kid":"k","method":"rid","ctr":"7","rids":["a"]}`, 1, nil},
		{"members that are not known", `{"kid":"k","method":"rid","ctr":7,"rids":["a","b.1"],"more":{}}`, 2, nil},
		{"nothing", ``, 0, ErrRevocations},
		{"no kid", `{"method":"rid","ctr":1,"rids":[]}`, 0, ErrRevocations},
		{"no counter", `{"kid":"k","method":"rid","rids":[]}`, 0, ErrRevocations},
		{"counter zero", `{"kid":"k","method":"rid","ctr":0,"rids":[]}`, 0, ErrRevocations},
		{"counter a half", `{"kid":"k","method":"rid","ctr":1.5,"rids":[]}`, 0, ErrRevocations},
		{"another method", `{"kid":"k","method":"bits","ctr":1,"rids":[]}`, 0, ErrRevocations},
		{"two lists", `{"kid":"k","method":"rid","ctr":1,"rids":["a"],"rids":[]}`, 0, ErrRevocations},
		{"an empty rid", `{"kid":"k","method":"rid","ctr":1,"rids":[""]}`, 0, ErrRevocations},
		{"a rid of another alphabet", `{"kid":"k","method":"rid","ctr":1,"rids":["a/b"]}`, 0, ErrRevocations},
		{"a time that is none", `{"kid":"k","method":"rid","ctr":1,"rids":["a.b"]}`, 0, ErrRevocations},
		{"no time", `{"kid":"k","method":"rid","ctr":1,"rids":["a."]}`, 0, ErrRevocations},
		{"two times", `{"kid":"k","method":"rid","ctr":1,"rids":["a.1.2"]}`, 0, ErrRevocations},
		{"a time too far", `{"kid":"k","method":"rid","ctr":1,"rids":["a.253402300800"]}`, 0, ErrRevocations},
		{"too long", strings.Repeat(" ", maxRevocations+1), 0, ErrTooLong},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := ParseRevocations([]byte(test.text))
			if !errors.Is(err, test.want) || len(list.Revocations) != test.rids {
				t.Errorf("got %d, %v, want %d, %v", len(list.Revocations), err, test.rids, test.want)
			}
		})
	}
}

func FuzzParseRevocations(f *testing.F) {
	f.Add([]byte(`{"kid":"kid","method":"rid","ctr":3,"rids":["AQPCj4wwk6Mt","lHKzqFUMjhs.1636977600"]}`))
	f.Add([]byte(`{"kid":"kid","method":"rid","ctr":"3","rids":[".1","a."]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseRevocations(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRevocations(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, again); diff != "" {
			t.Errorf("list (-read +written):\n%s", diff)
		}
	})
}
