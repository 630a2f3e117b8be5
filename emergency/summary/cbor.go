package summary

// The CBOR that a front is made of is written here by hand (RFC 8949 section 3): heads and texts are all there is, and the packer
// asks for the size of an item many times. What comes from outside is read by a library (front_decode.go).

// Major types.
const (
	majorUint  = 0
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

// null is the CBOR null.
const null = 0xf6

// array is the head of an array of fewer than 24 elements.
func array(n byte) byte { return majorArray<<5 | n }

// appendHead writes a major type and its argument in the shortest form.
func appendHead(out []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(out, major|byte(n))
	case n < 1<<8:
		return append(out, major|24, byte(n))
	case n < 1<<16:
		return append(out, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(out, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, major|27, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// headSize is the length of the head of a text or a byte string.
func headSize(length int) int {
	switch {
	case length < 24:
		return 1
	case length < 1<<8:
		return 2
	}
	return 3
}

// row collects the columns of an array. Missing ones become null, missing ones at the end are left out.
type row struct {
	encoded []byte
	missing int // columns seen since the last one that is there
	count   int // columns in encoded
}

// add takes the next column; an empty value is a missing one.
func (r *row) add(value []byte) {
	if len(value) == 0 {
		r.missing++
		return
	}
	for ; r.missing > 0; r.missing-- {
		r.encoded = append(r.encoded, null)
		r.count++
	}
	r.encoded = append(r.encoded, value...)
	r.count++
}

// appendTo writes the array.
func (r *row) appendTo(out []byte) []byte {
	return append(appendHead(out, majorArray, uint64(r.count)), r.encoded...)
}
