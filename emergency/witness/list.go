package witness

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/locket-health/locket/audit"
)

// ErrList says that a list of witnesses is not understood.
var ErrList = errors.New("the list of witnesses is not understood")

const (
	maxList      = 64 << 10
	maxWitnesses = 16
)

// Witness is whom to ask, and where.
type Witness struct {
	Key audit.Witness
	URL string // submission prefix: https, or http on this machine
}

// ParseList reads a list of witnesses: a line each with vkey and address, empty lines, and lines that begin with #. It returns an error that wraps [ErrList].
func ParseList(text []byte) ([]Witness, error) {
	if len(text) > maxList {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrList, maxList)
	}
	var list []Witness
	seen := map[string]bool{}
	number := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%w: line %d is not a verifier key and an address", ErrList, number)
		}
		key, err := audit.ParseWitness(fields[0])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrList, number, err)
		}
		if !isAddress(fields[1]) {
			return nil, fmt.Errorf("%w: line %d: the address is not https://host/path, or http on this machine", ErrList, number)
		}
		if seen[key.Name()] {
			return nil, fmt.Errorf("%w: line %d names %s again", ErrList, number, key.Name())
		}
		seen[key.Name()] = true
		list = append(list, Witness{Key: key, URL: strings.TrimSuffix(fields[1], "/")})
	}
	if len(list) > maxWitnesses {
		return nil, fmt.Errorf("%w: it names more than %d", ErrList, maxWitnesses)
	}
	return list, nil
}

// isAddress reports whether a witness can be asked there: what is sent is public, but what comes back must be the witness's.
func isAddress(text string) bool {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return false
	}
	ip := net.ParseIP(address.Hostname())
	return address.Scheme == "https" || address.Scheme == "http" && (address.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
