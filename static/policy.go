package static

import (
	"crypto/sha256"
	"encoding/base64"
)

// TrustedTypesPolicy is the one policy that the pages' scripts may create. All it does is to name the service worker's address, the only
// script address that is ever given to the browser by a script.
const TrustedTypesPolicy = "locket"

// StyleHash is the CSP source ('sha256-...') of css/NAME.css when a template inlines it with "style NAME".
func StyleHash(name string) (string, error) {
	text, err := public.ReadFile("css/" + name + ".css")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", nil
}

// ContentSecurityPolicy is the header value that the reader page and the console are written for. Styles names the inlined style sheets of
// the page ("reader"), and one that does not exist panics, as it can only be a slip in the program; no page has an inline script, an inline style attribute or a foreign host.
func ContentSecurityPolicy(styles ...string) string { return policy("'self'", styles) }

// ScanPolicy is the header value of the scanner page, the only one that may compile WebAssembly (its decoder) and be installed. Together with it
// the page needs a Permissions-Policy with camera=(self).
func ScanPolicy() string {
	return policy("'self' 'wasm-unsafe-eval'", []string{ReaderStyle, ScanStyle}) + "; manifest-src 'self'"
}

func policy(scripts string, styles []string) string {
	sources := "'self'"
	for _, name := range styles {
		sources += " " + must(StyleHash(name))
	}
	return "default-src 'none'; script-src " + scripts + "; style-src " + sources + "; img-src 'self' data:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types " + TrustedTypesPolicy
}
