package summary

// The CBOR that a front is made of is written and read here by hand (RFC 8949 section 3): numbers, texts, arrays, maps and null are all there is, a
// reader of cards waits for it, and the packer writes a front many times. What is read is written again and compared (DecodeFront), so that
// the reader need not know which of two forms is the canonical one.

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

// cborReader reads one value after the other. The first thing that is wrong stays in wrong, and from then on there is nothing more to read. It
// allocates nothing: texts are parts of what is read.
type cborReader struct {
	left  string
	wrong string
}

func (r *cborReader) fail(why string) {
	if r.wrong == "" {
		r.wrong = why
	}
	r.left = ""
}

// next is the major type of the next value; 0xff at the end.
func (r *cborReader) next() byte {
	if r.left == "" {
		return 0xff
	}
	return r.left[0] >> 5
}

// null passes over a null, if one is next.
func (r *cborReader) null() bool {
	if r.left != "" && r.left[0] == null {
		r.left = r.left[1:]
		return true
	}
	return false
}

// argument reads the head of a value of a major type and returns its argument. Indefinite lengths, and everything else that the format does not use,
// fail.
func (r *cborReader) argument(major byte) uint64 {
	if r.left == "" || r.next() != major {
		r.fail("a value of another type, or none")
		return 0
	}
	n := uint64(r.left[0] & 0x1f)
	r.left = r.left[1:]
	if n < 24 {
		return n
	}
	size := 1 << (n - 24)
	if n > 27 || size > len(r.left) {
		r.fail("a head that is cut short, or of no length")
		return 0
	}
	n = 0
	for _, b := range []byte(r.left[:size]) {
		n = n<<8 | uint64(b)
	}
	r.left = r.left[size:]
	return n
}

// skip passes over so many values, whatever they are made of.
func (r *cborReader) skip(values uint64) {
	for ; values > 0 && r.wrong == ""; values-- {
		major := r.next()
		n := r.argument(major)
		switch major {
		case majorArray, majorMap:
			if n > uint64(len(r.left)) {
				r.fail("more elements than there are bytes")
			}
			values += n * uint64(major-majorArray+1)
		case majorText, majorBytes:
			if n > uint64(len(r.left)) {
				r.fail("a text longer than the bytes")
				return
			}
			r.left = r.left[n:]
		}
	}
}

func (r *cborReader) uint() uint64 { return r.argument(majorUint) }

// text reads a text. Whether it is UTF-8 is for the writer to say.
func (r *cborReader) text() string {
	length := r.argument(majorText)
	if length > uint64(len(r.left)) {
		r.fail("a text longer than the bytes")
		return ""
	}
	text := r.left[:length]
	r.left = r.left[length:]
	return text
}

// array reads the head of an array of at most so many elements and returns how many it has.
func (r *cborReader) array(most int) int { return r.count(majorArray, 1, most) }

// pairs reads the head of a map of at most so many pairs.
func (r *cborReader) pairs(most int) int { return r.count(majorMap, 2, most) }

// count reads a number of elements, each of which takes at least so many bytes: what would be longer than the bytes that are left is refused before
// anything is made of it.
func (r *cborReader) count(major byte, size, most int) int {
	n := r.argument(major)
	if n > uint64(most) || n*uint64(size) > uint64(len(r.left)) {
		r.fail("more elements than allowed, or than there are bytes")
		return 0
	}
	return int(n)
}
