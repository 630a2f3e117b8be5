package cards

import (
	"net/netip"
	"strconv"
	"strings"
)

// validHost reports whether s is host or host:port in the one spelling that we write: a lower-case ASCII name (RFC 1123,
// section 2.1; international names in their xn-- form, so that a look-alike is seen to be one), or an IP literal as in a URL.
func validHost(s string) bool {
	name, port := splitHost(s)
	if len(name) != len(s) {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '0' || port[0] == '+' {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		addr, err := netip.ParseAddr(inner)
		return ok && err == nil && addr.Is6() && addr.Zone() == "" && addr.String() == inner
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// splitHost parts host:port; without a port, name is s.
func splitHost(s string) (name, port string) {
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// loopback reports whether the host of a valid host:port is this machine itself, the only place where an address may do
// without TLS: browsers call it a secure context (W3C Secure Contexts, section 3.1).
func loopback(host string) bool {
	name, _ := splitHost(host)
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && addr.IsLoopback()
}
