package web

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/locket-health/locket/emergency/locale"
)

// langCookie remembers the console's language. The reader page remembers its own in the browser.
const langCookie = "lang"

// maxAccepted bounds how many Accept-Language headers are remembered. There are some hundreds in the wild; clients can write any number.
const maxAccepted = 2048

// accepted remembers which language an Accept-Language header leads to: matching one costs more than the rest of a scan's handling.
type accepted struct {
	catalog *locale.Catalog
	known   sync.Map // header -> locale.Lang
	size    atomic.Int64
}

func (a *accepted) match(header string) locale.Lang {
	if lang, ok := a.known.Load(header); ok {
		return lang.(locale.Lang)
	}
	lang := a.catalog.Match(header, "")
	if a.size.Load() < maxAccepted {
		if _, there := a.known.LoadOrStore(header, lang); !there {
			a.size.Add(1)
		}
	}
	return lang
}

// override is the language that the address asks for, "" if none.
func override(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get("lang")
}

// language chooses the language of the console's pages and of the API's words.
func (s *Server) language(r *http.Request) locale.Lang {
	wanted := override(r)
	if wanted == "" {
		if cookie, err := r.Cookie(langCookie); err == nil {
			wanted = cookie.Value
		}
	}
	if wanted == "" {
		return s.accepted.match(r.Header.Get("Accept-Language"))
	}
	return s.Catalog.Match(r.Header.Get("Accept-Language"), wanted)
}

// rememberLanguage keeps a language that was asked for by ?lang= in the browser.
func (x *exchange) rememberLanguage() {
	if override(x.r) == "" {
		return
	}
	http.SetCookie(x.w, &http.Cookie{Name: langCookie, Value: x.lang.Code, Path: "/", MaxAge: 365 * 24 * 3600,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
