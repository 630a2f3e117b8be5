package static_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/locket-health/locket/emergency/locale"
	"github.com/locket-health/locket/static"
)

func scanPage(t *testing.T, assets *static.Assets, catalog *locale.Catalog, lang locale.Lang) string {
	t.Helper()
	page, err := assets.Templates(nil, static.ScanTemplate)
	if err != nil {
		t.Fatal(err)
	}
	data := static.ScanPage{Lang: lang.Code, Dir: lang.Dir, Issuer: "locket.example", T: catalog.Bind(lang.Code)}
	for _, each := range catalog.Languages() {
		data.Languages = append(data.Languages, static.Language{Code: each.Code, Name: each.Name, Dir: each.Dir})
	}
	var html bytes.Buffer
	if err := page.ExecuteTemplate(&html, static.ScanTemplate, data); err != nil {
		t.Fatal(err)
	}
	return html.String()
}

func TestScanPageFitsItsPolicy(t *testing.T) {
	assets, catalog := build(t), words(t)
	policy := static.ScanPolicy()
	for _, lang := range catalog.Languages() {
		html := scanPage(t, assets, catalog, lang)
		sheets := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(html, -1)
		if len(sheets) != 2 {
			t.Fatalf("%s: %d style sheets", lang.Code, len(sheets))
		}
		for _, sheet := range sheets {
			sum := sha256.Sum256([]byte(sheet[1]))
			if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, hash) {
				t.Errorf("%s: the policy does not name the inlined style %s", lang.Code, hash)
			}
		}
		for _, bad := range []string{` style="`, ` onclick`, `<script>`, `http://`, `https://`, `ZgotmplZ`, `scan.title`} {
			if strings.Contains(strings.ReplaceAll(html, `data-say="scan.title"`, ""), bad) {
				t.Errorf("%s: the page contains %q", lang.Code, bad)
			}
		}
		if !strings.Contains(html, `<html lang="`+lang.Code+`" dir="`+lang.Dir+`">`) {
			t.Errorf("%s: the page does not say its language and direction", lang.Code)
		}
	}
}

func TestOnlyTheScannerMayCompile(t *testing.T) {
	scan, reader := static.ScanPolicy(), static.ContentSecurityPolicy(static.ReaderStyle)
	if !strings.Contains(scan, "script-src 'self' 'wasm-unsafe-eval';") || strings.Count(scan, "unsafe") != 1 {
		t.Errorf("the scanner's policy allows less or more than to compile: %s", scan)
	}
	if strings.Contains(reader, "unsafe") || strings.Contains(reader, "manifest-src") {
		t.Errorf("the reader's policy allows what only the scanner needs: %s", reader)
	}
	for _, same := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types locket"} {
		if !strings.Contains(scan, same) {
			t.Errorf("the scanner's policy lacks %s", same)
		}
	}
}

func TestReaderPageNeedsNothingOfTheScanner(t *testing.T) {
	assets, catalog := build(t), words(t)
	html := string(readerPage(t, assets, catalog, catalog.Match("", "en"), false))
	for _, part := range []string{"js/scan/", "vendor/", "icons/", "manifest"} {
		if strings.Contains(html, part) {
			t.Errorf("whoever finds a person downloads %s", part)
		}
	}
	sources(t, "js/reader", ".js", func(name, text string) {
		if strings.Contains(text, "../scan/") || strings.Contains(text, "vendor/") {
			t.Errorf("%s loads a part of the scanner", name)
		}
	})
}

func TestScannerKeepsWhatItScansToItself(t *testing.T) {
	exits := regexp.MustCompile(`fetch\(|sendBeacon|XMLHttpRequest|WebSocket|EventSource|RTCPeerConnection|document\.cookie|indexedDB|window\.open`)
	sources(t, "js/scan", ".js", func(name, text string) {
		if found := exits.FindString(text); found != "" {
			t.Errorf("%s has a way out: %s", name, found)
		}
	})
}

func TestWorkerKeepsTheScannerApart(t *testing.T) {
	assets := build(t)
	head, _, _ := strings.Cut(string(assets.ServiceWorker()), ";\n")
	var build struct{ Files, Scan []string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(head, "const BUILD = ")), &build); err != nil {
		t.Fatal(err)
	}
	kept := strings.Join(build.Scan, " ")
	for _, file := range []string{"js/scan/main.js", "js/scan/classify.js", "vendor/zxing-wasm/dist/reader/zxing_reader.wasm", "vendor/zxing-wasm/dist/es/share.js",
		"locales/en/scan.json", "manifest.webmanifest", "icons/icon-512.png"} {
		if !strings.Contains(kept, assets.URL(file)) {
			t.Errorf("the scanner without a network lacks %s", file)
		}
		if strings.Contains(strings.Join(build.Files, " "), assets.URL(file)) {
			t.Errorf("every finder downloads %s", file)
		}
	}
}

func TestManifestNamesIconsThatAreThere(t *testing.T) {
	assets := build(t)
	file, found := assets.Open(assets.Hash(), "manifest.webmanifest")
	if !found || file.ContentType != "application/manifest+json" {
		t.Fatalf("the manifest is served as %q", file.ContentType)
	}
	var manifest struct {
		Name, Display string
		StartURL      string `json:"start_url"`
		Icons         []struct{ Src, Sizes, Type, Purpose string }
	}
	if err := json.Unmarshal(file.Body, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Name != "Locket" || manifest.StartURL != "/scan" || manifest.Display != "standalone" {
		t.Errorf("the manifest says %+v", manifest)
	}
	seen := map[string]bool{}
	for _, icon := range manifest.Icons {
		picture, found := assets.Open(assets.Hash(), path.Clean(icon.Src))
		if !found {
			t.Errorf("there is no icon %s", icon.Src)
			continue
		}
		config, err := png.DecodeConfig(bytes.NewReader(picture.Body))
		if got := fmt.Sprintf("%dx%d", config.Width, config.Height); err != nil || got != icon.Sizes || picture.ContentType != icon.Type {
			t.Errorf("%s is %s, %s: %v", icon.Src, got, picture.ContentType, err)
		}
		seen[icon.Sizes+" "+icon.Purpose] = true
	}
	for _, needed := range []string{"192x192 ", "512x512 ", "512x512 maskable"} {
		if !seen[needed] {
			t.Errorf("there is no icon of %s", needed)
		}
	}
}
