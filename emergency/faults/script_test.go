//go:build linux

package faults

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/emergencytest"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// corpus is what somebody writes into a field so that a page, a picture or a terminal obeys it.
var corpus = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</title><script>alert(1)</script>`, `</style><script>alert(1)</script>`,
	`javascript:alert(1)`, `<a href="javascript:alert(1)">call</a>`, `{{.Name}}{{template "x"}}`, `<!--`, `]]><script>alert(1)</script>`, `&lt;script&gt;alert(1)&lt;/script&gt;`,
	"\u2028alert(1)\u2029", `<iframe srcdoc="<script>alert(1)</script>">`, `=cmd|' /C calc'!A0`, "\x1b]0;owned\x07\x1b[2J\x1b[31mVERIFIED", "\u009b31m", "\u202eDEIFIREV",
	"VERIFIED\r\nVERIFIED", "a\u0000b", `<math><mi//xlink:href="data:x,<script>alert(1)</script>">`, `<body onload=alert(1)>`,
}

// laced is a document in which every text that people read is one of the corpus, from a place in it onwards.
func laced(t testing.TB, document []byte, from int) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(document, &root); err != nil {
		t.Fatal(err)
	}
	next := from
	evil := func() string {
		next++
		return corpus[next%len(corpus)]
	}
	var lace func(name string, value any) any
	lace = func(name string, value any) any {
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				v[key] = lace(key, v[key])
			}
		case []any:
			for i := range v {
				v[i] = lace(name, v[i])
			}
		case string:
			switch name {
			case "text", "display", "family", "given", "prefix", "suffix", "line", "city", "postalCode", "district", "state", "title", "comment", "patientInstruction",
				"valueString", "name", "unit", "lotNumber", "manufacturer", "modelNumber", "serialNumber", "description", "div", "value":
				if !strings.HasPrefix(v, "urn:") && !strings.HasPrefix(v, "http") {
					return evil()
				}
			}
		}
		return value
	}
	made, err := json.Marshal(lace("", root))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var (
	element   = regexp.MustCompile(`<[!/]?([a-zA-Z][a-zA-Z0-9:-]*|--)([^>]*)>`)
	attribute = regexp.MustCompile(`\s([a-zA-Z_:][-a-zA-Z0-9_:.]*)\s*=`)
	quoted    = regexp.MustCompile(`"[^"]*"`)
)

// markup lists the elements of a page and the attributes of each.
func markup(page string) map[string]bool {
	found := map[string]bool{}
	for _, tag := range element.FindAllStringSubmatch(page, -1) {
		found["<"+tag[1]] = true
		for _, a := range attribute.FindAllStringSubmatch(quoted.ReplaceAllString(tag[2], `""`), -1) {
			found["<"+tag[1]+" "+a[1]] = true
		}
	}
	return found
}

// A11: script in every field of a document is text on the printed page, in the picture, in the files, on the terminal and in what is opened.
func TestScriptInEveryFieldIsText(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "")
	documents := map[string][]byte{}
	for _, name := range []string{"adult", "reference", "family-ar-daughter"} {
		plain := emergencytest.Load(name).Bundle
		documents[name] = plain
		for from := range 5 {
			documents[name+"-laced-"+string(rune('0'+from))] = laced(t, plain, from*5)
		}
	}
	issued := h.issue(t, documents)
	ordinary := map[string]map[string]bool{"card.html": {}, "card.svg": {}}
	for name, c := range issued {
		if !strings.Contains(name, "laced") {
			for file, known := range ordinary {
				maps.Copy(known, markup(string(content(t, filepath.Join(c.folder, file)))))
			}
		}
	}
	s := h.serve(t)
	laces := 0
	for name, c := range issued {
		for file, known := range ordinary {
			page := string(content(t, filepath.Join(c.folder, file)))
			for found := range markup(page) {
				if !known[found] {
					t.Errorf("%s: %s has %s>, which no ordinary card has", name, file, found)
				}
			}
			if found := obeyed(page); found != "" && !strings.HasPrefix(found, "U+20") { // marks of direction are in order where a name is isolated
				t.Errorf("%s: %s has %s", name, file, found)
			}
			laces += strings.Count(page, "alert(1)")
		}
		text := locket(t, "verify", "--data", h.dir, "--text", c.URL)
		if found := obeyed(text.stdout + text.stderr); found != "" || text.code != 0 {
			t.Errorf("%s: exit %d, the terminal gets %q: %q", name, text.code, found, text.stdout)
		}
		if lines := strings.Split(text.stdout, "\n"); len(lines) < 2 || strings.Contains(strings.Join(lines[1:], "\n"), "\nVERIFIED") {
			t.Errorf("%s: a line of the card looks like the verdict: %q", name, text.stdout)
		}
		if got := verify(t, "--data", h.dir, c.URL); got.Status != "verified" {
			t.Errorf("%s: %s", name, got.Status)
		}
		_, got, err := s.open(c)
		if err != nil || got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" || strings.Contains(string(got.body), "<script") {
			t.Errorf("%s: opened with %v, status %d, as %s", name, err, got.status, got.header.Get("Content-Type"))
		}
	}
	if laces < 20 {
		t.Errorf("%d pieces of script are on the cards: the test is not about what it says", laces)
	}
}

// A11: a forged front that a trusted key has signed cannot rule the terminal either, nor one that nobody trusts.
func TestForgedFrontCannotRuleTheTerminal(t *testing.T) {
	t.Parallel()
	shown := 0
	for i, evil := range corpus {
		address, trust := forged(t, frontOf(t, evil))
		ways := [][]string{{"--text", "--trust", trust}, {}}
		if i%3 == 0 { // what is said of the key is no words of the front
			ways = append(ways, []string{"--text"}, []string{"--trust", trust})
		}
		for _, args := range ways {
			result := locket(t, append(append([]string{"verify"}, args...), address.URL())...)
			if strings.Contains(result.stdout, "alert(1)") || strings.Contains(result.stdout, "DEIFIREV") {
				shown++
			}
			found := obeyed(result.stdout + result.stderr)
			if found != "" && (strings.Contains(strings.Join(args, " "), "--text") || !strings.HasPrefix(found, "U+20")) {
				t.Errorf("%q with %q: the terminal gets %s: %q", evil, args, found, result.stdout)
			}
		}
	}
	if shown < 20 {
		t.Errorf("%d texts were shown: the test is not about what it says", shown)
	}
}

// frontOf is a front whose name and whose one allergy are a text, also one that no encoder of ours would write. Two marks of the same length hold the
// places of the text; chance may make a pair that the encoder can shorten, and then another is drawn.
func frontOf(t testing.TB, text string) []byte {
	t.Helper()
	for range 1000 {
		marks := []string{mark(len(text)), mark(len(text))}
		front, err := summary.EncodeFront(summary.Front{Lang: "en", Identity: summary.FrontIdentity{Name: marks[0]},
			Items: []summary.FrontItem{{Section: section.Allergies, Text: marks[1]}}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(marks, func(m string) bool { return !bytes.Contains(front, []byte(m)) }) {
			for _, m := range marks {
				front = bytes.ReplaceAll(front, []byte(m), []byte(text))
			}
			return front
		}
	}
	t.Fatalf("no front holds a text of %d bytes as it is", len(text))
	return nil
}

// mark is a word of so many letters that nobody has written before.
func mark(length int) string {
	word := ""
	for len(word) < length {
		word += rand.Text()
	}
	return word[:length]
}
