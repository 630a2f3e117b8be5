package web

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTheScannerAloneMayCompileAndLook: the decoder of the scanner page is WebAssembly and its eye the camera; no other page may have either.
func TestTheScannerAloneMayCompileAndLook(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b, person := app.signedIn(t, "Ada Example")
	home := "/patients/" + string(person.Patient(t, "adult"))
	may := func(w *httptest.ResponseRecorder) (compile, look bool) {
		return strings.Contains(w.Header().Get("Content-Security-Policy"), "wasm-unsafe-eval"),
			!strings.Contains(w.Header().Get("Permissions-Policy"), "camera=()")
	}
	w := b.get("/scan")
	if compile, look := may(w); !compile || !look || !strings.Contains(w.Header().Get("Permissions-Policy"), "camera=(self)") {
		t.Errorf("the scanner cannot work: %v", w.Header())
	}
	if !strings.Contains(w.Body.String(), "js/scan/main.js") || w.Header().Get("Cache-Control") != noCache {
		t.Errorf("/scan answers %q", w.Header().Get("Cache-Control"))
	}
	for _, path := range []string{"/", "/c/x", "/s", "/code", "/signin", "/exit", "/nothing", "/sw.js", home, home + "/cards", home + "/cards/new"} {
		if compile, look := may(b.get(path)); compile || look {
			t.Errorf("%s may compile: %v, may use the camera: %v", path, compile, look)
		}
	}
	if page := b.page("/scan?lang=de"); !strings.Contains(page, `<html lang="de"`) {
		t.Error("?lang=de does not give the German page")
	}
	for _, path := range []string{"/code", "/"} {
		if !strings.Contains(app.browser(t).page(path), `href="/scan"`) {
			t.Errorf("%s does not lead to the scanner", path)
		}
	}
}

// TestAShortAddressIsReadByTheReaderPage: the page for an address with a short code is the reader page, byte for byte.
func TestAShortAddressIsReadByTheReaderPage(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	b := app.browser(t)
	for _, lang := range []string{"en", "ar", "ja"} {
		card, short := b.get("/c/AAAAAAAAAAAAAAAAAAAAAA?lang="+lang), b.get("/s?lang="+lang)
		if card.Body.String() != short.Body.String() || headersOf(card) != headersOf(short) {
			t.Errorf("%s: the two pages differ", lang)
		}
	}
}
