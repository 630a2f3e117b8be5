package web

import (
	"strings"

	"github.com/locket-health/locket/static"
)

// renderScanners makes the scanner page.
func (s *Server) renderScanners() (map[string]fixedPage, error) {
	return s.renderFixed(static.ScanTemplate, func(p static.ReaderPage) any { return static.ScanPage(p) })
}

// scanPermissions are those of the scanner page, the only one that may ask for the camera.
var scanPermissions = strings.Replace(permissions, "camera=()", "camera=(self)", 1)

// scanner serves the page that looks for a card with the camera of the device, or by a tag. It is the same for everybody, like the reader's.
func (s *Server) scanner(x *exchange) error {
	x.w.Header().Set("Permissions-Policy", scanPermissions)
	return x.fixed(s.scanners, s.scanPolicy)
}
