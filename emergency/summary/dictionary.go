package summary

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
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

// decompress returns the map inside a byte string. It reads at most maxFrontInflated bytes, however much the stream would give, and
// refuses bytes after the end of the stream.
func decompress(item []byte) ([]byte, error) {
	mode, err := frontMode()
	if err != nil {
		return nil, err
	}
	var stream []byte
	if err := mode.Unmarshal(item, &stream); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	}
	source := bytes.NewReader(stream)
	plain, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(source, dictionary), maxFrontInflated+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFrontMalformed, err)
	case len(plain) > maxFrontInflated:
		return nil, ErrFrontTooLarge
	case source.Len() > 0:
		return nil, fmt.Errorf("%w: bytes after the end of the stream", ErrFrontMalformed)
	}
	if head := appendHead(nil, majorBytes, uint64(len(stream))); !bytes.HasPrefix(item, head) {
		return nil, fmt.Errorf("%w: a length that is not in its shortest form", ErrFrontMalformed)
	}
	return plain, nil
}
