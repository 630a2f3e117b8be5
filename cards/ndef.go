package cards

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Flags and type name formats of an NDEF record (NFC Forum NDEF 1.0, section 3.2).
const (
	flagMessageBegin = 0x80
	flagMessageEnd   = 0x40
	flagChunk        = 0x20
	flagShort        = 0x10
	flagIDLength     = 0x08
	maskTypeName     = 0x07

	typeNameEmpty     = 0
	typeNameWellKnown = 1
	typeNameUnknown   = 5
	typeNameUnchanged = 6
)

const (
	// maxNDEF bounds a message to read, in bytes: twice the largest tag that we name.
	maxNDEF = 4096
	// maxRecords bounds how many records a message may have.
	maxRecords = 32
)

// ErrNDEF: bytes that are no NDEF message.
var ErrNDEF = errors.New("this is not an NDEF message, or it was not written to the end; write the tag again")

// Record is one record of an NDEF message.
type Record struct {
	// TypeName says how Type is to be read: 1 is a well-known type, 2 a media type, 4 an external one.
	TypeName byte
	Type     []byte
	ID       []byte
	Payload  []byte
}

// Message is what a tag holds. Telephones act on the first record and on nothing else: it must be the address.
type Message []Record

// uriPrefixes are those that an address can begin with, by their code (NFC Forum RTD URI 1.0, section 3.2.2).
var uriPrefixes = [...]string{"", "http://www.", "https://www.", "http://", "https://"}

// URIRecord carries an address. The scheme takes one byte.
func URIRecord(uri string) Record {
	code := 0
	for i, prefix := range uriPrefixes {
		// The short prefixes are written, never "www.": one way of writing is enough for a reader to know.
		if !strings.HasSuffix(prefix, "www.") && strings.HasPrefix(uri, prefix) && len(prefix) > len(uriPrefixes[code]) {
			code = i
		}
	}
	return Record{TypeName: typeNameWellKnown, Type: []byte("U"), Payload: append([]byte{byte(code)}, uri[len(uriPrefixes[code]):]...)}
}

// TextRecord carries words in a language (BCP 47, at most 63 bytes), which only some telephones show, and only behind an
// address. It returns ErrNoFit for a longer tag of a language.
func TextRecord(language, text string) (Record, error) {
	if len(language) > 63 {
		return Record{}, ErrNoFit
	}
	payload := append([]byte{byte(len(language))}, language...)
	return Record{TypeName: typeNameWellKnown, Type: []byte("T"), Payload: append(payload, text...)}, nil
}

// URI returns the address in a record; ok is false for any other record, also for one with another scheme than http(s).
func (r Record) URI() (uri string, ok bool) {
	if r.TypeName != typeNameWellKnown || string(r.Type) != "U" || len(r.Payload) == 0 || int(r.Payload[0]) >= len(uriPrefixes) {
		return "", false
	}
	uri = uriPrefixes[r.Payload[0]] + string(r.Payload[1:])
	web := strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://")
	return uri, web && utf8.ValidString(uri)
}

// Text returns the words in a record and their language; ok is false for any other record, and for UTF-16, which we never
// write (NFC Forum RTD Text 1.0, section 3.2).
func (r Record) Text() (language, text string, ok bool) {
	if r.TypeName != typeNameWellKnown || string(r.Type) != "T" || len(r.Payload) == 0 {
		return "", "", false
	}
	status := r.Payload[0]
	n := int(status & 0x3f)
	if status&0xc0 != 0 || len(r.Payload) < 1+n || !utf8.Valid(r.Payload[1:]) {
		return "", "", false
	}
	return string(r.Payload[1 : 1+n]), string(r.Payload[1+n:]), true
}

// Message is the address as a tag holds it: the address first, then other records.
func (a Address) Message(others ...Record) Message {
	return append(Message{URIRecord(a.NFCURL())}, others...)
}

// Size is the length of the encoded message in bytes, to be compared with Tag.Message.
func (m Message) Size() int {
	size := 0
	for _, r := range m {
		size += 2 + r.lengthSize() + len(r.Type) + len(r.ID) + len(r.Payload)
		if len(r.ID) > 0 {
			size++
		}
	}
	return size
}

func (r Record) lengthSize() int {
	if len(r.Payload) <= 255 {
		return 1
	}
	return 4
}

// Encode writes the message. It returns ErrNoFit when a type or an identifier is longer than 255 bytes or the message
// longer than any reader of ours accepts, and ErrNDEF for a message without records.
func (m Message) Encode() ([]byte, error) {
	if len(m) == 0 {
		return nil, ErrNDEF
	}
	if m.Size() > maxNDEF || len(m) > maxRecords {
		return nil, ErrNoFit
	}
	b := make([]byte, 0, m.Size())
	for i, r := range m {
		if len(r.Type) > 255 || len(r.ID) > 255 {
			return nil, ErrNoFit
		}
		flags := r.TypeName & maskTypeName
		if i == 0 {
			flags |= flagMessageBegin
		}
		if i == len(m)-1 {
			flags |= flagMessageEnd
		}
		if r.lengthSize() == 1 {
			flags |= flagShort
		}
		if len(r.ID) > 0 {
			flags |= flagIDLength
		}
		b = append(b, flags, byte(len(r.Type)))
		if r.lengthSize() == 1 {
			b = append(b, byte(len(r.Payload)))
		} else {
			b = binary.BigEndian.AppendUint32(b, uint32(len(r.Payload)))
		}
		if len(r.ID) > 0 {
			b = append(b, byte(len(r.ID)))
		}
		b = append(append(append(b, r.Type...), r.ID...), r.Payload...)
	}
	return b, nil
}

// ParseNDEF reads a whole message and nothing after it. Records in chunks are refused: no tag needs them. The records share
// the memory of b. It returns ErrTooLong or ErrNDEF.
func ParseNDEF(b []byte) (Message, error) {
	if len(b) > maxNDEF {
		return nil, ErrTooLong
	}
	var m Message
	for end := false; !end; {
		if len(m) == maxRecords {
			return nil, fmt.Errorf("%w (more than %d records)", ErrTooLong, maxRecords)
		}
		r, flags, rest, err := parseRecord(b)
		if err != nil {
			return nil, err
		}
		if begin := flags&flagMessageBegin != 0; begin != (len(m) == 0) {
			return nil, ErrNDEF
		}
		m, b, end = append(m, r), rest, flags&flagMessageEnd != 0
	}
	if len(b) != 0 {
		return nil, ErrNDEF
	}
	return m, nil
}

func parseRecord(b []byte) (r Record, flags byte, rest []byte, err error) {
	if len(b) < 3 {
		return Record{}, 0, nil, ErrNDEF
	}
	flags, typeLength := b[0], int(b[1])
	b = b[2:]
	if flags&flagChunk != 0 {
		return Record{}, 0, nil, ErrNDEF
	}
	payloadLength := uint64(b[0])
	if flags&flagShort != 0 {
		b = b[1:]
	} else {
		if len(b) < 4 {
			return Record{}, 0, nil, ErrNDEF
		}
		payloadLength = uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	idLength := 0
	if flags&flagIDLength != 0 {
		if len(b) == 0 {
			return Record{}, 0, nil, ErrNDEF
		}
		idLength = int(b[0])
		b = b[1:]
	}
	if uint64(typeLength)+uint64(idLength)+payloadLength > uint64(len(b)) {
		return Record{}, 0, nil, ErrNDEF
	}
	r.TypeName = flags & maskTypeName
	r.Type, b = b[:typeLength], b[typeLength:]
	r.ID, b = b[:idLength], b[idLength:]
	r.Payload, b = b[:payloadLength], b[payloadLength:]
	switch r.TypeName {
	case typeNameEmpty:
		if len(r.Type)+len(r.ID)+len(r.Payload) > 0 {
			return Record{}, 0, nil, ErrNDEF
		}
	case typeNameUnknown:
		if len(r.Type) > 0 {
			return Record{}, 0, nil, ErrNDEF
		}
	case typeNameUnchanged, maskTypeName: // only within chunks; reserved
		return Record{}, 0, nil, ErrNDEF
	}
	return r, flags, b, nil
}

// Address reads the card in a message. Only the first record counts: a telephone follows that one, so a second address
// would be one that nobody sees. It returns ErrAddress when the first record is no web address, else as ParseAddress.
func (m Message) Address() (Address, error) {
	uri, ok := m.URI()
	if !ok {
		return Address{}, ErrAddress
	}
	return ParseAddress(uri)
}

// ShortAddress reads the short address in a message, as Address does. It returns ErrAddress when the first record is no web
// address, else as ParseShortAddress.
func (m Message) ShortAddress() (ShortAddress, error) {
	uri, ok := m.URI()
	if !ok {
		return ShortAddress{}, ErrAddress
	}
	return ParseShortAddress(uri)
}

// URI is the web address that a telephone follows: that of the first record, which may be a Smart Poster (NFC Forum RTD Smart
// Poster 1.0, section 3.1) around the one address; ok is false when there is none.
func (m Message) URI() (uri string, ok bool) {
	if len(m) == 0 {
		return "", false
	}
	if first := m[0]; first.TypeName != typeNameWellKnown || string(first.Type) != "Sp" {
		return first.URI()
	}
	poster, err := ParseNDEF(m[0].Payload)
	if err != nil {
		return "", false
	}
	for _, record := range poster {
		if record.TypeName != typeNameWellKnown || string(record.Type) != "U" {
			continue
		}
		if ok { // with two, nobody knows which one a telephone follows
			return "", false
		}
		if uri, ok = record.URI(); !ok {
			return "", false
		}
	}
	return uri, ok
}
