package summary

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
	"sync"
)

// dictionary is preset dictionary 1 of the front format: words that emergency records use, the most frequent last (a shorter way back
// takes fewer bits). It is frozen: one changed byte would make cards unreadable. A better one would be dictionary 2, in a format of its own.
//
//go:embed dictionary/1.txt
var dictionary []byte

// Dictionary is a copy of preset dictionary 1, for readers in other languages.
func Dictionary() []byte { return bytes.Clone(dictionary) }

// compress returns the map as a byte string of its DEFLATE stream, or the map itself where that is not longer.
func compress(plain []byte) []byte {
	d := deflaters.Get().(*deflater)
	defer deflaters.Put(d)
	stream := d.deflate(plain)
	if headed := len(stream) + headSize(len(stream)); headed >= len(plain) {
		return plain
	}
	return append(appendHead(make([]byte, 0, len(stream)+3), majorBytes, uint64(len(stream))), stream...)
}

// inflater holds the working memory of one decompression; they are kept for reuse.
type inflater struct {
	source bytes.Reader
	stream io.ReadCloser
	plain  [maxFrontInflated + 1]byte
}

var inflaters = sync.Pool{New: func() any {
	i := new(inflater)
	i.stream = flate.NewReader(&i.source)
	return i
}}

// decompress returns the map inside a byte string. It reads at most maxFrontInflated bytes, however much the stream would give, and
// refuses a stream that is cut short and bytes after its end.
func decompress(item []byte) (string, error) {
	stream, ok := byteString(item)
	if !ok {
		return "", fmt.Errorf("%w: not a byte string, or of a length that is not in its shortest form", ErrFrontMalformed)
	}
	i := inflaters.Get().(*inflater)
	defer inflaters.Put(i)
	i.source.Reset(stream)
	if err := i.stream.(flate.Resetter).Reset(&i.source, dictionary); err != nil {
		return "", fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	size := 0
	for size < len(i.plain) {
		n, err := i.stream.Read(i.plain[size:])
		size += n
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrFrontMalformed, err)
		}
	}
	switch {
	case size == len(i.plain):
		return "", ErrFrontTooLarge
	case i.source.Len() > 0:
		return "", fmt.Errorf("%w: bytes after the end of the stream", ErrFrontMalformed)
	}
	return string(i.plain[:size]), nil
}

// byteString returns what stands in an item that is one byte string with its length in the shortest form.
func byteString(item []byte) ([]byte, bool) {
	for size := 1; size <= min(3, len(item)); size++ {
		content := item[size:]
		if headSize(len(content)) == size && bytes.HasPrefix(item, appendHead(make([]byte, 0, 3), majorBytes, uint64(len(content)))) {
			return content, true
		}
	}
	return nil, false
}
