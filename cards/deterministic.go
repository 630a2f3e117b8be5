package cards

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// maxDepth bounds how deep arrays and maps of a summary may nest. Ours nest five deep.
const maxDepth = 16

// CBOR major types (RFC 8949, section 3.1).
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

// checkSummary reports whether b is exactly one deterministic CBOR item, a map or a byte string.
func checkSummary(b []byte) error {
	major, _, _, err := head(b)
	if err != nil {
		return err
	}
	if major != majorMap && major != majorBytes {
		return malformed("the summary is neither a map nor a byte string")
	}
	rest, err := item(b, maxDepth)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return malformed("the summary is more than one item")
	}
	return nil
}

// item walks over one item in core deterministic encoding (RFC 8949, section 4.2.1) and returns what follows it. Beyond
// that section it refuses tags and floating-point numbers, which no summary needs. It allocates nothing.
func item(b []byte, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, malformed("the summary is nested too deep")
	}
	major, arg, rest, err := head(b)
	if err != nil {
		return nil, err
	}
	switch major {
	case majorBytes, majorText:
		if arg > uint64(len(rest)) {
			return nil, malformed("the summary is cut short")
		}
		if major == majorText && !utf8.Valid(rest[:arg]) {
			return nil, malformed("a text of the summary is not UTF-8")
		}
		return rest[arg:], nil
	case majorArray:
		// Each element takes a byte or more, so a count that lies runs out of input, never of memory or time.
		for ; arg > 0 && err == nil; arg-- {
			rest, err = item(rest, depth-1)
		}
		return rest, err
	case majorMap:
		var last []byte
		for ; arg > 0; arg-- {
			start := rest
			if rest, err = item(rest, depth-1); err != nil {
				return nil, err
			}
			key := start[:len(start)-len(rest)]
			if last != nil && bytes.Compare(last, key) >= 0 {
				return nil, malformed("the keys of the summary are out of order or repeated")
			}
			last = key
			if rest, err = item(rest, depth-1); err != nil {
				return nil, err
			}
		}
		return rest, nil
	case majorTag:
		return nil, malformed("the summary has a tag")
	case majorSimple:
		if arg < 20 || arg > 22 { // false, true, null
			return nil, malformed("the summary has a float or an unknown simple value")
		}
	}
	return rest, nil
}

// head reads the first bytes of an item: its major type and argument, which must have the shortest and a definite form.
func head(b []byte) (major byte, arg uint64, rest []byte, err error) {
	if len(b) == 0 {
		return 0, 0, nil, malformed("the summary is cut short")
	}
	major, info := b[0]>>5, b[0]&31
	if info < 24 {
		return major, uint64(info), b[1:], nil
	}
	if info > 27 || major == majorSimple {
		return 0, 0, nil, malformed("the summary has an item of indefinite length, a float or a reserved form")
	}
	size := 1 << (info - 24)
	if len(b) < 1+size {
		return 0, 0, nil, malformed("the summary is cut short")
	}
	var wide [8]byte
	copy(wide[8-size:], b[1:1+size])
	arg = binary.BigEndian.Uint64(wide[:])
	shortest := arg > 23
	if size > 1 {
		shortest = arg>>(8*size/2) != 0
	}
	if !shortest {
		return 0, 0, nil, malformed("a number of the summary is not in its shortest form")
	}
	return major, arg, b[1+size:], nil
}
