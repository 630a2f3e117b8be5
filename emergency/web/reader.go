package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/static"
)

// scanPatience is how long the front waits for its log entry. A finder does not wait for our disk any longer than that.
const scanPatience = time.Second

// readerPage is the reader page of one language, as it is sent.
type readerPage struct{ plain, gzip []byte }

// renderReaders makes the reader page of every language once: a scan then costs no template.
func (s *Server) renderReaders() (map[string]readerPage, error) {
	var menu []static.Language
	for _, lang := range s.Catalog.Languages() {
		menu = append(menu, static.Language{Code: lang.Code, Name: lang.Name, Dir: lang.Dir})
	}
	pages := make(map[string]readerPage, len(menu))
	for _, lang := range menu {
		var plain, packed bytes.Buffer
		err := s.pages.ExecuteTemplate(&plain, static.ReaderTemplate, static.ReaderPage{Lang: lang.Code, Dir: lang.Dir, Demo: s.Demo,
			Issuer: s.host(), Languages: menu, T: s.Catalog.Bind(lang.Code)})
		if err != nil {
			return nil, fmt.Errorf("web: the reader page in %s: %w", lang.Code, err)
		}
		writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		if _, err := writer.Write(plain.Bytes()); err != nil {
			return nil, err
		}
		if err := writer.Close(); err != nil {
			return nil, err
		}
		pages[lang.Code] = readerPage{plain.Bytes(), packed.Bytes()}
	}
	return pages, nil
}

// reader serves the page that reads a card: the same bytes for every id, known, revoked, unknown or no id at all. Whatever happens to the entry
// of the scan, the page is served: the front never locks.
func (s *Server) reader(x *exchange) error {
	if x.r.Method == http.MethodGet {
		s.metrics.scans.WithLabelValues(s.scan(x)).Inc()
	}
	page, found := s.readers[x.readerLanguage()]
	if !found {
		page = s.readers["en"]
	}
	header := x.w.Header()
	header.Set("Cache-Control", noCache) // nobody's data; the service worker keeps it for the day without a network
	header.Set("Content-Security-Policy", s.readerPolicy)
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
	if err := s.Service.Scan(ctx, x.caller, id); err != nil {
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

// issuerKeys serves the keys that fronts are checked with, to anybody's page.
func (s *Server) issuerKeys(x *exchange) error {
	x.everybodysBusiness(fiveMin)
	return x.bytes("application/json", s.Keys)
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
