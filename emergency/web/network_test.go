package web

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, test := range []struct {
		name      string
		peer      string
		forwarded []string
		want      string
	}{
		{"direct", "203.0.113.7:4711", nil, "203.0.113.7"},
		{"direct, header made up", "203.0.113.7:4711", []string{"198.51.100.1"}, "203.0.113.7"},
		{"behind a proxy", "10.0.0.1:80", []string{"203.0.113.7"}, "203.0.113.7"},
		{"left part made up", "10.0.0.1:80", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		{"two headers, first made up", "10.0.0.1:80", []string{"198.51.100.1", "203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "10.0.0.1:80", []string{"203.0.113.7, 10.2.3.4"}, "203.0.113.7"},
		{"proxy address made up on the left", "10.0.0.1:80", []string{"10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		{"garbage on the right", "10.0.0.1:80", []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		{"garbage further left", "10.0.0.1:80", []string{"<script>, 203.0.113.7"}, "203.0.113.7"},
		{"empty", "10.0.0.1:80", []string{""}, "10.0.0.1"},
		{"only proxies", "10.0.0.1:80", []string{"10.2.3.4"}, "10.2.3.4"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:4711", nil, "203.0.113.7"},
		{"IPv6 with zone", "[fe80::1%eth0]:4711", nil, "fe80::1"},
		{"IPv6 behind a proxy", "[fd00::1]:80", []string{"2001:db8::7"}, "2001:db8::7"},
		{"no address", "@", nil, "invalid IP"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			if got := clientAddress(r, proxies).String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestNetworksNameNobody(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.77":               "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6":       "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:4:5:ffff": "2001:db8:1:2::/64",
	} {
		if got := network(netip.MustParseAddr(address)); got != want {
			t.Errorf("network(%s) = %s, want %s", address, got, want)
		}
	}
	if got := network(netip.Addr{}); got != "" {
		t.Errorf("an unknown address has the network %q", got)
	}
	if a, b := guesser(netip.MustParseAddr("2001:db8::1")), guesser(netip.MustParseAddr("2001:db8::ffff:1")); a != b {
		t.Errorf("two addresses of one /64 are counted apart: %s, %s", a, b)
	}
}
