package web

import "strings"

// scanPermissions are those of the scanner page, the only one that may ask for the camera.
var scanPermissions = strings.Replace(permissions, "camera=()", "camera=(self)", 1)

// scanner serves the page that looks for a card with the camera of the device, or by a tag. It is the same for everybody, like the reader's.
func (s *Server) scanner(x *exchange) error {
	x.w.Header().Set("Permissions-Policy", scanPermissions)
	return x.fixed(s.scanners, s.scanPolicy)
}
