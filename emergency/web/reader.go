package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/static"
)

// scanPatience is how long the front waits for its log entry. A finder does not wait for our disk any longer than that.
const scanPatience = time.Second

// fixedPage is a page that is the same for everybody, as it is sent.
type fixedPage struct{ plain, gzip []byte }

// fixedPages are the languages of such a page. Each is made when it is first asked for: a scan then costs no template, and a start none of fourteen.
type fixedPages map[string]func() (fixedPage, error)

// fixedPages prepares a page. Data turns what every such page shows into the data of the template.
func (s *Server) fixedPages(template string, data func(static.ReaderPage) any) fixedPages {
	var menu []static.Language
	for _, lang := range s.Catalog.Languages() {
		menu = append(menu, static.Language{Code: lang.Code, Name: lang.Name, Dir: lang.Dir})
	}
	pages := make(fixedPages, len(menu))
	for _, lang := range menu {
		shown := static.ReaderPage{Lang: lang.Code, Dir: lang.Dir, Demo: s.Demo, Issuer: s.host(), Languages: menu, T: s.Catalog.Bind(lang.Code)}
		pages[lang.Code] = sync.OnceValues(func() (fixedPage, error) {
			page, err := s.renderFixed(template, data(shown))
			if err != nil {
				err = fmt.Errorf("web: the page %s in %s: %w", template, lang.Code, err)
			}
			return page, err
		})
	}
	return pages
}

func (s *Server) renderFixed(template string, data any) (fixedPage, error) {
	var plain, packed bytes.Buffer
	if err := s.pages.ExecuteTemplate(&plain, template, data); err != nil {
		return fixedPage{}, err
	}
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return fixedPage{}, err
	}
	if _, err := writer.Write(plain.Bytes()); err != nil {
		return fixedPage{}, err
	}
	if err := writer.Close(); err != nil {
		return fixedPage{}, err
	}
	return fixedPage{plain.Bytes(), packed.Bytes()}, nil
}

// reader serves the page that reads a card: the same bytes for every id, known, revoked, unknown or no id at all. Whatever happens to the entry
// of the scan, the page is served: the front never locks.
func (s *Server) reader(x *exchange) error {
	if x.r.Method == http.MethodGet {
		s.metrics.scans.WithLabelValues(s.scan(x)).Inc()
	}
	return s.readerPage(x)
}

// shortAddress serves the same page for an address that has room for a short code alone. The code stands after the #: finding its card is the scan.
func (s *Server) shortAddress(x *exchange) error { return s.readerPage(x) }

// readerPermissions are those of the reader page, the only one that may ask where the device is: a responder may tell the family.
var readerPermissions = strings.Replace(permissions, "geolocation=()", "geolocation=(self)", 1)

func (s *Server) readerPage(x *exchange) error {
	x.w.Header().Set("Permissions-Policy", readerPermissions)
	return x.fixed(s.readers, s.readerPolicy)
}

// fixed answers one of the pages that are the same for everybody, in the language of whoever asks.
func (x *exchange) fixed(pages fixedPages, policy string) error {
	made, found := pages[x.readerLanguage()]
	if !found {
		made = pages["en"]
	}
	page, err := made()
	if err != nil {
		return err
	}
	header := x.w.Header()
	header.Set("Cache-Control", noCache) // nobody's data; the service worker keeps it for the day without a network
	header.Set("Content-Security-Policy", policy)
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Vary", "Accept-Language, Accept-Encoding")
	body := page.plain
	if takesGzip(x.r) {
		header.Set("Content-Encoding", "gzip")
		body = page.gzip
	}
	return x.write(body)
}

// scan makes the entry of a scan and says what became of it.
func (s *Server) scan(x *exchange) string {
	id, err := cards.ParseID(x.variable("id"))
	if err != nil {
		return "none"
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), scanPatience)
	defer cancel()
	if err := s.scanOrTap(ctx, x, id); err != nil {
		s.Logger.WarnContext(ctx, "a scan was served without its entry", "id", recorderOf(x.w).id, "error", err)
		return "failed"
	}
	return "done"
}

// readerLanguage is the language of the reader page: asked for by ?lang=, else accepted. The console's cookie is not looked at: a finder's
// page must not depend on who else used the phone.
func (x *exchange) readerLanguage() string {
	if wanted := override(x.r); wanted != "" {
		return x.Catalog.Match(x.r.Header.Get("Accept-Language"), wanted).Code
	}
	return x.accepted.match(x.r.Header.Get("Accept-Language")).Code
}

// serviceWorker serves the script that keeps the reader page for the day without a network.
func (s *Server) serviceWorker(x *exchange) error {
	public(x.w, noCache)
	return x.bytes("text/javascript; charset=utf-8", s.worker)
}

// passkeyEndpoints tells password managers where passkeys are made and managed (W3C, A Well-Known URL for Relying Party Passkey Endpoints).
func (s *Server) passkeyEndpoints(x *exchange) error {
	public(x.w, fiveMin)
	return x.json(map[string]string{"enroll": s.URL + "/account", "manage": s.URL + "/account"})
}

// robots keeps search engines out.
func (s *Server) robots(x *exchange) error {
	public(x.w, fiveMin)
	return x.bytes("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n"))
}
