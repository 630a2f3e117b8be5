package shc

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckJSON(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"an object", `{"a":1,"b":{"a":[{"a":1},{"a":2}]},"c":"a"}`, nil},
		{"values like names", `{"a":"b","b":"a","c":["a","a",":"]}`, nil},
		{"braces and quotes in texts", `{"a":"}{][\":\"b\"","b":"\\","c":"\\\":"}`, nil},
		{"spaces", " {\n\t\"a\" \r\n: [ ] , \"b\"\t:{ } } ", nil},
		{"a number", `1`, nil},
		{"just deep enough", strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), nil},

		{"twice", `{"a":1,"a":1}`, ErrMalformed},
		{"twice with spaces", "{\"a\" :1,\"a\"\n:1}", ErrMalformed},
		{"twice, spelled otherwise", `{"a/":1,"\u0061\/":1}`, ErrMalformed},
		{"twice, after an object", `{"a":{"b":1},"a":1}`, ErrMalformed},
		{"twice, in an array", `[[{"a":1,"b":2,"a":3}]]`, ErrMalformed},
		{"twice the empty name", `{"":1,"":1}`, ErrMalformed},
		{"too deep", strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), ErrMalformed},
		{"cut in a text", `{"a`, ErrMalformed},
		{"cut after a backslash", `"\`, ErrMalformed},
		{"nothing", ``, ErrMalformed},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := checkJSON([]byte(test.text)); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}
