package summary

import (
	"math/bits"
	"sync"
)

// A front is compressed by a small DEFLATE of our own (RFC 1951): one block of fixed Huffman codes, matched against the preset dictionary and
// what went before. The standard library's writer clears 640 kB of tables for each 400 bytes, which costs more than the signature of the
// card, ends with an empty block of five bytes, and may write other bytes in its next version. Reading is the library's (dictionary.go).

const (
	minMatch  = 3
	maxMatch  = 258
	hashBits  = 12
	maxProbes = 24 // places tried for one match
)

// dictionaryTable finds where three bytes stand in the dictionary. It is made once and copied for each front.
type dictionaryTable struct {
	heads [1 << hashBits]int32 // the last place, plus one, of each hash
	links []int32              // the place before, plus one
}

var dictionaryPlaces = sync.OnceValue(func() *dictionaryTable {
	t := &dictionaryTable{links: make([]int32, len(dictionary))}
	for i := range len(dictionary) - minMatch + 1 {
		h := hash3(dictionary[i:])
		t.links[i], t.heads[h] = t.heads[h], int32(i+1)
	}
	return t
})

func hash3(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * 0x9e3779b1 >> (32 - hashBits)
}

// deflater holds the working memory of one compression; they are kept for reuse.
type deflater struct {
	heads  [1 << hashBits]int32
	links  []int32
	window []byte // the dictionary, then the input
	out    []byte
	acc    uint64 // bits not yet written, the first lowest
	filled uint
}

var deflaters = sync.Pool{New: func() any { return new(deflater) }}

// deflate returns the stream of plain. The slice is valid until the next use of d. Distances stay below the 32,768 of the format, because the
// dictionary has 4 KiB and a front at most 16.
func (d *deflater) deflate(plain []byte) []byte {
	table := dictionaryPlaces()
	d.heads = table.heads
	d.links = append(d.links[:0], table.links...)
	d.links = append(d.links, make([]int32, len(plain))...)
	d.window = append(append(d.window[:0], dictionary...), plain...)
	d.out, d.acc, d.filled = d.out[:0], 0, 0

	d.bits(1, 1)                           // the last block
	d.bits(1, 2)                           // of fixed codes
	next := len(dictionary) - minMatch + 1 // the first place that is not in the tables yet
	for at := len(dictionary); at < len(d.window); {
		next = d.insert(next, at)
		length, distance := d.match(at)
		if length >= minMatch && at+1 < len(d.window) { // one byte later may begin a better one
			next = d.insert(next, at+1)
			if later, _ := d.match(at + 1); later > length {
				length = 0
			}
		}
		if length < minMatch {
			d.literal(d.window[at])
			at++
			continue
		}
		d.pair(length, distance)
		at += length
	}
	d.huffman(0, 7) // the end of the block
	for d.filled > 0 {
		d.out = append(d.out, byte(d.acc))
		d.acc >>= 8
		d.filled -= min(d.filled, 8)
	}
	return d.out
}

// insert puts the places before end into the tables.
func (d *deflater) insert(next, end int) int {
	for ; next < end && next+minMatch <= len(d.window); next++ {
		h := hash3(d.window[next:])
		d.links[next], d.heads[h] = d.heads[h], int32(next+1)
	}
	return next
}

// match returns the longest earlier occurrence of what stands at a place; among equals the nearest, which takes fewer bits.
func (d *deflater) match(at int) (length, distance int) {
	if at+minMatch > len(d.window) {
		return 0, 0
	}
	here := d.window[at:min(len(d.window), at+maxMatch)]
	probes := maxProbes
	for place := d.heads[hash3(here)]; place > 0 && probes > 0; place = d.links[place-1] {
		probes--
		from := int(place - 1)
		there := d.window[from:]
		if length > 0 && (length >= len(here) || there[length] != here[length]) {
			continue
		}
		same := 0
		for same < len(here) && there[same] == here[same] {
			same++
		}
		if same > length {
			length, distance = same, at-from
		}
	}
	return length, distance
}

// bits writes n bits of v, the lowest first.
func (d *deflater) bits(v uint64, n uint) {
	d.acc |= v << d.filled
	for d.filled += n; d.filled >= 8; d.filled -= 8 {
		d.out = append(d.out, byte(d.acc))
		d.acc >>= 8
	}
}

// huffman writes a code of n bits, the highest first (RFC 1951 section 3.1.1).
func (d *deflater) huffman(code uint16, n uint) { d.bits(uint64(bits.Reverse16(code)>>(16-n)), n) }

// literal writes a byte in the fixed code (section 3.2.6).
func (d *deflater) literal(b byte) {
	if b < 144 {
		d.huffman(0x30+uint16(b), 8)
	} else {
		d.huffman(0x190+uint16(b)-144, 9)
	}
}

// pair writes a length and a distance in the fixed codes (sections 3.2.5 and 3.2.6).
func (d *deflater) pair(length, distance int) {
	code, extra, more := lengthCode(length)
	if code < 280 {
		d.huffman(uint16(code-256), 7)
	} else {
		d.huffman(0xc0+uint16(code-280), 8)
	}
	d.bits(uint64(extra), more)
	code, extra, more = distanceCode(distance)
	d.huffman(uint16(code), 5)
	d.bits(uint64(extra), more)
}

// lengthCode returns the code of a length and its extra bits. From 11 on each four codes take one bit more; 258 has a code of its own.
func lengthCode(length int) (code, extra int, more uint) {
	n := length - minMatch
	switch {
	case length == maxMatch:
		return 285, 0, 0
	case n < 8:
		return 257 + n, 0, 0
	}
	more = uint(bits.Len(uint(n))) - 3
	return 257 + int(more)*4 + n>>more, n & (1<<more - 1), more
}

// distanceCode returns the code of a distance and its extra bits. From 5 on each two codes take one bit more.
func distanceCode(distance int) (code, extra int, more uint) {
	n := distance - 1
	if n < 4 {
		return n, 0, 0
	}
	more = uint(bits.Len(uint(n))) - 2
	return int(more)*2 + n>>more, n & (1<<more - 1), more
}
