package cards

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"a name", "Ada Marlow-Okonkwo", "Ada Marlow-Okonkwo"},
		{"a name that looks like another", "Аdа Mаrlоw", "Аdа Mаrlоw"}, // in part Cyrillic: shown as it is
		{"right to left", "ليلى المثالي", "ليلى المثالي"},
		{"joiners and marks", "क्\u200dष \u200fا\u200e", "क्\u200dष \u200fا\u200e"},
		{"an override", "photo\u202egnp.exe", "photognp.exe"},
		{"embeddings", "\u202aa\u202bb\u202cc\u202dd\u202e", "abcd"},
		{"a whole isolate", "call \u2068ليلى\u2069 now", "call \u2068ليلى\u2069 now"},
		{"isolates that do not end", "\u2066a\u2067b\u2068c\u2069", "\u2066a\u2067b\u2068c\u2069\u2069\u2069"},
		{"ends of nothing", "a\u2069\u2069b\u2066c\u2069\u2069", "ab\u2066c\u2069"},
		{"lines", "one\r\ntwo\tthree\u2028four\u2029five", "one  two three four five"},
		{"controls", "a\x00b\x1bc\u0085d\x7f", "a b c d "},
		{"not UTF-8", "a\xffb\n", "a\ufffdb "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := printable(test.text); got != test.want {
				t.Errorf("%+q, want %+q", got, test.want)
			}
		})
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("photo\u202egnp.exe")
	f.Add("\u2066\u2067\u2068\u2069\u2069\n")
	f.Add("\xff\u2029")
	f.Fuzz(func(t *testing.T, text string) {
		got := printable(text)
		if again := printable(got); again != got {
			t.Errorf("%+q becomes %+q and then %+q", text, got, again)
		}
		if !balanced(got) {
			t.Errorf("%+q becomes %+q, in which an isolate ends elsewhere", text, got)
		}
		if utf8.ValidString(text) && strings.ContainsAny(got, "\u202a\u202b\u202c\u202d\u202e\n\r\x00") {
			t.Errorf("%+q becomes %+q", text, got)
		}
	})
}

// balanced reports whether every isolate ends, and nothing that is none.
func balanced(text string) bool {
	open := 0
	for _, r := range text {
		switch r {
		case '\u2066', '\u2067', '\u2068':
			open++
		case '\u2069':
			open--
		}
		if open < 0 {
			return false
		}
	}
	return open == 0
}

// TestNoNameTurnsItsSurroundings: on no page does the direction of a text reach beyond it.
func TestNoNameTurnsItsSurroundings(t *testing.T) {
	const text = "\u202e\u2067Ada\u202b\u2069\u2069\u2066"
	written := pages(t, PrintOptions{Title: text, CutWords: text}, text)
	written["card"] = printed(t, PrintOptions{Title: text, CutWords: text}, PrintedCard{pageFace(text), pageCode(t, "1")})
	for name, page := range written {
		if strings.ContainsAny(page, "\u202a\u202b\u202c\u202d\u202e") || !balanced(page) {
			t.Errorf("%s: a text turns what stands beside it", name)
		}
		if !strings.Contains(page, "\u2067Ada\u2069\u2066\u2069") {
			t.Errorf("%s: the text is not printed", name)
		}
	}
}
