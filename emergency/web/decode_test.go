package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency"
)

type sample struct {
	Role string          `json:"role"`
	Age  int             `json:"age"`
	Body json.RawMessage `json:"body"`
}

func post(kind, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	return r
}

func TestDecodeJSON(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, test := range []struct{ name, kind, body, reason string }{
		{"whole", "application/json", `{"role":"a","age":3,"body":{"x":[1,{"y":2}]}}`, ""},
		{"charset", "application/json; charset=utf-8", ` {"role":"a"} `, ""},
		{"empty object", "application/json", `{}`, ""},
		{"same name in two objects", "application/json", `{"body":[{"x":1},{"x":2}]}`, ""},
		{"form", "application/x-www-form-urlencoded", `{"role":"a"}`, "not_json"},
		{"no type", "", `{"role":"a"}`, "not_json"},
		{"empty", "application/json", ``, "not_json"},
		{"cut", "application/json", `{"role":"a"`, "not_json"},
		{"unknown name", "application/json", `{"role":"a","admin":true}`, "unknown_name"},
		{"folded case", "application/json", `{"ROLE":"a"}`, "unknown_name"},
		{"folded beside exact", "application/json", `{"role":"patient","Role":"admin"}`, "unknown_name"},
		{"twice", "application/json", `{"role":"a","role":"b"}`, "twice"},
		{"twice, escaped", "application/json", `{"role":"a","\u0072ole":"b"}`, "twice"},
		{"twice inside", "application/json", `{"body":{"x":1,"x":2}}`, "twice"},
		{"trailing value", "application/json", `{"role":"a"}{"role":"b"}`, "trailing"},
		{"trailing garbage", "application/json", `{"role":"a"}x`, "trailing"},
		{"list", "application/json", `[{"role":"a"}]`, "not_object"},
		{"text", "application/json", `"role"`, "not_object"},
		{"null", "application/json", `null`, "not_object"},
		{"wrong type", "application/json", `{"age":"three"}`, "wrong_type"},
		{"deep", "application/json", `{"body":` + deep + `}`, "too_deep"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got sample
			err := decodeJSON(post(test.kind, test.body), &got)
			if test.reason == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var refusal *emergency.Error
			if !errors.As(err, &refusal) || !errors.Is(err, emergency.ErrInvalid) || refusal.Args["reason"] != test.reason {
				t.Errorf("got %#v, want the reason %q", err, test.reason)
			}
		})
	}
}

func TestDecodeJSONIsBounded(t *testing.T) {
	r := post("application/json", `{"role":"`+strings.Repeat("a", 1000)+`"}`)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 100)
	var got sample
	if err := decodeJSON(r, &got); !errors.Is(err, emergency.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"role":"a","age":1}`, `{"body":[[{"a":null}]]}`, `{"role":1e999}`, `[`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var got sample
		if decodeJSON(post("application/json", body), &got) == nil && !json.Valid([]byte(body)) {
			t.Errorf("took what is no JSON: %q", body)
		}
	})
}
