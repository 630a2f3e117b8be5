package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/static"
)

// Budgets in compressed bytes. The first is one initial congestion window: the page paints after one round trip. The second has room for the
// languages whose letters take two bytes and more; in Latin letters it is kept below 60 KB.
const (
	firstResponse = 14 << 10
	wholeFront    = 64 << 10
)

// build gathers the assets with the real labels and dictionary, as emergency/web does at start.
func build(t *testing.T) *static.Assets {
	t.Helper()
	catalogue, err := terms.Load()
	if err != nil {
		t.Fatal(err)
	}
	dictionary, err := os.ReadFile(filepath.Join("..", "emergency", "summary", "dictionary", "1.txt"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{""}
	for _, term := range catalogue.All() {
		keys = append(keys, term.Key)
	}
	list, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	generated := map[string][]byte{"dictionary-1.bin": dictionary, "labels/keys.json": list}
	for _, lang := range catalogue.Languages() {
		if generated["labels/"+lang+".json"], err = catalogue.LabelsJSON(lang); err != nil {
			t.Fatal(err)
		}
	}
	assets, err := static.New(generated)
	if err != nil {
		t.Fatal(err)
	}
	return assets
}

func words(t *testing.T) *locale.Catalog {
	t.Helper()
	catalog, err := locale.Load(static.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return catalog
}

func readerPage(t *testing.T, assets *static.Assets, catalog *locale.Catalog, lang locale.Lang, demo bool) []byte {
	t.Helper()
	page, err := assets.Templates(nil, static.ReaderTemplate)
	if err != nil {
		t.Fatal(err)
	}
	data := static.ReaderPage{Lang: lang.Code, Dir: lang.Dir, Demo: demo, Issuer: "locket.example", T: catalog.Bind(lang.Code)}
	for _, each := range catalog.Languages() {
		data.Languages = append(data.Languages, static.Language{Code: each.Code, Name: each.Name, Dir: each.Dir})
	}
	var html bytes.Buffer
	if err := page.ExecuteTemplate(&html, static.ReaderTemplate, data); err != nil {
		t.Fatal(err)
	}
	return html.Bytes()
}

func packed(t *testing.T, body []byte) int {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

var addresses = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

func TestReaderPageKeepsItsBudget(t *testing.T) {
	assets, catalog := build(t), words(t)
	for _, lang := range catalog.Languages() {
		html := readerPage(t, assets, catalog, lang, true)
		first := packed(t, html)
		whole := first
		seen := map[string]bool{}
		for _, found := range addresses.FindAllSubmatch(html, -1) {
			seen[strings.TrimPrefix(string(found[1]), static.Prefix+assets.Hash()+"/")] = true
		}
		for path := range seen {
			file, found := assets.Open(assets.Hash(), path)
			if !found {
				t.Fatalf("%s: the page asks for %s, which does not exist", lang.Code, path)
			}
			if file.Gzip == nil {
				whole += len(file.Body)
			} else {
				whole += len(file.Gzip)
			}
		}
		t.Logf("%s: first response %d bytes, whole front %d bytes in %d requests", lang.Code, first, whole, len(seen)+1)
		if first > firstResponse {
			t.Errorf("%s: the first response is %d bytes compressed, at most %d", lang.Code, first, firstResponse)
		}
		if whole > wholeFront {
			t.Errorf("%s: a front takes %d bytes compressed, at most %d", lang.Code, whole, wholeFront)
		}
	}
}

func TestReaderPageAsksForEveryScriptAtOnce(t *testing.T) {
	assets, catalog := build(t), words(t)
	html := string(readerPage(t, assets, catalog, catalog.Match("", "en"), false))
	for _, path := range assets.Paths() {
		if strings.HasPrefix(path, "js/reader/") && !strings.Contains(html, assets.URL(path)) {
			t.Errorf("%s is found only after another script was read", path)
		}
	}
}

func TestReaderPageFitsItsPolicy(t *testing.T) {
	assets, catalog := build(t), words(t)
	for _, lang := range catalog.Languages() {
		html := string(readerPage(t, assets, catalog, lang, true))
		start, end := strings.Index(html, "<style>")+len("<style>"), strings.Index(html, "</style>")
		sum := sha256.Sum256([]byte(html[start:end]))
		hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		policy := static.ContentSecurityPolicy(static.ReaderStyle)
		if !strings.Contains(policy, hash) {
			t.Errorf("%s: the policy does not name the inlined style %s: %s", lang.Code, hash, policy)
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("the policy allows something unsafe: %s", policy)
		}
		for _, bad := range []string{` style="`, ` onclick`, `<script>`, `http://`, `https://`, `ZgotmplZ`} {
			if strings.Contains(html, bad) {
				t.Errorf("%s: the page contains %q", lang.Code, bad)
			}
		}
		if !strings.Contains(html, `<html lang="`+lang.Code+`" dir="`+lang.Dir+`">`) {
			t.Errorf("%s: the page does not say its language and direction", lang.Code)
		}
	}
}

func TestReaderPageSaysWhenItIsADemo(t *testing.T) {
	assets, catalog := build(t), words(t)
	for _, demo := range []bool{true, false} {
		html := string(readerPage(t, assets, catalog, catalog.Match("", "en"), demo))
		if got := strings.Contains(html, catalog.T("en", "reader.demo")); got != demo {
			t.Errorf("demo %v: the mark is there: %v", demo, got)
		}
	}
}

// A language without words of its own (the pseudo-languages) must not break the page.
func TestReaderPageInAPseudoLanguage(t *testing.T) {
	assets, catalog := build(t), words(t)
	html := string(readerPage(t, assets, catalog, catalog.Match("", "ar-XB"), false))
	if !strings.Contains(html, `dir="rtl"`) || !strings.HasSuffix(html, "</html>\n") {
		t.Error("the page is not whole, or not from right to left")
	}
}

// The issuer's name comes from a flag; the page must not become another page by it.
func TestReaderPageEscapesItsData(t *testing.T) {
	assets, catalog := build(t), words(t)
	page, err := assets.Templates(nil, static.ReaderTemplate)
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	data := static.ReaderPage{Lang: "en", Dir: "ltr", Issuer: `"><script>alert(1)</script>`, T: catalog.Bind("en")}
	if err := page.ExecuteTemplate(&html, static.ReaderTemplate, data); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(html.String(), "<script>alert") {
		t.Error("the issuer's name became markup")
	}
}

func TestTemplatesNameOnlyWhatExists(t *testing.T) {
	assets := build(t)
	if _, err := assets.Templates(nil, "no-such-page.html"); err == nil {
		t.Error("a template that does not exist was parsed")
	}
	page, err := assets.Templates(nil, static.ReaderTemplate)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := page.New("broken").Parse(`{{asset "js/reader/gone.js"}}`); err != nil {
		t.Fatal(err)
	}
	if err := page.ExecuteTemplate(new(bytes.Buffer), "broken", nil); err == nil {
		t.Error("a page that asks for a missing asset was rendered")
	}
}

// sources calls check with every file of ours below a folder that a browser gets.
func sources(t *testing.T, folder, suffix string, check func(name, text string)) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, suffix) {
			return err
		}
		text, err := os.ReadFile(name)
		count++
		check(name, string(text))
		return err
	})
	if err != nil || count == 0 {
		t.Fatalf("%d files read: %v", count, err)
	}
}

func TestScriptsMakeNoMarkupOfText(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setHTMLUnsafe|DOMParser|srcdoc|javascript:`)
	sources(t, "js", ".js", func(name, text string) {
		if found := forbidden.FindString(text); found != "" {
			t.Errorf("%s uses %s", name, found)
		}
		if !strings.HasPrefix(text, "// @ts-check\n") {
			t.Errorf("%s is not checked for types", name)
		}
	})
}

// Words run in both directions, so styles speak of start and end.
func TestStylesHaveNoSides(t *testing.T) {
	sides := regexp.MustCompile(`\b(left|right)\b`)
	comment := regexp.MustCompile(`(?s)/\*.*?\*/`)
	sources(t, "css", ".css", func(name, text string) {
		text = comment.ReplaceAllString(text, "")
		if found := sides.FindString(text); found != "" {
			t.Errorf("%s says %q", name, found)
		}
		if strings.Contains(text, "@import") || strings.Contains(text, "http") || strings.Contains(text, "@font-face") {
			t.Errorf("%s loads something from elsewhere", name)
		}
	})
}

// A10: the card's secret leaves the browser in the one request that opens the glass.
func TestOnlyTheOpenRequestCarriesTheSecret(t *testing.T) {
	asking := []string{"open.js", "status.js", "keys.js", "words.js", "shortcode.js", "lists.js", "receipts.js", "post.js", "badge.js"}
	exits := regexp.MustCompile(`sendBeacon|XMLHttpRequest|WebSocket|EventSource|RTCPeerConnection|document\.cookie`)
	for _, folder := range []string{"js/reader", "js/glass", "js/offline", "js/place"} {
		sources(t, folder, ".js", func(name, text string) {
			base := filepath.Base(name)
			if strings.Contains(text, "fetch(") && !slices.Contains(asking, base) {
				t.Errorf("%s makes requests of its own", name)
			}
			if exits.MatchString(text) || strings.Contains(text, "indexedDB") && base != "store.js" {
				t.Errorf("%s has another way out", name)
			}
			if strings.Contains(text, "secret)") && base != "open.js" && base != "glass.js" {
				t.Errorf("%s handles the secret", name)
			}
		})
	}
}
