package web

import "testing"

// A page that every finder may need is made for whoever asks first: in every language it can be.
func TestEveryFixedPageIsMade(t *testing.T) {
	s := newApp(t).Server
	for name, pages := range map[string]fixedPages{"reader": s.readers, "scanner": s.scanners, "badge": s.badges} {
		if len(pages) != len(s.Catalog.Languages()) {
			t.Errorf("the %s has %d languages, want %d", name, len(pages), len(s.Catalog.Languages()))
		}
		for lang, made := range pages {
			if page, err := made(); err != nil || len(page.plain) == 0 || len(page.gzip) == 0 {
				t.Errorf("the %s in %s: %v, %d bytes", name, lang, err, len(page.plain))
			}
		}
	}
}
