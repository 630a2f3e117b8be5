package web

import (
	"net/http"

	"github.com/locket-health/locket/static"
)

// Cache-Control values. What is not said to be public is of somebody, so noStore is the default.
const (
	noStore   = "no-store"
	noCache   = "no-cache"
	fiveMin   = "public, max-age=300"
	immutable = "public, max-age=31536000, immutable"
)

// permissions switches off every power that a page could ask of the browser but passkeys.
const permissions = "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(), gamepad=(), geolocation=(), " +
	"gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), " +
	"screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"

// header is one line of an answer, its value in the form that http.Header keeps.
type header struct {
	name   string
	values []string
}

// defaultHeaders are on every answer, also on those of middleware and of no route. A handler may set one anew. The values are made once and
// shared by all answers: http.Header replaces a slice or copies it on growth, it never writes into one.
func defaultHeaders(secure bool) []header {
	lines := [][2]string{
		{"Cache-Control", noStore},
		{"Content-Security-Policy", static.ContentSecurityPolicy()},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", permissions},
		{"Referrer-Policy", "no-referrer"},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Robots-Tag", "noindex, nofollow"},
	}
	if secure {
		lines = append(lines, [2]string{"Strict-Transport-Security", "max-age=63072000"})
	}
	headers := make([]header, len(lines))
	for i, line := range lines {
		headers[i] = header{line[0], []string{line[1]}}
	}
	return headers
}

// readerPolicy is the policy of the reader page, which inlines its style sheet.
func readerPolicy() string { return static.ContentSecurityPolicy(static.ReaderStyle) }

// printPolicy is the policy of a page to be printed: nothing but the page itself, its own style sheet and pictures inside it.
func printPolicy(nonce string) string {
	return "default-src 'none'; style-src 'nonce-" + nonce + "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// public marks an answer that any cache may keep: it is the same for everybody and about nobody.
func public(w http.ResponseWriter, cache string) { w.Header().Set("Cache-Control", cache) }
