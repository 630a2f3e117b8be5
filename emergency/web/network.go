package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Bits of a client's address that are kept and counted by. One household or one phone owns a whole IPv6 /64, so anything longer would give a
// guesser as many counters as it likes.
const (
	networkBits4 = 24
	networkBits6 = 64
)

// clientAddress is the address that a request comes from. X-Forwarded-For is believed only as far as trusted proxies wrote it: the client can
// put anything at its beginning, so it is read from its end until an address that no proxy of ours has. The zero Addr means unknown.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap().WithZone("")
	if !within(client, trusted) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return client // whatever stands further left was written by nobody whom we trust
		}
		client = address.Unmap().WithZone("")
		if !within(client, trusted) {
			return client
		}
	}
	return client
}

func within(address netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address) })
}

// network truncates an address so that it no longer names one machine: "203.0.113.0/24", "2001:db8::/64", "" for an unknown one.
func network(address netip.Addr) string {
	bits := networkBits6
	if address.Is4() {
		bits = networkBits4
	}
	prefix, err := address.Prefix(bits)
	if err != nil || !prefix.IsValid() {
		return ""
	}
	return prefix.String()
}

// guesser is what limits count by: a whole IPv4 address, for many people share one already, and the /64 of an IPv6 one.
func guesser(address netip.Addr) netip.Addr {
	if address.Is4() {
		return address
	}
	prefix, err := address.Prefix(networkBits6)
	if err != nil {
		return netip.Addr{}
	}
	return prefix.Addr()
}
